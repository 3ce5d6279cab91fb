//! Names that may be too long: cut in the middle by the layout, the whole text one hover or tap away.

use leptos::prelude::*;

use crate::{reactive::memo, text};

/// A name, cut in its middle where there is no room.
#[component]
pub fn Name(
    /// The name.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let parts = memo(move || {
        let name = text.get();
        let (head, tail) = text::split_for_middle_cut(&name);
        (head.to_owned(), tail.to_owned())
    });
    view! {
        <span class="cut-middle">
            <span>{move || parts.get().0}</span>
            <span>{move || parts.get().1}</span>
        </span>
    }
}

/// A path, cut at its front where there is no room.
#[component]
pub fn PathName(
    /// The path.
    #[prop(into)]
    path: String,
) -> impl IntoView {
    view! { <span class="path cut-front" title=path.clone()><bdi>{path.clone()}</bdi></span> }
}
