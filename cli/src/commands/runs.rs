//! `orchestra run`: a plan is worked off, or a run gone on with.

use std::{
    collections::HashSet,
    fs,
    io::{self, Write},
    path::Path,
    time::Duration,
};

use orchestra_core::agents::{
    Tools,
    runs::{NewPlan, RunError, RunFile, RunFolder, StepError, Stepped},
};
use orchestra_model::{AgentState, Limit, TaskResult, TaskState};
use serde::Serialize;

use super::{
    Context, agent, client,
    place::{self, Staying},
    results,
};
use crate::{
    cli::{RunArguments, StepArguments},
    error::Failure,
    output::{Out, text},
};

/// How many are at work at once when nobody says.
const AT_ONCE: u32 = 4;
/// How often it is looked whether there is more to do.
const LOOK: Duration = Duration::from_millis(200);

/// Starts a run, or goes on with one.
pub(super) fn run(context: &Context, arguments: &RunArguments) -> Result<(), Failure> {
    let tools = agent::tools(context)?;
    if let (Some(file), true) = (&arguments.file, arguments.dry_run) {
        let file = read(file)?;
        place::see_that_the_base_is_there(&tools, arguments.repo.as_deref(), base_given(arguments, &file))?;
        return show_order(context, &file, arguments.json);
    }
    let (run, staying) = match (&arguments.file, &arguments.run) {
        (Some(file), _) => {
            let (run, staying) = create(context, &tools, arguments, &read(file)?)?;
            (run, Some(staying))
        }
        (None, asked) => {
            let run = find_here(&tools, asked.as_deref())?;
            set_limit(&tools, &run, arguments)?;
            run.revive(agent::BY).map_err(not_found)?;
            (run, None)
        }
    };
    let stepped = tools.step(&run);
    if let Some(staying) = staying {
        staying.say(context);
    }
    if arguments.wait {
        context.words.murmur(&format!(
            "Waiting for run {id}; Ctrl-C ends only the wait. orchestra run --continue {id} --wait waits again.",
            id = run.id()
        ));
    }
    let outcome = if arguments.wait { wait(context, &tools, &run) } else { stepped.map_err(not_stepped) };
    let found = tools.results(&run).map_err(not_found)?;
    results::print(context, &found, arguments.json)?;
    if !arguments.json {
        context.words.murmur(&format!("orchestra results {} shows what comes of it.", run.id()));
    }
    let Stepped { done, failed, .. } = outcome?;
    // Whoever waits is told of all that is not done, also of what its budget keeps from starting.
    let open = if arguments.wait { found.tasks.len().saturating_sub(done) } else { failed };
    match open {
        0 => Ok(()),
        open => {
            let number = text::count(open, "task is", "tasks are");
            let is_used_up = found.limit.reached(&found.spent).is_some();
            let hint = match failed {
                _ if is_used_up => {
                    format!("orchestra run --continue {} with a higher budget goes on", run.id())
                }
                0 => format!("orchestra run --continue {} with a higher budget goes on", run.id()),
                _ => "orchestra send AGENT \"…\" gives one that failed another chance".to_owned(),
            };
            Err(Failure::new(format!("{number} not done")).hint(hint))
        }
    }
}

/// Does what is due in a run: what follows an agent's end.
pub(super) fn step(context: &Context, arguments: &StepArguments) -> Result<(), Failure> {
    let tools = agent::tools_as_they_are(context)?;
    tools.go_on(&arguments.run, &arguments.agents).map_err(not_stepped)
}

/// The run that a person means, to be looked at: when none was started here, the newest of all, which is said.
pub(super) fn find(context: &Context, tools: &Tools, asked: Option<&str>) -> Result<RunFolder, Failure> {
    match found(tools, asked) {
        Err(RunError::NoneHere { newest, place }) => {
            let place = context.surroundings.with_tilde(place.as_ref());
            context.words.murmur(&format!("No run was started here; this is the newest of all, in {place}."));
            tools.agents().run(&newest).map_err(not_found)
        }
        found => found.map_err(not_found),
    }
}

