//! Text as it is: terminal escapes stripped, hidden characters shown.
//!
//! The result is safe to print on a terminal and honest to read on a page. It is not escaped for HTML.

use std::{borrow::Cow, fmt::Write as _};

/// The text without terminal escapes, and with every hidden character made visible.
///
/// - Complete escape sequences go: CSI (colours, cursor), OSC (titles, clipboard, hyperlinks; a link's words stay),
///   DCS, SOS, PM, APC, and the short ones, in their 7-bit and 8-bit forms.
/// - A sequence that is cut off or broken loses its introducer only, so nothing can hide behind one: `ESC ]` without
///   an end does not swallow the rest of the text.
/// - `\n` and `\t` stay, `\r\n` becomes `\n`, and so does a lone `\r` (a progress bar's redrawing becomes lines).
/// - Other control characters become their pictures (`␀`, `␈`), other invisible characters `⟨U+202E⟩`: bidirectional
///   marks, overrides and isolates, zero-width characters, fillers, tags. Joiners between characters that join (in
///   emoji, in Persian, in Indic scripts) stay.
///
/// Borrows when there is nothing to do. Linear in the text's length. Applying it twice is applying it once.
pub fn visible(text: &str) -> Cow<'_, str> {
    let Some(first) = first_suspect(text) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    let mut at = first;
    while let Some(character) = text[at..].chars().next() {
        let next = at + character.len_utf8();
        at = match character {
            '\n' | '\t' => {
                out.push(character);
                next
            }
            '\r' => {
                if !text[next..].starts_with('\n') {
                    out.push('\n');
                }
                next
            }
            '\u{1b}' => after_escape(text, next).unwrap_or_else(|| {
                out.push('␛');
                next
            }),
            '\u{80}'..='\u{9f}' => after_eight_bit(text, character, next).unwrap_or_else(|| {
                push_code_point(&mut out, character);
                next
            }),
            '\0'..='\u{1f}' => {
                out.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('␀'));
                next
            }
            '\u{7f}' => {
                out.push('␡');
                next
            }
            '\u{200c}' | '\u{200d}' if joins(&out, &text[next..]) => {
                out.push(character);
                next
            }
            _ if is_hidden(character) => {
                push_code_point(&mut out, character);
                next
            }
            _ => {
                out.push(character);
                next
            }
        };
    }
    Cow::Owned(out)
}

/// Whether a character is one that [`visible`] never lets through outside a joined pair: a control character other
/// than `\n` and `\t`, or one that shows nothing or reorders what others show.
pub(crate) fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        '\u{ad}' | '\u{34f}' | '\u{61c}' => true,
        // Hangul and Khmer fillers and the Mongolian vowel separator: letters that show nothing.
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}' => true,
        // Zero-width characters and marks, line and paragraph separators, embeddings and overrides.
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        // Word joiner, invisible operators, isolates, deprecated format characters.
        '\u{2060}'..='\u{206f}' => true,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        // Musical format characters, then tags and the variation selectors beyond the first sixteen.
        '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// Where the first character stands that may need something done.
fn first_suspect(text: &str) -> Option<usize> {
    let first = text.bytes().position(|byte| !matches!(byte, b'\n' | b'\t' | b' '..=b'~'))?;
    text[first..].char_indices().find(|(_, character)| is_hidden(*character)).map(|(at, _)| first + at)
}

fn push_code_point(out: &mut String, character: char) {
    // Writing to a String does not fail.
    let _ = write!(out, "⟨U+{:04X}⟩", u32::from(character));
}

/// Whether a joiner between what was written and what follows does what joiners are for.
fn joins(written: &str, following: &str) -> bool {
    let is_joined = |character: char| {
        !is_hidden(character)
            && matches!(u32::from(character), 0x600..=0x1fff | 0x2190..=0x27e5 | 0x27f0..=0xfffd | 0x1_0000..)
    };
    written.chars().next_back().is_some_and(is_joined) && following.chars().next().is_some_and(is_joined)
}

/// The end of the escape sequence whose ESC ends before `at`, or `None` when there is no complete one.
fn after_escape(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    match *bytes.get(at)? {
        b'[' => after_csi(bytes, at + 1),
        b']' => after_string(text, at + 1, true),
        b'P' | b'X' | b'^' | b'_' => after_string(text, at + 1, false),
        b' '..=b'/' => {
            let end = at + bytes[at..].iter().take_while(|byte| matches!(byte, b' '..=b'/')).count();
            matches!(bytes.get(end), Some(b'0'..=b'~')).then_some(end + 1)
        }
        b'0'..=b'~' => Some(at + 1),
        _ => None,
    }
}

/// The same for the 8-bit introducers, which stand in text as the characters U+0080 to U+009F.
fn after_eight_bit(text: &str, introducer: char, at: usize) -> Option<usize> {
    match introducer {
        '\u{9b}' => after_csi(text.as_bytes(), at),
        '\u{9d}' => after_string(text, at, true),
        '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => after_string(text, at, false),
        _ => None,
    }
}

