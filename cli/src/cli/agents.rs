//! The commands about agents as clap reads them.

use std::path::PathBuf;

use clap::Args;
use orchestra_model::PERMISSION_MODES;

use super::together::TalkingArguments;

const SPAWN_EXAMPLES: &str = "\
Examples:
  orchestra spawn \"build auth\" \"write tests\"   two agents, each in its own
                                               worktree and branch
  orchestra spawn -f tasks.md --max-parallel 3  a task a paragraph, 3 at once
  git diff | orchestra spawn -                 the task from standard input
  orchestra spawn \"fix it\" --base v1.2 --model opus
  orchestra spawn \"go on\" --session 4f2a       a copy of a session goes on
  orchestra spawn \"tidy up\" --no-worktree      in this folder, as it is
  orchestra spawn \"make it fast\" --attempts 3 --check \"cargo test\"
                                               three try; orchestra results
                                               compares, choose keeps one

It returns when every agent has really started, and says which did not and why;
with --wait when all of them have ended. Agents live on when the terminal is
closed. `orchestra status` shows them.";

/// Arguments of `spawn`.
#[derive(Debug, Args)]
#[command(after_help = SPAWN_EXAMPLES)]
pub(crate) struct SpawnArguments {
    /// What an agent is to do, one agent a task; - reads one from standard input
    #[arg(value_name = "TASK")]
    pub(crate) tasks: Vec<String>,

    /// Read more tasks from a file, one a paragraph
    #[arg(long, short = 'f', value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The repository [default: the one of this folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) repo: Option<PathBuf>,

    /// What the branches start from [default: HEAD]
    #[arg(long, value_name = "REF", conflicts_with = "no_worktree")]
    pub(crate) base: Option<String>,

    /// The model
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,

    /// How the agent asks for leave
    #[arg(long, value_name = "MODE", value_parser = PERMISSION_MODES)]
    pub(crate) permission_mode: Option<String>,

    /// What an agent may cost, in USD
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = parse_budget)]
    pub(crate) max_budget_usd: Option<f64>,

    /// Go on from a copy of this session
    #[arg(long, value_name = "SESSION")]
    pub(crate) session: Option<String>,

    /// Work in the folder as it is
    #[arg(long)]
    pub(crate) no_worktree: bool,

    /// At most this many at work at once; the rest waits
    #[arg(long, value_name = "N", value_parser = super::parse_number::<u32>)]
    pub(crate) max_parallel: Option<u32>,

    /// Give each task to this many agents; `orchestra choose` keeps one
    #[arg(long, value_name = "N", value_parser = super::parse_number::<u32>, conflicts_with_all = ["no_worktree", "session"])]
    pub(crate) attempts: Option<u32>,

    /// Check the work of each with this command, run in its worktree
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["no_worktree", "session"])]
    pub(crate) check: Option<String>,

    #[command(flatten)]
    pub(crate) talking: TalkingArguments,

    /// Return when all have ended
    #[arg(long)]
    pub(crate) wait: bool,

    /// Trust this repository: its settings, hooks and setup command run without a sandbox
    #[arg(long)]
    pub(crate) trust: bool,

    /// Print JSON: one object with "agents"
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) fn parse_budget(text: &str) -> Result<f64, String> {
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(budget) if budget.is_finite() && budget > 0.0 => Ok(budget),
        _ => Err("write an amount in USD, like 2.50".to_owned()),
    }
}

const STATUS_EXAMPLES: &str = "\
Examples:
  orchestra status                 who needs you first, then who is at work
  orchestra status --watch         the same, kept up to date
  orchestra status build-auth      one agent, with what it asks
  orchestra status --json | jq -r '.agents[] | select(.attention) | .name'

Into a pipe each agent is one line, its fields parted by tabs: id, name, state,
what it wants, last change (RFC 3339), branch, words.

--json prints one object: \"agents\" and \"problems\". An agent has these stable
fields: id, name, task, state (queued, starting, running, waiting, parked, idle,
done, failed, stopped, lost), waits (why it has not started), attention (null or
kind, since, summary, until, nudge), run, repo, worktree, branch, base,
session_id, model, pid, created_at, updated_at, exit, cost_usd, tokens, turns,
diffstat (null in a list), queue, requests. Times are RFC 3339 in UTC.";

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = STATUS_EXAMPLES)]
pub(crate) struct StatusArguments {
    /// Only this agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: Option<String>,

    /// Those in the trash too
    #[arg(long)]
    pub(crate) all: bool,

