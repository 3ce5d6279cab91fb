//! A home of its own for agents, driven through the built program as a person drives it. Its agents end with it.
//!
//! What fails is told, not panicked at: tests unwrap it, the fault harness passes it on.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// What went otherwise than it should, in words.
pub type Failure = String;

/// How long anything may take; the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long it is waited between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// What a command of a home is given: the environment in which the client is found.
type Surroundings = Box<dyn Fn(&mut Command)>;

/// A home with a folder that agents are started in.
pub struct Home {
    folder: PathBuf,
    work: String,
    state: PathBuf,
    orchestra: PathBuf,
    surroundings: Surroundings,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Home").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Home {
    /// A new home where the client is the fake one, with an empty folder to work in; removed with the value.
    ///
    /// # Errors
    /// When the program is not there, or the home cannot be made.
    pub fn new(orchestra: &Path, fake_claude: &Path, work: &str) -> Result<Self, Failure> {
        if !fake_claude.is_file() {
            return Err(format!("cargo build -p orchestra-fake-claude makes {}", fake_claude.display()));
        }
        let make = || -> io::Result<(TempDir, PathBuf)> {
            let folder = tempfile::tempdir()?;
            let path = folder.path().canonicalize()?;
            fs::create_dir(path.join("bin"))?;
            std::os::unix::fs::symlink(fake_claude, path.join("bin/claude"))?;
            Ok((folder, path))
        };
        let (held, folder) = make().map_err(|error| error.to_string())?;
        let surroundings = {
            let folder = folder.clone();
            move |command: &mut Command| {
                let path = format!("{}:/usr/bin:/bin", held.path().join("bin").display());
                command.env_clear().env("HOME", &folder).env("PATH", path);
            }
        };
        Self::within(&folder, orchestra, work, Box::new(surroundings))
    }

    /// A home in a folder that is there, whose commands are given their surroundings; those live as long as the home.
    ///
    /// # Errors
    /// When the folder to work in cannot be made.
    pub fn within(
        folder: &Path,
        orchestra: &Path,
        work: &str,
        surroundings: Surroundings,
    ) -> Result<Self, Failure> {
        fs::create_dir(folder.join(work)).map_err(|error| error.to_string())?;
        Ok(Self {
            folder: folder.to_owned(),
            work: work.to_owned(),
            state: folder.join("state"),
            orchestra: orchestra.to_owned(),
            surroundings,
        })
    }

    /// Has what is known of agents lie elsewhere from now on.
    pub fn set_state(&mut self, state: &Path) {
        self.state = state.to_owned();
    }

    /// Where what is known of agents lies.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A place in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The program with arguments, in the folder that is worked in.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&self.orchestra, arguments)
    }

    /// The same of another program.
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        (self.surroundings)(&mut command);
        command
            .args(arguments)
            .current_dir(self.path(&self.work))
            .env("ORCHESTRA_HOME", &self.state)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
        command
    }

    /// What the program prints, when it succeeds.
    ///
    /// # Errors
    /// When it does not, with what it says.
    pub fn run(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.command(arguments).output().map_err(|error| error.to_string())?;
        text_of(&format!("{arguments:?}"), output)
    }

    /// Starts an agent on directives with some options, and answers its name. It may have ended before it counts as
    /// started: that is no failure here.
    ///
    /// # Errors
    /// When no agent is made.
    pub fn spawn(&self, options: &[&str], name: &str, directives: &str) -> Result<String, Failure> {
        let task = format!("{name}\n{directives}");
        let arguments = [&["spawn", "--trust", "--json"], options, &[&task]].concat();
        let output = self.command(&arguments).output().map_err(|error| error.to_string())?;
        let agents: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let name = agents["agents"][0]["name"].as_str().map(str::to_owned);
        name.ok_or_else(|| format!("{output:?}"))
    }

    /// An agent as it is now.
    ///
    /// # Errors
    /// When there is none, or none that can be read.
    pub fn agent(&self, name: &str) -> Result<Value, Failure> {
        let said = self.run(&["status", name, "--json"])?;
        let mut status: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        Ok(status["agents"][0].take())
    }

    /// Waits until an agent is as it shall be.
    ///
    /// # Errors
    /// When it does not come to be so, with what it is instead.
    pub fn wait(&self, name: &str, until: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        self.wait_for(PATIENCE, name, until)
    }

    /// The same, for so long at most.
    ///
    /// # Errors
    /// When it does not come to be so, with what it is instead.
    pub fn wait_for(
        &self,
        most: Duration,
        name: &str,
        until: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let begin = Instant::now();
        loop {
            let agent = self.agent(name)?;
            if until(&agent) {
                return Ok(agent);
            }
            if begin.elapsed() > most {
                let log = self.run(&["logs", name]).unwrap_or_default();
                return Err(format!("{name} does not come to be as it shall: {agent:#}\n{log}"));
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// The id of the client's process.
    ///
    /// # Errors
    /// When none runs.
    pub fn client(&self, name: &str) -> Result<u32, Failure> {
        let agent = self.agent(name)?;
        let pid = agent["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        pid.ok_or_else(|| format!("no client runs: {agent}"))
    }

    /// The id of the runner's process, the parent of the client's.
    ///
    /// # Errors
    /// When none runs.
    pub fn runner(&self, name: &str) -> Result<u32, Failure> {
        parent_of(self.client(name)?).ok_or_else(|| format!("the client of {name} is gone"))
    }

    /// The records of an agent's log, as the program prints them.
    ///
    /// # Errors
    /// When they cannot be had.
    pub fn records(&self, name: &str) -> Result<Vec<Value>, Failure> {
        let said = self.run(&["logs", name, "--json"])?;
        said.lines()
            .map(|line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}")))
            .collect()
    }

    /// What git prints in a folder, when it succeeds.
    ///
    /// # Errors
    /// When it does not, with what it says.
    pub fn git(&self, folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
        let output = git(folder, &self.folder).args(arguments).output().map_err(|error| error.to_string())?;
        text_of(&format!("git {arguments:?}"), output)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Nothing of an agent outlives its runner, and no runner its home.
        for agent in fs::read_dir(self.state.join("agents")).into_iter().flatten().flatten() {
            let name = agent.file_name().to_string_lossy().into_owned();
            let mut stop = self.command(&["stop", &name]);
            drop(stop.stdout(Stdio::null()).stderr(Stdio::null()).status());
        }
    }
}

/// git as nobody has set it up, for Ada.
pub fn git(folder: &Path, home: &Path) -> Command {
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
pub fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// Ends a process by force.
pub fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let _ = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
}
