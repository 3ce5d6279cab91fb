//! The guard: the runner's parent, which does nothing but see that nothing of an agent outlives its runner.
//!
//! Whatever a client starts stems from the guard too, so when the runner is killed, what it leaves behind comes to the
//! guard, which ends it. When the guard is killed, the system tells the runner, which stops its agent. Only who kills
//! both at once leaves something behind.

use std::{
    ffi::OsString,
    io,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitOptions};

use super::{child::end_with_parent, ending::end_with};

/// How long what a killed runner left behind may take to end by itself.
const GRACE: Duration = Duration::from_millis(500);
/// How often what has ended is collected.
const LOOK: Duration = Duration::from_millis(10);
/// How long it may take after SIGKILL.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts the runner and ends what is left when it has ended; answers whether it was killed. Call it on the process' first
/// thread.
///
/// Guards of other agents, which this program was told to be with one of the words `spared`, are left alone.
///
/// # Errors
/// When the runner cannot be started.
pub fn guard(mut runner: Command, spared: &[OsString]) -> io::Result<bool> {
    // Fails when it leads a session already: then it need not.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    end_with_parent(&mut runner, Signal::TERM);
    let runner = runner.spawn()?;
    let runner = i32::try_from(runner.id()).ok().and_then(Pid::from_raw);
    let is_killed = loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if Some(pid) == runner => break status.signaled(),
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) | Err(_) => break false,
        }
    };
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // What ends is collected meanwhile, and no longer: what is started afterwards is waited for by whoever starts it.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                if !matches!(rustix::process::wait(WaitOptions::NOHANG), Ok(Some(_))) {
                    std::thread::sleep(LOOK);
                }
            }
        });
        if !end_with(Signal::TERM, GRACE, spared).is_empty() {
            end_with(Signal::KILL, PATIENCE, spared);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    Ok(is_killed)
}