    /// Keep it up to date until Ctrl-C
    #[arg(long, short)]
    pub(crate) watch: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const LOGS_EXAMPLES: &str = "\
Examples:
  orchestra logs build-auth        the conversation so far
  orchestra logs build-auth -f     and what follows, until the agent ends
  orchestra logs build-auth --json | jq .
      one record a line: sequence, at, and \"output\" (what the client printed),
      \"errors\" or an event of Orchestra's own";

/// Arguments of `logs`.
#[derive(Debug, Args)]
#[command(after_help = LOGS_EXAMPLES)]
pub(crate) struct LogsArguments {
    /// The agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// Go on as it goes on
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Only what comes after this record
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0, hide_default_value = true, value_parser = parse_sequence)]
    pub(crate) after: u64,

    /// Print every record as JSON, one a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// A record's number: 0 is before all of them.
fn parse_sequence(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write a whole number, 0 or more".to_owned())
}

const SEND_EXAMPLES: &str = "\
Examples:
  orchestra send build-auth \"use argon2\"
  orchestra send build-auth - < review.md
  orchestra send build-auth --edit 3 \"use argon2id\"   while it has not got it
  orchestra send build-auth --remove 3
  orchestra send build-auth --permission-mode acceptEdits --model opus
  orchestra send build-auth --nudge                for one that seems stuck

The agent gets it when its turn is over. One that has ended is resumed.";

/// Arguments of `send`.
#[derive(Debug, Args)]
#[command(after_help = SEND_EXAMPLES)]
pub(crate) struct SendArguments {
    /// The agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// The message; - reads it from standard input
    #[arg(value_name = "TEXT", required_unless_present_any = ["remove", "nudge", "model", "permission_mode"])]
    pub(crate) text: Option<String>,

    /// End the turn that runs and say this now; without TEXT, what is suggested to one that seems stuck
    #[arg(long, conflicts_with_all = ["edit", "remove"])]
    pub(crate) nudge: bool,

    /// Let this model answer from now on
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,

    /// Let it ask for leave in this way from now on
    #[arg(long, value_name = "MODE", value_parser = PERMISSION_MODES)]
    pub(crate) permission_mode: Option<String>,

    /// Say this instead of a message that still waits
    #[arg(long, value_name = "NUMBER", conflicts_with = "remove")]
    pub(crate) edit: Option<u64>,

    /// Take back a message that still waits
    #[arg(long, value_name = "NUMBER", conflicts_with = "text")]
    pub(crate) remove: Option<u64>,

    /// Print JSON: "prompt" (the message's number) and "sequence"
    #[arg(long)]
    pub(crate) json: bool,
}

const ANSWER_EXAMPLES: &str = "\
Examples:
  orchestra answer build-auth allow
  orchestra answer build-auth allow --always       and never ask this again
  orchestra answer build-auth allow --always 2     the second rule it offers
  orchestra answer build-auth deny --message \"use cargo, not npm\"
  orchestra answer build-auth \"SQLite\"             the answer to a question
  orchestra answer build-auth 2                    its second choice

`orchestra status AGENT` shows what it asks, with choices and rules.";

/// Arguments of `answer`.
#[derive(Debug, Args)]
#[command(after_help = ANSWER_EXAMPLES)]
pub(crate) struct AnswerArguments {
    /// The agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// allow or deny; for questions the answers, one each, as text or number
    #[arg(value_name = "ANSWER", required = true)]
    pub(crate) answers: Vec<String>,

    /// Keep a rule that it offers, so that it need not ask again [default: the first]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", value_parser = super::parse_number::<u32>)]
    pub(crate) always: Option<u32>,

    /// Why not, or what to do instead
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) message: Option<String>,

    /// The request's id, when it asks for more than one thing [default: the oldest]
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,

    /// Print JSON: "request", "decision" and "sequence"
    #[arg(long)]
    pub(crate) json: bool,
}

const UNPARK_EXAMPLES: &str = "\
Examples:
  orchestra unpark

Agents that wait for the account's rate limit go on when its time is over. When
it lifts earlier (another plan, another account), this has them go on now, one
after the other, each with its session. One that meets the limit again is parked
again. --json prints \"agents\": the ids of those that go on.";

/// Arguments of `unpark`.
#[derive(Debug, Args)]
#[command(after_help = UNPARK_EXAMPLES)]
pub(crate) struct UnparkArguments {
    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const STOP_EXAMPLES: &str = "\
Examples:
  orchestra stop build-auth                one agent
  orchestra stop build-auth write-tests    several
  orchestra stop --run build-auth          everything of its run that is at work

The turn is interrupted, then the client is ended; what it changed stays, and
orchestra send resumes it with its session. One that waits for its turn will not
be started. It returns when nothing of them runs any more. --json prints the
agent, or \"agents\" when there may be several.";

/// Arguments of `stop`.
#[derive(Debug, Args)]
#[command(after_help = STOP_EXAMPLES)]
pub(crate) struct StopArguments {
    /// The agents: their names, their ids, or the beginnings of those
    #[arg(value_name = "AGENT", required = true)]
    pub(crate) agents: Vec<String>,

