//! Landing: the work of a run goes onto its target, one after the other, each tried out first.
//!
//! A merge is made beside every checkout, and checked in a scratch worktree; the target moves only when that went well,
//! by fast-forward, from exactly where it stood. What conflicts or fails goes back to its agent as a message, once for
//! the same work, the same target and the same check. What has landed is told by git, so a landing that was killed is begun again.

mod ground;

use std::{collections::HashSet, fs::File, path::PathBuf, thread, time::Duration};

use orchestra_model::{AgentState, Landing, LandingOutcome, LandingStep, TaskState};

use ground::Ground;

use super::{
    LAND_LOCK, RunError, RunFolder,
    journal::RunEvent,
    sequence::{MOST_PAIRS, fewest_conflicts},
    standing::Standing,
};
use crate::{
    agents::{
        SendError, Tools,
        folder::{AgentFolder, FolderError},
        harvest::{Harvest, HarvestError},
        spawn::PlaceError,
    },
    worktrees::{self, ConfigError, GitError, MergeError, ScratchError, Trust},
};

/// How often it is tried to begin, and how long it is waited in between.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(10);

/// How a run shall land.
#[derive(Clone, Debug, Default)]
pub struct LandWish {
    /// The branch that takes the work [the one that it started from].
    pub into: Option<String>,
    /// The command that each step is checked with [the task's own].
    pub check: Option<String>,
    /// Whether others go on when one is sent back.
    pub keep_going: bool,
}

/// How far a landing is, for whoever waits.
#[derive(Clone, Debug, PartialEq)]
pub enum LandNews {
    /// An agent's work is being tried.
    Tries {
        /// Its name.
        agent: String,
        /// Its place in the order, from 1, and how many there are.
        place: (usize, usize),
    },
    /// It is being checked.
    Checks {
        /// Its name.
        agent: String,
        /// The command.
        command: String,
    },
    /// This became of it.
    Came(LandingStep),
}

