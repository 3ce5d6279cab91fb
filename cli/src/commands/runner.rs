//! `orchestra __guard` and `__runner`: what an agent's processes are told to be. No person types these.

use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use orchestra_core::{
    agents::{self, AgentFolder, RunnerSettings, Tools},
    worktrees::Git,
};
use orchestra_model::AgentId;

use super::{Context, agent, client};
use crate::{error::Failure, heap};

/// What starts a guard.
pub(super) const GUARD: &str = "__guard";
/// What starts a runner.
const RUNNER: &str = "__runner";
/// What serves an agent's tools.
const MCP: &str = "mcp";

/// What a run is gone on with.
const STEP: &str = "__step";
/// How often that is started again when it is killed.
const MOST_STEPPERS: u32 = 1000;

/// How long it is waited after one that could not go on, at first, and after how long nobody tries any more.
const PATIENCE: Duration = Duration::from_secs(1);
const MOST_PATIENCE: Duration = Duration::from_secs(64);

/// What an agent's process is told to be, and the agent's folder.
pub(super) enum Role {
    /// The guard.
    Guard(PathBuf),
    /// The runner.
    Runner(PathBuf),
}

impl Role {
    /// What arguments say; `None` when they are a person's.
    pub(super) fn of(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let role = match arguments.next()?.to_str()? {
            GUARD => Self::Guard,
            RUNNER => Self::Runner,
            _ => return None,
        };
        let folder = arguments.next()?;
        arguments.next().is_none().then(|| role(folder.into()))
    }

    /// Is that until the agent has ended.
    pub(super) fn play(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Guard(folder) => guard(context, folder),
            Self::Runner(folder) => run(context, folder),
        }
    }
}

/// Starts the agent's runner, sees that nothing outlives it, and starts the next of its run.
fn guard(context: &Context, folder: &Path) -> Result<(), Failure> {
    let launcher = agent::launcher(context)?;
    let mut runner = Command::new(&launcher.program);
    runner.arg(RUNNER).arg(folder);
    let is_killed = agents::guard(runner, &spared())
        .map_err(|error| Failure::new(format!("the runner cannot be started: {error}")))?;
    let tools = agent::tools_as_they_are(context)?;
    // One that is parked goes on by itself all the same; all others wait for a person.
    let woken = if is_killed { tools.agents().wake(&launcher) } else { Ok(()) };
    let found = AgentFolder::open(folder).and_then(|folder| Ok((folder.plan()?, folder)));
    let Ok((plan, folder)) = found else { return Ok(()) };
    let told = tools.tell_of_end(&folder, context.now.timestamp());
    if plan.run.has_plan || plan.run.max_parallel.is_some() || plan.started_by.is_some() {
        step(&launcher.program, &plan.run.id)?;
    }
    woken.map_err(agent::not_started)?;
    told.map_err(|error| Failure::new(error.to_string()))
}

/// Processes of this program that outlive the agent that has them started: other agents, and what goes on with a run.
fn spared() -> [OsString; 2] {
    [GUARD.into(), STEP.into()]
}

/// Has all runs gone on with that nobody goes on with any more, since the machine was started anew.
pub(super) fn step_all(tools: &Tools) {
    for run in tools.unfinished() {
        // Why one does not go on stands in its results.
        drop(step(&tools.launcher.program, &run));
    }
}

/// Has the agent's run gone on with: by another process, which is started again when it is killed. The run's checks may
/// take a while, and whoever is killed meanwhile is not missed.
fn step(program: &Path, run: &AgentId) -> Result<(), Failure> {
    let mut patience = PATIENCE;
    for _ in 0..MOST_STEPPERS {
        let stepper = Command::new(program).arg(STEP).arg(run.as_str()).stdin(Stdio::null()).status();
        let status = stepper.map_err(|error| Failure::new(format!("the run cannot go on: {error}")))?;
        if status.success() {
            break;
        }
        if status.signal().is_none() {
            // What keeps it may go by: too many files open, a disk that is full.
            if patience > MOST_PATIENCE {
                break;
            }
            thread::sleep(patience);
            patience *= 2;
        }
    }
    Ok(())
}

/// Runs the agent until its client has ended.
fn run(context: &Context, folder: &Path) -> Result<(), Failure> {
    let launcher = agent::launcher(context)?;
    let settings = RunnerSettings {
        folder: folder.to_owned(),
        // Where there is none, whoever needs it says so.
        git: context.surroundings.program("git").map_or_else(|| Git::new("git"), Git::new),
        scrubbed: client::not_inherited(&context.surroundings.variable_names).cloned().collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        program: launcher.program,
        serves_tools: vec![MCP.into()],
        steps: vec![STEP.into()],
        spared: spared().into(),
        pace: launcher.pace,
    };
    heap::stay_small();
    agents::run(&settings).map_err(|error| Failure::new(error.to_string()))
}
