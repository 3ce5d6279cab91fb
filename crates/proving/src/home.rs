//! A home of its own for agents with the fake client.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Failure, Programs};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home with a folder to work in; its agents end with it.
pub(crate) struct Home {
    folder: TempDir,
    orchestra: PathBuf,
}

impl Home {
    pub(crate) fn new(programs: &Programs) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let home = Self { folder, orchestra: programs.orchestra.clone() };
        for name in ["bin", "work"] {
            fs::create_dir(home.path(name)).map_err(|error| error.to_string())?;
        }
        std::os::unix::fs::symlink(&programs.fake_claude, home.path("bin/claude"))
            .map_err(|error| error.to_string())?;
        Ok(home)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program in a folder of the home.
    pub(crate) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.orchestra);
        command
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .env("HOME", self.folder.path())
            .env("ORCHESTRA_HOME", self.path("state"))
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .stdin(Stdio::null());
        command
    }

    /// What the program prints, when it succeeds.
    pub(crate) fn run(&self, folder: &str, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.command(folder, arguments).output().map_err(|error| error.to_string())?;
        text_of(&format!("{arguments:?}"), output)
    }

    /// Starts an agent that works in the folder as it is; answers its name.
    pub(crate) fn spawn(&self, name: &str, directives: &str) -> Result<String, Failure> {
        let task = format!("{name}\n{directives}");
        // It may have ended before it counts as started: that is no failure of the command's here.
        let mut command = self.command("work", &["spawn", "--trust", "--no-worktree", "--json", &task]);
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let agents: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        agents["agents"][0]["name"].as_str().map(str::to_owned).ok_or_else(|| said.clone())
    }

    pub(crate) fn agent(&self, name: &str) -> Result<Value, Failure> {
        let said = self.run("work", &["status", name, "--json"])?;
        let status: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        Ok(status["agents"][0].clone())
    }

    /// Waits until an agent is as it shall be.
    pub(crate) fn wait(&self, name: &str, until: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        let begin = Instant::now();
        loop {
            let agent = self.agent(name)?;
            if until(&agent) {
                return Ok(agent);
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("{name} does not come to be as it shall: {agent:#}"));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until an agent's second turn is over, however long that takes.
    pub(crate) fn wait_long(&self, name: &str) -> Result<(), Failure> {
        let begin = Instant::now();
        while self.agent(name)?["turns"] != 2 {
            if begin.elapsed() > 20 * PATIENCE {
                return Err(format!("{name} takes more than 20 minutes"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The records of an agent's log, as the program prints them.
    pub(crate) fn records(&self, name: &str) -> Result<Vec<Value>, Failure> {
        let said = self.run("work", &["logs", name, "--json"])?;
        said.lines()
            .map(|line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}")))
            .collect()
    }

    pub(crate) fn git(&self, folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
        let output =
            git(folder, self.folder.path()).args(arguments).output().map_err(|error| error.to_string())?;
        text_of(&format!("git {arguments:?}"), output)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for agent in fs::read_dir(self.path("state/agents")).into_iter().flatten().flatten() {
            let name = agent.file_name().to_string_lossy().into_owned();
            let mut stop = self.command("work", &["stop", &name]);
            drop(stop.stdout(Stdio::null()).stderr(Stdio::null()).status());
        }
    }
}

/// git as nobody has set it up.
pub(crate) fn git(folder: &Path, home: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
    }
    command
}

fn text_of(what: &str, output: Output) -> Result<String, Failure> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(format!("{what}: {} {}", output.status, text(&output.stderr)))
    }
}

/// The parent of a process.
pub(crate) fn parent_of(pid: u64) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// Ends a process by force.
pub(crate) fn kill(pid: u64) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let _ = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
}

/// Nanoseconds of the clock that never goes back.
pub(crate) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
