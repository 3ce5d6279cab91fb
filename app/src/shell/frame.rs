//! What stands around every page: the places, as a bar below on a phone and a rail on the left on wide screens, and the
//! sheet that tells the keys. None of it is built in the browser; `components/frame.rs` keeps it in step there.

use leptos::prelude::*;

use crate::components::{
    frame::{CONNECTION, HELP, PLACES, SETTINGS, place_of},
    icon::Icon,
};

/// The places, with the one marked that a path belongs to.
pub(super) fn rail(path: &str) -> impl IntoView + use<> {
    let here = place_of(path);
    let places = PLACES.map(|(href, name, icon)| {
        let current = (href == here).then_some("page");
        let whole = (href == SETTINGS).then_some("external");
        view! { <a class="place" href=href rel=whole aria-current=current><Icon name=icon/> <span>{name}</span></a> }
    });
    view! {
        <header class="rail">
            <a class="brand" href="/" aria-label="Orchestra">
                <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
                    <path class="staff" d="M3 9h26M3 16h26M3 23h26"/>
                    <path class="voice-1" d="M6 9h11"/>
                    <path class="voice-2" d="M12 16h14"/>
                    <path class="voice-3" d="M5 23h7"/>
                    <path class="voice-1" d="M17 23h9"/>
                </svg>
            </a>
            <nav aria-label="Places">{places.collect_view()}</nav>
            <div class="rail-foot">
                <p class="connection" id=CONNECTION role="status"></p>
            </div>
        </header>
    }
}

/// What the keys do.
pub(super) fn keys() -> impl IntoView {
    view! {
        <dialog class="help" id=HELP aria-label="Keys">
            <h2>"Keys"</h2>
            <dl>
                <dt><kbd>"/"</kbd></dt><dd>"filter"</dd>
                <dt><kbd>"j"</kbd> " " <kbd>"k"</kbd></dt><dd>"next, previous"</dd>
                <dt><kbd>"Enter"</kbd></dt><dd>"open"</dd>
                <dt><kbd>"Esc"</kbd></dt><dd>"back"</dd>
                <dt><kbd>"?"</kbd></dt><dd>"this"</dd>
            </dl>
            <form method="dialog"><button class="button">"Close"</button></form>
        </dialog>
    }
}
