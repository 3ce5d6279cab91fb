//! Changes of files, drawn as diffs: line numbers where they are known, signs besides colours, highlighted code.

use leptos::prelude::*;
use orchestra_core::render;
use orchestra_model::{FileChange, PatchHunk, PatchLine};

use crate::text;

/// More lines than this of one change are not drawn.
const MOST_LINES: usize = 400;
/// More lines than this are drawn without highlighting.
const MOST_HIGHLIGHTED: usize = 160;

/// A change of one file.
pub(super) fn draw(change: &FileChange) -> AnyView {
    view! {
        <p class="diff-path"><bdi>{render::visible(&change.path).into_owned()}</bdi></p>
        {draw_hunks(change)}
    }
    .into_any()
}

/// The hunks of a change, and a word on what is not drawn of them.
pub(crate) fn draw_hunks(change: &FileChange) -> AnyView {
    let count: usize = change.hunks.iter().map(|hunk| hunk.lines.len()).sum();
    let language = if count <= MOST_HIGHLIGHTED { change.path.as_str() } else { "" };
    let mut room = MOST_LINES;
    let hunks = change
        .hunks
        .iter()
        .map(|hunk| {
            let shown = hunk.lines.len().min(room);
            room -= shown;
            draw_hunk(hunk, shown, language)
        })
        .collect_view();
    let hidden = count.saturating_sub(MOST_LINES) + change.omitted_lines as usize;
    let note = (hidden > 0)
        .then(|| view! { <p class="omitted">{text::plural(hidden, "line", "lines") + " more."}</p> });
    view! {
        <div class="diff code" tabindex="0" role="group" aria-label="Change">{hunks}</div>
        {note}
    }
    .into_any()
}

fn draw_hunk(hunk: &PatchHunk, shown: usize, language: &str) -> AnyView {
    let mut old = hunk.old_start;
    let mut new = hunk.new_start;
    let known = old > 0 || new > 0;
    let drawn = hunk.lines.get(..shown).unwrap_or(&hunk.lines);
    let lines = drawn
        .iter()
        .zip(render::highlight_hunk(drawn, language))
        .map(|(line, html)| {
            let (class, sign) = match line {
                PatchLine::Context(_) => ("diff-line", " "),
                PatchLine::Added(_) => ("diff-line is-added", "+"),
                PatchLine::Removed(_) => ("diff-line is-removed", "−"),
            };
            let number = match line {
                PatchLine::Removed(_) => old,
                _ => new,
            };
            old += u32::from(!matches!(line, PatchLine::Added(_)));
            new += u32::from(!matches!(line, PatchLine::Removed(_)));
            view! {
                <div class=class>
                    <span class="diff-number">{known.then(|| number.to_string())}</span>
                    <span class="diff-sign">{sign}</span>
                    <code inner_html=html></code>
                </div>
            }
        })
        .collect_view();
    view! { <div class="hunk">{lines}</div> }.into_any()
}
