//! Identifiers as types, so that an id is never mistaken for a path, an option or a title.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Makes a type of ids that hold 1 to 128 bytes of `[A-Za-z0-9_-]` and do not begin with `-`: they can neither leave a
/// folder nor be read as an option of a program.
macro_rules! id {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first eight characters: enough for a person to recognise it, not necessarily unique.
            pub fn short(&self) -> &str {
                self.0.get(..8).unwrap_or(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId(text.chars().take(64).collect()))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// The id of a session: the name of its transcript without `.jsonl`, for Claude Code a UUID.
    SessionId
}

id! {
    /// The id of an agent: the name of its folder among Orchestra's own files.
    AgentId
}

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id: ids are letters, digits, '-' and '_', at most 128 of them")]
pub struct InvalidId(pub String);

/// Whether a text may stand where an id, or the beginning of one, is expected.
fn is_valid(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_neither_a_path_nor_an_option() {
        for bad in ["", "../x", "a/b", "--settings=x", "-x", "a\0b", "%2e%2e", "a b", "é", &"a".repeat(129)]
        {
            assert!(bad.parse::<SessionId>().is_err(), "{bad:?}");
        }
        let id: SessionId = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        assert_eq!(id.short(), "11111111");
    }

    #[test]
    fn a_bad_id_is_refused_by_serde_too() {
        assert!(serde_json::from_str::<SessionId>("\"../x\"").is_err());
    }
}
