//! A streaming reader of lines whose memory does not depend on the file.
//!
//! An ordinary line is handed on as it stands in the buffer. A line longer than the buffer is rewritten on the way: its
//! JSON strings are cut to a limit, so that what remains is still valid JSON and a picture of 12 MB costs its first
//! few bytes. NULs, which a crash leaves in blocks, are dropped.

use std::io::{self, Read};

use memchr::{memchr, memchr2};

/// How much of a long line is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Lines up to this many bytes, the newline included, are kept as they are; it is also the size of the buffer.
    pub whole_line: usize,
    /// In a longer line, each JSON string keeps this many bytes.
    pub string: usize,
    /// A longer line keeps this many bytes in all; more than that, and it is cut and no longer JSON.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { whole_line: 1 << 20, string: 128 << 10, line: 2 << 20 }
    }
}

/// One line.
#[derive(Debug)]
pub struct Line<'a> {
    /// Where it begins in the file.
    pub offset: u64,
    /// How many bytes it takes there, the newline included.
    pub length: u64,
    /// Its text without the newline and without NULs, long strings cut when `elided` says so.
    pub bytes: &'a [u8],
    /// How many bytes were left out of long strings, or off the end.
    pub elided: u64,
    /// Whether NULs were dropped.
    pub had_nuls: bool,
}

/// Reads complete lines from a file that may be growing.
#[derive(Debug)]
pub struct LineReader<R> {
    source: R,
    limits: Limits,
    buffer: Box<[u8]>,
    /// The unread part of the buffer.
    start: usize,
    end: usize,
    /// The offset in the file of `buffer[start]`.
    offset: u64,
    /// A line that could not be handed on from the buffer.
    scratch: Vec<u8>,
    at_end: bool,
}

/// What [`LineReader::gather`] found in the buffer and beyond.
struct Gathered {
    length: u64,
    elided: u64,
    had_nuls: bool,
    complete: bool,
}

impl<R: Read> LineReader<R> {
    /// A reader of a source that stands at `offset` of its file.
    pub fn new(source: R, offset: u64) -> Self {
        Self::with_limits(source, offset, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(source: R, offset: u64, limits: Limits) -> Self {
        let buffer = vec![0; limits.whole_line.max(16)].into_boxed_slice();
        Self { source, limits, buffer, start: 0, end: 0, offset, scratch: Vec::new(), at_end: false }
    }

    /// The offset behind the last complete line that was handed on.
    pub fn position(&self) -> u64 {
        self.offset
    }

    /// The next line that ends in a newline; `None` at the end, also when an unfinished line is left there.
    ///
    /// # Errors
    /// What reading the source fails with.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if let Some(at) = memchr(b'\n', &self.buffer[self.start..self.end]) {
                let (from, to) = (self.start, self.start + at);
                let (offset, length) = (self.offset, at as u64 + 1);
                self.start = to + 1;
                self.offset += length;
                let (bytes, had_nuls) = without_nuls(&self.buffer[from..to], &mut self.scratch);
                return Ok(Some(Line { offset, length, bytes, elided: 0, had_nuls }));
            }
            if self.start == 0 && self.end == self.buffer.len() {
                let gathered = self.gather()?;
                if !gathered.complete {
                    // The unfinished line is longer than the buffer: it is gone from here, but not passed.
                    return Ok(None);
                }
                let offset = self.offset;
                self.offset += gathered.length;
                let Gathered { length, elided, had_nuls, .. } = gathered;
                return Ok(Some(Line { offset, length, bytes: &self.scratch, elided, had_nuls }));
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// After the end: the line that has no newline yet, when there is one that fits the buffer.
    ///
    /// For showing only; the next read of the file must begin at [`position`](Self::position).
    pub fn unfinished(&mut self) -> Option<Line<'_>> {
        let (from, to) = (self.start, self.end);
        if !self.at_end || from == to {
            return None;
        }
        let (bytes, had_nuls) = without_nuls(&self.buffer[from..to], &mut self.scratch);
        Some(Line { offset: self.offset, length: (to - from) as u64, bytes, elided: 0, had_nuls })
    }

    /// Moves what is unread to the front and reads more behind it.
    fn fill(&mut self) -> io::Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let count = read_retrying(&mut self.source, &mut self.buffer[self.end..])?;
        self.end += count;
        self.at_end = count == 0;
        Ok(count)
    }

