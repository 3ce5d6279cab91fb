//! The agents beside the one that is shown, on wide screens: the same cards as on the page Now.

use leptos::prelude::*;

use crate::{
    api::list_agents,
    components::{
        agent_card::{AgentCard, live_agents},
        beside::Beside,
        list::list,
        skeleton::list_skeleton,
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
    view! { <Beside label="Agents"><All current/></Beside> }
}

#[component]
fn All(current: Memo<String>) -> impl IntoView {
    let live = use_live();
    // Fetched once: what is lost of the stream, the page fetches for all of them.
    let agents = read(String::new, move || {
        let as_of = live.sequence.get_untracked();
        async move { list_agents().await.map(|view| (as_of, Carried(view))) }
    });
    agents.show(list_skeleton, move |agents| match agents {
        Ok((as_of, Carried(view))) => view! { <Cards as_of view current/> }.into_any(),
        Err(_) => no_skeleton(),
    })
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
            view! { <AgentCard row current is_short=true/> }.into_any()
        },
    );
    view! { <ul class="cards">{cards}</ul> }
}
