//! The commands about runs as clap reads them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use orchestra_model::{AgentId, AtLimit};

use super::{agents::parse_budget, parse_number, together::TalkingArguments};

const RUN_EXAMPLES: &str = "\
Examples:
  orchestra run plan.toml               starts what can start, and returns
  orchestra run plan.md --wait          returns when all of it is over
  orchestra run plan.toml --dry-run     the order, without starting anything
  orchestra run --continue 4f2a         goes on with one that was cut off, or
                                        stopped with stop --run
  orchestra run --continue 4f2a --budget-usd 20    and gives it more

A plan:
  max-parallel = 2             # agents at work at once [4]
  check = \"cargo test\"         # run in each worktree when its agent is done
  retries = 1                  # sent back so often when it fails, or its check [0]
  budget-usd = 10              # also budget-tokens, budget-minutes
  at-budget = \"ask\"            # or \"stop\"

  [[task]]
  name = \"schema\"
  prompt = \"Write the schema for orders\"

  [[task]]
  name = \"api\"
  from = \"schema\"              # starts on the branch of that task
  prompt = \"Write the API on it\"
  model = \"opus\"               # also permission-mode, max-budget-usd

  [[task]]
  name = \"docs\"
  after = [\"api\"]              # starts when that is done
  check = \"\"                   # without one
  prompt = \"Describe the API\"

A name has small letters, digits and -, at most 24. For all: base, model, permission-mode, max-budget-usd, check, retries.
For one: priority = 1; at a rate limit those with less give way first.
In Markdown the first lines stand between two of +++, a task is a heading
\"## name\", its own settings a block ```toml right below, the rest its prompt.

\"after\" is about the order alone: such a task begins where the others do, at the
base, unless \"from\" names the one task whose work it is to go on with. The same
plan run twice is two runs.

A task that fails keeps those that come after it from starting; orchestra status
says so, and orchestra send gives it another chance. A run lives on when the
terminal is closed, and whoever is killed, each task is run once.
--json prints what orchestra results --json prints; with --dry-run \"order\".";

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct RunArguments {
    /// The plan: TOML, or Markdown when its name ends in .md; - reads standard input
    #[arg(value_name = "FILE", required_unless_present = "run")]
    pub(crate) file: Option<PathBuf>,

    /// Go on with this run instead: its id, the beginning of one, or an agent of it
    #[arg(long = "continue", value_name = "RUN", conflicts_with_all = ["file", "repo", "base", "max_parallel", "dry_run"])]
    pub(crate) run: Option<String>,

    /// Show the order in which the tasks go, and start nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// The repository [default: the one of this folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) repo: Option<PathBuf>,

    /// What the branches start from [default: the plan's, or HEAD]
    #[arg(long, value_name = "REF")]
    pub(crate) base: Option<String>,

    /// At most this many at work at once [default: the plan's, or 4]
    #[arg(long, value_name = "N", value_parser = parse_number::<u32>)]
    pub(crate) max_parallel: Option<u32>,

    /// What the run may cost in all, in USD
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = parse_budget)]
    pub(crate) budget_usd: Option<f64>,

    /// How many tokens it may use in all, cached ones not counted
    #[arg(long, value_name = "N", value_parser = parse_number::<u64>)]
    pub(crate) budget_tokens: Option<u64>,

    /// How many minutes it may be at work in all
    #[arg(long, value_name = "N", value_parser = parse_number::<u64>)]
    pub(crate) budget_minutes: Option<u64>,

    /// What happens then: "ask", nothing more starts, or "stop", all are stopped [default: the plan's, or ask]
    #[arg(long, value_name = "WHAT", value_enum, hide_possible_values = true)]
    pub(crate) at_budget: Option<AtBudget>,

    #[command(flatten)]
    pub(crate) talking: TalkingArguments,

    /// Return when all of it is over
    #[arg(long)]
    pub(crate) wait: bool,

    /// Trust this repository: its settings, hooks, setup command and checks run without a sandbox
    #[arg(long)]
    pub(crate) trust: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

/// What happens when a run has used what it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AtBudget {
    // Variants' documentation would spread the help of `run` over twice the lines.
    Ask,
    Stop,
}

impl From<AtBudget> for AtLimit {
    fn from(at: AtBudget) -> Self {
        match at {
            AtBudget::Ask => Self::Ask,
            AtBudget::Stop => Self::Stop,
        }
    }
}

