//! Copying to the clipboard what stands near a button that the server drew.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement};

use crate::components::drawn::plainly_clicked;

/// How long a button says that it worked.
const SAID: Duration = Duration::from_millis(1600);

/// Copies what a drawn button belongs to, when one was tapped.
pub fn copy_on_click(event: ev::MouseEvent) {
    if let Some(button) = plainly_clicked(&event, "[data-copy]") {
        copy_near(button);
    }
}

/// Copies the code, the command or the message that a drawn button belongs to.
fn copy_near(button: Element) {
    let Some(text) = text_near(&button) else { return };
    // Where an icon stands beside it, the label has an element of its own.
    let label = button.query_selector("span").ok().flatten().unwrap_or(button);
    if label.has_attribute("data-said") {
        return;
    }
    let before = label.text_content();
    spawn_local(async move {
        label.set_text_content(Some(if write(&text).await { "Copied" } else { "Not allowed" }));
        let _ = label.set_attribute("data-said", "");
        set_timeout(
            move || {
                label.set_text_content(before.as_deref());
                let _ = label.remove_attribute("data-said");
            },
            SAID,
        );
    });
}

fn text_near(button: &Element) -> Option<String> {
    let source = match button.closest(".code-box").ok().flatten() {
        Some(code) => code.query_selector("pre").ok().flatten(),
        None => {
            let around = button.closest(".turn, .actions").ok().flatten()?;
            around.query_selector("[data-copy-source]").ok().flatten()
        }
    };
    Some(source?.dyn_into::<HtmlElement>().ok()?.inner_text())
}

async fn write(text: &str) -> bool {
    // Browsers have a clipboard in secure contexts only.
    let has_clipboard = js_sys::Reflect::has(&window().navigator(), &"clipboard".into()).unwrap_or(false);
    has_clipboard && JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}
