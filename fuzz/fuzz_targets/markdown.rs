//! Arbitrary text as Markdown: no markup of its own gets through, and nothing hides. `shown_text` is for what else texts
//! are shown as.

#![no_main]

mod html;

use html::{check_html, is_shown};
use libfuzzer_sys::fuzz_target;
use orchestra_core::render::{markdown, visible};

fuzz_target!(|text: &str| {
    let shown = visible(text);
    assert!(shown.chars().all(is_shown), "{shown:?}");
    assert_eq!(visible(&shown), shown);

    let html = markdown(text);
    assert!(html.chars().all(is_shown), "{html:?}");
    check_html(&html);
});
