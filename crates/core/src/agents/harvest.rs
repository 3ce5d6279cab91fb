//! Taking an agent's work: what it changed, merging it, pushing it, and clearing it away.
//!
//! What git does is told by [`worktrees`]; here is what it means for an agent. `taking`: committing and merging it.
//! `clearing`: into the trash and back.

mod clearing;
mod taking;

pub use clearing::{clear, lost_worktree, restore};
pub use taking::Taken;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use orchestra_model::{Agent, Changes, Commit, DiffStat};

use super::{
    Tools,
    folder::{AgentFolder, FolderError},
    plan::{Place, Plan},
};
use crate::worktrees::{
    self, CreateError, DiffError, Git, GitError, MergeError, OpenError, Repository, Trash, TrashError, Work,
    conflicts, uncommitted,
};

/// An agent's work, to be looked at and taken.
#[derive(Debug)]
pub struct Harvest {
    folder: AgentFolder,
    plan: Plan,
    agent: Agent,
    git: Git,
    repository: Repository,
    /// Where its work is: its own branch, or another that it has checked out in its worktree.
    branch: String,
    /// What is checked out there that its work cannot be on, as the rest of a sentence.
    astray: Option<String>,
    /// The commit it started from.
    commit: String,
    /// The branch it started from, if it was one.
    target: Option<String>,
    /// What it is compared with instead: its target has the work already.
    compared_with: Option<String>,
}

