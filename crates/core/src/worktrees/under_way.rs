//! What is under way in a checkout: a merge, a rebase, a bisect, whose end would move a branch or needs it where it is.
//!
//! It changes nothing.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{Git, GitError, Programs, Repository};

/// A merge that is not committed yet.
pub(super) const MERGE: &str = "a merge";

/// What git leaves in a checkout's own folder until it is over, and what that is.
const SIGNS: [(&str, &str); 7] = [
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("MERGE_HEAD", MERGE),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("BISECT_LOG", "a bisect"),
    ("sequencer", "a sequence of commits"),
];

/// What is under way in a checkout whose own folder in the repository is `admin`; `None` when nothing is.
pub(super) fn what(git: &Git, checkout: &Path, admin: &Path) -> Result<Option<&'static str>, GitError> {
    for (name, what) in SIGNS {
        let is_there = fs::symlink_metadata(admin.join(name)).is_ok();
        // Kept in the table of references by repositories that have one.
        let is_ref = || -> Result<bool, GitError> {
            let arguments = ["rev-parse", "--verify", "--quiet", name];
            Ok(git.call(checkout, Programs::None, arguments)?.answer()?.status.success())
        };
        if is_there || name.ends_with("_HEAD") && is_ref()? {
            return Ok(Some(what));
        }
    }
    Ok(None)
}

/// The same for a checkout of which only the place is known.
pub(super) fn what_in(git: &Git, checkout: &Path) -> Result<Option<&'static str>, GitError> {
    let arguments = ["rev-parse", "--absolute-git-dir"];
    let admin = git.call(checkout, Programs::None, arguments)?.text()?;
    what(git, checkout, Path::new(&admin))
}

/// Where a branch, by its full name, is being rebased or bisected, and which of the two: git lists such a checkout as one
/// of no branch, and moves the branch, or goes back to it, when that is over.
pub(super) fn where_held(repository: &Repository, branch: &str) -> Option<(PathBuf, &'static str)> {
    let common = repository.common_dir();
    let own = (!repository.is_bare()).then(|| (common.to_path_buf(), repository.root().to_path_buf()));
    let others = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten().filter_map(|entry| {
        let admin = entry.path();
        let pointer = fs::read(admin.join("gitdir")).ok()?;
        let folder = admin.join(OsStr::from_bytes(pointer.trim_ascii_end())).parent()?.to_path_buf();
        Some((admin, folder))
    });
    own.into_iter()
        .chain(others)
        // In one that was removed by hand nobody ends anything.
        .filter(|(_, folder)| folder.is_dir())
        .find_map(|(admin, folder)| Some((folder, held_by(&admin, branch)?)))
}

fn held_by(admin: &Path, branch: &str) -> Option<&'static str> {
    let read = |name: &str| fs::read(admin.join(name)).unwrap_or_default();
    let is_named = |name: &str| read(name).trim_ascii_end() == branch.as_bytes();
    // A rebase may take other branches along: a line each, followed by where it stood and where it is to stand.
    let is_taken_along = || {
        read("rebase-merge/update-refs").split(|byte| *byte == b'\n').any(|line| line == branch.as_bytes())
    };
    // Here it stands by its short name.
    let is_bisected = || {
        let start = read("BISECT_START");
        branch.strip_prefix("refs/heads/").is_some_and(|name| start.trim_ascii_end() == name.as_bytes())
    };
    match () {
        () if is_named("rebase-merge/head-name")
            || is_named("rebase-apply/head-name")
            || is_taken_along() =>
        {
            Some("a rebase")
        }
        () if is_bisected() => Some("a bisect"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    /// Runs git where it is to stop.
    fn stops(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) {
        assert!(!sandbox.plain(folder).args(arguments).output().unwrap().status.success(), "{arguments:?}");
    }

    #[test]
    fn a_branch_is_found_where_it_is_rebased_or_bisected() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.run(&main, &["branch", "upstream"]);
        sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
        let side = sandbox.path("side");
        sandbox.commit(&side, "a", "side\n");
        sandbox.run(&side, &["branch", "below"]);
        sandbox.commit(&side, "b", "side\n");
        sandbox.commit(&main, "a", "main\n");
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        let held = |name: &str| where_held(&repository, &format!("refs/heads/{name}"));
        assert_eq!(held("side"), None);
        for backend in [["--merge", "--update-refs"], ["--apply", "--quiet"]] {
            stops(&sandbox, &side, &[&["rebase"][..], &backend, &["main"]].concat());
            assert_eq!(held("side"), Some((side.clone(), "a rebase")));
            assert_eq!(held("below").is_some(), backend[0] == "--merge", "it is taken along");
            assert_eq!((held("main"), held("sid")), (None, None));
            assert_eq!(what_in(&sandbox.git, &side).unwrap(), Some("a rebase"));
            sandbox.run(&side, &["rebase", "--abort"]);
        }
        sandbox.run(&main, &["bisect", "start", "main", "upstream"]);
        assert_eq!(held("main"), Some((main.clone(), "a bisect")));
        assert_eq!(what_in(&sandbox.git, &main).unwrap(), Some("a bisect"));
        sandbox.run(&main, &["bisect", "reset"]);
        assert_eq!((held("main"), what_in(&sandbox.git, &main).unwrap()), (None, None));
        stops(&sandbox, &main, &["merge", "-q", "side"]);
        assert_eq!(what_in(&sandbox.git, &main).unwrap(), Some("a merge"));
    }
}
