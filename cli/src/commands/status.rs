//! `orchestra status`: what the agents do, and who needs you.

use std::{
    io::{self, Write},
    thread,
    time::Duration,
};

use jiff::{Timestamp, ZonedDateTime};
use orchestra_core::agents::Agents;
use orchestra_model::{Agent, AgentState, Problem};
use serde::Serialize;

use super::{Context, agent, sessions::problems_in_words};
use crate::{
    cli::StatusArguments,
    error::Failure,
    output::{Out, agent_detail, agent_table, text},
};

/// How often a list that is kept up to date is made anew.
const INTERVAL: Duration = Duration::from_millis(500);

/// Shows all agents, or one.
pub(super) fn run(context: &Context, arguments: &StatusArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    if arguments.watch {
        return watch(context, &agents, arguments);
    }
    let (mut found, problems) = look(&agents, arguments)?;
    if arguments.json {
        // Of a list it is not asked: git takes its time with each.
        if let ([one], Some(_)) = (found.as_mut_slice(), &arguments.agent) {
            one.diffstat = agent::tools(context)?.diffstat(one);
        }
        return print_json(context, &found, &problems);
    }
    let mut out = Out::standard(&context.surroundings);
    write(context, arguments, &found, &mut out)?;
    out.finish()?;
    if let Some(problems) = problems_in_words(&problems) {
        context.words.warn(&problems);
    }
    if found.is_empty() {
        let is_any_away = agents.list().0.iter().any(|agent| agent.is_cleaned);
        context.words.say(if is_any_away {
            "All agents are in the trash; orchestra status --all shows them."
        } else {
            "There is no agent yet. orchestra spawn \"build auth\" starts one."
        });
    }
    if found.len() > 1 && found.iter().any(|agent| agent.state == AgentState::Parked) {
        context.words.murmur("Has the limit lifted already? orchestra unpark has everyone go on now.");
    }
    Ok(())
}

fn look(agents: &Agents, arguments: &StatusArguments) -> Result<(Vec<Agent>, Vec<Problem>), Failure> {
    match &arguments.agent {
        Some(asked) => Ok((vec![agent::find(agents, asked)?], Vec::new())),
        None => {
            let (mut found, problems) = agents.list();
            found.retain(|agent| arguments.all || !agent.is_cleaned);
            Ok((found, problems))
        }
    }
}

fn write(
    context: &Context,
    arguments: &StatusArguments,
    found: &[Agent],
    out: &mut Out,
) -> Result<(), Failure> {
    match (found, &arguments.agent) {
        ([], _) => {}
        ([agent], Some(_)) => {
            let tilde = |path: &str| context.surroundings.with_tilde(path.as_ref());
            let (width, paint) = (out.width, out.paint);
            agent_detail::write(agent, context.now.timestamp(), &tilde, width, paint, out)?;
        }
        _ => write_table(found, &context.now, out)?,
    }
    Ok(())
}

/// Writes agents as a table for a person, and as lines for a program.
pub(super) fn write_table(agents: &[Agent], now: &ZonedDateTime, out: &mut Out) -> Result<(), Failure> {
    let (width, paint) = (out.width, out.paint);
    if out.terminal {
        agent_table::write_table(agents, now, width, paint, out)?;
    } else {
        agent_table::write_lines(agents, now.timestamp(), out)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Status<'a> {
    agents: &'a [Agent],
    problems: &'a [Problem],
}

/// One object; over several lines for a person.
pub(super) fn print_json(context: &Context, agents: &[Agent], problems: &[Problem]) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    let status = Status { agents, problems };
    if out.terminal {
        serde_json::to_writer_pretty(&mut out, &status)?;
    } else {
        serde_json::to_writer(&mut out, &status)?;
    }
    writeln!(out)?;
    out.finish()
}

/// Draws the same again and again over what was drawn before, until Ctrl-C.
fn watch(context: &Context, agents: &Agents, arguments: &StatusArguments) -> Result<(), Failure> {
    if arguments.json {
        return Err(Failure::usage("--watch is for people, --json for programs")
            .hint("call it again with one of them"));
    }
    if !Out::standard(&context.surroundings).terminal {
        return Err(Failure::usage("--watch needs a terminal")
            .hint("orchestra status --json prints what there is now"));
    }
    let mut drawn = 0;
    loop {
        let (found, _) = look(agents, arguments)?;
        let mut out = Out::standard(&context.surroundings);
        let (width, paint) = (out.width, out.paint);
        let now = Timestamp::now().to_zoned_datetime(context.now.time_zone().clone());
        let mut page = Vec::new();
        if arguments.agent.is_some()
            && let [agent] = found.as_slice()
        {
            let tilde = |path: &str| context.surroundings.with_tilde(path.as_ref());
            agent_detail::write(agent, now.timestamp(), &tilde, width, paint, &mut page)?;
        } else if found.is_empty() {
            page.extend_from_slice(b"There is no agent yet.\n");
        } else {
            agent_table::write_table(&found, &now, width, paint, &mut page)?;
        }
        let page = String::from_utf8_lossy(&page).into_owned();
        // What does not fit above the cursor could not be drawn over.
        let height = terminal_size::terminal_size().map_or(24, |(_, height)| usize::from(height.0));
        let lines: Vec<&str> = page.lines().take(height.saturating_sub(1)).collect();
        if drawn > 0 {
            write!(out, "\u{1b}[{drawn}A")?;
        }
        write!(out, "\r\u{1b}[J")?;
        for line in &lines {
            writeln!(out, "{line}")?;
        }
        drawn = lines.len();
        out.finish()?;
        thread::sleep(INTERVAL);
    }
}

/// Says one thing about an agent, as JSON when that is asked for.
pub(super) fn tell(
    context: &Context,
    agents: &Agents,
    agent: &Agent,
    json: bool,
    sentence: &str,
) -> Result<(), Failure> {
    if json {
        let now = agents.open(&agent.id).and_then(|folder| folder.agent());
        let now = agents.with_remark(now.map_err(|error| Failure::new(error.to_string()))?);
        let mut out = Out::standard(&context.surroundings);
        serde_json::to_writer(&mut out, &now)?;
        writeln!(out)?;
        return out.finish();
    }
    context.words.say(&text::lines(sentence));
    io::stdout().flush().map_err(Failure::from)
}
