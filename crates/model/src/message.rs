//! What agents and people tell each other, and what an agent reports when it is done.
//!
//! A message is one record in its receiver's log; everything here is read from there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::AgentId;

/// What was said in a run: what `orchestra messages --json` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Those who talk: the agents of the run, in the order in which they were asked for.
    pub agents: Vec<Talker>,
    /// The conversations, the one that was gone on with last first.
    pub threads: Vec<Thread>,
    /// How many older messages are not among them.
    pub left_out: u64,
}

/// An agent of a run, and who started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talker {
    /// Its id.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// The agent that started it; `null` when a person did.
    pub started_by: Option<AgentId>,
    /// How many agents stand between it and a person.
    pub depth: u32,
    /// What it reported last.
    pub report: Option<Report>,
}

/// Messages that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Its name: the same each time, for links.
    pub id: String,
    /// What holds it together.
    pub kind: ThreadKind,
    /// The names of those who talk, the one who started the other first; a person is `you`.
    pub between: [String; 2],
    /// The messages, oldest first.
    pub messages: Vec<AgentMessage>,
}

/// What holds a thread together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadKind {
    /// One agent started the other and went on.
    Assignment,
    /// One agent started the other and waits for its result.
    Handoff,
    /// Two agents of which neither started the other.
    Pair,
    /// A person and an agent, or what Orchestra told one.
    Person,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentMessage {
    /// Its number among its receiver's messages: with `to` it names the message.
    pub number: u64,
    /// The number of its record in the receiver's log.
    pub sequence: u64,
    /// Who sent it.
    pub from: Sender,
    /// The agent that it is for.
    pub to: AgentId,
    /// That agent's name.
    pub to_name: String,
    /// What kind of message.
    pub kind: MessageKind,
    /// What it says, shortened where it is long.
    pub text: String,
    /// Whether it was shortened.
    pub is_cut: bool,
    /// When it was taken in.
    pub at: Timestamp,
    /// How far it is.
    pub state: MessageState,
}

/// Who sent a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Sender {
    /// A person.
    Person {
        /// Through which surface: `cli`, `web`.
        through: String,
    },
    /// Another agent.
    Agent {
        /// Its id.
        id: AgentId,
        /// Its name.
        name: String,
    },
    /// Orchestra itself: a check that failed, a landing that conflicts.
    Orchestra,
}

impl Sender {
    /// The sender's name as a thread shows it.
    pub fn name(&self) -> &str {
        match self {
            Self::Person { .. } => "you",
            Self::Agent { name, .. } => name,
            Self::Orchestra => "orchestra",
        }
    }

    /// The agent's id, when it is one.
    pub const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Agent { id, .. } => Some(id),
            Self::Person { .. } | Self::Orchestra => None,
        }
    }
}

/// The kinds of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Words.
    #[default]
    Message,
    /// What an agent was started with by another.
    Task,
    /// The result of an agent, for the one that started it.
    Report,
    /// An agent ended and reported nothing; for the one that started it.
    Ended,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits until the receiver's turn is over.
    Queued,
    /// The receiver's client was given it as a follow-up.
    Delivered,
    /// The receiver fetched it itself.
    Read,
}

impl MessageState {
    /// The state's name as `--json` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// What an agent says came out of its task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How it went.
    pub outcome: ReportOutcome,
    /// What came out, in a few sentences.
    pub summary: String,
    /// Files that matter for whoever goes on with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// More, as JSON text, in a shape that the two agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// When it was reported.
    pub at: Timestamp,
}

/// How a task went, as its agent says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportOutcome {
    /// It is done.
    Done,
    /// A part of it is done.
    Partial,
    /// It did not work out.
    Failed,
}

impl ReportOutcome {
    /// The outcome's name as `--json` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}
