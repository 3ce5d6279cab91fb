//! Making a worktree with a branch of its own, and the marker that says whose it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use orchestra_model::AgentId;
use serde::{Deserialize, Serialize};

use super::{GitError, Programs, Repository, repository::real};
use crate::files::{private_folder, write_whole};

/// How often it is tried again when another git holds a lock of the repository.
const TRIES: u32 = 20;
/// How long is waited in between.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// The marker's name among git's own files of the worktree.
const MARKER: &str = "orchestra-agent";

/// A worktree to be made.
#[derive(Debug)]
pub struct NewWorktree<'a> {
    /// Whose.
    pub agent: &'a AgentId,
    /// Where; nothing may be there yet.
    pub path: &'a Path,
    /// Its branch, which must not be there yet.
    pub branch: &'a str,
    /// The commit it starts from, in full.
    pub commit: &'a str,
}

/// Whose a worktree is: written by Orchestra where only git writes, so that nothing in the worktree can forge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The agent.
    pub agent: AgentId,
    /// The worktree.
    pub path: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The commit it started from.
    pub commit: String,
}

/// Why a worktree could not be made. Nothing is left of it then.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Something is in the way.
    #[error("{} is there already", .path.display())]
    PathTaken {
        /// What.
        path: PathBuf,
    },
    /// There is such a branch, or one that is in its way.
    #[error("a branch is in the way of {branch}: {words}")]
    BranchTaken {
        /// The branch.
        branch: String,
        /// What git says.
        words: String,
    },
    /// A folder or file cannot be made.
    #[error("{} cannot be written: {error}", .path.display())]
    Refused {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The reason that git gives for a worktree that is locked while its agent runs.
pub(crate) fn lock_reason(agent: &AgentId) -> String {
    format!("orchestra agent {agent}")
}

/// Makes a worktree, locked, with its marker. The repository's hooks do not run; its filters do, so that large files
/// arrive.
///
/// # Errors
/// When it cannot be made; then nothing is left of it.
pub fn create(repository: &Repository, new: &NewWorktree<'_>) -> Result<Vec<String>, CreateError> {
    let refused = |path: &Path| {
        let path = path.to_owned();
        move |error| CreateError::Refused { path, error }
    };
    if fs::symlink_metadata(new.path).is_ok() {
        return Err(CreateError::PathTaken { path: new.path.to_owned() });
    }
    if let Some(parent) = new.path.parent() {
        private_folder(parent).map_err(refused(parent))?;
    }
    if repository.has_branch(new.branch)? {
        let words = "it exists".to_owned();
        return Err(CreateError::BranchTaken { branch: new.branch.to_owned(), words });
    }
    add(repository, new)?;
    if let Err(error) = mark(new) {
        // It has just been made and nobody has worked in it; git refuses if that should not be so.
        take_back(repository, new);
        return Err(refused(new.path)(error));
    }
    let mut notes = Vec::new();
    if new.path.join(".gitmodules").is_file() {
        notes.push(
            "Submodules are not checked out; setup = \"git submodule update --init\" in .orchestra.toml does it"
                .to_owned(),
        );
    }
    Ok(notes)
}

/// Makes a worktree anew whose folder somebody took away: from what git still knows of it, with its index, else from its
/// branch. Locked, with its marker. What was not committed and in no index is gone.
///
/// # Errors
/// When something is in the way, or its branch is gone too.
pub fn make_again(repository: &Repository, old: &NewWorktree<'_>) -> Result<(), CreateError> {
    let refused = |error| CreateError::Refused { path: old.path.to_owned(), error };
    if fs::symlink_metadata(old.path).is_ok() {
        return Err(CreateError::PathTaken { path: old.path.to_owned() });
    }
    match admin_dir_without(repository, old.path) {
        Some(admin) => {
            private_folder(old.path).map_err(refused)?;
            let leads_to = format!("gitdir: {}\n", admin.display());
            write_whole(&old.path.join(".git"), leads_to.as_bytes(), false).map_err(refused)?;
            repository
                .git()
                .call(old.path, Programs::Filters, ["checkout-index", "--all", "--quiet"])?
                .bytes()?;
        }
        None => {
            if let Some(parent) = old.path.parent() {
                private_folder(parent).map_err(refused)?;
            }
            let mut add = ["worktree", "add", "--quiet", "--"].map(std::ffi::OsStr::new).to_vec();
            add.extend([old.path.as_os_str(), old.branch.as_ref()]);
            repository.git().call(repository.common_dir(), Programs::Filters, add)?.bytes()?;
            mark(old).map_err(refused)?;
        }
    }
    Ok(lock(repository, old.path, old.agent)?)
}

/// Where git keeps what it knows of a worktree whose folder is gone.
fn admin_dir_without(repository: &Repository, worktree: &Path) -> Option<PathBuf> {
    let file = real(worktree.parent()?).join(worktree.file_name()?).join(".git");
    let known = fs::read_dir(repository.common_dir().join("worktrees")).ok()?.flatten();
    known.map(|entry| entry.path()).find(|admin| {
        // Relative since git 2.48 when `worktree.useRelativePaths` is set.
        read_path(&admin.join("gitdir")).is_ok_and(|back| admin.join(back) == file)
    })
}

/// Writes down whose a worktree is.
fn mark(new: &NewWorktree<'_>) -> io::Result<()> {
    let marker = Marker {
        agent: new.agent.clone(),
        path: real(new.path),
        branch: new.branch.to_owned(),
        commit: new.commit.to_owned(),
    };
    let json = serde_json::to_vec_pretty(&marker)?;
    write_whole(&admin_dir_of(new.path)?.join(MARKER), &json, true)
}

fn add(repository: &Repository, new: &NewWorktree<'_>) -> Result<(), CreateError> {
    let reason = lock_reason(new.agent);
    for tried in 1.. {
        let mut arguments: Vec<&std::ffi::OsStr> = [
            "worktree",
            "add",
            "--quiet",
            "--lock",
            "--reason",
            &reason,
            "--no-track",
            "-b",
            new.branch,
            "--",
        ]
        .map(AsRef::as_ref)
        .to_vec();
        arguments.extend([new.path.as_os_str(), new.commit.as_ref()]);
        let call = repository.git().call(repository.common_dir(), Programs::Filters, arguments)?;
        let Err(error) = call.bytes() else { return Ok(()) };
        let GitError::Failed { words, .. } = &error else { return Err(error.into()) };
        if words.contains("already exists") || words.contains("cannot lock ref") && words.contains("exists") {
            return Err(CreateError::BranchTaken { branch: new.branch.to_owned(), words: words.clone() });
        }
        take_back(repository, new);
        // Another git holds a lock, or has made only half of what it is making; both pass.
        let passes = [".lock", "could not lock", "failed to read worktrees/", "unable to read gitdir file"];
        if !passes.iter().any(|words_of_it| words.contains(words_of_it)) || tried >= TRIES {
            return Err(error.into());
        }
        thread::sleep(BETWEEN_TRIES);
    }
    Ok(())
}

/// Takes back what has just been made and nobody has used: the worktree, and the branch if it stands where it began.
fn take_back(repository: &Repository, new: &NewWorktree<'_>) {
    let try_to = |arguments: &[&std::ffi::OsStr]| {
        let call = repository.git().call(repository.common_dir(), Programs::None, arguments);
        // What cannot be taken back is seen by `doctor`.
        drop(call.and_then(|call| call.answer()));
    };
    let branch = format!("refs/heads/{}", new.branch);
    if new.path.exists() {
        try_to(&["worktree".as_ref(), "unlock".as_ref(), new.path.as_os_str()]);
        try_to(&["worktree".as_ref(), "remove".as_ref(), new.path.as_os_str()]);
    }
    try_to(&["update-ref", "-d", &branch, new.commit].map(AsRef::as_ref));
}

/// Where git keeps what it knows of a worktree, if both agree on that.
///
/// A `.git` file could lead anywhere: only a place that leads back here counts.
pub(crate) fn admin_dir_of(worktree: &Path) -> io::Result<PathBuf> {
    let forged = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let file = worktree.join(".git");
    if !fs::symlink_metadata(&file)?.is_file() || !fs::symlink_metadata(worktree)?.is_dir() {
        return Err(forged("it is no linked worktree"));
    }
    let leads_to = read_path(&file)?;
    let leads_to = leads_to.strip_prefix("gitdir: ").ok_or_else(|| forged("its .git file is not git's"))?;
    let admin = real(&worktree.join(leads_to));
    let back = read_path(&admin.join("gitdir"))?;
    // Relative since git 2.48 when `worktree.useRelativePaths` is set.
    let back = admin.join(back);
    if real(&back) == real(&file) { Ok(admin) } else { Err(forged("git knows another worktree there")) }
}

/// The one line of a small file.
fn read_path(file: &Path) -> io::Result<String> {
    const LONGEST: u64 = 16 << 10;
    if fs::metadata(file)?.len() > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(fs::read_to_string(file)?.trim_end_matches(['\n', '\r']).to_owned())
}

/// Whose a worktree is; `None` when it is not one of ours.
///
/// # Errors
/// When that cannot be read.
pub fn marker_of(worktree: &Path) -> io::Result<Option<Marker>> {
    let admin = admin_dir_of(worktree)?;
    let bytes = match fs::read(admin.join(MARKER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let marker: Marker = serde_json::from_slice(&bytes)?;
    Ok(Some(marker).filter(|marker| marker.path == real(worktree)))
}

/// Writes down that a worktree's branch is another now.
pub(super) fn mark_branch(worktree: &Path, branch: &str) -> io::Result<()> {
    let Some(marker) = marker_of(worktree)? else { return Ok(()) };
    let json = serde_json::to_vec_pretty(&Marker { branch: branch.to_owned(), ..marker })?;
    write_whole(&admin_dir_of(worktree)?.join(MARKER), &json, true)
}

/// Locks a worktree against git's own clean-up while its agent runs. One that is locked already stays so.
///
/// # Errors
/// When git cannot be run.
pub fn lock(repository: &Repository, worktree: &Path, agent: &AgentId) -> Result<(), GitError> {
    let reason = lock_reason(agent);
    let arguments: [&std::ffi::OsStr; 5] =
        ["worktree".as_ref(), "lock".as_ref(), "--reason".as_ref(), reason.as_ref(), worktree.as_os_str()];
    repository.git().call(repository.common_dir(), Programs::None, arguments)?.answer().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    fn agent() -> AgentId {
        "abcd2345".parse().unwrap()
    }

    fn make(sandbox: &Sandbox, repository: &Path, name: &str) -> Result<(PathBuf, Vec<String>), CreateError> {
        let repository = Repository::open(&sandbox.git, repository).unwrap();
        let base = repository.resolve(None).unwrap();
        let path = sandbox.path("state/worktrees").join(name);
        let branch = format!("orchestra/{name}");
        let new = NewWorktree { agent: &agent(), path: &path, branch: &branch, commit: &base.commit };
        create(&repository, &new).map(|notes| (path.clone(), notes))
    }

    #[test]
    fn a_worktree_is_made_locked_and_marked() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let hook = main.join(".git/hooks/post-checkout");
        fs::write(&hook, "#!/bin/sh\ntouch ran\n").unwrap();
        fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let (path, notes) = make(&sandbox, &main, "build-auth").unwrap();
        assert!(notes.is_empty() && path.join("README.md").is_file() && !path.join("ran").exists());
        let marker = marker_of(&path).unwrap().unwrap();
        assert_eq!((marker.agent, marker.branch.as_str()), (agent(), "orchestra/build-auth"));
        assert_eq!(
            marker_of(&main).unwrap_err().kind(),
            io::ErrorKind::InvalidData,
            "the main checkout is not ours"
        );
        let listed = sandbox.run(&main, &["worktree", "list", "--porcelain"]);
        assert!(listed.contains("locked orchestra agent abcd2345"), "{listed}");
        assert_eq!(sandbox.run(&main, &["status", "--porcelain"]), "");
        // From a worktree, from a bare repository, and with filters.
        make(&sandbox, &path, "from-a-worktree").unwrap();
        sandbox.run(&sandbox.path(""), &["clone", "-q", "--bare", "shop", "bare"]);
        make(&sandbox, &sandbox.path("bare"), "from-bare").unwrap();
    }

    #[test]
    fn what_fails_leaves_nothing() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let before = sandbox.run(&main, &["for-each-ref"]);
        make(&sandbox, &main, "one").unwrap();
        assert!(matches!(make(&sandbox, &main, "one"), Err(CreateError::PathTaken { .. })));
        sandbox.run(&main, &["branch", "orchestra/two"]);
        assert!(matches!(make(&sandbox, &main, "two"), Err(CreateError::BranchTaken { .. })));
        assert!(!sandbox.path("state/worktrees/two").exists());
        // A required filter that fails: git makes the branch first and then cannot check out.
        sandbox.commit(&main, ".gitattributes", "*.bin filter=large\n");
        sandbox.commit(&main, "a.bin", "content\n");
        sandbox.run(&main, &["config", "filter.large.smudge", "false"]);
        sandbox.run(&main, &["config", "filter.large.required", "true"]);
        let error = make(&sandbox, &main, "three").unwrap_err();
        assert!(error.to_string().contains("filter"), "{error}");
        let refs = sandbox.run(&main, &["for-each-ref", "refs/heads/orchestra/three"]);
        assert_eq!(refs, "", "before: {before}");
        assert!(!sandbox.path("state/worktrees/three").exists());
        assert!(!sandbox.run(&main, &["worktree", "list"]).contains("three"));
    }

    #[test]
    fn a_forged_git_file_is_not_believed() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let (path, _) = make(&sandbox, &main, "one").unwrap();
        let elsewhere = sandbox.path("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::copy(path.join(".git"), elsewhere.join(".git")).unwrap();
        assert!(marker_of(&elsewhere).is_err(), "git's own record leads to another");
        fs::write(elsewhere.join(".git"), format!("gitdir: {}\n", main.join(".git").display())).unwrap();
        assert!(marker_of(&elsewhere).is_err());
        let link = sandbox.path("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(marker_of(&link).is_err(), "the root is a link");
    }

    #[test]
    fn sparse_checkouts_and_submodules() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.commit(&main, "kept/a", "a\n");
        sandbox.commit(&main, "left/b", "b\n");
        sandbox.run(&main, &["sparse-checkout", "set", "kept"]);
        let (path, _) = make(&sandbox, &main, "sparse").unwrap();
        assert!(path.join("kept/a").is_file() && !path.join("left/b").exists());
        sandbox.repository("library");
        sandbox.run(&main, &["sparse-checkout", "disable"]);
        sandbox.run(
            &main,
            &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "sub"],
        );
        sandbox.run(&main, &["commit", "-qm", "sub"]);
        let (_, notes) = make(&sandbox, &main, "subs").unwrap();
        assert!(notes[0].starts_with("Submodules are not checked out"), "{notes:?}");
    }

    #[test]
    fn a_worktree_whose_folder_was_taken_away_is_made_anew() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let (path, _) = make(&sandbox, &main, "lost").unwrap();
        sandbox.commit(&path, "work.txt", "done\n");
        fs::write(path.join("staged.txt"), "staged\n").unwrap();
        sandbox.run(&path, &["add", "staged.txt"]);
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        let commit = repository.resolve(None).unwrap().commit;
        let (agent, branch) = (agent(), "orchestra/lost");
        let old = NewWorktree { agent: &agent, path: &path, branch, commit: &commit };
        assert!(matches!(make_again(&repository, &old), Err(CreateError::PathTaken { .. })));

        // Its folder only: git still knows it, and what was staged.
        fs::remove_dir_all(&path).unwrap();
        make_again(&repository, &old).unwrap();
        assert_eq!(fs::read_to_string(path.join("staged.txt")).unwrap(), "staged\n");
        assert_eq!(sandbox.run(&path, &["status", "--short"]).trim(), "A  staged.txt");
        assert_eq!(marker_of(&path).unwrap().unwrap().agent, agent);

        // All of it.
        sandbox.run(&main, &["worktree", "remove", "-f", "-f", path.to_str().unwrap()]);
        make_again(&repository, &old).unwrap();
        assert_eq!(fs::read_to_string(path.join("work.txt")).unwrap(), "done\n");
        assert_eq!(sandbox.run(&path, &["branch", "--show-current"]).trim(), branch);
        assert_eq!(marker_of(&path).unwrap().unwrap().branch, branch);
        assert!(sandbox.run(&main, &["worktree", "list"]).contains("locked"));
    }
}
