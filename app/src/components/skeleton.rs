//! What stands where content will be: the same layout, so that nothing shifts when it arrives.

use leptos::prelude::*;

const LIST: &str = concat!(
    r#"<div class="skeleton-strip"></div><ul>"#,
    r#"<li class="skeleton-row"><span></span><span></span></li><li class="skeleton-row"><span></span><span></span></li>"#,
    r#"<li class="skeleton-row"><span></span><span></span></li><li class="skeleton-row"><span></span><span></span></li>"#,
    r#"<li class="skeleton-row"><span></span><span></span></li><li class="skeleton-row"><span></span><span></span></li>"#,
    r#"<li class="skeleton-row"><span></span><span></span></li><li class="skeleton-row"><span></span><span></span></li>"#,
    "</ul>"
);

const TRANSCRIPT: &str = concat!(
    r#"<div class="skeleton-strip"></div>"#,
    r#"<div class="skeleton-turn"><span></span><span></span><span></span></div>"#,
    r#"<div class="skeleton-turn"><span></span><span></span><span></span></div>"#,
    r#"<div class="skeleton-turn"><span></span><span></span><span></span></div>"#,
    r#"<div class="skeleton-turn"><span></span><span></span><span></span></div>"#,
);

/// The shape of a list of sessions.
pub fn list_skeleton() -> AnyView {
    skeleton("skeleton", LIST)
}

/// The shape of a conversation.
pub fn transcript_skeleton() -> AnyView {
    skeleton("skeleton conversation-skeleton", TRANSCRIPT)
}

fn skeleton(class: &'static str, shape: &'static str) -> AnyView {
    view! { <div class=class role="status" aria-label="Loading" inner_html=shape></div> }.into_any()
}
