//! Taking an agent's work from a page, and clearing it away.

use orchestra_core::agents::{
    Kept, PullRequestError,
    harvest::{Harvest, HarvestError},
};
use orchestra_core::worktrees::{MergeError, Merged};
use orchestra_model::Agent;

use super::{BY, Desk, no_place, refused, said};
use crate::{data::agent::Outcome, drawn, error::AppError};

impl Desk<'_> {
    fn harvest(&self, agent: &Agent) -> Result<Harvest, AppError> {
        let git = self.tools.git().map_err(|error| refused(&error, no_place(&error)))?;
        let folder =
            self.tools.agents().open(&agent.id).map_err(|error| refused(error, "Load the page again."))?;
        Harvest::of(&folder, git).map_err(|error| not_taken(&error))
    }

    pub(super) fn merge(&self, id: &str, squash: bool) -> Result<Outcome, AppError> {
        let agent = self.find(id)?;
        let taken = self.harvest(&agent)?.merge(None, squash).map_err(|error| not_taken(&error))?;
        let (name, into) = (&agent.name, &taken.into);
        Ok(said(match &taken.merged {
            Merged::Nothing => format!("{into} has all of {name}'s work already."),
            Merged::FastForward { .. } => format!("{into} went forward to {name}'s work."),
            Merged::Commit { .. } if squash => format!("{name}'s work is one commit on {into}."),
            Merged::Commit { .. } => format!("{name}'s work is merged into {into}."),
        }))
    }

    pub(super) fn pull_request(&self, id: &str) -> Result<Outcome, AppError> {
        let agent = self.find(id)?;
        let pushed = self.tools.pull_request(&agent, None).map_err(|error| match error {
            PullRequestError::NoRemote => refused(error, "On the computer: git remote add origin URL."),
            PullRequestError::NoBase { .. } => {
                refused(error, "Make the branch, or open it on the computer: orchestra pr.")
            }
            PullRequestError::Ahead { .. } => {
                refused(error, "Send it a message: pull them and merge them into your work.")
            }
            PullRequestError::NotPushed { ref branch, ref remote, .. } => {
                let next = format!("Does `git push {remote} {branch}` work on the computer?");
                refused(error, next)
            }
            PullRequestError::Harvest(error) => not_taken(&error),
            PullRequestError::Place(error) => refused(&error, no_place(&error)),
            PullRequestError::Git(error) => refused(error, "Does `git status` work there?"),
        })?;
        let what =
            if pushed.is_open { "The pull request is open" } else { "Pushed; open the pull request there" };
        let why = pushed.refusal.map(|words| format!(" GitHub's gh opened none: {words}"));
        Ok(Outcome { said: format!("{what}.{}", why.unwrap_or_default()), go: pushed.url, undo: None })
    }

    pub(super) fn clean(&self, id: &str, anyway: bool) -> Result<Outcome, AppError> {
        let agent = self.find(id)?;
        self.tools.clean(&agent, anyway, BY, self.context.clock.now()).map_err(|kept: Kept| {
            refused(
                format!("{} is kept: {kept}", agent.name),
                "Merge or push it first, or clean it anyway: Restore undoes that.",
            )
        })?;
        let undo = Some(drawn::agents::command("restore", &[("agent", id)]));
        Ok(Outcome { said: format!("{} is in the trash for 14 days.", agent.name), go: None, undo })
    }

    pub(super) fn restore(&self, id: &str) -> Result<Outcome, AppError> {
        let agent = self.find(id)?;
        if !agent.is_cleaned {
            // It came twice.
            return Ok(said(format!("{} is back.", agent.name)));
        }
        self.tools.restore(&agent, self.context.clock.now()).map_err(|error| not_taken(&error))?;
        Ok(said(format!("{} is back.", agent.name)))
    }
}

fn not_taken(error: &HarvestError) -> AppError {
    let next = match error {
        HarvestError::NotBegun { .. } => "Wait until it has started.",
        HarvestError::AtWork { .. } => "Wait until its turn is over, or stop it.",
        HarvestError::NoTarget { .. } => "On the computer: orchestra merge NAME --into BRANCH.",
        HarvestError::Merge(MergeError::Conflict { .. }) => {
            "Nothing was changed. Send it a message: merge the branch and resolve the conflicts."
        }
        HarvestError::Merge(MergeError::InTheWay { .. }) => {
            "Nothing was changed. Commit, stash or move them on the computer first."
        }
        HarvestError::Merge(MergeError::UnderWay { .. }) => {
            "Nothing was changed. Finish or abort that on the computer first."
        }
        HarvestError::Merge(MergeError::Unfinished { .. }) => {
            "Nothing was changed. Send it a message: finish what is under way, and commit."
        }
        HarvestError::Merge(MergeError::Embedded { .. }) => {
            "Nothing was changed. Send it a message: these shall be plain files."
        }
        HarvestError::Merge(MergeError::Unpushed { .. }) => {
            "Nothing was changed. Send it a message: push what you committed in the submodules."
        }
        HarvestError::Merge(MergeError::NoIdentity) => {
            "On the computer: git config --global user.name and user.email."
        }
        HarvestError::WorktreeGone { .. } => {
            "On the computer: orchestra restore NAME makes it anew from its branch."
        }
        HarvestError::Repository(_) => "Was the repository moved? The work is still in the worktree.",
        _ => "Nothing was changed. Try again.",
    };
    refused(error, next)
}
