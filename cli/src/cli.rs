//! The command line as clap reads it: names, help and examples; no behaviour.

mod agents;
mod demo;
mod runs;
mod since;
mod together;
mod web;

use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, Styles, TypedValueParser},
};
use clap_complete::Shell;
use orchestra_model::{KindFilter, SessionKind};

pub(crate) use agents::{
    AgentArguments, AnswerArguments, CleanArguments, DiffArguments, DoctorArguments, LogsArguments,
    MergeArguments, PrArguments, SendArguments, SpawnArguments, StatusArguments, StopArguments,
    UnparkArguments,
};
use agents::{INTERRUPT_EXAMPLES, RESTORE_EXAMPLES};
pub(crate) use demo::{ClientArguments, DemoArguments};
pub(crate) use runs::{ChooseArguments, LandArguments, ResultsArguments, RunArguments, StepArguments};
pub(crate) use since::Since;
pub(crate) use together::{McpArguments, MessagesArguments};
pub(crate) use web::WebArguments;
use web::parse_address;

/// Headings bold, what is typed literally in the accent colour: the same as the tables.
const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(Style::new().dimmed());

/// The way in, in the order a new user needs it: what to type, and what it does.
pub(crate) const FIRST_STEPS: [(&str, &str); 8] = [
    ("orchestra sessions", "what was worked on in the last 24 hours"),
    ("orchestra sessions login --all", "every session with \"login\" in it"),
    ("orchestra show 4f2a", "read one; its id may be shortened"),
    ("orchestra resume", "pick one and go on with it, from any folder"),
    ("orchestra spawn \"build auth\"", "an agent at work in a worktree of its own"),
    ("orchestra status --watch", "what the agents do, and who needs you"),
    ("orchestra web --open", "all of it in your browser"),
    ("orchestra help sessions", "more on a command, with examples"),
];

/// The beginning of an id, wherever an example needs one.
pub(crate) const EXAMPLE_ID: &str = "4f2a";

/// What stands below the commands in the program's own help.
fn first_steps_help() -> String {
    let steps: String =
        FIRST_STEPS.iter().map(|(command, does)| format!("  {command:<31}  {does}\n")).collect();
    format!("Examples:\n{steps}\n{READ_ONLY}")
}

/// What a new user may fear, answered.
pub(crate) const READ_ONLY: &str = "Claude Code's own files are read, never written.";

/// Finds every Claude Code session on this machine, and runs agents side by side
#[derive(Debug, Parser)]
#[command(
    name = "orchestra",
    version,
    styles = STYLES,
    // The examples are set for so many columns; prose beside them that is wider looks torn.
    max_term_width = 80,
    after_help = first_steps_help()
)]
pub(crate) struct CommandLine {
    /// Look in this Claude Code folder too (may be given more than once)
    #[arg(long = "root", value_name = "DIR", global = true, help_heading = "Everywhere")]
    pub(crate) roots: Vec<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List sessions, newest first
    Sessions(SessionsArguments),
    /// Read or export one session
    Show(ShowArguments),
    /// Continue a session in Claude Code, in the right folder
    Resume(ResumeArguments),
    /// Start an agent on each task, in a worktree and branch of its own
    Spawn(SpawnArguments),
    /// Work off a plan: tasks in an order, with checks and a budget
    Run(RunArguments),
    /// Show what the agents do, and who needs you
    Status(StatusArguments),
    /// Read the conversation of an agent, and follow it
    Logs(LogsArguments),
    /// Send an agent a message
    Send(SendArguments),
    /// Read what agents and people told each other
    Messages(MessagesArguments),
    /// Answer what an agent asks
    Answer(AnswerArguments),
    /// End the turn of an agent; it keeps listening
    #[command(after_help = INTERRUPT_EXAMPLES)]
    Interrupt(AgentArguments),
    /// Stop agents, or a whole run; a message resumes one
    Stop(StopArguments),
    /// Let parked agents go on: the rate limit has lifted early
    Unpark(UnparkArguments),
    /// Show what an agent changed
    Diff(DiffArguments),
    /// Show the results of a run side by side
    Results(ResultsArguments),
    /// Keep one of several attempts; the others go into the trash
    Choose(ChooseArguments),
    /// Land the work of a run: merged and checked one by one
    Land(LandArguments),
    /// Take the work of an agent into a branch
    Merge(MergeArguments),
    /// Push the branch of an agent and open a pull request
    Pr(PrArguments),
    /// Put finished worktrees into the trash, when nothing can be lost
    Clean(CleanArguments),
    /// Bring a worktree back from the trash
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(AgentArguments),
    /// Serve the dashboard to your browser
    Web(WebArguments),
    /// Look for what is not as it should be, and mend it
    Doctor(DoctorArguments),
    /// Try everything out on a made-up repository
    Demo(DemoArguments),
    /// Serve the tools that agents talk to each other with
    Mcp(McpArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
    /// Play the client of a demo.
    #[command(name = "__client", hide = true)]
    Client(ClientArguments),
    /// Do what is due in a run.
    #[command(name = "__step", hide = true)]
    Step(StepArguments),
}

const SESSIONS_EXAMPLES: &str = "\
Examples:
  orchestra sessions                          the last 24 hours
  orchestra sessions login --since 2w         two weeks, with \"login\" in title,
                                              project, branch, prompt or id
  orchestra sessions --all --project .        everything in this folder
  orchestra sessions --kind any --since yesterday
  orchestra sessions --json | jq -r '.sessions[].resume_command'

Into a pipe each session is one line without a heading, its fields parted by
tabs: id, last active (RFC 3339), state, kind, project, branch, model, title.

--json prints one object: \"sessions\" (newest first), \"left_out\" (how many are
older, other_kinds, other_projects, no_match, beyond_limit) and \"problems\"
(path, kind, message). A session has, among others, these stable fields: id,
provider, title, cwd, project, branch, model, kind, status (busy, idle, waiting,
live or null), started_at, last_active_at, path, size_bytes, resume_command.
Times are RFC 3339 in UTC; what is not known is null.";

