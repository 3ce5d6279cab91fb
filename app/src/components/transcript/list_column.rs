//! The newest sessions beside a transcript, on wide screens: the same rows as on their own page.

use leptos::prelude::*;

use crate::{
    api::list_sessions,
    components::{
        beside::Beside, session_groups::SessionGroups, sessions_list::live_rows, skeleton::list_skeleton,
    },
    data::{Carried, ListQuery},
    live::use_live,
    reads::{no_skeleton, read},
};

/// So many sessions stand beside a transcript.
const BESIDE: usize = 40;

/// The column.
#[component]
pub fn ListColumn(
    /// The session that the page shows.
    #[prop(into)]
    current: Signal<Option<String>>,
) -> impl IntoView {
    view! { <Beside label="Recent sessions"><Recent current/></Beside> }
}

#[component]
fn Recent(current: Signal<Option<String>>) -> impl IntoView {
    let live = use_live();
    let query = ListQuery { limit: Some(BESIDE), ..ListQuery::default() };
    let listing = read(
        move || live.resyncs.get().to_string(),
        move || {
            let as_of = live.sequence.get_untracked();
            let query = query.clone();
            async move { list_sessions(query.clone()).await.map(|view| (query, as_of, Carried(view))) }
        },
    );
    let rows = listing.show(list_skeleton, move |listing| match listing {
        Ok((query, as_of, Carried(view))) => {
            let rows = live_rows(&query, as_of, &view);
            view! { <SessionGroups rows=rows.into() clock=view.clock current/> }.into_any()
        }
        Err(_) => no_skeleton(),
    });
    view! {
        {rows}
        <p class="list-column-foot"><a href="/sessions">"All sessions"</a></p>
    }
}
