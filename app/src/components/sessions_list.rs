//! A list of sessions with everything around it: fetched for a question, filtered while one types, kept live.

use std::sync::Arc;

use leptos::prelude::*;
use orchestra_model::LiveStatus;

use super::{
    drawn::Drawn,
    error_view::ErrorView,
    filter_bar::{FilterBar, Typed},
    scroll_memory::keep_scroll,
    session_groups::SessionGroups,
    skeleton::list_skeleton,
};
use crate::{
    api::list_sessions,
    data::{Carried, ListQuery, SessionRow, SessionsView, merge::merge, session_row::words},
    live::use_live,
    reactive::{changing, memo},
    reads::read,
    text,
};

/// The list.
#[component]
pub fn SessionsList(
    /// What is asked.
    query: Memo<ListQuery>,
) -> impl IntoView {
    let live = use_live();
    let typed = Typed(RwSignal::new(None));
    let listing = read(
        move || format!("{} {}", query.read().href(), live.resyncs.get()),
        move || {
            let (query, as_of) = (query.get_untracked(), live.sequence.get_untracked());
            async move { list_sessions(query.clone()).await.map(|view| (query, as_of, Carried(view))) }
        },
    );
    let listed = listing.show(list_skeleton, move |listing| match listing {
        Ok((query, as_of, Carried(view))) => view! { <Listed query as_of view typed/> }.into_any(),
        Err(error) => view! { <ErrorView error/> }.into_any(),
    });
    view! { <FilterBar query typed/> {listed} }
}

/// The rows of an answer as they are now: with what happened since laid over, and what is being typed applied.
pub fn live_rows(query: &ListQuery, as_of: u64, view: &SessionsView) -> Memo<Vec<Arc<SessionRow>>> {
    let live = use_live();
    let base: Vec<Arc<SessionRow>> = view.rows.iter().cloned().map(with_drawing).map(Arc::new).collect();
    let query = query.clone();
    memo(move || {
        let kinds = query.kinds();
        let asked = words(query.q.as_deref().unwrap_or_default());
        let wanted = |row: &SessionRow| {
            let in_dir = query.dir.as_ref().is_none_or(|dir| row.project_dir.as_ref() == Some(dir));
            query.between.is_none() && in_dir && kinds.accepts(row.kind) && row.matches(&asked)
        };
        merge(&base, as_of, &live.changes.read(), wanted)
    })
}

/// A row that came with a rendered page has its drawing in the document: it is taken from there, for when the row leaves
/// the list and comes back.
fn with_drawing(mut row: SessionRow) -> SessionRow {
    if cfg!(feature = "hydrate") && row.html.is_empty() {
        let selector = format!("[data-row=\"{}\"] > .row-body", row.id);
        let body = document().query_selector(&selector).ok().flatten();
        row.html = body.map(|body| body.inner_html()).unwrap_or_default();
    }
    row
}

#[component]
fn Listed(query: ListQuery, as_of: u64, view: SessionsView, typed: Typed) -> impl IntoView {
    let Typed(typed) = typed;
    keep_scroll(query.href());
    let all = live_rows(&query, as_of, &view);
    let rows = memo(move || {
        let wanted = words(typed.read().as_deref().unwrap_or_default());
        all.read().iter().filter(|row| row.matches(&wanted)).cloned().collect::<Vec<_>>()
    });
    let count = move |wanted: LiveStatus| rows.read().iter().filter(|row| row.status == Some(wanted)).count();
    let waiting = memo(move || count(LiveStatus::Waiting));
    let busy = memo(move || count(LiveStatus::Busy));
    let SessionsView { beyond, above, nothing, below, clock, .. } = view;
    let head_count = move || text::plural(rows.read().len() + beyond, "session", "sessions");
    let nothing =
        Signal::derive(move || if rows.read().is_empty() { nothing.clone() } else { String::new() });
    view! {
        <Drawn class="strip-frame" html=Signal::stored(above)/>
        <p class="tally" role="status">
            <span>{head_count}</span>
            {tally(waiting, "mark is-waiting", "waiting")}
            {tally(busy, "mark is-running", "busy")}
        </p>
        <div class="sessions">
            <Drawn class="nothing" html=nothing/>
            <SessionGroups rows=rows.into() clock one_project=query.dir.is_some()/>
        </div>
        <Drawn class="left-out" html=Signal::stored(below)/>
    }
}

fn tally(count: Memo<usize>, class: &'static str, what: &'static str) -> AnyView {
    changing(move || match count.get() {
        0 => ().into_any(),
        count => view! { <span class=class>{format!("{count} {what}")}</span> }.into_any(),
    })
}
