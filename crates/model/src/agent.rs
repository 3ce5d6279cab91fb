//! An agent: a client that Orchestra runs on a task, in a worktree and branch of its own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AgentId, Provider, Report, Score, SessionId, Usage};

/// The ways in which an agent asks for leave, by the client's names.
pub const PERMISSION_MODES: [&str; 6] =
    ["default", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions"];

/// One agent as a list shows it.
///
/// Derived from its plan, its log and its runner's lock; nothing else is believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// The agent's id.
    pub id: AgentId,
    /// A short name made from the task, unique among agents: what people type.
    pub name: String,
    /// Whose client it runs.
    pub provider: Provider,
    /// What it was asked first.
    pub task: String,
    /// The run it belongs to: what was started together.
    pub run: AgentId,
    /// The agent that started it; `null` when a person did.
    pub started_by: Option<AgentId>,
    /// How many agents stand between it and a person: 0 when a person started it.
    #[serde(default)]
    pub depth: u32,
    /// The agents whose end it waits for, and does nothing meanwhile.
    #[serde(default)]
    pub awaits: Vec<AgentId>,
    /// What it reported last to whoever started it.
    pub report: Option<Report>,
    /// What it does.
    pub state: AgentState,
    /// Why it failed or was lost, one sentence.
    pub failure: Option<String>,
    /// Why it has not started yet, one sentence; `null` when it has, or when nothing is known to keep it.
    pub waits: Option<String>,
    /// What it wants from a person.
    pub attention: Option<Attention>,
    /// What it does right now, one line: the tool that runs, the words being written.
    pub doing: Option<String>,
    /// The repository's folder; `null` when it works in a plain folder.
    pub repo: Option<String>,
    /// The folder it works in; `null` while that is not made yet.
    pub worktree: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// What the branch started from, as it was asked for.
    pub base: Option<String>,
    /// The session that its client holds.
    pub session_id: SessionId,
    /// The model that answers.
    pub model: Option<String>,
    /// How it asks for leave.
    pub permission_mode: Option<String>,
    /// The client's process; `null` when none runs.
    pub pid: Option<u32>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How its client ended.
    pub exit: Option<Exit>,
    /// What it cost so far, in USD, as the client says.
    pub cost_usd: Option<f64>,
    /// Tokens used so far, as the client says.
    pub tokens: Usage,
    /// Turns ended so far.
    pub turns: u32,
    /// What it changed against its base; `null` when that was not asked for or cannot be said.
    pub diffstat: Option<DiffStat>,
    /// Follow-ups that it has not got yet, in their order.
    pub queue: Vec<QueuedPrompt>,
    /// What it asked leave or an answer for and has not been told.
    pub requests: Vec<Request>,
    /// Whether a person cleared it away: its worktree is in the trash, and `restore` brings it back.
    pub is_cleaned: bool,
    /// When Orchestra last merged its work; `null` when it has not.
    #[serde(default)]
    pub merged_at: Option<Timestamp>,
    /// What a person should know of how it was set up.
    pub notes: Vec<String>,
    /// What it said last when a turn came to its end, shortened where it is very long.
    pub result: Option<String>,
    /// The last command it ran that looks like a test.
    pub tested: Option<TestRun>,
    /// What it did when: of the last hundred turns or so, for pictures. Not printed.
    #[serde(skip)]
    pub score: Score,
    /// The number of the last log record that this tells of.
    pub sequence: u64,
}

impl Agent {
    /// Whether it came to its end and its work is not good: its run says so, see [`AttentionKind::Error`].
    pub fn did_not_pass(&self) -> bool {
        let is_bad = self.attention.as_ref().is_some_and(|attention| attention.kind == AttentionKind::Error);
        self.state == AgentState::Done && is_bad
    }

    /// Whether nothing more comes of it by itself.
    pub fn rests(&self) -> bool {
        match self.state {
            AgentState::Failed | AgentState::Stopped | AgentState::Lost => true,
            // What waits for it has it go on.
            AgentState::Idle | AgentState::Done => self.queue.is_empty(),
            AgentState::Queued
            | AgentState::Starting
            | AgentState::Running
            | AgentState::Waiting
            | AgentState::Parked => false,
        }
    }
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentState {
    /// It waits for others of its run to end.
    Queued,
    /// Its folder is made, its client is started; nothing was heard of it yet.
    Starting,
    /// A turn runs.
    Running,
    /// It needs leave or an answer.
    Waiting,
    /// The model is not to be had: its client has ended, and it goes on by itself with the same session.
    Parked,
    /// Its turn is over; its client listens for a follow-up.
    Idle,
    /// Its client ended after a result.
    Done,
    /// It could not start, or ended with an error or without a result.
    Failed,
    /// A person stopped it.
    Stopped,
    /// Its runner died, with a reboot or by force.
    Lost,
}

impl AgentState {
    /// The state's name as `--json` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Idle => "idle",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }

    /// The state as it follows a name in a sentence.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Queued => "is queued",
            Self::Starting => "is starting",
            Self::Running => "is running",
            Self::Waiting => "is waiting",
            Self::Parked => "is parked",
            Self::Idle => "is idle",
            Self::Done => "is done",
            Self::Failed => "has failed",
            Self::Stopped => "is stopped",
            Self::Lost => "was lost",
        }
    }

    /// Whether a runner holds it.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Waiting | Self::Parked | Self::Idle)
    }

    /// Whether it has nothing to do any more, unless it is asked again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Idle | Self::Done | Self::Failed | Self::Stopped | Self::Lost)
    }
}

/// What an agent wants from a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// What kind of thing.
    pub kind: AttentionKind,
    /// When it arose.
    pub since: Timestamp,
    /// One line: the command asked for, the question, the error.
    pub summary: String,
    /// When it goes by itself: a rate limit is lifted then.
    pub until: Option<Timestamp>,
    /// What could be said to an agent that seems stuck; `orchestra send AGENT --nudge` says it.
    pub nudge: Option<String>,
}

