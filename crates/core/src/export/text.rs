//! The document for a terminal: who, when, what. Lines are not wrapped: the terminal does that, and whoever copies a
//! command or pipes the text into another program gets the lines as they were.

use std::{fmt::Write as _, io};

use orchestra_model::{Excerpt, Session, ToolCall, ToolInput, Turn, TurnBody};

use super::{
    CONTINUE_WITH, change_of, clock, facts, heading, omission, one_line, outcome, pictures, unified,
};
use crate::render::visible;

/// A tool's result is shown up to this many lines; the other formats carry it whole.
const MOST_RESULT_LINES: usize = 20;

pub(super) fn write(
    session: &Session,
    turns: impl Iterator<Item = Turn>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut head = format!("{}\n\n", one_line(&session.title));
    for (name, value) in facts(session) {
        let _ = match name {
            // Set in like code, which nobody wraps: a command that is broken in two cannot be pasted.
            CONTINUE_WITH => writeln!(head, "{name}\n    {value}"),
            _ => writeln!(head, "{name:<14} {value}"),
        };
    }
    out.write_all(head.as_bytes())?;
    let mut after_tool = false;
    for turn in turns {
        let is_tool = matches!(turn.body, TurnBody::Tool(_));
        let mut block = String::new();
        if !(is_tool && after_tool) {
            block.push('\n');
        }
        push_turn(&mut block, &turn);
        after_tool = is_tool;
        out.write_all(block.as_bytes())?;
    }
    Ok(())
}

fn push_turn(out: &mut String, turn: &Turn) {
    let who = heading(&turn.body).to_lowercase();
    let mut said = |text: &Excerpt| {
        let time = turn.at.map(|at| format!(" · {}", clock(at))).unwrap_or_default();
        let _ = writeln!(out, "── {who}{time}");
        push_excerpt(out, text, "");
    };
    match &turn.body {
        TurnBody::Prompt { text, images, .. } => {
            said(text);
            push_line(out, pictures(images.len()), "");
        }
        TurnBody::Tool(call) => push_tool(out, call),
        TurnBody::Text { text }
        | TurnBody::Thinking { text }
        | TurnBody::Compaction { summary: text, .. }
        | TurnBody::Notice { text, .. } => said(text),
    }
}

fn push_tool(out: &mut String, call: &ToolCall) {
    let summary = one_line(&call.summary);
    let _ = write!(out, "▸ {}", one_line(&call.name));
    if !summary.is_empty() {
        let _ = write!(out, ": {summary}");
    }
    if let Some(outcome) = outcome(call) {
        let _ = write!(out, " ({outcome})");
    }
    out.push('\n');
    match &call.input {
        ToolInput::Command { command, .. } if one_line(&command.text) != summary || command.omitted > 0 => {
            push_excerpt(out, command, "    $ ");
        }
        ToolInput::Subagent { prompt, .. } if one_line(&prompt.text) != summary => {
            push_excerpt(out, prompt, "    > ");
        }
        ToolInput::Other { json } if summary.is_empty() => push_excerpt(out, json, "    "),
        _ => {}
    }
    if let Some(change) = change_of(call) {
        for line in unified(change) {
            let _ = writeln!(out, "    {line}");
        }
    }
    let Some(result) = &call.result else { return };
    // A change speaks for itself; what the tool says about it is only of interest when it failed.
    if change_of(call).is_none() || result.is_error {
        let text = visible(&result.text.text);
        let lines = || text.trim_end().lines();
        for line in lines().take(MOST_RESULT_LINES) {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        }
        match lines().count().saturating_sub(MOST_RESULT_LINES) {
            0 => push_line(out, omission(&result.text), "    "),
            more => _ = writeln!(out, "    … {more} more lines"),
        }
    }
    push_line(out, pictures(result.images.len()), "    ");
}

/// A text with each line behind a prefix, and what was cut from it.
fn push_excerpt(out: &mut String, excerpt: &Excerpt, prefix: &str) {
    for line in visible(&excerpt.text).trim_end().lines() {
        let _ = writeln!(out, "{}", format!("{prefix}{line}").trim_end());
    }
    push_line(out, omission(excerpt), prefix);
}

fn push_line(out: &mut String, line: Option<String>, prefix: &str) {
    if let Some(line) = line {
        let _ = writeln!(out, "{prefix}{line}");
    }
}
