//! Naming one session among many: by its id, or by as much of it as is unique.

use jiff::Timestamp;
use orchestra_model::{KindFilter, Session, SessionFilter, SessionId};

use super::{
    Catalog, Scope,
    scan::{self, Found, Walk},
};

/// The shortest prefix that is shown, so that it is recognised the next day.
const SHORTEST_PREFIX: usize = 4;

/// Why a session was not found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No session has such an id.
    #[error(
        "no session has an id that begins with {asked:?}; `orchestra sessions --all --kind any` lists every one"
    )]
    Unknown {
        /// What was asked for.
        asked: String,
    },
    /// Several do.
    #[error("{} sessions have ids that begin with {asked:?}; give a few more characters", candidates.len())]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// The sessions, newest first.
        candidates: Vec<Session>,
    },
}

impl Catalog {
    /// The session with this id, or the one whose id begins so.
    ///
    /// # Errors
    /// When none or several are meant.
    pub fn find(&self, asked: &str, now: Timestamp) -> Result<Session, FindError> {
        let asked = asked.trim();
        let unknown = || FindError::Unknown { asked: asked.chars().take(64).collect() };
        if asked.parse::<SessionId>().is_err() {
            return Err(unknown());
        }
        let everything = SessionFilter { kinds: KindFilter::Any, ..SessionFilter::default() };
        let mut candidates = self.list(&everything, now).sessions;
        let asked_lower = asked.to_ascii_lowercase();
        candidates.retain(|session| session.id.as_str().to_ascii_lowercase().starts_with(&asked_lower));
        if let Some(at) = candidates.iter().position(|session| session.id.as_str() == asked) {
            return Ok(candidates.swap_remove(at));
        }
        match candidates.len() {
            0 => Err(unknown()),
            1 => candidates.pop().ok_or_else(unknown),
            _ => Err(FindError::Ambiguous { asked: asked.to_owned(), candidates }),
        }
    }

    /// The session with exactly this id, without looking at the others.
    pub fn get(&self, id: &SessionId, now: Timestamp) -> Option<Session> {
        let walk = scan::find_id(self.roots(), id);
        let mut sessions = self.look(walk, Scope::Only(id), None, now).sessions;
        sessions.pop()
    }

    /// The session whose transcript was just found.
    pub(super) fn look_at(&self, found: Found, now: Timestamp) -> Option<Session> {
        let id = found.id.clone();
        let walk = Walk { found: vec![found], problems: Vec::new() };
        self.look(walk, Scope::Only(&id), None, now).sessions.pop()
    }
}

/// How many characters of each session's id tell it from the others.
pub fn shortest_prefixes(sessions: &[Session]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sessions.len()).collect();
    order.sort_by(|&one, &other| sessions[one].id.cmp(&sessions[other].id));
    let shared = |one: usize, other: usize| {
        let (one, other) = (sessions[one].id.as_str(), sessions[other].id.as_str());
        one.bytes().zip(other.bytes()).take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count()
    };
    let mut lengths = vec![SHORTEST_PREFIX; sessions.len()];
    for pair in order.windows(2) {
        let needed = shared(pair[0], pair[1]) + 1;
        for &at in pair {
            lengths[at] = lengths[at].max(needed).min(sessions[at].id.as_str().len());
        }
    }
    lengths
}
