//! What was typed and not sent is kept by a script (`shell/drafts.js`); here it is told what has arrived.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Forgets what a command said, as a draft and where it stands.
    #[wasm_bindgen(js_name = forgetDraft)]
    pub fn forget(command: &str);
}
