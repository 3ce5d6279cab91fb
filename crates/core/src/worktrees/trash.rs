//! The trash: where a worktree goes when it goes, and how it comes back.
//!
//! Nothing is deleted. The worktree's folder is renamed into the trash as it is; what git knew of it is renamed aside
//! within the repository; a snapshot commit under `refs/orchestra/trash/` keeps what was in it and every commit that it
//! alone knew, should the folder be lost. A branch whose work is elsewhere goes by name only. Each step can be the last
//! one before a crash: what was not finished is finished by trying again, or undone by [`Trash::restore`].
//!
//! After 14 days an entry may be purged, which only a person's `clean` does.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use orchestra_model::AgentId;
use rustix::fs::{CWD, RenameFlags};
use serde::{Deserialize, Serialize};

use super::{
    BaseError, Git, GitError, OpenError, Programs, Repository,
    compare::commit_of,
    embedded::{ADD, embedded_in, pathspecs},
    inspect::{self, Inspection, Keep, Subject},
};
use crate::{
    files::{private_folder, write_whole},
    process,
};

/// How long an entry stays at least.
const STAYS: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How many parents a commit gets at once.
const MOST_PARENTS: usize = 200;

/// The trash of a state folder.
#[derive(Clone, Debug)]
pub struct Trash {
    folder: PathBuf,
    git: Git,
}

/// A worktree in the trash: everything that bringing it back needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    /// Whose it was.
    pub agent: AgentId,
    /// Where it was.
    pub worktree: PathBuf,
    /// Its repository, by the folder that all its worktrees share.
    pub common_dir: PathBuf,
    /// The name under which git knew it.
    pub name: String,
    /// Its branch and where that stood.
    pub branch: String,
    /// Where the branch stood; `None` when it was gone already.
    pub tip: Option<String>,
    /// The commit that keeps what was in it.
    pub snapshot: String,
    /// When it went.
    pub at: Timestamp,
}