/// Why an agent's work could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum HarvestError {
    /// It has no branch of its own.
    #[error("{name} worked in {} as it is: there is no branch to take", .folder.display())]
    NoBranch {
        /// The agent.
        name: String,
        /// Where.
        folder: PathBuf,
    },
    /// It has not begun.
    #[error("{name} has no worktree yet")]
    NotBegun {
        /// The agent.
        name: String,
    },
    /// It is at work.
    #[error("{name} is at work")]
    AtWork {
        /// The agent.
        name: String,
    },
    /// It did not start from a branch, and none was named.
    #[error("{name} did not start from a branch, so it must be said which one takes its work")]
    NoTarget {
        /// The agent.
        name: String,
    },
    /// The agent's folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Somebody took its worktree away.
    #[error("the worktree of {name} is gone, and with it what was not committed there: {}", .folder.display())]
    WorktreeGone {
        /// Its name.
        name: String,
        /// Where it was.
        folder: PathBuf,
    },
    /// The repository cannot be opened.
    #[error(transparent)]
    Repository(#[from] OpenError),
    /// The changes cannot be read.
    #[error(transparent)]
    Diff(#[from] DiffError),
    /// The merge does not go.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The worktree does not go, or not come back.
    #[error(transparent)]
    Trash(#[from] TrashError),
    /// There is no git, and worktrees need it.
    #[error("git is not installed: there is no `git` on the PATH")]
    NoGit,
    /// The worktree cannot be made anew.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Tools {
    /// How much an agent changed, as git counts it now; `None` where that cannot be told.
    pub fn diffstat(&self, agent: &Agent) -> Option<DiffStat> {
        let folder = self.agents().open(&agent.id).ok()?;
        let mut harvest = Harvest::of(&folder, self.git.as_ref()?).ok()?;
        harvest.look_back().ok()?;
        Some(harvest.changes().ok()?.stat)
    }
}

/// Whether a branch that an agent has checked out is where its work goes on: it has all of its own, and is no person's.
fn goes_on_from(
    repository: &Repository,
    own: &str,
    here: &str,
    target: Option<&str>,
) -> Result<bool, GitError> {
    if own == here {
        return Ok(true);
    }
    let reference = |branch: &str| format!("refs/heads/{branch}");
    let has_all = !repository.has_branch(own)?
        || worktrees::is_ancestor(repository, &reference(own), &reference(here))?;
    Ok(has_all && target != Some(here))
}

impl Harvest {
    /// The work of an agent.
    ///
    /// # Errors
    /// When it has none of its own, or its repository cannot be opened.
    pub fn of(folder: &AgentFolder, git: &Git) -> Result<Self, HarvestError> {
        let (plan, agent) = (folder.plan()?, folder.agent()?);
        let (repository, commit, target) = match &plan.place {
            Place::Worktree { repository, commit, target, from, .. } => {
                let started_from = folder.started_from()?.filter(|_| from.is_some());
                (repository, started_from.unwrap_or_else(|| commit.clone()), target.clone())
            }
            Place::Folder { folder } => {
                return Err(HarvestError::NoBranch { name: plan.name, folder: folder.clone() });
            }
        };
        let repository = Repository::open(git, repository)?;
        let own = agent.branch.clone().ok_or_else(|| HarvestError::NotBegun { name: plan.name.clone() })?;
        let worktree = plan.worktree().filter(|folder| folder.is_dir());
        let (branch, astray) = match worktree {
            None => (own, None),
            Some(worktree) => match worktrees::branch_in(git, &worktree)? {
                None => (own, Some("HEAD is on no branch".to_owned())),
                Some(here) if goes_on_from(&repository, &own, &here, target.as_deref())? => (here, None),
                Some(here) => (own, Some(format!("{here} is checked out"))),
            },
        };
        Ok(Self {
            folder: folder.clone(),
            git: git.clone(),
            repository,
            branch,
            astray,
            commit,
            target,
            compared_with: None,
            agent,
            plan,
        })
    }

    /// The agent as it was then.
    pub const fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Its repository.
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The commit that its branch began at.
    pub(in crate::agents) fn began_at(&self) -> &str {
        &self.commit
    }

    /// The branch that its work is on.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Has it compared with where its target stood before it took the work.
    pub(in crate::agents) fn compare_with(&mut self, commit: &str) {
        self.compared_with = Some(commit.to_owned());
    }

    /// Has it compared with where its target stood before it took all that it made: what it did is told then as before. Answers
    /// whether that is so.
    ///
    /// # Errors
    /// When git fails.
    pub fn look_back(&mut self) -> Result<bool, HarvestError> {
        let (Some(target), Some(head)) = (&self.target, self.head()?) else { return Ok(false) };
        let Some(from) = self.folder.taken_from() else { return Ok(false) };
        let is_in = self.repository.has_branch(target)?
            && worktrees::is_within(&self.repository, &head, target)?
            && self.uncommitted()?.is_empty();
        if is_in {
            self.compared_with.get_or_insert(from);
        }
        Ok(is_in)
    }

    /// Its branch, or where that stood: one whose work is elsewhere goes with its worktree, and the trash remembers it.
    fn head(&self) -> Result<Option<String>, HarvestError> {
        if self.repository.has_branch(&self.branch)? {
            return Ok(Some(format!("refs/heads/{}", self.branch)));
        }
        let state = self.folder.agents().parent();
        let entry = state.and_then(|state| Trash::new(state, &self.git).entry(&self.plan.id));
        Ok(entry.and_then(|entry| entry.tip))
    }

    /// The branch that its work goes back to.
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Where its worktree was, when somebody took that away: what was not committed there is not told of.
    pub fn gone_worktree(&self) -> Option<&Path> {
        lost_worktree(&self.agent)
    }

    /// Its worktree, while that is there.
    fn worktree(&self) -> Option<PathBuf> {
        self.plan.worktree().filter(|folder| folder.is_dir())
    }

    fn with_work<T>(&self, act: impl FnOnce(&Work<'_>) -> Result<T, DiffError>) -> Result<T, HarvestError> {
        let worktree = self.worktree();
        let target = self.base()?;
        let head = self.head()?;
        if worktree.is_none() && head.is_none() {
            return Err(HarvestError::NotBegun { name: self.plan.name.clone() });
        }
        let branch = head.unwrap_or_default();
        let work = Work {
            git: &self.git,
            common_dir: self.repository.common_dir(),
            worktree: worktree.as_deref(),
            branch: &branch,
            base: &target,
        };
        Ok(act(&work)?)
    }

    /// What it changed.
    ///
    /// # Errors
    /// When git fails.
    pub fn changes(&self) -> Result<Changes, HarvestError> {
        self.with_work(|work| work.changes())
    }

    /// Writes what it changed as a unified diff, at most so many bytes; answers whether that was all.
    ///
    /// # Errors
    /// When git fails or it cannot be written.
    pub fn write_patch(&self, out: &mut dyn Write, most: u64) -> Result<bool, HarvestError> {
        self.with_work(|work| work.write_patch(out, most))
    }

    /// Its commits, newest first, and how many of them no remote has, where there is one.
    ///
    /// # Errors
    /// When git fails.
    pub fn commits(&self) -> Result<(Vec<Commit>, Option<u32>), HarvestError> {
        let Some(branch) = self.head()? else { return Ok((Vec::new(), None)) };
        Ok((self.own_commits()?, worktrees::unpushed(&self.repository, &branch)?))
    }

    /// Its commits alone, newest first.
    pub(in crate::agents) fn own_commits(&self) -> Result<Vec<Commit>, HarvestError> {
        let Some(branch) = self.head()? else { return Ok(Vec::new()) };
        Ok(worktrees::commits(&self.repository, &self.base()?, &branch)?)
    }

    /// Everything it made as one commit that nothing points to, or its branch when all of it is committed.
    fn tip(&self) -> Result<String, HarvestError> {
        self.tip_with(&self.uncommitted()?)
    }

    /// The same for whoever knows what is not committed.
    pub(in crate::agents) fn tip_with(&self, uncommitted: &[String]) -> Result<String, HarvestError> {
        match self.worktree().filter(|_| !uncommitted.is_empty()) {
            Some(worktree) => Ok(worktrees::preview_commit(&self.git, &worktree)?),
            None => Ok(format!("refs/heads/{}", self.branch)),
        }
    }

    /// The files that its work would conflict in, with its target and with the work of others of its repository: by the
    /// name of each that it would not go together with.
    ///
    /// # Errors
    /// When git fails.
    pub fn conflicts(&self, others: &[Self]) -> Result<Vec<(String, Vec<String>)>, HarvestError> {
        let tip = self.tip()?;
        let mut found = Vec::new();
        let mut look = |name: &str, other: &str| -> Result<(), HarvestError> {
            let files = conflicts(&self.repository, other, &tip)?;
            if !files.is_empty() {
                found.push((name.to_owned(), files));
            }
            Ok(())
        };
        if let Some(target) = &self.target {
            look(target, &format!("refs/heads/{target}"))?;
        }
        let is_same = |other: &&Self| other.repository.common_dir() == self.repository.common_dir();
        for other in others.iter().filter(|other| other.plan.id != self.plan.id).filter(is_same) {
            look(&other.plan.name, &other.tip()?)?;
        }
        Ok(found)
    }

    /// Whether there is nothing left to take: its target has all that it made, in its own commits or squashed into one.
    ///
    /// # Errors
    /// When git fails.
    pub fn is_taken(&self) -> Result<bool, HarvestError> {
        if !self.uncommitted()?.is_empty() {
            return Ok(false);
        }
        match &self.target {
            Some(target)
                if self.repository.has_branch(target)? && self.repository.has_branch(&self.branch)? =>
            {
                Ok(worktrees::has_all(&self.repository, target, &self.branch)?)
            }
            _ => Ok(self.commits()?.0.is_empty()),
        }
    }

    /// What its work is compared with: the branch that it goes back to, or the commit that it started from.
    fn base(&self) -> Result<String, HarvestError> {
        if let Some(commit) = &self.compared_with {
            return Ok(commit.clone());
        }
        // What it began on was another's work, which may not be in the target yet.
        let began_on_another = matches!(&self.plan.place, Place::Worktree { from: Some(_), .. });
        Ok(match self.target.as_ref().filter(|_| !began_on_another) {
            Some(target) if self.repository.has_branch(target)? => format!("refs/heads/{target}"),
            _ => self.commit.clone(),
        })
    }

    /// Files that are in no commit yet.
    ///
    /// # Errors
    /// When git fails.
    pub fn uncommitted(&self) -> Result<Vec<String>, HarvestError> {
        match self.worktree() {
            Some(worktree) => Ok(uncommitted(&self.git, &worktree)?),
            None => Ok(Vec::new()),
        }
    }

    /// Repositories that it made or cloned in its worktree and that are no submodules: their files are in no diff, and they
    /// are not taken. Where they are, by the top of the worktree.
    ///
    /// # Errors
    /// When git fails.
    pub fn embedded(&self) -> Result<Vec<String>, HarvestError> {
        let found = match self.worktree() {
            Some(worktree) => worktrees::embedded(&self.git, &worktree)?,
            None => Vec::new(),
        };
        Ok(found.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect())
    }
}
