//! Taking an agent's work: committing what is not committed, once it was seen to be whole, and merging it.

use jiff::Timestamp;
use orchestra_model::AgentState;

use super::{Harvest, HarvestError};
use crate::{
    agents::{Control, control::Command, entry::Event},
    worktrees::{self, Merge, MergeError, Merged, Programs, commit_all},
};

/// How long the first line of a commit's message gets, in characters.
const SUBJECT: usize = 72;

/// What a merge did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The branch that took it.
    pub into: String,
    /// How.
    pub merged: Merged,
    /// Files that were committed first, because they were not.
    pub committed: Vec<String>,
}

impl Harvest {
    /// Why its work cannot be taken as it stands in its worktree, in words that follow its name; `None` when it can.
    ///
    /// # Errors
    /// When git fails.
    pub(in crate::agents) fn not_whole(&self) -> Result<Option<String>, HarvestError> {
        match self.see_that_it_is_whole() {
            Ok(()) => Ok(None),
            Err(HarvestError::WorktreeGone { .. }) => Ok(Some("its worktree is gone".to_owned())),
            Err(HarvestError::Merge(MergeError::Unfinished { what, .. })) => {
                Ok(Some(format!("in its worktree {what}")))
            }
            Err(HarvestError::Merge(MergeError::Embedded { paths, .. })) => Ok(Some(format!(
                "it made git repositories of its own, whose commits would stay behind: {}",
                paths.join(", ")
            ))),
            Err(HarvestError::Merge(MergeError::Unpushed { paths, .. })) => {
                Ok(Some(format!("its submodule {} is at a commit that was not pushed", paths.join(", "))))
            }
            Err(error) => Err(error),
        }
    }

    /// Refuses what could only be taken in part: what its worktree holds half done, what nobody else would have of its
    /// submodules, and what is on no branch of its own.
    fn see_that_it_is_whole(&self) -> Result<(), HarvestError> {
        if let Some(folder) = self.gone_worktree() {
            return Err(HarvestError::WorktreeGone {
                name: self.plan.name.clone(),
                folder: folder.to_owned(),
            });
        }
        let Some(worktree) = self.worktree() else { return Ok(()) };
        worktrees::see_that_all_can_be_taken(&self.git, &worktree)?;
        let unpushed = worktrees::unpushed_submodules(&self.repository, &worktree)?;
        if !unpushed.is_empty() {
            let paths = unpushed.iter().map(|path| path.to_string_lossy().into_owned()).collect();
            return Err(MergeError::Unpushed { folder: worktree, paths }.into());
        }
        let Some(what) = &self.astray else { return Ok(()) };
        let is_on_its_branch = || -> Result<bool, HarvestError> {
            let head = self.git.call(&worktree, Programs::None, ["rev-parse", "HEAD"])?.text()?;
            let branches = [Some(&self.branch), self.target.as_ref()];
            for branch in branches.into_iter().flatten() {
                if self.repository.has_branch(branch)?
                    && worktrees::is_ancestor(&self.repository, &head, &format!("refs/heads/{branch}"))?
                {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        if self.uncommitted()?.is_empty() && is_on_its_branch()? {
            return Ok(());
        }
        let what = format!("{what}, and its work is not on {}", self.branch);
        Err(MergeError::Unfinished { folder: worktree, what }.into())
    }

    /// What its commits say: the task.
    pub(in crate::agents) fn message(&self, subject: &str) -> String {
        let task = self.plan.task.trim();
        let line = task.lines().next().unwrap_or_default();
        let short: String = line.chars().take(SUBJECT).collect();
        let subject = if subject.is_empty() { short.clone() } else { subject.to_owned() };
        if subject == task { format!("{subject}\n") } else { format!("{subject}\n\n{task}\n") }
    }

    pub(in crate::agents) fn see_that_it_rests(&self) -> Result<(), HarvestError> {
        match self.agent.state {
            AgentState::Starting | AgentState::Running | AgentState::Waiting | AgentState::Parked => {
                Err(HarvestError::AtWork { name: self.plan.name.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Commits what is in no commit yet, as its branch's next one; answers the files.
    ///
    /// # Errors
    /// When it is at work, or git fails.
    pub fn commit(&self) -> Result<Vec<String>, HarvestError> {
        self.see_that_it_rests()?;
        self.see_that_it_is_whole()?;
        let files = self.uncommitted()?;
        if let (Some(worktree), false) = (self.worktree(), files.is_empty()) {
            commit_all(&self.git, &worktree, &self.message(""))?;
        }
        Ok(files)
    }

    /// Takes its work into a branch, the one it started from unless another is named. What is in no commit yet is
    /// committed first, once it was seen that nothing conflicts or is in the way.
    ///
    /// # Errors
    /// When it is at work, or the merge does not go; then nothing has changed. Only what comes in the way between the
    /// look and the merge finds its work committed on its own branch.
    pub fn merge(&self, into: Option<&str>, squash: bool) -> Result<Taken, HarvestError> {
        self.see_that_it_rests()?;
        let into = into.or(self.target.as_deref());
        let into = into.ok_or_else(|| HarvestError::NoTarget { name: self.plan.name.clone() })?;
        if !self.repository.has_branch(into)? {
            return Err(MergeError::NoTarget { branch: into.to_owned() }.into());
        }
        let subject = if squash { String::new() } else { format!("Merge branch '{}'", self.branch) };
        let message = self.message(&subject);
        self.see_that_it_is_whole()?;
        if let Some(worktree) = self.worktree()
            && !self.uncommitted()?.is_empty()
        {
            let preview = worktrees::preview_commit(&self.git, &worktree)?;
            let branch = preview.as_str();
            self.try_out(&Merge { repository: &self.repository, branch, into, squash, message: &message })?;
        }
        let committed = self.commit()?;
        let branch = format!("refs/heads/{}", self.branch);
        let merge = Merge { repository: &self.repository, branch: &branch, into, squash, message: &message };
        let made = merge.run()?;
        if made.merged.commit().is_some() {
            self.note_taken(&made.from);
        }
        Ok(Taken { into: into.to_owned(), merged: made.merged, committed })
    }

    /// Notes that its work was taken, and where the target stood before. Only what is told of it later hangs on that.
    fn note_taken(&self, from: &str) {
        let _ = self.folder.note_taken_from(from);
        match self.folder.take_lock() {
            Ok(Some(lock)) => drop(self.folder.add_event(&lock, &Event::Taken, Timestamp::now())),
            // One that listens has a runner, which alone writes its log.
            _ => {
                drop(Control::connect(self.folder.path()).and_then(|mut it| it.ask(Command::Taken, "merge")))
            }
        }
    }

    /// Sees that a merge of what is not committed yet would go.
    fn try_out(&self, merge: &Merge<'_>) -> Result<(), MergeError> {
        let tried = merge.make().and_then(|made| merge.see_that_it_arrives(&made));
        tried.map_err(|error| match error {
            MergeError::Conflict { into, files, .. } => {
                MergeError::Conflict { branch: self.branch.clone(), into, files }
            }
            error => error,
        })
    }
}
