//! Small parts that several drawings share.

use leptos::prelude::*;

use crate::text;

/// A text with what hides in it shown.
pub(super) fn visible(text: &str) -> String {
    orchestra_core::render::visible(text).into_owned()
}

/// A sentence in which a model may have marked code by backquotes.
pub(super) fn sentence(text: &str) -> AnyView {
    let mut pieces = text.split('`').peekable();
    let mut is_code = false;
    let mut drawn = Vec::new();
    while let Some(piece) = pieces.next() {
        // The last mark of an odd number marks nothing.
        match (is_code, pieces.peek()) {
            (true, Some(_)) => drawn.push(view! { <code>{visible(piece)}</code> }.into_any()),
            (true, None) => drawn.push(format!("`{}", visible(piece)).into_any()),
            (false, _) if piece.is_empty() => {}
            (false, _) => drawn.push(visible(piece).into_any()),
        }
        is_code = !is_code;
    }
    drawn.into_any()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_as_code_is_drawn_as_code() {
        let drawn = |text| sentence(text).to_html().replace("<!>", "");
        assert_eq!(drawn("No marks."), "No marks.");
        assert_eq!(drawn("Of `sql` or `a<b>`?"), "Of <code>sql</code> or <code>a&lt;b&gt;</code>?");
        assert_eq!(drawn("`x` and an `odd one"), "<code>x</code> and an `odd one");
    }
}
