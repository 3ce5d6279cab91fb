//! `orchestra land`: the work of a run goes onto its branch, merged and checked one by one.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use orchestra_core::{
    agents::{
        Tools,
        runs::{LandError, LandNews, LandWish, RunFolder},
    },
    worktrees::MergeError,
};
use orchestra_model::{Landing, LandingOutcome, LandingStep};

use super::{Context, agent, runs, take};
use crate::{
    cli::LandArguments,
    error::Failure,
    output::{Out, progress, style, text},
};

/// How often those that are sent back are tried again.
const ROUNDS: u32 = 5;
/// How often it is looked whether they are done.
const LOOK: Duration = Duration::from_millis(200);

/// Lands a run.
pub(super) fn run(context: &Context, arguments: &LandArguments) -> Result<(), Failure> {
    let tools = agent::tools(context)?;
    let found = runs::find_here(&tools, arguments.run.as_deref())?;
    let wish = LandWish {
        into: arguments.into.clone(),
        check: arguments.check.clone(),
        keep_going: arguments.keep_going,
    };
    let mut landing = land(context, &tools, &found, &wish, arguments)?;
    for _ in 1..ROUNDS {
        // Whoever was told before and changed nothing is not waited for.
        let sent_back = names(&landing, LandingOutcome::is_sent_back);
        if !arguments.wait || sent_back.is_empty() {
            break;
        }
        wait_for(context, &tools, &sent_back)?;
        let earlier = landing;
        landing = land(context, &tools, &found, &wish, arguments)?;
        // What landed before has landed.
        for step in earlier.steps {
            if matches!(step.outcome, LandingOutcome::Landed { .. }) {
                landing.steps.retain(|other| other.agent != step.agent);
                landing.steps.push(step);
            }
        }
    }
    if arguments.json {
        let mut out = Out::standard(&context.surroundings);
        serde_json::to_writer(&mut out, &landing)?;
        writeln!(out)?;
        out.finish()?;
    } else if landing.steps.is_empty() {
        context.words.say("There is nothing to land.");
    } else if let Some(short) = landing.commit.get(..8) {
        let place =
            found.plan().tasks.first().map(|task| context.surroundings.with_tilde(task.agent.place.origin()));
        let place = place.unwrap_or_default();
        context.words.say(&format!("{} of {place} stands at {short}.", landing.target));
    }
    all_landed(&landing)
}

/// The agents of whose work became something of this kind.
fn names(landing: &Landing, is: impl Fn(&LandingOutcome) -> bool) -> Vec<&str> {
    let of_kind = landing.steps.iter().filter(|step| is(&step.outcome));
    of_kind.map(|step| step.agent.as_str()).collect()
}

/// What a person has to know of when not everything landed that could have.
fn all_landed(landing: &Landing) -> Result<(), Failure> {
    let sent_back = names(landing, LandingOutcome::is_sent_back);
    let left_so = names(landing, LandingOutcome::is_left_so);
    let in_the_way = names(landing, |outcome| matches!(outcome, LandingOutcome::InTheWay { .. }));
    if let [first, ..] = left_so.as_slice() {
        let agents = text::count(left_so.len(), "agent was", "agents were");
        let hint = format!(
            "orchestra send {first} \"…\"; by hand, git merge its branch where {} is checked out",
            landing.target
        );
        return Err(Failure::new(format!("{agents} told already and changed nothing")).hint(hint));
    }
    if !sent_back.is_empty() {
        let agents = text::count(sent_back.len(), "agent was", "agents were");
        let hint = "orchestra land goes on when it is done; --wait waits for it";
        return Err(Failure::new(format!("{agents} sent back")).hint(hint));
    }
    if !in_the_way.is_empty() {
        let work = text::count(in_the_way.len(), "agent", "agents");
        let hint = "commit, stash or move them there; orchestra land goes on";
        return Err(Failure::new(format!("changes of your own are in the way of {work}")).hint(hint));
    }
    let waits = names(landing, |outcome| matches!(outcome, LandingOutcome::Waits { .. }));
    if !waits.is_empty() {
        let agents = text::count(waits.len(), "agent waits", "agents wait");
        return Err(Failure::new(format!("{agents}: not all of it has landed"))
            .hint("orchestra land goes on with them when that is over"));
    }
    Ok(())
}