/// The run that a person means, to be gone on with: never that of another repository, unless it is named.
pub(super) fn find_here(tools: &Tools, asked: Option<&str>) -> Result<RunFolder, Failure> {
    let run = found(tools, asked).map_err(not_found)?;
    let near = fs::canonicalize(".").ok();
    let guessed = asked.filter(|asked| {
        run.id().as_str() != *asked && run.plan().tasks.iter().all(|task| task.agent.name != *asked)
    });
    if let Some(asked) = guessed.filter(|_| near.is_some_and(|near| !run.is_near(&near))) {
        let place = run.plan().tasks.first().map(|task| task.agent.place.origin().display().to_string());
        let place = place.unwrap_or_default();
        return Err(Failure::new(format!("{asked:?} means a run of {place}, which is not here"))
            .hint(format!("go there, or give its whole id: {}", run.id())));
    }
    Ok(run)
}

fn found(tools: &Tools, asked: Option<&str>) -> Result<RunFolder, RunError> {
    let near = fs::canonicalize(".").ok();
    tools.agents().find_run(asked, near.as_deref())
}

/// Why a run cannot be used, in words.
pub(super) fn not_found(error: RunError) -> Failure {
    let hint = match &error {
        RunError::None => "orchestra run plan.toml or orchestra spawn \"…\" starts one",
        RunError::NoneHere { newest, place } => {
            return Failure::new(error.to_string())
                .hint(format!("name it, or one of its agents: {newest} is the newest, in {place}"));
        }
        RunError::Unknown { .. } => "orchestra status lists the agents; the name of one means its run",
        RunError::Ambiguous { .. } => "give more of it",
        _ => "orchestra doctor looks for what may be wrong",
    };
    Failure::new(error.to_string()).hint(hint)
}

/// Why a run did not go on, in words.
pub(super) fn not_stepped(error: StepError) -> Failure {
    match error {
        StepError::Start(error) => agent::not_started(error),
        StepError::Run(error) => not_found(error),
        error => Failure::new(error.to_string()).hint("orchestra run --continue tries it again"),
    }
}

fn read(file: &Path) -> Result<RunFile, Failure> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
    let read = || if is_stdin { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = read().map_err(|error| {
        Failure::usage(format!("{name} cannot be read: {error}")).hint("orchestra help run shows a plan")
    })?;
    let ending = file.extension().unwrap_or_default().to_ascii_lowercase();
    let has_headings = || text.lines().any(|line| line.starts_with("## ")) && !text.contains("[[task]]");
    let is_markdown = ending == "md" || ending == "markdown" || (is_stdin && has_headings());
    RunFile::read(&text, is_markdown).map_err(|error| {
        let shown = text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default().trim();
        let line = if shown.is_empty() { String::new() } else { format!("\n  {shown}") };
        Failure::usage(format!("{name}, {error}{line}")).hint("orchestra help run shows a plan")
    })
}

fn create(
    context: &Context,
    tools: &Tools,
    arguments: &RunArguments,
    file: &RunFile,
) -> Result<(RunFolder, Staying), Failure> {
    let client = client::find(&context.surroundings)?;
    let base = base_given(arguments, file);
    let found = place::find(context, tools, arguments.repo.as_deref(), base, (None, arguments.trust))?;
    let mut tasks = file.tasks.clone();
    for task in &mut tasks {
        task.settings.talks = arguments.talking.talks();
    }
    let new = NewPlan {
        tasks,
        max_parallel: arguments.max_parallel.or(file.max_parallel).or(Some(AT_ONCE)),
        limit: limit_given(arguments, file.limit),
        key: None,
    };
    let run = tools.create_run(&found, &client, new, context.now.timestamp()).map_err(agent::not_started)?;
    Ok((run, Staying::look(found)))
}

/// What the tasks start from: the command line says it before the file.
fn base_given<'a>(arguments: &'a RunArguments, file: &'a RunFile) -> Option<&'a str> {
    arguments.base.as_deref().or(file.base.as_deref())
}

/// A limit with what the command line says of it.
fn limit_given(arguments: &RunArguments, limit: Limit) -> Limit {
    Limit {
        usd: arguments.budget_usd.or(limit.usd),
        tokens: arguments.budget_tokens.or(limit.tokens),
        minutes: arguments.budget_minutes.or(limit.minutes),
        at_limit: arguments.at_budget.map_or(limit.at_limit, Into::into),
    }
}