    /// Stop all of their runs: a run's id is understood as well
    #[arg(long)]
    pub(crate) run: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  orchestra diff build-auth          what it changed, also what is not committed
  orchestra diff build-auth --stat   the files, and how much of each
  orchestra diff build-auth | git apply --check

It is compared with where its branch left its base; renames are found, binary
files are named. --json prints \"base\", \"stat\" and \"files\" (path, old_path,
kind, is_binary, insertions, deletions).";

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub(crate) struct DiffArguments {
    /// The agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// Only the files, and how many lines
    #[arg(long)]
    pub(crate) stat: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const MERGE_EXAMPLES: &str = "\
Examples:
  orchestra merge build-auth                 into the branch it started from
  orchestra merge build-auth --squash        as one commit
  orchestra merge build-auth --into release

What it has not committed is committed first. The merge is tried out before
anything changes: a conflict changes nothing and names the files. --json prints
\"agent\", \"branch\", \"into\", \"merged\" (nothing, fast_forward, commit,
conflict, in_the_way; the last two with exit code 1), \"commit\",
\"committed_first\" and \"files\": those that conflict or are in the way.";

/// Arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub(crate) struct MergeArguments {
    /// The agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// As one commit, with the task as its message
    #[arg(long)]
    pub(crate) squash: bool,

    /// The branch that takes it [default: the one it started from]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) into: Option<String>,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const PR_EXAMPLES: &str = "\
Examples:
  orchestra pr build-auth
  orchestra pr build-auth --base release

What it has not committed is committed first. Its branch is pushed; `gh` opens
the pull request when it is installed, else the page for it is printed. --json
prints \"agent\", \"branch\", \"base\", \"remote\", \"url\", \"is_open\" and
\"refusal\", why `gh` opened none.";

/// Arguments of `pr`.
#[derive(Debug, Args)]
#[command(after_help = PR_EXAMPLES)]
pub(crate) struct PrArguments {
    /// The agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// The branch that it is to go into [default: the one it started from]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) base: Option<String>,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const CLEAN_EXAMPLES: &str = "\
Examples:
  orchestra clean                       all that have ended: cleaned, or why not
  orchestra clean build-auth
  orchestra clean build-auth --anyway   also what is not merged or committed
  orchestra restore build-auth          brings it back

A worktree goes only when nothing can be lost: all is committed, the commits are
in the base branch or on a remote, nothing that git ignores is precious, nobody
works in it. It stays in the trash for 14 days. --json prints a list: \"agent\",
\"cleaned\" and \"kept\" (the reasons).";

/// Arguments of `clean`.
#[derive(Debug, Args)]
#[command(after_help = CLEAN_EXAMPLES)]
pub(crate) struct CleanArguments {
    /// Agents: names, ids, or beginnings [default: all that have ended]
    #[arg(value_name = "AGENT")]
    pub(crate) agents: Vec<String>,

    /// Also with work that is not committed or not merged
    #[arg(long)]
    pub(crate) anyway: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const DOCTOR_EXAMPLES: &str = "\
Examples:
  orchestra doctor          looks; changes nothing
  orchestra doctor --fix    mends what can be mended without losing anything

It looks at git and claude, the state folder, agents whose runner died,
processes that outlived their agent, worktrees without an agent and agents
without theirs. Exit code 1 when something is left. --json prints \"git\",
\"claude\", \"state\", \"findings\" (subject, what, advice, can_be_fixed) and
\"fixed\".";

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = DOCTOR_EXAMPLES)]
pub(crate) struct DoctorArguments {
    /// Mend what can be mended without losing anything
    #[arg(long)]
    pub(crate) fix: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) const INTERRUPT_EXAMPLES: &str = "\
Examples:
  orchestra interrupt build-auth
  orchestra send build-auth \"Use the old schema.\"

What it changed stays. It listens for a message, and what waits in its queue is
delivered next.";

pub(super) const RESTORE_EXAMPLES: &str = "\
Examples:
  orchestra status --all           shows what is in the trash
  orchestra restore build-auth

Its worktree and branch are as they were, with what was not committed. One whose
folder somebody took away is made anew from its branch.";

/// Arguments of commands that name one agent.
#[derive(Debug, Args)]
pub(crate) struct AgentArguments {
    /// The agent: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// Print JSON: the agent as it is then
    #[arg(long)]
    pub(crate) json: bool,
}
