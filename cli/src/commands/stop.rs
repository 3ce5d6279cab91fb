//! `orchestra stop`: agents are ended, and nothing of them runs any more when it returns.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use orchestra_core::agents::{
    Agents,
    control::Command,
    entry::Steering,
    runs::{RunFolder, WITH_ITS_RUN},
};
use orchestra_model::{Agent, AgentId, AgentState};
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
    let (mut meant, whole) = meant(&agents, arguments)?;
    let mut troubles = Vec::new();
    let mut asked = Vec::new();
    // Those whose turn it was not come first: it would be, once others have ended.
    let by = if arguments.run { WITH_ITS_RUN } else { agent::BY };
    for one in meant.iter().filter(|one| one.state == AgentState::Queued) {
        let cancelled = agents.cancel(&one.id, by, context.now.timestamp());
        troubles.extend(cancelled.map_err(agent::not_started).err());
    }
    for one in meant.iter().filter(|one| one.state.is_live()) {
        match agent::ask_as(by, &agents, one, Command::Steer { how: Steering::Stop }) {
            Ok(_) => asked.push(one.clone()),
            // It ended by itself at that moment.
            Err(_) if !read(&agents, &one.id)?.state.is_live() => {}
            Err(trouble) => troubles.push(trouble),
        }
    }
    wait(context, &agents, asked)?;
    let mut unchecked = Vec::new();
    for run in &whole {
        if run.stop_landing().map_err(runs::not_found)? {
            context.words.say(&format!(
                "The landing of run {id} is stopped; what has landed stays, orchestra land {id} goes on.",
                id = run.id()
            ));
        }
        unchecked.extend(run.stop_checks(None, agent::BY).map_err(runs::not_found)?);
    }
    if !arguments.run {
        for one in meant.iter().filter(|one| !one.state.is_live()) {
            let run = agents.run(&one.run).map_err(runs::not_found)?;
            unchecked.extend(run.stop_checks(Some(&one.id), agent::BY).map_err(runs::not_found)?);
        }
    }
    for id in &unchecked {
        if !meant.iter().any(|one| one.id == *id) {
            meant.push(read(&agents, id)?);
        }
    }
    if let ([], [run, ..]) = (meant.as_slice(), whole.as_slice()) {
        context.words.murmur(&format!("Nothing of run {} is at work.", run.id()));
    }
    let now: Vec<Agent> = meant.iter().map(|one| read(&agents, &one.id)).collect::<Result<_, _>>()?;
    let is_one = !arguments.run && arguments.agents.len() == 1;
    if arguments.json && !is_one {
        let mut out = Out::standard(&context.surroundings);
        serde_json::to_writer(&mut out, &All { agents: &now })?;
        writeln!(out)?;
        out.finish()?;
    } else {
        for (before, now) in meant.iter().zip(&now).filter(|(_, now)| !now.state.is_live()) {
            let words = match unchecked.contains(&now.id) {
                true => format!(
                    "The check of {}'s work is stopped; orchestra run --continue {} runs it again.",
                    now.name, now.run
                ),
                false => sentence(before, now),
            };
            status::tell(context, &agents, now, arguments.json, &words)?;
        }
    }
    troubles.extend(now.iter().filter(|one| one.state.is_live()).map(|Agent { name, .. }| {
        Failure::new(format!("{name} has not stopped yet")).hint(format!(
            "orchestra logs {name} shows what it does; orchestra doctor looks for what is left"
        ))
    }));
    troubles.into_iter().next().map_or(Ok(()), Err)
}

/// The agents that are meant, and the runs of which all is. Of a run only those of which something runs or would.
fn meant(agents: &Agents, arguments: &StopArguments) -> Result<(Vec<Agent>, Vec<RunFolder>), Failure> {
    let (mut meant, mut whole): (Vec<Agent>, Vec<RunFolder>) = Default::default();
    for name in &arguments.agents {
        if arguments.run {
            let near = std::fs::canonicalize(".").ok();
            let run = agents.find_run(Some(name), near.as_deref()).map_err(runs::not_found)?;
            meant.extend(agents.at_work(run.id()));
            whole.push(run);
        } else {
            meant.push(agent::find(agents, name)?);
        }
    }
    let mut seen = std::collections::HashSet::new();
    meant.retain(|one| seen.insert(one.id.clone()));
    Ok((meant, whole))
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
            if read(agents, &one.id)?.state.is_live() {
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

fn read(agents: &Agents, id: &AgentId) -> Result<Agent, Failure> {
    let now = agents.open(id).and_then(|folder| folder.agent());
    now.map_err(|error| Failure::new(error.to_string()))
}
