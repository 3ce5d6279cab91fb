//! What attempts changed, beside each other: a column an attempt, the same file at the same height.

use leptos::prelude::*;
use orchestra_model::TaskResult;

use super::{Known, mark, name_link};
use crate::drawn::{agents::changes::draw_file, parts};

/// Files with more changed lines than this are folded.
const UNFOLDED: u32 = 200;

pub(super) fn draw(known: &Known) -> AnyView {
    let mut paths: Vec<&str> = known
        .diffs
        .iter()
        .flat_map(|(_, files, _)| files.iter().map(|file| file.change.path.as_str()))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let columns = known.diffs.iter().filter_map(|(id, files, is_cut)| {
        let task = known.results.tasks.iter().find(|task| task.agent == *id)?;
        let drawn = paths.iter().map(|path| {
            let file = files.iter().find(|file| file.change.path == *path);
            let drawn = match file {
                Some(file) => draw_file(file, file.change.added + file.change.removed <= UNFOLDED),
                None => view! { <p class="is-nothing column-quiet">{parts::path(path)} <span>"as it was"</span></p> }.into_any(),
            };
            view! { <div class="column-diff">{drawn}</div> }
        });
        let drawn = drawn.collect_view();
        let cut = is_cut.then(|| view! { <p class="omitted">"The rest is too long to show; " <code>"orchestra diff"</code> " prints it."</p> });
        Some(view! {
            <article class="column" data-part=format!("diff-{id}")>
                <header class="column-head"><h2>{name_link(task)}</h2> {mark(task)}</header>
                {drawn}
                <footer>{cut}</footer>
            </article>
        })
    });
    let columns = columns.collect_view();
    if columns.is_empty() || paths.is_empty() {
        let is_any = |is: fn(&TaskResult) -> bool| known.results.tasks.iter().any(is);
        let words = match () {
            () if !is_any(|task| task.attempt.is_some()) => {
                "Attempts at one task stand here beside each other. What a task changed is on its agent's page."
            }
            () if is_any(|task| task.landed.is_some()) => {
                "What is left to compare is landed or in the trash."
            }
            () if is_any(|task| task.is_cleaned) => {
                "What was changed is in the trash; Restore brings it back."
            }
            () => "Nothing changed yet.",
        };
        return view! { <p class="quiet" data-part="diffs">{words}</p> }.into_any();
    }
    view! { <div class="columns is-diffs" role="group" aria-label="Diffs" tabindex="0">{columns}</div> }
        .into_any()
}
