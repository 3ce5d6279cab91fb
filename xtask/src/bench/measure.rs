//! Running a program and saying how long it took and how much memory it had at most.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::not_started;

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) time: Duration,
    /// The most memory it held at once, in bytes.
    pub(crate) peak: u64,
}

/// Runs a program to its end, its output going nowhere.
pub(crate) fn run(command: &mut Command) -> Result<Run, Failure> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let child = command.spawn().map_err(|source| not_started(command, source))?;
    let (success, peak) = wait(child)?;
    let time = begun.elapsed();
    if success {
        Ok(Run { time, peak })
    } else {
        Err(Failure::Form { what: "a measured run", problem: format!("{command:?} failed") })
    }
}

/// Waits for a child and asks the system for the most memory it had.
#[expect(unsafe_code, reason = "wait4 is the one call that tells a single child's memory")]
fn wait(child: Child) -> Result<(bool, u64), Failure> {
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
