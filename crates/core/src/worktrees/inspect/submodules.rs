//! What the submodules that are checked out in a worktree hold: their repositories lie with the worktree's and go with it, so
//! each is looked at like the worktree itself.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{Inspection, Keep, Subject, hidden_in, run, status_of, text};
use crate::worktrees::{Git, GitError, Programs, porcelain, under_way};

/// Adds what they hold, and what theirs do.
pub(super) fn submodules(subject: &Subject<'_>, found: &mut Inspection) -> Result<(), GitError> {
    let git = subject.repository.git();
    let mut open = vec![PathBuf::new()];
    while let Some(outer) = open.pop() {
        let output = run(git, &subject.worktree.join(&outer), &["ls-files", "--stage", "-z"])?;
        for path in porcelain::submodules(&output) {
            let path = outer.join(OsStr::from_bytes(path));
            // One that is no submodule is told as such.
            let is_told = found.embedded.iter().any(|told| told == path.as_os_str().as_bytes());
            if is_told || !is_checked_out(&subject.worktree.join(&path)) {
                continue;
            }
            let whys = look_into(git, &subject.worktree.join(&path), &subject.repository.root().join(&path))?;
            let path_text = text(path.as_os_str().as_bytes());
            let keep = |why: String| Keep::Submodule { path: path_text.clone(), why };
            found.reasons.extend(whys.into_iter().map(keep));
            open.push(path);
        }
    }
    Ok(())
}

/// Whether there is a repository: without one, git would answer for what is around it.
fn is_checked_out(folder: &Path) -> bool {
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir());
    is_folder && fs::symlink_metadata(folder.join(".git")).is_ok()
}

/// What a submodule holds and nobody else may have, given where the repository's own checkout has the same one.
fn look_into(git: &Git, folder: &Path, original: &Path) -> Result<Vec<String>, GitError> {
    let mut found = Vec::new();
    let mut keep = |is_so: bool, why: &str| found.extend(is_so.then(|| why.to_owned()));
    let (changed, precious) = status_of(git, folder)?;
    keep(!changed.is_empty(), "changes that are not committed");
    keep(!precious.is_empty(), "ignored files that are nowhere else");
    keep(!hidden_in(git, folder)?.is_empty(), "files that are hidden from git (assume-unchanged)");
    let admin = run(git, folder, &["rev-parse", "--absolute-git-dir"])?;
    let admin = PathBuf::from(OsStr::from_bytes(admin.trim_ascii_end()));
    if let Some(what) = under_way::what(git, folder, &admin)? {
        keep(true, &format!("{what} under way"));
    }
    let stash = ["rev-parse", "--verify", "--quiet", "refs/stash"];
    keep(git.call(folder, Programs::None, stash)?.answer()?.status.success(), "a stash");
    // A tag may have come from the remote with no branch of it: the original's own tell.
    let known = if is_checked_out(original) {
        run(git, original, &["for-each-ref", "--format=^%(objectname)"])?
    } else {
        Vec::new()
    };
    let arguments = [
        "rev-list",
        "--max-count=1",
        "--ignore-missing",
        "--stdin",
        "--exclude=refs/stash",
        "--all",
        "--not",
        "--remotes",
    ];
    let own = git.call(folder, Programs::None, arguments)?.input(known).bytes()?;
    keep(!own.is_empty(), "commits that were not pushed");
    Ok(found)
}
