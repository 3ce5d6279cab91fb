//! Reading as little of a transcript as a list needs: its head and its tail, or what was appended.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom},
    os::unix::fs::FileExt,
};

use jiff::Timestamp;
use memchr::{memchr, memmem, memrchr};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::facts::Facts;
use crate::jsonl::{Limits, LineReader};

/// How much of the head and of the tail is read at first.
const CHUNK: u64 = 16 << 10;
/// How far the head is widened when it does not show a first line of the conversation.
const WIDEST_HEAD: u64 = 1 << 20;
/// How far the tail is widened when it does not show a time.
const WIDEST_TAIL: u64 = 1 << 20;
/// How far the tail is widened when only a name is missing.
const WIDEST_FOR_A_NAME: u64 = 256 << 10;
/// How many bytes before the parsed offset are hashed to know the file again.
const HASHED: u64 = 512;
/// Appended bytes beyond this are read like a new file: from both ends.
const LONGEST_APPEND: u64 = 64 << 20;

/// What was read of a transcript, and how far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reading {
    pub(super) facts: Facts,
    /// Everything up to here has been taken into account; it stands behind a newline.
    parsed: u64,
    /// Hash of the bytes before `parsed`.
    hash: u64,
}

/// Reads a transcript of `size` bytes, going on from an earlier reading when the file only grew since.
///
/// `buffer` is only room to work in; one that is used again and again spares the allocator.
pub(super) fn read(
    file: &File,
    size: u64,
    bucket: &str,
    earlier: Option<Reading>,
    buffer: &mut Vec<u8>,
) -> io::Result<Reading> {
    if let Some(earlier) = earlier
        && earlier.parsed <= size
        && size - earlier.parsed <= LONGEST_APPEND
        && hash_before(file, earlier.parsed, buffer)? == earlier.hash
    {
        return read_appended(file, bucket, earlier, buffer);
    }
    announce(file, size);
    let (facts, parsed) = if size <= 2 * CHUNK {
        read_whole(file, size, bucket, buffer)?
    } else {
        let mut head = read_head(file, size, bucket, buffer)?;
        let (tail, parsed) = read_tail(file, size, bucket, &head, buffer)?;
        if tail.noted_prompt.is_some() {
            // What was noted at the end is newer than what was asked at the beginning.
            head.last_prompt = None;
        }
        (head.followed_by(tail), parsed)
    };
    // The buffer holds the end of the file as it was read, so the bytes to hash are mostly in it.
    let unparsed = usize::try_from(size - parsed).unwrap_or(usize::MAX);
    let hash = match buffer.len().checked_sub(unparsed) {
        Some(end) if end as u64 >= HASHED.min(parsed) => {
            xxh3_64(&buffer[end - usize::try_from(HASHED.min(parsed)).unwrap_or(end)..end])
        }
        _ => hash_before(file, parsed, buffer)?,
    };
    Ok(Reading { facts, parsed, hash })
}

fn read_appended(
    mut file: &File,
    bucket: &str,
    earlier: Reading,
    buffer: &mut Vec<u8>,
) -> io::Result<Reading> {
    file.seek(SeekFrom::Start(earlier.parsed))?;
    let limits = Limits { whole_line: 64 << 10, ..Limits::default() };
    let mut lines = LineReader::with_limits(file, earlier.parsed, limits);
    let mut facts = earlier.facts;
    while let Some(line) = lines.next_line()? {
        facts.absorb(line.bytes, bucket);
    }
    let parsed = lines.position();
    let hash = if parsed == earlier.parsed { earlier.hash } else { hash_before(file, parsed, buffer)? };
    Ok(Reading { facts, parsed, hash })
}

fn read_whole(file: &File, size: u64, bucket: &str, buffer: &mut Vec<u8>) -> io::Result<(Facts, u64)> {
    let bytes = read_at(file, 0, size, buffer)?;
    let complete = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let mut facts = Facts::default();
    absorb_lines(&mut facts, &bytes[..complete], bucket);
    Ok((facts, complete as u64))
}

