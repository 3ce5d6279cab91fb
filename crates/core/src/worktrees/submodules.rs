//! The submodules that are checked out in a worktree: where they are, and whether others have their commits. Their
//! repositories lie with the worktree's. Nothing is changed.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{Git, GitError, Programs, Repository, porcelain};

/// Where they are, by the top of the worktree, an outer one before those within it. Left out are those of such paths, and
/// all that is within them.
pub(super) fn checked_out(
    git: &Git,
    worktree: &Path,
    left_out: &[Vec<u8>],
) -> Result<Vec<PathBuf>, GitError> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(outer) = open.pop() {
        let listed =
            git.call(&worktree.join(&outer), Programs::None, ["ls-files", "--stage", "-z"])?.bytes()?;
        for path in porcelain::submodules(&listed) {
            let path = outer.join(OsStr::from_bytes(path));
            let is_left_out = left_out.iter().any(|left_out| left_out == path.as_os_str().as_bytes());
            if !is_left_out && is_checked_out(&worktree.join(&path)) {
                open.push(path.clone());
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Whether there is a repository: without one, git would answer for what is around it.
fn is_checked_out(folder: &Path) -> bool {
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir());
    is_folder && fs::symlink_metadata(folder.join(".git")).is_ok()
}

/// Whether a submodule has commits that were not pushed, nor are in the same submodule of the repository's own checkout:
/// reachable from what is named, as `git rev-list` takes it.
pub(super) fn has_unpushed(
    git: &Git,
    folder: &Path,
    original: &Path,
    from: &[&str],
) -> Result<bool, GitError> {
    // A tag may have come from the remote with no branch of it: the original's own tell.
    let known = if is_checked_out(original) {
        git.call(original, Programs::None, ["for-each-ref", "--format=^%(objectname)"])?.bytes()?
    } else {
        Vec::new()
    };
    let mut arguments = vec!["rev-list", "--max-count=1", "--ignore-missing", "--stdin"];
    arguments.extend(from);
    arguments.extend(["--not", "--remotes"]);
    Ok(!git.call(folder, Programs::None, arguments)?.input(known).bytes()?.is_empty())
}

/// Which of a worktree's submodules are at a commit that nobody else may have: whoever takes the worktree's work would name
/// that.
///
/// # Errors
/// When git fails.
pub fn unpushed_submodules(repository: &Repository, worktree: &Path) -> Result<Vec<PathBuf>, GitError> {
    let git = repository.git();
    let mut found = Vec::new();
    for path in checked_out(git, worktree, &[])? {
        let (folder, original) = (worktree.join(&path), repository.root().join(&path));
        if has_unpushed(git, &folder, &original, &["HEAD"])? {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn a_commit_that_only_the_submodule_of_a_worktree_has_is_found() {
        let sandbox = Sandbox::new();
        let (main, library) = (sandbox.repository("shop"), sandbox.repository("library"));
        let local = ["-c", "protocol.file.allow=always", "submodule", "--quiet"];
        sandbox.run(&main, &[&local[..], &["add", "../library", "sub"]].concat());
        sandbox.run(&main, &["commit", "-qm", "sub"]);
        sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
        let (side, sub) = (sandbox.path("side"), sandbox.path("side/sub"));
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        let unpushed = || unpushed_submodules(&repository, &side).unwrap();
        assert_eq!(unpushed(), Vec::<PathBuf>::new(), "it is not checked out");
        sandbox.run(&side, &[&local[..], &["update", "--init"]].concat());
        sandbox.run(&sub, &["remote", "set-url", "origin", &library.display().to_string()]);
        assert_eq!(unpushed(), Vec::<PathBuf>::new());
        sandbox.commit(&sub, "new", "1\n");
        assert_eq!(unpushed(), [PathBuf::from("sub")]);
        // A person may have it in the repository's own checkout.
        let (from, to) = (sub.display().to_string(), "HEAD:refs/heads/theirs");
        sandbox.run(&main.join("sub"), &["fetch", "-q", &from, to]);
        assert_eq!(unpushed(), Vec::<PathBuf>::new());
        sandbox.run(&main.join("sub"), &["branch", "-q", "-D", "theirs"]);
        assert_eq!(unpushed(), [PathBuf::from("sub")]);
        sandbox.run(&sub, &["push", "-q", "origin", "HEAD:refs/heads/new"]);
        assert_eq!(unpushed(), Vec::<PathBuf>::new());
    }
}
