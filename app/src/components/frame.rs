//! Keeps what stands around the page in step with it: which place it is, and whether it is live.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    live::{Connection, use_live},
    reactive::effect,
};

/// The places: address, name, icon.
pub const PLACES: [(&str, &str, &str); 5] = [
    ("/", "Now", "now"),
    ("/sessions", "Sessions", "sessions"),
    ("/projects", "Projects", "projects"),
    ("/new", "New", "new"),
    (SETTINGS, "Settings", "settings"),
];

/// The place whose page has scripts of its own: it is loaded whole.
pub const SETTINGS: &str = "/settings";

/// The element that says when the page no longer hears of changes; silent while all is well.
pub const CONNECTION: &str = "connection";

/// The dialog that tells the keys.
pub const HELP: &str = "keys";

/// The address of the place that a path belongs to.
pub fn place_of(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("sessions") => "/sessions",
        Some("projects") => "/projects",
        Some("new") => "/new",
        Some("settings") => SETTINGS,
        _ => "/",
    }
}

/// Keeps the frame in step; nothing of its own.
#[component]
pub fn FrameInStep() -> impl IntoView {
    let path = use_location().pathname;
    effect(move || {
        let here = place_of(&path.read());
        for (href, ..) in PLACES {
            let place = document().query_selector(&format!(".place[href=\"{href}\"]"));
            let Ok(Some(place)) = place else { continue };
            let _ = match href == here {
                true => place.set_attribute("aria-current", "page"),
                false => place.remove_attribute("aria-current"),
            };
        }
    });
    let live = use_live();
    effect(move || {
        let words = (live.connection.get() == Connection::Lost).then_some("Not live");
        if let Some(note) = document().get_element_by_id(CONNECTION) {
            note.set_text_content(words);
        }
    });
}
