//! `orchestra spawn`: agents on tasks, each in a worktree of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use orchestra_core::{
    agents::{
        Agents, NewAgent, NewRun, Started, check_task,
        control::Command,
        entry::Steering,
        plan::{BRANCHES, Place, Plan, Settings, branch_of},
        slug,
    },
    worktrees::{BaseError, GitError, Repository},
};
use orchestra_model::{Agent, AgentState, Provider};
use serde::Serialize;

use super::{Context, agent, client, git, lookup, status, trust};
use crate::{
    cli::SpawnArguments,
    error::Failure,
    output::{Out, text},
};

/// How long an agent may take to be heard; its runner gives up before.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether all have ended.
const LOOK: Duration = Duration::from_millis(200);

/// Makes the agents, starts them, and says how that went.
pub(super) fn run(context: &Context, arguments: &SpawnArguments) -> Result<(), Failure> {
    let tasks = tasks(arguments)?;
    tasks.iter().try_for_each(|task| check_task(task)).map_err(agent::not_started)?;
    let client = client::find(&context.surroundings)?;
    let fork_of = fork_of(context, arguments)?;
    let found = find_place(context, arguments)?;
    let settings = Settings {
        model: arguments.model.clone(),
        permission_mode: arguments.permission_mode.clone(),
        max_budget_usd: arguments.max_budget_usd,
        arguments: Vec::new(),
    };
    let new = |task: String| NewAgent {
        name: slug(&task),
        task,
        provider: Provider::Claude,
        client: client.clone(),
        place: found.place.clone(),
        fork_of: fork_of.clone(),
        settings: settings.clone(),
    };
    let run = NewRun { agents: tasks.into_iter().map(new).collect(), max_parallel: arguments.max_parallel };
    let agents = agent::agents(context)?;
    let launcher = agent::launcher()?;
    let plans = agents
        .create(run, |name| found.is_taken(name), context.now.timestamp())
        .map_err(agent::not_started)?;
    let Some(run) = plans.first().map(|plan| plan.run.id.clone()) else { return Ok(()) };
    let launched = agents.advance(&run, &launcher);
    let started = started(context, &agents, &plans)?;
    let mut now: Vec<Agent> = started.iter().map(|(agent, _)| agent.clone()).collect();
    if arguments.wait {
        now = wait_for_all(context, &agents, &plans)?;
    }
    print(context, arguments, &started, &now)?;
    launched.map_err(agent::not_started)?;
    let failed = if arguments.wait {
        now.iter().filter(|agent| has_failed(agent)).count()
    } else {
        started.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed)).count()
    };
    match failed {
        0 => Ok(()),
        failed => {
            let did = if arguments.wait { "failed" } else { "did not start" };
            let number = text::count(failed, "agent", "agents");
            Err(Failure::new(format!("{number} {did}")).hint(
                match now.iter().find(|agent| has_failed(agent)) {
                    Some(agent) => format!("orchestra logs {} shows what it said", agent.name),
                    None => "orchestra status shows them".to_owned(),
                },
            ))
        }
    }
}

/// What became of an agent's start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Started,
    Queued,
    Failed,
}

/// Whether an agent ended without doing what it was asked.
fn has_failed(agent: &Agent) -> bool {
    let is_error = agent
        .attention
        .as_ref()
        .is_some_and(|attention| attention.kind == orchestra_model::AttentionKind::Error);
    is_error || matches!(agent.state, AgentState::Failed | AgentState::Lost | AgentState::Stopped)
}

/// The tasks, in the order they were given.
fn tasks(arguments: &SpawnArguments) -> Result<Vec<String>, Failure> {
    let mut tasks = Vec::new();
    for task in &arguments.tasks {
        tasks.push(agent::text_or_stdin(task)?);
    }
    if let Some(file) = &arguments.file {
        let text = fs::read(file).map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", file.display()))
                .hint("-f takes a file with a task a paragraph")
        })?;
        tasks.extend(paragraphs(&String::from_utf8_lossy(&text)));
    }
    if tasks.is_empty() {
        return Err(Failure::usage("there is no task")
            .hint("say what the agents shall do: orchestra spawn \"build auth\" \"write tests\""));
    }
    Ok(tasks)
}

