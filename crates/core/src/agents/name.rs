//! A short name from whatever a task says: what people type, and what the branch is called.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest name, in bytes.
const LONGEST: usize = 24;
/// What a task without a letter or a digit is called.
const NAMELESS: &str = "task";

/// Words of ASCII letters and digits with dashes between them, cut between words where that is possible; never empty,
/// never an option.
pub fn slug(task: &str) -> String {
    let line = task.lines().find(|line| line.chars().any(char::is_alphanumeric)).unwrap_or_default();
    let mut slug = String::new();
    // Letters lose what stands on them; scripts without ASCII letters part words.
    for character in line.nfd().filter(|character| !is_combining_mark(*character)).take(4 * LONGEST) {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && character != '\'' {
            slug.push('-');
        }
    }
    if slug.len() > LONGEST {
        let cut = slug[..=LONGEST].rfind('-').filter(|cut| *cut > LONGEST / 2).unwrap_or(LONGEST);
        slug.truncate(cut);
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { NAMELESS.to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tasks_become_names() {
        for (task, name) in [
            ("build auth", "build-auth"),
            ("  Fix the login!  ", "fix-the-login"),
            ("\n\nÄndere Größen — don't", "andere-gro-en-dont"),
            ("--settings={\"a\":1}", "settings-a-1"),
            ("日本語", "task"),
            ("", "task"),
            ("🎉 party 🎉", "party"),
            ("../../etc/passwd", "etc-passwd"),
            ("a\0b", "a-b"),
            ("Write an end-to-end test for the checkout, then fix what it finds", "write-an-end-to-end-test"),
        ] {
            assert_eq!(slug(task), name, "{task:?}");
        }
        assert_eq!(slug(&"x".repeat(1 << 20)), "x".repeat(LONGEST));
    }

    proptest! {
        #[test]
        fn a_name_is_always_safe(task in any::<String>()) {
            let name = slug(&task);
            prop_assert!((1..=LONGEST).contains(&name.len()));
            prop_assert!(!name.starts_with('-') && !name.ends_with('-') && !name.contains("--"));
            let is_plain = |byte: u8| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
            prop_assert!(name.bytes().all(is_plain));
        }
    }
}
