//! A home with the repository `shop` and a client, and agents that end with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

pub(super) use orchestra_fake_claude::home::kill;
use orchestra_fake_claude::home::{self, Home, PATIENCE};
use orchestra_scripted_model::{
    Script, ScriptedModel,
    client::{Client as RealClient, ClientSandbox},
};
use serde_json::Value;

/// The program.
pub(super) const ORCHESTRA: &str = env!("CARGO_BIN_EXE_orchestra");

/// A home with the repository `shop` in it.
pub(super) struct World {
    home: Home,
    /// What is wrong with the fake client from the start.
    fault: String,
}

/// What a command said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) words: String,
}

impl World {
    /// A home with the client that misbehaves on demand.
    pub(super) fn new() -> Self {
        let orchestra = Path::new(ORCHESTRA);
        Self::of(Home::new(orchestra, &orchestra.with_file_name("fake-claude"), "shop").unwrap())
    }

    /// A home with the real client, which asks a scripted model.
    pub(super) fn with_real_client(client: &RealClient) -> Self {
        Self::with_script(client, Script::directives(), &[])
    }

    /// The same with another script, and variables for the client.
    pub(super) fn with_script(
        client: &RealClient,
        script: Script,
        variables: &'static [(&'static str, &'static str)],
    ) -> Self {
        let model = ScriptedModel::start(script).unwrap();
        let sandbox = ClientSandbox::new(model.base_url()).unwrap();
        sandbox.install(client).unwrap();
        let folder = sandbox.home();
        let surroundings = move |command: &mut Command| {
            let _lives_as_long = &model;
            sandbox.apply_to(command);
            command.envs(variables.iter().copied());
        };
        Self::of(Home::within(&folder, Path::new(ORCHESTRA), "shop", Box::new(surroundings)).unwrap())
    }

    fn of(home: Home) -> Self {
        let world = Self { home, fault: String::new() };
        world.git(&["init", "-q", "-b", "main"]);
        world.git(&["config", "user.name", "Ada"]);
        world.git(&["config", "user.email", "ada@example.com"]);
        fs::write(world.shop().join("README.md"), "# Shop\n").unwrap();
        world.git(&["add", "-A"]);
        world.git(&["commit", "-q", "-m", "first"]);
        world
    }

    /// A home whose client fails from the start.
    pub(super) fn with_fault(fault: &str) -> Self {
        let mut world = Self::new();
        world.set_fault(fault);
        world
    }

    pub(super) fn set_fault(&mut self, fault: &str) {
        self.fault = fault.to_owned();
    }

    /// Has what is known of agents lie elsewhere from now on.
    pub(super) fn set_state(&mut self, state: &Path) {
        self.home.set_state(state);
    }

    pub(super) fn home(&self) -> &Path {
        self.home.folder()
    }

    pub(super) fn shop(&self) -> PathBuf {
        self.home.path("shop")
    }

    pub(super) fn state(&self) -> PathBuf {
        self.home.state().to_owned()
    }

    /// A command in the repository.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(Path::new(ORCHESTRA), arguments)
    }

    /// A command of another program in the repository.
    pub(super) fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = self.home.command_of(program, arguments);
        command.env("FAKE_CLAUDE", &self.fault);
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
        self.home.agent(name).unwrap()
    }

    /// The folder of an agent.
    #[track_caller]
    pub(super) fn agent_folder(&self, name: &str) -> PathBuf {
        self.state().join("agents").join(self.agent(name)["id"].as_str().unwrap())
    }

    /// Waits until an agent is as it shall be.
    #[track_caller]
    pub(super) fn wait(&self, name: &str, until: impl Fn(&Value) -> bool) -> Value {
        self.home.wait(name, until).unwrap()
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

    /// The runner's process.
    #[track_caller]
    pub(super) fn runner(&self, name: &str) -> u32 {
        self.home.runner(name).unwrap()
    }

    #[track_caller]
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.shop(), arguments)
    }

    #[track_caller]
    pub(super) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        self.home.git(folder, arguments).unwrap().trim_end().to_owned()
    }
}

pub(super) fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), words: text(output.stderr) }
}

#[track_caller]
pub(super) fn parent_of(pid: u32) -> u32 {
    home::parent_of(pid).unwrap()
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

pub(super) fn pid_in(file: &Path) -> u32 {
    fs::read_to_string(file).unwrap().trim().parse().unwrap()
}
