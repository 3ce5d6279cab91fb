//! The WebAssembly entry: takes the rendered page over, and nothing else.

// The views' types are nested deeper than the compiler's default allows when it lays out their futures.
#![recursion_limit = "512"]

use orchestra_app::App;
use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server rendered.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
