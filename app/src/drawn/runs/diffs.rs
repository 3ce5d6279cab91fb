//! What attempts changed, beside each other: a row a file, a column an attempt. What only one attempt touched cannot be
//! compared: beyond the first few it is a list.

use leptos::prelude::*;
use orchestra_core::worktrees::FilePatch;
use orchestra_model::TaskResult;

use super::{Known, mark, name_link};
use crate::{
    drawn::{agents::changes::draw_file, parts},
    text,
};

/// Files with more changed lines than this are folded.
const UNFOLDED: u32 = 200;
/// So many lines in all are unfolded from the start.
const UNFOLDED_IN_ALL: u32 = 1200;
/// So many files that only one attempt touched are drawn, for each.
const ALONE: usize = 3;

/// What one attempt changed.
struct Side<'a> {
    task: &'a TaskResult,
    files: &'a [FilePatch],
    is_cut: bool,
}

impl<'a> Side<'a> {
    fn file(&self, path: &str) -> Option<&'a FilePatch> {
        self.files.iter().find(|file| file.change.path == path)
    }
}

pub(super) fn draw(known: &Known) -> AnyView {
    let sides: Vec<Side<'_>> = known
        .diffs
        .iter()
        .filter_map(|(id, files, is_cut)| {
            let task = known.results.tasks.iter().find(|task| task.agent == *id)?;
            Some(Side { task, files, is_cut: *is_cut })
        })
        .collect();
    let mut paths: Vec<&str> =
        sides.iter().flat_map(|side| side.files.iter().map(|file| file.change.path.as_str())).collect();
    paths.sort_unstable();
    let of_how_many: Vec<(&str, usize)> = paths
        .chunk_by(|one, other| one == other)
        .filter_map(|same| Some((*same.first()?, same.len())))
        .collect();
    if of_how_many.is_empty() {
        return nothing(known);
    }
    let is_shared = |count: usize| count > 1 || sides.len() == 1;
    let mut alone: Vec<Vec<&FilePatch>> = sides.iter().map(|_| Vec::new()).collect();
    let mut room = UNFOLDED_IN_ALL;
    let mut rows = Vec::new();
    for (path, count) in of_how_many {
        if !is_shared(count)
            && let Some((own, file)) =
                sides.iter().zip(&mut alone).find_map(|(side, own)| Some((own, side.file(path)?)))
        {
            own.push(file);
            if own.len() > ALONE {
                continue;
            }
        }
        rows.push(row(&sides, path, &mut room));
    }
    let heads = sides.iter().map(|side| {
        view! { <header class="column-head"><h2>{name_link(side.task)}</h2> {mark(known, side.task)}</header> }
    });
    let ends = sides.iter().zip(alone).map(|(side, alone)| {
        view! { <div class="column-diff">{rest(side, alone.get(ALONE..).unwrap_or_default())}</div> }
    });
    view! {
        <div class="columns is-diffs" role="group" aria-label="Diffs" tabindex="0">
            <div class="diff-row" data-part="diff-heads">{heads.collect_view()}</div>
            {rows}
            <div class="diff-row" data-part="diff-ends">{ends.collect_view()}</div>
        </div>
    }
    .into_any()
}

/// The same file of each.
fn row(sides: &[Side<'_>], path: &str, room: &mut u32) -> AnyView {
    let lines = |file: &FilePatch| file.change.added + file.change.removed;
    let longest = sides.iter().filter_map(|side| side.file(path)).map(lines).max().unwrap_or_default();
    // All of a row are folded or none: they are compared.
    let is_open = longest <= UNFOLDED.min(*room);
    if is_open {
        *room -= longest;
    }
    let cells = sides.iter().map(|side| {
        let drawn = match side.file(path) {
            Some(file) => draw_file(file, is_open),
            None => {
                view! { <p class="is-nothing column-quiet">{parts::path(path)} <span>"as it was"</span></p> }
                    .into_any()
            }
        };
        let whose = parts::visible(&side.task.agent_name);
        view! { <div class="column-diff"><span class="visually-hidden">{whose}": "</span>{drawn}</div> }
    });
    view! { <div class="diff-row" data-part=format!("diff-{path}")>{cells.collect_view()}</div> }.into_any()
}

/// What stands below the rows: the files that only this attempt touched.
fn rest(side: &Side<'_>, alone: &[&FilePatch]) -> AnyView {
    let whose = parts::visible(&side.task.agent_name);
    let list = (!alone.is_empty()).then(|| {
        let words = format!("{} only in {whose}", text::plural(alone.len(), "more file", "more files"));
        let files = alone.iter().map(|file| {
            let change = &file.change;
            view! {
                <li>{parts::path(&change.path)} <span class="delta"><span class="added">{format!("+{}", change.added)}</span> <span class="removed">{format!("−{}", change.removed)}</span></span></li>
            }
        });
        view! {
            <details class="diffs-alone" data-key=format!("alone-{}", side.task.agent)>
                <summary class="fold-line">{words}</summary>
                <ul class="column-files">{files.collect_view()}</ul>
                <a class="column-more" href=format!("/agents/{}?tab=changes", side.task.agent)>{format!("Changes of {whose}")}</a>
            </details>
        }
    });
    let cut = side.is_cut.then(|| view! { <p class="omitted">"The rest is too long to show; " <code>"orchestra diff"</code> " prints it."</p> });
    view! { {list} {cut} }.into_any()
}

/// Why there is nothing to compare.
fn nothing(known: &Known) -> AnyView {
    let is_any = |is: fn(&TaskResult) -> bool| known.results.tasks.iter().any(is);
    let words = match () {
        () if !is_any(|task| task.attempt.is_some()) => {
            "Attempts at one task stand here beside each other. What a task changed is on its agent's page."
        }
        () if is_any(|task| task.landed.is_some()) => "What is left to compare is landed or in the trash.",
        () if is_any(|task| task.is_cleaned) => "What was changed is in the trash; Restore brings it back.",
        () => "Nothing changed yet.",
    };
    view! { <p class="quiet" data-part="diffs">{words}</p> }.into_any()
}
