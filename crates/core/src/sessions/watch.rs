//! Says when a session appears, grows, changes its live state or goes.
//!
//! One thread sleeps until the system reports a change in one of the few folders that matter; it parses only what was
//! appended. Where the system cannot watch (too many watches, an odd file system) it walks the folders instead, every
//! two seconds. Folders may appear and vanish at any time: what is watched is compared with what is there.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};
use orchestra_model::{Session, SessionId};

use super::{
    Catalog,
    live::{self, Live},
    scan::{self, Found},
};

/// Changes within this time of each other are handled together: an append is often several writes.
const GATHER: Duration = Duration::from_millis(3);
/// How often live processes are looked at while there are any: a killed one changes no file.
const LIVE_INTERVAL: Duration = Duration::from_secs(2);
/// How often the folders are walked where the system cannot watch them.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Something that changed.
#[derive(Clone, Debug, PartialEq)]
pub enum CatalogEvent {
    /// A session appeared or changed; this is how it is now.
    Changed {
        /// The session.
        session: Box<Session>,
        /// Whether its transcript grew.
        appended: bool,
    },
    /// A session's transcript is gone.
    Removed {
        /// Which.
        id: SessionId,
    },
    /// Changes were lost: look at everything again.
    Resync,
}

/// Keeps the watching going; it ends when this is dropped.
#[derive(Debug)]
pub struct Watcher {
    stop: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.stop.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

enum Signal {
    Stop,
    System(notify::Result<notify::Event>),
}

impl Catalog {
    /// Calls back, on a thread of its own, for each change from now on.
    ///
    /// Everything that changed after this returns is reported.
    pub fn watch(&self, on_event: impl FnMut(CatalogEvent) + Send + 'static) -> Watcher {
        let (sender, receiver) = mpsc::channel();
        let mut watching = Watching::new(self.clone(), sender.clone(), Box::new(on_event));
        while !watching.rearm().is_empty() {}
        watching.remember_everything();
        let thread = std::thread::Builder::new()
            .name("session-watch".into())
            .spawn(move || watching.run(&receiver))
            .inspect_err(|error| tracing::warn!(%error, "sessions cannot be watched; lists stay correct when reloaded"))
            .ok();
        Watcher { stop: sender, thread }
    }
}

struct Watching {
    catalog: Catalog,
    on_event: Box<dyn FnMut(CatalogEvent) + Send>,
    /// `None` where the system cannot watch.
    system: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// Every transcript and its size when last seen.
    known: HashMap<PathBuf, (SessionId, u64)>,
    live: Live,
}

/// What a batch of reports asks for.
#[derive(Default)]
struct Todo {
    transcripts: BTreeSet<PathBuf>,
    /// Watched folders that went; by now others of the same name may be there.
    gone: BTreeSet<PathBuf>,
    live: bool,
    rearm: bool,
    lost: bool,
    stop: bool,
}

impl Watching {
    fn new(catalog: Catalog, sender: Sender<Signal>, on_event: Box<dyn FnMut(CatalogEvent) + Send>) -> Self {
        let system = notify::recommended_watcher(move |event| {
            let _ = sender.send(Signal::System(event));
        });
        let system = system
            .inspect_err(
                |error| tracing::warn!(%error, "the system cannot watch folders; looking every two seconds"),
            )
            .ok();
        let live = live::live_sessions(catalog.roots());
        Self { catalog, on_event, system, watched: BTreeSet::new(), known: HashMap::new(), live }
    }

