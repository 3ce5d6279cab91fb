//! Small parts that several drawings share.

use leptos::prelude::*;

use crate::text;

/// A text with what hides in it shown.
pub(super) fn visible(text: &str) -> String {
    orchestra_core::render::visible(text).into_owned()
}

/// A path, cut at its front where there is no room.
pub(super) fn path(path: &str) -> impl IntoView + use<> {
    let path = visible(path);
    view! { <span class="path cut-front" title=path.clone()><bdi>{path.clone()}</bdi></span> }
}

/// A name, cut in its middle where there is no room.
pub(super) fn name(name: &str) -> impl IntoView + use<> {
    let (head, tail) = text::split_for_middle_cut(name);
    view! { <span class="cut-middle"><span>{head.to_owned()}</span><span>{tail.to_owned()}</span></span> }
}

/// A moment with its day; the browser's clock makes it relative. Nothing for one that is unknown.
pub(super) fn moment(ms: i64, offset_seconds: i32) -> impl IntoView + use<> {
    let shown = text::stamp(ms, offset_seconds);
    (ms > 0).then(
        || view! { <time datetime=text::rfc3339(ms) title=shown.clone() data-ms=ms>{shown.clone()}</time> },
    )
}
