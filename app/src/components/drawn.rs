//! What the server drew, put in its place.

use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::time;

use crate::reactive::{effect, memo};

/// A drawing.
#[component]
pub fn Drawn(
    /// The drawing, as HTML.
    #[prop(into)]
    html: Signal<String>,
    /// The class of the element around it.
    class: &'static str,
) -> impl IntoView {
    // Most changes of an agent leave most of its drawings as they are, and what is put in place is made anew.
    let html = memo(move || html.get());
    let frame = NodeRef::<html::Div>::new();
    effect(move || {
        html.track();
        if let Some(frame) = frame.get() {
            time::make_relative(&frame);
        }
    });
    let navigate = use_navigate();
    let follow = move |event: ev::MouseEvent| {
        // The router follows links of HTML only; those of a picture are SVG's.
        if let Some(href) = plainly_clicked(&event, "svg a").and_then(|link| link.get_attribute("href")) {
            event.prevent_default();
            navigate(&href, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    view! { <div class=class node_ref=frame on:click=follow inner_html=move || html.get()></div> }
}

/// The element around what was clicked that a selector describes; none when the click was meant for a new tab.
pub fn plainly_clicked(event: &ev::MouseEvent, selector: &str) -> Option<web_sys::Element> {
    if event.ctrl_key() || event.meta_key() || event.shift_key() {
        return None;
    }
    event.target()?.dyn_into::<web_sys::Element>().ok()?.closest(selector).ok().flatten()
}
