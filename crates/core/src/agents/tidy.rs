//! Clearing finished agents away and bringing them back, for every surface.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState};

use super::{
    Control, Tools,
    control::Command,
    entry::Steering,
    folder::AgentFolder,
    harvest::{self, Harvest, HarvestError, lost_worktree},
};
use crate::worktrees::{GitError, Keep, OpenError, Repository, Restored, Trash, TrashError};

/// How long a client that only listens may take to end.
const UNTIL_ENDED: Duration = Duration::from_secs(15);
/// How long it is waited for processes that only pass through a worktree.
const PASSING: Duration = Duration::from_secs(2);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// Why an agent was not cleared away.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", .why.join("; "))]
pub struct Kept {
    /// A sentence each.
    pub why: Vec<String>,
    /// Whether a person may let it go all the same: `anyway`.
    pub can_be_overruled: bool,
}

impl Kept {
    pub(in crate::agents) fn because(reason: &dyn std::fmt::Display) -> Self {
        Self { why: vec![reason.to_string()], can_be_overruled: false }
    }
}

impl Tools {
    /// Clears an agent away: its worktree goes into the trash when nothing can be lost with it. `anyway` overrules what
    /// [`Tools::restore`] brings back. A client that only listens is let go first.
    ///
    /// # Errors
    /// When it is kept; then nothing has changed.
    pub fn clean(&self, agent: &Agent, anyway: bool, by: &str, now: Timestamp) -> Result<(), Kept> {
        if agent.is_cleaned {
            return Err(Kept::because(&"it is in the trash already"));
        }
        if let Some(next) = self.agents().starts_from(agent).filter(|_| !anyway) {
            let why = Kept::because(&format!("{next} of its run is to start from its branch"));
            return Err(Kept { can_be_overruled: true, ..why });
        }
        if let Some(repository) = self.gone_repository(agent) {
            return self.clear_without_repository(agent, repository, anyway, by, now);
        }
        let is_begun = |trash: Trash| trash.entry(&agent.id).is_some();
        if let Some(worktree) = lost_worktree(agent).filter(|_| !self.trash().is_ok_and(is_begun)) {
            let (worktree, name) = (worktree.display(), &agent.name);
            return Err(Kept::because(&format!(
                "its worktree {worktree} is gone; orchestra restore {name} makes it anew from its branch"
            )));
        }
        let folder = self.agents().open(&agent.id).map_err(|error| Kept::because(&error))?;
        if agent.state == AgentState::Idle {
            end_idle(&folder, by)?;
        }
        // It works in a folder as it is, or never came to a worktree.
        if agent.repo.is_none() || (agent.worktree.is_none() && agent.state == AgentState::Failed) {
            return harvest::clear(&folder, now).map_err(|error| Kept::because(&error));
        }
        let git = self.git().map_err(|error| Kept::because(&error))?;
        let trash = self.trash().map_err(|error| Kept::because(&error))?;
        let harvest = Harvest::of(&folder, git).map_err(|error| Kept::because(&error))?;
        let until = Instant::now() + PASSING;
        loop {
            match harvest.clean(&trash, anyway, now) {
                Ok(_) => return Ok(()),
                Err(HarvestError::Trash(TrashError::Kept { reasons })) => {
                    // A page that shows its changes, or a prompt of a shell, reads the worktree with git now and then.
                    let is_passing = matches!(reasons.as_slice(), [Keep::InUse { .. }]);
                    if !is_passing || Instant::now() > until {
                        let why = reasons.iter().map(ToString::to_string).collect();
                        return Err(Kept {
                            why,
                            can_be_overruled: reasons.iter().all(Keep::can_be_overruled),
                        });
                    }
                    thread::sleep(LOOK);
                }
                Err(error) => return Err(Kept::because(&error)),
            }
        }
    }

    /// The repository of an agent, when there is none any more where it was.
    fn gone_repository<'a>(&self, agent: &'a Agent) -> Option<&'a str> {
        let folder = agent.repo.as_deref()?;
        let opened = Repository::open(self.git.as_ref()?, Path::new(folder));
        let is_gone = matches!(
            opened,
            Err(OpenError::NoRepository { .. }
                | OpenError::Unreadable { error: GitError::NoFolder { .. }, .. })
        );
        is_gone.then_some(folder)
    }

    /// Clears an agent away whose repository is gone: its worktree, which nothing could bring back, stays where it is.
    fn clear_without_repository(
        &self,
        agent: &Agent,
        repository: &str,
        anyway: bool,
        by: &str,
        now: Timestamp,
    ) -> Result<(), Kept> {
        if !anyway {
            let why = Kept::because(&format!(
                "its repository {repository} is not there (was it moved?); its worktree stays where it is"
            ));
            return Err(Kept { can_be_overruled: true, ..why });
        }
        let folder = self.agents().open(&agent.id).map_err(|error| Kept::because(&error))?;
        if agent.state == AgentState::Idle {
            end_idle(&folder, by)?;
        }
        harvest::clear(&folder, now).map_err(|error| Kept::because(&error))
    }

    /// Brings an agent back that was cleared away; `None` when it had no worktree.
    ///
    /// # Errors
    /// When it cannot be brought back.
    pub fn restore(&self, agent: &Agent, now: Timestamp) -> Result<Option<Restored>, HarvestError> {
        let folder = self.agents().open(&agent.id)?;
        if agent.state == AgentState::Idle {
            // A client that only listens is let go; one that does not end is at work.
            drop(end_idle(&folder, "restore"));
        }
        harvest::restore(&folder, self.trash().ok().as_ref(), now)
    }
}

/// Lets go of a client that only listens for a follow-up, and waits until it has ended.
fn end_idle(folder: &AgentFolder, by: &str) -> Result<(), Kept> {
    let finish = Command::Steer { how: Steering::Finish };
    // Should it have ended by itself, all the better.
    drop(Control::connect(folder.path()).and_then(|mut control| control.ask(finish, by)));
    let until = Instant::now() + UNTIL_ENDED;
    while Instant::now() < until {
        if !folder.is_held() {
            return Ok(());
        }
        thread::sleep(LOOK);
    }
    Err(Kept::because(&"its client does not end"))
}
