//! Finding every session on the machine.
//!
//! [`Catalog::list`] walks the folders (names and metadata), takes what it already knows from a cache that can be
//! deleted at any time, reads the head and the tail of what is new, and adds which sessions are live and which only
//! the prompt history remembers. [`Catalog::watch`] says when something changes.
//!
//! The clients' files are read and never written.

mod bucket;
mod build;
mod cache;
mod facts;
mod file;
mod find;
mod history;
mod live;
mod read;
mod record;
mod resume;
mod scan;
mod watch;

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;
use orchestra_model::{
    KindFilter, LeftOut, Listing, Problem, ProblemKind, Session, SessionFilter, SessionId, SessionKind,
};

pub use file::{FileError, session_of_file};
pub use find::{FindError, shortest_prefixes};
pub use resume::{ResumeCommand, ResumePlan, is_scrubbed_variable, plan_resume, quote};
pub use watch::{CatalogEvent, Watcher};

use crate::agents::Agents;
use build::Builder;
use cache::{Cache, Kept};
use read::Reading;
use scan::{Found, Walk};

/// How many threads read files that the cache does not know. Many more than cores, since they wait for the disk.
const READERS: usize = 16;
/// How large a reader's buffer stays.
const USUAL_BUFFER: usize = 64 << 10;
/// How few files one thread is worth starting for.
const FILES_PER_READER: usize = 16;

/// Where to look. The edges of the program build it: the engine knows no environment and no home folder.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The configuration folders of clients.
    pub roots: Vec<Root>,
    /// Where to keep what was read; nothing is kept without one.
    pub cache_dir: Option<PathBuf>,
    /// Orchestra's own state folder: sessions of its agents are told apart by what is there.
    pub state_dir: Option<PathBuf>,
}

/// One configuration folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The folder.
    pub path: PathBuf,
    /// Whether a person named it, so that it is worth a word when it is not there.
    pub asked_for: bool,
    /// Whether the client uses it when it is started without further ado.
    pub is_default: bool,
}

impl Places {
    /// The folders that a client uses, from the values of `CLAUDE_CONFIG_DIR`, `XDG_CONFIG_HOME` and the home folder:
    /// the named one, else `~/.claude`; and the one older clients used.
    pub fn standard_roots(
        claude_config_dir: Option<&OsStr>,
        xdg_config_home: Option<&OsStr>,
        home: Option<&Path>,
    ) -> Vec<Root> {
        let given = |value: Option<&OsStr>| value.filter(|value| !value.is_empty()).map(PathBuf::from);
        let mut roots = Vec::new();
        if let Some(path) = given(claude_config_dir) {
            roots.push(Root { path, asked_for: true, is_default: true });
        } else if let Some(home) = home {
            roots.push(Root { path: home.join(".claude"), asked_for: false, is_default: true });
        }
        let config_home = given(xdg_config_home).or_else(|| Some(home?.join(".config")));
        if let Some(config_home) = config_home {
            roots.push(Root { path: config_home.join("claude"), asked_for: false, is_default: false });
        }
        roots
    }
}

/// Every session on the machine. Cheap to clone; clones share what was read.
#[derive(Clone, Debug)]
pub struct Catalog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    places: Places,
    /// What was read of earlier, from the file the first time.
    cache: OnceLock<Mutex<Cache>>,
    /// The ids of the last list, before any filter.
    met: Mutex<Vec<SessionId>>,
    reading: Reads,
}

/// How many transcripts are being read, and how many of them are done.
#[derive(Debug, Default)]
struct Reads {
    done: AtomicUsize,
    of: AtomicUsize,
}

/// How much of the machine a look is about.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Everything,
    Only(&'a SessionId),
}

/// What one look at the machine found, before the filters that need a whole session.
struct Look {
    sessions: Vec<Session>,
    left_out: LeftOut,
    problems: Vec<Problem>,
}

impl Catalog {
    /// A catalog of what lies in these places. Reads nothing yet.
    pub fn new(places: Places) -> Self {
        Self {
            inner: Arc::new(Inner {
                places,
                cache: OnceLock::new(),
                met: Mutex::default(),
                reading: Reads::default(),
            }),
        }
    }

    /// The configuration folders it looks in.
    pub fn roots(&self) -> &[Root] {
        &self.inner.places.roots
    }

    /// How many of the transcripts that the list under way has to read are read, and how many there are: for whoever
    /// waits for it on another thread.
    pub fn reading(&self) -> (usize, usize) {
        let Reads { done, of } = &self.inner.reading;
        (done.load(Ordering::Relaxed), of.load(Ordering::Relaxed))
    }

