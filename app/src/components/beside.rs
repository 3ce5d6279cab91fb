//! Columns that only wide screens have room for.
//!
//! What is in one is made in the browser, and only once there is room: a phone neither loads nor draws nor follows a list
//! that nobody sees, and the page itself is there sooner on every screen. Until then its place is kept.

use leptos::prelude::*;

use super::skeleton::list_skeleton;
use crate::reactive::{changing, effect, on_window};

/// So wide is a page that has columns beside what it shows; the style sheet says the same.
const WIDE: &str = "(width >= 1240px)";

/// Whether there is room for columns; never before the page is in a browser.
pub fn has_room() -> ReadSignal<bool> {
    let (has_room, set) = signal(false);
    effect(move || {
        let look = move || {
            let now = window().match_media(WIDE).ok().flatten().is_some_and(|query| query.matches());
            if now != has_room.get_untracked() {
                set.set(now);
            }
        };
        look();
        on_window("resize", move |_| look());
    });
    has_room
}

/// A list beside what the page shows.
#[component]
pub fn Beside(
    /// What it is called.
    label: &'static str,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let has_room = has_room();
    let content = changing(move || match has_room.get() {
        true => children(),
        false => view! { <div class="needs-script">{list_skeleton()}</div> }.into_any(),
    });
    view! { <aside class="list-column" aria-label=label>{content}</aside> }
}
