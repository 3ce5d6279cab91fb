//! The lane of a session: its score, and the map of its conversation. A tap or a drag leads there.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::reel::Reel;
use crate::{
    data::lane::{LaneView, WIDTH},
    reactive::effect,
    text::decimal,
};

/// The lane.
#[component]
pub fn Lane(
    /// What it shows.
    lane: RwSignal<LaneView>,
    /// The conversation it leads through.
    reel: Reel,
) -> impl IntoView {
    let head = NodeRef::<html::Div>::new();
    effect(move || {
        let share =
            lane.with(|lane| f64::from(lane.x_of_turn(reel.at_turn.get()))) / f64::from(WIDTH) * 100.0;
        if let Some(head) = head.get() {
            // Through the object model: the page's policy allows no inline style.
            let _ = HtmlElement::style(&head).set_property("left", &format!("{}%", decimal(share, 2)));
        }
    });
    let go = move |event: &ev::PointerEvent| {
        let Some(lane_element) =
            event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        else {
            return;
        };
        let place = lane_element.get_bounding_client_rect();
        let x = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0) * f64::from(WIDTH);
        reel.go_to(lane.with_untracked(|lane| lane.turn_at(x)));
    };
    let press = move |event: ev::PointerEvent| {
        if event.button() == 0 {
            event.prevent_default();
            if let Some(target) =
                event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            {
                let _ = target.set_pointer_capture(event.pointer_id());
            }
            go(&event);
        }
    };
    let drag = move |event: ev::PointerEvent| {
        if event.buttons() & 1 == 1 {
            go(&event);
        }
    };
    view! {
        <figure class="lane">
            <div class="lane-map" on:pointerdown=press on:pointermove=drag on:click=|event| event.prevent_default()>
                <svg class="lane-score" viewBox="0 0 10000 40" preserveAspectRatio="none" aria-hidden="true" inner_html=move || lane.read().picture.clone()></svg>
                <div class="lane-head" node_ref=head></div>
            </div>
            <figcaption class="visually-hidden">{move || lane.read().words.clone()}</figcaption>
        </figure>
    }
}
