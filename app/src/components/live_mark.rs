//! The state of a session: a shape, a word and a colour, always together.

use leptos::prelude::*;
use orchestra_model::LiveStatus;

use super::icon::Icon;
use crate::reactive::changing;

/// The mark of a live session; nothing for one without a process.
#[component]
pub fn LiveMark(
    /// What the live process says.
    #[prop(into)]
    status: Signal<Option<LiveStatus>>,
) -> impl IntoView {
    changing(move || {
        let mark = status.get().map(|status| {
            let (class, icon) = look(status);
            view! { <span class=class><Icon name=icon/>{status.name()}</span> }.into_any()
        });
        mark.into_any()
    })
}

/// The class and the icon of a state.
pub const fn look(status: LiveStatus) -> (&'static str, &'static str) {
    match status {
        LiveStatus::Busy => ("mark is-running", "busy"),
        LiveStatus::Waiting => ("mark is-waiting", "waiting"),
        LiveStatus::Idle => ("mark is-idle", "idle"),
        LiveStatus::Live => ("mark is-idle", "live"),
    }
}