    /// Rewrites a line longer than the buffer into `scratch`, and leaves the buffer behind its end.
    fn gather(&mut self) -> io::Result<Gathered> {
        let mut eliding = Eliding::new(&mut self.scratch, self.limits);
        let mut length = 0_u64;
        loop {
            let piece = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(b'\n', piece) {
                eliding.push(&piece[..at]);
                self.start += at + 1;
                length += at as u64 + 1;
                return Ok(Gathered {
                    length,
                    elided: eliding.elided,
                    had_nuls: eliding.had_nuls,
                    complete: true,
                });
            }
            eliding.push(piece);
            length += piece.len() as u64;
            self.start = 0;
            self.end = read_retrying(&mut self.source, &mut self.buffer)?;
            if self.end == 0 {
                self.at_end = true;
                return Ok(Gathered {
                    length,
                    elided: eliding.elided,
                    had_nuls: eliding.had_nuls,
                    complete: false,
                });
            }
        }
    }
}

fn read_retrying(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn without_nuls<'a>(bytes: &'a [u8], scratch: &'a mut Vec<u8>) -> (&'a [u8], bool) {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if memchr(0, bytes).is_none() {
        return (bytes, false);
    }
    scratch.clear();
    scratch.extend(bytes.iter().copied().filter(|byte| *byte != 0));
    (scratch, true)
}

/// Copies JSON and cuts its long strings, byte by byte only where it has to.
struct Eliding<'a> {
    out: &'a mut Vec<u8>,
    limits: Limits,
    in_string: bool,
    /// The last byte was a backslash within a string.
    escaped: bool,
    string_length: usize,
    /// Where in `out` the string begins.
    string_from: usize,
    elided: u64,
    had_nuls: bool,
}

impl<'a> Eliding<'a> {
    fn new(out: &'a mut Vec<u8>, limits: Limits) -> Self {
        out.clear();
        Self {
            out,
            limits,
            in_string: false,
            escaped: false,
            string_length: 0,
            string_from: 0,
            elided: 0,
            had_nuls: false,
        }
    }

    fn push(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            if !self.in_string {
                let until = memchr(b'"', piece).map_or(piece.len(), |at| at + 1);
                self.in_string = piece[until - 1] == b'"';
                self.string_length = 0;
                self.write(&piece[..until]);
                self.string_from = self.out.len();
                piece = &piece[until..];
            } else if self.escaped {
                self.escaped = false;
                self.write_in_string(&piece[..1]);
                piece = &piece[1..];
            } else {
                let until = memchr2(b'"', b'\\', piece).unwrap_or(piece.len());
                self.write_in_string(&piece[..until]);
                piece = &piece[until..];
                match piece.first() {
                    Some(b'"') => {
                        self.in_string = false;
                        self.write(b"\"");
                        piece = &piece[1..];
                    }
                    Some(_) => {
                        self.escaped = true;
                        self.write_in_string(b"\\");
                        piece = &piece[1..];
                    }
                    None => {}
                }
            }
        }
    }

    fn write_in_string(&mut self, bytes: &[u8]) {
        let room = self.limits.string.saturating_sub(self.string_length);
        self.string_length = self.string_length.saturating_add(bytes.len());
        if bytes.len() <= room {
            return self.write(bytes);
        }
        self.elided += (bytes.len() - room) as u64;
        if room > 0 {
            self.write(&bytes[..room]);
        }
        if room > 0 || self.string_length == self.limits.string + bytes.len() {
            self.end_on_a_boundary();
        }
    }

    /// Takes back an escape or a character that the cut went through, so that what is left is a valid string.
    fn end_on_a_boundary(&mut self) {
        if let Some(backslash) = open_escape(self.out.get(self.string_from..).unwrap_or_default()) {
            self.elided += (self.out.len() - self.string_from - backslash) as u64;
            self.out.truncate(self.string_from + backslash);
        }
        while let Some(last) = self.out.last().copied() {
            if last < 0x80 {
                break;
            }
            self.out.pop();
            self.elided += 1;
            if last >= 0xC0 {
                break;
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let room = self.limits.line.saturating_sub(self.out.len());
        let kept = bytes.len().min(room);
        self.elided += (bytes.len() - kept) as u64;
        if memchr(0, &bytes[..kept]).is_none() {
            self.out.extend_from_slice(&bytes[..kept]);
        } else {
            self.had_nuls = true;
            self.out.extend(bytes[..kept].iter().copied().filter(|byte| *byte != 0));
        }
    }
}

/// Where at the end of a string's text an escape begins that is not finished. Only from the beginning of the string can
/// it be told which of many backslashes begin an escape.
fn open_escape(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = memchr(b'\\', &text[at..]) {
        at += found;
        let needs = match text.get(at + 1) {
            Some(b'u') => 6,
            Some(_) => 2,
            None => return Some(at),
        };
        if at + needs > text.len() {
            return Some(at);
        }
        at += needs;
    }
    None
}

#[cfg(test)]
mod tests;
