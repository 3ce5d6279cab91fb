//! A worktree to try merges in: of no branch, nobody's work, used again while it is needed and then removed.
//!
//! What is thrown away here was made by a check. That the folder is ours is looked at before each time: git's own record
//! of the worktree leads back to it, and our mark lies there.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::{GitError, Programs, Repository, create::admin_dir_of};
use crate::files::{private_folder, write_whole};

/// The mark's name among git's own files of the worktree.
const MARK: &str = "orchestra-scratch";

/// A worktree to try merges in.
#[derive(Debug)]
pub struct Scratch<'a> {
    repository: &'a Repository,
    path: PathBuf,
}

/// Why a scratch worktree cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// Something else is there.
    #[error("{} is there and is no worktree of Orchestra's; move it away first", .path.display())]
    NotOurs {
        /// Where.
        path: PathBuf,
    },
    /// It cannot be written.
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

impl<'a> Scratch<'a> {
    /// Makes one at a commit, or takes the one that was left there. Whoever calls sees that nobody else uses it.
    ///
    /// # Errors
    /// When it cannot be made, or something else is there.
    pub fn at(repository: &'a Repository, path: &Path, commit: &str) -> Result<Self, ScratchError> {
        if let Some(scratch) = Self::left(repository, path) {
            scratch.go_to(commit)?;
            return Ok(scratch);
        }
        let refused = |error| ScratchError::Refused { path: path.to_owned(), error };
        if let Some(parent) = path.parent() {
            private_folder(parent).map_err(refused)?;
        }
        let arguments = ["worktree", "add", "--quiet", "--detach", "--"].map(OsStr::new).into_iter();
        let arguments = arguments.chain([path.as_os_str(), OsStr::new(commit)]);
        repository.git().call(repository.common_dir(), Programs::Filters, arguments)?.bytes()?;
        admin_dir_of(path).and_then(|admin| write_whole(&admin.join(MARK), b"", true)).map_err(refused)?;
        Ok(Self { repository, path: path.to_owned() })
    }

    /// One that was left there, if there is anything.
    pub fn left(repository: &'a Repository, path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).is_ok().then(|| Self { repository, path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn see_that_it_is_ours(&self) -> Result<(), ScratchError> {
        let is_ours = admin_dir_of(&self.path)
            .is_ok_and(|admin| admin.join(MARK).is_file() && admin.starts_with(self.repository.common_dir()));
        if is_ours { Ok(()) } else { Err(ScratchError::NotOurs { path: self.path.clone() }) }
    }

    /// Has it hold a commit and nothing else but what git ignores.
    ///
    /// # Errors
    /// When it is not ours, or git fails.
    pub fn go_to(&self, commit: &str) -> Result<(), ScratchError> {
        self.see_that_it_is_ours()?;
        let git = self.repository.git();
        git.call(&self.path, Programs::Filters, ["reset", "--hard", "--quiet", commit])?.bytes()?;
        git.call(&self.path, Programs::None, ["clean", "-d", "--force", "--quiet"])?.bytes()?;
        Ok(())
    }

    /// Removes it. What git will not remove stays, and is used again the next time.
    pub fn remove(self) {
        let is_clean = self.go_to("HEAD").is_ok();
        if is_clean {
            let remove =
                ["worktree", "remove", "--"].map(OsStr::new).into_iter().chain([self.path.as_os_str()]);
            let call = self.repository.git().call(self.repository.common_dir(), Programs::None, remove);
            drop(call.and_then(|call| call.answer()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn it_holds_what_it_is_told_and_goes_without_a_trace() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let first = sandbox.run(&main, &["rev-parse", "HEAD"]);
        let second = sandbox.commit(&main, "a", "a\n");
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        let before = sandbox.run(&main, &["for-each-ref"]);
        let path = sandbox.path("state/landing/abc");
        let scratch = Scratch::at(&repository, &path, &first).unwrap();
        assert!(!path.join("a").exists());
        fs::write(path.join("left"), "by a check\n").unwrap();
        fs::write(path.join("README.md"), "changed by a check\n").unwrap();
        drop(scratch);
        let scratch = Scratch::at(&repository, &path, &second).unwrap();
        assert!(path.join("a").is_file() && !path.join("left").exists());
        fs::write(path.join("left"), "again\n").unwrap();
        scratch.remove();
        assert!(!path.exists());
        assert_eq!(sandbox.run(&main, &["worktree", "list"]).lines().count(), 1);
        assert_eq!(sandbox.run(&main, &["for-each-ref"]), before);
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let commit = sandbox.commit(&main, "a", "a\n");
        sandbox.run(&main, &["worktree", "add", "-q", "--detach", "../side"]);
        let side = sandbox.path("side");
        fs::write(side.join("own"), "a person's\n").unwrap();
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        for path in [&side, &main] {
            let error = Scratch::at(&repository, path, &commit).unwrap_err();
            assert!(matches!(error, ScratchError::NotOurs { .. }), "{error}");
        }
        assert!(side.join("own").is_file());
        // One that leads elsewhere since.
        let path = sandbox.path("scratch");
        let scratch = Scratch::at(&repository, &path, &commit).unwrap();
        fs::write(path.join(".git"), format!("gitdir: {}\n", main.join(".git").display())).unwrap();
        fs::write(main.join("own"), "a person's\n").unwrap();
        assert!(scratch.go_to(&commit).is_err());
        assert!(main.join("own").is_file());
    }
}
