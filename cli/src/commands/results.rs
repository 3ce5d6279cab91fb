//! `orchestra results` and `choose`: what came out of a run, side by side, and which attempt is kept.

use std::io::Write;

use orchestra_core::agents::runs::{ChooseError, markdown};
use orchestra_model::{LandingState, Results, RunList, TaskResult, TaskState};
use serde::Serialize;

use super::{Context, agent, runs};
use crate::{
    cli::{ChooseArguments, ResultsArguments},
    error::Failure,
    output::{Out, results_table, run_table, text},
};

/// The most runs that are listed.
const MOST: usize = 200;

/// Prints the results of a run, or the list of all.
pub(super) fn run(context: &Context, arguments: &ResultsArguments) -> Result<(), Failure> {
    let tools = agent::tools(context)?;
    if arguments.all {
        return list(context, &tools.runs(MOST), arguments.json);
    }
    let found = runs::find(context, &tools, arguments.run.as_deref())?;
    let how_far = || Some("Comparing…".to_owned());
    let results = context.words.while_working(how_far, || tools.results(&found)).map_err(runs::not_found)?;
    if arguments.md {
        let mut out = Out::standard(&context.surroundings);
        let report = markdown(&results);
        // A terminal must not be steered by what an agent wrote.
        let report = if out.terminal { text::lines(&report).into_owned() } else { report };
        write!(out, "{report}")?;
        return out.finish();
    }
    print(context, &results, arguments.json)
}

/// Prints a line for each run, or JSON.
fn list(context: &Context, list: &RunList, json: bool) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    if json {
        serde_json::to_writer(&mut out, list)?;
        writeln!(out)?;
        return out.finish();
    }
    let now = context.now.timestamp();
    if out.terminal {
        let (width, paint) = (out.width, out.paint);
        run_table::write_table(&list.runs, now, width, paint, &mut out)?;
    } else {
        run_table::write_lines(&list.runs, &mut out)?;
    }
    out.finish()?;
    if list.runs.is_empty() {
        context.words.murmur(
            "No agents were started together yet: orchestra run plan.toml does, or spawn with several tasks.",
        );
    }
    if list.more > 0 {
        context.words.murmur(&format!("{} more, older than these.", list.more));
    }
    Ok(())
}

/// Prints results as a table, or as JSON.
pub(super) fn print(context: &Context, results: &Results, json: bool) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    if json {
        if out.terminal {
            serde_json::to_writer_pretty(&mut out, results)?;
        } else {
            serde_json::to_writer(&mut out, results)?;
        }
        writeln!(out)?;
        return out.finish();
    }
    if out.terminal {
        let (width, paint) = (out.width, out.paint);
        results_table::write_table(results, width, paint, &mut out)?;
    } else {
        results_table::write_lines(results, &mut out)?;
    }
    out.finish()?;
    let is_open = |task: &TaskResult| matches!(task.state, TaskState::Queued | TaskState::Running);
    if let Some(words) = results.limit.reached(&results.spent).filter(|_| results.tasks.iter().any(is_open)) {
        context.words.warn(&format!(
            "the run has used {words}; orchestra run --continue {} with a higher budget goes on",
            results.run
        ));
    }
    match results.landing {
        None => {}
        Some(LandingState::UnderWay) => context.words.murmur("It is being landed right now."),
        Some(LandingState::CutOff) => context.words.warn(&format!(
            "the last landing was cut off; orchestra land {} goes on with what has not landed",
            results.run
        )),
    }
    if attempts(results) > 1 {
        context.words.murmur("orchestra choose AGENT keeps one attempt; the others go into the trash.");
    }
    Ok(())
}

/// How many attempts there still are to choose from.
fn attempts(results: &Results) -> usize {
    let is_open = |task: &&TaskResult| task.attempt.is_some() && !task.is_cleaned;
    results.tasks.iter().filter(is_open).count()
}

#[derive(Serialize)]
struct Choice<'a> {
    chosen: &'a str,
    cleaned: &'a [String],
    kept: Vec<KeptAll<'a>>,
}

#[derive(Serialize)]
struct KeptAll<'a> {
    agent: &'a str,
    why: String,
}

/// Keeps an attempt; the others go into the trash.
pub(super) fn choose(context: &Context, arguments: &ChooseArguments) -> Result<(), Failure> {
    let tools = agent::tools(context)?;
    let found = agent::find(&tools.agents(), &arguments.agent)?;
    let name = &found.name;
    let choose = || tools.choose(&found, agent::BY, context.now.timestamp());
    let how_far = || Some("Putting the others into the trash…".to_owned());
    let chosen = context.words.while_working(how_far, choose).map_err(|error| {
        let hint = match &error {
            ChooseError::Only { .. } => format!("orchestra merge {name} takes its work"),
            ChooseError::Cleaned { .. } => format!("orchestra restore {name} brings it back first"),
            ChooseError::Run(_) => "orchestra doctor looks for what may be wrong".to_owned(),
        };
        Failure::new(error.to_string()).hint(hint)
    })?;
    let kept = || chosen.kept.iter().map(|(agent, why)| KeptAll { agent, why: why.to_string() });
    if arguments.json {
        let mut out = Out::standard(&context.surroundings);
        let choice = Choice { chosen: name, cleaned: &chosen.cleaned, kept: kept().collect() };
        serde_json::to_writer(&mut out, &choice)?;
        writeln!(out)?;
        out.finish()?;
    } else {
        for other in &chosen.cleaned {
            context.words.say(&format!("{other} is in the trash."));
        }
        context.words.murmur(&format!(
            "{name} is kept. orchestra merge {name} takes its work; orchestra restore NAME brings another back."
        ));
    }
    match kept().next() {
        Some(KeptAll { agent, why }) => Err(Failure::new(format!("{agent} was kept: {why}"))
            .hint(format!("orchestra clean {agent} --anyway"))),
        None => Ok(()),
    }
}