/// The facts of the first lines; wider until a line of the conversation shows.
fn read_head(file: &File, size: u64, bucket: &str, buffer: &mut Vec<u8>) -> io::Result<Facts> {
    let mut length = CHUNK;
    loop {
        let bytes = read_at(file, 0, length, buffer)?;
        let complete = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let mut facts = Facts::default();
        let mut rest = &bytes[..complete];
        // Behind the first prompt only the rare lines matter, so the others are not parsed.
        while let Some((line, after)) = next_line(rest) {
            if facts.first_prompt.is_none() || facts.bucket_cwd.is_none() || is_rare(line) {
                facts.absorb(line, bucket);
            }
            rest = after;
        }
        if facts.evidence.chain_lines || length >= size.min(WIDEST_HEAD) {
            return Ok(facts);
        }
        length = (length * 8).min(size);
    }
}

/// The facts of the last lines and the offset behind the last newline; wider until a time and a name show.
fn read_tail(
    file: &File,
    size: u64,
    bucket: &str,
    head: &Facts,
    buffer: &mut Vec<u8>,
) -> io::Result<(Facts, u64)> {
    let mut length = CHUNK;
    loop {
        let from = size - length;
        let bytes = read_at(file, from, length, buffer)?;
        let complete = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let first = memchr(b'\n', bytes).map_or(0, |at| at + 1).min(complete);
        let (cut, lines) = (&bytes[..first], &bytes[first..complete]);
        let mut facts = absorb_from_the_end(lines, bucket);
        if facts.active_ms.is_none() {
            facts.active_ms = last_time_in(cut);
        }
        let named = facts.is_named() || head.is_named() || head.kind() != orchestra_model::SessionKind::Human;
        let most = if facts.active_ms.is_none() || complete == 0 { WIDEST_TAIL } else { WIDEST_FOR_A_NAME };
        let enough = facts.active_ms.is_some() && complete > 0 && named;
        if enough || length >= most.min(size) {
            return Ok((facts, if complete == 0 { 0 } else { from + complete as u64 }));
        }
        length = (length * 4).min(size);
    }
}

/// Parses from the last line back until everything is known, then only the rare lines.
fn absorb_from_the_end(lines: &[u8], bucket: &str) -> Facts {
    let mut facts = Facts::default();
    let mut rest = lines;
    while !rest.is_empty() {
        let body = &rest[..rest.len() - 1];
        let start = memrchr(b'\n', body).map_or(0, |at| at + 1);
        let known = facts.active_ms.is_some()
            && facts.model.is_some()
            && facts.branch.is_some()
            && facts.last_prompt.is_some();
        if !known || is_rare(&body[start..]) {
            let mut earlier = Facts::default();
            earlier.absorb(&body[start..], bucket);
            facts = earlier.followed_by(facts);
        }
        rest = &rest[..start];
    }
    facts
}

/// Whether a line may hold a title or a move: looked for where they stand, near the line's beginning.
fn is_rare(line: &[u8]) -> bool {
    let beginning = &line[..line.len().min(256)];
    memmem::find(beginning, b"-title\"").is_some()
        || memmem::find(beginning, b"\"relocated\"").is_some()
        || memmem::find(beginning, b"\"summary\"").is_some()
}

fn absorb_lines(facts: &mut Facts, mut bytes: &[u8], bucket: &str) {
    while let Some((line, after)) = next_line(bytes) {
        facts.absorb(line, bucket);
        bytes = after;
    }
}

fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr(b'\n', bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// The last time in a line whose beginning is out of reach.
fn last_time_in(cut: &[u8]) -> Option<i64> {
    const KEY: &[u8] = br#""timestamp":""#;
    let after = &cut[memmem::rfind(cut, KEY)? + KEY.len()..];
    let text = std::str::from_utf8(&after[..memchr(b'"', after)?]).ok()?;
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// Reads a stretch of the file into the buffer; less when the file shrank meanwhile, which is no error.
fn read_at<'a>(file: &File, offset: u64, length: u64, buffer: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
    buffer.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

fn hash_before(file: &File, offset: u64, buffer: &mut Vec<u8>) -> io::Result<u64> {
    let from = offset.saturating_sub(HASHED);
    Ok(xxh3_64(read_at(file, from, offset - from, buffer)?))
}

/// Tells the system what will be read: it fetches the tail while the head is read, and not 128 KB ahead of each.
fn announce(file: &File, size: u64) {
    #[cfg(target_os = "linux")]
    {
        use std::num::NonZeroU64;

        use rustix::fs::{Advice, fadvise};
        let _ = fadvise(file, 0, None, Advice::Random);
        if size > 2 * CHUNK {
            let _ = fadvise(file, size - CHUNK, NonZeroU64::new(CHUNK), Advice::WillNeed);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, size);
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn chain_line(number: usize, padding: usize) -> String {
        let kind = if number.is_multiple_of(2) { "user" } else { "assistant" };
        let text = format!("step {number} {}", "x".repeat(padding));
        format!(
            r#"{{"parentUuid":{},"uuid":"u{number}","type":"{kind}","message":{{"model":"m","content":"{text}"}},"timestamp":"2026-11-23T07:{:02}:{:02}.000Z","entrypoint":"cli","cwd":"/a/b","gitBranch":"main"}}"#,
            if number == 0 { "null".into() } else { format!("\"u{}\"", number - 1) },
            number / 60 % 60,
            number % 60,
        )
    }

    fn read_lines(lines: &[String]) -> Facts {
        let mut file = tempfile::tempfile().unwrap();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        file.write_all(text.as_bytes()).unwrap();
        read(&file, text.len() as u64, "-a-b", None, &mut Vec::new()).unwrap().facts
    }

    #[test]
    fn head_and_tail_tell_what_the_whole_tells() {
        let mut lines: Vec<String> = (0..200).map(|number| chain_line(number, 300)).collect();
        lines.insert(150, r#"{"type":"ai-title","aiTitle":"Found further up"}"#.into());
        let facts = read_lines(&lines);
        assert_eq!(facts.title().map(|title| title.0), Some("Found further up"));
        assert_eq!(facts.lineage.as_deref(), Some("u0"));
        assert_eq!(facts.prompt().map(|prompt| prompt[..8].to_owned()).as_deref(), Some("step 198"));
        assert_eq!(facts.started_ms.map(|ms| ms % 3_600_000), Some(0));
        assert_eq!(facts.active_ms.unwrap() - facts.started_ms.unwrap(), 199_000);
    }

    #[test]
    fn giant_lines_at_both_ends_are_widened_over() {
        let lines = vec![chain_line(0, 100_000), chain_line(1, 10), chain_line(2, 600_000)];
        let facts = read_lines(&lines);
        assert_eq!(facts.lineage.as_deref(), Some("u0"));
        assert_eq!(facts.active_ms.unwrap() - facts.started_ms.unwrap(), 2_000);
    }

    #[test]
    fn appended_lines_are_added_and_a_rewritten_file_is_read_anew() {
        let mut file = tempfile::tempfile().unwrap();
        let mut size = 0;
        let mut write = |text: &str| {
            file.write_all(text.as_bytes()).unwrap();
            size += text.len() as u64;
            (file.try_clone().unwrap(), size)
        };
        let (handle, length) = write(&format!("{}\n{{\"type\":\"custom-ti", chain_line(0, 10)));
        let first = read(&handle, length, "-a-b", None, &mut Vec::new()).unwrap();
        assert_eq!(first.facts.custom_title, None);
        assert_eq!(first.facts.damaged, 0, "a half line is not damage");
        let (handle, length) = write("tle\",\"customTitle\":\"Named\"}\n");
        let second = read(&handle, length, "-a-b", Some(first.clone()), &mut Vec::new()).unwrap();
        assert_eq!(second.facts.custom_title.as_deref(), Some("Named"));

        let other = tempfile::tempfile().unwrap();
        (&other).write_all(format!("{}\n", chain_line(7, 900)).as_bytes()).unwrap();
        let third = read(&other, 2_000, "-a-b", Some(second), &mut Vec::new()).unwrap();
        assert_eq!(third.facts.custom_title, None);
    }
}
