//! The words that an agent is writing, until its conversation has them.

use std::time::Duration;

use leptos::prelude::*;

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
    view! {
        <div class="writing" class:is-empty=is_quiet aria-live="off">
            <div class="plain">{move || shown.get()}</div>
        </div>
    }
}
