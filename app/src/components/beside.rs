//! A column that only wide screens have room for.
//!
//! What is in it is made in the browser, and only once there is room: a phone neither loads nor draws nor follows a list
//! that nobody sees, and the page itself is there sooner on every screen.

use leptos::{html, prelude::*};

use crate::reactive::{changing, effect, on_window};

/// The column.
#[component]
pub fn Beside(
    /// What it is called.
    label: &'static str,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let column = NodeRef::<html::Aside>::new();
    let has_room = RwSignal::new(false);
    let look = move || {
        let has_room_now = column.get_untracked().is_some_and(|column| column.offset_width() > 0);
        if has_room_now != has_room.get_untracked() {
            has_room.set(has_room_now);
        }
    };
    effect(look);
    on_window("resize", move |_| look());
    let content = changing(move || if has_room.get() { children() } else { ().into_any() });
    view! { <aside class="list-column" aria-label=label node_ref=column>{content}</aside> }
}
