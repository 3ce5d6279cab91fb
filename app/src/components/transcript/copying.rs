//! Copying to the clipboard: of a command, and of what stands near a button that the server drew.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement};

use crate::components::icon::Icon;

/// How long a button says that it worked.
const SAID: Duration = Duration::from_millis(1600);

/// A button that copies a text.
#[component]
pub fn CopyButton(
    /// The text.
    #[prop(into)]
    text: String,
    /// What the button says.
    label: &'static str,
    /// Its icon.
    #[prop(default = "copy")]
    icon: &'static str,
) -> impl IntoView {
    let said = RwSignal::new(label);
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            said.set(if write(&text).await { "Copied" } else { "Not allowed" });
            set_timeout(
                move || {
                    said.try_set(label);
                },
                SAID,
            );
        });
    };
    view! {
        <button type="button" class="button needs-script" on:click=copy>
            <Icon name=icon/> <span aria-live="polite">{said}</span>
        </button>
    }
}

/// Copies the code or the message that a drawn button belongs to.
pub fn copy_near(button: Element) {
    let Some(text) = text_near(&button) else { return };
    spawn_local(async move {
        let said = if write(&text).await { "Copied" } else { "Not allowed" };
        button.set_text_content(Some(said));
        set_timeout(move || button.set_text_content(Some("Copy")), SAID);
    });
}

fn text_near(button: &Element) -> Option<String> {
    let source = match button.closest(".code-box").ok().flatten() {
        Some(code) => code.query_selector("pre").ok().flatten(),
        None => button.closest(".turn").ok().flatten()?.query_selector("[data-copy-source]").ok().flatten(),
    };
    Some(source?.dyn_into::<HtmlElement>().ok()?.inner_text())
}

async fn write(text: &str) -> bool {
    // Browsers have a clipboard in secure contexts only.
    let has_clipboard = js_sys::Reflect::has(&window().navigator(), &"clipboard".into()).unwrap_or(false);
    has_clipboard && JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}
