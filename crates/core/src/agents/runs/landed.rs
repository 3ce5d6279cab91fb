//! Whether what landed once is still all there is of a task's work: what its agent made since is to be landed again, and
//! what was taken off the target again is not there.

use super::journal::Landed;
use crate::{
    agents::harvest::{Harvest, HarvestError},
    worktrees,
};

impl Landed {
    /// Whether an agent that has ended so many turns may have made more since. Those of older versions are believed: many
    /// runs are listed at once, and git is not asked of each.
    pub(super) fn may_be_outdated(&self, turns: u32) -> bool {
        self.turns.is_some_and(|then| then != turns)
    }

    /// Whether the branch that took the work has all of it as it is now.
    pub(super) fn is_all_of(&self, harvest: &Harvest) -> Result<bool, HarvestError> {
        if !harvest.uncommitted()?.is_empty() {
            return Ok(false);
        }
        let repository = harvest.repository();
        if !repository.has_branch(harvest.branch())? {
            // It went with its worktree, as what has landed does.
            return Ok(true);
        }
        let tip = format!("refs/heads/{}", harvest.branch());
        if repository.has_branch(&self.target)? {
            return Ok(worktrees::has_work(repository, &self.target, &tip)?);
        }
        // The branch that took it was only on the way to another.
        Ok(worktrees::is_ancestor(repository, &tip, &self.commit)?)
    }
}