fn set_limit(tools: &Tools, run: &RunFolder, arguments: &RunArguments) -> Result<(), Failure> {
    let now = tools.limit(run).map_err(not_found)?;
    let wanted = limit_given(arguments, now);
    if wanted != now {
        tools.set_limit(run, wanted, agent::BY).map_err(not_found)?;
    }
    Ok(())
}

/// Waits until nothing of a run is at work and nothing more can start, and does meanwhile what is due.
fn wait(context: &Context, tools: &Tools, run: &RunFolder) -> Result<Stepped, Failure> {
    let mut told = Vec::new();
    let (mut ended, mut last) = (HashSet::new(), (0, 0));
    let all = run.plan().tasks.len();
    loop {
        let stepped = tools.step(run).map_err(not_stepped)?;
        if last != (stepped.done, stepped.failed) {
            last = (stepped.done, stepped.failed);
            for task in tools.overview(run).map_err(not_found)?.tasks {
                let words = how_it_ended(&task).filter(|_| ended.insert((task.agent.clone(), task.state)));
                words.inspect(|words| context.words.murmur(words));
            }
        }
        if stepped.is_over {
            return Ok(stepped);
        }
        for task in &run.plan().tasks {
            let found = tools.agents().open(&task.agent.id).and_then(|folder| folder.agent());
            let Ok(agent) = found else { continue };
            if agent.state == AgentState::Waiting
                && let Some(request) = agent.requests.iter().find(|request| request.decided.is_none())
                && !told.contains(&request.id)
            {
                // Nobody answers for the person; whoever waits must know.
                told.push(request.id.clone());
                context.words.warn(&format!(
                    "{} asks: {} {} (orchestra answer {} allow|deny)",
                    agent.name, request.tool, request.summary, agent.name
                ));
            }
        }
        let how_far = || Some(format!("{} of {all} tasks done…", stepped.done));
        context.words.while_working(how_far, || std::thread::sleep(LOOK));
    }
}

/// That a task came to its end, and how.
fn how_it_ended(task: &TaskResult) -> Option<String> {
    let name = &task.agent_name;
    let why = task.failure.as_deref().or(task.waits.as_deref()).map(text::one_line).unwrap_or_default();
    match task.state {
        TaskState::Done => Some(format!("✓ {name} is done")),
        TaskState::Failed => Some(format!("✗ {name} failed: {why}")),
        TaskState::Blocked => Some(format!("– {name} cannot start: {why}")),
        TaskState::Stopped if why.is_empty() => Some(format!("■ {name} was stopped")),
        TaskState::Stopped => Some(format!("■ {name}: {why}")),
        TaskState::Queued | TaskState::Running | TaskState::Checking => None,
    }
}

#[derive(Serialize)]
struct Ordered<'a> {
    order: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    after: Vec<&'a str>,
    from: Option<&'a str>,
    check: Option<&'a str>,
    retries: u32,
    prompt: &'a str,
}

fn show_order(context: &Context, file: &RunFile, json: bool) -> Result<(), Failure> {
    let name = |place: u32| file.tasks.get(place as usize).map_or("", |task| task.name.as_str());
    let entries: Vec<Entry<'_>> = file
        .order()
        .into_iter()
        .filter_map(|place| file.tasks.get(place as usize))
        .map(|task| Entry {
            name: &task.name,
            after: task.after.iter().map(|place| name(*place)).collect(),
            from: task.from.map(name),
            check: task.check.as_deref(),
            retries: task.retries,
            prompt: &task.prompt,
        })
        .collect();
    let mut out = Out::standard(&context.surroundings);
    if json {
        serde_json::to_writer(&mut out, &Ordered { order: entries })?;
        writeln!(out)?;
        return out.finish();
    }
    let widest = entries.iter().map(|entry| text::width(entry.name)).max().unwrap_or_default();
    for (number, entry) in (1..).zip(&entries) {
        let mut words = Vec::new();
        if let Some(from) = entry.from {
            words.push(format!("on the branch of {from}"));
        }
        if !entry.after.is_empty() {
            words.push(format!("after {}", entry.after.join(", ")));
        }
        if let Some(check) = entry.check {
            words.push(format!("checked by {}", text::one_line(check)));
        }
        let padding = text::padding(entry.name, widest);
        writeln!(
            out,
            "{}",
            format!("{number:>3}  {}{padding}  {}", entry.name, words.join("; ")).trim_end()
        )?;
    }
    out.finish()
}