const RESULTS_EXAMPLES: &str = "\
Examples:
  orchestra results                   the newest run of this repository
  orchestra results build-auth        the run of that agent
  orchestra results 4f2a --md | gh pr create --title \"Orders\" --body-file -
  orchestra results --all             all runs of several agents, a line each
  orchestra results --json | jq '.tasks[] | {name, state, check}'

Into a pipe each task is one line, its fields parted by tabs: id, name, state,
files, insertions, deletions, the check's exit code, cost in USD, words. What is
not known is empty; the state is also \"landed\" or \"cleaned\" there.

--json prints one object: run, created_at, repo, target, is_over, max_parallel,
limit (usd, tokens, minutes, at_limit), spent (usd, tokens, seconds at work),
landing (under_way or cut_off), last_landing (at, landing, failure), uncompared,
trouble and tasks.
A task has: name, agent, agent_name, prompt, after, from, attempt, state
(queued, blocked, running, checking, done, failed, stopped), agent_state, waits,
failure, result, branch, diffstat, unreadable, files, commits, uncommitted,
check (command, passed, exit_code, output, at, milliseconds, is_outdated),
tested, seconds at work, turns, tokens, cost_usd, retries, conflicts (with,
files), landed, is_cleaned.
With --all it is \"runs\" of such objects, without what only git knows, and
\"more\" (how many older ones there are), \"alone\" (agents started alone).";

/// Arguments of `results`.
#[derive(Debug, Args)]
#[command(after_help = RESULTS_EXAMPLES)]
pub(crate) struct ResultsArguments {
    /// The run: its id, the beginning of one, or an agent of it [default: the newest]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,

    /// List all runs of several agents, the newest first
    #[arg(long, conflicts_with_all = ["run", "md"])]
    pub(crate) all: bool,

    /// Print Markdown, to paste into a pull request
    #[arg(long, alias = "markdown", conflicts_with = "json")]
    pub(crate) md: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const CHOOSE_EXAMPLES: &str = "\
Examples:
  orchestra spawn \"make it fast\" --attempts 3 --check \"cargo test\"
  orchestra results                   what each made of it
  orchestra diff make-it-fast-2
  orchestra choose make-it-fast-2     keeps it; the others go into the trash
  orchestra restore make-it-fast-1    brings one back, for 14 days

Attempts that are still at work are stopped first. --json prints \"chosen\",
\"cleaned\" (names) and \"kept\" (agent, why).";

/// Arguments of `choose`.
#[derive(Debug, Args)]
#[command(after_help = CHOOSE_EXAMPLES)]
pub(crate) struct ChooseArguments {
    /// The attempt to keep: its name, its id, or the beginning of one
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

const LAND_EXAMPLES: &str = "\
Examples:
  orchestra land                      the newest run, onto the branch it left
  orchestra land 4f2a --check \"cargo test\"
  orchestra land build-auth --into release --keep-going
  orchestra land --wait               waits for those that are sent back

What is done lands one by one, in the order with the fewest conflicts: merged
beside every checkout, checked in a scratch worktree, and only then the branch
goes forward. What conflicts, or fails its check, changes nothing: its agent is
told, and the others wait, or go on with --keep-going. Call it again when the
agent is done. What an agent has not committed is committed first.

Exit code 1 when something was sent back. --json prints \"run\", \"target\",
\"commit\" and \"steps\" (agent, outcome: landed, nothing, conflict, red, waits;
with commit, check, files, why).";

/// Arguments of `land`.
#[derive(Debug, Args)]
#[command(after_help = LAND_EXAMPLES)]
pub(crate) struct LandArguments {
    /// The run: its id, the beginning of one, or an agent of it [default: the newest]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,

    /// The branch that takes the work [default: the one it started from]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) into: Option<String>,

    /// Check each step with this command [default: the task's own]
    #[arg(long, value_name = "COMMAND")]
    pub(crate) check: Option<String>,

    /// Go on with the others when one is sent back
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// Wait for those that are sent back, and try them again
    #[arg(long)]
    pub(crate) wait: bool,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of what follows an agent's end.
#[derive(Debug, Args)]
pub(crate) struct StepArguments {
    /// The run
    #[arg(value_name = "RUN")]
    pub(crate) run: AgentId,

    /// Agents that have got a message and have no runner
    #[arg(value_name = "AGENT")]
    pub(crate) agents: Vec<AgentId>,
}
