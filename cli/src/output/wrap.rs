//! Wraps prose to the width of a terminal, as it is written; code stays as it is.

use std::io::{self, Write};

use super::text::width;

/// Lines of prose longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// Lines that begin with so many spaces are code, output or a diff: the terminal breaks them, so they can be copied.
const CODE_INDENT: usize = 4;

/// A writer that breaks long lines between words. A continued line is indented as its beginning was; a word that is
/// too long for a line stays whole, for the terminal to break.
pub(crate) struct Wrapping<W: Write> {
    inner: W,
    columns: usize,
    line: Vec<u8>,
}

/// A text as lines no wider than a terminal, where its words allow.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut bytes = Vec::new();
    let mut wrapping = Wrapping::new(&mut bytes, columns);
    let written = wrapping.write_all(text.as_bytes()).and_then(|()| wrapping.finish());
    debug_assert!(written.is_ok(), "memory takes everything");
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}

impl<W: Write> Wrapping<W> {
    /// Wraps for a terminal so wide.
    pub(crate) fn new(inner: W, columns: usize) -> Self {
        Self { inner, columns: columns.min(WIDEST), line: Vec::new() }
    }

    /// Writes what is left of an unfinished last line.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.line.is_empty() { Ok(()) } else { self.write_line("") }
    }

    fn write_line(&mut self, end: &str) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let text = line.trim_start_matches(' ');
        let indent = &line[..line.len() - text.len()];
        if indent.len() >= CODE_INDENT || width(&line) <= self.columns {
            return write!(self.inner, "{line}{end}");
        }
        let mut column = 0;
        for word in text.split(' ') {
            let wide = width(word);
            if column == 0 {
                write!(self.inner, "{indent}{word}")?;
                column = indent.len() + wide;
            } else if column + 1 + wide > self.columns && wide > 0 {
                write!(self.inner, "\n{indent}{word}")?;
                column = indent.len() + wide;
            } else {
                write!(self.inner, " {word}")?;
                column += 1 + wide;
            }
        }
        write!(self.inner, "{end}")
    }
}

impl<W: Write> Write for Wrapping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if let Some(line) = part.strip_suffix(b"\n") {
                self.line.extend_from_slice(line);
                self.write_line("\n")?;
            } else {
                self.line.extend_from_slice(part);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(text: &str, columns: usize) -> String {
        let mut out = Vec::new();
        let mut wrapping = Wrapping::new(&mut out, columns);
        for piece in text.as_bytes().chunks(3) {
            wrapping.write_all(piece).unwrap();
        }
        wrapping.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_break_between_words_and_keep_their_indent() {
        assert_eq!(in_pieces("one two three four\n", 9), "one two\nthree\nfour\n");
        assert_eq!(in_pieces("  one two three", 9), "  one two\n  three");
        assert_eq!(in_pieces("short\n\nlines\n", 80), "short\n\nlines\n");
    }

    #[test]
    fn code_is_left_to_the_terminal() {
        assert_eq!(in_pieces("    let basket = cart;\n", 9), "    let basket = cart;\n");
    }

    #[test]
    fn a_long_word_stays_whole() {
        assert_eq!(in_pieces("see /a/very/long/path now", 10), "see\n/a/very/long/path\nnow");
        assert_eq!(in_pieces(&"=".repeat(40), 10), "=".repeat(40));
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(in_pieces("日本 語語 日本", 9), "日本 語語\n日本");
    }
}