/// One way through, told as it goes.
fn land(
    context: &Context,
    tools: &Tools,
    found: &RunFolder,
    wish: &LandWish,
    arguments: &LandArguments,
) -> Result<Landing, Failure> {
    let now: Mutex<Option<String>> = Mutex::new(Some("Looking for the best order…".to_owned()));
    let set = |words: Option<String>| *now.lock().unwrap_or_else(PoisonError::into_inner) = words;
    let how_far = || now.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let names = found.plan().tasks.iter().map(|task| text::width(&task.agent.name));
    let widest = names.max().unwrap_or_default();
    let mut printed = Ok(());
    let mut tell = |news: LandNews| match news {
        LandNews::Tries { agent, place: (place, of) } => set(Some(format!("{place} of {of}: {agent}…"))),
        LandNews::Checks { agent, command } => set(Some(format!("Checking {agent}: {command}…"))),
        LandNews::Came(step) if !arguments.json && printed.is_ok() => {
            printed = progress::above(|| print(context, &step, widest));
        }
        LandNews::Came(_) => {}
    };
    let landed = context.words.while_working(how_far, || tools.land(found, wish, &mut tell));
    printed?;
    landed.map_err(not_landed)
}

/// Says what became of one, as soon as that is known: the check of the next may take long.
fn print(context: &Context, step: &LandingStep, widest: usize) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    let (word, words, style) = in_words(&step.outcome);
    let name = format!("{}{}", step.agent, text::padding(&step.agent, widest));
    let paint = out.paint;
    let line = format!("{}  {} {words}", paint.on(style::ACCENT, name), paint.on(style, word));
    writeln!(out, "{}", line.trim_end())?;
    out.finish()
}

fn in_words(outcome: &LandingOutcome) -> (&'static str, String, anstyle::Style) {
    match outcome {
        LandingOutcome::Landed { commit, check } => {
            let checked = check.as_ref().map(|check| format!(", `{}` is green", check.command));
            let short = commit.get(..8).unwrap_or_default();
            ("landed", format!("({short}{})", checked.unwrap_or_default()), style::DONE)
        }
        LandingOutcome::Nothing => ("nothing", "to land: it is there already".to_owned(), style::SOFT),
        LandingOutcome::Conflict { files, told } => {
            let why = format!("it conflicts in {}", text::one_line(&files.join(", ")));
            back(*told, why)
        }
        LandingOutcome::Red { check, told } => {
            let code = check.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
            back(*told, text::one_line(&format!("`{}` fails{code}", check.command)))
        }
        LandingOutcome::InTheWay { folder, files } => {
            let (files, folder) = (text::one_line(&files.join(", ")), text::one_line(folder));
            ("waits:", format!("{files} in {folder}: changes of your own are in the way"), style::STRONG)
        }
        LandingOutcome::Waits { why } => {
            ("waits:", text::one_line(why.strip_prefix("waits ").unwrap_or(why)), style::STRONG)
        }
    }
}

/// That work does not go onto the branch, and whether its agent is told of it.
fn back(told: bool, why: String) -> (&'static str, String, anstyle::Style) {
    match told {
        true => ("sent back:", why, style::FAILED),
        false => ("does not land:", format!("{why}; it was told already and changed nothing"), style::FAILED),
    }
}

fn not_landed(error: LandError) -> Failure {
    let hint = match error {
        LandError::Run(error) => return runs::not_found(error),
        LandError::Harvest(error) => return take::no_work(None, &error),
        // What is done was committed on the agents' branches before.
        LandError::Merge(MergeError::InTheWay { .. }) => {
            "commit, stash or move them there first; what landed until then has landed, orchestra land goes on"
        }
        LandError::Merge(error) => return take::no_work(None, &error.into()),
        LandError::Busy => "wait until that is over, or orchestra stop --run RUN",
        LandError::NoTarget => "name it: --into main",
        LandError::NoBranches => "git diff there shows what was changed",
        LandError::NotTrusted { .. } => "orchestra spawn --trust says so once",
        LandError::Send { .. } => "orchestra land tries it again",
        LandError::Setup(_) | LandError::Config(_) => "nothing was changed by it; is .orchestra.toml right?",
        _ => "what landed until then has landed; orchestra land goes on",
    };
    Failure::new(error.to_string()).hint(hint)
}

/// Waits until agents are done with what they were told.
fn wait_for(context: &Context, tools: &Tools, names: &[&str]) -> Result<(), Failure> {
    let agents = tools.agents();
    for name in names {
        let id = agent::find(&agents, name)?.id;
        let how_far = || Some(format!("Waiting for {name}…"));
        context.words.while_working(how_far, || {
            loop {
                let now = agents.open(&id).and_then(|folder| folder.agent());
                match now {
                    Ok(agent) if !agent.rests() => thread::sleep(LOOK),
                    _ => break,
                }
            }
        });
    }
    Ok(())
}
