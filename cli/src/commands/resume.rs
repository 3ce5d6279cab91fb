//! `orchestra resume`: becomes the session's own client, in the right folder.
//!
//! The engine decides how; here the choice is made and the process replaced.

use std::io::{self, IsTerminal, Write};

use orchestra_core::sessions::{Catalog, FindError, ResumeCommand, ResumePlan, plan_resume};
use orchestra_model::{LiveProcess, LiveStatus, Session, SessionFilter, SessionId};

use super::{Context, client, lookup};
use crate::{
    cli::ResumeArguments,
    error::Failure,
    output::{Out, session_table, text},
    picker,
};

/// What is continued, and whether in a copy.
struct Choice {
    session: Session,
    fork: bool,
}

/// Continues the session that was asked for, or picked.
pub(super) fn run(context: &Context, arguments: &ResumeArguments) -> Result<(), Failure> {
    // Before anything is chosen: a choice that cannot be carried out is a waste of it.
    let client = if arguments.print { None } else { Some(client::find(&context.surroundings)?) };
    let catalog = context.catalog();
    let choice = choose(context, &catalog, arguments)?;
    let command = match plan_resume(&choice.session, catalog.roots(), choice.fork) {
        ResumePlan::Run(command) => command,
        ResumePlan::Live(process) => return Err(live_elsewhere(&choice.session, &process)),
        ResumePlan::Cleaned => {
            return Err(Failure::new(format!(
                "Claude Code has deleted the transcript of \"{}\": there is nothing left to continue",
                text::one_line(&choice.session.title)
            ))
            .hint(
                "a larger \"cleanupPeriodDays\" in Claude Code's settings.json keeps the next ones longer",
            ));
        }
    };
    match client {
        Some(client) => client::become_it(context, &client, &command),
        None => print(context, &command),
    }
}

fn print(context: &Context, command: &ResumeCommand) -> Result<(), Failure> {
    let mut out = Out::standard(&context.surroundings);
    writeln!(out, "{}", command.shell_line())?;
    out.finish()
}

fn choose(context: &Context, catalog: &Catalog, arguments: &ResumeArguments) -> Result<Choice, Failure> {
    let query = arguments.session.join(" ");
    let fork = arguments.fork;
    if query.trim().is_empty() {
        return pick(context, catalog, "", fork);
    }
    if let [asked] = arguments.session.as_slice() {
        if lookup::looks_like_a_path(asked) {
            return Ok(Choice { session: lookup::session(context, catalog, asked)?, fork });
        }
        match catalog.find(asked, context.now.timestamp()) {
            Ok(session) => return Ok(Choice { session, fork }),
            Err(FindError::Ambiguous { .. }) if is_part_of_an_id(asked) => {
                return lookup::session(context, catalog, asked).map(|session| Choice { session, fork });
            }
            Err(FindError::Ambiguous { .. } | FindError::Unknown { .. }) => {}
        }
    }
    let filter = SessionFilter { query: Some(query.clone()), ..SessionFilter::default() };
    let mut found = context.list(catalog, &filter).sessions;
    match found.len() {
        0 => {
            Err(Failure::new(format!("no session has {query:?} in its id, title, project, branch or prompt"))
                .hint("orchestra sessions --all --kind any lists every one; orchestra resume lets you pick"))
        }
        1 => Ok(Choice { session: found.swap_remove(0), fork }),
        _ if is_interactive() => pick(context, catalog, &query, fork),
        number => {
            let list = session_table::candidates(&found, &context.now, context.words.width);
            Err(Failure::new(format!("{number} sessions have {query:?} in them:{list}"))
                .hint("name one by its id, or add words"))
        }
    }
}

/// Whether a text is rather the beginning of an id than a word: UUIDs have digits early.
fn is_part_of_an_id(asked: &str) -> bool {
    asked.parse::<SessionId>().is_ok() && asked.bytes().any(|byte| byte.is_ascii_digit())
}

fn pick(context: &Context, catalog: &Catalog, query: &str, fork: bool) -> Result<Choice, Failure> {
    if !is_interactive() {
        return Err(Failure::usage("there is no terminal to pick a session in")
            .hint("name one: orchestra resume ID; orchestra sessions lists the ids"));
    }
    let picked = picker::pick(catalog, &context.now, query, !context.surroundings.no_color)?;
    Ok(Choice { session: picked.session, fork: fork || picked.fork })
}

/// A picker reads keys and draws on standard error, so that `--print` can be captured.
fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn live_elsewhere(session: &Session, process: &LiveProcess) -> Failure {
    let state = match session.status {
        Some(status @ (LiveStatus::Busy | LiveStatus::Idle | LiveStatus::Waiting)) => {
            format!(", which is {}", status.name())
        }
        Some(LiveStatus::Live) | None => String::new(),
    };
    let title = text::one_line(&session.title);
    Failure::new(format!("\"{title}\" is open in process {}{state}", process.pid)).hint(format!(
        "go on there, or end it first; a copy can be continued here: orchestra resume {} --fork",
        session.id.short()
    ))
}
