//! The page as a thing that scrolls: where it is, how tall, and which turns are in view.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::{data::transcript::TURNS_PER_BLOCK, text};

/// The element of a turn, or of the run of turns that holds it.
pub fn nearest_turn(turn: u32) -> Option<web_sys::Element> {
    let first = turn - turn % TURNS_PER_BLOCK;
    (first..=turn).rev().find_map(|turn| document().get_element_by_id(&format!("turn-{turn}")))
}

/// Scrolls to the end of the page.
pub fn to_end() {
    window().scroll_to_with_x_and_y(0.0, scroll_place().1);
}

/// Gives an element room through the object model: the page's policy allows no inline style.
pub fn set_room(element: &web_sys::HtmlElement, property: &str, pixels: Option<f64>) {
    let style = element.style();
    let _ = match pixels {
        Some(pixels) => style.set_property(property, &format!("{}px", text::decimal(pixels, 0))),
        None => style.remove_property(property).map(drop),
    };
}

/// How far the page is scrolled, and how tall it is.
pub fn scroll_place() -> (f64, f64) {
    let height = document().document_element().map_or(0, |page| page.scroll_height());
    (window().scroll_y().unwrap_or(0.0), f64::from(height))
}

/// How tall the view is.
pub fn view_height() -> f64 {
    window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(0.0)
}

/// The turn that the view begins with, below a head of some height; none while turns are on their way.
pub fn first_turn(frame: &web_sys::Element, head: f64) -> Option<u32> {
    let turns = frame.query_selector_all(".turn").ok()?;
    let turns = (0..turns.length()).filter_map(|index| turns.get(index)?.dyn_into::<web_sys::Element>().ok());
    let mut above = None;
    for turn in turns {
        let top = turn.get_bounding_client_rect().top();
        if top > view_height() {
            break;
        }
        above = turn.id().strip_prefix("turn-").and_then(|ordinal| ordinal.parse().ok()).or(above);
        if top >= head {
            break;
        }
    }
    above
}
