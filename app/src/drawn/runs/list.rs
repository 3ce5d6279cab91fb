//! The list of runs.

use leptos::prelude::*;
use orchestra_model::{Results, RunList};

use super::{head, toasts};
use crate::drawn::{empty, parts};

/// Draws them, the newest first.
pub(crate) fn draw(list: &RunList, offset_seconds: i32) -> String {
    let RunList { runs, alone, .. } = list;
    let rows = runs.iter().map(|run| row(run, offset_seconds)).collect_view();
    let content = if runs.is_empty() {
        empty::no_runs().into_any()
    } else {
        view! { <ul class="rows runs" data-part="runs">{rows}</ul> }.into_any()
    };
    let alone = (*alone > 0).then(|| {
        let words = crate::text::plural(*alone, "agent was started alone", "agents were started alone");
        view! { <p class="aside runs-alone">{words} ": see " <a href="/">"Now"</a> "."</p> }
    });
    view! {
        <main id="main" class="page run-list"><h1 class="page-title">"Runs"</h1> {content} {alone}</main>
        {toasts()}
    }
    .to_html()
}

fn row(run: &Results, offset_seconds: i32) -> AnyView {
    let title = head::title(run);
    let repository = run.repo.as_deref().and_then(|repo| repo.trim_end_matches('/').rsplit('/').next());
    let repository = repository.map(|name| view! { <span class="card-repo">{parts::visible(name)}</span> });
    view! {
        <li class="run-row">
            <a class="row-link" href=format!("/runs/{}", run.run) title=title.clone()><span class="row-title">{title.clone()}</span></a>
            <div class="card-facts">{repository} {head::tally(run)} {parts::moment(run.created_at.as_millisecond(), offset_seconds)}</div>
        </li>
    }
    .into_any()
}
