//! What stands where a conversation would be when there is none.

use leptos::prelude::*;

use super::parts;

/// The transcript holds no turn yet.
pub(crate) fn nothing_said() -> String {
    view! {
        <section class="message">
            <h2>"Nothing was said yet"</h2>
            <p>"The transcript holds no turns. They appear here as they are written."</p>
        </section>
    }
    .to_html()
}

/// The client has deleted the transcript; the last prompt is all that is known.
pub(crate) fn cleaned_up(last_prompt: Option<&str>) -> String {
    let quoted =
        last_prompt.map(|prompt| view! { <blockquote class="plain">{parts::visible(prompt)}</blockquote> });
    view! {
        <section class="message">
            <h2>"The transcript was cleaned up"</h2>
            <p>
                "Claude Code deletes transcripts after " <code>"cleanupPeriodDays"</code>
                " (30 by default). The prompt history still knows when this session was held, and what was asked last."
            </p>
            {quoted}
            <p class="aside">"To keep transcripts longer, raise " <code>"cleanupPeriodDays"</code> " in Claude Code's settings."</p>
        </section>
    }
    .to_html()
}
