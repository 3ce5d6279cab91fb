//! The git program: where it is.

use std::path::PathBuf;

use orchestra_core::worktrees::Git;

use crate::{error::Failure, places::Surroundings};

/// The program, found as a shell would find it.
pub(super) fn find(surroundings: &Surroundings) -> Result<Git, Failure> {
    program(surroundings).map(Git::new)
}

/// Where the program is.
pub(super) fn program(surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    surroundings.program("git").ok_or_else(|| {
        Failure::new("git is not installed: there is no `git` on the PATH")
            .hint("install git 2.38 or later; --no-worktree works without it")
    })
}
