//! `orchestra clean` and `restore`: finished worktrees go into the trash when nothing can be lost, and come back.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use orchestra_core::{
    agents::{
        Agents,
        control::Command,
        entry::Steering,
        harvest::{self, Harvest, HarvestError},
    },
    worktrees::{Trash, TrashError},
};
use orchestra_model::{Agent, AgentState};
use serde::Serialize;

use super::{Context, agent, git, take::not_taken};
use crate::{
    cli::{AgentArguments, CleanArguments},
    error::Failure,
    output::{Out, style, text},
};

/// How long a client that only listens may take to end.
const UNTIL_ENDED: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct Outcome {
    agent: String,
    cleaned: bool,
    /// Why it was kept, a sentence each.
    kept: Vec<String>,
}

/// Puts the worktrees of agents into the trash: those that are named, or of all that have ended.
pub(super) fn clean(context: &Context, arguments: &CleanArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let trash = Trash::new(&context.surroundings.state_dir()?, &git::find(&context.surroundings)?);
    let named: Vec<Agent> =
        arguments.agents.iter().map(|asked| agent::find(&agents, asked)).collect::<Result<_, _>>()?;
    let is_all = named.is_empty();
    if is_all && arguments.anyway {
        return Err(Failure::usage("--anyway needs names: it is a decision about each")
            .hint("orchestra clean NAME --anyway"));
    }
    let chosen: Vec<Agent> = if is_all {
        let (all, _) = agents.list();
        all.into_iter().filter(|agent| agent.state.is_over() && !agent.is_cleaned).collect()
    } else {
        named
    };
    let mut outcomes = Vec::new();
    for (index, chosen_agent) in chosen.iter().enumerate() {
        let how_far = || Some(format!("{} of {}: {}…", index + 1, chosen.len(), chosen_agent.name));
        let outcome = context
            .words
            .while_working(how_far, || clean_one(context, &agents, &trash, chosen_agent, arguments.anyway));
        let kept = outcome.err().unwrap_or_default();
        outcomes.push(Outcome { agent: chosen_agent.name.clone(), cleaned: kept.is_empty(), kept });
    }
    let purged = if is_all { trash.purge(context.now.timestamp()) } else { Vec::new() };
    print(context, arguments, &outcomes)?;
    if !arguments.json {
        if outcomes.is_empty() {
            context.words.say("There is nothing to clean.");
        }
        if !purged.is_empty() {
            let entries = text::count(purged.len(), "worktree", "worktrees");
            context.words.murmur(&format!("{entries} left the trash after 14 days."));
        }
    }
    // Asked for everything, keeping what could be lost is no failure.
    match outcomes.iter().filter(|outcome| !outcome.cleaned).count() {
        kept @ 1.. if !is_all => {
            let hint = "commit, merge or push it; or --anyway, which restore undoes for 14 days";
            Err(Failure::new(format!("{} kept", text::count(kept, "agent was", "agents were"))).hint(hint))
        }
        _ => Ok(()),
    }
}

/// Clears one agent away; else the reasons why it is kept.
fn clean_one(
    context: &Context,
    agents: &Agents,
    trash: &Trash,
    agent: &Agent,
    anyway: bool,
) -> Result<(), Vec<String>> {
    let one = |error: &dyn std::fmt::Display| vec![error.to_string()];
    if agent.is_cleaned {
        return Err(vec!["it is in the trash already".to_owned()]);
    }
    let folder = agents.open(&agent.id).map_err(|error| one(&error))?;
    if agent.state == AgentState::Idle {
        end_idle(agents, agent)?;
    }
    let now = context.now.timestamp();
    if agent.repo.is_none() {
        return harvest::clear(&folder, now).map_err(|error| one(&error));
    }
    let found = git::find(&context.surroundings).map_err(|error| one(&error))?;
    let outcome = Harvest::of(&folder, &found).and_then(|harvest| harvest.clean(trash, anyway, now));
    match outcome {
        Ok(_) => Ok(()),
        Err(HarvestError::Trash(TrashError::Kept { reasons })) => {
            Err(reasons.iter().map(ToString::to_string).collect())
        }
        Err(error) => Err(one(&error)),
    }
}

/// Lets go of a client that only listens for a follow-up, and waits until it has ended.
fn end_idle(agents: &Agents, agent: &Agent) -> Result<(), Vec<String>> {
    // Should it have ended by itself, all the better.
    drop(agent::ask(agents, agent, Command::Steer { how: Steering::Finish }));
    let until = Instant::now() + UNTIL_ENDED;
    while Instant::now() < until {
        if agents.open(&agent.id).is_ok_and(|folder| !folder.is_held()) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(vec!["its client does not end".to_owned()])
}

fn print(context: &Context, arguments: &CleanArguments, outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    if arguments.json {
        serde_json::to_writer(&mut out, outcomes)?;
        writeln!(out)?;
        return out.finish();
    }
    let widest = outcomes.iter().map(|outcome| text::width(&outcome.agent)).max().unwrap_or_default();
    let paint = out.paint;
    for outcome in outcomes {
        let name = format!("{}{}", outcome.agent, text::padding(&outcome.agent, widest));
        let name = paint.on(style::ACCENT, name);
        if outcome.cleaned {
            writeln!(out, "{name}  {}", paint.on(style::DONE, "cleaned"))?;
        } else {
            let kept = text::one_line(&outcome.kept.join("; "));
            writeln!(out, "{name}  {} {kept}", paint.on(style::STRONG, "kept:"))?;
        }
    }
    out.finish()
}

/// Brings an agent's worktree back from the trash.
pub(super) fn restore(context: &Context, arguments: &AgentArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let found = agent::find(&agents, &arguments.agent)?;
    let name = &found.name;
    let trash = Trash::new(&context.surroundings.state_dir()?, &git::find(&context.surroundings)?);
    let folder = agents.open(&found.id).map_err(|error| Failure::new(error.to_string()))?;
    if !found.is_cleaned && trash.entry(&found.id).is_none() {
        return Err(
            Failure::new(format!("{name} is not in the trash")).hint("orchestra status --all shows what is")
        );
    }
    let restored = harvest::restore(&folder, &trash, context.now.timestamp())
        .map_err(|error| not_taken(&found, error))?;
    let sentence = match &restored {
        Some(restored) => {
            let place = context.surroundings.with_tilde(&restored.worktree);
            let from = if restored.from_snapshot {
                " Its folder was gone; it was made anew from its snapshot."
            } else {
                ""
            };
            format!("{name} is back in {place} on {}.{from}", restored.branch)
        }
        None => format!("{name} is back in the list."),
    };
    super::status::tell(context, &agents, &found, arguments.json, &sentence)
}
