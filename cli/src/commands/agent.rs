//! What the commands about agents share: where agents are, which one is meant, and how one is spoken to.

use std::{
    io::{self, Read},
    path::PathBuf,
};

use orchestra_core::{
    agents::{
        Agents, ControlError, FindAgentError, Launcher, Pace, StartError, Tools,
        control::{Command, Refusal},
    },
    worktrees::Git,
};
use orchestra_model::{Agent, AgentState};

use super::{Context, client, runner::GUARD};
use crate::{configuration::Configuration, error::Failure};

/// Through which surface a command comes.
pub(super) const BY: &str = "cli";

/// The agents of this machine's state folder. Those that are parked and lost their runner have one again.
pub(super) fn agents(context: &Context) -> Result<Agents, Failure> {
    let agents = agents_as_they_are(context)?;
    if let Err(error) = agents.wake(&launcher(context)?) {
        context.words.warn(&format!("an agent that is parked could not be kept going: {error}"));
    }
    Ok(agents)
}

/// The agents of this machine's state folder, without seeing to any.
pub(super) fn agents_as_they_are(context: &Context) -> Result<Agents, Failure> {
    Ok(Agents::new(&context.surroundings.state_dir()?))
}

/// How fast agents follow each other, as this machine's owner wants it. A file that cannot be read is complained of by
/// the commands that need it.
pub(super) fn pace(context: &Context) -> Pace {
    let path = context.surroundings.config_file();
    Configuration::read(path.as_deref()).map(|configuration| configuration.pace).unwrap_or_default()
}

/// The folders and programs that agents are worked with here. What is not installed is missed when it is needed.
pub(super) fn tools(context: &Context) -> Result<Tools, Failure> {
    agents(context)?;
    tools_as_they_are(context)
}

/// The same, without seeing to any agent: what agents' own processes use.
pub(super) fn tools_as_they_are(context: &Context) -> Result<Tools, Failure> {
    let program = |name| context.surroundings.program(name);
    Ok(Tools {
        state: context.surroundings.state_dir()?,
        git: program("git").map(Git::new),
        client: program(client::NAME),
        gh: program("gh"),
        launcher: launcher(context)?,
        scrubbed: client::not_inherited(&context.surroundings.variable_names).cloned().collect(),
    })
}

/// This very program, as what runners are started with.
pub(super) fn launcher(context: &Context) -> Result<Launcher, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("this program cannot find itself: {error}")))?;
    // What Linux says of a program that was replaced while it runs: the one in its place is started.
    let replaced = program.to_str().and_then(|path| path.strip_suffix(" (deleted)")).map(PathBuf::from);
    let program = replaced.filter(|_| !program.exists()).unwrap_or(program);
    Ok(Launcher { program, arguments: vec![GUARD.into()], pace: pace(context) })
}

/// The agent that a person means.
pub(super) fn find(agents: &Agents, asked: &str) -> Result<Agent, Failure> {
    let near = std::fs::canonicalize(".").ok();
    agents.find(asked, near.as_deref()).map_err(|error| {
        let hint = match &error {
            FindAgentError::Unknown { .. } => "orchestra status lists them",
            FindAgentError::Ambiguous { .. } => "give the whole name, or more of the id",
        };
        Failure::new(error.to_string()).hint(hint)
    })
}

/// Asks an agent's runner for something: the number of the last record, and of the prompt if it was one.
pub(super) fn ask(agents: &Agents, agent: &Agent, command: Command) -> Result<(u64, Option<u64>), Failure> {
    ask_as(BY, agents, agent, command)
}

/// The same for a reason of one's own.
pub(super) fn ask_as(
    by: &str,
    agents: &Agents,
    agent: &Agent,
    command: Command,
) -> Result<(u64, Option<u64>), Failure> {
    let folder = agents.open(&agent.id).map_err(|_| ControlError::NotRunning);
    folder.and_then(|folder| folder.ask(command, by)).map_err(|error| not_reached(agent, &error))
}

fn not_reached(agent: &Agent, error: &ControlError) -> Failure {
    let name = &agent.name;
    match error {
        ControlError::NotRunning if agent.state == AgentState::Queued => {
            Failure::new(format!("{name} has not started yet"))
                .hint(format!("orchestra stop {name} takes it out of the line"))
        }
        ControlError::NotRunning => {
            Failure::new(format!("{name} {}: nothing of it runs", agent.state.in_words()))
                .hint(format!("orchestra send {name} \"…\" resumes it"))
        }
        ControlError::Refused(Refusal::AlreadyDelivered | Refusal::NoSuchPrompt) => {
            Failure::new(error.to_string())
                .hint(format!("orchestra status {name} lists the messages that wait, with their numbers"))
        }
        error => Failure::new(error.to_string()),
    }
}

/// Why agents could not be made or started, in words.
pub(super) fn not_started(error: StartError) -> Failure {
    match error {
        StartError::EmptyTask | StartError::LongTask { .. } => Failure::usage(error.to_string()),
        error => Failure::new(error.to_string()).hint("orchestra doctor looks for what may be wrong"),
    }
}

/// Why an agent is not at work, in words.
pub(super) fn why_not(agent: &Agent) -> String {
    let said = agent.attention.as_ref().map(|attention| attention.summary.clone());
    agent.failure.clone().or(said).unwrap_or_else(|| "it was not heard in time".to_owned())
}

/// A text as it was given, or standard input's for `-`.
pub(super) fn text_or_stdin(text: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
