//! Reading around damage within one line.

use std::borrow::Cow;

use memchr::memmem;
use serde::de::IgnoredAny;

/// How many places in one damaged line are tried: enough for any crash, too few to be slow.
const MOST_ATTEMPTS: usize = 64;

/// How a record begins when it was written into the middle of another.
const BEGINNINGS: [&[u8]; 2] = [br#"{"parentUuid":"#, br#"{"type":"#];

/// Calls `read` with the text of each record in a line and returns how many damaged stretches were passed over.
///
/// An undamaged line is handed on as it is and costs nothing more. Otherwise invalid UTF-8, lone surrogates and raw
/// control characters are replaced, and then records are looked for that were spliced into the line. `read` parses
/// one JSON value and says with an error that the text is not one; it is not called again for what it took.
pub fn read_around(line: &[u8], mut read: impl FnMut(&[u8]) -> Result<(), serde_json::Error>) -> u32 {
    let line = line.trim_ascii();
    if line.is_empty() || read(line).is_ok() {
        return 0;
    }
    let repaired = repair_text(line);
    if repaired.as_ref() != line && read(&repaired).is_ok() {
        return 0;
    }
    let mut rest: &[u8] = &repaired;
    let mut damaged = 0;
    let mut in_damage = false;
    for _ in 0..MOST_ATTEMPTS {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            break;
        }
        match first_value_length(rest) {
            Some(length) if rest[0] == b'{' && read(&rest[..length]).is_ok() => {
                in_damage = false;
                rest = &rest[length..];
            }
            _ => {
                damaged += u32::from(!in_damage);
                in_damage = true;
                let Some(next) = next_beginning(rest) else { break };
                rest = &rest[next..];
            }
        }
    }
    damaged.max(1)
}

fn first_value_length(text: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

fn next_beginning(text: &[u8]) -> Option<usize> {
    let after = text.get(1..)?;
    BEGINNINGS.iter().filter_map(|beginning| memmem::find(after, beginning)).min().map(|at| at + 1)
}

/// Valid UTF-8 without raw control characters, and with U+FFFD where an escape names half a surrogate pair.
fn repair_text(line: &[u8]) -> Cow<'_, [u8]> {
    let mut text = match String::from_utf8_lossy(line) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    if text.iter().any(|byte| *byte < 0x20) {
        for byte in text.to_mut() {
            if *byte < 0x20 {
                *byte = b' ';
            }
        }
    }
    if memmem::find(&text, b"\\ud").is_some() || memmem::find(&text, b"\\uD").is_some() {
        replace_lone_surrogates(text.to_mut());
    }
    text
}

fn replace_lone_surrogates(text: &mut [u8]) {
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            at += 1;
            continue;
        }
        match surrogate(text, at) {
            Some(0xD800..=0xDBFF) if matches!(surrogate(text, at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                text[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            _ => at += 2,
        }
    }
}

/// The number of the `\uXXXX` escape that begins here.
fn surrogate(text: &[u8], at: usize) -> Option<u16> {
    let escape = text.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn records(line: &[u8]) -> (Vec<Value>, u32) {
        let mut found = Vec::new();
        let damaged = read_around(line, |text| serde_json::from_slice(text).map(|value| found.push(value)));
        (found, damaged)
    }

    #[test]
    fn a_good_line_is_one_record() {
        assert_eq!(records(br#"{"type":"user"}"#), (vec![serde_json::json!({"type":"user"})], 0));
        assert_eq!(records(b"  "), (vec![], 0));
    }

    #[test]
    fn a_record_spliced_into_another_is_found() {
        let line = br#"{"parentUuid":"a","message":{"con{"parentUuid":"b","n":1}"#;
        assert_eq!(records(line), (vec![serde_json::json!({"parentUuid":"b","n":1})], 1));
        let line = br#"{"type":"user","n":1}{"type":"user","n":2} garbage"#;
        let (found, damaged) = records(line);
        assert_eq!((found.len(), damaged), (2, 1));
    }

    #[test]
    fn lone_surrogates_and_bad_bytes_are_replaced() {
        let (found, damaged) = records(br#"{"a":"x\ud83dy","b":"\ud83d\ude00","c":"\\ud800"}"#);
        assert_eq!(damaged, 0);
        assert_eq!(found[0], serde_json::json!({"a":"x\u{fffd}y","b":"😀","c":"\\ud800"}));
        let (found, damaged) = records(b"{\"a\":\"x\xff\x01y\"}");
        assert_eq!((found[0]["a"].as_str(), damaged), (Some("x\u{fffd} y"), 0));
    }

    #[test]
    fn a_million_deep_is_damage_and_no_crash() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(records(deep.as_bytes()), (vec![], 1));
        let objects = r#"{"type":"#.repeat(100_000);
        assert_eq!(records(objects.as_bytes()), (vec![], 1));
    }
}
