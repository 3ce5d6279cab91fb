//! The end of a demo: its agents are stopped, all at once, and waited for.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_core::{
    agents::{Agents, Control, control::Command, entry::Steering},
    process,
};
use orchestra_model::{Agent, AgentState};

use crate::DemoError;

/// How long the stop ladder may take, and a little more.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long the processes around an agent may take to end after it.
const LAST: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);
/// Through which surface they are stopped.
const BY: &str = "demo";

/// Stops every agent of a state folder, and waits until nothing of them runs.
///
/// # Errors
/// When some do not stop.
pub fn stop_agents(state: &Path) -> Result<(), DemoError> {
    let agents = Agents::new(state);
    let until = Instant::now() + PATIENCE;
    let mut told = Vec::new();
    loop {
        let live: Vec<Agent> = agents.list().0.into_iter().filter(|agent| !is_over(agent)).collect();
        if live.is_empty() {
            break;
        }
        if Instant::now() >= until {
            return Err(DemoError::StillRunning {
                names: live.into_iter().map(|agent| agent.name).collect(),
            });
        }
        // One that waited for others may start while those are stopped: it is looked again each time.
        for agent in live {
            if agent.state == AgentState::Queued {
                let _ = agents.cancel(&agent.id, BY, Timestamp::now());
            } else if !told.contains(&agent.id)
                && let Ok(folder) = agents.open(&agent.id)
                && let Ok(mut control) = Control::connect(folder.path())
                && control.ask(Command::Steer { how: Steering::Stop }, BY).is_ok()
            {
                told.push(agent.id);
            }
        }
        thread::sleep(LOOK);
    }
    // Guards write down nothing more, but have their agents' folders open until they end.
    let until = Instant::now() + LAST;
    while !process::working_in(&state.join("agents")).is_empty() && Instant::now() < until {
        thread::sleep(LOOK);
    }
    Ok(())
}

fn is_over(agent: &Agent) -> bool {
    !agent.state.is_live() && agent.state != AgentState::Queued
}
