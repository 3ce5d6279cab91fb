//! What the submodules that are checked out in a worktree hold: their repositories lie with the worktree's and go with it, so
//! each is looked at like the worktree itself.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{Inspection, Keep, Subject, hidden_in, run, status_of, text};
use crate::worktrees::{
    Git, GitError, Programs,
    submodules::{checked_out, has_unpushed},
    under_way,
};

/// Adds what they hold, and what theirs do. One that is no submodule is told as such.
pub(super) fn submodules(subject: &Subject<'_>, found: &mut Inspection) -> Result<(), GitError> {
    let git = subject.repository.git();
    for path in checked_out(git, subject.worktree, &found.embedded)? {
        let whys = look_into(git, &subject.worktree.join(&path), &subject.repository.root().join(&path))?;
        let path = text(path.as_os_str().as_bytes());
        found.reasons.extend(whys.into_iter().map(|why| Keep::Submodule { path: path.clone(), why }));
    }
    Ok(())
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
    let all = ["--exclude=refs/stash", "--all"];
    keep(has_unpushed(git, folder, original, &all)?, "commits that were not pushed");
    Ok(found)
}
