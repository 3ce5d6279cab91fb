//! The git program: where it is, and the repository that a person means.

use std::path::Path;

use orchestra_core::worktrees::{Git, OpenError, Repository};

use crate::{error::Failure, places::Surroundings};

/// The program, found as a shell would find it.
pub(super) fn find(surroundings: &Surroundings) -> Result<Git, Failure> {
    surroundings.program("git").map(Git::new).ok_or_else(|| {
        Failure::new("git is not installed: there is no `git` on the PATH")
            .hint("install git 2.38 or later; --no-worktree works without it")
    })
}

/// The repository that a folder belongs to.
pub(super) fn repository(surroundings: &Surroundings, folder: &Path) -> Result<Repository, Failure> {
    Repository::open(&find(surroundings)?, folder).map_err(|error| match error {
        OpenError::NoRepository { .. } => Failure::new(error.to_string())
            .hint("go to a repository or name one with --repo; or let it work in the folder as it is: --no-worktree"),
        OpenError::Unreadable { .. } => Failure::new(error.to_string()),
    })
}
