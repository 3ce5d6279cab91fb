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
                <button type="button" class="place palette-button needs-script" data-palette="" title="Ctrl K"><Icon name="search"/> <span>"Find"</span></button>
                <p class="connection" id=CONNECTION role="status"></p>
            </div>
        </header>
    }
}

/// The keys, and what they do; `keys.js` has them work.
const KEYS: [(&str, &str); 13] = [
    ("Ctrl K", "find anything, or tell the agent in front what to do"),
    ("/", "filter"),
    ("j k", "next, previous"),
    ("Enter", "open"),
    ("Esc", "back"),
    ("n", "new agents"),
    ("g n", "Now"),
    ("g s", "Sessions"),
    ("g p", "Projects"),
    ("g t", "Settings"),
    ("m", "write to the agent"),
    ("1 2 3", "its talk, changes, result"),
    ("?", "this"),
];

/// What the keys do.
pub(super) fn keys() -> impl IntoView {
    view! {
        <dialog class="help" id=HELP aria-label="Keys">
            <h2>"Keys"</h2>
            <dl>
                {KEYS.map(|(keys, what)| {
                    let keys = keys.split(' ').map(|key| view! { <kbd>{key}</kbd> " " }).collect_view();
                    view! { <dt>{keys}</dt><dd>{what}</dd> }
                }).collect_view()}
            </dl>
            <form method="dialog"><button class="button">"Close"</button></form>
        </dialog>
    }
}
