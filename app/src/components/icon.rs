//! One set of icons, drawn once per document and used by reference.

use leptos::{prelude::*, tachys::html::InertElement};

/// An icon of the sheet; decoration only, the words stand beside it.
#[component]
pub fn Icon(
    /// Its name on the sheet.
    name: &'static str,
) -> impl IntoView {
    InertElement::new(markup(name))
}

/// The same as text, for HTML that is put together as text.
pub fn markup(name: &str) -> String {
    format!("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-{name}\"></use></svg>")
}

/// The icons: 20 units square, lines of 1.5, round ends. States are filled, so that they read at 10 px.
const SHEET: &str = concat!(
    r##"<symbol id="i-sessions" viewBox="0 0 20 20"><path d="M3 5h7M13 5h4M5 10h9M3 15h3M9 15h8"/></symbol>"##,
    r##"<symbol id="i-projects" viewBox="0 0 20 20"><path d="M2.75 15.25V5.5a1 1 0 0 1 1-1h3.6l1.8 2h7.1a1 1 0 0 1 1 1v7.75a1 1 0 0 1-1 1H3.75a1 1 0 0 1-1-1Z"/></symbol>"##,
    r##"<symbol id="i-search" viewBox="0 0 20 20"><circle cx="9" cy="9" r="5.25"/><path d="m13 13 4 4"/></symbol>"##,
    r##"<symbol id="i-back" viewBox="0 0 20 20"><path d="M12 4.5 6.5 10l5.5 5.5"/></symbol>"##,
    r##"<symbol id="i-more" viewBox="0 0 20 20"><path d="m5 7.5 5 5 5-5"/></symbol>"##,
    r##"<symbol id="i-close" viewBox="0 0 20 20"><path d="m5 5 10 10M15 5 5 15"/></symbol>"##,
    r##"<symbol id="i-copy" viewBox="0 0 20 20"><path d="M7 7V4.25a1 1 0 0 1 1-1h7.75a1 1 0 0 1 1 1V12a1 1 0 0 1-1 1H13M4.25 7H12a1 1 0 0 1 1 1v7.75a1 1 0 0 1-1 1H4.25a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1Z"/></symbol>"##,
    r##"<symbol id="i-resume" viewBox="0 0 20 20"><path d="M6 4.25v11.5L15.5 10 6 4.25Z"/></symbol>"##,
    r##"<symbol id="i-export" viewBox="0 0 20 20"><path d="M10 3v9M6.5 8.75 10 12.25l3.5-3.5M3.5 13.5v2.25a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1V13.5"/></symbol>"##,
    r##"<symbol id="i-branch" viewBox="0 0 20 20"><circle cx="6" cy="4.75" r="1.75"/><circle cx="6" cy="15.25" r="1.75"/><circle cx="14" cy="7" r="1.75"/><path d="M6 6.5v7M14 8.75c0 3-8 1.5-8 4.75"/></symbol>"##,
    r##"<symbol id="i-fork" viewBox="0 0 20 20"><path d="M5 3v6.5a2 2 0 0 0 2 2h8M12 8.5l3 3-3 3"/></symbol>"##,
    r##"<symbol id="i-agent" viewBox="0 0 20 20"><path d="M4 5h12M4 10h7M8 15h8"/><circle cx="14.5" cy="10" r="1.25"/></symbol>"##,
    r##"<symbol id="i-theme" viewBox="0 0 20 20"><circle cx="10" cy="10" r="6.25"/><path class="solid" d="M10 3.75a6.25 6.25 0 0 1 0 12.5Z"/></symbol>"##,
    r##"<symbol id="i-down" viewBox="0 0 20 20"><path d="M10 4v12M5 11l5 5 5-5"/></symbol>"##,
    r##"<symbol id="i-alert" viewBox="0 0 20 20"><path d="M10 6.5v4.25M10 13.5v.25M10 3 2.5 16.5h15L10 3Z"/></symbol>"##,
    r##"<symbol id="i-busy" viewBox="0 0 20 20"><circle class="solid" cx="10" cy="10" r="6"/></symbol>"##,
    r##"<symbol id="i-waiting" viewBox="0 0 20 20"><path class="solid" d="M10 2.5 17.5 10 10 17.5 2.5 10Z"/></symbol>"##,
    r##"<symbol id="i-idle" viewBox="0 0 20 20"><circle class="thick" cx="10" cy="10" r="5"/></symbol>"##,
    r##"<symbol id="i-live" viewBox="0 0 20 20"><circle class="thick" cx="10" cy="10" r="5"/><path class="solid" d="M10 5a5 5 0 0 1 0 10Z"/></symbol>"##,
    r##"<symbol id="i-now" viewBox="0 0 20 20"><path d="M3 6h9M7 10h10M3 14h6"/><path class="solid" d="m14.5 2.5 3 3-3 3-3-3Z"/></symbol>"##,
    r##"<symbol id="i-new" viewBox="0 0 20 20"><path d="M10 4v12M4 10h12"/></symbol>"##,
    r##"<symbol id="i-settings" viewBox="0 0 20 20"><path d="M3 6h8M15 6h2M3 14h2M9 14h8"/><circle cx="13" cy="6" r="2"/><circle cx="7" cy="14" r="2"/></symbol>"##,
    r##"<symbol id="i-send" viewBox="0 0 20 20"><path d="M10 16V4.5M5 9.25 10 4.25l5 5"/></symbol>"##,
    r##"<symbol id="i-pause" viewBox="0 0 20 20"><path d="M7.5 5v10M12.5 5v10"/></symbol>"##,
    r##"<symbol id="i-stop" viewBox="0 0 20 20"><path class="solid" d="M5.5 5.5h9v9h-9Z"/></symbol>"##,
    r##"<symbol id="i-restore" viewBox="0 0 20 20"><path d="M4 10a6 6 0 1 0 2-4.5M4 3.5V7h3.5"/></symbol>"##,
    r##"<symbol id="i-plan" viewBox="0 0 20 20"><path d="M7.5 5.5H17M7.5 10H17M7.5 14.5H17M3.5 5.5h.1M3.5 10h.1M3.5 14.5h.1"/></symbol>"##,
    r##"<symbol id="i-queued" viewBox="0 0 20 20"><path class="thick" d="M10 4.5V10l3.5 2.5"/><circle class="thick" cx="10" cy="10" r="7"/></symbol>"##,
    r##"<symbol id="i-done" viewBox="0 0 20 20"><path class="thick" d="m4.5 10.5 3.75 3.75 7.25-8"/></symbol>"##,
    r##"<symbol id="i-failed" viewBox="0 0 20 20"><path class="thick" d="m5.5 5.5 9 9M14.5 5.5l-9 9"/></symbol>"##,
    r##"<symbol id="i-open" viewBox="0 0 20 20"><path class="thick" d="M10 4.5a5.5 5.5 0 1 1-5.5 5.5"/></symbol>"##,
);

/// The sheet, once in a document.
#[component]
pub fn IconSheet() -> impl IntoView {
    view! { <svg class="icon-sheet" aria-hidden="true" inner_html=SHEET></svg> }
}