/// Why a run does not land, or not any further.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// The run cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Somebody lands it right now.
    #[error("this run is being landed already")]
    Busy,
    /// Nothing of it is in a repository.
    #[error("the agents of this run worked in a folder as it is: there is nothing to land")]
    NoBranches,
    /// Its agents did not start from one branch, and none was named.
    #[error("it must be said which branch takes the work: its agents did not start from one")]
    NoTarget,
    /// Its check would run unasked.
    #[error("{} is not trusted, and landing runs its check and setup command", .folder.display())]
    NotTrusted {
        /// The repository.
        folder: PathBuf,
    },
    /// There is no git.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// An agent's folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An agent's work cannot be taken.
    #[error(transparent)]
    Harvest(#[from] HarvestError),
    /// The target cannot move.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The scratch worktree cannot be used.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// What a worktree needs cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The setup command failed in the scratch worktree.
    #[error("the setup command fails in the worktree that the work is tried in: {0}")]
    Setup(String),
    /// Somebody stopped it.
    #[error("the landing was stopped")]
    Stopped,
    /// A check could not be started.
    #[error("the check could not be started: {0}")]
    Check(std::io::Error),
    /// An agent could not be told.
    #[error("{agent} could not be told that its work does not land: {error}")]
    Send {
        /// Its name.
        agent: String,
        /// Why.
        error: SendError,
    },
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// One that may land.
struct Candidate {
    place: u32,
    harvest: Harvest,
}

impl Tools {
    /// Lands what is done of a run.
    ///
    /// # Errors
    /// When it cannot go on; what landed until then has landed.
    pub fn land(
        &self,
        run: &RunFolder,
        wish: &LandWish,
        tell: &mut dyn FnMut(LandNews),
    ) -> Result<Landing, LandError> {
        let _lock = lock(run)?;
        drop(run.halt_of_landing().clear());
        let git = self.git()?;
        let ledger = run.ledger()?;
        let agent = |id: &_| self.agents().open(id).and_then(|folder| folder.agent()).ok();
        let standings = run.standings(&ledger, true, &agent).all;
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut waiting: Vec<(u32, LandingStep)> = Vec::new();
        for ((place, task), standing) in run.tasks().zip(&standings) {
            let Some(agent) = standing.agent.as_ref().filter(|agent| !agent.is_cleaned) else { continue };
            let open_choice = run.tasks().zip(&standings).any(|((other, rival), standing)| {
                let is_rival = other != place && rival.attempt.is_some();
                is_rival
                    && rival.attempt.map(|(first, _)| first) == task.attempt.map(|(first, _)| first)
                    && standing.agent.as_ref().is_some_and(|agent| !agent.is_cleaned)
            });
            let why = if open_choice {
                Some("one of the attempts at its task is to be chosen first".to_owned())
            } else {
                why_not(standing).or(cut_off(&run.agent(task)?)?)
            };
            match why {
                Some(why) => {
                    let outcome = LandingOutcome::Waits { why };
                    waiting.push((place, LandingStep { agent: agent.name.clone(), outcome }));
                }
                None => {
                    let harvest = Harvest::of(&run.agent(task)?, git)?;
                    match harvest.not_whole()? {
                        None => candidates.push(Candidate { place, harvest }),
                        Some(why) => {
                            let outcome = LandingOutcome::Waits { why };
                            waiting.push((place, LandingStep { agent: agent.name.clone(), outcome }));
                        }
                    }
                }
            }
        }
        let target = self.target_of(run, wish)?;
        let ground = Ground { tools: self, run, wish, target: &target };
        run.note_locked(RunEvent::LandingBegun)?;
        let mut came = Vec::new();
        let mut tell = |news: LandNews| {
            if let LandNews::Came(step) = &news {
                came.push(step.clone());
            }
            tell(news);
        };
        let landed = ground.land(&candidates, &waiting, &mut tell);
        let failure = landed.as_ref().err().map(ToString::to_string);
        let commit = landed.as_ref().map(|(_, commit)| commit.clone()).unwrap_or_default();
        let landing = Landing { run: run.id().clone(), target: target.clone(), commit, steps: came };
        let ended = RunEvent::LandingEnded { landing: Some(Box::new(landing)), failure };
        let ended = run.note_locked(ended);
        let (steps, commit) = landed?;
        ended?;
        Ok(Landing { run: run.id().clone(), target, commit, steps })
    }

    /// The branch that takes the work; also sees that the repository is trusted.
    fn target_of(&self, run: &RunFolder, wish: &LandWish) -> Result<String, LandError> {
        let repositories = run.plan.tasks.iter().filter_map(|task| match &task.agent.place {
            crate::agents::plan::Place::Worktree { repository, target, .. } => Some((repository, target)),
            crate::agents::plan::Place::Folder { .. } => None,
        });
        let (repository, target) = repositories.into_iter().next().ok_or(LandError::NoBranches)?;
        let opened = worktrees::Repository::open(self.git()?, repository).map_err(PlaceError::from)?;
        if !Trust::new(&self.state).is_trusted(opened.common_dir()) {
            return Err(LandError::NotTrusted { folder: repository.clone() });
        }
        let target = wish.into.clone().or_else(|| target.clone()).ok_or(LandError::NoTarget)?;
        if !opened.has_branch(&target)? {
            return Err(MergeError::NoTarget { branch: target }.into());
        }
        Ok(target)
    }
}

/// Takes the lock of landing. Whoever only looks whether somebody has it has it for a moment.
fn lock(run: &RunFolder) -> Result<File, LandError> {
    for _ in 0..LOOKS {
        if let Some(lock) = run.try_lock(LAND_LOCK)? {
            return Ok(lock);
        }
        thread::sleep(LOOK);
    }
    Err(LandError::Busy)
}

/// Why a task's work cannot land yet.
fn why_not(standing: &Standing) -> Option<String> {
    let is_at_work = standing.agent.as_ref().is_some_and(|agent| {
        matches!(
            agent.state,
            AgentState::Starting | AgentState::Running | AgentState::Waiting | AgentState::Parked
        )
    });
    match standing.state {
        _ if is_at_work => Some("it is at work".to_owned()),
        TaskState::Done => None,
        TaskState::Running => Some("it is at work".to_owned()),
        TaskState::Checking => Some("it is being checked".to_owned()),
        TaskState::Stopped => Some(standing.failure.clone().unwrap_or_else(|| "it was stopped".to_owned())),
        TaskState::Failed => {
            Some(standing.failure.clone().map_or("it failed".to_owned(), |why| format!("it failed: {why}")))
        }
        TaskState::Queued | TaskState::Blocked => {
            Some(standing.waits.clone().unwrap_or_else(|| "it has not started".to_owned()))
        }
    }
}

/// Why the work of a task that is done is not taken all the same: its agent was told more since, and cut off half-way.
fn cut_off(folder: &AgentFolder) -> Result<Option<String>, FolderError> {
    let agent = folder.agent()?;
    if !agent.queue.is_empty() {
        return Ok(Some("a message waits for it".to_owned()));
    }
    let how = match agent.state {
        AgentState::Failed => "it failed",
        AgentState::Lost => "its runner was killed",
        AgentState::Stopped => "it was stopped",
        _ => return Ok(None),
    };
    Ok(folder.is_half_done()?.then(|| format!("{how} in the middle of what it was told last")))
}

/// The order in which they land.
fn order(run: &RunFolder, candidates: &[Candidate], target: &str) -> Result<Vec<usize>, LandError> {
    let index = |place: u32| candidates.iter().position(|candidate| candidate.place == place);
    let comes_after: Vec<Vec<usize>> = candidates
        .iter()
        .map(|candidate| {
            let task = run.task(candidate.place);
            let after = task.into_iter().flat_map(|task| task.comes_after());
            after.chain(run.starter_of(candidate.place)).filter_map(index).collect()
        })
        .collect();
    let work: Vec<(String, HashSet<String>)> = candidates
        .iter()
        .map(|candidate| {
            let branch = format!("refs/heads/{}", candidate.harvest.branch());
            let tip = worktrees::commit_of(candidate.harvest.repository(), &branch)?.unwrap_or(branch);
            let files = candidate.harvest.changes()?.files.into_iter();
            let paths = files.flat_map(|file| [Some(file.path), file.old_path]).flatten().collect();
            Ok((tip, paths))
        })
        .collect::<Result<_, HarvestError>>()?;
    let Some(repository) = candidates.first().map(|candidate| candidate.harvest.repository()) else {
        return Ok(Vec::new());
    };
    let Some(target) = worktrees::commit_of(repository, &format!("refs/heads/{target}"))? else {
        return Ok(fewest_conflicts(&comes_after, &[]));
    };
    // With the target each, then with each other: only what changes the same files can conflict.
    let mut asked: Vec<(usize, Option<usize>)> = (0..work.len()).map(|one| (one, None)).collect();
    for (one, (_, paths)) in work.iter().enumerate() {
        let others = work.iter().enumerate().skip(one + 1);
        let near = others.filter(|(_, (_, other))| !paths.is_disjoint(other));
        asked.extend(near.map(|(other, _)| (one, Some(other))));
    }
    asked.truncate(work.len() + MOST_PAIRS);
    let commit = |at: usize| work[at].0.clone();
    let pairs: Vec<(String, String)> = asked
        .iter()
        .map(|(one, other)| (commit(*one), other.map_or_else(|| target.clone(), commit)))
        .collect();
    let mut conflicts = Vec::new();
    for ((one, other), files) in asked.into_iter().zip(worktrees::conflicts_of(repository, &pairs)?) {
        match other {
            _ if files.is_empty() => {}
            Some(other) => conflicts.push((one, other)),
            // What does not go onto the target as it is would only keep others waiting.
            None => conflicts.extend((0..work.len()).filter(|other| *other != one).map(|other| (one, other))),
        }
    }
    Ok(fewest_conflicts(&comes_after, &conflicts))
}
