//! `orchestra spawn`: agents on tasks, each in a worktree of its own.

use std::{fs, time::Duration};

use orchestra_core::agents::{
    Agents, GoesOn, Started, Wish, check_task,
    control::Command,
    entry::Steering,
    paragraphs,
    plan::{Plan, Settings},
    runs::{NewPlan, NewTask},
    slug,
};
use orchestra_model::{Agent, AgentState};
use serde::Serialize;

use super::{
    Context, agent, client, lookup,
    place::{self, Staying},
    runs, status,
};
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
    let goes_on = goes_on(context, arguments)?;
    let tools = agent::tools(context)?;
    let (repo, base) = (arguments.repo.as_deref(), arguments.base.as_deref());
    let found = place::find(context, &tools, repo, base, (Some(arguments.no_worktree), arguments.trust))?;
    let settings = Settings {
        model: arguments.model.clone(),
        permission_mode: arguments.permission_mode.clone(),
        max_budget_usd: arguments.max_budget_usd,
        arguments: Vec::new(),
        talks: arguments.talking.talks(),
    };
    let agents = tools.agents();
    let now = context.now.timestamp();
    let (plans, staying, launched) = if arguments.attempts.is_some() || arguments.check.is_some() {
        let new = attempts(arguments, &tasks, &settings);
        let run = tools.create_run(&found, &client, new, now).map_err(agent::not_started)?;
        let staying = Staying::look(found);
        let launched = tools.step(&run).map(drop).map_err(runs::not_stepped);
        (run.plan().tasks.iter().map(|task| task.agent.clone()).collect(), staying, launched)
    } else {
        let wish = Wish { tasks, goes_on, settings, max_parallel: arguments.max_parallel, key: None };
        let plans = tools.create(&found, &client, wish, now).map_err(agent::not_started)?;
        let Some(run) = plans.first().map(|plan| plan.run.id.clone()) else { return Ok(()) };
        let staying = Staying::look(found);
        let launched = agents.advance(&run, &tools.launcher).map_err(agent::not_started);
        (plans, staying, launched)
    };
    let started = started(context, &agents, &plans)?;
    staying.say(context);
    let mut now: Vec<Agent> = started.iter().map(|(agent, _)| agent.clone()).collect();
    if arguments.wait {
        now = wait_for_all(context, &agents, &plans)?;
        if arguments.json {
            now.iter_mut().for_each(|agent| agent.diffstat = tools.diffstat(agent));
        }
    }
    print(context, arguments, &started, &now)?;
    launched?;
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
            Err(Failure::new(format!("{number} {did}"))
                .hint(next_step(now.iter().find(|agent| has_failed(agent)))))
        }
    }
}

/// What to do about one that failed.
fn next_step(failed: Option<&Agent>) -> String {
    let Some(agent) = failed else { return "orchestra status shows them".to_owned() };
    if agent.failure.as_ref().is_some_and(|words| words.contains("/login")) {
        return "run `claude` once and log in there, then spawn again".to_owned();
    }
    let logs = format!("orchestra logs {} shows what it said", agent.name);
    match agent.turns {
        0 => format!("{logs}; orchestra doctor looks at the client"),
        _ => logs,
    }
}

/// The tasks as a run with a plan: each given to several agents, each checked.
fn attempts(arguments: &SpawnArguments, tasks: &[String], settings: &Settings) -> NewPlan {
    let task = |prompt: &String| NewTask {
        name: slug(prompt),
        prompt: prompt.clone(),
        settings: settings.clone(),
        check: arguments.check.clone(),
        ..NewTask::default()
    };
    let tasks = tasks.iter().map(task).collect();
    let new = NewPlan { tasks, max_parallel: arguments.max_parallel, ..NewPlan::default() };
    match arguments.attempts {
        Some(times) => new.attempted(times),
        None => new,
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

/// The conversation that the agents go on with, as copies.
fn goes_on(context: &Context, arguments: &SpawnArguments) -> Result<Option<GoesOn>, Failure> {
    let Some(asked) = &arguments.session else { return Ok(None) };
    let session = lookup::session(context, &context.catalog(), asked)?;
    match session.path {
        Some(path) => Ok(Some(GoesOn::Copy(path.into()))),
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
