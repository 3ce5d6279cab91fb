//! A unified diff in colours, safe to print.

use std::io::{self, Write};

use anstyle::Style;

use super::{Paint, style, text};

/// Writes a diff on, line by line: in colours and without escapes for a person, as it is for a program.
pub(crate) struct Painter<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
    is_terminal: bool,
    line: Vec<u8>,
}

impl<'a> Painter<'a> {
    /// For a terminal, or for whatever else.
    pub(crate) fn new(out: &'a mut dyn Write, paint: Paint, is_terminal: bool) -> Self {
        Self { out, paint, is_terminal, line: Vec::new() }
    }

    /// Writes what is left of an unfinished last line.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.line.is_empty() { Ok(()) } else { self.write_line() }
    }

    fn write_line(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        writeln!(self.out, "{}", self.paint.on(style_of(&line), text::lines(&line)))
    }
}

fn style_of(line: &str) -> Style {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => style::STRONG,
        [b'+', ..] => style::DONE,
        [b'-', ..] => style::FAILED,
        [b'@', b'@', ..] => style::RUNNING,
        [b' ', ..] | [] => Style::new(),
        _ => style::STRONG,
    }
}

impl Write for Painter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_terminal {
            return self.out.write(bytes);
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part.strip_suffix(b"\n").unwrap_or(part));
            if part.ends_with(b"\n") {
                self.write_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_a_diff_do_nothing_to_a_terminal() {
        let diff = b"+one\n-\x1b[2Jtwo";
        let written = |is_terminal| {
            let mut out = Vec::new();
            let mut painter = Painter::new(&mut out, Paint::NONE, is_terminal);
            painter.write_all(diff).unwrap();
            painter.finish().unwrap();
            out
        };
        assert_eq!(written(false), diff);
        assert!(!written(true).contains(&0x1b));
        assert!(written(true).starts_with(b"+one\n-"));
    }
}
