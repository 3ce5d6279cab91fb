//! Keys: `/` filters, `j` and `k` move, Escape leaves, `?` tells.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement, KeyboardEvent};

use super::frame::HELP;

use crate::reactive::{effect, on_window};

/// Listens for keys on the whole page; shows what they do when asked. Nothing of its own.
#[component]
pub fn Keyboard() -> impl IntoView {
    let navigate = use_navigate();
    effect(move || {
        let navigate = navigate.clone();
        on_window("keydown", move |event| {
            let event: KeyboardEvent = event.unchecked_into();
            if event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            let writing = is_writing();
            match event.key().as_str() {
                "Escape" if writing => blur(),
                "Escape" if help().is_some_and(|dialog| dialog.open()) => {}
                "Escape" => {
                    if let Some(up) = query_selector("[data-up]").and_then(|link| link.get_attribute("href"))
                    {
                        navigate(&up, Default::default());
                    }
                }
                _ if writing => {}
                "/" => {
                    event.prevent_default();
                    focus(query_selector("#filter"));
                }
                "j" => move_focus(1),
                "k" => move_focus(-1),
                "?" => {
                    if let Some(dialog) = help() {
                        let _ = dialog.show_modal();
                    }
                }
                _ => {}
            }
        });
    });
}

fn help() -> Option<HtmlDialogElement> {
    document().get_element_by_id(HELP)?.dyn_into().ok()
}

fn query_selector(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

fn is_writing() -> bool {
    document()
        .active_element()
        .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

fn blur() {
    if let Some(element) =
        document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok())
    {
        let _ = element.blur();
    }
}

fn focus(element: Option<HtmlElement>) {
    if let Some(element) = element {
        let _ = element.focus();
    }
}

/// Moves to the row, or in a conversation to the prompt, `step` further on.
fn move_focus(step: i32) {
    let selector =
        if query_selector(".conversation").is_some() { ".turn-prompt > .turn-time" } else { ".row-link" };
    let Ok(stops) = document().query_selector_all(selector) else { return };
    let active = document().active_element();
    let at = (0..stops.length()).find(|index| {
        active
            .as_ref()
            .is_some_and(|active| stops.get(*index).is_some_and(|stop| active.is_same_node(Some(&stop))))
    });
    let next = match at {
        Some(at) => i64::from(at) + i64::from(step),
        None if step > 0 => 0,
        None => i64::from(stops.length()) - 1,
    };
    let next = u32::try_from(next).ok().and_then(|next| stops.get(next));
    focus(next.and_then(|stop| stop.dyn_into().ok()));
}
