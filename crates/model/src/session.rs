//! A session: one conversation with an agent's client, wherever on the machine it was held.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AgentId, SessionId};

/// One session as a list shows it.
///
/// Derived from the transcript's head and tail, the live-process records and the prompt history; nothing here is
/// stored by Orchestra itself but in a cache that can be deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// Whose client wrote it.
    pub provider: Provider,
    /// What to call it; one line, never empty.
    pub title: String,
    /// Where the title comes from.
    pub title_source: TitleSource,
    /// The folder the session works in, when the transcript says so.
    pub cwd: Option<String>,
    /// The project's name: the last part of its folder, or of the repository that a client's own worktree belongs to.
    pub project: String,
    /// The project's folder: what sessions are grouped by. Equal to `cwd` except in a client's own worktree.
    pub project_dir: Option<String>,
    /// The git branch that was checked out at the last line.
    pub branch: Option<String>,
    /// The model of the last reply.
    pub model: Option<String>,
    /// Who held the conversation.
    pub kind: SessionKind,
    /// The one of Orchestra's agents that holds it; `null` for all other sessions.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// What the live process says it does; `null` when no live process owns the session.
    pub status: Option<LiveStatus>,
    /// The live process that owns the session.
    pub live: Option<LiveProcess>,
    /// The first timestamp in the transcript.
    pub started_at: Option<Timestamp>,
    /// The last timestamp in the transcript, or in the prompt history when the transcript is gone.
    pub last_active_at: Option<Timestamp>,
    /// The transcript; `null` when the client has cleaned it up and only the prompt history knows the session.
    pub path: Option<String>,
    /// The transcript's size in bytes.
    pub size_bytes: u64,
    /// A shell command that continues the session, ready to paste.
    pub resume_command: String,
    /// The configuration folder the session was found in.
    pub root: String,
    /// The uuid of the conversation's first line, shared by a session and its forks.
    pub lineage: Option<String>,
    /// The session and message this one was forked from, when the transcript says so.
    pub forked_from: Option<Forked>,
    /// How many subagent transcripts belong to it.
    pub subagents: u32,
    /// Whole days until the client deletes the transcript; 0 means at its next start.
    pub expires_in_days: Option<u32>,
    /// The last thing a person asked, shortened to one line.
    pub last_prompt: Option<String>,
    /// How many lines of those read could not be understood.
    pub damaged_lines: u32,
}

/// Whose client wrote a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Anthropic's Claude Code.
    Claude,
}

/// Where a session's title comes from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TitleSource {
    /// The person named the session.
    Custom,
    /// The client named it.
    Ai,
    /// A summary line.
    Summary,
    /// The last prompt.
    LastPrompt,
    /// The first prompt.
    FirstPrompt,
    /// Nothing better than the short id.
    Id,
}

/// Who held the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionKind {
    /// A person at a terminal, an editor or an app.
    Human,
    /// One of Orchestra's own agents.
    Agent,
    /// A program through the SDK or `claude -p`.
    Sdk,
    /// A background session of the client.
    Background,
    /// A member of a team that another session leads.
    Team,
    /// A side conversation that the client held with itself.
    Sidechain,
    /// Metadata without a prompt.
    Empty,
}

impl SessionKind {
    /// Every kind, in the order people care about them.
    pub const ALL: [Self; 7] =
        [Self::Human, Self::Agent, Self::Sdk, Self::Background, Self::Team, Self::Sidechain, Self::Empty];

    /// The kind's name as `--kind` takes it and `--json` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Sdk => "sdk",
            Self::Background => "background",
            Self::Team => "team",
            Self::Sidechain => "sidechain",
            Self::Empty => "empty",
        }
    }

    /// Whether lists show it without being asked: people's own sessions and Orchestra's agents.
    pub const fn is_shown_by_default(self) -> bool {
        matches!(self, Self::Human | Self::Agent)
    }
}

/// What a live process says it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveStatus {
    /// A turn is running.
    Busy,
    /// Between turns.
    Idle,
    /// It needs its owner: a permission or an answer.
    Waiting,
    /// Alive, with a status this version does not know.
    Live,
}

impl LiveStatus {
    /// The word for it, the same in the terminal and on the page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Live => "live",
        }
    }
}

/// The live process that owns a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveProcess {
    /// The process id; never a proof of life by itself, the engine has compared its start time.
    pub pid: u32,
    /// The client's version.
    pub version: Option<String>,
    /// Since when the status holds.
    pub since: Option<Timestamp>,
}

/// Where a fork left its parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forked {
    /// The parent.
    pub session_id: SessionId,
    /// The last message they share.
    pub message_uuid: Option<String>,
}
