//! The terminal while the picker has it, and giving it back.

use std::io::{self, IsTerminal, Stderr, Write};

use ratatui::{
    Frame, Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size},
    },
};

/// How many lines the picker takes at most.
const TALLEST: u16 = 24;

/// The terminal in the picker's hands; given back when dropped, and before a panic is told.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
    alternate: bool,
}

impl Screen {
    /// Takes the terminal: some lines of it, or a screen aside where the cursor's place cannot be asked for, which
    /// goes over standard output.
    pub(super) fn open() -> io::Result<Self> {
        give_back_before_panics();
        enable_raw_mode()?;
        let mut alternate = !io::stdout().is_terminal();
        let mut terminal = take(alternate);
        if terminal.is_err() && !alternate {
            // A terminal that does not say where its cursor is.
            alternate = true;
            terminal = take(alternate);
        }
        if terminal.is_err() {
            give_back(alternate);
        }
        Ok(Self { terminal: terminal?, alternate })
    }

    /// Draws one picture.
    pub(super) fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(picture).map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if !self.alternate {
            // Nothing of it stays in the way of what comes next.
            let top = self.terminal.get_frame().area().as_position();
            let cleared = self.terminal.clear().and_then(|()| self.terminal.set_cursor_position(top));
            drop(cleared);
        }
        give_back(self.alternate);
    }
}

fn take(alternate: bool) -> io::Result<Terminal<CrosstermBackend<Stderr>>> {
    let mut stderr = io::stderr();
    execute!(stderr, EnableBracketedPaste)?;
    let viewport = if alternate {
        execute!(stderr, EnterAlternateScreen)?;
        Viewport::Fullscreen
    } else {
        let (_, rows) = size()?;
        Viewport::Inline(rows.saturating_sub(1).clamp(1, TALLEST))
    };
    Terminal::with_options(CrosstermBackend::new(stderr), TerminalOptions { viewport })
}

fn give_back(alternate: bool) {
    let mut stderr = io::stderr();
    let given = if alternate {
        execute!(stderr, LeaveAlternateScreen, DisableBracketedPaste, Show)
    } else {
        execute!(stderr, DisableBracketedPaste, Show)
    };
    // A terminal that is gone needs nothing back.
    drop(given.and_then(|()| stderr.flush()));
    drop(disable_raw_mode());
}

fn give_back_before_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back(true);
        tell(panic);
    }));
}
