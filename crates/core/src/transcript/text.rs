//! The text of a JSON string, unescaped only when somebody wants to read it, and only as much as is carried.

use memchr::memmem;
use orchestra_model::{Excerpt, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use crate::prompt;

/// What stands between the quotes of a JSON string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawText<'a>(pub(super) &'a [u8]);

impl<'a> RawText<'a> {
    /// A number that stands for the text; never 0, which stands for nothing.
    pub(super) fn hash(self) -> u64 {
        xxh3_64(self.0).max(1)
    }

    /// Whether nothing is in it but white space.
    pub(super) fn is_blank(self) -> bool {
        self.trim_start().0.is_empty()
    }

    /// The text from its first character that is not white space.
    pub(super) fn trim_start(self) -> Self {
        let mut rest = self.0;
        loop {
            rest = match rest {
                [b' ' | b'\t' | b'\n' | b'\r', after @ ..] | [b'\\', b'n' | b't' | b'r', after @ ..] => after,
                _ => return Self(rest),
            };
        }
    }

    /// Whether it begins with a word that needs no escaping.
    pub(super) fn starts_with(self, word: &str) -> bool {
        self.0.starts_with(word.as_bytes())
    }

    /// What stands between the first `<tag>` and the `</tag>` after it, or the end.
    pub(super) fn inside(self, tag: &str) -> Option<Self> {
        let open = format!("<{tag}>");
        let from = memmem::find(self.0, open.as_bytes())? + open.len();
        let rest = &self.0[from..];
        let to = memmem::find(rest, format!("</{tag}>").as_bytes()).unwrap_or(rest.len());
        Some(Self(&rest[..to]))
    }

    /// The text, at most about `limit` bytes of it.
    pub(super) fn excerpt(self, limit: usize) -> Excerpt {
        let mut excerpt = Excerpt::default();
        self.append_to(&mut excerpt, limit);
        excerpt
    }

    /// Appends the text to an excerpt that may hold `limit` bytes in all.
    pub(super) fn append_to(self, excerpt: &mut Excerpt, limit: usize) {
        let room = limit.saturating_sub(excerpt.text.len());
        if excerpt.omitted > 0 || room == 0 {
            excerpt.omitted += self.0.len() as u64;
            return;
        }
        let taken = unescape(self.0, room, &mut excerpt.text);
        excerpt.omitted += (self.0.len() - taken) as u64;
    }

    /// The whole text; for names and ids, which are short: it is cut at 4 KB.
    pub(super) fn to_text(self) -> String {
        self.excerpt(4096).text
    }

    /// The first line that is not blank, at most `limit` characters, an ellipsis where it was cut.
    pub(super) fn one_line(self, limit: usize) -> String {
        one_line(&self.excerpt(limit.saturating_mul(8).max(1024)).text, limit)
    }

    /// The moment it names.
    pub(super) fn timestamp(self) -> Option<Timestamp> {
        usual_timestamp(self.0).or_else(|| std::str::from_utf8(self.0).ok()?.parse().ok())
    }
}

/// The first line of a text that is not blank, with runs of white space as one space, at most `limit` characters.
pub(super) fn one_line(text: &str, limit: usize) -> String {
    text.lines().find_map(|line| prompt::one_line(line, limit)).unwrap_or_default()
}

/// The one form the client writes, `2026-11-23T07:10:24.374Z`, without a general parser.
fn usual_timestamp(text: &[u8]) -> Option<Timestamp> {
    let &[
        y0,
        y1,
        y2,
        y3,
        b'-',
        o0,
        o1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        m0,
        m1,
        b':',
        s0,
        s1,
        b'.',
        f0,
        f1,
        f2,
        b'Z',
    ] = text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[o0, o1])?, number(&[d0, d1])?);
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[m0, m1])?, number(&[s0, s1])?);
    let plausible = (1970..=9000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !plausible {
        // The last days of a month are left to the parser that knows the calendar.
        return None;
    }
    // Days since 1970-01-01 by counting years from March, so that a leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    Timestamp::from_millisecond(seconds * 1000 + number(&[f0, f1, f2])?).ok()
}

