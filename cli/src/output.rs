//! How things are said: where to, how wide, in which colours.
//!
//! Data goes to standard output through [`Out`], words to standard error through [`Words`]. What is said is decided
//! by the commands.

pub(crate) mod families;
pub(crate) mod layout;
pub(crate) mod session_table;
pub(crate) mod style;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod wrap;

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

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
    paint: Paint,
}

impl Words {
    /// Standard error as this process has it.
    pub(crate) fn standard(surroundings: &Surroundings) -> Self {
        let stderr = io::stderr();
        Self { width: width_of(&stderr), paint: Paint::decide(surroundings, stderr.is_terminal()) }
    }

    /// Says one sentence.
    pub(crate) fn say(self, sentence: &str) {
        self.line(&text::lines(sentence));
    }

    /// Says one sentence that can be overlooked.
    pub(crate) fn murmur(self, sentence: &str) {
        self.line(&self.paint.on(style::SOFT, text::lines(sentence)));
    }

    /// Says that something is not as it should be, though the command goes on.
    pub(crate) fn warn(self, sentence: &str) {
        self.line(&format_args!("{} {}", self.paint.on(style::STRONG, "warning:"), text::lines(sentence)));
    }

    /// Says why a command failed, and what to do next.
    pub(crate) fn fail(self, failure: &Failure) {
        self.line(&format_args!(
            "{} {}",
            self.paint.on(style::FAILED, "error:"),
            text::lines(&failure.message)
        ));
        if let Some(hint) = &failure.hint {
            self.line(&format_args!("{} {}", self.paint.on(style::ACCENT, "hint:"), text::lines(hint)));
        }
    }

    fn line(self, line: &dyn std::fmt::Display) {
        let told = writeln!(io::stderr().lock(), "{line}");
        // Standard error that is closed or full leaves nobody to tell.
        drop(told);
    }
}

fn width_of(stream: &impl std::os::fd::AsFd) -> usize {
    terminal_size::terminal_size_of(stream)
        .map(|(terminal_size::Width(width), _)| usize::from(width))
        .filter(|width| *width > 0)
        .unwrap_or(WIDTH_UNKNOWN)
}
