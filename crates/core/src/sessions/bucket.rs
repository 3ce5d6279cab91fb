//! The names of the folders that a client keeps transcripts in.
//!
//! A name is made from the working folder and loses information on the way, so it is never decoded: it only tells
//! which of the folders that a transcript mentions is the one the session began in.

use unicode_normalization::UnicodeNormalization;

/// The longest name that is not shortened by a hash.
const LONGEST: usize = 200;

/// Whether a bucket of this name is the one for a working folder.
pub(super) fn is_bucket_of(bucket: &str, folder: &str) -> bool {
    let encoded: String = folder
        .nfc()
        .flat_map(|character| {
            let keep = character.is_ascii_alphanumeric();
            std::iter::repeat_n(if keep { character } else { '-' }, character.len_utf16())
        })
        .collect();
    match encoded.get(..LONGEST) {
        Some(beginning) if encoded.len() > LONGEST => {
            bucket.strip_prefix(beginning).is_some_and(|hash| hash.starts_with('-'))
        }
        _ => bucket == encoded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_information() {
        assert!(is_bucket_of("-home-ada-api-v2", "/home/ada/api.v2"));
        assert!(is_bucket_of("-home-ada-api-v2", "/home/ada/api_v2"));
        assert!(!is_bucket_of("-home-ada-api-v2", "/home/ada/api"));
        assert!(is_bucket_of("-home---", "/home/名前"));
        assert!(is_bucket_of("----", "/😀/"));
        assert!(is_bucket_of("-caf--", "/cafe\u{301}/"));
    }

    #[test]
    fn long_names_end_in_a_hash() {
        let folder = format!("/{}", "a".repeat(300));
        assert!(is_bucket_of(&format!("-{}-1x2y3z", "a".repeat(199)), &folder));
        assert!(!is_bucket_of(&format!("-{}", "a".repeat(300)), &folder));
    }
}
