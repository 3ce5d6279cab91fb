//! Running a program and saying how long it took and how much memory it had at most.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::{self, not_started};

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) time: Duration,
    /// The most memory it held at once, in bytes.
    pub(crate) peak: u64,
}

/// The command by which this program measures another in a process of its own: the system counts the memory of who
/// starts a program as the program's, and this one has grown while it built.
pub(crate) const MEASURE: &str = "__measure";

/// Runs a program to its end, its output going nowhere.
pub(crate) fn run(command: &Command) -> Result<Run, Failure> {
    let broken = |problem: String| Failure::Form { what: "a measured run", problem };
    let this = std::env::current_exe().map_err(|error| broken(error.to_string()))?;
    let mut measuring = Command::new(this);
    measuring.arg(MEASURE).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => measuring.env(name, value),
            None => measuring.env_remove(name),
        };
    }
    let said = process::capture("a measured run", &mut measuring)?;
    let mut numbers = said.split_whitespace().map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(nanoseconds)), Some(Ok(peak))) => Ok(Run { time: Duration::from_nanos(nanoseconds), peak }),
        _ => Err(broken(format!("{command:?} was measured as {said:?}"))),
    }
}

/// Runs a program and prints the nanoseconds it took and the most bytes of memory it held.
pub(crate) fn print_run(arguments: &[String]) -> Result<(), Failure> {
    let (program, arguments) =
        arguments.split_first().ok_or_else(|| Failure::Usage(format!("{MEASURE} needs a program")))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let child = command.spawn().map_err(|source| not_started(&command, source))?;
    let (success, peak) = wait(&child)?;
    let time = begun.elapsed();
    if success {
        println!("{} {peak}", time.as_nanos());
        Ok(())
    } else {
        Err(Failure::Form { what: "a measured run", problem: format!("{command:?} failed") })
    }
}

/// Waits for a child and asks the system for the most memory it had.
#[expect(unsafe_code, reason = "wait4 is the one call that tells a single child's memory")]
fn wait(child: &Child) -> Result<(bool, u64), Failure> {
    let mut status = 0;
    // SAFETY: all zeroes is a valid rusage, and both pointers are valid for the call.
    let (waited, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let pid = libc::pid_t::try_from(child.id()).unwrap_or(libc::pid_t::MAX);
        (libc::wait4(pid, &raw mut status, 0, &raw mut usage), usage)
    };
    if waited < 0 {
        let problem = std::io::Error::last_os_error().to_string();
        return Err(Failure::Form { what: "a measured run", problem });
    }
    let unit = if cfg!(target_os = "linux") { 1024 } else { 1 };
    Ok((libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, usage.ru_maxrss.unsigned_abs() * unit))
}

/// The run in the middle, by time, with the highest peak of all.
pub(crate) fn median(mut runs: Vec<Run>) -> Option<Run> {
    runs.sort_by_key(|run| run.time);
    let peak = runs.iter().map(|run| run.peak).max()?;
    runs.get(runs.len() / 2).map(|run| Run { peak, ..*run })
}

/// Empties the system's page cache; says whether it was allowed to.
pub(crate) fn drop_page_cache() -> bool {
    let _ = Command::new("sync").status();
    std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}
