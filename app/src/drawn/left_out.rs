//! One line on what a list does not show, with the links that show it; and what could not be read.

use leptos::prelude::*;
use orchestra_model::{LeftOut, Problem};

use super::parts;
use crate::{
    data::{ListQuery, Since},
    text,
};

/// Draws the line below the answer to a query that goes back as far as `since`.
pub(crate) fn draw(query: &ListQuery, since: Since, left_out: LeftOut, problems: &[Problem]) -> String {
    let longer = since.longer().unwrap_or(Since::All);
    let links = [
        (left_out.beyond_limit, "more", query.with_more_rows()),
        (left_out.older, "older", query.with_since(longer)),
        (left_out.other_kinds, "of other kinds", query.with_kind(Some("any"))),
    ];
    let links = links
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, what, query)| view! { <li><a href=query.href()>{format!("+ {count} {what}")}</a></li> })
        .collect_view();
    let troubles = (!problems.is_empty()).then(|| {
        let count = text::plural(problems.len(), "place could not be read", "places could not be read");
        let list = problems
            .iter()
            .map(|problem| {
                view! { <li><span class="path">{parts::visible(&problem.path)}</span> " " {problem.message.clone()}</li> }
            })
            .collect_view();
        view! { <details class="troubles"><summary>{count}</summary><ul>{list}</ul></details> }
    });
    view! { <ul aria-label="Not shown">{links}</ul> {troubles} }.to_html()
}
