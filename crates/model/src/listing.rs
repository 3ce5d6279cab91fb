//! What a list of sessions was asked for, and what it answers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Session, SessionKind};

/// Which sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionFilter {
    /// Only sessions active at or after this time; `None` is all time.
    pub since: Option<Timestamp>,
    /// Which kinds.
    pub kinds: KindFilter,
    /// Only sessions whose folder is this one or below it (an absolute path).
    pub project_dir: Option<String>,
    /// Words that must all occur, in any case, in the title, project, branch, last prompt or id.
    pub query: Option<String>,
    /// At most this many, newest first.
    pub limit: Option<usize>,
}

/// Which kinds of session to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindFilter {
    /// People's own sessions and Orchestra's agents.
    #[default]
    Default,
    /// Everything.
    Any,
    /// One kind.
    Only(SessionKind),
}

impl KindFilter {
    /// Whether sessions of a kind are wanted.
    pub fn accepts(self, kind: SessionKind) -> bool {
        match self {
            Self::Default => kind.is_shown_by_default(),
            Self::Any => true,
            Self::Only(only) => kind == only,
        }
    }
}

/// A list of sessions, newest first, with what it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// The sessions.
    pub sessions: Vec<Session>,
    /// What the filter hid.
    pub left_out: LeftOut,
    /// What could not be read; the rest is listed all the same.
    pub problems: Vec<Problem>,
}

/// How many sessions a filter hid, each counted once, by the first reason in this order.
///
/// A transcript that is older than the filter's time is not opened, so its kind is unknown and it counts as `older`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Not active since the time asked for.
    pub older: usize,
    /// Of another kind.
    pub other_kinds: usize,
    /// In another project.
    pub other_projects: usize,
    /// Without the words asked for.
    pub no_match: usize,
    /// Beyond the limit.
    pub beyond_limit: usize,
}

impl LeftOut {
    /// All of them.
    pub const fn total(&self) -> usize {
        self.older + self.other_kinds + self.other_projects + self.no_match + self.beyond_limit
    }
}

/// Something that could not be read while looking for sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file or folder.
    pub path: String,
    /// What is wrong with it.
    pub kind: ProblemKind,
    /// The same in words, with what to do when there is something to do.
    pub message: String,
}

/// The kinds of things that go wrong while looking for sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A root that was asked for does not exist, or is not a Claude Code folder.
    MissingRoot,
    /// A file or folder that may not be read, or fails to be.
    Unreadable,
    /// A file that holds no transcript.
    NotATranscript,
}
