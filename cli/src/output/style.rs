//! The colours of the terminal, by the same names as the dashboard's, and when to use them.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use orchestra_model::{LiveStatus, Session, SessionKind};

use crate::places::Surroundings;

/// What can be typed: ids, commands.
pub(crate) const ACCENT: Style = AnsiColor::BrightBlue.on_default();
/// Headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// What is there to be looked up, not read.
pub(crate) const SOFT: Style = Style::new().dimmed();
/// Failures.
pub(crate) const FAILED: Style = AnsiColor::Red.on_default().bold();
/// A turn runs.
pub(crate) const RUNNING: Style = AnsiColor::Cyan.on_default();
/// Something was done.
pub(crate) const DONE: Style = AnsiColor::Green.on_default();
/// Someone is waited for: the one loud colour, used for nothing else.
pub(crate) const WAITING: Style = AnsiColor::Yellow.on_default().bold();

/// From how many days before its transcript is deleted a session says so.
const EXPIRY_WORTH_A_WORD: u32 = 3;

/// Whether to write colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint(bool);

impl Paint {
    /// No colours.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(false);

    /// Colours.
    #[cfg(test)]
    pub(crate) const ALL: Self = Self(true);

    /// Colours only on a terminal that can show them, unless the environment says otherwise: `CLICOLOR_FORCE` asks for
    /// them anywhere, `NO_COLOR` is stronger.
    pub(crate) const fn decide(surroundings: &Surroundings, terminal: bool) -> Self {
        Self(
            !surroundings.no_color && (surroundings.force_color || (terminal && !surroundings.dumb_terminal)),
        )
    }

    /// Whether anything is in a colour.
    pub(crate) const fn has_colours(self) -> bool {
        self.0
    }

    /// Something in a colour.
    pub(crate) fn on(self, style: Style, what: impl Display) -> impl Display {
        let style = if self.0 { style } else { Style::new() };
        Painted { style, what }
    }
}

struct Painted<T> {
    style: Style,
    what: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, what } = self;
        write!(formatter, "{style}{what}{style:#}")
    }
}

/// A session's state as every list shows it: a shape and a word. Empty for one that merely rests.
pub(crate) fn state_of(session: &Session) -> (String, Style) {
    match session.status {
        Some(LiveStatus::Busy) => ("● busy".to_owned(), RUNNING),
        Some(LiveStatus::Waiting) => ("◆ waiting".to_owned(), WAITING),
        Some(status @ (LiveStatus::Idle | LiveStatus::Live)) => (format!("○ {}", status.name()), SOFT),
        None if session.path.is_none() => ("cleaned up".to_owned(), SOFT),
        None if session.kind == SessionKind::Agent => ("agent".to_owned(), SOFT),
        None => match session.expires_in_days {
            Some(0) => ("expires now".to_owned(), SOFT),
            Some(days) if days <= EXPIRY_WORTH_A_WORD => (format!("expires {days} d"), SOFT),
            _ => (String::new(), Style::new()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_unless_asked_otherwise() {
        let decided = |refused: bool, forced: bool, dumb: bool| {
            let mut surroundings = Surroundings::default();
            surroundings.no_color = refused;
            surroundings.force_color = forced;
            surroundings.dumb_terminal = dumb;
            [true, false].map(|terminal| Paint::decide(&surroundings, terminal).0)
        };
        assert_eq!(decided(false, false, false), [true, false]);
        assert_eq!(decided(false, true, false), [true, true]);
        assert_eq!(decided(true, true, false), [false, false]);
        assert_eq!(decided(false, false, true), [false, false]);
    }

    #[test]
    fn without_colours_nothing_is_added() {
        assert_eq!(Paint::NONE.on(FAILED, "error:").to_string(), "error:");
        assert_eq!(Paint(true).on(STRONG, "x").to_string(), "\u{1b}[1mx\u{1b}[0m");
    }
}
