//! A check: a person's command, run by a shell where an agent worked. Called where a person trusts the repository.

use std::{
    ffi::OsString,
    io::{self, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::Check;
use rustix::process::{Pid, Signal};

use super::halt::Halt;
use crate::agents::runner::end_with_parent;

/// What runs a command.
const SHELL: &str = "/bin/sh";
/// What it runs first: a leash. Its standard input ends when whoever checks has ended, however that was, and then the
/// whole group does. The command has nothing to read.
const LEASHED: &str = r#"exec 3<&0 </dev/null
( read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 &
exec 3<&-
exec /bin/sh -c "$1""#;
/// How long a check may take.
const MOST: Duration = Duration::from_secs(60 * 60);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(5);
/// How often it is looked whether it is to end.
const LOOK_AROUND: Duration = Duration::from_millis(100);
/// How much of what it prints is kept, in bytes: the end of it.
const KEPT: usize = 8 << 10;

/// A command and where it runs.
pub(super) struct Checking<'a> {
    pub(super) command: &'a str,
    pub(super) folder: &'a Path,
    /// Variables that it does not inherit.
    pub(super) scrubbed: &'a [OsString],
    /// Variables that it is given.
    pub(super) given: Vec<(OsString, OsString)>,
    /// Where it is said that it is to end.
    pub(super) halt: Halt,
}

impl Checking<'_> {
    /// Runs it to its end. What it leaves in its group ends with it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn run(self) -> io::Result<Check> {
        let (reader, writer) = io::pipe()?;
        let (leash, _held) = io::pipe()?;
        let mut command = Command::new(SHELL);
        command.args(["-c", LEASHED, "check", self.command]).current_dir(self.folder).stdin(leash);
        command.stdout(writer.try_clone()?).stderr(writer).process_group(0);
        for name in self.scrubbed {
            command.env_remove(name);
        }
        command.envs(self.given);
        end_with_parent(&mut command, Signal::KILL);
        let begin = Instant::now();
        let mut child = command.spawn()?;
        // The pipe ends when nobody holds its other end any more.
        drop(command);
        let printed = Arc::new(Mutex::new(Vec::new()));
        let reading = read_end(reader, Arc::clone(&printed));
        let mut looked = begin;
        let (status, why) = loop {
            match child.try_wait()? {
                Some(status) => break (Some(status), ""),
                None if begin.elapsed() > MOST => break (None, "\n(ended after an hour)"),
                None if looked.elapsed() > LOOK_AROUND => {
                    if self.halt.is_wanted() {
                        break (None, "\n(stopped)");
                    }
                    looked = Instant::now();
                }
                None => thread::sleep(LOOK),
            }
        };
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        if status.is_none() {
            drop(child.wait());
        }
        // Whoever left the group and still prints is not waited for.
        let until = Instant::now() + Duration::from_millis(500);
        while !reading.is_finished() && Instant::now() < until {
            thread::sleep(LOOK);
        }
        let printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut output = String::from_utf8_lossy(&printed).trim_end().to_owned();
        output.push_str(why);
        if let Some(signal) = status.and_then(|status| status.signal()) {
            output.push_str(&format!("\n(killed by signal {signal})"));
        }
        Ok(Check {
            command: self.command.to_owned(),
            passed: status.is_some_and(|status| status.success()),
            exit_code: status.and_then(|status| status.code()),
            output,
            at: Timestamp::now(),
            milliseconds: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
            is_outdated: false,
        })
    }
}

/// Reads to the end and keeps the last of it.
fn read_end(mut reader: impl Read + Send + 'static, kept: Arc<Mutex<Vec<u8>>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = vec![0; 16 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend_from_slice(&buffer[..length]);
                    let excess = kept.len().saturating_sub(KEPT);
                    kept.drain(..excess);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })
}

/// How a check went, in words that follow a name: for a person and for the agent.
pub(super) fn how_it_went(check: &Check) -> String {
    match check.exit_code {
        Some(code) => format!("`{}` failed (exit code {code})", check.command),
        None => format!("`{}` did not come to its end", check.command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str) -> Check {
        let folder = tempfile::tempdir().unwrap();
        let given = vec![("GIVEN".into(), "given".into())];
        let halt = Halt::at(folder.path().join("halt"));
        Checking { command, folder: folder.path(), scrubbed: &["HOME".into()], given, halt }.run().unwrap()
    }

    #[test]
    fn a_check_has_an_exit_code_and_the_end_of_its_words() {
        let check = run("echo $GIVEN; echo \"${HOME-none}\" >&2; exit 3");
        assert_eq!((check.passed, check.exit_code, check.output.as_str()), (false, Some(3), "given\nnone"));
        assert!(run("true").passed);
        let check = run("yes | head -c 1000000; echo the end");
        assert!(check.output.ends_with("the end") && check.output.len() <= KEPT, "{}", check.output.len());
        let check = run("kill -9 $$");
        assert_eq!((check.passed, check.exit_code), (false, None));
    }

    #[test]
    fn what_a_check_leaves_behind_ends_with_it() {
        let begin = Instant::now();
        let check = run("sleep 1000 & echo $!");
        let pid: u32 = check.output.trim().parse().unwrap();
        while crate::process::start_of(pid).is_some() {
            assert!(begin.elapsed() < Duration::from_secs(30), "it lives");
            thread::sleep(LOOK);
        }
    }
}
