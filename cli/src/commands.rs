//! The commands, one module each, and the way into them.

mod agent;
mod client;
mod completions;
mod demo;
mod doctor;
mod git;
mod land;
mod logs;
mod lookup;
mod mcp;
mod messages;
mod overview;
mod place;
mod results;
mod resume;
mod runner;
mod runs;
mod scripted_client;
mod sessions;
mod show;
mod spawn;
mod status;
mod steer;
mod stop;
mod take;
mod tidy;
mod trust;
mod unpark;
mod web;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};
use orchestra_core::sessions::{Catalog, Places};
use orchestra_model::{Listing, SessionFilter};

use crate::{
    cli::{Command, CommandLine},
    error::Failure,
    output::{Words, text, width_of, wrap},
    places::{self, Surroundings},
};

/// What every command starts from.
struct Context {
    surroundings: Surroundings,
    extra_roots: Vec<PathBuf>,
    words: Words,
    now: ZonedDateTime,
}

impl Context {
    /// What this process was started with.
    fn new(extra_roots: Vec<PathBuf>) -> Self {
        let surroundings = Surroundings::of_this_process();
        let words = Words::standard(&surroundings);
        let now = Timestamp::now().to_zoned_datetime(surroundings.time_zone.clone().unwrap_or(TimeZone::UTC));
        Self { surroundings, extra_roots, words, now }
    }

    /// Says why a command failed, if it did, and answers with the exit code.
    fn end(&self, outcome: Result<(), Failure>) -> ExitCode {
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                if !failure.is_silent() {
                    self.words.fail(&failure);
                }
                failure.exit_code()
            }
        }
    }

    fn places(&self) -> Places {
        self.surroundings.catalog_places(&self.extra_roots)
    }

    fn catalog(&self) -> Catalog {
        Catalog::new(self.places())
    }

    /// The sessions that a filter asks for. The first list of a large history takes a second or more.
    fn list(&self, catalog: &Catalog, filter: &SessionFilter) -> Listing {
        let how_far = || {
            let (read, of) = catalog.reading();
            (of > 0).then(|| format!("Reading {read} of {of} new transcripts…"))
        };
        self.words.while_working(how_far, || catalog.list(filter, self.now.timestamp()))
    }
}

/// Reads the command line, does what it says, and answers with the exit code.
pub(crate) fn run() -> ExitCode {
    // Looked at before what persons type: an agent's processes need none of the memory that this takes.
    if let Some(role) = runner::Role::of(std::env::args_os().skip(1)) {
        let context = Context::new(Vec::new());
        return context.end(role.play(&context));
    }
    let line = match CommandLine::try_parse_from(places::arguments()) {
        Ok(line) => line,
        Err(error) => {
            // Help and usage errors alike; a reader who is gone is no reason for another error.
            drop(print_wrapped(&error));
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let context = Context::new(line.roots);
    context.end(dispatch(&context, line.command))
}

/// Prints what the reader of the command line says. It breaks no lines itself: an error that is wider than a terminal is
/// broken here, without its colours.
fn print_wrapped(error: &clap::Error) -> io::Result<()> {
    let plain = error.render().to_string();
    let width = width_of(&io::stderr());
    let is_wide = io::stderr().is_terminal() && plain.lines().any(|line| text::width(line) > width);
    if !error.use_stderr() || !is_wide {
        return error.print();
    }
    wrap::wrapped(&plain, width).iter().try_for_each(|line| writeln!(io::stderr(), "{line}"))
}

fn dispatch(context: &Context, command: Option<Command>) -> Result<(), Failure> {
    match command {
        None => overview::run(context),
        Some(Command::Sessions(arguments)) => sessions::run(context, &arguments),
        Some(Command::Web(arguments)) => web::run(context, &arguments),
        Some(Command::Spawn(arguments)) => spawn::run(context, &arguments),
        Some(Command::Run(arguments)) => runs::run(context, &arguments),
        Some(Command::Results(arguments)) => results::run(context, &arguments),
        Some(Command::Choose(arguments)) => results::choose(context, &arguments),
        Some(Command::Land(arguments)) => land::run(context, &arguments),
        Some(Command::Step(arguments)) => runs::step(context, &arguments),
        Some(Command::Status(arguments)) => status::run(context, &arguments),
        Some(Command::Logs(arguments)) => logs::run(context, &arguments),
        Some(Command::Send(arguments)) => steer::send(context, &arguments),
        Some(Command::Messages(arguments)) => messages::run(context, &arguments),
        Some(Command::Mcp(arguments)) => mcp::run(context, &arguments),
        Some(Command::Answer(arguments)) => steer::answer(context, &arguments),
        Some(Command::Interrupt(arguments)) => steer::interrupt(context, &arguments),
        Some(Command::Stop(arguments)) => stop::run(context, &arguments),
        Some(Command::Unpark(arguments)) => unpark::run(context, &arguments),
        Some(Command::Diff(arguments)) => take::diff(context, &arguments),
        Some(Command::Merge(arguments)) => take::merge(context, &arguments),
        Some(Command::Pr(arguments)) => take::pr(context, &arguments),
        Some(Command::Clean(arguments)) => tidy::clean(context, &arguments),
        Some(Command::Restore(arguments)) => tidy::restore(context, &arguments),
        Some(Command::Doctor(arguments)) => doctor::run(context, &arguments),
        Some(Command::Demo(arguments)) => demo::run(context, &arguments),
        Some(Command::Client(arguments)) => scripted_client::run(context, &arguments),
        Some(Command::Completions(arguments)) => completions::run(context, &arguments),
        Some(Command::Show(arguments)) => show::run(context, &arguments),
        Some(Command::Resume(arguments)) => resume::run(context, &arguments),
    }
}

/// Says that no session was found anywhere, and what that may mean.
fn say_there_is_none(context: &Context) {
    context.words.say(&format!("There is no Claude Code session in {}.", roots_in_words(context)));
    context
        .words
        .say("Is Claude Code's folder elsewhere? Name it with --root DIR, or set CLAUDE_CONFIG_DIR.");
}

/// Where sessions are looked for, as a person would write it.
fn roots_in_words(context: &Context) -> String {
    let named: Vec<String> = context
        .places()
        .roots
        .iter()
        .filter(|root| root.is_default || root.asked_for || root.path.is_dir())
        .map(|root| context.surroundings.with_tilde(&root.path))
        .collect();
    if named.is_empty() { "any folder: there is no home folder".to_owned() } else { named.join(" or ") }
}
