//! A scanner over one line of JSON: no tree, no copies, no recursion into what nobody asked for.
//!
//! Serde would do, but not at the speed of a disk: most bytes of a transcript are strings and objects that are only
//! stepped over. The grammar is checked all the same, so that a record spliced into another is noticed; what is
//! forgiven is what cannot mislead: raw control characters, bytes that are not UTF-8, repeated keys (the last wins).
//! Knows nothing of transcripts.

use memchr::memchr2;

use super::{raw::Raw, text::RawText};

/// The text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) type Scan<T> = Result<T, Malformed>;

/// The scanner: a place in a text.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// A scanner at the beginning of a text.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Fails unless nothing but white space is left.
    pub(super) fn end(&mut self) -> Scan<()> {
        self.skip_space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(Malformed) }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is not white space, not yet taken.
    #[inline]
    fn peek(&mut self) -> Scan<u8> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => Ok(*byte),
            Some(_) => {
                self.skip_space();
                self.bytes.get(self.at).copied().ok_or(Malformed)
            }
            None => Err(Malformed),
        }
    }

    #[inline]
    fn take(&mut self, expected: u8) -> Scan<()> {
        if self.peek()? == expected {
            self.at += 1;
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Takes a string and returns what stands between its quotes.
    #[inline]
    fn string(&mut self) -> Scan<&'a [u8]> {
        self.take(b'"')?;
        let from = self.at;
        let to = string_end(self.bytes, from).ok_or(Malformed)?;
        self.at = to + 1;
        Ok(&self.bytes[from..to])
    }

    #[inline]
    fn key(&mut self) -> Scan<&'a [u8]> {
        let key = self.string()?;
        self.take(b':')?;
        Ok(key)
    }

    /// Takes the next value: a string, or something else that is stepped over.
    pub(super) fn text(&mut self) -> Scan<Option<RawText<'a>>> {
        if self.peek()? == b'"' {
            return self.string().map(|raw| Some(RawText(raw)));
        }
        self.skip().map(|()| None)
    }

    /// Takes the next value: `true`, or anything else, which is `false`.
    pub(super) fn flag(&mut self) -> Scan<bool> {
        let is_true = self.peek()? == b't';
        self.skip()?;
        Ok(is_true)
    }

    /// Takes the next value: a number without a sign, or something else that is stepped over. Fractions are cut.
    pub(super) fn number(&mut self) -> Scan<Option<u64>> {
        let raw = self.raw()?.0;
        let digits = raw.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(None);
        }
        match raw.get(digits) {
            None | Some(b'.') => {
                Ok(std::str::from_utf8(&raw[..digits]).ok().and_then(|digits| digits.parse().ok()))
            }
            Some(_) => Ok(None),
        }
    }

    /// Takes the next value and returns it unparsed.
    pub(super) fn raw(&mut self) -> Scan<Raw<'a>> {
        self.peek()?;
        let from = self.at;
        self.skip()?;
        Ok(Raw(&self.bytes[from..self.at]))
    }

    /// Takes an object, calling `field` with each key; `field` takes the value. `false` when it is no object.
    pub(super) fn object(&mut self, mut field: impl FnMut(&'a [u8], &mut Self) -> Scan<()>) -> Scan<bool> {
        self.items([b'{', b'}'], |scanner| {
            let key = scanner.key()?;
            field(key, scanner)
        })
    }

    /// Takes an array, calling `item` before each item; `item` takes it. `false` when it is no array.
    pub(super) fn array(&mut self, item: impl FnMut(&mut Self) -> Scan<()>) -> Scan<bool> {
        self.items([b'[', b']'], item)
    }

    /// Takes what stands between two brackets, parted by commas. `false` when something else stands there.
    #[inline]
    fn items(&mut self, [open, close]: [u8; 2], mut item: impl FnMut(&mut Self) -> Scan<()>) -> Scan<bool> {
        if self.peek()? != open {
            return self.skip().map(|()| false);
        }
        self.at += 1;
        if self.peek()? == close {
            self.at += 1;
            return Ok(true);
        }
        loop {
            item(self)?;
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                next if next == close => return Ok(true),
                _ => return Err(Malformed),
            }
        }
    }

    /// Whether the next value is a string.
    pub(super) fn at_string(&mut self) -> Scan<bool> {
        Ok(self.peek()? == b'"')
    }

    /// Steps over the next value, however deep it is.
    pub(super) fn skip(&mut self) -> Scan<()> {
        let mut open = Nesting::default();
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' => {
                    self.at += 1;
                    if self.peek()? == b'}' {
                        self.at += 1;
                    } else {
                        open.push(true);
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    if self.peek()? == b']' {
                        self.at += 1;
                    } else {
                        open.push(false);
                        continue;
                    }
                }
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                b'-' | b'0'..=b'9' => {
                    while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.bytes.get(self.at) {
                        self.at += 1;
                    }
                }
                _ => return Err(Malformed),
            }
            loop {
                if open.depth == 0 {
                    return Ok(());
                }
                match (self.peek()?, open.in_object()) {
                    (b',', in_object) => {
                        self.at += 1;
                        if in_object {
                            self.key()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(Malformed),
                }
            }
        }
    }

    fn literal(&mut self, word: &[u8]) -> Scan<()> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Which brackets are open, a bit each; only what is deeper than 64 takes memory.
