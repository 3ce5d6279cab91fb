//! The commands about agents that talk to each other, as clap reads them.

use std::path::PathBuf;

use clap::Args;
use orchestra_core::agents::plan::Talks;

/// Whom agents may talk to.
#[derive(Debug, Args)]
pub(crate) struct TalkingArguments {
    /// Give the agents no tools to talk to each other and to start others
    #[arg(long)]
    pub(crate) no_mcp: bool,

    /// Let the agents talk to all agents on this machine [default: those of their run]
    #[arg(long, conflicts_with = "no_mcp")]
    pub(crate) talk_to_all: bool,
}

impl TalkingArguments {
    /// The same as the engine says it.
    pub(crate) const fn talks(&self) -> Talks {
        match (self.no_mcp, self.talk_to_all) {
            (true, _) => Talks::Nobody,
            (_, true) => Talks::Any,
            _ => Talks::Run,
        }
    }
}

const MCP_EXAMPLES: &str = "\
Each agent gets these tools by default, and may use them without asking:
  list_agents     who is in the run, and what each does
  send_message    to another agent; it gets it when its turn is over
  read_messages   those that wait, at once
  assign          starts an agent in a worktree of its own, and goes on
  handoff         starts one and waits for its result
  report_result   what came out, for whoever started it
  wait_for        until others have reported or ended, or a message comes

An agent that is started so belongs to the same run, starts on the branch of the
one that started it, as committed, and asks for leave as that one does. Agents
talk to those of their run. At most 3 agents stand in a row below a person, one
starts 8, those of a run 32; one sends 30 messages a minute of 16 KB each, and
100 may wait for one.

Examples:
  orchestra spawn \"build auth\" --no-mcp        without these tools
  orchestra spawn \"ask around\" --talk-to-all   beyond its run
  orchestra messages build-auth                what was said";

/// Arguments of `mcp`.
#[derive(Debug, Args)]
#[command(after_help = MCP_EXAMPLES)]
pub(crate) struct McpArguments {
    /// The file with the agent's key, which its runner writes
    #[arg(value_name = "KEY")]
    pub(crate) key: PathBuf,
}

const MESSAGES_EXAMPLES: &str = "\
Examples:
  orchestra messages                the newest run of this repository
  orchestra messages build-auth     what that agent said and was told
  orchestra messages 4f2a           a run, by the beginning of its id
  orchestra messages --json | jq '.threads[] | {kind, between}'

orchestra send AGENT \"…\" writes to one; agents write with their own tools
(orchestra help mcp).

--json prints one object: \"agents\" (id, name, started_by, depth, report),
\"threads\" (the one that was gone on with last first) and \"left_out\" (older
messages). A thread has: id, kind (assignment, handoff, pair, person), between
(two names) and messages: number, sequence, from (kind: person, agent or
orchestra; id and name), to, to_name, kind (message, task, report, ended),
text, is_cut, at, state (queued, delivered, read). A report has: outcome (done,
partial, failed), summary, files, data (JSON text), at.";

/// Arguments of `messages`.
#[derive(Debug, Args)]
#[command(after_help = MESSAGES_EXAMPLES)]
pub(crate) struct MessagesArguments {
    /// An agent, or a run: its id or the beginning of one [default: the newest run]
    #[arg(value_name = "RUN|AGENT")]
    pub(crate) of: Option<String>,

    /// Print JSON (described below)
    #[arg(long)]
    pub(crate) json: bool,
}
