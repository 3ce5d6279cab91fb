//! What a worktree holds that is not committed, and committing it.

use std::path::Path;

use super::{Git, GitError, MergeError, Programs, embedded, porcelain, under_way};

/// Refuses a worktree whose files are no whole: something is under way there, files are in conflict, or there are
/// repositories within it that are no submodules.
///
/// # Errors
/// When that is so, or git fails.
pub fn see_that_all_can_be_taken(git: &Git, worktree: &Path) -> Result<(), MergeError> {
    let unfinished = |what: String| MergeError::Unfinished { folder: worktree.to_owned(), what };
    let unmerged = git.call(worktree, Programs::None, ["ls-files", "--unmerged", "-z"])?.bytes()?;
    let files = porcelain::unmerged(&unmerged);
    if !files.is_empty() {
        return Err(unfinished(format!("{} is in conflict and not resolved", files.join(", "))));
    }
    // A merge whose files are all resolved ends with the commit; anything else is not one commit.
    if let Some(what) = under_way::what_in(git, worktree)?.filter(|what| *what != under_way::MERGE) {
        return Err(unfinished(format!("{what} is under way")));
    }
    let found = embedded(git, worktree)?;
    if found.is_empty() {
        return Ok(());
    }
    let paths = found.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
    Err(MergeError::Embedded { folder: worktree.to_owned(), paths })
}

/// Commits everything that a worktree holds and git does not ignore, as its branch's next commit. `None` when there is
/// nothing.
///
/// # Errors
/// When its files are no whole, or git fails; then nothing has changed.
pub fn commit_all(git: &Git, worktree: &Path, message: &str) -> Result<Option<String>, MergeError> {
    see_that_all_can_be_taken(git, worktree)?;
    git.call(worktree, Programs::Filters, ["add", "--all", "--sparse", "--", "."])?.bytes()?;
    let is_clean = git.call(
        worktree,
        Programs::None,
        ["diff", "--cached", "--quiet", "--ignore-submodules=none", "--"],
    )?;
    if is_clean.says_yes()? {
        return Ok(None);
    }
    let arguments = ["commit", "--quiet", "--no-verify", "--file=-"];
    let committed =
        git.call(worktree, Programs::Filters, arguments)?.input(message.as_bytes().to_vec()).bytes();
    committed.map_err(MergeError::of_commit)?;
    Ok(Some(git.call(worktree, Programs::None, ["rev-parse", "HEAD"])?.text()?))
}

/// What a worktree holds that is not committed, by path; untracked files too.
///
/// # Errors
/// When git fails.
pub fn uncommitted(git: &Git, worktree: &Path) -> Result<Vec<String>, GitError> {
    let arguments = [
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--ignore-submodules=none",
    ];
    let output = git.call(worktree, Programs::None, arguments)?.bytes()?;
    let files = porcelain::short_status(&output);
    Ok(files.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;
    use crate::worktrees::testing::Sandbox;

    /// A repository with a file `a` of three lines, whose commits are Ada's, and a worktree of it on the branch `side`.
    fn with_a_worktree() -> (Sandbox, PathBuf, PathBuf) {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.commit(&main, "a", "1\n2\n3\n");
        sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
        sandbox.run(&main, &["config", "user.name", "Ada"]);
        let side = sandbox.path("side");
        (sandbox, main, side)
    }

    #[test]
    fn a_repository_within_is_not_committed_as_a_name_that_nobody_knows() {
        let (sandbox, main, side) = with_a_worktree();
        fs::write(side.join("new"), "n\n").unwrap();
        let lib = sandbox.repository("side/lib");
        let all = || {
            let run = |folder: &Path, arguments: &[&str]| sandbox.run(folder, arguments);
            let main = [&["for-each-ref"][..], &["status", "--porcelain"], &["rev-parse", "HEAD"]]
                .map(|arguments| run(&main, arguments));
            (main, run(&side, &["status", "--porcelain"]))
        };
        let before = all();
        let refused = || {
            let error = commit_all(&sandbox.git, &side, "all\n").unwrap_err();
            assert!(matches!(&error, MergeError::Embedded { paths, .. } if paths == &["lib"]), "{error}");
        };
        refused();
        assert_eq!(all(), before);
        // Whoever made it may have added it already.
        sandbox.run(&side, &["add", "lib"]);
        refused();
        sandbox.run(&side, &["commit", "-qm", "lib"]);
        refused();
        sandbox.run(&side, &["rm", "-q", "--cached", "lib"]);
        fs::remove_dir_all(lib.join(".git")).unwrap();
        assert!(commit_all(&sandbox.git, &side, "all\n").unwrap().is_some());
        assert_eq!(sandbox.run(&side, &["show", "HEAD:lib/README.md"]), "# Shop");
    }

    #[test]
    fn what_is_half_done_is_not_committed() {
        let (sandbox, main, side) = with_a_worktree();
        sandbox.commit(&main, "a", "main\n");
        sandbox.commit(&side, "a", "side\n");
        let stops = |arguments: &[&str]| {
            assert!(
                !sandbox.plain(&side).args(arguments).output().unwrap().status.success(),
                "{arguments:?}"
            );
            let before = sandbox.run(&side, &["status", "--porcelain", "--branch"]);
            let error = commit_all(&sandbox.git, &side, "all\n").unwrap_err();
            assert!(matches!(error, MergeError::Unfinished { .. }), "{error}");
            assert_eq!(sandbox.run(&side, &["status", "--porcelain", "--branch"]), before);
            error.to_string()
        };
        assert!(stops(&["rebase", "-q", "main"]).ends_with("a is in conflict and not resolved"));
        fs::write(side.join("a"), "both\n").unwrap();
        sandbox.run(&side, &["add", "a"]);
        let error = commit_all(&sandbox.git, &side, "all\n").unwrap_err();
        assert!(error.to_string().ends_with("a rebase is under way"), "{error}");
        sandbox.run(&side, &["rebase", "--abort"]);
        assert!(stops(&["merge", "-q", "main"]).ends_with("a is in conflict and not resolved"));
        // Resolved, all that is missing is the commit.
        fs::write(side.join("a"), "both\n").unwrap();
        sandbox.run(&side, &["add", "a"]);
        assert!(commit_all(&sandbox.git, &side, "all\n").unwrap().is_some());
        assert_eq!(sandbox.run(&side, &["log", "-1", "--format=%P"]).split(' ').count(), 2);
        assert_eq!(under_way::what_in(&sandbox.git, &side).unwrap(), None);
    }

    #[test]
    fn everything_is_committed_also_what_git_does_not_know_yet() {
        let (sandbox, _, side) = with_a_worktree();
        fs::write(side.join("new"), "n\n").unwrap();
        fs::write(side.join("a"), "other\n").unwrap();
        assert_eq!(uncommitted(&sandbox.git, &side).unwrap(), ["a", "new"]);
        assert!(commit_all(&sandbox.git, &side, "all\n").unwrap().is_some());
        assert!(uncommitted(&sandbox.git, &side).unwrap().is_empty());
        assert_eq!(commit_all(&sandbox.git, &side, "all\n").unwrap(), None);
    }
}
