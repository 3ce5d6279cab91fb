//! Lists with nothing in them: why, and the one next action.

use leptos::prelude::*;

use super::name::PathName;
use crate::data::{ListQuery, SessionsView, Since};

/// Nothing was found anywhere: says where was looked.
#[component]
pub fn NothingAnywhere(
    /// The folders that were looked into.
    looked_in: Vec<String>,
) -> impl IntoView {
    let folders =
        looked_in.into_iter().map(|folder| view! { <li><PathName path=folder/></li> }).collect_view();
    view! {
        <section class="message">
            <svg class="message-staff" viewBox="0 0 160 40" aria-hidden="true">
                <path d="M0 4h160M0 12h160M0 20h160M0 28h160M0 36h160"/>
            </svg>
            <h2>"No sessions yet"</h2>
            <p>"Start one with " <code>"claude"</code> " in a project; it appears here by itself. Looked in:"</p>
            <ul class="folders">{folders}</ul>
            <p class="aside">
                "Kept elsewhere? Start Orchestra with " <code>"CLAUDE_CONFIG_DIR"</code> " set to that folder."
            </p>
        </section>
    }
}

/// There are sessions, but none that were asked for.
#[component]
pub fn NothingHere(
    /// What was asked.
    query: ListQuery,
    /// What was answered.
    view: StoredValue<SessionsView>,
) -> impl IntoView {
    let (since, older) = view.with_value(|view| (view.since, view.left_out.older));
    let what = match &query.q {
        Some(words) => format!("Nothing matches “{words}” {}.", since.phrase()),
        None => format!("No sessions {}.", since.phrase()),
    };
    let next = if query.between.is_some() {
        (query.without_stretch().href(), "Show the whole time".to_owned())
    } else if older > 0 {
        (query.with_since(Since::All).href(), format!("Look in all {older} older ones"))
    } else {
        (
            ListQuery { kind: Some("any".to_owned()), since: Some(Since::All), ..ListQuery::default() }
                .href(),
            "Show everything".to_owned(),
        )
    };
    view! {
        <section class="message">
            <h2>{what}</h2>
            <p class="message-actions"><a class="button" href=next.0>{next.1}</a></p>
        </section>
    }
}
