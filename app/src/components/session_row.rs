//! One session in a list.

use std::sync::Arc;

use leptos::prelude::*;
use orchestra_model::SessionKind;

use super::{icon::Icon, live_mark::LiveMark, name::Name, time::Time};
use crate::{data::SessionRow, text};

/// The row: its title leads to the session; branch, model and what deserves a word follow.
#[component]
pub fn SessionRowView(
    /// The session, as it is now.
    row: Signal<Arc<SessionRow>>,
    /// Whether it stands under the session it was forked from.
    nested: bool,
    /// The server's offset from UTC.
    offset_seconds: i32,
    /// Whether the page shows this session already.
    #[prop(into, optional)]
    current: Signal<bool>,
) -> impl IntoView {
    let title = Signal::derive(move || row.read().title.clone());
    let status = Memo::new(move |_| row.read().status);
    let class = move || match status.get() {
        Some(status) => format!("row is-live row-{}", status.name()),
        None if row.read().cleaned => "row is-cleaned".to_owned(),
        None => "row".to_owned(),
    };
    let branch = move || {
        row.read().branch.clone().map(|branch| {
            view! { <span class="row-branch" title=branch.clone()><Icon name="branch"/><span>{text::cut_in_the_middle(&branch, 40)}</span></span> }
        })
    };
    let model =
        move || row.read().model.clone().map(|model| view! { <span class="row-model">{model}</span> });
    let kind = move || {
        let kind = row.read().kind;
        (kind != SessionKind::Human).then(|| view! { <span class="row-kind">{kind.name()}</span> })
    };
    let hint = move || row.read().hint().map(|hint| view! { <span class="row-hint">{hint}</span> });
    let agents = move || {
        let count = row.read().subagents as usize;
        (count > 0)
            .then(|| view! { <span class="row-agents">{text::plural(count, "agent", "agents")}</span> })
    };
    view! {
        <li class=class>
            <a
                class="row-link"
                href=move || row.read().href()
                title=title
                aria-current=move || current.get().then_some("page")
            >
                {nested.then(|| view! { <span class="row-fork"><Icon name="fork"/><span class="visually-hidden">"fork: "</span></span> })}
                <span class="row-title"><Name text=title/></span>
                <LiveMark status/>
            </a>
            <p class="row-facts">{branch} {model} <span class="row-extras">{kind} {agents} {hint}</span></p>
            <span class="row-time"><Time at_ms=Signal::derive(move || row.read().active_ms) offset_seconds/></span>
        </li>
    }
}
