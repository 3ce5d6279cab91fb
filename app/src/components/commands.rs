//! Buttons and forms that the server drew with a command on them: a tap sends it, and says how far it is where it was
//! tapped.
//!
//! A command is JSON text in `data-command`; a form adds what stands in its fields.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, FormData, HtmlFormElement};

use super::{
    drawn::plainly_clicked,
    outbox::{Outbox, use_outbox},
};
use crate::{
    data::Outcome,
    error::{AppError, AppErrorKind},
    reactive::{changing, effect, memo, on_window},
};

/// Listens for taps on commands anywhere on the page, and tells what came of them. Nothing else of its own.
#[component]
pub fn Commands() -> impl IntoView {
    let outbox = use_outbox();
    let toast = RwSignal::new(None::<Toast>);
    let navigate = use_navigate();
    effect(move || {
        on_window("click", move |event| {
            let button = plainly_clicked(event.unchecked_ref(), "button[data-command]");
            if let Some(button) = button.filter(|button| !button.has_attribute("aria-busy")) {
                event.prevent_default();
                let command = button.get_attribute("data-command").unwrap_or_default();
                send(outbox, &button, command);
            }
        });
        on_window("submit", move |event| {
            let form = event.target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
            let Some(form) = form.filter(|form| form.has_attribute("data-command")) else { return };
            event.prevent_default();
            let command = filled(&form);
            // The same again is a double tap; something else is the next thing to say.
            if !form.has_attribute("aria-busy") || form.get_attribute("data-sent").as_ref() != Some(&command)
            {
                let _ = form.set_attribute("data-sent", &command);
                send(outbox, &form, command);
            }
        });
    });
    effect(move || {
        let Some((key, outcome)) = outbox.arrived.get() else { return };
        let place = document().query_selector(&format!("[data-key=\"{key}\"]")).ok().flatten();
        match outcome {
            Ok(Outcome { said, go, undo }) => {
                if let Some(place) = &place {
                    settle(place, "is-delivered", "Delivered", false);
                }
                // Trouble that is over is not to be read any more; what can be taken back still is.
                let is_over = said.is_empty()
                    && toast.with(|toast| toast.as_ref().is_some_and(|toast| toast.undo.is_none()));
                match said {
                    _ if is_over => toast.set(None),
                    said if said.is_empty() => {}
                    said => toast.set(Some(Toast { words: said, undo })),
                }
                match go {
                    Some(go) if go.starts_with('/') => navigate(&go, Default::default()),
                    // Another site's page: a pull request.
                    Some(go) => {
                        let _ = window().open_with_url_and_target_and_features(&go, "_blank", "noopener");
                    }
                    None => {}
                }
            }
            Err(error) if error.kind == AppErrorKind::Offline => {
                if let Some(place) = &place {
                    say(place, "Waits for the connection", false);
                }
            }
            Err(error) => {
                if let Some(place) = &place {
                    settle(place, "is-refused", "Refused", true);
                }
                // The place may be drawn anew at any moment; the reason stays until it was read.
                let words = format!("{} {}", error.message, error.next_step);
                toast.set(Some(Toast { words, undo: None }));
            }
        }
    });
    let count = memo(move || outbox.waiting.read().len());
    let stalled = changing(move || {
        let lost =
            outbox.arrived.read().as_ref().is_some_and(|(_, outcome)| {
                matches!(outcome, Err(AppError { kind: AppErrorKind::Offline, .. }))
            });
        match count.get() {
            count @ 1.. if lost => {
                let words = format!("{count} not sent yet: no connection");
                view! { <p class="toast is-waiting-to-send">{words}</p> }.into_any()
            }
            _ => ().into_any(),
        }
    });
    let said = changing(move || match toast.get() {
        None => ().into_any(),
        Some(Toast { words, undo }) => {
            let undo = undo.map(|undo| {
                view! { <button type="button" class="toast-button" data-command=undo>"Undo"</button> }
                    .into_any()
            });
            view! {
                <div class="toast">
                    <span>{words}</span>
                    {undo}
                    <button type="button" class="toast-button" on:click=move |_| toast.set(None)>"OK"</button>
                </div>
            }
            .into_any()
        }
    });
    view! {
        <div class="toasts" role="status">
            {stalled}
            {said}
        </div>
    }
}

/// What is said at the edge of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Toast {
    words: String,
    /// The command that takes it back.
    undo: Option<String>,
}

/// Sends a command for an element, which shows from now on how far it is.
fn send(outbox: Outbox, element: &Element, command: String) {
    let _ = element.set_attribute("aria-busy", "true");
    let _ = element.class_list().remove_1("is-refused");
    let _ = element.class_list().add_1("is-sent");
    say(element, "Sent", false);
    let key = outbox.put(command);
    let _ = element.set_attribute("data-key", &key);
}

/// It arrived.
fn settle(element: &Element, class: &str, words: &str, is_trouble: bool) {
    let _ = element.remove_attribute("aria-busy");
    let _ = element.class_list().remove_1("is-sent");
    let _ = element.class_list().add_1(class);
    say(element, words, is_trouble);
}

/// Says something in the place for it nearest to an element.
fn say(element: &Element, words: &str, is_trouble: bool) {
    let around = element.closest(".ask, .queued, .take, form, .desk, .composer, .together").ok().flatten();
    let place = around.and_then(|around| around.query_selector("[data-said]").ok().flatten());
    if let Some(place) = place {
        place.set_text_content(Some(words));
        let _ = place.class_list().toggle_with_force("is-trouble", is_trouble);
    }
}

/// A form's command with what stands in its fields; of several values for one, all of them.
fn filled(form: &HtmlFormElement) -> String {
    let command = form.get_attribute("data-command").unwrap_or_default();
    let Ok(object) = js_sys::JSON::parse(&command) else { return command };
    let Ok(fields) = FormData::new_with_form(form) else { return command };
    let Ok(Some(entries)) = js_sys::try_iter(&fields) else { return command };
    for entry in entries.flatten() {
        let pair: js_sys::Array = entry.unchecked_into();
        let (name, value) = (pair.get(0), pair.get(1));
        let before = js_sys::Reflect::get(&object, &name).ok().and_then(|before| before.as_string());
        let text = value.as_string().unwrap_or_default();
        let text = match before.filter(|before| !before.is_empty()) {
            Some(before) if !text.is_empty() => format!("{before}, {text}"),
            Some(before) => before,
            None => text,
        };
        let _ = js_sys::Reflect::set(&object, &name, &JsValue::from_str(&text));
    }
    js_sys::JSON::stringify(&object).ok().and_then(|text| text.as_string()).unwrap_or(command)
}
