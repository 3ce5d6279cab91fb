//! A disk that is full: the agent is held back, promises are refused, and nothing is lost once there is room.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use orchestra_fake_claude::home::{Failure, PATIENCE};

use crate::Programs;

/// Lines that the client prints, of 1,000 bytes each.
const LINES: u64 = 8_000;

/// A small file system at a folder, unmounted with the value.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(folder: &'a Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(self.0).status());
    }
}

/// Waits until what lies below a folder takes up nearly all of the small disk and has not grown for a while.
fn wait_until_full(folder: &Path) -> Result<(), Failure> {
    const NEARLY: u64 = 3 << 20;
    let begin = Instant::now();
    let mut before = 0;
    while begin.elapsed() < PATIENCE {
        thread::sleep(Duration::from_secs(1));
        let bytes = bytes_below(folder);
        if bytes >= NEARLY && bytes == before {
            return Ok(());
        }
        before = bytes;
    }
    Err(format!("the disk does not fill: {before} bytes"))
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => bytes_below(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Fills the disk under an agent's log, and makes room again.
pub(super) fn fill(programs: &Programs) -> Result<String, Failure> {
    let home = programs.home("work")?;
    let state = home.state().to_owned();
    fs::create_dir(&state).map_err(|error| error.to_string())?;
    let Some(_small) = Small::mount(&state, "size=4m") else {
        return Ok("LEFT OUT: this user may not mount a small file system".to_owned());
    };
    let name = home.spawn(&["--no-worktree"], "Fill", &format!("::flood {} 1000", LINES * 1000))?;
    // The log is stuck then, and so is the client.
    wait_until_full(&state)?;
    let agent = home.agent(&name)?;
    if agent["state"] != "running" {
        return Err(format!("with a full disk it is {}, not running", agent["state"]));
    }
    let output = home.command(&["send", &name, "more"]).output().map_err(|error| error.to_string())?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() || !words.contains("cannot be written") {
        return Err(format!("a message was promised on a full disk: {words}"));
    }
    let grown = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&state).status();
    if !grown.is_ok_and(|status| status.success()) {
        return Err("the disk could not be made larger".to_owned());
    }
    home.wait(&name, |agent| agent["turns"] == 1)?;
    let records = home.records(&name)?;
    let lines = records.iter().filter(|record| record["output"]["type"] == "stream_event").count() as u64;
    let has_gap = records.iter().enumerate().any(|(index, record)| record["sequence"] != index as u64 + 1);
    if lines != LINES || has_gap {
        return Err(format!("{lines} of {LINES} lines are there, a gap: {has_gap}"));
    }
    // On a slow machine its client may have been let go by now.
    drop(home.run(&["stop", &name]));
    Ok(format!("{lines} lines held back and kept, a promise refused"))
}
