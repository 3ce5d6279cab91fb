//! `orchestra __guard` and `__runner`: what an agent's processes are told to be. No person types these.

use std::{path::Path, process::Command};

use orchestra_core::{
    agents::{self, AgentFolder, RunnerSettings},
    worktrees::Git,
};

use super::{Context, agent, client};
use crate::error::Failure;

/// Starts the agent's runner, sees that nothing outlives it, and starts the next of its run.
pub(super) fn guard(context: &Context, folder: &Path) -> Result<(), Failure> {
    let launcher = agent::launcher()?;
    let mut runner = Command::new(&launcher.program);
    runner.arg("__runner").arg(folder);
    agents::guard(runner).map_err(|error| Failure::new(format!("the runner cannot be started: {error}")))?;
    let plan = AgentFolder::open(folder).and_then(|folder| folder.plan());
    match plan {
        Ok(plan) if plan.run.max_parallel.is_some() => {
            agent::agents(context)?.advance(&plan.run.id, &launcher).map_err(agent::not_started)
        }
        _ => Ok(()),
    }
}

/// Runs the agent until its client has ended.
pub(super) fn run(context: &Context, folder: &Path) -> Result<(), Failure> {
    let settings = RunnerSettings {
        folder: folder.to_owned(),
        // Where there is none, whoever needs it says so.
        git: context.surroundings.program("git").map_or_else(|| Git::new("git"), Git::new),
        scrubbed: client::not_inherited(&context.surroundings.variable_names).cloned().collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    agents::run(&settings).map_err(|error| Failure::new(error.to_string()))
}
