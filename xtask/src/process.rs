//! Running other programs and telling the user what goes on. Knows nothing of what they are for.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// A line that says what begins; [`Step::done`] says how long it took.
pub(crate) struct Step {
    begun: Instant,
}

impl Step {
    pub(crate) fn begin(what: &str) -> Self {
        eprintln!("▸ {what}");
        Self { begun: Instant::now() }
    }

    pub(crate) fn done(self, result: &str) {
        eprintln!("  {result} in {}", seconds(self.begun.elapsed()));
    }
}

/// A time for people: `0.4 s`, `12.3 s`, `3 min 05 s`.
pub(crate) fn seconds(time: Duration) -> String {
    if time.as_secs() < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

/// The cargo that runs this program, without the variables that describe the `xtask` crate to it.
pub(crate) fn cargo() -> Command {
    plain(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program that starts cargo in its turn, likewise.
pub(crate) fn plain(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// A program from npm's family; on Windows those are scripts with an ending of their own.
pub(crate) fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Where the system keeps a program, if it has it.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name).with_extension(std::env::consts::EXE_EXTENSION))
        .find(|place| place.is_file())
}

/// Runs to the end with the user's own terminal for output and nothing to read.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).status().map_err(|source| not_started(command, source))?;
    if status.success() { Ok(()) } else { Err(Failure::Exit { what: what.to_owned(), status }) }
}

/// Runs to the end and returns what was printed; complaints still reach the terminal.
pub(crate) fn capture(what: &str, command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| not_started(command, source))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Failure::Exit { what: what.to_owned(), status: output.status })
    }
}

/// Whether a program answers at all; what it says is nobody's business.
pub(crate) fn answers(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What [`run`] fails with when the program is not there.
pub(crate) fn not_started(command: &Command, source: std::io::Error) -> Failure {
    let program = command.get_program();
    let hint = if program == OsStr::new("npm") || program == OsStr::new("npm.cmd") {
        "install Node 20 or newer with npm, then run this again"
    } else if program == OsStr::new("rustup") {
        "get Rust from rustup, or add the target wasm32-unknown-unknown to your toolchain yourself"
    } else {
        "see that it is installed and on the PATH"
    };
    Failure::Start { program: program.to_string_lossy().into_owned(), hint, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(430)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn a_missing_program_says_what_to_do() {
        let failure = run("x", &mut Command::new("surely-no-such-program")).unwrap_err();
        assert!(failure.to_string().contains("on the PATH"), "{failure}");
    }
}
