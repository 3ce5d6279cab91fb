//! Effects, memos and parts of a page whose functions are boxed.
//!
//! Leptos makes its code anew for each function that it is handed, some kilobytes of WebAssembly a function; here all of
//! one result share theirs.

use leptos::prelude::*;

/// Runs in the browser once the page is there, and again whenever something that it read has changed.
pub fn effect(run: impl FnMut() + 'static) {
    run_boxed(Box::new(run));
}

fn run_boxed(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_| run());
}

/// Runs in the browser whenever something that `read` reads has changed, and with it what `read` answers; not at first.
pub fn on_change<T: Clone + PartialEq + 'static>(
    read: impl Fn() -> T + 'static,
    mut act: impl FnMut(T) + 'static,
) {
    let mut before = None;
    effect(move || {
        let now = read();
        let is_change = before.as_ref().is_some_and(|before| *before != now);
        before = Some(now.clone());
        if is_change {
            act(now);
        }
    });
}

/// Listens on the whole page for as long as what called this is there.
pub fn on_window(event: &'static str, hear: impl Fn(web_sys::Event) + 'static) {
    on_window_boxed(event, Box::new(hear));
}

fn on_window_boxed(event: &'static str, hear: Box<dyn Fn(web_sys::Event)>) {
    let handle = window_event_listener_untyped(event, hear);
    on_cleanup(move || handle.remove());
}

/// What follows from other values, worked out when one of them has changed.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    work_out: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    memo_boxed(Box::new(work_out))
}

fn memo_boxed<T: PartialEq + Send + Sync + 'static>(work_out: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| work_out())
}

/// A part of a page that is drawn anew when something that it read has changed.
pub fn changing(draw: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    changing_boxed(Box::new(draw))
}

fn changing_boxed(draw: Box<dyn Fn() -> AnyView + Send + Sync>) -> AnyView {
    (move || draw()).into_any()
}
