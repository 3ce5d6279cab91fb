//! JSON values that are found but not read yet: fields and items on request.

use super::{scan::Scanner, text::RawText};

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

/// The fields of an object, found once to be asked for often.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(&'a [u8], Raw<'a>)>);

/// More fields than any tool takes.
const MOST_FIELDS: usize = 64;

impl<'a> Fields<'a> {
    /// The fields of an object; none of anything else.
    pub(super) fn of(raw: Raw<'a>) -> Self {
        let mut fields = vec![];
        raw.fields(|key, value| {
            if fields.len() < MOST_FIELDS {
                fields.push((key, value));
            }
        });
        Self(fields)
    }

    /// One field; the last of that name.
    pub(super) fn field(&self, name: &[u8]) -> Option<Raw<'a>> {
        self.0.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// One field, when it is a string.
    pub(super) fn text(&self, name: &[u8]) -> Option<RawText<'a>> {
        self.field(name)?.text()
    }

    /// The strings among the fields.
    pub(super) fn texts(&self) -> impl Iterator<Item = RawText<'a>> {
        self.0.iter().filter_map(|(_, value)| value.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn fields_are_found_once() {
        let fields = Fields::of(Raw(br#"{"a":1,"b":"x","a":2}"#));
        assert_eq!(fields.field(b"a").unwrap().number(), Some(2));
        assert_eq!(fields.texts().count(), 1);
        assert!(Fields::of(Raw(b"[1]")).field(b"a").is_none());
    }
}
