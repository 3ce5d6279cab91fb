//! The list of projects.

use leptos::prelude::*;

use super::{
    empty::NothingAnywhere,
    name::{Name, PathName},
    time::Time,
};
use crate::{
    data::{ProjectCard, ServerClock, listing::ProjectsView, session_row::project_href},
    text,
};

/// Every project, the one active last first.
#[component]
pub fn ProjectsList(
    /// The answer.
    view: ProjectsView,
) -> impl IntoView {
    let ProjectsView { projects, clock, looked_in } = view;
    if projects.is_empty() {
        return view! { <NothingAnywhere looked_in/> }.into_any();
    }
    let cards = projects.into_iter().map(|card| view! { <Card card clock/> }).collect_view();
    view! { <ul class="rows projects">{cards}</ul> }.into_any()
}

#[component]
fn Card(card: ProjectCard, clock: ServerClock) -> impl IntoView {
    let ProjectCard { name, dir, sessions, live, waiting, active_ms, branches, .. } = card;
    let title = name.clone();
    let href = dir
        .as_deref()
        .map_or_else(|| format!("/sessions?since=all&q={}", text::url_encode(&name)), project_href);
    let more = branches.len().saturating_sub(3);
    let branches = branches
        .into_iter()
        .take(3)
        .map(|branch| text::cut_in_the_middle(&branch, 24))
        .collect::<Vec<_>>()
        .join(", ");
    let branches = if more > 0 { format!("{branches} and {more} more") } else { branches };
    view! {
        <li class="row">
            <a class="row-link" href=href title=title>
                <span class="row-title"><Name text=Signal::stored(name)/></span>
                {(waiting > 0).then(|| view! { <span class="mark is-waiting"><super::icon::Icon name="waiting"/>{format!("{waiting} waiting")}</span> })}
                {(live > waiting).then(|| view! { <span class="mark is-running"><super::icon::Icon name="live"/>{format!("{} live", live - waiting)}</span> })}
            </a>
            <p class="row-facts">
                <span class="row-count">{text::plural(sessions, "session", "sessions")}</span>
                {dir.map(|dir| view! { <PathName path=dir/> })}
                <span class="row-branches">{branches}</span>
            </p>
            <span class="row-time"><Time at_ms=Signal::stored(active_ms) offset_seconds=clock.offset_seconds with_day=true/></span>
        </li>
    }
}