/// The end of a control sequence: parameters, intermediates, one final byte.
fn after_csi(bytes: &[u8], at: usize) -> Option<usize> {
    let end = at + bytes[at..].iter().take_while(|byte| matches!(byte, b' '..=b'?')).count();
    matches!(bytes.get(end), Some(b'@'..=b'~')).then_some(end + 1)
}

/// The end of a control string: up to ST, or BEL where that ends one. Any other control character but the ones that
/// text has anyway breaks it off; so each stretch of text is searched once, however many introducers stand in it.
fn after_string(text: &str, at: usize, bell_ends: bool) -> Option<usize> {
    let rest = &text[at..];
    let (offset, end) = rest.char_indices().find(|(_, character)| match character {
        // A command never spans lines; a picture does.
        '\n' | '\r' => bell_ends,
        '\t' => false,
        character => character.is_control(),
    })?;
    match end {
        '\u{7}' if bell_ends => Some(at + offset + 1),
        '\u{9c}' => Some(at + offset + 2),
        '\u{1b}' if rest[offset + 1..].starts_with('\\') => Some(at + offset + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["", "plain\n\ttext ~", "Zoë, 日本語, العربية, 👋🏽 ✈️", "⟨U+202E⟩", "␛[0m"]
        {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn terminal_escapes_go_and_their_words_stay() {
        for (text, shown) in [
            ("\x1b[1;31mred\x1b[0m", "red"),
            ("a\x1b[2J\x1b[Hb", "ab"),
            ("\x1b]0;a title\x07x", "x"),
            ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b]52;c;cm0gLXJmIC8=\x07", ""),
            ("\x1bPq#0;2;0;0;0\n#0~~\x1b\\x", "x"),
            ("\x1b_Gf=24\x1b\\x", "x"),
            ("\x1b(Bx\x1b7y\x1b=z", "xyz"),
            ("\u{9b}31mx\u{9d}0;t\u{9c}y", "xy"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn nothing_hides_behind_a_broken_escape() {
        for (text, shown) in [
            ("a\x1b]0;never ended", "a␛]0;never ended"),
            ("\x1b]0;first line\nsecond\x07", "␛]0;first line\nsecond␇"),
            ("\x1b]0;a\x1b[31mb", "␛]0;ab"),
            ("\x1b", "␛"),
            ("\x1b[", "␛["),
            ("\x1b[31", "␛[31"),
            ("\x1b[31\né", "␛[31\né"),
            ("\x1bé", "␛é"),
            ("\x1b\x1b[0m", "␛"),
            ("\x1b[0\x1b[0m", "␛[0"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(visible("a\0b\x08c\x7f"), "a␀b␈c␡");
        assert_eq!(visible("one\r\ntwo\r\n"), "one\ntwo\n");
        assert_eq!(visible("10%\r20%\r\n"), "10%\n20%\n");
        assert_eq!(visible("a\u{85}b\u{2028}c"), "a⟨U+0085⟩b⟨U+2028⟩c");
    }

    #[test]
    fn hidden_characters_are_shown_and_joiners_that_join_stay() {
        assert_eq!(visible("if admin\u{202e} } \u{2066}"), "if admin⟨U+202E⟩ } ⟨U+2066⟩");
        assert_eq!(visible("pass\u{200b}word\u{200d}s\u{feff}"), "pass⟨U+200B⟩word⟨U+200D⟩s⟨U+FEFF⟩");
        assert_eq!(visible("\u{e0041}"), "⟨U+E0041⟩");
        for kept in ["👩‍👩‍👧", "❤️‍🔥", "می‌خواهم", "क्‍ष"] {
            assert_eq!(visible(kept), kept);
        }
        assert_eq!(visible("می\u{200c}\u{200c}x"), "می⟨U+200C⟩⟨U+200C⟩x");
    }

    #[test]
    fn a_flood_of_introducers_is_read_once() {
        let flood = "\x1b]".repeat(500_000);
        assert_eq!(visible(&flood).len(), 500_000 * "␛]".len());
        let flood = "\u{90}\n".repeat(500_000);
        assert_eq!(visible(&flood).matches('\n').count(), 500_000);
    }

    proptest! {
        #[test]
        fn what_is_visible_hides_nothing_and_stays_as_it_is(
            text in "([\\x00-\\x7f]|[\\x1b\\u{90}\\u{9b}\\u{9c}\\u{9d}]|[\\u{200b}-\\u{202e}]|[\\[\\]\\\\;mP_]|\\PC|.)*"
        ) {
            let shown = visible(&text);
            for character in shown.chars() {
                let is_fine = !is_hidden(character) || matches!(character, '\u{200c}' | '\u{200d}');
                prop_assert!(is_fine, "{:?} in {:?}", character, shown);
            }
            prop_assert_eq!(visible(&shown), shown.as_ref());
        }
    }
}
