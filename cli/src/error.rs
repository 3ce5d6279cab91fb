//! What a command failed with: words for a person, a next step, and an exit code for a script.
//!
//! The engine's typed errors are turned into these once, where a command calls it; nothing here prints.

use std::{fmt, io, process::ExitCode};

/// The kinds of failure that a script may tell apart by the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command could not do what it was asked: exit code 1.
    Failed,
    /// The command was asked wrongly: exit code 2.
    Usage,
    /// The person left a picker without a choice: exit code 130, as after Ctrl-C; nothing is said.
    Cancelled,
    /// Whoever read the output went away (`orchestra sessions | head`): nothing is wrong, nothing is said.
    ReaderLeft,
}

/// A failure on its way to the person who typed the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What kind.
    pub(crate) kind: Kind,
    /// What went wrong, one sentence without a full stop; may be followed by lines of detail.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A command that could not do what it was asked.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: without_numbers(message.into()), hint: None }
    }

    /// A command that was asked wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: without_numbers(message.into()), hint: None }
    }

    /// A picker left without a choice.
    pub(crate) fn cancelled() -> Self {
        Self { kind: Kind::Cancelled, message: String::new(), hint: None }
    }

    /// The same, with a next step.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether there is anything to say about it.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.kind, Kind::Cancelled | Kind::ReaderLeft)
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            Kind::Failed => ExitCode::from(1),
            Kind::Usage => ExitCode::from(2),
            Kind::Cancelled => ExitCode::from(130),
            Kind::ReaderLeft => ExitCode::SUCCESS,
        }
    }
}

/// Without the numbers that the system's errors carry behind their words.
fn without_numbers(mut message: String) -> String {
    const MARK: &str = " (os error ";
    while let Some(begin) = message.find(MARK) {
        let rest = &message[begin + MARK.len()..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || rest.as_bytes().get(digits) != Some(&b')') {
            break;
        }
        message.replace_range(begin..=begin + MARK.len() + digits, "");
    }
    message
}

/// Only for writing to standard output, which is the one `io::Error` that commands pass on without words of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self { kind: Kind::ReaderLeft, message: String::new(), hint: None }
        } else {
            Self::new(format!("failed to write the output: {error}"))
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_who_leaves_is_no_failure() {
        let left = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(left.is_silent());
        assert_eq!(left.exit_code(), ExitCode::SUCCESS);
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert!(!full.is_silent());
        assert_eq!(full.exit_code(), ExitCode::from(1));
    }
}
