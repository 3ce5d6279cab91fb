//! What stands where content will be: the same layout, so that nothing shifts when it arrives.

use leptos::prelude::*;

/// The shape of a list of sessions.
#[component]
pub fn ListSkeleton() -> impl IntoView {
    let rows =
        (0..8).map(|_| view! { <li class="skeleton-row"><span></span><span></span></li> }).collect_view();
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            <div class="skeleton-strip"></div>
            <ul>{rows}</ul>
        </div>
    }
}

/// The shape of a conversation.
#[component]
pub fn TranscriptSkeleton() -> impl IntoView {
    let turns = (0..5)
        .map(|_| view! { <div class="skeleton-turn"><span></span><span></span><span></span></div> })
        .collect_view();
    view! {
        <div class="skeleton conversation-skeleton" role="status" aria-label="Loading">
            <div class="skeleton-strip"></div>
            {turns}
        </div>
    }
}
