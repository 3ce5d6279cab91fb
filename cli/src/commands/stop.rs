//! `orchestra stop`: agents are ended, and nothing of them runs any more when it returns.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use orchestra_core::agents::{Agents, control::Command, entry::Steering};
use orchestra_model::{Agent, AgentState};
use serde::Serialize;

use super::{Context, agent, runs, status};
use crate::{cli::StopArguments, error::Failure, output::Out};

/// How long the stop ladder may take, and a little more.
const UNTIL_STOPPED: Duration = Duration::from_secs(20);
/// How often it is looked whether an agent has stopped.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Serialize)]
struct All<'a> {
    agents: &'a [Agent],
}

/// Stops the agents that are named, or all of their runs.
pub(super) fn run(context: &Context, arguments: &StopArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let meant = meant(context, &agents, arguments)?;
    let mut troubles = Vec::new();
    let mut asked = Vec::new();
    // Those whose turn it was not come first: it would be, once others have ended.
    for one in meant.iter().filter(|one| one.state == AgentState::Queued) {
        let cancelled = agents.cancel(&one.id, agent::BY, context.now.timestamp());
        troubles.extend(cancelled.map_err(agent::not_started).err());
    }
    for one in meant.iter().filter(|one| one.state.is_live()) {
        match agent::ask(&agents, one, Command::Steer { how: Steering::Stop }) {
            Ok(_) => asked.push(one.clone()),
            // It ended by itself at that moment.
            Err(_) if !read(&agents, one)?.state.is_live() => {}
            Err(trouble) => troubles.push(trouble),
        }
    }
    wait(context, &agents, asked)?;
    let now: Vec<Agent> = meant.iter().map(|one| read(&agents, one)).collect::<Result<_, _>>()?;
    let is_one = !arguments.run && arguments.agents.len() == 1;
    if arguments.json && !is_one {
        let mut out = Out::standard(&context.surroundings);
        serde_json::to_writer(&mut out, &All { agents: &now })?;
        writeln!(out)?;
        out.finish()?;
    } else {
        for (before, now) in meant.iter().zip(&now).filter(|(_, now)| !now.state.is_live()) {
            status::tell(context, &agents, now, arguments.json, &sentence(before, now))?;
        }
    }
    troubles.extend(now.iter().filter(|one| one.state.is_live()).map(|Agent { name, .. }| {
        Failure::new(format!("{name} has not stopped yet")).hint(format!(
            "orchestra logs {name} shows what it does; orchestra doctor looks for what is left"
        ))
    }));
    troubles.into_iter().next().map_or(Ok(()), Err)
}

/// The agents that are meant. Of a run only those of which something runs or would.
fn meant(context: &Context, agents: &Agents, arguments: &StopArguments) -> Result<Vec<Agent>, Failure> {
    let mut meant: Vec<Agent> = Vec::new();
    for name in &arguments.agents {
        if arguments.run {
            let run = runs::find_here(&agent::tools_as_they_are(context)?, Some(name))?;
            let found = agents.at_work(run.id());
            if found.is_empty() {
                context.words.murmur(&format!("Nothing of run {} is at work.", run.id()));
            }
            meant.extend(found);
        } else {
            meant.push(agent::find(agents, name)?);
        }
    }
    let mut seen = std::collections::HashSet::new();
    meant.retain(|one| seen.insert(one.id.clone()));
    Ok(meant)
}

fn sentence(before: &Agent, now: &Agent) -> String {
    let name = &now.name;
    match now.state {
        _ if before.state == AgentState::Queued => format!("{name} will not be started."),
        state if !before.state.is_live() => format!("{name} {} already.", state.in_words()),
        AgentState::Stopped => format!("{name} is stopped; orchestra send {name} \"…\" resumes it."),
        state => format!("{name} {}.", state.in_words()),
    }
}

/// Waits until nothing of them runs, or that takes too long.
fn wait(context: &Context, agents: &Agents, mut asked: Vec<Agent>) -> Result<(), Failure> {
    let until = Instant::now() + UNTIL_STOPPED;
    while let Some(first) = asked.first() {
        let (name, others) = (first.name.clone(), asked.len() - 1);
        let how_far = || match others {
            0 => Some(format!("Stopping {name}…")),
            others => Some(format!("Stopping {name} and {others} more…")),
        };
        context.words.while_working(how_far, || thread::sleep(LOOK));
        let mut still = Vec::new();
        for one in asked {
            if read(agents, &one)?.state.is_live() {
                still.push(one);
            }
        }
        asked = still;
        if Instant::now() >= until {
            break;
        }
    }
    Ok(())
}

fn read(agents: &Agents, agent: &Agent) -> Result<Agent, Failure> {
    let now = agents.open(&agent.id).and_then(|folder| folder.agent());
    now.map_err(|error| Failure::new(error.to_string()))
}