    /// The sessions that a filter asks for, newest first.
    pub fn list(&self, filter: &SessionFilter, now: Timestamp) -> Listing {
        let walk = std::thread::scope(|scope| {
            scope.spawn(|| drop(self.cache()));
            scan::walk(&self.inner.places.roots)
        });
        *self.inner.met.lock().unwrap_or_else(PoisonError::into_inner) =
            walk.found.iter().map(|found| found.id.clone()).collect();
        let look = self.look(walk, Scope::Everything, filter.kinds, filter.since, now);
        let mut left_out = look.left_out;
        let mut sessions = look.sessions;
        sessions.retain(|session| {
            let reason =
                if filter.project_dir.as_deref().is_some_and(|folder| !build::is_in_project(session, folder))
                {
                    &mut left_out.other_projects
                } else if !build::matches_query(session, filter) {
                    &mut left_out.no_match
                } else {
                    return true;
                };
            *reason += 1;
            false
        });
        sort_newest_first(&mut sessions);
        if let Some(limit) = filter.limit {
            left_out.beyond_limit = sessions.len().saturating_sub(limit);
            sessions.truncate(limit);
        }
        Listing { sessions, left_out, problems: look.problems }
    }

    /// The sessions that a walk found, of some kinds and active since a time, each id once.
    fn look(
        &self,
        walk: Walk,
        scope: Scope<'_>,
        kinds: KindFilter,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Look {
        let places = &self.inner.places;
        let Walk { found, mut problems } = walk;
        let live = live::live_sessions(&places.roots);
        let since_ms = since.map(Timestamp::as_millisecond);
        // Known without opening the file. A live session is wanted however long it has waited.
        let too_old = |found: &Found| {
            since_ms.is_some_and(|since| found.stamp.modified_ns / 1_000_000 < since)
                && !live.contains_key(&found.id)
        };

        let mut guard = self.cache();
        let cache = &mut *guard;
        let everything = matches!(scope, Scope::Everything);
        let mut changed = everything && forget_the_deleted(cache, &found);
        changed |= read_what_is_new(cache, &found, too_old, &self.inner.reading, &mut problems);
        changed |= refresh_histories(cache, &places.roots, &mut problems);
        if let (true, true, Some(file)) = (changed, everything, self.cache_file())
            && let Err(error) = cache.save(&file)
        {
            // Only speed is lost.
            tracing::debug!(%error, file = %file.display(), "the cache cannot be written");
        }

        let agents =
            places.state_dir.as_deref().map(|state| Agents::new(state).sessions()).unwrap_or_default();
        let mut builder = Builder::new(&places.roots, &live, now);
        let mut left_out = LeftOut::default();
        let mut sessions = Vec::new();
        for found in &found {
            let too_old = too_old(found);
            let kept = cache.readings.get(&found.stamp.file());
            // What is too old was not read anew: what is kept may tell of a file that stood in its place.
            let Some(kept) = kept.filter(|kept| !too_old || kept.stamp == found.stamp) else {
                left_out.older += usize::from(too_old);
                continue;
            };
            let is_live = live.contains_key(&found.id);
            let active_ms = builder.active_ms(kept.gist.active_ms, found.stamp.modified_ns);
            if !is_live && since_ms.is_some_and(|since| active_ms < since) {
                left_out.older += 1;
                continue;
            }
            if kept.gist.says_nothing {
                problems.push(not_a_transcript(found));
            }
            let holder = agents.get(&found.id);
            let kind = if holder.is_some() { SessionKind::Agent } else { kept.gist.kind };
            if !kinds.accepts(kind) {
                left_out.other_kinds += 1;
                continue;
            }
            let reading = kept.reading();
            let session = reading.map(|reading| builder.session(found, &reading.facts));
            sessions.extend(session.map(|mut session| {
                session.kind = kind;
                session.agent = holder.map(|holder| holder.agent.clone());
                // Its own folder is a worktree that nobody knows by name.
                if let Some((origin, name)) =
                    holder.and_then(|holder| Some((&holder.origin, holder.origin.file_name()?)))
                {
                    session.project = name.to_string_lossy().into_owned();
                    session.project_dir = Some(origin.display().to_string());
                }
                session
            }));
        }
        let sessions = once_an_id(sessions);
        let mut look = Look { sessions, left_out, problems };
        if kinds.accepts(SessionKind::Human) {
            add_remembered(&mut look, cache, &found, scope, &builder, since_ms);
        }
        look
    }

    /// The file that the cache is kept in; none when it is not kept.
    fn cache_file(&self) -> Option<PathBuf> {
        let places = &self.inner.places;
        places.cache_dir.as_deref().map(|folder| cache::file_in(folder, &places.roots))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        let load = || Mutex::new(self.cache_file().as_deref().map(Cache::load).unwrap_or_default());
        self.inner.cache.get_or_init(load).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Newest first; sessions of the same time in the order of their ids, so that a list is the same each time.
fn sort_newest_first(sessions: &mut [Session]) {
    sessions.sort_by(|one, other| {
        other.last_active_at.cmp(&one.last_active_at).then_with(|| one.id.cmp(&other.id))
    });
}

/// A session that lies in two places is shown where it was last active.
fn once_an_id(sessions: Vec<Session>) -> Vec<Session> {
    let mut best: HashMap<SessionId, usize> = HashMap::with_capacity(sessions.len());
    let mut once: Vec<Session> = Vec::with_capacity(sessions.len());
    for session in sessions {
        match best.get(&session.id) {
            Some(&at) => {
                let newer = (session.last_active_at, session.size_bytes)
                    > (once[at].last_active_at, once[at].size_bytes);
                if newer {
                    once[at] = session;
                }
            }
            None => {
                best.insert(session.id.clone(), once.len());
                once.push(session);
            }
        }
    }
    once
}

fn forget_the_deleted(cache: &mut Cache, found: &[Found]) -> bool {
    if cache.readings.len() <= found.len() {
        // Nothing is surely too many; a few that went while others came are forgotten the next time.
        return false;
    }
    let there: HashSet<(u64, u64)> = found.iter().map(|found| found.stamp.file()).collect();
    let before = cache.readings.len();
    cache.readings.retain(|file, _| there.contains(file));
    cache.readings.len() < before
}

/// Reads the files that the cache does not know as they are now, in parallel; says whether there were any.
fn read_what_is_new(
    cache: &mut Cache,
    found: &[Found],
    too_old: impl Fn(&Found) -> bool,
    reading: &Reads,
    problems: &mut Vec<Problem>,
) -> bool {
    let wanted: Vec<&Found> = found
        .iter()
        .filter(|found| {
            let known = cache.readings.get(&found.stamp.file());
            known.is_none_or(|kept| kept.stamp != found.stamp) && !too_old(found)
        })
        .collect();
    if wanted.is_empty() {
        return false;
    }
    reading.done.store(0, Ordering::Relaxed);
    reading.of.store(wanted.len(), Ordering::Relaxed);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(wanted.len()));
    let readings = &cache.readings;
    let work = || {
        let mut buffer = Vec::new();
        while let Some(found) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let earlier = readings.get(&found.stamp.file()).and_then(Kept::reading);
            let result = read_one(found, earlier, &mut buffer);
            // A line that had to be looked for keeps no room in sixteen threads.
            buffer.shrink_to(USUAL_BUFFER);
            reading.done.fetch_add(1, Ordering::Relaxed);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((*found, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..READERS.min(wanted.len().div_ceil(FILES_PER_READER)) {
            scope.spawn(work);
        }
        work();
    });
    for (found, result) in results.into_inner().unwrap_or_else(PoisonError::into_inner) {
        match result {
            Ok(reading) => {
                cache.readings.insert(found.stamp.file(), Kept::new(found.stamp, &reading));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => problems.push(scan::unreadable(&found.path(), &error)),
        }
    }
    true
}

fn read_one(found: &Found, earlier: Option<Reading>, buffer: &mut Vec<u8>) -> io::Result<Reading> {
    let file = File::open(found.path())?;
    read::read(&file, found.stamp.size, &found.bucket.name, earlier, buffer)
}

fn not_a_transcript(found: &Found) -> Problem {
    let path = found.path().display().to_string();
    let message = format!("{path} holds nothing that reads as a transcript");
    Problem { path, kind: ProblemKind::NotATranscript, message }
}

fn refresh_histories(cache: &mut Cache, roots: &[Root], problems: &mut Vec<Problem>) -> bool {
    let mut changed = false;
    for root in roots {
        let history = cache.histories.entry(root.path.clone()).or_default();
        match history.refresh(&root.path) {
            Ok(news) => changed |= news,
            Err(error) => problems.push(scan::unreadable(&root.path.join("history.jsonl"), &error)),
        }
    }
    changed
}

/// Adds the sessions whose transcripts are gone and that the prompt history still knows.
fn add_remembered(
    look: &mut Look,
    cache: &Cache,
    found: &[Found],
    scope: Scope<'_>,
    builder: &Builder<'_>,
    since_ms: Option<i64>,
) {
    let mut seen: HashSet<&str> = found.iter().map(|found| found.id.as_str()).collect();
    for (root, history) in &cache.histories {
        for (id, known) in &history.sessions {
            let outside = matches!(scope, Scope::Only(only) if only.as_str() != id);
            if outside || !seen.insert(id) {
                continue;
            }
            if since_ms.is_some_and(|since| known.last_ms < since) {
                look.left_out.older += 1;
            } else if let Ok(id) = id.parse() {
                look.sessions.push(builder.remembered(id, known, root));
            }
        }
    }
}

#[cfg(test)]
mod tests;
