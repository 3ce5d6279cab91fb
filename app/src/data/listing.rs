//! A list of sessions as a page shows it: rows, which live, and what the server draws around them.

use serde::{Deserialize, Serialize};

use super::{Drawings, SessionRow};

/// What the sessions page and a project's page are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsView {
    /// The sessions, newest first.
    pub rows: Vec<SessionRow>,
    /// How many more match.
    pub beyond: usize,
    /// What stands above them, drawn: their score, and of a project its branches.
    pub above: String,
    /// What stands in their place when there are none, drawn.
    pub nothing: String,
    /// What stands below them, drawn: what the list does not show.
    pub below: String,
    /// The server's clock.
    pub clock: ServerClock,
}

impl Drawings for SessionsView {
    /// What stands in the place of rows is kept: the document holds it only when there are none.
    fn without_drawings(&self) -> Self {
        let mut bare = Self { above: String::new(), below: String::new(), ..self.clone() };
        for row in &mut bare.rows {
            row.html = String::new();
        }
        bare
    }
}

/// The server's clock when it answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerClock {
    /// Now, in milliseconds.
    pub now_ms: i64,
    /// The day it is there.
    pub today: i32,
    /// How far its time zone is from UTC.
    pub offset_seconds: i32,
}
