//! Where a message to an agent is written.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    components::{drafts, icon::Icon},
    reactive::effect,
};

/// The element's id: what is said elsewhere on the page is added to it.
pub const MESSAGE: &str = "message";

/// The composer.
#[component]
pub fn Composer(
    /// The agent.
    id: String,
) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    effect(move || {
        if let Some(area) = area.get() {
            drafts::bring_back(&area);
        }
    });
    // On a phone Enter is a new line: the button is near.
    let key = move |event: ev::KeyboardEvent| {
        let is_fine =
            window().match_media("(pointer: fine)").ok().flatten().is_some_and(|query| query.matches());
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() && is_fine {
            event.prevent_default();
            submit(&event);
        }
    };
    let command = format!("{{\"do\":\"send\",\"agent\":\"{id}\"}}");
    view! {
        <form class="composer needs-script" data-command=command data-draft=id>
            <p class="said-here" role="status" data-said=""></p>
            <div class="composer-line">
                <textarea id=MESSAGE name="text" rows="1" required aria-label="Message" placeholder="Message" node_ref=area on:keydown=key></textarea>
                <button class="icon-button send" aria-label="Send"><Icon name="send"/></button>
            </div>
        </form>
    }
}

fn submit(event: &ev::KeyboardEvent) {
    let area = event.target().and_then(|area| area.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
    if let Some(form) = area.and_then(|area| area.form()) {
        let _ = form.request_submit();
    }
}