/// Why a worktree did not go, or not come back.
#[derive(Debug, thiserror::Error)]
pub enum TrashError {
    /// Something would be lost, or may be.
    #[error("kept: {}", .reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Kept {
        /// What.
        reasons: Vec<Keep>,
    },
    /// There is nothing of it in the trash.
    #[error("nothing of {agent} is in the trash")]
    NotThere {
        /// The agent.
        agent: AgentId,
    },
    /// Something is where it was.
    #[error("{} is there already; move it away first", .path.display())]
    PathTaken {
        /// Where.
        path: PathBuf,
    },
    /// The repository is gone.
    #[error("its repository cannot be opened: {0}")]
    Repository(#[from] OpenError),
    /// A commit is gone.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file or folder cannot be moved or written.
    #[error("{}: {error}", .path.display())]
    Refused {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> TrashError {
    let path = path.to_owned();
    move |error| TrashError::Refused { path, error }
}

/// Moves something to where nothing is, in one step.
fn rename(from: &Path, to: &Path) -> Result<(), TrashError> {
    rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
        .map_err(|error| TrashError::Refused { path: to.to_owned(), error: error.into() })
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

impl Discarded {
    /// The reference that holds the snapshot.
    fn reference(&self) -> String {
        format!("refs/orchestra/trash/{}", self.agent)
    }

    /// Where what git knew of it lies meanwhile: on the same file system as before, out of git's sight.
    fn aside(&self) -> PathBuf {
        self.common_dir.join("orchestra").join("trash").join(self.agent.as_str())
    }

    /// Where that belongs.
    fn admin(&self) -> PathBuf {
        self.common_dir.join("worktrees").join(&self.name)
    }
}

impl Trash {
    /// The trash of a state folder, which need not be there.
    pub fn new(state: &Path, git: &Git) -> Self {
        Self { folder: state.join("trash"), git: git.clone() }
    }

    fn place_of(&self, agent: &AgentId) -> PathBuf {
        self.folder.join(agent.as_str())
    }

    fn entry_file(&self, agent: &AgentId) -> PathBuf {
        self.place_of(agent).join("entry.json")
    }

    /// The entry of an agent, if it has one.
    pub fn entry(&self, agent: &AgentId) -> Option<Discarded> {
        serde_json::from_slice(&fs::read(self.entry_file(agent)).ok()?).ok()
    }

    /// Everything that is in the trash.
    pub fn list(&self) -> Vec<Discarded> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| self.entry(&entry.file_name().to_str()?.parse().ok()?)).collect()
    }

    /// Puts a worktree into the trash, if nothing can be lost with it. `anyway` overrules what the snapshot holds: work
    /// that is not committed, or not merged. Whoever calls holds the agent's lock.
    ///
    /// # Errors
    /// When it is kept, or cannot be moved; then it is where it was.
    pub fn put(&self, subject: &Subject<'_>, anyway: bool, now: Timestamp) -> Result<Discarded, TrashError> {
        if let Some(entry) = self.entry(subject.agent)
            && !is_there(subject.worktree)
            && is_there(&self.place_of(subject.agent).join("worktree"))
        {
            // Somebody was stopped half-way.
            self.finish(&entry, subject.repository)?;
            return Ok(entry);
        }
        let found = inspect::look(subject);
        let stays = |reason: &Keep| !(anyway && reason.can_be_overruled());
        if found.reasons.iter().any(stays) {
            return Err(TrashError::Kept { reasons: found.reasons });
        }
        let entry = self.prepare(subject, &found, now)?;
        self.take(subject, &entry)?;
        let is_elsewhere = !found.reasons.iter().any(|reason| matches!(reason, Keep::Unmerged { .. }));
        self.finish(&entry, subject.repository)?;
        if is_elsewhere {
            drop_branch(subject.repository, &entry);
        }
        Ok(entry)
    }

    /// Makes the snapshot and the entry; nothing has moved then.
    fn prepare(
        &self,
        subject: &Subject<'_>,
        found: &Inspection,
        now: Timestamp,
    ) -> Result<Discarded, TrashError> {
        let kept = |what: &str| TrashError::Kept { reasons: vec![Keep::Unknown { what: what.to_owned() }] };
        let marker = found.marker.as_ref().ok_or_else(|| kept("it has no marker"))?;
        let name = found.admin.file_name().and_then(|name| name.to_str()).ok_or_else(|| kept("its name"))?;
        let mut entry = Discarded {
            agent: subject.agent.clone(),
            worktree: subject.worktree.to_owned(),
            common_dir: subject.repository.common_dir().to_owned(),
            name: name.to_owned(),
            branch: marker.branch.clone(),
            tip: commit_of(subject.repository, &format!("refs/heads/{}", marker.branch))?,
            snapshot: String::new(),
            at: now,
        };
        entry.snapshot = snapshot(&self.git, subject, found, entry.tip.as_deref())?;
        let arguments = ["update-ref", "-m", "orchestra clean", &entry.reference(), &entry.snapshot];
        self.git.call(&entry.common_dir, Programs::None, arguments)?.bytes()?;
        let place = self.place_of(subject.agent);
        private_folder(&place).map_err(refused(&place))?;
        let json = serde_json::to_vec_pretty(&entry).unwrap_or_default();
        write_whole(&self.entry_file(subject.agent), &json, true).map_err(refused(&place))?;
        Ok(entry)
    }

    /// Moves the folder, and sees that it is the one that was looked at and that nobody works in it.
    fn take(&self, subject: &Subject<'_>, entry: &Discarded) -> Result<(), TrashError> {
        let to = self.place_of(&entry.agent).join("worktree");
        let identity = |path: &Path| {
            let found = fs::symlink_metadata(path).map_err(refused(path))?;
            Ok::<_, TrashError>((found.dev(), found.ino(), found.is_dir()))
        };
        let before = identity(subject.worktree)?;
        rename(subject.worktree, &to)?;
        let processes = process::working_in(&to);
        let is_same = identity(&to)? == before && before.2;
        if !is_same || !processes.is_empty() {
            rename(&to, subject.worktree)?;
            let reason = if is_same {
                Keep::InUse {
                    processes: processes.into_iter().map(|(pid, name)| format!("{name} ({pid})")).collect(),
                }
            } else {
                Keep::NotOurs { why: "it was exchanged meanwhile".to_owned() }
            };
            return Err(TrashError::Kept { reasons: vec![reason] });
        }
        Ok(())
    }

    /// Takes what git knows of it out of git's sight.
    fn finish(&self, entry: &Discarded, repository: &Repository) -> Result<(), TrashError> {
        debug_assert_eq!(entry.common_dir, repository.common_dir());
        let (admin, aside) = (entry.admin(), entry.aside());
        if is_there(&admin) && !is_there(&aside) {
            let parent = aside.parent().unwrap_or(&entry.common_dir);
            private_folder(parent).map_err(refused(parent))?;
            rename(&admin, &aside)?;
        }
        Ok(())
    }

    /// The git it works with.
    pub const fn git(&self) -> &Git {
        &self.git
    }

    /// Brings a worktree back to where it was, on its branch.
    ///
    /// # Errors
    /// When something is in the way, or too much of it is gone; then what is left stays in the trash.
    pub fn restore(&self, agent: &AgentId) -> Result<Restored, TrashError> {
        let entry = self.entry(agent).ok_or_else(|| TrashError::NotThere { agent: agent.clone() })?;
        let repository = Repository::open(&self.git, &entry.common_dir)?;
        let kept = self.place_of(agent).join("worktree");
        let (admin, aside) = (entry.admin(), entry.aside());
        if is_there(&kept) {
            if is_there(&entry.worktree) {
                return Err(TrashError::PathTaken { path: entry.worktree });
            }
            if let Some(parent) = entry.worktree.parent() {
                private_folder(parent).map_err(refused(parent))?;
            }
            rename(&kept, &entry.worktree)?;
        }
        if is_there(&aside) && !is_there(&admin) {
            let parent = entry.common_dir.join("worktrees");
            private_folder(&parent).map_err(refused(&parent))?;
            rename(&aside, &admin)?;
        }
        let branch = bring_branch_back(&repository, &entry)?;
        let from_snapshot = !is_there(&entry.worktree) || !is_there(&admin);
        if from_snapshot {
            self.rebuild(&repository, &entry, &branch)?;
        } else if branch != entry.branch
            && super::branch_in(&self.git, &entry.worktree)?.as_ref() == Some(&entry.branch)
        {
            let head = format!("refs/heads/{branch}");
            self.git.call(&entry.worktree, Programs::None, ["symbolic-ref", "HEAD", &head])?.bytes()?;
        }
        // From now on that one is its own, and the one that has the name is somebody else's.
        if branch != entry.branch {
            super::create::mark_branch(&entry.worktree, &branch).map_err(refused(&entry.worktree))?;
        }
        super::create::lock(&repository, &entry.worktree, agent)?;
        // All of it is in place again: the entry may go, then what it kept.
        let place = self.place_of(agent);
        fs::remove_file(self.entry_file(agent)).map_err(refused(&place))?;
        let _ = fs::remove_dir(&place);
        if !from_snapshot {
            drop_snapshot(&self.git, &entry);
        }
        let from = if from_snapshot { Source::Snapshot } else { Source::Folder };
        Ok(Restored { worktree: entry.worktree, branch, from })
    }

    /// Makes the worktree anew from its snapshot: what was not committed is not committed there either.
    fn rebuild(&self, repository: &Repository, entry: &Discarded, branch: &str) -> Result<(), TrashError> {
        if is_there(&entry.worktree) {
            return Err(TrashError::PathTaken { path: entry.worktree.clone() });
        }
        if is_there(&entry.admin()) {
            // git still knows it, with its index: only the files are missing, and what leads to git.
            private_folder(&entry.worktree).map_err(refused(&entry.worktree))?;
            let leads_to = format!("gitdir: {}\n", entry.admin().display());
            write_whole(&entry.worktree.join(".git"), leads_to.as_bytes(), false)
                .map_err(refused(&entry.worktree))?;
        } else {
            let path = entry.worktree.as_os_str();
            let add = [
                "worktree".as_ref(),
                "add".as_ref(),
                "--quiet".as_ref(),
                "--".as_ref(),
                path,
                branch.as_ref(),
            ];
            repository.git().call(repository.common_dir(), Programs::Filters, add)?.bytes()?;
        }
        let fill = ["restore", "--worktree", "--overlay", "--source", &entry.snapshot, "--", "."];
        self.git.call(&entry.worktree, Programs::None, fill)?.bytes()?;
        Ok(())
    }

    /// Lets go of what has been in the trash for more than 14 days. Answers whose that was.
    pub fn purge(&self, now: Timestamp) -> Vec<AgentId> {
        let mut purged = Vec::new();
        for entry in self.list() {
            let kept = self.place_of(&entry.agent).join("worktree");
            // One that never went, because somebody was stopped half-way, is no rubbish.
            if now.duration_since(entry.at) < STAYS || is_there(&entry.worktree) {
                continue;
            }
            // Neither follows a link.
            let gone = |path: &Path| {
                let removed = fs::remove_dir_all(path);
                removed.is_ok() || !is_there(path)
            };
            if gone(&kept) && gone(&entry.aside()) {
                drop_snapshot(&self.git, &entry);
                let _ = fs::remove_file(self.entry_file(&entry.agent));
                let _ = fs::remove_dir(self.place_of(&entry.agent));
                purged.push(entry.agent);
            }
        }
        purged
    }
}

/// A worktree that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where it is.
    pub worktree: PathBuf,
    /// Its branch.
    pub branch: String,
    /// What it came from.
    pub from: Source,
}

