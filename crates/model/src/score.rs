//! The score: one lane a session, time from left to right. The same data is drawn as a picture and read as a text.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One lane: what a session did over its time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// When the lane begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// What it did, in order, without overlap; gaps are idle time. At most a few hundred.
    pub spans: Vec<Span>,
    /// The ordinals and times of turns that changed files. At most a few hundred.
    pub edits: Vec<Tick>,
    /// How it ended, if it did.
    pub end_mark: Option<EndMark>,
}

impl Score {
    /// The same with a wait at its end that goes on: since when, until now. `turn` is where a tap on it leads.
    #[must_use]
    pub fn with_wait(mut self, since: Timestamp, now: Timestamp, turn: u32) -> Self {
        let from = self.end.map_or(since, |end| end.max(since));
        if from < now {
            self.spans.push(Span { from, to: now, first_turn: turn, kind: SpanKind::Waiting });
            self.start = self.start.or(Some(from));
            self.end = Some(now);
        }
        self
    }
}

/// A stretch of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// The ordinal of the first turn in it: where a tap leads.
    pub first_turn: u32,
    /// What.
    pub kind: SpanKind,
}

/// What a stretch of a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// A turn runs.
    Running,
    /// It waited for its owner.
    Waiting,
}

/// A moment on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// When.
    pub at: Timestamp,
    /// The turn's ordinal.
    pub turn: u32,
}

/// How a lane ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndMark {
    /// The last turn was finished.
    Done,
    /// It ended in an error.
    Failed,
}
