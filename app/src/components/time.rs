//! Times: absolute as the server renders them, relative once the page is in a browser.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::{reactive::effect, text};

/// The browser's clock; none before hydration, and on the server always.
#[derive(Clone, Copy)]
struct Now(RwSignal<Option<i64>>);

/// Provides the clock, and lets it run once the page is in a browser.
pub fn provide_clock() {
    let now = RwSignal::new(None);
    provide_context(Now(now));
    effect(move || {
        let read = move || {
            now.set(Some(now_ms()));
            if let Some(page) = document().document_element() {
                make_relative(&page);
            }
        };
        read();
        if let Ok(handle) = set_interval_with_handle(read, Duration::from_secs(20)) {
            on_cleanup(move || handle.clear());
        }
    });
}

fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Makes the times relative that the server drew below an element.
pub fn make_relative(element: &web_sys::Element) {
    let Ok(times) = element.query_selector_all("time[data-ms]") else { return };
    let now = now_ms();
    for time in (0..times.length()).filter_map(|index| times.get(index)) {
        let time: web_sys::Element = time.unchecked_into();
        let at = time.get_attribute("data-ms").and_then(|ms| ms.parse().ok());
        if let Some(at) = at {
            time.set_text_content(Some(&text::ago(now, at)));
        }
    }
}

/// A moment.
#[component]
pub fn Time(
    /// When, in milliseconds; 0 or less is unknown.
    #[prop(into)]
    at_ms: Signal<i64>,
    /// The server's offset from UTC.
    offset_seconds: i32,
    /// Whether the day is not said nearby, so that the absolute time must say it.
    #[prop(optional)]
    with_day: bool,
) -> impl IntoView {
    let Now(now) = expect_context();
    let absolute = move || {
        let ms = at_ms.get();
        if with_day { text::stamp(ms, offset_seconds) } else { text::clock(ms, offset_seconds) }
    };
    let shown = move || match now.get() {
        _ if at_ms.get() <= 0 => String::new(),
        Some(now) => text::ago(now, at_ms.get()),
        None => absolute(),
    };
    view! {
        <time datetime=move || text::rfc3339(at_ms.get()) title=move || text::stamp(at_ms.get(), offset_seconds)>
            {shown}
        </time>
    }
}
