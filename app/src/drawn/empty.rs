//! Lists with nothing in them: why, and the one next action.

use leptos::prelude::*;

use super::parts;
use crate::data::{ListQuery, Since};

/// Nothing was found anywhere: says which folders were looked into.
pub(crate) fn nothing_anywhere(looked_in: &[String]) -> String {
    let folders = looked_in.iter().map(|folder| view! { <li>{parts::path(folder)}</li> }).collect_view();
    view! {
        <section class="message">
            {staff()}
            <h2>"No sessions yet"</h2>
            <p>"Start one with " <code>"claude"</code> " in a project; it appears here by itself. Looked in:"</p>
            <ul class="folders">{folders}</ul>
            <p class="aside">
                "Kept elsewhere? Start Orchestra with " <code>"CLAUDE_CONFIG_DIR"</code> " set to that folder."
            </p>
        </section>
    }
    .to_html()
}

/// No agent was ever started here.
pub(crate) fn no_agents() -> String {
    view! {
        <section class="message">
            {staff()}
            <h2>"Nobody plays yet"</h2>
            <p>"Agents work side by side, each in a worktree and branch of its own. Who needs you stands here first."</p>
            <p class="message-actions"><a class="button is-primary" href="/new">"Start agents"</a></p>
            <p class="aside">"or in a terminal: " <code>"orchestra spawn \"build auth\" \"write tests\""</code></p>
        </section>
    }
    .to_html()
}

/// There are sessions, but none that were asked for; so many are older than `since`.
pub(crate) fn nothing_here(query: &ListQuery, since: Since, older: usize) -> String {
    let what = match &query.q {
        Some(words) => format!("Nothing matches “{words}” {}.", since.phrase()),
        None => format!("No sessions {}.", since.phrase()),
    };
    let (next, label) = if query.between.is_some() {
        (query.without_stretch(), "Show the whole time".to_owned())
    } else if older > 0 {
        (query.with_since(Since::All), format!("Look in all {older} older ones"))
    } else {
        (
            ListQuery { kind: Some("any".to_owned()), since: Some(Since::All), ..ListQuery::default() },
            "Show everything".to_owned(),
        )
    };
    view! {
        <section class="message">
            <h2>{what}</h2>
            <p class="message-actions"><a class="button" href=next.href()>{label}</a></p>
        </section>
    }
    .to_html()
}

/// No agents were ever started together here.
pub(crate) fn no_runs() -> impl IntoView {
    view! {
        <section class="message">
            {staff()}
            <h2>"No run of several agents yet"</h2>
            <p>"What is started together is a run: its results stand here side by side, what its agents told each other, and who started whom."</p>
            <p class="message-actions"><a class="button is-primary" href="/new">"Start agents"</a></p>
            <p class="aside">"or in a terminal: " <code>"orchestra spawn --attempts 3 \"build auth\""</code></p>
        </section>
    }
}

/// A staff without a note.
fn staff() -> impl IntoView {
    view! {
        <svg class="message-staff" viewBox="0 0 160 40" aria-hidden="true">
            <path d="M0 4h160M0 12h160M0 20h160M0 28h160M0 36h160"/>
        </svg>
    }
}
