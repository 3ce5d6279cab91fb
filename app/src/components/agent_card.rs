//! One agent in a list: as the server drew it, with what it asks.

use std::{collections::BTreeMap, sync::Arc};

use leptos::{prelude::*, task::spawn_local};

use super::drawn::Drawn;
use crate::{
    api::list_agents,
    data::AgentRow,
    error::AppErrorKind,
    live::{Live, use_live},
    reactive::{memo, on_change},
    reads::AGAIN,
};

/// The agents as they are now, by what the stream told since they were fetched.
pub fn live_agents(rows: Vec<AgentRow>, as_of: u64) -> Memo<Vec<Arc<AgentRow>>> {
    let live = use_live();
    let base: Vec<Arc<AgentRow>> = rows.into_iter().map(with_drawing).map(Arc::new).collect();
    memo(move || {
        let news = live.agents.read();
        let mut rows: Vec<Arc<AgentRow>> = base.iter().map(|row| newest(row, &news, as_of)).collect();
        let is_known = |id: &str| base.iter().any(|row| row.id == id);
        let is_new = |id: &str, sequence: u64| sequence > as_of && !is_known(id);
        let new = news.iter().filter(|(id, (sequence, _))| is_new(id, *sequence));
        rows.extend(new.map(|(_, (_, row))| Arc::clone(row)));
        rows.sort_by_key(|row| (row.section, row.rank));
        rows
    })
}

/// One agent as it is now.
pub fn live_agent(row: AgentRow, as_of: u64) -> Memo<Option<Arc<AgentRow>>> {
    let live = use_live();
    let base = Arc::new(with_drawing(row));
    memo(move || Some(newest(&base, &live.agents.read(), as_of)))
}

/// Fetches all agents again whenever some of the stream was lost, and lays them over what the page shows: nothing is made
/// anew, so what is being typed there stays.
pub fn catch_up_after_losses() {
    let live = use_live();
    on_change(move || live.resyncs.get(), move |_| catch_up(live));
}

fn catch_up(live: Live) {
    let as_of = live.sequence.get_untracked();
    spawn_local(async move {
        match list_agents().await {
            Ok(view) => live.lay(as_of, &view.rows),
            Err(error) if error.kind == AppErrorKind::Offline => set_timeout(move || catch_up(live), AGAIN),
            Err(_) => {}
        }
    });
}

fn newest(row: &Arc<AgentRow>, news: &BTreeMap<String, (u64, Arc<AgentRow>)>, as_of: u64) -> Arc<AgentRow> {
    match news.get(&row.id) {
        Some((sequence, newer)) if *sequence > as_of => Arc::clone(newer),
        _ => Arc::clone(row),
    }
}

/// A row that came with a rendered page has its drawings in the document.
fn with_drawing(mut row: AgentRow) -> AgentRow {
    if cfg!(feature = "hydrate") && row.card.is_empty() {
        let part = |part: &str| {
            let found =
                document().query_selector(&format!("[data-agent=\"{}\"] > .{part}", row.id)).ok().flatten();
            found.map(|element| element.inner_html()).unwrap_or_default()
        };
        (row.card, row.asks, row.desk) = (part("card-body"), part("asks"), part("desk"));
    }
    row
}

static EMPTY: String = String::new();

/// The card.
#[component]
pub fn AgentCard(
    /// The agent, as it is now.
    row: Memo<Option<Arc<AgentRow>>>,
    /// Whether the page shows this agent already.
    #[prop(into, optional)]
    current: Signal<bool>,
    /// Whether what it asks stands elsewhere on the page.
    #[prop(optional)]
    is_short: bool,
) -> impl IntoView {
    let of = move |part: fn(&AgentRow) -> &String| {
        Signal::derive(move || row.read().as_deref().map(|row| part(row).clone()).unwrap_or_default())
    };
    let id = row.read_untracked().as_deref().map(|row| row.id.clone());
    let state = move || row.read().as_deref().map(|row| row.state.clone());
    view! {
        <li class="agent-card" class:is-current=move || current.get() data-agent=id data-row="" data-state=state>
            <Drawn class="card-body" html=of(|row| &row.card)/>
            <Drawn class="asks" html=of(if is_short { |_| &EMPTY } else { |row| &row.asks })/>
        </li>
    }
}
