//! Where a message to an agent is written.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    components::{drafts, icon},
    reactive::effect,
    text::escaped,
};

/// The element's id: what is said elsewhere on the page is added to it.
pub const MESSAGE: &str = "message";

/// The composer.
#[component]
pub fn Composer(
    /// The agent.
    id: String,
) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    effect(move || {
        let area = frame.get().and_then(|frame| frame.query_selector("textarea").ok().flatten());
        if let Some(area) = area.and_then(|area| area.dyn_into::<web_sys::HtmlTextAreaElement>().ok()) {
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
    let form = form(&escaped(&id));
    view! { <div class="as-its-content" node_ref=frame on:keydown=key inner_html=form></div> }
}

fn form(id: &str) -> String {
    let send = icon::markup("send");
    format!(
        "<form class=\"composer needs-script\" data-draft=\"{id}\" data-command=\"{{&quot;do&quot;:&quot;send&quot;,&quot;agent&quot;:&quot;{id}&quot;}}\">\
         <p class=\"said-here\" role=\"status\" data-said></p><div class=\"composer-line\">\
         <textarea id=\"{MESSAGE}\" name=\"text\" rows=\"1\" required aria-label=\"Message\" placeholder=\"Message\"></textarea>\
         <button class=\"icon-button send\" aria-label=\"Send\">{send}</button></div></form>"
    )
}

fn submit(event: &ev::KeyboardEvent) {
    let area = event.target().and_then(|area| area.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
    if let Some(form) = area.and_then(|area| area.form()) {
        let _ = form.request_submit();
    }
}