    fn run(mut self, receiver: &Receiver<Signal>) {
        let mut next_poll = Instant::now() + POLL_INTERVAL;
        loop {
            let wait = match (&self.system, self.live.is_empty()) {
                (None, _) => Some(next_poll.saturating_duration_since(Instant::now())),
                (Some(_), false) => Some(LIVE_INTERVAL),
                (Some(_), true) => None,
            };
            let mut todo = Todo::default();
            match wait.map_or_else(
                || receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                |wait| receiver.recv_timeout(wait),
            ) {
                Ok(signal) => self.gather(signal, receiver, &mut todo),
                Err(RecvTimeoutError::Timeout) => todo.live = true,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if todo.stop {
                return;
            }
            if self.system.is_none() && Instant::now() >= next_poll {
                self.poll(&mut todo);
                next_poll = Instant::now() + POLL_INTERVAL;
            }
            self.handle(todo);
        }
    }

    /// Sorts a report, and those that follow on its heels, by what they ask for.
    fn gather(&self, first: Signal, receiver: &Receiver<Signal>, todo: &mut Todo) {
        let until = Instant::now() + GATHER;
        let mut signal = Some(first);
        while let Some(current) = signal {
            match current {
                Signal::Stop => {
                    todo.stop = true;
                    return;
                }
                Signal::System(Ok(event)) => self.sort(&event, todo),
                Signal::System(Err(error)) => {
                    tracing::debug!(%error, "a report of the system was an error");
                    todo.lost = true;
                }
            }
            signal = receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
        }
    }

    fn sort(&self, event: &notify::Event, todo: &mut Todo) {
        if event.need_rescan() {
            todo.lost = true;
        }
        if matches!(event.kind, EventKind::Access(_)) {
            // Reading is no change; our own reading is reported, too.
            return;
        }
        let goes = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        for path in &event.paths {
            if goes && self.watched.contains(path) {
                todo.gone.insert(path.clone());
            }
            let parent = path.parent().unwrap_or(path);
            if parent.file_name().is_some_and(|name| name == "sessions") && self.is_in_root(parent) {
                todo.live = true;
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                todo.transcripts.insert(path.clone());
            } else if !matches!(event.kind, EventKind::Modify(ModifyKind::Data(_))) {
                todo.rearm = true;
            }
        }
    }

    fn is_in_root(&self, folder: &Path) -> bool {
        self.catalog.roots().iter().any(|root| folder.parent() == Some(&root.path))
    }

    fn handle(&mut self, mut todo: Todo) {
        if todo.lost {
            // The watches may be gone, too.
            self.watched.clear();
            todo.rearm = true;
        }
        self.watched.retain(|folder| !todo.gone.iter().any(|gone| folder.starts_with(gone)));
        if todo.rearm || !todo.gone.is_empty() {
            // A folder may have been filled before it was watched, also with folders.
            loop {
                let fresh = self.rearm();
                if fresh.is_empty() {
                    break;
                }
                todo.transcripts.extend(fresh.iter().flat_map(|folder| transcripts_in(folder)));
                todo.live = true;
            }
            let gone = self.known.keys().filter(|path| !path.exists()).cloned();
            todo.transcripts.extend(gone.collect::<Vec<_>>());
        }
        if todo.lost {
            self.remember_everything();
            (self.on_event)(CatalogEvent::Resync);
            return;
        }
        let before = if todo.live {
            std::mem::replace(&mut self.live, live::live_sessions(self.catalog.roots()))
        } else {
            self.live.clone()
        };
        let mut reported = BTreeSet::new();
        for path in todo.transcripts {
            if let Some(id) = self.report(&path) {
                reported.insert(id);
            }
        }
        let ids: BTreeSet<SessionId> = before.keys().chain(self.live.keys()).cloned().collect();
        for id in ids {
            if before.get(&id) != self.live.get(&id)
                && !reported.contains(&id)
                && let Some(session) = self.catalog.get(&id, Timestamp::now())
            {
                (self.on_event)(CatalogEvent::Changed { session: Box::new(session), appended: false });
            }
        }
    }

    /// Reports how one transcript is now, and says whose it is.
    fn report(&mut self, path: &Path) -> Option<SessionId> {
        let id = scan::transcript_id(path.file_stem()?.to_str()?)?;
        let Some(found) = scan::find_at(self.catalog.roots(), path, &id) else {
            if self.known.remove(path).is_some() {
                (self.on_event)(CatalogEvent::Removed { id: id.clone() });
            }
            return Some(id);
        };
        let size = found.stamp.size;
        let before = self.known.insert(path.to_owned(), (id.clone(), size));
        let session = self.catalog.look_at(found, Timestamp::now())?;
        let appended = before.is_none_or(|(_, before)| before != size);
        (self.on_event)(CatalogEvent::Changed { session: Box::new(session), appended });
        Some(id)
    }

    fn remember_everything(&mut self) {
        let walk = scan::walk(self.catalog.roots());
        self.known = walk.found.iter().map(remembered).collect();
    }

    /// Compares what is there with what was there, where no report comes.
    fn poll(&mut self, todo: &mut Todo) {
        let now: HashMap<PathBuf, (SessionId, u64)> =
            scan::walk(self.catalog.roots()).found.iter().map(remembered).collect();
        let changed = now.iter().filter(|(path, seen)| self.known.get(*path) != Some(*seen));
        todo.transcripts.extend(changed.map(|(path, _)| path.clone()));
        todo.transcripts.extend(self.known.keys().filter(|path| !now.contains_key(*path)).cloned());
        todo.live = true;
    }

    /// Watches what should be watched and is not, and returns the folders that are new.
    fn rearm(&mut self) -> Vec<PathBuf> {
        let Some(system) = &mut self.system else { return Vec::new() };
        let wanted = folders_to_watch(self.catalog.roots());
        for gone in self.watched.difference(&wanted) {
            let _ = system.unwatch(gone);
        }
        let mut fresh = Vec::new();
        let mut failed = false;
        for folder in wanted.difference(&self.watched) {
            // A folder that was deleted and made again still has its old watch in the books.
            let _ = system.unwatch(folder);
            match system.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => fresh.push(folder.clone()),
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) || !folder.exists() => {}
                Err(error) => {
                    tracing::warn!(%error, folder = %folder.display(), "cannot watch; looking every two seconds");
                    failed = true;
                }
            }
        }
        // One that went before it was watched is to be watched when it comes again.
        self.watched.retain(|folder| wanted.contains(folder));
        self.watched.extend(fresh.iter().cloned());
        if failed {
            self.system = None;
        }
        fresh
    }
}

fn remembered(found: &Found) -> (PathBuf, (SessionId, u64)) {
    (found.path(), (found.id.clone(), found.stamp.size))
}

fn transcripts_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect()
}

/// The folders in which a change matters; of a root that is not there, the nearest folder that is.
fn folders_to_watch(roots: &[super::Root]) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    for root in roots {
        let Some(there) = root.path.ancestors().find(|folder| folder.is_dir()) else { continue };
        folders.insert(there.to_owned());
        if there != root.path {
            continue;
        }
        let sessions = root.path.join("sessions");
        if sessions.is_dir() {
            folders.insert(sessions);
        }
        let projects = root.path.join("projects");
        let Ok(buckets) = std::fs::read_dir(&projects) else { continue };
        folders.extend(buckets.flatten().map(|bucket| bucket.path()).filter(|bucket| bucket.is_dir()));
        folders.insert(projects);
    }
    folders
}
