//! Turns what a transcript holds into something safe to show: HTML for pages, text for terminals.
//!
//! Everything in a transcript is written by someone else: a person, a model, a program that the model ran. So nothing
//! of it is ever markup of ours. Text passes through [`visible`], which takes terminal escapes out and makes hidden
//! characters visible; Markdown becomes HTML through [`markdown`], which knows a short list of tags and lets nothing
//! else through; code is coloured by [`highlight`] with one-letter classes whose colours stand in `style/code.css`.
//!
//! Every function here is total and bounded: any input gives an answer, in time and memory in proportion to its size.
//! This module knows nothing of sessions, pages or files.

mod brief;
mod highlight;
mod markdown;
mod sanitize;
mod visible;

use std::borrow::Cow;

pub use brief::brief;
pub use highlight::{highlight, highlight_hunk};
pub(crate) use markdown::is_reasonable as is_reasonable_markdown;
pub use markdown::markdown;
/// For the fuzz target alone, which checks that no other tag gets through.
#[doc(hidden)]
pub use sanitize::TAGS as MARKDOWN_TAGS;
pub(crate) use visible::is_hidden;
pub use visible::visible;

/// Escapes a text for HTML, in an element or in a quoted attribute.
pub fn escape_html(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')) {
        let mut escaped = String::with_capacity(text.len() + text.len() / 8);
        push_escaped(&mut escaped, text);
        Cow::Owned(escaped)
    } else {
        Cow::Borrowed(text)
    }
}

/// Appends a text to HTML, escaped.
fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_borrows_what_needs_none() {
        assert!(matches!(escape_html("plain é ⟨text⟩"), Cow::Borrowed(_)));
        assert_eq!(
            escape_html("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
    }
}
