//! Clearing an agent away: what would be lost, its worktree into the trash, and back again.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState};

use super::{Harvest, HarvestError};
use crate::{
    agents::{entry::Event, folder::AgentFolder},
    worktrees::{self, Discarded, Git, Keep, NewWorktree, Restored, Source, Subject, Trash},
};

impl Harvest {
    /// Its worktree as one that may go, given the branches that its work may be in already.
    const fn subject<'a>(&'a self, worktree: &'a Path, targets: &'a [String]) -> Subject<'a> {
        Subject { repository: &self.repository, worktree, agent: &self.plan.id, targets }
    }

    /// What would be lost if its worktree went now: a sentence each; nothing when it may go.
    ///
    /// # Errors
    /// When it has no worktree.
    pub fn would_lose(&self) -> Result<Vec<String>, HarvestError> {
        let begun = || HarvestError::NotBegun { name: self.plan.name.clone() };
        let worktree = self.worktree().ok_or_else(begun)?;
        let targets: Vec<String> = self.target.iter().cloned().collect();
        let subject = self.subject(&worktree, &targets);
        // A client that only listens works in it, and is let go first. What is locked is locked by somebody else.
        let listens = self.agent.state == AgentState::Idle;
        let goes_first = |keep: &Keep| listens && matches!(keep, Keep::InUse { .. });
        let keeps = worktrees::inspect(&subject);
        Ok(keeps.iter().filter(|keep| !goes_first(keep)).map(ToString::to_string).collect())
    }

    /// Puts its worktree into the trash, if nothing can be lost with it. `anyway` overrules what the trash brings back.
    ///
    /// # Errors
    /// When it is at work, or something would be lost.
    pub fn clean(&self, trash: &Trash, anyway: bool, now: Timestamp) -> Result<Discarded, HarvestError> {
        let at_work = || HarvestError::AtWork { name: self.plan.name.clone() };
        let lock = self.folder.take_lock()?.ok_or_else(at_work)?;
        let worktree =
            self.plan.worktree().ok_or_else(|| HarvestError::NotBegun { name: self.plan.name.clone() })?;
        let targets: Vec<String> = self.target.iter().cloned().collect();
        let subject = self.subject(&worktree, &targets);
        let discarded = trash.put(&subject, anyway, now)?;
        self.folder.add_event(&lock, &Event::Cleaned, now)?;
        Ok(discarded)
    }
}

/// Clears an agent away whose folder stays as it is: only its place in the list, which [`restore`] gives back.
///
/// # Errors
/// When it is at work, or its log cannot be written.
pub fn clear(folder: &AgentFolder, now: Timestamp) -> Result<(), HarvestError> {
    let name = folder.plan()?.name;
    let lock = folder.take_lock()?.ok_or(HarvestError::AtWork { name })?;
    Ok(folder.add_event(&lock, &Event::Cleaned, now)?)
}

/// Brings an agent's worktree back from the trash, which one without needs none of; `None` when none had gone there.
///
/// # Errors
/// When it cannot be brought back.
pub fn restore(
    folder: &AgentFolder,
    trash: Option<&Trash>,
    now: Timestamp,
) -> Result<Option<Restored>, HarvestError> {
    let plan = folder.plan()?;
    let lock = folder.take_lock()?.ok_or(HarvestError::AtWork { name: plan.name.clone() })?;
    let agent = folder.agent()?;
    let is_in_place = |path: &PathBuf| {
        agent.is_cleaned
            && (path.is_dir() || agent.worktree.is_none())
            && trash.is_none_or(|trash| trash.entry(&plan.id).is_none())
    };
    let restored = match plan.worktree().filter(|path| !is_in_place(path)) {
        Some(path) => {
            let trash = trash.ok_or(HarvestError::NoGit)?;
            let is_lost = trash.entry(&plan.id).is_none() && lost_worktree(&agent).is_some();
            Some(if is_lost { make_again(folder, trash.git(), path)? } else { trash.restore(&plan.id)? })
        }
        None => None,
    };
    let branch = restored.as_ref().map(|restored| restored.branch.clone());
    folder.add_event(&lock, &Event::Restored { branch }, now)?;
    Ok(restored)
}

/// The worktree of an agent that was not cleaned away, and is gone all the same: somebody took its folder.
pub fn lost_worktree(agent: &Agent) -> Option<&Path> {
    let worktree = agent.worktree.as_deref().map(Path::new)?;
    let is_lost = agent.repo.is_some() && agent.branch.is_some() && !agent.is_cleaned && !worktree.is_dir();
    is_lost.then_some(worktree)
}

fn make_again(folder: &AgentFolder, git: &Git, worktree: PathBuf) -> Result<Restored, HarvestError> {
    let Harvest { repository, branch, commit, agent, .. } = Harvest::of(folder, git)?;
    let old = NewWorktree { agent: &agent.id, path: &worktree, branch: &branch, commit: &commit };
    worktrees::make_again(&repository, &old)?;
    Ok(Restored { worktree, branch, from: Source::Branch })
}