/// What a worktree came back from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its own folder.
    Folder,
    /// Its folder was gone: the snapshot of it that the trash keeps.
    Snapshot,
    /// Somebody took its folder away: its branch, and what git still knew of it.
    Branch,
}

/// A commit whose tree is the folder as it is, with untracked and precious files, and whose parents are all commits that
/// only this worktree knows. Repositories within it go with its folder only.
fn snapshot(
    git: &Git,
    subject: &Subject<'_>,
    found: &Inspection,
    tip: Option<&str>,
) -> Result<String, TrashError> {
    let folder = subject.worktree;
    let index = found.admin.join("orchestra-snapshot-index");
    let lock = index.with_extension("lock");
    for file in [&index, &lock] {
        let _ = fs::remove_file(file);
    }
    let call = |arguments: &[&str]| -> Result<super::git::Call, GitError> {
        let exact = ["-c", "core.autocrlf=false", "-c", "core.safecrlf=false"];
        git.call_with_index(&index, folder, Programs::None, exact.iter().chain(arguments))
    };
    // A new index: no file is hidden from it.
    call(&["read-tree", "HEAD"])?.bytes()?;
    let everything = pathspecs(&[Vec::new()], &found.embedded);
    call(&[&["add", "--all"], &ADD[..]].concat())?.input(everything).bytes()?;
    if !found.precious.is_empty() {
        let left_out = embedded_in(git, folder, &found.precious)?;
        let paths = pathspecs(&found.precious, &left_out);
        call(&[&["add", "--force"], &ADD[..]].concat())?.input(paths).bytes()?;
    }
    let tree = call(&["write-tree"])?.text()?;
    for file in [&index, &lock] {
        let _ = fs::remove_file(file);
    }
    let mut parents = vec![git.call(folder, Programs::None, ["rev-parse", "HEAD"])?.text()?];
    parents.extend(tip.map(str::to_owned));
    let logged = git.call(folder, Programs::None, ["log", "-g", "--format=%H", "HEAD", "--"])?.answer()?;
    parents.extend(String::from_utf8_lossy(&logged.stdout).lines().map(str::to_owned));
    let own = ["for-each-ref", "--format=%(objectname)", "refs/worktree", "refs/bisect", "refs/rewritten"];
    parents.extend(git.call(folder, Programs::None, own)?.text()?.lines().map(str::to_owned));
    for name in ["ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"] {
        let name = format!("{name}^{{commit}}");
        let found =
            git.call(folder, Programs::None, ["rev-parse", "--verify", "--quiet", &name])?.answer()?;
        if found.status.success() {
            parents.push(String::from_utf8_lossy(&found.stdout).trim().to_owned());
        }
    }
    let mut seen = std::collections::HashSet::new();
    parents.retain(|commit| !commit.is_empty() && seen.insert(commit.clone()));
    // What is gone from the repository already cannot be kept.
    parents.retain(|commit| {
        let exists = git.call(folder, Programs::None, ["cat-file", "-e", &format!("{commit}^{{commit}}")]);
        exists.and_then(|call| call.answer()).is_ok_and(|output| output.status.success())
    });
    while parents.len() > MOST_PARENTS {
        let some: Vec<String> = parents.drain(..MOST_PARENTS).collect();
        parents.push(commit(git, folder, &tree, &some, subject.agent)?);
    }
    Ok(commit(git, folder, &tree, &parents, subject.agent)?)
}

