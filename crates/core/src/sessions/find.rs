//! Naming one session among many: by its id, or by as much of it as is unique.

use std::sync::PoisonError;

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
    /// The session with this id, or the one whose id begins so. For a whole id, as pages have it, no other session is
    /// looked at.
    ///
    /// # Errors
    /// When none or several are meant.
    pub fn find(&self, asked: &str, now: Timestamp) -> Result<Session, FindError> {
        let asked = asked.trim();
        let unknown = || FindError::Unknown { asked: asked.chars().take(64).collect() };
        let id: SessionId = asked.parse().map_err(|_| unknown())?;
        if let Some(session) = self.get(&id, now) {
            return Ok(session);
        }
        let everything = SessionFilter { kinds: KindFilter::Any, ..SessionFilter::default() };
        let mut candidates = self.list(&everything, now).sessions;
        let asked_lower = asked.to_ascii_lowercase();
        candidates.retain(|session| session.id.as_str().to_ascii_lowercase().starts_with(&asked_lower));
        match candidates.len() {
            0 => Err(unknown()),
            1 => candidates.pop().ok_or_else(unknown),
            _ => Err(FindError::Ambiguous { asked: asked.to_owned(), candidates }),
        }
    }

    /// The session with exactly this id, without looking at the others.
    pub fn get(&self, id: &SessionId, now: Timestamp) -> Option<Session> {
        let walk = scan::find_id(self.roots(), id);
        let mut sessions = self.look(walk, Scope::Only(id), KindFilter::Any, None, now).sessions;
        sessions.pop()
    }

    /// The session whose transcript was just found.
    pub(super) fn look_at(&self, found: Found, now: Timestamp) -> Option<Session> {
        let id = found.id.clone();
        let walk = Walk { found: vec![found], problems: Vec::new() };
        self.look(walk, Scope::Only(&id), KindFilter::Any, None, now).sessions.pop()
    }
}

impl Catalog {
    /// How many characters of each session's id tell it from every other that the last list met, shown or not: the
    /// prefix can be given to [`Catalog::find`].
    pub fn shortest_prefixes(&self, sessions: &[Session]) -> Vec<usize> {
        let met = self.inner.met.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = self.cache();
        let others = cache.histories.values().flat_map(|history| history.sessions.keys().map(String::as_str));
        prefixes_among(met.iter().map(SessionId::as_str).chain(others), sessions)
    }
}

/// How many characters of each session's id tell it from the others in the slice.
pub fn shortest_prefixes(sessions: &[Session]) -> Vec<usize> {
    prefixes_among(std::iter::empty(), sessions)
}

fn prefixes_among<'a>(others: impl Iterator<Item = &'a str>, sessions: &'a [Session]) -> Vec<usize> {
    let mut ids: Vec<&str> = others.chain(sessions.iter().map(|session| session.id.as_str())).collect();
    ids.sort_unstable_by(|one, other| compare(one, other));
    ids.dedup();
    let shared = |one: &str, other: Option<&&str>| {
        let other = other.map_or("", |other| other);
        one.bytes().zip(other.bytes()).take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count()
    };
    sessions
        .iter()
        .map(|session| {
            let id = session.id.as_str();
            let at = ids.partition_point(|other| compare(other, id).is_lt());
            let before = at.checked_sub(1).and_then(|before| ids.get(before));
            let longest = shared(id, before).max(shared(id, ids.get(at + 1)));
            (longest + 1).max(SHORTEST_PREFIX).min(id.len())
        })
        .collect()
}

/// The order in which ids that begin alike stand together, in whatever case.
fn compare(one: &str, other: &str) -> std::cmp::Ordering {
    let lower = |id: &str| id.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>();
    if one.bytes().chain(other.bytes()).any(|byte| byte.is_ascii_uppercase()) {
        lower(one).cmp(&lower(other)).then_with(|| one.cmp(other))
    } else {
        one.cmp(other)
    }
}
