//! What was said: prompts, replies, thoughts, summaries, notices.

use leptos::prelude::*;
use orchestra_model::{Excerpt, ImageRef, Turn};

use super::{Manuscript, excerpt, frame};
use crate::text;

/// A person's words.
pub(super) fn prompt(
    turn: &Turn,
    words: &Excerpt,
    images: &[ImageRef],
    queued: bool,
    manuscript: &Manuscript,
) -> String {
    let content = view! {
        <h2 class="voice">
            "You" {queued.then(|| view! { <span class="aside">" while it worked"</span> })}
        </h2>
        <div class="said" data-copy-source="">{excerpt::plain(words, "plain")}</div>
        {pictures(images, manuscript)}
        <button type="button" class="copy copy-message" data-copy="" aria-label="Copy this message">"Copy"</button>
    };
    frame(turn, "turn-prompt", manuscript, content)
}

/// The model's words.
pub(super) fn reply(turn: &Turn, words: &Excerpt, manuscript: &Manuscript) -> String {
    let content = view! {
        <div class="said" data-copy-source="" tabindex="-1">{excerpt::markdown(words)}</div>
        <button type="button" class="copy copy-message" data-copy="" aria-label="Copy this message">"Copy"</button>
    };
    frame(turn, "turn-reply", manuscript, content)
}

/// The model's thoughts, folded.
pub(super) fn thinking(turn: &Turn, words: &Excerpt, manuscript: &Manuscript) -> String {
    let content = if words.is_empty() {
        view! { <p class="fold-line aside">"Thought, in private"</p> }.into_any()
    } else {
        let first: String = words.text.split_whitespace().take(24).collect::<Vec<_>>().join(" ");
        view! {
            <details class="fold">
                <summary class="fold-line">
                    <span class="verb">"Thought"</span>
                    <span class="fold-summary">{orchestra_core::render::visible(&first).into_owned()}</span>
                </summary>
                <div class="fold-body thought">{excerpt::markdown(words)}</div>
            </details>
        }
        .into_any()
    };
    frame(turn, "turn-thinking", manuscript, content)
}

/// The place where the conversation was summarised.
pub(super) fn compaction(
    turn: &Turn,
    summary: &Excerpt,
    tokens_before: Option<u64>,
    manual: bool,
    manuscript: &Manuscript,
) -> String {
    let how = if manual { "Summarised on request" } else { "Summarised to make room" };
    let tokens = tokens_before.map(|tokens| format!("{} tokens before", text::count(tokens)));
    let content = view! {
        <details class="fold">
            <summary class="fold-line">
                <span class="verb">{how}</span> <span class="fold-summary">{tokens}</span>
            </summary>
            <div class="fold-body">{excerpt::markdown(summary)}</div>
        </details>
    };
    frame(turn, "turn-compaction", manuscript, content)
}

/// The client's words.
pub(super) fn notice(turn: &Turn, words: &Excerpt, error: bool, manuscript: &Manuscript) -> String {
    let class = if error { "turn-notice turn-failed" } else { "turn-notice" };
    let content = view! {
        {error.then(|| view! { <span class="verb">"Error"</span> })}
        {excerpt::plain(words, "plain notice")}
    };
    frame(turn, class, manuscript, content)
}

/// Pictures, loaded as they come near; the frame is fixed, so nothing shifts when they arrive.
pub(super) fn pictures(images: &[ImageRef], manuscript: &Manuscript) -> Option<AnyView> {
    if images.is_empty() {
        return None;
    }
    let whose = manuscript
        .agent
        .as_deref()
        .map(|agent| format!("?agent={}", text::url_encode(agent)))
        .unwrap_or_default();
    let pictures = images
        .iter()
        .map(|image| {
            let address = format!("/sessions/{}/images/{}/{}{whose}", manuscript.session, image.line_offset, image.index);
            let source = address.clone();
            view! {
                <a class="picture" href=address rel="external" target="_blank">
                    <img src=source alt="A picture in the conversation" loading="lazy" decoding="async" width="480" height="300"/>
                </a>
            }
        })
        .collect_view();
    Some(view! { <div class="pictures">{pictures}</div> }.into_any())
}
