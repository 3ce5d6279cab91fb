//! What was typed and not sent: kept in the browser, by the name of its form, until it is sent.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlTextAreaElement};

use super::outbox::storage;

use crate::reactive::{effect, on_window};

/// What the names of kept drafts begin with.
const KEPT: &str = "draft:";

/// Keeps what is typed into forms that have `data-draft`, anywhere on the page.
pub fn keep_drafts() {
    effect(move || {
        on_window("input", move |event| {
            let area = event.target().and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok());
            if let Some((area, name)) = area.and_then(|area| name_of(&area).map(|name| (area, name)))
                && let Some(storage) = storage()
            {
                let _ = storage.set_item(&name, &area.value());
            }
        });
    });
}

/// Puts what was typed earlier back into a text area that has nothing in it.
pub fn bring_back(area: &HtmlTextAreaElement) {
    let kept = name_of(area).and_then(|name| storage()?.get_item(&name).ok().flatten());
    if let Some(kept) = kept.filter(|_| area.value().is_empty()) {
        area.set_value(&kept);
    }
}

/// Forgets the draft of a form that was sent, and empties it. A message's own goes by what it said: what was typed meanwhile
/// is the next one ([`forget_sent`]).
pub fn forget(element: &Element) {
    let form = element.closest("form[data-draft]:not(.composer)").ok().flatten();
    let area = form.and_then(|form| form.query_selector("textarea").ok().flatten());
    let Some(area) = area.and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok()) else { return };
    area.set_value("");
    if let (Some(name), Some(storage)) = (name_of(&area), storage()) {
        let _ = storage.remove_item(&name);
    }
}

/// Forgets the draft of a message that has arrived, also when the form it was sent from is not there any more.
pub fn forget_sent(command: &str) {
    let Ok(command) = js_sys::JSON::parse(command) else { return };
    let part =
        |name: &str| js_sys::Reflect::get(&command, &name.into()).ok().and_then(|part| part.as_string());
    let (Some(agent), Some(text)) = (part("agent"), part("text")) else { return };
    let Some(storage) = storage() else { return };
    let name = format!("{KEPT}{agent}");
    if storage.get_item(&name).ok().flatten().as_ref() == Some(&text) {
        let _ = storage.remove_item(&name);
    }
    let area = document().query_selector(&format!("form[data-draft=\"{agent}\"] textarea")).ok().flatten();
    let area = area.and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok());
    if let Some(area) = area.filter(|area| area.value() == text) {
        area.set_value("");
    }
}

fn name_of(area: &Element) -> Option<String> {
    let form = area.closest("form[data-draft]").ok().flatten()?;
    Some(format!("{KEPT}{}", form.get_attribute("data-draft")?))
}