/// Appends at most `room` bytes of an escaped text, and returns how many bytes of it that took.
///
/// Bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD.
fn unescape(raw: &[u8], room: usize, out: &mut String) -> usize {
    let limit = out.len().saturating_add(room);
    let mut at = 0;
    while at < raw.len() && out.len() < limit {
        let rest = &raw[at..];
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        if plain > 0 {
            let wanted = plain.min(limit - out.len());
            let taken = if wanted < plain { character_boundary(rest, wanted) } else { wanted };
            if taken == 0 {
                break;
            }
            match std::str::from_utf8(&rest[..taken]) {
                Ok(text) => out.push_str(text),
                Err(_) => out.push_str(&String::from_utf8_lossy(&rest[..taken])),
            }
            at += taken;
            if taken < plain {
                break;
            }
            continue;
        }
        let (character, length) = escape(rest);
        out.push(character);
        at += length;
    }
    at
}

/// The last place at or before `at` that is not within a character.
fn character_boundary(text: &[u8], at: usize) -> usize {
    let mut boundary = at;
    while boundary > 0 && at - boundary < 4 && text.get(boundary).is_some_and(|byte| byte & 0xC0 == 0x80) {
        boundary -= 1;
    }
    boundary
}

/// The character that the escape at the beginning of `raw` stands for, and the escape's length.
fn escape(raw: &[u8]) -> (char, usize) {
    let character = match raw.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => return unicode_escape(raw),
        Some(byte) if byte.is_ascii() => char::from(*byte),
        Some(_) | None => return ('\u{fffd}', 1),
    };
    (character, 2)
}

fn unicode_escape(raw: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = raw.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match unit(0) {
        Some(high @ 0xD800..=0xDBFF) => match unit(6) {
            Some(low @ 0xDC00..=0xDFFF) => {
                let code = 0x1_0000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                (char::from_u32(code).unwrap_or('\u{fffd}'), 12)
            }
            _ => ('\u{fffd}', 6),
        },
        Some(unit) => (char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}'), 6),
        None => ('\u{fffd}', 2),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn odd_escapes_are_read_around() {
        assert_eq!(RawText(br"a\ud83d\ude00b\ud83dc\q\u12").to_text(), "a😀b\u{fffd}cq\u{fffd}12");
        assert_eq!(RawText(b"\xff\\").to_text(), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn an_excerpt_counts_what_it_leaves_out() {
        let excerpt = RawText("aéé".as_bytes()).excerpt(2);
        assert_eq!(excerpt, Excerpt { text: "a".into(), omitted: 4 });
        assert_eq!(RawText(b"abc").excerpt(3), Excerpt::whole("abc"));
        assert_eq!(RawText(br"\nbc").excerpt(1), Excerpt { text: "\n".into(), omitted: 2 });
    }

    #[test]
    fn what_stands_inside_a_tag_is_found() {
        let text = RawText(b"\\n <a>x</a><b>y");
        assert!(text.trim_start().starts_with("<a>"));
        assert_eq!(text.inside("a").unwrap().0, b"x");
        assert_eq!(text.inside("b").unwrap().0, b"y");
        assert!(text.inside("c").is_none());
        assert!(RawText(b" \\n\\t").is_blank());
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line("\n  a \t b\nc", 10), "a b");
        assert_eq!(one_line("abcdef", 3), "abc…");
    }

    proptest! {
        #[test]
        fn unescaping_is_what_serde_does(text in any::<String>(), limit in 0_usize..64) {
            let json = serde_json::to_string(&text).unwrap();
            let raw = RawText(&json.as_bytes()[1..json.len() - 1]);
            prop_assert_eq!(raw.excerpt(usize::MAX), Excerpt::whole(text.clone()));
            let cut = raw.excerpt(limit);
            prop_assert!(text.starts_with(&cut.text));
            prop_assert_eq!(cut.omitted > 0, cut.text.len() < text.len());
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..64), limit in 0_usize..64) {
            let _ = RawText(&bytes).excerpt(limit);
            let _ = RawText(&bytes).timestamp();
        }

        #[test]
        fn the_usual_timestamp_agrees_with_the_parser(seconds in 0_i64..4_000_000_000, milliseconds in 0_i64..1000) {
            let at = Timestamp::from_millisecond(seconds * 1000 + milliseconds).unwrap();
            let text = format!("{at:.3}");
            prop_assert_eq!(RawText(text.as_bytes()).timestamp(), Some(at));
            if let Some(usual) = usual_timestamp(text.as_bytes()) {
                prop_assert_eq!(usual, at);
            }
        }
    }
}
