//! The head of a transcript's page: where one is, how it is going, and the way back.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    components::{icon::Icon, live_mark::LiveMark, name::Name, time::Time},
    data::SessionRow,
    live::use_live,
    reactive::{changing, memo},
};

/// The session as it is now: as fetched, unless the event stream told otherwise since.
pub fn live_row(row: SessionRow) -> Memo<Arc<SessionRow>> {
    let (live, row) = (use_live(), Arc::new(row));
    memo(move || {
        let changes = live.changes.read();
        let newer = changes.iter().find(|change| change.id == row.id).and_then(|change| change.row.clone());
        newer.filter(|newer| newer.active_ms >= row.active_ms).map_or_else(|| Arc::clone(&row), Arc::new)
    })
}

/// The bar that stays: back, title, state, details.
#[component]
pub fn HeadBar(
    /// What the subagent was for whose conversation this is; none for the session's own.
    agent: Option<String>,
    /// The server's offset from UTC.
    offset_seconds: i32,
    /// The session as it is now.
    row: Memo<Arc<SessionRow>>,
) -> impl IntoView {
    let up = if agent.is_some() { row.read_untracked().href() } else { "/sessions".to_owned() };
    let up_label = if agent.is_some() { "Back to the session" } else { "Back to the sessions" };
    let title = match agent {
        Some(agent) => Signal::stored(agent),
        None => Signal::derive(move || row.read().title.clone()),
    };
    let status = Signal::derive(move || row.read().status);
    let time = changing(move || match status.get() {
        None => {
            let at_ms = Signal::derive(move || row.read().active_ms);
            view! { <Time at_ms offset_seconds with_day=true/> }.into_any()
        }
        Some(_) => ().into_any(),
    });
    let holder = row.read_untracked().agent.clone();
    view! {
        <div class="head-bar">
            <a class="icon-button" href=up data-up="" aria-label=up_label><Icon name="back"/></a>
            <h1 class="head-title" title=title><Name text=title/></h1>
            <LiveMark status/>
            <span inner_html=holder></span>
            <span class="head-time">{time}</span>
            <button type="button" class="icon-button details-button" popovertarget="details" aria-label="Details">
                <svg class="icon" aria-hidden="true"><use href="#i-more"></use></svg>
            </button>
        </div>
    }
}
