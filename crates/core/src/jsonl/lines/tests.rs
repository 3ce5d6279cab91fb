//! What the line reader promises: every complete line, at its offset, in bounded memory.

use proptest::prelude::*;

use super::*;

const SMALL: Limits = Limits { whole_line: 64, string: 16, line: 128 };

/// Hands out a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(self.1).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn lines(bytes: &[u8], step: usize, limits: Limits) -> (Vec<(u64, u64, Vec<u8>)>, u64) {
    let mut reader = LineReader::with_limits(Trickle(bytes, step), 0, limits);
    let mut found = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        found.push((line.offset, line.length, line.bytes.to_vec()));
    }
    (found, reader.position())
}

#[test]
fn an_unfinished_line_is_not_passed() {
    let (found, position) = lines(b"one\ntwo\nthr", 2, SMALL);
    assert_eq!(found, [(0, 4, b"one".to_vec()), (4, 4, b"two".to_vec())]);
    assert_eq!(position, 8);

    let mut reader = LineReader::new(&b"one\nthr"[..], 0);
    while reader.next_line().unwrap().is_some() {}
    assert_eq!(reader.unfinished().unwrap().bytes, b"thr");
}

#[test]
fn nuls_are_dropped_and_said() {
    let mut reader = LineReader::new(&b"\0\0{\"a\":\0 1}\n"[..], 0);
    let line = reader.next_line().unwrap().unwrap();
    assert_eq!((line.bytes, line.had_nuls), (&b"{\"a\": 1}"[..], true));
}

#[test]
fn a_long_line_stays_json_with_its_strings_cut() {
    let picture = "A".repeat(10_000);
    let text = format!("{{\"data\":\"{picture}\",\"tail\":\"é\\\\\\\"end\"}}\nnext\n");
    let (found, _) = lines(text.as_bytes(), 7, SMALL);
    let value: serde_json::Value = serde_json::from_slice(&found[0].2).unwrap();
    assert_eq!(value["data"], "A".repeat(16));
    assert_eq!(value["tail"], "é\\\"end");
    assert_eq!(found[0].1, text.len() as u64 - 5);
    assert_eq!(found[1].2, b"next");
}

#[test]
fn an_endless_line_costs_no_more_than_the_limit() {
    let mut reader = LineReader::with_limits(io::repeat(b'[').take(50_000_000), 0, SMALL);
    assert!(reader.next_line().unwrap().is_none());
    assert!(reader.scratch.capacity() <= 4 * SMALL.line);
    assert_eq!(reader.position(), 0);
}

proptest! {
    /// Whatever the text and the chunks, the lines are those of the text, at their offsets.
    #[test]
    fn lines_are_the_lines(text in "[a-z\n]{0,400}", step in 1_usize..40) {
        let limits = Limits { whole_line: 1 << 12, ..SMALL };
        let (found, position) = lines(text.as_bytes(), step, limits);
        let complete = text.rfind('\n').map_or(0, |at| at + 1);
        let expected: Vec<&str> = text[..complete].lines().collect();
        prop_assert_eq!(position, complete as u64);
        prop_assert_eq!(found.len(), expected.len());
        for ((offset, _, bytes), line) in found.iter().zip(expected) {
            prop_assert_eq!(bytes.as_slice(), line.as_bytes());
            prop_assert_eq!(&text.as_bytes()[*offset as usize..][..line.len()], line.as_bytes());
        }
    }

    /// A cut string is valid JSON, and begins as the whole one does.
    #[test]
    fn a_cut_string_is_valid(text in prop_oneof![any::<String>(), r#"[\\\\"a\u{7}]{0,80}"#], step in 1_usize..40, string in 1_usize..40) {
        let limits = Limits { whole_line: 16, string, line: 1 << 16 };
        let json = serde_json::to_string(&[&text, "x"]).unwrap();
        let (found, _) = lines(format!("{json}{}\n", " ".repeat(40)).as_bytes(), step, limits);
        let back: [String; 2] = serde_json::from_slice(&found[0].2).unwrap();
        prop_assert!(text.starts_with(&back[0]), "{:?} does not begin {:?}", back[0], text);
        prop_assert_eq!(&back[1], "x");
    }
}
