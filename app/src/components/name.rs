//! Names that may be too long: cut in the middle by the layout, the whole text one hover or tap away.

use leptos::prelude::*;

use crate::text;

/// A name, cut in its middle where there is no room.
#[component]
pub fn Name(
    /// The name.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let head = move || text::split_for_middle_cut(&text.read()).0.to_owned();
    let tail = move || text::split_for_middle_cut(&text.read()).1.to_owned();
    view! {
        <span class="cut-middle">
            <span>{head}</span>
            <span>{tail}</span>
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
