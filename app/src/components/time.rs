//! Times: absolute as the server renders them, relative once the page is in a browser.

use std::time::Duration;

use leptos::prelude::*;

use crate::text;

/// The browser's clock; none before hydration, and on the server always.
#[derive(Clone, Copy)]
struct Now(RwSignal<Option<i64>>);

/// Provides the clock, and lets it run once the page is in a browser.
pub fn provide_clock() {
    let now = RwSignal::new(None);
    provide_context(Now(now));
    Effect::new(move |_| {
        let read = move || now.set(Some(js_sys::Date::now() as i64));
        read();
        if let Ok(handle) = set_interval_with_handle(read, Duration::from_secs(20)) {
            on_cleanup(move || handle.clear());
        }
    });
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