/// The kinds of attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// It asks for leave to use a tool.
    Permission,
    /// It asks a question.
    Question,
    /// It has a plan and asks whether to go on.
    Plan,
    /// Something failed.
    Error,
    /// It has a result that nobody has taken yet.
    Done,
    /// The model is not to be had for a while.
    RateLimit,
    /// Its run has used what it may, and a person decides whether it goes on.
    Limit,
    /// It seems to get nowhere.
    Stuck,
}

impl AttentionKind {
    /// The kind's name as `--json` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Question => "question",
            Self::Plan => "plan",
            Self::Error => "error",
            Self::Done => "done",
            Self::RateLimit => "rate_limit",
            Self::Limit => "limit",
            Self::Stuck => "stuck",
        }
    }
}

/// A command that looks like a test, and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// The command.
    pub command: String,
    /// Whether it went well.
    pub passed: bool,
    /// Its exit code, when the client told it.
    pub exit_code: Option<i32>,
    /// When it ended.
    pub at: Timestamp,
    /// Whether files were changed after it.
    pub is_outdated: bool,
}

/// How a client's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// How much was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffStat {
    /// Files changed, added or removed.
    pub files: u32,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
}

/// A follow-up on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedPrompt {
    /// Its number within the agent.
    pub id: u64,
    /// What it says.
    pub text: String,
    /// When it was sent.
    pub at: Timestamp,
    /// The name of the agent that sent it; `null` when a person or Orchestra did.
    #[serde(default)]
    pub from: Option<String>,
}

/// Something an agent asks a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The client's id of it.
    pub id: String,
    /// What it is about.
    pub kind: RequestKind,
    /// The tool.
    pub tool: String,
    /// What the tool would be given, as JSON text, shortened where it is very long.
    pub input: String,
    /// Hash of the whole input: a decision is for exactly this.
    pub input_hash: String,
    /// One line that says what it asks: the command, the file, the question.
    pub summary: String,
    /// Why the client asks, in its words.
    pub reason: Option<String>,
    /// The questions, when it is one.
    pub questions: Vec<Question>,
    /// The plan, when it asks whether to carry one out.
    pub plan: Option<String>,
    /// What can be allowed for good, in the order of `--always N`.
    pub suggestions: Vec<Suggestion>,
    /// When it asked.
    pub at: Timestamp,
    /// What was decided, while the decision is on its way.
    pub decided: Option<Decided>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// Leave to use a tool.
    Permission,
    /// One or more questions.
    Question,
    /// Leave to carry a plan out.
    Plan,
}

/// One question with its choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The question.
    pub text: String,
    /// A word or two for it.
    pub header: Option<String>,
    /// The choices; an answer may be another text.
    pub options: Vec<Choice>,
    /// Whether more than one may be chosen.
    pub many: bool,
}

/// A choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name, which is the answer.
    pub label: String,
    /// What it means.
    pub description: Option<String>,
}

/// A rule that the client offers to write, so that it need not ask again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The rule, as the client will write it.
    pub rule: String,
    /// Where it is kept, as the client names it: `session`, `localSettings`, …
    pub destination: Option<String>,
    /// The same for a person: "in this project, .claude/settings.local.json".
    #[serde(default)]
    pub kept: Option<String>,
}

/// A decision on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What.
    pub decision: Decision,
    /// Through which surface: `cli`, `web`.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether the client has been given it.
    pub is_delivered: bool,
}

/// What a person answers to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "behaviour")]
pub enum Decision {
    /// Go on.
    Allow {
        /// The suggestion to keep for good, by its place in the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        always: Option<usize>,
        /// Answers to the questions, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        answers: Vec<String>,
    },
    /// Do not.
    Deny {
        /// Why, or what to do instead: the agent reads it.
        message: String,
        /// Whether the turn ends with it.
        #[serde(default)]
        interrupt: bool,
    },
}

impl Agent {
    /// When it last was at work. Listening, and going into the trash and coming back, is none.
    pub fn worked_until(&self) -> Timestamp {
        self.score.spans.last().map_or(self.updated_at, |span| span.to)
    }
}

impl Decision {
    /// What was done with the request: it was …
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Allow { answers, .. } if !answers.is_empty() => "answered",
            Self::Allow { .. } => "allowed",
            Self::Deny { .. } => "denied",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn agent(state: AgentState, queue: &[&str]) -> Agent {
        let queue: Vec<_> = queue.iter().map(|text| json!({ "id": 2, "text": text, "at": AT })).collect();
        serde_json::from_value(json!({
            "id": "a", "name": "a", "provider": "claude", "task": "", "run": "r", "state": state.name(),
            "session_id": "s", "created_at": AT, "updated_at": AT, "tokens": Usage::default(), "turns": 0,
            "queue": queue, "requests": [], "is_cleaned": false, "notes": [], "sequence": 0,
        }))
        .unwrap()
    }

    const AT: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn an_agent_rests_that_is_dead_or_has_nothing_to_do() {
        use AgentState::{Done, Failed, Idle, Lost, Parked, Queued, Running, Starting, Stopped, Waiting};
        for state in [Failed, Stopped, Lost] {
            assert!(agent(state, &[]).rests() && agent(state, &["go on"]).rests(), "{state:?}");
        }
        for state in [Idle, Done] {
            assert!(agent(state, &[]).rests() && !agent(state, &["go on"]).rests(), "{state:?}");
        }
        for state in [Queued, Starting, Running, Waiting, Parked] {
            assert!(!agent(state, &[]).rests(), "{state:?}");
        }
    }
}