/// What stands between empty lines.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        match paragraphs.last_mut() {
            Some(last) if !line.trim().is_empty() => {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// Where the agents work, and which of their names are taken there.
struct Where {
    place: Place,
    repository: Option<Repository>,
}

impl Where {
    /// Whether the branch of an agent of this name is there already.
    fn is_taken(&self, name: &str) -> bool {
        let repository = self.repository.as_ref();
        repository.is_some_and(|repository| repository.has_branch(&branch_of(name)).unwrap_or(true))
    }
}

fn find_place(context: &Context, arguments: &SpawnArguments) -> Result<Where, Failure> {
    let folder = arguments.repo.clone().unwrap_or_else(|| PathBuf::from("."));
    let folder = fs::canonicalize(&folder).ok().filter(|folder| folder.is_dir()).ok_or_else(|| {
        Failure::usage(format!("{} is no folder", folder.display()))
            .hint("--repo takes the folder of a repository")
    })?;
    if arguments.no_worktree {
        // A repository's settings and hooks count there too.
        let repository = git::repository(&context.surroundings, &folder).ok();
        trust::see_to_it(
            context,
            repository.as_ref().map_or(folder.as_path(), Repository::common_dir),
            &folder,
            arguments.trust,
        )?;
        return Ok(Where { place: Place::Folder { folder }, repository: None });
    }
    let repository = git::repository(&context.surroundings, &folder)?;
    let base = repository.resolve(arguments.base.as_deref()).map_err(|error| {
        let hint = match &error {
            BaseError::Unborn { .. } => {
                "commit first: git commit --allow-empty -m start; or use --no-worktree"
            }
            BaseError::Unknown { .. } => "git branch -a lists the branches; git fetch may bring it",
            BaseError::Git(_) => "does `git status` work there?",
        };
        Failure::new(error.to_string()).hint(hint)
    })?;
    let failed = |error: GitError| Failure::new(error.to_string());
    if repository.has_branch(BRANCHES).map_err(failed)? {
        return Err(Failure::new(format!(
            "the branch {BRANCHES} is in the way of {BRANCHES}/…, which agents' branches are called"
        ))
        .hint(format!("give it another name: git branch -m {BRANCHES} {BRANCHES}-old")));
    }
    trust::see_to_it(context, repository.common_dir(), repository.root(), arguments.trust)?;
    if repository.is_dirty().map_err(failed)? {
        let from = base.branch.as_deref().unwrap_or_else(|| base.commit.get(..8).unwrap_or_default());
        context.words.say(&format!(
            "What is not committed here stays here: the agents start from {from} as it is committed."
        ));
    }
    let worktrees = context.surroundings.state_dir()?.join("worktrees").join(repository.folder_name());
    let place = Place::Worktree {
        repository: repository.root().to_owned(),
        worktrees,
        base: arguments.base.clone(),
        commit: base.commit,
        target: base.branch,
    };
    Ok(Where { place, repository: Some(repository) })
}

/// The transcript that the agents go on from.
fn fork_of(context: &Context, arguments: &SpawnArguments) -> Result<Option<PathBuf>, Failure> {
    let Some(asked) = &arguments.session else { return Ok(None) };
    let session = lookup::session(context, &context.catalog(), asked)?;
    match session.path {
        Some(path) => Ok(Some(Path::new(&path).to_owned())),
        None => {
            Err(Failure::new(format!("the transcript of {asked} is gone; there is nothing to go on from")))
        }
    }
}

/// Waits until each has been heard or has failed.
fn started(context: &Context, agents: &Agents, plans: &[Plan]) -> Result<Vec<(Agent, Outcome)>, Failure> {
    let mut started = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        let how_far = || Some(format!("Starting {} of {}: {}…", index + 1, plans.len(), plan.name));
        let outcome = context.words.while_working(how_far, || agents.wait_for_start(&plan.id, PATIENCE));
        started.push(match outcome.map_err(agent::not_started)? {
            Started::Heard(agent) => (agent, Outcome::Started),
            Started::Queued(agent) => (agent, Outcome::Queued),
            Started::Failed(agent) | Started::Silent(agent) => (agent, Outcome::Failed),
        });
    }
    Ok(started)
}

/// Waits until all have ended, or have a result and nothing more to do.
fn wait_for_all(context: &Context, agents: &Agents, plans: &[Plan]) -> Result<Vec<Agent>, Failure> {
    let look = || -> Result<Vec<Agent>, Failure> {
        plans
            .iter()
            .map(|plan| {
                let folder = agents.open(&plan.id).and_then(|folder| folder.agent());
                folder.map_err(|error| Failure::new(error.to_string()))
            })
            .collect()
    };
    let mut told = Vec::new();
    loop {
        let now = look()?;
        for agent in now.iter().filter(|agent| agent.state == AgentState::Waiting) {
            // Nobody answers for the person; whoever waits must know.
            let request = agent.requests.iter().find(|request| request.decided.is_none());
            if let Some(request) = request.filter(|request| !told.contains(&request.id)) {
                told.push(request.id.clone());
                context.words.warn(&format!(
                    "{} asks: {} {} (orchestra answer {} allow|deny)",
                    agent.name, request.tool, request.summary, agent.name
                ));
            }
        }
        for agent in now.iter().filter(|agent| agent.state == AgentState::Idle) {
            // It is not kept listening for a follow-up. Should it have ended by itself, all the better.
            drop(agent::ask(agents, agent, Command::Steer { how: Steering::Finish }));
        }
        if now.iter().all(|agent| agent.state.is_over() && agent.state != AgentState::Idle) {
            return Ok(now);
        }
        std::thread::sleep(LOOK);
    }
}

#[derive(Serialize)]
struct Spawned<'a> {
    agents: &'a [Agent],
}

fn print(
    context: &Context,
    arguments: &SpawnArguments,
    started: &[(Agent, Outcome)],
    now: &[Agent],
) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    if arguments.json {
        serde_json::to_writer(&mut out, &Spawned { agents: now })?;
        std::io::Write::write_all(&mut out, b"\n")?;
        return out.finish();
    }
    status::write_table(now, &context.now, &mut out)?;
    out.finish()?;
    for (agent, outcome) in started {
        if *outcome == Outcome::Failed && !arguments.wait {
            context.words.warn(&format!("{} did not start: {}", agent.name, agent::why_not(agent)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_a_task() {
        let text = "\n\nbuild auth\nwith argon2\n   \n\nwrite tests\n";
        assert_eq!(paragraphs(text), ["build auth\nwith argon2", "write tests"]);
        assert!(paragraphs(" \n\n").is_empty());
    }
}
