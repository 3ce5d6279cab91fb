//! Arbitrary bytes as a transcript's lines: the line reader, and the reading around damage. No files, so that many are
//! tried; `transcript_file` is for the transcript's own parser.
//!
//! The input's first bytes choose the reader's limits and how the source hands out its bytes; the rest is the file.
//! Where the file holds the byte 0xFF, a good line is put in, on a line of its own: however damaged its neighbours
//! are, it must be read.

#![no_main]

mod good_lines;

use std::io::{self, Read};

use good_lines::{good_line, with_good_lines};
use libfuzzer_sys::fuzz_target;
use orchestra_core::jsonl::{Limits, LineReader, read_around};
use serde::de::IgnoredAny;

/// A source that hands out a few bytes at a time, as a growing file or a pipe may.
struct Chunks<'a> {
    rest: &'a [u8],
    seed: u32,
}

impl Read for Chunks<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if self.seed >> 29 == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = ((self.seed >> 16) as usize % 97 + 1).min(self.rest.len()).min(into.len());
        into[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((head, body)) = data.split_first_chunk::<4>() else { return };
    let limits = Limits {
        whole_line: 16 + usize::from(head[0]) * 4,
        string: usize::from(head[1]),
        line: 16 + usize::from(head[2]) * 8,
    };
    let (file, good_lines) = with_good_lines(body);
    check_lines(&file, limits, u32::from(head[3]));
    check_good_lines(&file, good_lines);
});

/// Every complete line is handed on once, in order, at its place, and never larger than the limits.
fn check_lines(file: &[u8], limits: Limits, seed: u32) {
    let mut reader = LineReader::with_limits(Chunks { rest: file, seed }, 0, limits);
    let mut at = 0;
    loop {
        let position = reader.position();
        let Some(line) = reader.next_line().expect("memory can be read") else { break };
        assert_eq!(line.offset, position);
        assert_eq!(line.offset, at as u64, "lines follow each other");
        let end = at + file[at..].iter().position(|byte| *byte == b'\n').expect("a complete line") + 1;
        assert_eq!(line.length as usize, end - at);
        assert!(line.bytes.len() <= limits.whole_line.max(16).max(limits.line), "memory is bounded");
        check_text(&line.bytes.to_vec(), &file[at..end - 1], limits, line.elided, line.had_nuls);
        at = end;
        assert_eq!(reader.position(), at as u64);
    }
    assert!(!file[at..].contains(&b'\n'), "no complete line is left");
    if let Some(unfinished) = reader.unfinished() {
        assert_eq!((unfinished.offset, unfinished.length), (at as u64, (file.len() - at) as u64));
    }
    assert_eq!(reader.position(), at as u64);
}

fn check_text(text: &[u8], raw: &[u8], limits: Limits, elided: u64, had_nuls: bool) {
    assert_eq!(had_nuls && elided == 0, elided == 0 && raw.contains(&0));
    if elided == 0 {
        let expected: Vec<u8> = raw.iter().copied().filter(|byte| *byte != 0).collect();
        let expected = if text.len() < expected.len() {
            expected.strip_suffix(b"\r").unwrap_or(&expected)
        } else {
            &expected
        };
        assert_eq!(text, expected);
    } else {
        assert!(raw.len() + 1 > limits.whole_line, "a line that fits the buffer with its newline is whole");
        assert!(!text.contains(&0) && !text.contains(&b'\n'));
        let is_json = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
        if text.len() < limits.line && !raw.contains(&0) && is_json(raw) {
            assert!(is_json(text), "cutting strings leaves JSON: {:?}", String::from_utf8_lossy(text));
        }
    }
}

/// Every good line between damage is read, in order.
fn check_good_lines(file: &[u8], good_lines: u32) {
    let mut reader = LineReader::with_limits(file, 0, Limits { whole_line: 512, string: 64, line: 1024 });
    let mut expected = 0;
    while let Some(line) = reader.next_line().expect("memory can be read") {
        let mut records = 0;
        read_around(line.bytes, |text| {
            records += 1;
            expected += u32::from(text == good_line(expected).as_bytes());
            serde_json::from_slice::<IgnoredAny>(text).map(drop)
        });
        assert!(records <= line.bytes.len() + 2);
    }
    assert!(expected >= good_lines, "{expected} of {good_lines} good lines were read");
}
