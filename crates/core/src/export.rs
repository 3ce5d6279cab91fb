//! A session as one document: text for a terminal, Markdown, JSON, or a page that stands by itself.
//!
//! Streams: one turn is held at a time, however long the session. Nothing a transcript holds can change the document
//! around it or the terminal it is printed on. This module chooses no file name and opens no file.

mod contain;
mod html;
mod json;
mod markdown;
mod text;

use std::io;

use jiff::Timestamp;
use orchestra_model::{
    Excerpt, FileChange, PatchHunk, PatchLine, Session, ToolCall, ToolInput, Turn, TurnBody,
};

use crate::render::{escape_html, visible};

/// What kind of document to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// Plain text, to read in a terminal; long tool results are cut.
    Text,
    /// Markdown with YAML front matter; tool calls fold where HTML is rendered.
    Markdown,
    /// One JSON object, `{"session": …, "turns": […]}`, with one turn a line. Field names are the model's own.
    Json,
    /// One HTML file without scripts, light and dark, that needs nothing else and loads nothing.
    Html,
}

impl ExportFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Text, Self::Markdown, Self::Json, Self::Html];

    /// The extension of its files, without the dot; also its short name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    /// The format with this extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// The media type to serve it as.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// Writes a session and its turns as one document.
///
/// # Errors
///
/// Only what writing to `out` gives; whoever closes a pipe early gets their error back.
pub fn export(
    session: &Session,
    turns: impl Iterator<Item = Turn>,
    format: ExportFormat,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let turns = turns.filter(|turn| format == ExportFormat::Json || !is_unrecorded(turn));
    match format {
        ExportFormat::Text => text::write(session, turns, out),
        ExportFormat::Markdown => markdown::write(session, turns, out),
        ExportFormat::Json => json::write(session, turns, out),
        ExportFormat::Html => html::write(session, turns, out),
    }
}

/// The name of the fact that is a command.
const CONTINUE_WITH: &str = "Continue with";

/// What is known of a session, as names and values to read; each value is visible and one line.
fn facts(session: &Session) -> Vec<(&'static str, String)> {
    let optional = [
        ("Folder", session.cwd.as_deref().map(one_line)),
        ("Branch", session.branch.as_deref().map(one_line)),
        ("Model", session.model.as_deref().map(one_line)),
        ("Started", session.started_at.map(clock)),
        ("Last active", session.last_active_at.map(clock)),
        (CONTINUE_WITH, Some(one_line(&session.resume_command))),
    ];
    let id = ("Session", session.id.to_string());
    let known = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    std::iter::once(id).chain(known.filter(|(_, value)| !value.is_empty())).collect()
}

/// A time to read: UTC, to the second.
fn clock(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A text on one line.
fn one_line(text: &str) -> String {
    visible(text)
        .split(['\n', '\t'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The change a tool call made: as the client recorded it, else as the model asked for it.
fn change_of(call: &ToolCall) -> Option<&FileChange> {
    let recorded = call.result.as_ref().and_then(|result| result.change.as_ref());
    recorded.or(match &call.input {
        ToolInput::Edit { change } => Some(change),
        _ => None,
    })
}

/// Who speaks in a turn, or what it tells of, as a heading.
const fn heading(body: &TurnBody) -> &'static str {
    match body {
        TurnBody::Prompt { queued: true, .. } => "You (while it worked)",
        TurnBody::Prompt { .. } => "You",
        TurnBody::Text { .. } => "Claude",
        TurnBody::Thinking { .. } => "Claude thought",
        TurnBody::Tool(_) => "Claude used a tool",
        TurnBody::Compaction { manual: true, .. } => "Conversation compacted, as asked",
        TurnBody::Compaction { .. } => "Conversation compacted",
        TurnBody::Notice { error: true, .. } => "Error",
        TurnBody::Notice { .. } => "Notice",
    }
}

/// A tool call in one line of HTML: its name and what it is about.
fn tool_line(call: &ToolCall) -> String {
    let name = format!("<b>{}</b>", escape_html(&one_line(&call.name)));
    let about = one_line(&call.summary);
    if about.is_empty() { name } else { format!("{name} <code>{}</code>", escape_html(&about)) }
}

/// Whether a turn has nothing to read: thinking of which the provider sent only a signature. JSON keeps it.
fn is_unrecorded(turn: &Turn) -> bool {
    matches!(&turn.body, TurnBody::Thinking { text } if text.is_empty())
}

/// How a tool call ended, where that needs a word.
fn outcome(call: &ToolCall) -> Option<&'static str> {
    match &call.result {
        None => Some("no result"),
        Some(result) if result.is_error => Some("failed"),
        Some(_) => None,
    }
}

/// The line that says what was cut from a text; `None` when nothing was.
fn omission(excerpt: &Excerpt) -> Option<String> {
    (excerpt.omitted > 0).then(|| format!("… {} more bytes in the transcript", excerpt.omitted))
}

/// The line that says how many pictures stand here; `None` when there are none.
fn pictures(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("[1 image]".to_owned()),
        _ => Some(format!("[{count} images]")),
    }
}

/// The line that begins a hunk of a unified diff; without numbers where the transcript knows none.
fn hunk_header(hunk: &PatchHunk) -> String {
    if hunk.old_start == 0 && hunk.new_start == 0 {
        return "@@ @@".to_owned();
    }
    let is_old = |line: &&PatchLine| !matches!(line, PatchLine::Added(_));
    let is_new = |line: &&PatchLine| !matches!(line, PatchLine::Removed(_));
    let old = hunk.lines.iter().filter(is_old).count();
    let new = hunk.lines.iter().filter(is_new).count();
    format!("@@ -{},{old} +{},{new} @@", hunk.old_start, hunk.new_start)
}

/// A change as a unified diff, one line an item, without line ends.
fn unified(change: &FileChange) -> Vec<String> {
    let path = one_line(&change.path);
    let mut lines = vec![format!("--- {path}"), format!("+++ {path}")];
    for hunk in &change.hunks {
        lines.push(hunk_header(hunk));
        lines.extend(hunk.lines.iter().map(|line| {
            let (mark, text) = match line {
                PatchLine::Context(text) => (' ', text),
                PatchLine::Added(text) => ('+', text),
                PatchLine::Removed(text) => ('-', text),
            };
            format!("{mark}{}", visible(text).replace('\n', " "))
        }));
    }
    if change.omitted_lines > 0 {
        lines.push(format!("… {} more lines", change.omitted_lines));
    }
    lines
}

#[cfg(test)]
mod tests;
