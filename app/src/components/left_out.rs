//! One line on what a list does not show, with the links that show it; and what could not be read.

use leptos::prelude::*;

use crate::{
    data::{ListQuery, SessionsView, Since},
    text,
};

/// What was left out.
#[component]
pub fn LeftOutLine(
    /// What was asked.
    query: ListQuery,
    /// What was answered.
    view: StoredValue<SessionsView>,
) -> impl IntoView {
    let (left_out, since, problems) =
        view.with_value(|view| (view.left_out, view.since, view.problems.clone()));
    let mut links = Vec::new();
    if left_out.beyond_limit > 0 {
        links.push((query.with_more_rows().href(), format!("+ {} more", left_out.beyond_limit)));
    }
    if left_out.older > 0 {
        links.push((
            query.with_since(since.longer().unwrap_or(Since::All)).href(),
            format!("+ {} older", left_out.older),
        ));
    }
    if left_out.other_kinds > 0 {
        links.push((
            query.with_kind(Some("any")).href(),
            format!("+ {} of other kinds", left_out.other_kinds),
        ));
    }
    let links =
        links.into_iter().map(|(href, label)| view! { <li><a href=href>{label}</a></li> }).collect_view();
    let troubles = (!problems.is_empty()).then(|| {
        let count = text::plural(problems.len(), "place could not be read", "places could not be read");
        let list = problems
            .into_iter()
            .map(|problem| view! { <li><span class="path">{problem.path}</span> " " {problem.message}</li> })
            .collect_view();
        view! { <details class="troubles"><summary>{count}</summary><ul>{list}</ul></details> }
    });
    view! {
        <footer class="left-out">
            <ul aria-label="Not shown">{links}</ul>
            {troubles}
        </footer>
    }
}
