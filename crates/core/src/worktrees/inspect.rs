//! Whether a worktree can go without anything being lost: every condition, and what is not known counts as a reason to
//! keep it.
//!
//! It changes nothing.

use std::{
    ffi::OsStr,
    fmt, fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use orchestra_model::AgentId;

use super::{
    Git, GitError, Programs, Repository,
    create::{Marker, admin_dir_of, lock_reason, marker_of},
    embedded, porcelain, under_way,
};
use crate::process;

mod elsewhere;
mod submodules;

/// How many names a reason repeats.
const NAMES: usize = 3;

/// Folders that git ignores and that a build makes anew: what they hold came from what is committed, or from the net.
/// Anything else that is ignored (`.env`, databases, notes) is somebody's.
const MADE_ANEW: [&str; 20] = [
    "target",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
    ".tox",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".turbo",
    ".parcel-cache",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".gradle",
    ".dart_tool",
    "DerivedData",
    "dist",
    "coverage",
    ".DS_Store",
];

/// A worktree that may go.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its repository.
    pub repository: &'a Repository,
    /// It.
    pub worktree: &'a Path,
    /// Whose it is.
    pub agent: &'a AgentId,
    /// Branches that its work is meant for: the one it started from. Any other branch of a person's counts too.
    pub targets: &'a [String],
}

/// Why a worktree stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Orchestra did not make it, or something else is there now.
    NotOurs {
        /// What was found.
        why: String,
    },
    /// A process works in it.
    InUse {
        /// Names and ids.
        processes: Vec<String>,
    },
    /// Something is not committed.
    Uncommitted {
        /// The files.
        files: Vec<String>,
    },
    /// git ignores something that nothing makes anew.
    Precious {
        /// The files and folders.
        files: Vec<String>,
    },
    /// git was told not to look at something.
    Hidden {
        /// The files.
        files: Vec<String>,
    },
    /// A merge, rebase or the like is under way.
    UnderWay {
        /// Which.
        what: String,
    },
    /// Commits are in no other branch and no remote.
    Unmerged {
        /// How many.
        commits: u64,
        /// The branch that they were looked for in.
        target: String,
    },
    /// There are repositories within it that are no submodules.
    Embedded {
        /// Where.
        paths: Vec<String>,
    },
    /// A submodule holds something of its own.
    Submodule {
        /// Where.
        path: String,
        /// What.
        why: String,
    },
    /// Somebody has locked it.
    Locked {
        /// Why.
        reason: String,
    },
    /// Something could not be found out.
    Unknown {
        /// What.
        what: String,
    },
}

impl Keep {
    /// Whether what it names goes into the trash as well and comes back from there, so that a person may decide to let it
    /// go. What lies in repositories within it goes with its folder only and is in no snapshot.
    pub const fn can_be_overruled(&self) -> bool {
        matches!(
            self,
            Self::Uncommitted { .. }
                | Self::Precious { .. }
                | Self::Hidden { .. }
                | Self::UnderWay { .. }
                | Self::Unmerged { .. }
                | Self::Embedded { .. }
                | Self::Submodule { .. }
        )
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs { why } => write!(formatter, "it is not as Orchestra made it: {why}"),
            Self::InUse { processes } => write!(formatter, "in use by {}", processes.join(", ")),
            Self::Uncommitted { files } => write!(formatter, "not committed: {}", names(files)),
            Self::Precious { files } => {
                write!(formatter, "ignored by git, and nowhere else: {}", names(files))
            }
            Self::Hidden { files } => {
                write!(formatter, "hidden from git (assume-unchanged): {}", names(files))
            }
            Self::UnderWay { what } => write!(formatter, "{what} is under way"),
            Self::Unmerged { commits: 1, target } => write!(formatter, "1 commit is not in {target}"),
            Self::Unmerged { commits, target } => write!(formatter, "{commits} commits are not in {target}"),
            Self::Embedded { paths } => {
                write!(formatter, "it holds git repositories of its own: {}", names(paths))
            }
            Self::Submodule { path, why } => write!(formatter, "the submodule {path} has {why}"),
            Self::Locked { reason } if reason.is_empty() => formatter.write_str("somebody has locked it"),
            Self::Locked { reason } => write!(formatter, "somebody has locked it: {reason}"),
            Self::Unknown { what } => {
                write!(formatter, "it could not be found out whether it can go: {what}")
            }
        }
    }
}