#[derive(Default)]
struct Nesting {
    depth: usize,
    bits: u64,
    outer: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    const fn in_object(&self) -> bool {
        self.bits & 1 == 1
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks the bytes of `word` that are zero; false marks stand only above a true one.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// Marks the quotes and backslashes among eight bytes; the lowest mark is a true one.
fn marks(bytes: &[u8; 8]) -> u64 {
    let word = u64::from_le_bytes(*bytes);
    zero_bytes(word ^ (LOW * b'"' as u64)) | zero_bytes(word ^ (LOW * b'\\' as u64))
}

/// How long a string must go on without a mark until memchr's vectors pay for their start.
const QUIET: usize = 64;

/// Where the quote stands that ends the string whose text begins at `at`.
///
/// Sixteen bytes at a time while strings are short or full of escapes, and memchr's vectors once one is long.
#[inline]
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let long = at + QUIET;
        loop {
            let Some((low, high)) = bytes.get(at..).and_then(|rest| {
                let pair = rest.first_chunk::<16>()?;
                Some((marks(pair.first_chunk()?), marks(pair.last_chunk()?)))
            }) else {
                at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
                break;
            };
            if low | high != 0 {
                at +=
                    if low != 0 { low.trailing_zeros() / 8 } else { 8 + high.trailing_zeros() / 8 } as usize;
                break;
            }
            at += 16;
            if at >= long {
                at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
                break;
            }
        }
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(text: &str) -> bool {
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.skip().and_then(|()| scanner.end()).is_ok()
    }

    #[test]
    fn what_is_json_is_accepted_and_what_is_not_is_not() {
        for good in [
            "{}",
            "[]",
            "0",
            "-1.5e3",
            " { \"a\" : [ 1 , {\"b\":null} , [] ] , \"c\":\"\\\"}\" } ",
            "\"\\\\\"",
            "[true,false,null]",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "",
            "{",
            "[1",
            "{\"a\"}",
            "{\"a\":}",
            "[1}",
            "{\"a\":1]",
            "\"a",
            "\"a\\\"",
            "tru",
            "{\"a\":1,}",
            "{\"a\":\"x{\"b\":1}",
            "{}{}",
            "{a:1}",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}{}", "[{\"a\":".repeat(500_000), "}]".repeat(500_000).replacen("}]", "1}]", 1));
        assert!(accepts(&deep));
        assert!(!accepts(&deep[..deep.len() - 1]));
        assert!(!accepts(&deep.replacen("}]", "]}", 1)));
    }

    proptest! {
        #[test]
        fn a_string_ends_where_serde_says(text in ".{0,200}", spoil in any::<bool>()) {
            let mut json = serde_json::to_string(&text).unwrap();
            if spoil {
                json = format!("{}\\\"\\\\{json}", &json[..1]).replacen("\"\"", "\"", 1);
            }
            let agreed = serde_json::from_str::<serde_json::Value>(&json).is_ok();
            prop_assert_eq!(accepts(&json), agreed);
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut scanner = Scanner::new(&bytes);
            let _ = scanner.skip();
            let _ = scanner.end();
        }

        #[test]
        fn values_are_accepted(value in "[\\[\\]{}\",:0-9a \\\\]{0,24}") {
            if serde_json::from_str::<serde_json::Value>(&value).is_ok() {
                prop_assert!(accepts(&value));
            }
        }
    }
}