/// Arguments of `sessions`.
#[derive(Debug, Args)]
#[command(after_help = SESSIONS_EXAMPLES)]
pub(crate) struct SessionsArguments {
    /// Only those with all of these words in title, project, branch, prompt or id
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,

    /// Only those active in the last N hours [default: 24]
    #[arg(long, value_name = "N", group = "time", allow_negative_numbers = true, value_parser = parse_number::<u32>)]
    pub(crate) hours: Option<u32>,

    /// Only those active since then: 2h, 3d, 1w, today, yesterday, 2026-11-01
    #[arg(long, value_name = "WHEN", group = "time")]
    pub(crate) since: Option<Since>,

    /// All of them, however old
    #[arg(long, group = "time")]
    pub(crate) all: bool,

    /// Which kind [default: people's own and Orchestra's agents]
    #[arg(long, value_name = "KIND", value_parser = kind_parser())]
    pub(crate) kind: Option<KindFilter>,

    /// Only those in this folder or below it
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,

    /// At most this many
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_number::<u32>)]
    pub(crate) limit: Option<u32>,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  orchestra show 4f2a                        the conversation, as text
  orchestra show 4f2a | less
  orchestra show 4f2a --output shop.html     one page to read or send
  orchestra show ~/old/4f2a….jsonl --format md";

/// Arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub(crate) struct ShowArguments {
    /// A session's id, the beginning of one, or the path of a transcript
    #[arg(value_name = "SESSION")]
    pub(crate) session: String,

    /// How to write it [default: text, or what FILE's ending says]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,

    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,

    /// Write to this new file instead of the terminal
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

const RESUME_EXAMPLES: &str = "\
Examples:
  orchestra resume                 pick one: type to filter, Enter continues it
  orchestra resume 4f2a            that one, from any folder
  orchestra resume login           the one session that has \"login\" in it
  orchestra resume 4f2a --fork     a copy that leaves the original as it is
  orchestra resume 4f2a --print    the command, to paste elsewhere

A session that is open in another terminal is not opened twice: two writers
would spoil its transcript. Close it there, or use --fork.";

/// Arguments of `resume`.
#[derive(Debug, Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub(crate) struct ResumeArguments {
    /// A session's id, the beginning of one, or words that only one session has
    #[arg(value_name = "SESSION|QUERY")]
    pub(crate) session: Vec<String>,

    /// Continue in a copy with an id of its own
    #[arg(long)]
    pub(crate) fork: bool,

    /// Print the command instead of running it
    #[arg(long)]
    pub(crate) print: bool,
}

/// A number of hours or sessions: none of them is nothing to ask for.
fn parse_number<N: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<N, String> {
    let number = text.parse().ok().filter(|number| *number >= N::from(1));
    number.ok_or_else(|| "write a whole number, 1 or more".to_owned())
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(orchestra completions bash)       in ~/.bashrc
  source <(orchestra completions zsh)        in ~/.zshrc, after compinit
  orchestra completions fish > ~/.config/fish/completions/orchestra.fish";

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// How `show` writes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Plain text, wrapped to the terminal
    #[value(alias = "txt")]
    Text,
    /// Markdown
    #[value(name = "md", alias = "markdown")]
    Markdown,
    /// JSON, with everything that was read
    Json,
    /// One self-contained page
    #[value(alias = "htm")]
    Html,
}

/// What `--kind` takes: the model's kinds by their names, and `any`.
fn kind_parser() -> impl TypedValueParser<Value = KindFilter> {
    let kinds = SessionKind::ALL.map(|kind| PossibleValue::new(kind.name()).help(help_on_kind(kind)));
    let any = PossibleValue::new("any").help("All kinds");
    PossibleValuesParser::new(kinds.into_iter().chain([any])).map(|name| {
        let kind = SessionKind::ALL.into_iter().find(|kind| kind.name() == name);
        kind.map_or(KindFilter::Any, KindFilter::Only)
    })
}

const fn help_on_kind(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Human => "People's own",
        SessionKind::Agent => "Orchestra's agents",
        SessionKind::Sdk => "Held by a program: the SDK, claude -p",
        SessionKind::Background => "Held in the background",
        SessionKind::Team => "Members of a team",
        SessionKind::Sidechain => "Side conversations of the client",
        SessionKind::Empty => "Without a prompt",
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_kind_of_the_model_can_be_asked_for() {
        let asked =
            |kind: &str| match CommandLine::parse_from(["orchestra", "sessions", "--kind", kind]).command {
                Some(Command::Sessions(arguments)) => arguments.kind.unwrap(),
                _ => unreachable!("it was asked for"),
            };
        for kind in SessionKind::ALL {
            assert_eq!(asked(kind.name()), KindFilter::Only(kind));
        }
        assert_eq!(asked("any"), KindFilter::Any);
    }
}
