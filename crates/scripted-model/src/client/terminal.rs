//! A pseudo-terminal for programs that want one: the client at its prompt, `orchestra`'s picker.
//!
//! It keeps what was printed as plain text in the order of its arrival; it is no terminal emulator, and knows no
//! screen positions.

use super::ClientError;
use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::ffi::OsStrExt,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long an expected text or end may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A program in a pseudo-terminal of 120 by 40; dropping it kills the program.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    printed: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs a command in a new terminal.
    ///
    /// # Errors
    /// When there is no terminal to be had, or the program does not start.
    pub fn start(mut command: Command) -> Result<Self, ClientError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let failed = |source: io::Error| ClientError::Run { program: program.clone(), source };
        let (keyboard, screen) = open().map_err(failed)?;
        let mut reader = keyboard.try_clone().map_err(failed)?;
        let child = command
            .env("TERM", "xterm-256color")
            .stdin(screen.try_clone().map_err(failed)?)
            .stdout(screen.try_clone().map_err(failed)?)
            .stderr(screen)
            .spawn()
            .map_err(failed)?;
        // The command still holds this side of the terminal; without it the reader sees the program's end.
        drop(command);
        let printed = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&printed);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                shared.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..length]);
            }
        });
        Ok(Self { child, keyboard, printed })
    }

    /// Types these characters; `\r` is the Enter key.
    ///
    /// # Errors
    /// When the terminal is closed.
    pub fn send(&mut self, keys: &str) -> Result<(), ClientError> {
        let sent = self.keyboard.write_all(keys.as_bytes());
        sent.map_err(|source| ClientError::Run { program: "the program in the terminal".to_owned(), source })
    }

    /// All that was printed so far, without colours and movements.
    #[must_use]
    pub fn text(&self) -> String {
        plain(&self.printed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the text has been printed. White space does not count: programs jump over it rather than print
    /// it.
    ///
    /// # Errors
    /// [`ClientError::NotShown`] when it never is.
    pub fn wait_for(&self, text: &str) -> Result<(), ClientError> {
        let wanted = without_space(text);
        let deadline = Instant::now() + LIMIT;
        loop {
            let shown = self.text();
            if without_space(&shown).contains(&wanted) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let text = text.to_owned();
                return Err(ClientError::NotShown { text, seconds: LIMIT.as_secs(), screen: shown });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the program's end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn finish(mut self) -> Result<ExitStatus, ClientError> {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() > deadline => {
                    return Err(ClientError::TimedOut { seconds: LIMIT.as_secs(), output: self.text() });
                }
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Err(source) => {
                    return Err(ClientError::Run {
                        program: "the program in the terminal".to_owned(),
                        source,
                    });
                }
            }
        }
    }

    /// The program's process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both sides of a new pseudo-terminal. It is nobody's controlling terminal, so no signal comes from its keys; the
/// programs here read keys in raw mode anyway.
fn open() -> io::Result<(File, File)> {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&keyboard)?;
    unlockpt(&keyboard)?;
    let name = ptsname(&keyboard, Vec::new())?;
    tcsetwinsize(&keyboard, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 })?;
    let screen = OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.as_bytes()))?;
    Ok((keyboard.into(), screen))
}

fn without_space(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

/// The printed characters without escape sequences; a movement along the line counts as a space, another as a new
/// line.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            if character == '\n' || !character.is_control() {
                kept.push(character);
            }
            continue;
        }
        match characters.next() {
            // A control sequence ends with a letter or another character of this range.
            Some('[') => {
                let last = characters.by_ref().find(|c| ('@'..='~').contains(c));
                match last {
                    Some('C' | 'G') => kept.push(' '),
                    Some('A' | 'B' | 'E' | 'F' | 'H') => kept.push('\n'),
                    _ => {}
                }
            }
            // A title or a link ends with BEL or with ESC and a backslash.
            Some(']') => {
                while let Some(inner) = characters.next() {
                    if inner == '\u{7}' {
                        break;
                    }
                    if inner == '\u{1b}' {
                        characters.next();
                        break;
                    }
                }
            }
            // A choice of character set has one more character.
            Some('(' | ')') => {
                characters.next();
            }
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_taken_out() {
        let printed = b"\x1b]0;title\x07\x1b(B\x1b[1;31mred\x1b[0m\x1b[9Gword\r\n\x1b]8;;x\x1b\\link\x1b[2J";
        assert_eq!(plain(printed), "red word\nlink");
    }

    #[test]
    fn a_program_sees_a_terminal_and_its_keys() {
        let mut command = Command::new("sh");
        command.args(["-c", "test -t 0 && test -t 1 && stty size && read line && echo \"got $line\""]);
        let mut terminal = Terminal::start(command).unwrap();
        terminal.wait_for("40 120").unwrap();
        terminal.send("hello\n").unwrap();
        terminal.wait_for("got hello").unwrap();
        assert!(terminal.finish().unwrap().success());
    }
}
