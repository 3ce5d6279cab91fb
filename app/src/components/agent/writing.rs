//! The words that an agent is writing, until its conversation has them.

use std::time::Duration;

use leptos::{html, prelude::*};
use wasm_bindgen::JsValue;

use crate::{
    components::transcript::reel::Reel,
    live::use_live,
    reactive::{effect, memo, on_change},
};

/// How long words that are said stay when the conversation does not show them.
const STAY: Duration = Duration::from_millis(1500);

/// The words.
#[component]
pub fn Writing(
    /// The agent.
    id: String,
    /// Its conversation.
    reel: Reel,
) -> impl IntoView {
    let live = use_live();
    live.writing_of.set(id.clone());
    let mine = id.clone();
    on_cleanup(move || {
        // The next agent's page may be there already.
        if *live.writing_of.read_untracked() == mine {
            live.writing_of.set(String::new());
        }
    });
    let words = memo(move || live.words.read().get(&id).map(|words| words.text.clone()).unwrap_or_default());
    let shown = RwSignal::new(String::new());
    effect(move || {
        let new = words.get();
        if new.is_empty() {
            let forget = move || {
                if words.try_get_untracked().is_some_and(|words| words.is_empty()) {
                    shown.set(String::new());
                }
            };
            if !shown.read_untracked().is_empty() {
                set_timeout(forget, STAY);
            }
        } else {
            shown.set(new);
            request_animation_frame(move || reel.settle_if_there());
        }
    });
    on_change(
        move || reel.total.get(),
        move |_| {
            if words.read_untracked().is_empty() {
                shown.set(String::new());
            }
        },
    );
    let is_quiet = move || shown.read().is_empty();
    let lines = NodeRef::<html::Div>::new();
    // Another agent's words may still stand there: what nothing begins with is drawn anew.
    let mut drawn = String::from("\0");
    effect(move || {
        let now = shown.get();
        if let Some(lines) = lines.get_untracked()
            && draw(&lines, &drawn, &now).is_ok()
        {
            drawn = now;
        }
    });
    view! {
        <div class="writing" class:is-empty=is_quiet aria-live="off">
            <div class="plain" node_ref=lines></div>
        </div>
    }
}

/// Adds what is new, each line a block of its own: a browser lays out anew only the last, however long the text is.
fn draw(lines: &web_sys::Element, before: &str, now: &str) -> Result<(), JsValue> {
    let mut is_line_open = !before.is_empty() && !before.ends_with('\n');
    let new = now.strip_prefix(before).unwrap_or_else(|| {
        lines.set_text_content(None);
        is_line_open = false;
        now
    });
    for piece in new.split_inclusive('\n') {
        match lines.last_element_child() {
            Some(line) if is_line_open => line.append_with_str_1(piece)?,
            _ => {
                let line = document().create_element("div")?;
                line.set_text_content(Some(piece));
                lines.append_child(&line)?;
            }
        }
        is_line_open = !piece.ends_with('\n');
    }
    Ok(())
}
