//! Shell commands as they were run.

use leptos::prelude::*;
use orchestra_core::render;
use orchestra_model::Excerpt;

use super::excerpt;

/// A command with what it is for.
pub(super) fn draw(command: &Excerpt, description: Option<&str>) -> AnyView {
    let purpose =
        description.map(|words| view! { <p class="purpose">{render::visible(words).into_owned()}</p> });
    view! { {purpose} <div class="command">{excerpt::code(command, "bash")}</div> }.into_any()
}
