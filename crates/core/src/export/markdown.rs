//! The document for notes and pull requests: Markdown with YAML front matter, tool calls in `<details>`.

use std::{fmt::Write as _, io};

use orchestra_model::{Excerpt, FileChange, Session, ToolCall, ToolInput, Turn, TurnBody};

use super::{
    change_of, clock,
    contain::{contain, fenced},
    heading, omission, one_line, outcome, pictures, tool_line, unified,
};
use crate::render::visible;

pub(super) fn write(
    session: &Session,
    turns: impl Iterator<Item = Turn>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    out.write_all(head(session).as_bytes())?;
    for turn in turns {
        let mut block = String::from("\n");
        push_turn(&mut block, &turn);
        out.write_all(block.as_bytes())?;
    }
    Ok(())
}

/// The front matter and the title.
fn head(session: &Session) -> String {
    let title = one_line(&session.title);
    let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
    let fields = [
        ("id", Some(session.id.to_string())),
        ("title", Some(title.clone())),
        ("cwd", session.cwd.as_deref().map(one_line)),
        ("branch", session.branch.as_deref().map(one_line)),
        ("model", session.model.as_deref().map(one_line)),
        ("started_at", time(session.started_at)),
        ("last_active_at", time(session.last_active_at)),
        ("resume_command", Some(one_line(&session.resume_command))),
    ];
    let mut head = String::from("---\n");
    for (name, value) in fields {
        if let Some(value) = value {
            let _ = writeln!(head, "{name}: {}", quoted(&value));
        }
    }
    let _ = write!(head, "---\n\n# {}\n", words(&title));
    head
}

/// A YAML string in double quotes: with these two escapes, any line of visible text is one.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Words that Markdown shall not read anything into.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_punctuation()
            && !matches!(character, ',' | '.' | ':' | ';' | '/' | '\'' | '?' | '%')
        {
            words.push('\\');
        }
        words.push(character);
    }
    words
}

fn push_turn(out: &mut String, turn: &Turn) {
    let who = heading(&turn.body);
    let mut said = || {
        let time = turn.at.map(|at| format!(" · {}", clock(at))).unwrap_or_default();
        let _ = write!(out, "## {who}{time}\n\n");
    };
    match &turn.body {
        TurnBody::Prompt { text, images, .. } => {
            said();
            push_quote(out, text);
            if let Some(pictures) = pictures(images.len()) {
                let _ = writeln!(out, "\n{}", words(&pictures));
            }
        }
        TurnBody::Text { text } => {
            said();
            push_words(out, text);
        }
        TurnBody::Thinking { text } => push_details(out, who, |out| push_words(out, text)),
        TurnBody::Tool(call) => push_tool(out, call),
        TurnBody::Compaction { summary, .. } => {
            said();
            push_details(out, "Summary", |out| push_words(out, summary));
        }
        TurnBody::Notice { text, .. } => {
            said();
            push_quote(out, text);
        }
    }
}

fn push_tool(out: &mut String, call: &ToolCall) {
    let mut summary = tool_line(call);
    if let Some(outcome) = outcome(call) {
        let _ = write!(summary, " ({outcome})");
    }
    push_details(out, &summary, |out| {
        match &call.input {
            ToolInput::Command { command, .. } => push_code(out, command, "sh"),
            ToolInput::Subagent { prompt, .. } => push_quote(out, prompt),
            ToolInput::Other { json } => push_code(out, json, "json"),
            ToolInput::Edit { .. } => {}
        }
        if let Some(change) = change_of(call) {
            push_change(out, change);
        }
        let Some(result) = &call.result else { return };
        if !result.text.is_empty() {
            out.push('\n');
            push_code(out, &result.text, "text");
        }
        if let Some(pictures) = pictures(result.images.len()) {
            let _ = writeln!(out, "\n{}", words(&pictures));
        }
    });
}

/// A block that folds. The summary is HTML on one line.
fn push_details(out: &mut String, summary: &str, body: impl FnOnce(&mut String)) {
    let _ = write!(out, "<details>\n<summary>{summary}</summary>\n\n");
    body(out);
    out.push_str("\n</details>\n");
}

fn push_words(out: &mut String, excerpt: &Excerpt) {
    let _ = writeln!(out, "{}", contain(&excerpt.text, false));
    push_omission(out, excerpt);
}

/// A person's words, which need not be Markdown: quoted, with their lines as they were.
fn push_quote(out: &mut String, excerpt: &Excerpt) {
    for line in contain(&excerpt.text, true).lines() {
        let _ = writeln!(out, "{}", format!("> {line}").trim_end());
    }
    push_omission(out, excerpt);
}

fn push_code(out: &mut String, excerpt: &Excerpt, language: &str) {
    let _ = writeln!(out, "{}", fenced(&visible(&excerpt.text), language));
    push_omission(out, excerpt);
}

fn push_change(out: &mut String, change: &FileChange) {
    let _ = writeln!(out, "{}", fenced(&unified(change).join("\n"), "diff"));
}

fn push_omission(out: &mut String, excerpt: &Excerpt) {
    if let Some(omission) = omission(excerpt) {
        let _ = writeln!(out, "\n*{omission}*");
    }
}
