//! What an agent changed: the files, each with its diff; a tap on a line's number begins a comment on it.

use leptos::prelude::*;
use orchestra_core::worktrees::FilePatch;
use orchestra_model::{ChangeKind, Changes};

use crate::{
    components::icon::Icon,
    drawn::{parts, turns::draw_hunks},
    text,
};

/// So many lines in all are unfolded from the start.
const UNFOLDED: u32 = 600;

/// Draws the changes; `is_cut` says that there is more than could be read.
pub(crate) fn draw(changes: &Changes, files: &[FilePatch], is_cut: bool) -> String {
    if changes.files.is_empty() {
        return view! { <p class="quiet">"Nothing changed yet."</p> }.to_html();
    }
    let stat = changes.stat;
    let mut room = UNFOLDED;
    let drawn = files
        .iter()
        .map(|file| {
            let lines = file.change.added + file.change.removed;
            let is_open = lines <= room;
            room = room.saturating_sub(lines);
            draw_file(file, is_open)
        })
        .collect_view();
    let unread = changes.files.len().saturating_sub(files.len());
    let more = (is_cut || unread > 0).then(|| {
        view! { <p class="omitted">"The rest is too long to show; " <code>"orchestra diff"</code> " prints it."</p> }
    });
    view! {
        <p class="changes-sum">
            {text::plural(stat.files as usize, "file", "files")} " "
            <span class="delta"><span class="added">{format!("+{}", stat.insertions)}</span> <span class="removed">{format!("−{}", stat.deletions)}</span></span>
            <span class="aside needs-script">"Tap a line to comment"</span>
        </p>
        {drawn}
        {more}
    }
    .to_html()
}

/// One file with its diff.
pub(crate) fn draw_file(file: &FilePatch, is_open: bool) -> AnyView {
    let change = &file.change;
    let path = parts::visible(&change.path);
    let old =
        file.old_path.as_deref().map(|old| view! { <span class="aside">{parts::visible(old)} " → "</span> });
    let what = match file.kind {
        ChangeKind::Added => Some("new"),
        ChangeKind::Deleted => Some("deleted"),
        ChangeKind::Renamed => Some("renamed"),
        _ => None,
    };
    let body = match file.is_binary {
        true => view! { <p class="omitted">"Not text."</p> }.into_any(),
        false => draw_hunks(change),
    };
    view! {
        <details class="changed-file" open=is_open data-path=path.clone()>
            <summary class="changed-head">
                <span class="changed-path">{old}{parts::path(&path)}</span>
                {what.map(|what| view! { <span class="aside">{what}</span> })}
                <span class="delta"><span class="added">{format!("+{}", change.added)}</span> <span class="removed">{format!("−{}", change.removed)}</span></span>
                <Icon name="more"/>
            </summary>
            {body}
        </details>
    }
    .into_any()
}
