//! Text that fits: measured in terminal columns, cut between characters as a person sees them, safe to print.

use std::borrow::Cow;

use orchestra_core::render::visible;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands where something was cut.
const CUT: &str = "…";

/// How many terminal columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// A foreign text as one safe line: escapes and hidden characters made visible, white space folded.
pub(crate) fn one_line(text: &str) -> String {
    let shown = visible(text);
    let mut line = String::with_capacity(shown.len());
    for word in shown.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// A text of several lines, safe to print: a message that may quote a file name.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    visible(text)
}

/// The text, cut in its middle when it is wider than `columns`; a little more of its beginning stays.
pub(crate) fn cut_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(width(CUT)) else { return Cow::Borrowed("") };
    let head = head(text, room - room * 2 / 5);
    let tail = tail(text, room - width(head));
    Cow::Owned(format!("{}{CUT}{}", head.trim_end(), tail.trim_start()))
}

/// The text, cut at its end when it is wider than `columns`.
pub(crate) fn cut_end(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(width(CUT)) else { return Cow::Borrowed("") };
    Cow::Owned(format!("{}{CUT}", head(text, room)))
}

/// The text, cut at its front when it is wider than `columns`: for paths, whose end says most.
pub(crate) fn cut_front(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(width(CUT)) else { return Cow::Borrowed("") };
    Cow::Owned(format!("{CUT}{}", tail(text, room)))
}

/// As much of the text's beginning as fits.
fn head(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, character) in text.grapheme_indices(true) {
        taken += width(character);
        if taken > columns {
            return &text[..at];
        }
    }
    text
}

/// As much of the text's end as fits.
fn tail(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let mut from = text.len();
    for (at, character) in text.grapheme_indices(true).rev() {
        taken += width(character);
        if taken > columns {
            break;
        }
        from = at;
    }
    &text[from..]
}

/// Spaces that fill a text up to `columns`.
pub(crate) fn padding(text: &str, columns: usize) -> String {
    " ".repeat(columns.saturating_sub(width(text)))
}

/// `1 session`, `2 sessions`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_keeps_both_ends_and_fits() {
        assert_eq!(cut_middle("Rename Cart to Basket", 21), "Rename Cart to Basket");
        assert_eq!(cut_middle("Rename Cart to Basket everywhere", 16), "Rename Ca…ywhere");
        assert_eq!(cut_front("/home/ada/work/shop", 10), "…work/shop");
        assert_eq!(cut_middle("abc", 1), "…");
        assert_eq!(cut_middle("abc", 0), "");
    }

    #[test]
    fn a_cut_never_splits_what_is_seen_as_one() {
        let family = "👨‍👩‍👧‍👦";
        for text in [family.repeat(8), "日本語のセッション".repeat(3), "e\u{301}".repeat(20)] {
            for columns in 0..20 {
                let cut = cut_middle(&text, columns);
                assert!(width(&cut) <= columns, "{cut} in {columns}");
                assert!(
                    !cut.contains("\u{200d}…") && !cut.contains("…\u{200d}") && !cut.contains("…\u{301}")
                );
            }
        }
    }

    #[test]
    fn a_foreign_text_becomes_one_harmless_line() {
        assert_eq!(one_line("  two\n\tlines \u{1b}[31mred\u{1b}[0m "), "two lines red");
        assert!(!one_line("a\u{202e}b\u{7}").contains(['\u{202e}', '\u{7}']));
    }
}
