//! `orchestra clean` and `restore`: finished worktrees go into the trash when nothing can be lost, and come back.

use std::io::Write;

use orchestra_core::{
    agents::{Kept, harvest::lost_worktree},
    worktrees::Source,
};
use orchestra_model::Agent;
use serde::Serialize;

use super::{Context, agent, take::not_taken};
use crate::{
    cli::{AgentArguments, CleanArguments},
    error::Failure,
    output::{Out, style, text},
};

#[derive(Serialize)]
struct Outcome {
    agent: String,
    cleaned: bool,
    /// Why it was kept, a sentence each.
    kept: Vec<String>,
    /// Whether `--anyway` would take it all the same.
    #[serde(skip)]
    can_be_overruled: bool,
}

/// Puts the worktrees of agents into the trash: those that are named, or of all that have ended.
pub(super) fn clean(context: &Context, arguments: &CleanArguments) -> Result<(), Failure> {
    let tools = agent::tools(context)?;
    let agents = tools.agents();
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
        let clean = || tools.clean(chosen_agent, arguments.anyway, agent::BY, context.now.timestamp());
        let Kept { why: kept, can_be_overruled } =
            context.words.while_working(how_far, clean).err().unwrap_or_default();
        let cleaned = kept.is_empty();
        outcomes.push(Outcome { agent: chosen_agent.name.clone(), cleaned, kept, can_be_overruled });
    }
    let trash = tools.trash().ok().filter(|_| is_all);
    let purged = trash.map(|trash| trash.purge(context.now.timestamp())).unwrap_or_default();
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
            let all_stay = |state: fn(&Agent) -> bool| chosen.iter().all(state);
            let hint = match () {
                () if all_stay(|agent| lost_worktree(agent).is_some()) => {
                    "what was not committed went with its folder"
                }
                () if all_stay(|agent| agent.is_cleaned) => {
                    "orchestra status --all shows what is in the trash"
                }
                () if all_stay(|agent| !agent.state.is_over()) => {
                    "wait until its turn is over, or orchestra stop it"
                }
                () if !outcomes.iter().any(|outcome| outcome.can_be_overruled) => {
                    "see to that first: --anyway would keep it too"
                }
                () => "commit, merge or push it; or --anyway, which restore undoes for 14 days",
            };
            Err(Failure::new(format!("{} kept", text::count(kept, "agent was", "agents were"))).hint(hint))
        }
        _ => Ok(()),
    }
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
    let tools = agent::tools(context)?;
    let agents = tools.agents();
    let found = agent::find(&agents, &arguments.agent)?;
    let name = &found.name;
    let is_in_the_trash = tools.trash().is_ok_and(|trash| trash.entry(&found.id).is_some());
    if !found.is_cleaned && !is_in_the_trash && lost_worktree(&found).is_none() {
        return Err(
            Failure::new(format!("{name} is not in the trash")).hint("orchestra status --all shows what is")
        );
    }
    let restored =
        tools.restore(&found, context.now.timestamp()).map_err(|error| not_taken(&found, error))?;
    let sentence = match &restored {
        Some(restored) => {
            let place = context.surroundings.with_tilde(&restored.worktree);
            let from = match restored.from {
                Source::Folder => "",
                Source::Snapshot => " Its folder was gone; it was made anew from its snapshot.",
                Source::Branch => " Its folder was gone; it was made anew from its branch.",
            };
            format!("{name} is back in {place} on {}.{from}", restored.branch)
        }
        None => format!("{name} is back in the list."),
    };
    super::status::tell(context, &agents, &found, arguments.json, &sentence)?;
    let is_attempt = agents.run(&found.run).is_ok_and(|run| {
        run.plan().tasks.iter().any(|task| task.agent.id == found.id && task.attempt.is_some())
    });
    if is_attempt && !arguments.json {
        context
            .words
            .murmur("It is one of several attempts: orchestra choose keeps one before their run lands.");
    }
    Ok(())
}
