//! A scanner over one line of JSON: no tree, no copies, no recursion into what nobody asked for.
//!
//! Serde would do, but not at the speed of a disk: most bytes of a transcript are strings and objects that are only
//! stepped over. The grammar is checked all the same, so that a record spliced into another is noticed; what is
//! forgiven is what cannot mislead: raw control characters, bytes that are not UTF-8, repeated keys (the last wins).
//! Knows nothing of transcripts.

use memchr::memchr2;

use super::text::RawText;

/// The text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) type Scan<T> = Result<T, Malformed>;

/// A JSON value as it stands in the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> Raw<'a> {
    /// A scanner that stands before the value.
    pub(super) fn scan(self) -> Scanner<'a> {
        Scanner::new(self.0)
    }

    /// The value as a string.
    pub(super) fn text(self) -> Option<RawText<'a>> {
        self.scan().text().ok().flatten()
    }

    /// The value as a number without a sign.
    pub(super) fn number(self) -> Option<u64> {
        self.scan().number().ok().flatten()
    }

    /// Calls `each` with every field of an object; stops early without a word where the text is not JSON.
    pub(super) fn fields(self, mut each: impl FnMut(&'a [u8], Raw<'a>)) {
        let _ = self.scan().object(|key, scanner| {
            each(key, scanner.raw()?);
            Ok(())
        });
    }

    /// Calls `each` with every item of an array.
    pub(super) fn items(self, mut each: impl FnMut(Raw<'a>)) {
        let _ = self.scan().array(|scanner| {
            each(scanner.raw()?);
            Ok(())
        });
    }

    /// One field of an object.
    pub(super) fn field(self, name: &[u8]) -> Option<Self> {
        let mut found = None;
        self.fields(|key, value| {
            if key == name {
                found = Some(value);
            }
        });
        found
    }

    /// One field of an object, when it is a string.
    pub(super) fn text_field(self, name: &[u8]) -> Option<RawText<'a>> {
        self.field(name)?.text()
    }
}

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
        if self.peek()? != b'{' {
            return self.skip().map(|()| false);
        }
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(true);
        }
        loop {
            let key = self.key()?;
            field(key, self)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(true);
                }
                _ => return Err(Malformed),
            }
        }
    }

    /// Takes an array, calling `item` before each item; `item` takes it. `false` when it is no array.
    pub(super) fn array(&mut self, mut item: impl FnMut(&mut Self) -> Scan<()>) -> Scan<bool> {
        if self.peek()? != b'[' {
            return self.skip().map(|()| false);
        }
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(true);
        }
        loop {
            item(self)?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(true);
                }
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

/// Where the quote stands that ends the string whose text begins at `at`.
///
/// Eight bytes at a time while strings are short or full of escapes, and memchr's vectors once one is long.
#[inline]
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut quiet = 0;
    loop {
        if quiet >= 64 {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        } else if let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*word);
            let found = zero_bytes(word ^ (LOW * b'"' as u64)) | zero_bytes(word ^ (LOW * b'\\' as u64));
            if found == 0 {
                at += 8;
                quiet += 8;
                continue;
            }
            at += (found.trailing_zeros() / 8) as usize;
        } else {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        }
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
        quiet = 0;
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

    #[test]
    fn typed_reads_step_over_what_does_not_fit() {
        let raw = Raw(br#"{"n":7,"f":7.9,"m":-1,"s":"x","b":true,"o":{"n":1},"a":[1,"y"]}"#);
        let number = |name: &[u8]| raw.field(name).unwrap().number();
        assert_eq!((number(b"n"), number(b"f"), number(b"m"), number(b"s")), (Some(7), Some(7), None, None));
        assert_eq!(raw.text_field(b"s").unwrap().0, b"x");
        assert!(raw.text_field(b"n").is_none());
        assert!(raw.field(b"b").unwrap().scan().flag().unwrap());
        let mut items = 0;
        raw.field(b"a").unwrap().items(|_| items += 1);
        raw.field(b"o").unwrap().items(|_| items += 1);
        assert_eq!(items, 2);
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