fn commit(
    git: &Git,
    folder: &Path,
    tree: &str,
    parents: &[String],
    agent: &AgentId,
) -> Result<String, GitError> {
    let message = format!("What was in the worktree of the agent {agent}");
    let mut arguments = vec!["commit-tree", tree, "-m", &message];
    for parent in parents {
        arguments.extend(["-p", parent]);
    }
    let mut call = git.call(folder, Programs::None, arguments)?;
    for who in ["AUTHOR", "COMMITTER"] {
        call = call
            .env(&format!("GIT_{who}_NAME"), "Orchestra")
            .env(&format!("GIT_{who}_EMAIL"), "orchestra@localhost");
    }
    call.text()
}

/// Takes the name of a branch whose work is elsewhere, if it still stands where it was seen and is checked out nowhere.
fn drop_branch(repository: &Repository, entry: &Discarded) {
    let Some(tip) = &entry.tip else { return };
    let reference = format!("refs/heads/{}", entry.branch);
    let checked_out = repository
        .git()
        .call(repository.common_dir(), Programs::None, ["worktree", "list", "--porcelain", "-z"])
        .and_then(|call| call.bytes());
    let Ok(list) = checked_out else { return };
    let line = format!("branch {reference}");
    if list.split(|byte| *byte == 0).any(|found| found == line.as_bytes()) {
        return;
    }
    let arguments = ["update-ref", "-d", &reference, tip];
    // One that moved meanwhile stays.
    drop(
        repository
            .git()
            .call(repository.common_dir(), Programs::None, arguments)
            .and_then(|call| call.answer()),
    );
}

fn drop_snapshot(git: &Git, entry: &Discarded) {
    let arguments = ["update-ref", "-d", &entry.reference(), &entry.snapshot];
    drop(git.call(&entry.common_dir, Programs::None, arguments).and_then(|call| call.answer()));
}

/// Sees that the branch is there and stands where it stood; under another name when its own is taken by other work.
fn bring_branch_back(repository: &Repository, entry: &Discarded) -> Result<String, TrashError> {
    let Some(tip) = &entry.tip else { return Ok(entry.branch.clone()) };
    let mut name = entry.branch.clone();
    loop {
        let reference = format!("refs/heads/{name}");
        match commit_of(repository, &reference)? {
            Some(commit) if commit == *tip => return Ok(name),
            Some(_) => name.push_str("-restored"),
            None => {
                let arguments = ["update-ref", "-m", "orchestra restore", &reference, tip, ""];
                repository.git().call(repository.common_dir(), Programs::None, arguments)?.bytes()?;
                return Ok(name);
            }
        }
    }
}

#[cfg(test)]
mod tests;
