//! Field types that take whatever JSON stands there and keep it only when it fits.
//!
//! A record whose `timestamp` is suddenly a number is still a record. Use with `#[serde(default, borrow)]`.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A string, when one stands there; borrowed from the line unless it holds escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl Text<'_> {
    /// The string.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The string, owned, unless it is empty.
    pub fn non_empty(&self) -> Option<String> {
        self.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// A boolean; anything else is `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

/// A number without a sign; anything else is `None`. Fractions are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Number(pub Option<u64>);

/// Another record, when an object stands there that can be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

struct TextVisitor;
struct FlagVisitor;
struct NumberVisitor;
struct ObjectVisitor<T>(std::marker::PhantomData<T>);

/// What all visitors do alike: JSON that does not fit is taken whole and forgotten.
macro_rules! ignore {
    ($value:expr; $($visit:ident($type:ty)),*) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("anything")
        }

        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok($value)
        })*

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
    ($value:expr; map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text))))
    }

    ignore!(Text(None); visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
    ignore!(Text(None); map);
}

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Flag(flag))
    }

    ignore!(Flag(false); visit_str(&str), visit_i64(i64), visit_u64(u64), visit_f64(f64));
    ignore!(Flag(false); map);
}

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Number(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Number(u64::try_from(number).ok()))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Number((0.0..9e15).contains(&number).then_some(number as u64)))
    }

    ignore!(Number(None); visit_bool(bool), visit_str(&str));
    ignore!(Number(None); map);
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(entries)).map(|value| Object(Some(value)))
    }

    ignore!(Object(None); visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Record<'a> {
        #[serde(borrow)]
        text: Text<'a>,
        flag: Flag,
        number: Number,
        #[serde(borrow)]
        inner: Object<Inner<'a>>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner<'a> {
        #[serde(borrow)]
        text: Text<'a>,
    }

    #[test]
    fn what_fits_is_kept() {
        let json =
            r#"{"text":"a","flag":true,"number":7.9,"inner":{"text":"b","more":[{}]},"unknown":{"x":[1]}}"#;
        let record: Record<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(record.text.as_str(), Some("a"));
        assert!(record.flag.0);
        assert_eq!(record.number.0, Some(7));
        assert_eq!(record.inner.0.unwrap().text.as_str(), Some("b"));
    }

    #[test]
    fn what_does_not_fit_is_nothing_and_no_error() {
        for wrong in ["1", "-1", "1e300", "null", "true", "[1,[2]]", r#"{"a":{"b":1}}"#, r#""text""#] {
            let json = format!(r#"{{"text":{wrong},"flag":{wrong},"number":{wrong},"inner":{wrong},"z":1}}"#);
            serde_json::from_str::<Record<'_>>(&json).unwrap_or_else(|error| panic!("{wrong}: {error}"));
        }
    }
}