fn names(files: &[String]) -> String {
    let shown = files.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What was found out about a worktree.
#[derive(Debug)]
pub(super) struct Inspection {
    /// Why it stays; nothing when it can go.
    pub(super) reasons: Vec<Keep>,
    /// Whose it is.
    pub(super) marker: Option<Marker>,
    /// Where git keeps what it knows of it.
    pub(super) admin: PathBuf,
    /// What git ignores and nothing makes anew.
    pub(super) precious: Vec<Vec<u8>>,
    /// Repositories within it that are no submodules.
    pub(super) embedded: Vec<Vec<u8>>,
}

/// One thing to be looked at; reasons are added to what was found.
type Check = fn(&Subject<'_>, &mut Inspection) -> Result<(), GitError>;

/// Looks at everything that could be lost with a worktree. Nothing is a reason only when it was seen to be none.
pub fn inspect(subject: &Subject<'_>) -> Vec<Keep> {
    look(subject).reasons
}

pub(super) fn look(subject: &Subject<'_>) -> Inspection {
    let mut found = Inspection {
        reasons: Vec::new(),
        marker: None,
        admin: PathBuf::new(),
        precious: Vec::new(),
        embedded: Vec::new(),
    };
    match whose(subject) {
        Ok((marker, admin)) => (found.marker, found.admin) = (Some(marker), admin),
        Err(why) => {
            // Nothing more is asked of git there: it is not known what git would read.
            found.reasons.push(Keep::NotOurs { why });
            return found;
        }
    }
    let processes = process::working_in(subject.worktree);
    if !processes.is_empty() {
        let processes = processes.into_iter().map(|(pid, name)| format!("{name} ({pid})")).collect();
        found.reasons.push(Keep::InUse { processes });
    }
    let checks: [Check; 6] =
        [repositories, status, hidden, under_way, elsewhere::unmerged, submodules::submodules];
    for check in checks {
        if let Err(error) = check(subject, &mut found) {
            found.reasons.push(Keep::Unknown { what: error.to_string() });
        }
    }
    match fs::read_to_string(found.admin.join("locked")) {
        Ok(reason) if reason.trim() == lock_reason(subject.agent) => {}
        Ok(reason) => found.reasons.push(Keep::Locked { reason: reason.trim().to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => found.reasons.push(Keep::Unknown { what: error.to_string() }),
    }
    found
}

/// The marker and git's own folder of the worktree, when both belong to it and to this repository.
fn whose(subject: &Subject<'_>) -> Result<(Marker, PathBuf), String> {
    let marker = marker_of(subject.worktree).map_err(|error| error.to_string())?;
    let marker = marker.ok_or("it has no marker of Orchestra's")?;
    if marker.agent != *subject.agent {
        return Err(format!("it belongs to the agent {}", marker.agent));
    }
    let admin = admin_dir_of(subject.worktree).map_err(|error| error.to_string())?;
    if admin.parent() != Some(&subject.repository.common_dir().join("worktrees")) {
        return Err("it belongs to another repository".to_owned());
    }
    Ok((marker, admin))
}

fn run(git: &Git, folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
    git.call(folder, Programs::None, arguments)?.bytes()
}

/// What `git status` says of a checkout: files that are not committed, and what is ignored and precious.
fn status_of(git: &Git, folder: &Path) -> Result<(Vec<String>, Vec<Vec<u8>>), GitError> {
    let arguments = [
        "status",
        "--porcelain=v2",
        "-z",
        "--no-renames",
        "--ignored=matching",
        "--untracked-files=all",
        "--ignore-submodules=none",
    ];
    let mut status = porcelain::status(&run(git, folder, &arguments)?);
    status.ignored.retain(|path| !is_made_anew(path));
    Ok((status.changed.iter().map(|path| text(path)).collect(), status.ignored))
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Whether something that git ignores lies in, or is, a folder that a build makes anew.
fn is_made_anew(path: &[u8]) -> bool {
    let path = Path::new(OsStr::from_bytes(path));
    let is_compiled = path.extension().is_some_and(|ending| ending == "pyc" || ending == "pyo");
    is_compiled || path.iter().any(|name| MADE_ANEW.iter().any(|made| name == *made))
}

/// Whether two files, and not links, hold the same.
fn is_same(one: &Path, other: &Path) -> bool {
    const LARGEST: u64 = 64 << 20;
    let size =
        |path: &Path| fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|found| found.len());
    let sizes = (size(one), size(other));
    matches!(sizes, (Some(one), Some(other)) if one == other && one <= LARGEST)
        && matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

/// Repositories that were made or cloned there: whatever they hold may be nowhere else.
fn repositories(subject: &Subject<'_>, found: &mut Inspection) -> Result<(), GitError> {
    found.embedded = embedded(subject.repository.git(), subject.worktree)?;
    if !found.embedded.is_empty() {
        let paths = found.embedded.iter().map(|path| text(path)).collect();
        found.reasons.push(Keep::Embedded { paths });
    }
    Ok(())
}

fn status(subject: &Subject<'_>, found: &mut Inspection) -> Result<(), GitError> {
    let (mut files, mut precious) = status_of(subject.repository.git(), subject.worktree)?;
    // Told already, in words of their own.
    let is_told = |file: &String| found.embedded.iter().any(|path| text(path) == file.trim_end_matches('/'));
    files.retain(|file| !is_told(file));
    // What was copied from the repository's own checkout, and is still the same there, is not only here.
    precious.retain(|path| {
        let path = OsStr::from_bytes(path);
        !is_same(&subject.worktree.join(path), &subject.repository.root().join(path))
    });
    if !files.is_empty() {
        found.reasons.push(Keep::Uncommitted { files });
    }
    if !precious.is_empty() {
        let files = precious.iter().map(|path| text(path)).collect();
        found.reasons.push(Keep::Precious { files });
    }
    found.precious = precious;
    Ok(())
}

fn hidden(subject: &Subject<'_>, found: &mut Inspection) -> Result<(), GitError> {
    let files = hidden_in(subject.repository.git(), subject.worktree)?;
    if !files.is_empty() {
        found.reasons.push(Keep::Hidden { files });
    }
    Ok(())
}

/// Files that git was told to take as they were: edits of theirs are in no status.
fn hidden_in(git: &Git, folder: &Path) -> Result<Vec<String>, GitError> {
    let output = run(git, folder, &["ls-files", "-v", "-z"])?;
    let is_sparse = git
        .call(folder, Programs::None, ["config", "--type=bool", "--get", "core.sparseCheckout"])?
        .answer()?
        .stdout
        .starts_with(b"true");
    let is_hidden = |flag: u8, path: &[u8]| match flag {
        // Left out of a sparse checkout, and really not there.
        b'S' => !is_sparse || fs::symlink_metadata(folder.join(OsStr::from_bytes(path))).is_ok(),
        flag => flag.is_ascii_lowercase(),
    };
    Ok(porcelain::flags(&output)
        .filter(|(flag, path)| is_hidden(*flag, path))
        .map(|(_, path)| text(path))
        .collect())
}

fn under_way(subject: &Subject<'_>, found: &mut Inspection) -> Result<(), GitError> {
    let what = under_way::what(subject.repository.git(), subject.worktree, &found.admin)?;
    found.reasons.extend(what.map(|what| Keep::UnderWay { what: what.to_owned() }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_build_makes_anew_may_go() {
        for path in ["target/", "web/node_modules/", "a/__pycache__/", "x.pyc", "node_modules/.env"] {
            assert!(is_made_anew(path.as_bytes()), "{path}");
        }
        for path in [".env", "data/", "build.db", "targets/", "notes.txt", "build/"] {
            assert!(!is_made_anew(path.as_bytes()), "{path}");
        }
    }
}
