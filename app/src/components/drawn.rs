//! What the server drew, put in its place.

use std::time::Duration;

use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::time;

use crate::reactive::{effect, memo};

/// How soon after a field was left what could not be put in place is.
const SOON: Duration = Duration::from_secs(1);

/// A drawing.
#[component]
pub fn Drawn(
    /// The drawing, as HTML.
    #[prop(into)]
    html: Signal<String>,
    /// The class of the element around it.
    class: &'static str,
) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let (left, shown) = (RwSignal::new(0_u32), StoredValue::new(String::new()));
    // Most changes of an agent leave most of its drawings as they are, and what is put in place is made anew: not while
    // somebody writes there.
    let html = memo(move || {
        left.track();
        let now = html.get();
        if frame.get_untracked().is_some_and(|frame| is_written_in(&frame)) {
            return shown.get_value();
        }
        shown.set_value(now.clone());
        now
    });
    let leave = move |_| set_timeout(move || left.try_update(|left| *left += 1).unwrap_or_default(), SOON);
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
    view! { <div class=class node_ref=frame on:click=follow on:focusout=leave inner_html=move || html.get()></div> }
}

/// Whether a field in it has the focus, and nothing of it was sent.
fn is_written_in(frame: &web_sys::Element) -> bool {
    let has = |selector| frame.query_selector(selector).is_ok_and(|found| found.is_some());
    has(":is(input:not([type=radio], [type=checkbox]), textarea, select):focus") && !has("[data-key]")
}

/// The element around what was clicked that a selector describes; none when the click was meant for a new tab.
pub fn plainly_clicked(event: &ev::MouseEvent, selector: &str) -> Option<web_sys::Element> {
    if event.ctrl_key() || event.meta_key() || event.shift_key() {
        return None;
    }
    event.target()?.dyn_into::<web_sys::Element>().ok()?.closest(selector).ok().flatten()
}
