//! The agents beside the one that is shown, on wide screens: the same cards as on the page Now.

use leptos::prelude::*;

use crate::{
    api::list_agents,
    components::{
        agent_card::{AgentCard, live_agents},
        list::list,
    },
    data::{AgentsView, Carried, agent::Section},
    live::use_live,
    reactive::memo,
    reads::{no_skeleton, read},
};

/// The column.
#[component]
pub fn AgentsColumn(
    /// The agent that the page shows.
    current: Memo<String>,
) -> impl IntoView {
    let live = use_live();
    let agents = read(
        move || live.resyncs.get().to_string(),
        move || {
            let as_of = live.sequence.get_untracked();
            async move {
                let view = list_agents().await?;
                // Also for the agent that the page shows: after a restart of the server nothing else tells of it.
                live.lay(as_of, &view.rows);
                Ok((as_of, Carried(view)))
            }
        },
    );
    let cards = agents.show(no_skeleton, move |agents| match agents {
        Ok((as_of, Carried(view))) => view! { <Cards as_of view current/> }.into_any(),
        Err(_) => no_skeleton(),
    });
    view! { <aside class="list-column" aria-label="Agents">{cards}</aside> }
}

#[component]
fn Cards(as_of: u64, view: AgentsView, current: Memo<String>) -> impl IntoView {
    let rows = live_agents(view.rows, as_of);
    let ids = memo(move || {
        let rows = rows.read();
        rows.iter().filter(|row| row.section != Section::Away).map(|row| row.id.clone()).collect::<Vec<_>>()
    });
    let cards = list(
        move || ids.get(),
        String::clone,
        move |id| {
            let own = id.clone();
            let current = Signal::derive(move || *current.read() == own);
            let row = memo(move || rows.read().iter().find(|row| row.id == id).cloned());
            view! { <AgentCard row current/> }.into_any()
        },
    );
    view! { <ul class="cards">{cards}</ul> }
}
