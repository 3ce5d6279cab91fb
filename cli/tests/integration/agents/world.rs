//! A home with a repository and the fake client, and agents that end with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use orchestra_scripted_model::{
    RunningModel, Script, ScriptedModel,
    client::{Client as RealClient, ClientSandbox},
};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take here; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home with the repository `shop` in it.
pub(super) struct World {
    home: PathBuf,
    client: Client,
}

/// The client on the path.
enum Client {
    /// The one that misbehaves on demand, with what is wrong with it from the start.
    Fake { _folder: TempDir, fault: String },
    /// The real one, with its model.
    Real { sandbox: ClientSandbox, _model: RunningModel },
}

/// What a command said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) words: String,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        let world = Self { home, client: Client::Fake { _folder: folder, fault: String::new() } };
        let programs = world.home.join("bin");
        fs::create_dir(&programs).unwrap();
        let fake = Path::new(env!("CARGO_BIN_EXE_orchestra")).with_file_name("fake-claude");
        assert!(fake.is_file(), "cargo build -p orchestra-fake-claude makes {}", fake.display());
        std::os::unix::fs::symlink(fake, programs.join("claude")).unwrap();
        world.make_shop();
        world
    }

    /// A home with the real client, which asks a scripted model.
    pub(super) fn with_real_client(client: &RealClient) -> Self {
        let model = ScriptedModel::start(Script::directives()).unwrap();
        let sandbox = ClientSandbox::new(model.base_url()).unwrap();
        sandbox.install(client).unwrap();
        let world = Self { home: sandbox.home(), client: Client::Real { sandbox, _model: model } };
        world.make_shop();
        world
    }

    fn make_shop(&self) {
        fs::create_dir(self.shop()).unwrap();
        self.git(&["init", "-q", "-b", "main"]);
        self.git(&["config", "user.name", "Ada"]);
        self.git(&["config", "user.email", "ada@example.com"]);
        fs::write(self.shop().join("README.md"), "# Shop\n").unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "first"]);
    }

    /// The same, whose client fails from the start.
    pub(super) fn with_fault(fault: &str) -> Self {
        let mut world = Self::new();
        world.set_fault(fault);
        world
    }

    pub(super) fn set_fault(&mut self, fault: &str) {
        match &mut self.client {
            Client::Fake { fault: now, .. } => *now = fault.to_owned(),
            Client::Real { .. } => panic!("the real client has no faults on demand"),
        }
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn shop(&self) -> PathBuf {
        self.home.join("shop")
    }

    pub(super) fn state(&self) -> PathBuf {
        self.home.join("state")
    }

    /// A command in the repository.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestra"));
        command.args(arguments).current_dir(self.shop()).stdin(Stdio::null());
        match &self.client {
            Client::Fake { fault, .. } => {
                let path = format!("{}:/usr/bin:/bin", self.home.join("bin").display());
                command.env_clear().env("HOME", &self.home).env("FAKE_CLAUDE", fault).env("PATH", path);
            }
            Client::Real { sandbox, .. } => sandbox.apply_to(&mut command),
        }
        command.env("ORCHESTRA_HOME", self.state()).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments))
    }

    #[track_caller]
    pub(super) fn ok(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said
    }

    /// Starts an agent on directives, and answers its name.
    #[track_caller]
    pub(super) fn spawn(&self, name: &str, directives: &str) -> String {
        let task = format!("{name}\n{directives}");
        let said = self.ok(&["spawn", "--trust", "--json", &task]);
        let agents: Value = serde_json::from_str(&said.out).unwrap();
        agents["agents"][0]["name"].as_str().unwrap().to_owned()
    }

    /// An agent as it is now.
    #[track_caller]
    pub(super) fn agent(&self, name: &str) -> Value {
        let said = self.ok(&["status", name, "--json"]);
        let status: Value = serde_json::from_str(&said.out).unwrap();
        status["agents"][0].clone()
    }

    /// Waits until an agent is as it shall be.
    #[track_caller]
    pub(super) fn wait(&self, name: &str, until: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let agent = self.agent(name);
            if until(&agent) {
                return agent;
            }
            assert!(begin.elapsed() < PATIENCE, "{agent:#}\n{}", self.run(&["logs", name]).out);
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    pub(super) fn wait_for_state(&self, name: &str, state: &str) -> Value {
        self.wait(name, |agent| agent["state"] == state)
    }

    /// Waits until an agent asks something.
    #[track_caller]
    pub(super) fn wait_for_request(&self, name: &str) -> Value {
        self.wait(name, |agent| agent["state"] == "waiting")["requests"][0].clone()
    }

    /// Its worktree.
    pub(super) fn worktree(&self, name: &str) -> PathBuf {
        PathBuf::from(self.agent(name)["worktree"].as_str().unwrap())
    }

    /// The answers that its client got, as it got them.
    pub(super) fn decisions(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.worktree(name).join(".fake-decisions")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["response"]["response"].clone())
            .collect()
    }

    /// The runner's process, the parent of the client's.
    pub(super) fn runner(&self, name: &str) -> u32 {
        parent_of(u32::try_from(self.agent(name)["pid"].as_u64().unwrap()).unwrap())
    }

    #[track_caller]
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.shop(), arguments)
    }

    #[track_caller]
    pub(super) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(folder).env("HOME", &self.home).env("GIT_CONFIG_NOSYSTEM", "1");
        let said = said(command);
        assert_eq!(said.code, 0, "git {arguments:?}: {said:?}");
        said.out.trim_end().to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Nothing of an agent outlives its runner, and no runner its test.
        for agent in fs::read_dir(self.state().join("agents")).into_iter().flatten().flatten() {
            let name = agent.file_name().to_string_lossy().into_owned();
            let _ = self.command(&["stop", &name]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), words: text(output.stderr) }
}

pub(super) fn parent_of(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Whether a process runs; one that only waits to be collected does not.
pub(super) fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits until something holds.
#[track_caller]
pub(super) fn until(holds: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "it does not come to hold");
        thread::sleep(Duration::from_millis(10));
    }
    begin.elapsed()
}

pub(super) fn kill(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

pub(super) fn pid_in(file: &Path) -> u32 {
    fs::read_to_string(file).unwrap().trim().parse().unwrap()
}
