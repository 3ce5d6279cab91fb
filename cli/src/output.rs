//! How things are said: where to, how wide, in which colours.
//!
//! Data goes to standard output through [`Out`], words to standard error through [`Words`]. What is said is decided
//! by the commands.

pub(crate) mod agent_detail;
pub(crate) mod agent_table;
pub(crate) mod families;
pub(crate) mod layout;
pub(crate) mod patch;
pub(crate) mod progress;
pub(crate) mod qr;
pub(crate) mod results_table;
pub(crate) mod row;
pub(crate) mod run_table;
pub(crate) mod session_table;
pub(crate) mod story;
pub(crate) mod style;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod wrap;

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use anstyle::Style;

use crate::{error::Failure, places::Surroundings};
pub(crate) use style::Paint;

/// What a terminal is taken for when it does not say how wide it is.
const WIDTH_UNKNOWN: usize = 80;

/// Standard output, buffered: flush it at the end with [`Out::finish`].
pub(crate) struct Out {
    writer: BufWriter<StdoutLock<'static>>,
    /// Whether a person reads it as it comes.
    pub(crate) terminal: bool,
    /// How wide it is, when a person reads it.
    pub(crate) width: usize,
    /// Its colours.
    pub(crate) paint: Paint,
}

impl Out {
    /// Standard output as this process has it.
    pub(crate) fn standard(surroundings: &Surroundings) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Self {
            width: width_of(&stdout),
            paint: Paint::decide(surroundings, terminal),
            terminal,
            writer: BufWriter::with_capacity(64 * 1024, stdout.lock()),
        }
    }

    /// Sends what is buffered.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(Failure::from)
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Standard error: what is said besides the data. It is never an error when nobody hears it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// How wide it is.
    pub(crate) width: usize,
    /// Whether a person reads it as it comes, so that it is broken between words.
    terminal: bool,
    paint: Paint,
}

impl Words {
    /// Standard error as this process has it.
    pub(crate) fn standard(surroundings: &Surroundings) -> Self {
        let stderr = io::stderr();
        let terminal = stderr.is_terminal();
        Self { width: width_of(&stderr), terminal, paint: Paint::decide(surroundings, terminal) }
    }

    /// Says one sentence.
    pub(crate) fn say(self, sentence: &str) {
        self.line(&self.fitted(sentence));
    }

    /// Says one sentence that can be overlooked.
    pub(crate) fn murmur(self, sentence: &str) {
        self.line(&self.paint.on(style::SOFT, self.fitted(sentence)));
    }

    /// Says that something is not as it should be, though the command goes on.
    pub(crate) fn warn(self, sentence: &str) {
        self.labelled("warning:", style::STRONG, sentence);
    }

    /// Says why a command failed, and what to do next.
    pub(crate) fn fail(self, failure: &Failure) {
        self.labelled("error:", style::FAILED, &failure.message);
        if let Some(hint) = &failure.hint {
            self.labelled("hint:", style::ACCENT, hint);
        }
    }

    fn labelled(self, label: &'static str, style: Style, sentence: &str) {
        // Fitted together, because the label takes its room in the first line.
        let whole = self.fitted(&format!("{label} {sentence}"));
        let rest = whole.strip_prefix(label).unwrap_or(&whole);
        self.line(&format_args!("{}{rest}", self.paint.on(style, label)));
    }

    /// What is said, safe to print; broken between words for a person, whole for a program.
    fn fitted(self, sentence: &str) -> String {
        let text = text::lines(sentence);
        if self.terminal { wrap::wrapped(&text, self.width).join("\n") } else { text.into_owned() }
    }

    fn line(self, line: &dyn std::fmt::Display) {
        let told = writeln!(io::stderr().lock(), "{line}");
        // Standard error that is closed or full leaves nobody to tell.
        drop(told);
    }
}

/// How wide a terminal is.
pub(crate) fn width_of(stream: &impl std::os::fd::AsFd) -> usize {
    terminal_size::terminal_size_of(stream)
        .map(|(terminal_size::Width(width), _)| usize::from(width))
        .filter(|width| *width > 0)
        .unwrap_or(WIDTH_UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_broken_for_a_person_and_whole_for_a_program() {
        let words = Words { width: 20, terminal: true, paint: Paint::NONE };
        assert_eq!(
            words.fitted("error: there is nothing to continue"),
            "error: there is\nnothing to continue"
        );
        let list = "error: two:\n  1111  one\n  2222  two";
        assert_eq!(words.fitted(list), list, "its own lines stay");
        let sentence = "a sentence that goes on and on";
        assert_eq!(Words { terminal: false, ..words }.fitted(sentence), sentence);
    }
}
