//! The document for a browser: one file that runs nothing and loads nothing, light and dark, on a screen and on paper.

use std::{fmt::Write as _, io};

use orchestra_model::{Excerpt, FileChange, PatchLine, Session, ToolCall, ToolInput, Turn, TurnBody};

use super::{
    change_of, clock, facts, heading, hunk_header, omission, one_line, outcome, pictures, tool_line,
};
use crate::render::{escape_html, highlight, highlight_hunk, markdown, visible};

/// The colours of code, as the dashboard has them.
const CODE_STYLE: &str = include_str!("../../../../style/code.css");

/// The rest of the page.
const PAGE_STYLE: &str = include_str!("page.css");

pub(super) fn write(
    session: &Session,
    turns: impl Iterator<Item = Turn>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    out.write_all(head(session).as_bytes())?;
    for turn in turns {
        let mut block = String::new();
        push_turn(&mut block, &turn);
        out.write_all(block.as_bytes())?;
    }
    out.write_all(b"</main>\n</body>\n</html>\n")
}

fn head(session: &Session) -> String {
    let title = one_line(&session.title);
    let title = escape_html(&title);
    let mut head = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{PAGE_STYLE}{CODE_STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n<dl>\n"
    );
    for (name, value) in facts(session) {
        let _ = writeln!(head, "<dt>{name}</dt><dd>{}</dd>", escape_html(&value));
    }
    head.push_str("</dl>\n");
    head
}

fn push_turn(out: &mut String, turn: &Turn) {
    let time = turn.at.map(|at| format!(" <time datetime=\"{at}\">{}</time>", clock(at))).unwrap_or_default();
    let who = heading(&turn.body);
    let mut said = |kind: &str, body: &str| {
        let _ = writeln!(out, "<article class=\"{kind}\">\n<h2>{who}{time}</h2>\n{body}</article>");
    };
    match &turn.body {
        TurnBody::Prompt { text, images, .. } => {
            said("you", &(words(text) + &note(pictures(images.len()))));
        }
        TurnBody::Text { text } => said("claude", &prose(text)),
        TurnBody::Thinking { text } => push_details(out, who, &prose(text)),
        TurnBody::Tool(call) => push_tool(out, call),
        TurnBody::Compaction { summary, .. } => {
            let mut body = String::new();
            push_details(&mut body, "Summary", &prose(summary));
            said("notice", &body);
        }
        TurnBody::Notice { text, error } => {
            said(if *error { "notice failed" } else { "notice" }, &words(text));
        }
    }
}

fn push_tool(out: &mut String, call: &ToolCall) {
    let mut summary = tool_line(call);
    if let Some(outcome) = outcome(call) {
        let _ = write!(summary, " <em>{outcome}</em>");
    }
    let mut body = match &call.input {
        ToolInput::Command { command, .. } => code(command, "sh", "Command"),
        ToolInput::Subagent { prompt, .. } => prose(prompt),
        ToolInput::Other { json } => code(json, "json", "Input"),
        ToolInput::Edit { .. } => String::new(),
    };
    if let Some(change) = change_of(call) {
        push_change(&mut body, change);
    }
    if let Some(result) = &call.result {
        if !result.text.is_empty() {
            body.push_str(&code(&result.text, "", "Result"));
        }
        body.push_str(&note(pictures(result.images.len())));
    }
    push_details(out, &summary, &body);
}

fn push_details(out: &mut String, summary: &str, body: &str) {
    let _ = writeln!(out, "<details>\n<summary>{summary}</summary>\n{body}</details>");
}

/// The model's words, in Markdown.
fn prose(excerpt: &Excerpt) -> String {
    format!("<div class=\"prose\">\n{}</div>\n{}", markdown(&excerpt.text), note(omission(excerpt)))
}

/// A person's or the client's words, as they are.
fn words(excerpt: &Excerpt) -> String {
    let text = visible(&excerpt.text);
    format!("<p class=\"words\">{}</p>\n{}", escape_html(text.trim_end()), note(omission(excerpt)))
}

fn code(excerpt: &Excerpt, language: &str, label: &str) -> String {
    let open = "<pre class=\"code\" tabindex=\"0\" role=\"group\"";
    let html = highlight(&excerpt.text, language);
    format!("{open} aria-label=\"{label}\"><code>{html}</code></pre>\n{}", note(omission(excerpt)))
}

fn note(text: Option<String>) -> String {
    text.map(|text| format!("<p class=\"note\">{}</p>\n", escape_html(&text))).unwrap_or_default()
}

fn push_change(out: &mut String, change: &FileChange) {
    let path = one_line(&change.path);
    let _ = write!(
        out,
        "<p class=\"file\"><code>{}</code> +{} −{}</p>\n\
         <pre class=\"code diff\" tabindex=\"0\" role=\"group\" aria-label=\"Change\"><code>",
        escape_html(&path),
        change.added,
        change.removed
    );
    for hunk in &change.hunks {
        let _ = writeln!(out, "<span class=\"m\">{}</span>", hunk_header(hunk));
        for (line, html) in hunk.lines.iter().zip(highlight_hunk(&hunk.lines, &change.path)) {
            let _ = match line {
                PatchLine::Context(_) => writeln!(out, " {html}"),
                PatchLine::Added(_) => writeln!(out, "<ins>+{html}</ins>"),
                PatchLine::Removed(_) => writeln!(out, "<del>-{html}</del>"),
            };
        }
    }
    out.push_str("</code></pre>\n");
    let omitted = (change.omitted_lines > 0).then(|| format!("… {} more lines", change.omitted_lines));
    out.push_str(&note(omitted));
}
