//! The WebAssembly entry: takes the rendered page over, and nothing else.

// The views' types are nested deeper than the compiler's default allows when it lays out their futures.
#![recursion_limit = "512"]

use orchestra_app::{APP_ELEMENT, App};
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};

/// Takes over the page that the server rendered.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let element =
        leptos::prelude::document().get_element_by_id(APP_ELEMENT).and_then(|app| app.dyn_into().ok());
    if let Some(element) = element {
        leptos::mount::hydrate_from(element, App).forget();
    }
}
