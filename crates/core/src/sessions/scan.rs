//! The walk over the folders that hold transcripts: names and metadata only, no file is opened.

use std::{
    collections::HashSet,
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use orchestra_model::{Problem, ProblemKind, SessionId};

use super::Root;

/// How many threads walk. More than cores: when nothing is cached, they wait for the disk.
const WALKERS: usize = 8;

/// A transcript that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: SessionId,
    pub(super) bucket: Arc<Bucket>,
    pub(super) stamp: Stamp,
    /// Whether a folder of the session's name stands beside it (subagents, tool results).
    pub(super) has_folder: bool,
}

impl Found {
    /// The transcript.
    pub(super) fn path(&self) -> PathBuf {
        self.bucket.path.join(format!("{}.jsonl", self.id))
    }
}

/// A folder of transcripts.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) root: PathBuf,
    pub(super) path: PathBuf,
    pub(super) name: String,
}

/// What tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(super) struct Stamp {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) modified_ns: i64,
}

impl Stamp {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        let modified_ns =
            metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
        Self { device: metadata.dev(), inode: metadata.ino(), size: metadata.size(), modified_ns }
    }

    pub(super) const fn file(&self) -> (u64, u64) {
        (self.device, self.inode)
    }
}

/// Everything a walk came back with.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) found: Vec<Found>,
    pub(super) problems: Vec<Problem>,
}

/// Finds every transcript under the roots, each file once, however many names lead to it.
pub(super) fn walk(roots: &[Root]) -> Walk {
    let mut walk = Walk::default();
    let mut buckets = Vec::new();
    let mut seen_folders = HashSet::new();
    for root in roots {
        list_buckets(root, &mut buckets, &mut seen_folders, &mut walk.problems);
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        let mut mine = Walk::default();
        while let Some(bucket) = buckets.get(next.fetch_add(1, Ordering::Relaxed)) {
            list_transcripts(bucket, &mut mine);
        }
        results.lock().unwrap_or_else(PoisonError::into_inner).push(mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..WALKERS.min(buckets.len()) {
            scope.spawn(work);
        }
        work();
    });
    for mut part in results.into_inner().unwrap_or_else(PoisonError::into_inner) {
        walk.found.append(&mut part.found);
        walk.problems.append(&mut part.problems);
    }
    let mut seen_files = HashSet::with_capacity(walk.found.len());
    walk.found.retain(|found| seen_files.insert(found.stamp.file()));
    walk
}

fn list_buckets(
    root: &Root,
    buckets: &mut Vec<Arc<Bucket>>,
    seen: &mut HashSet<(u64, u64)>,
    problems: &mut Vec<Problem>,
) {
    let projects = root.path.join("projects");
    let entries = match fs::read_dir(&projects) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            if root.asked_for {
                problems.push(missing(&root.path));
            }
            return;
        }
        Err(error) => return problems.push(unreadable(&projects, &error)),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                problems.push(unreadable(&projects, &error));
                continue;
            }
        };
        // Links are followed here, and only here: one level.
        let path = entry.path();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if seen.insert((metadata.dev(), metadata.ino())) {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    buckets.push(Arc::new(Bucket { root: root.path.clone(), path, name }));
                }
            }
            Ok(_) => {}
            Err(error) => problems.push(unreadable(&path, &error)),
        }
    }
}

/// A root that was asked for and holds no transcripts because it is not what it was taken for.
fn missing(root: &Path) -> Problem {
    let path = root.display().to_string();
    let what = match fs::metadata(root) {
        Ok(metadata) if metadata.is_dir() => "holds no folder named projects, as a Claude Code folder does",
        Ok(_) => "is not a folder",
        Err(_) => "does not exist",
    };
    let message = format!("{path} {what}; check the path");
    Problem { path, kind: ProblemKind::MissingRoot, message }
}

fn list_transcripts(bucket: &Arc<Bucket>, walk: &mut Walk) {
    let entries = match fs::read_dir(&bucket.path) {
        Ok(entries) => entries,
        Err(error) => return walk.problems.push(unreadable(&bucket.path, &error)),
    };
    let mut folders = HashSet::new();
    let first = walk.found.len();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                walk.problems.push(unreadable(&bucket.path, &error));
                continue;
            }
        };
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let Some(stem) = name.strip_suffix(".jsonl") else {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.insert(name.to_owned());
            }
            continue;
        };
        let Some(id) = transcript_id(stem) else { continue };
        let metadata = match entry.metadata() {
            Ok(metadata) if metadata.is_symlink() => fs::metadata(entry.path()),
            other => other,
        };
        match metadata {
            Ok(metadata) if metadata.is_file() => {
                let stamp = Stamp::of(&metadata);
                walk.found.push(Found { id, bucket: Arc::clone(bucket), stamp, has_folder: false });
            }
            Ok(_) => {}
            // A file that went between the two looks is no problem, it is gone.
            Err(error) if error.kind() == ErrorKind::NotFound && !entry.path().is_symlink() => {}
            Err(error) => walk.problems.push(unreadable(&entry.path(), &error)),
        }
    }
    for found in &mut walk.found[first..] {
        found.has_folder = folders.contains(found.id.as_str());
    }
}

/// The transcript at a path of one of the roots, when it is there.
pub(super) fn find_at(roots: &[Root], path: &Path, id: &SessionId) -> Option<Found> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let folder = path.parent()?;
    let root = folder.parent()?.parent()?;
    let root = roots.iter().find(|known| known.path == root)?;
    let name = folder.file_name()?.to_string_lossy().into_owned();
    let bucket = Arc::new(Bucket { root: root.path.clone(), path: folder.to_owned(), name });
    let has_folder = path.with_extension("").is_dir();
    Some(Found { id: id.clone(), bucket, stamp: Stamp::of(&metadata), has_folder })
}

/// The transcripts of one id: a look into each bucket instead of a walk.
pub(super) fn find_id(roots: &[Root], id: &SessionId) -> Walk {
    let mut walk = Walk::default();
    let mut buckets = Vec::new();
    let mut seen = HashSet::new();
    for root in roots {
        list_buckets(root, &mut buckets, &mut seen, &mut walk.problems);
    }
    let name = format!("{id}.jsonl");
    walk.found = buckets.iter().filter_map(|bucket| find_at(roots, &bucket.path.join(&name), id)).collect();
    walk
}

/// The id in a transcript's file name; `None` for what lies there besides (`agent-…`, `….orphaned-…`).
pub(super) fn transcript_id(stem: &str) -> Option<SessionId> {
    if stem.starts_with("agent-") { None } else { stem.parse().ok() }
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let advice = if error.kind() == ErrorKind::PermissionDenied { "; check its permissions" } else { "" };
    Problem {
        path: path.display().to_string(),
        kind: ProblemKind::Unreadable,
        message: format!("{} cannot be read: {error}{advice}", path.display()),
    }
}
