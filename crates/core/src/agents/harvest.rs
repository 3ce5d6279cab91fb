//! Taking an agent's work: what it changed, merging it, pushing it, and clearing it away.
//!
//! What git does is told by [`worktrees`]; here is what it means for an agent.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState, Changes, Commit, DiffStat};

use super::{
    Control, Tools,
    control::Command,
    entry::Event,
    folder::{AgentFolder, FolderError},
    plan::{Place, Plan},
};
use crate::worktrees::{
    self, CreateError, DiffError, Discarded, Git, GitError, Keep, Merge, MergeError, Merged, NewWorktree,
    OpenError, Programs, Repository, Restored, Source, Subject, Trash, TrashError, Work, commit_all,
    conflicts, uncommitted,
};

/// How long the first line of a commit's message gets, in characters.
const SUBJECT: usize = 72;

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
                Some(here) if target.as_ref() == Some(&here) => {
                    (own, Some(format!("{here} itself is checked out")))
                }
                Some(here) => (here, None),
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
        let base = self.base()?;
        Ok((
            worktrees::commits(&self.repository, &base, &branch)?,
            worktrees::unpushed(&self.repository, &branch)?,
        ))
    }

    /// Everything it made as one commit that nothing points to, or its branch when all of it is committed.
    pub(in crate::agents) fn tip(&self) -> Result<String, HarvestError> {
        match self.worktree() {
            Some(worktree) if !self.uncommitted()?.is_empty() => {
                Ok(worktrees::preview_commit(&self.git, &worktree)?)
            }
            _ => Ok(format!("refs/heads/{}", self.branch)),
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

    /// Why its work cannot be taken as it stands in its worktree, in words that follow its name; `None` when it can.
    ///
    /// # Errors
    /// When git fails.
    pub(in crate::agents) fn not_whole(&self) -> Result<Option<String>, HarvestError> {
        match self.see_that_it_is_whole() {
            Ok(()) => Ok(None),
            Err(HarvestError::Merge(MergeError::Unfinished { what, .. })) => {
                Ok(Some(format!("in its worktree {what}")))
            }
            Err(HarvestError::Merge(MergeError::Embedded { paths, .. })) => Ok(Some(format!(
                "it made git repositories of its own, whose commits would stay behind: {}",
                paths.join(", ")
            ))),
            Err(error) => Err(error),
        }
    }

    /// Refuses what could only be taken in part: what its worktree holds half done, and what is on no branch of its own.
    fn see_that_it_is_whole(&self) -> Result<(), HarvestError> {
        let Some(worktree) = self.worktree() else { return Ok(()) };
        worktrees::see_that_all_can_be_taken(&self.git, &worktree)?;
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

    fn see_that_it_rests(&self) -> Result<(), HarvestError> {
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

/// Clears an agent away that has no worktree: only its place in the list, which [`restore`] gives back.
///
/// # Errors
/// When it is at work, or its log cannot be written.
pub fn clear(folder: &AgentFolder, now: Timestamp) -> Result<(), HarvestError> {
    let name = folder.plan()?.name;
    let lock = folder.take_lock()?.ok_or(HarvestError::AtWork { name })?;
    Ok(folder.add_event(&lock, &Event::Cleaned, now)?)
}

/// Brings an agent's worktree back from the trash, which one without needs none of; `None` when it had none.
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
    let restored = match plan.worktree() {
        Some(path) => {
            let trash = trash.ok_or(HarvestError::NoGit)?;
            let is_lost = trash.entry(&plan.id).is_none() && lost_worktree(&folder.agent()?).is_some();
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
