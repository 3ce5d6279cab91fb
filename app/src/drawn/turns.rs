//! A conversation's turns, drawn by the server as HTML: the browser puts them in place and never builds them itself.
//!
//! So a model's raw text, the Markdown reader and the highlighter stay out of the WebAssembly, a block of forty turns
//! costs the phone one assignment, and the page reads the same with JavaScript off. Everything a transcript holds is
//! escaped here or sanitised by the engine. Nothing in these drawings reacts; buttons work by delegation.

mod command;
mod diff;
pub(crate) mod excerpt;
mod fold;
mod message;
mod tool;
mod verbs;

use std::hash::{DefaultHasher, Hash, Hasher};

use leptos::prelude::*;
use orchestra_model::{SessionId, Timestamp, Turn, TurnBody};

use crate::{data::Item, text};

/// Which conversation is drawn, and in which time zone.
#[derive(Clone, Debug)]
pub(crate) struct Manuscript {
    /// The session.
    pub(crate) session: SessionId,
    /// The subagent, when it is a subagent's.
    pub(crate) agent: Option<String>,
    /// The folder it works in: paths below it are said from there.
    pub(crate) folder: Option<String>,
    /// The server's time zone.
    pub(crate) offset_seconds: i32,
}

impl Manuscript {
    /// A moment as `<time>`, in the server's time zone.
    fn time(&self, at: Option<Timestamp>) -> impl IntoView + use<> {
        let offset = self.offset_seconds;
        at.map(|at| {
            let ms = at.as_millisecond();
            view! { <time datetime=text::rfc3339(ms) title=text::stamp(ms, offset)>{text::clock(ms, offset)}</time> }
        })
    }

    /// A path as a row says it.
    fn short_path<'a>(&self, path: &'a str) -> &'a str {
        let below = self.folder.as_deref().and_then(|folder| path.strip_prefix(folder)?.strip_prefix('/'));
        below.filter(|below| !below.is_empty()).unwrap_or(path)
    }

    /// The address of a subagent's conversation.
    fn agent_href(&self, agent: &str) -> String {
        format!("/sessions/{}/agents/{}", self.session, text::url_encode(agent))
    }
}

pub(crate) use diff::draw_hunks;
pub(crate) use tool::asked;

/// Draws turns; neighbours that only read are drawn as one item.
pub(crate) fn draw(turns: &[Turn], manuscript: &Manuscript) -> Vec<Item> {
    fold::runs(turns)
        .into_iter()
        .filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            let html = match run {
                [turn] => draw_one(turn, manuscript),
                _ => fold::draw(run, manuscript),
            };
            let mut hasher = DefaultHasher::new();
            html.hash(&mut hasher);
            Some(Item { stamp: format!("{}-{}-{:x}", first.ordinal, last.ordinal, hasher.finish()), html })
        })
        .collect()
}

fn draw_one(turn: &Turn, manuscript: &Manuscript) -> String {
    match &turn.body {
        TurnBody::Prompt { text, images, queued } => message::prompt(turn, text, images, *queued, manuscript),
        TurnBody::Text { text } => message::reply(turn, text, manuscript),
        TurnBody::Thinking { text } => message::thinking(turn, text, manuscript),
        TurnBody::Tool(call) => tool::row(turn, call, manuscript),
        TurnBody::Compaction { summary, tokens_before, manual } => {
            message::compaction(turn, summary, *tokens_before, *manual, manuscript)
        }
        TurnBody::Notice { text, error } => message::notice(turn, text, *error, manuscript),
    }
}

/// The frame of every turn: its place in the margin, its time, and what it holds.
fn frame(
    turn: &Turn,
    class: &'static str,
    manuscript: &Manuscript,
    content: impl IntoView + 'static,
) -> String {
    let ordinal = turn.ordinal;
    view! {
        <article id=format!("turn-{ordinal}") class=format!("turn {class}")>
            <a class="turn-time" href=format!("?at={ordinal}") title="Link to this turn">
                {manuscript.time(turn.at)}
            </a>
            <div class="turn-body">{content.into_any()}</div>
        </article>
    }
    .to_html()
}

#[cfg(test)]
mod tests;
