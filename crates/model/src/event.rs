//! What the one event stream says: small facts that tell a page what to fetch or change.

use serde::{Deserialize, Serialize};

use crate::{Session, SessionId};

/// One event of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveEvent {
    /// Its number, growing by one; the stream's `id:`. A gap means: fetch again.
    pub sequence: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: LiveEventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LiveEventKind {
    /// A session appeared or changed; this is how it looks now.
    SessionChanged {
        /// The session.
        session: Box<Session>,
        /// Whether its transcript grew: a page that shows it fetches the turns it lacks.
        appended: bool,
    },
    /// A session's transcript is gone.
    SessionRemoved {
        /// Which.
        id: SessionId,
    },
    /// Events were lost, or the watcher began anew: fetch what you show again.
    Resync,
}
