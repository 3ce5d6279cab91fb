//! A disk that is full: the agent is held back, promises are refused, and nothing is lost once there is room.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use orchestra_fake_claude::home::Failure;

use crate::Programs;

/// Lines that the client prints, of 1,000 bytes each.
const LINES: u64 = 8_000;

/// A small file system at a folder, unmounted with the value.
struct Small<'a>(&'a std::path::Path);

impl<'a> Small<'a> {
    fn mount(folder: &'a std::path::Path, options: &str) -> Option<Self> {
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

/// Fills the disk under an agent's log, and makes room again.
pub(super) fn fill(programs: &Programs) -> Result<String, Failure> {
    let home = programs.home("work")?;
    let state = home.state().to_owned();
    fs::create_dir(&state).map_err(|error| error.to_string())?;
    let Some(_small) = Small::mount(&state, "size=4m") else {
        return Ok("LEFT OUT: this user may not mount a small file system".to_owned());
    };
    let name = home.spawn(&["--no-worktree"], "Fill", &format!("::flood {} 1000", LINES * 1000))?;
    // The log is stuck now, and so is the client.
    thread::sleep(Duration::from_secs(2));
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
    home.run(&["stop", &name])?;
    Ok(format!("{lines} lines held back and kept, a promise refused"))
}
