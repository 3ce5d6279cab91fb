//! Landing: the work of a run goes onto its target, one after the other, each tried out first.
//!
//! A merge is made beside every checkout, and checked in a scratch worktree; the target moves only when that went well,
//! by fast-forward, from exactly where it stood. What conflicts or fails goes back to its agent as a message, once for
//! the same work, the same target and the same check. What has landed is told by git, so a landing that was killed is begun again.

use std::{collections::HashSet, ffi::OsString, fs::File, path::PathBuf, thread, time::Duration};

use jiff::Timestamp;
use orchestra_model::{AgentState, Check, Landing, LandingOutcome, LandingStep, TaskState};
use sha2::{Digest, Sha256};

use super::{
    LAND_LOCK, RunError, RunFolder,
    check::{Checking, how_it_went},
    journal::RunEvent,
    sequence::{MOST_PAIRS, fewest_conflicts},
    standing::Standing,
    step::{ITSELF, end_of_output},
};
use crate::{
    agents::{
        SendError, Tools,
        control::Caller,
        folder::{AgentFolder, FolderError},
        harvest::{Harvest, HarvestError},
        spawn::PlaceError,
    },
    worktrees::{
        self, Config, ConfigError, GitError, Merge, MergeError, Merged, Scratch, ScratchError, Trust,
    },
};

/// How often it is tried to begin, and how long it is waited in between.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(10);
/// How often a merge is made anew because somebody moved the target meanwhile.
const TRIES: u32 = 5;

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

/// What is the same for all steps.
struct Ground<'a> {
    tools: &'a Tools,
    run: &'a RunFolder,
    wish: &'a LandWish,
    target: &'a str,
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

impl Ground<'_> {
    /// Commits what is not committed, finds the order, and walks through it.
    fn land(
        &self,
        candidates: &[Candidate],
        waiting: &[(u32, LandingStep)],
        tell: &mut dyn FnMut(LandNews),
    ) -> Result<(Vec<LandingStep>, String), LandError> {
        for candidate in candidates {
            match candidate.harvest.commit() {
                // Told more in the meantime, it waits when its turn comes.
                Err(HarvestError::AtWork { .. }) => {}
                committed => drop(committed?),
            }
        }
        let order = order(self.run, candidates, self.target)?;
        self.walk(candidates, &order, waiting, tell)
    }

    /// Tries one after the other; answers what became of each, and where the target stands.
    fn walk(
        &self,
        candidates: &[Candidate],
        order: &[usize],
        waiting: &[(u32, LandingStep)],
        tell: &mut dyn FnMut(LandNews),
    ) -> Result<(Vec<LandingStep>, String), LandError> {
        let mut scratch: Option<Scratch<'_>> = None;
        let mut outcome = Ok(());
        let mut steps: Vec<LandingStep> = Vec::new();
        // Those that have not landed, by their places, and the one that all others wait for.
        let mut open: HashSet<u32> = waiting.iter().map(|(place, _)| *place).collect();
        let mut held_by: Option<(String, &str)> = None;
        for (number, index) in order.iter().enumerate() {
            let Some(candidate) = candidates.get(*index) else { continue };
            let agent = candidate.harvest.agent().name.clone();
            let task = self.run.task(candidate.place);
            let before =
                task.into_iter().flat_map(|task| task.comes_after()).find(|place| open.contains(place));
            let name = |place: u32| self.run.task(place).map(|task| task.name.clone()).unwrap_or_default();
            let begun_on = self.run.starter_of(candidate.place).filter(|place| open.contains(place));
            let step = if let Some(before) = before.map(name) {
                Ok(LandingOutcome::Waits { why: format!("it comes after {before}, which has not landed") })
            } else if let Some(starter) = begun_on
                && !self.has(candidate, candidate.harvest.began_at())?
            {
                let starter = name(starter);
                Ok(LandingOutcome::Waits {
                    why: format!("it began on the work of {starter}, which has not landed"),
                })
            } else if held_by.is_some()
                && self.has(candidate, &format!("refs/heads/{}", candidate.harvest.branch()))?
            {
                Ok(LandingOutcome::Nothing)
            } else if let Some((first, what)) = &held_by {
                Ok(LandingOutcome::Waits { why: format!("{first} {what}, and others wait for it") })
            } else if self.run.halt_of_landing().is_wanted() {
                Err(LandError::Stopped)
            } else {
                tell(LandNews::Tries { agent: agent.clone(), place: (number + 1, order.len()) });
                self.try_one(candidate, &mut scratch, tell)
            };
            match step {
                Ok(became) => {
                    match &became {
                        LandingOutcome::Landed { .. } | LandingOutcome::Nothing => {}
                        LandingOutcome::Waits { .. } | LandingOutcome::InTheWay { .. } => {
                            open.insert(candidate.place);
                        }
                        LandingOutcome::Conflict { .. } | LandingOutcome::Red { .. } => {
                            open.insert(candidate.place);
                            if !self.wish.keep_going {
                                let what =
                                    if became.is_sent_back() { "was sent back" } else { "does not land" };
                                held_by = Some((agent.clone(), what));
                            }
                        }
                    }
                    let step = LandingStep { agent, outcome: became };
                    tell(LandNews::Came(step.clone()));
                    steps.push(step);
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        // Also one that a landing left which was cut off.
        let left = || Scratch::left(candidates.first()?.harvest.repository(), &self.scratch_place());
        if let Some(scratch) = scratch.or_else(left) {
            scratch.remove();
        }
        outcome?;
        for (_, step) in waiting {
            tell(LandNews::Came(step.clone()));
            steps.push(step.clone());
        }
        let commit = match candidates.first() {
            Some(first) => {
                worktrees::commit_of(first.harvest.repository(), &format!("refs/heads/{}", self.target))?
            }
            None => None,
        };
        Ok((steps, commit.unwrap_or_default()))
    }

    /// Whether the target has a commit.
    fn has(&self, candidate: &Candidate, commit: &str) -> Result<bool, LandError> {
        let target = format!("refs/heads/{}", self.target);
        Ok(worktrees::is_ancestor(candidate.harvest.repository(), commit, &target)?)
    }

    /// The work of an agent as it is by now, all of it committed, and its last commit; `None` while it is at work on it:
    /// others took their time, and it may have been told more.
    fn as_it_is_now(&self, candidate: &Candidate) -> Result<Option<(Harvest, String)>, LandError> {
        let folder = self.tools.agents().open(&candidate.harvest.agent().id)?;
        let harvest = {
            // Without a client it does not begin meanwhile.
            let _lock = folder.take_lock()?;
            let harvest = Harvest::of(&folder, self.tools.git()?)?;
            match harvest.commit() {
                Err(HarvestError::AtWork { .. }) => return Ok(None),
                committed => drop(committed?),
            }
            harvest
        };
        let branch = format!("refs/heads/{}", harvest.branch());
        let tip = worktrees::commit_of(harvest.repository(), &branch)?.unwrap_or(branch);
        // Looked at afterwards: whoever is at work only now made nothing of what stands there.
        let is_at_work = Harvest::of(&folder, self.tools.git()?)?.see_that_it_rests().is_err();
        Ok((!is_at_work).then_some((harvest, tip)))
    }

    /// Makes the merge, checks it, and moves the target.
    fn try_one<'r>(
        &self,
        candidate: &'r Candidate,
        scratch: &mut Option<Scratch<'r>>,
        tell: &mut dyn FnMut(LandNews),
    ) -> Result<LandingOutcome, LandError> {
        let repository = candidate.harvest.repository();
        let Some((harvest, tip)) = self.as_it_is_now(candidate)? else {
            return Ok(LandingOutcome::Waits { why: "it is at work".to_owned() });
        };
        let message = harvest.message(&format!("Merge branch '{}'", harvest.branch()));
        let merge = Merge { repository, branch: &tip, into: self.target, squash: false, message: &message };
        let own = self.run.check_of(candidate.place);
        let command = self.wish.check.clone().or(own).filter(|command| !command.trim().is_empty());
        for tried in 1.. {
            let made = match merge.make() {
                Ok(made) => made,
                Err(MergeError::Conflict { files, .. }) => {
                    let text = format!(
                        "Your work and {target} change the same lines of {files}. Merge {target} into your branch \
                         ({branch}), resolve the conflicts so that both keep what they mean, and commit.",
                        target = self.target,
                        files = files.join(", "),
                        branch = harvest.branch(),
                    );
                    let why = format!("it conflicts in {}", files.join(", "));
                    let told = self.send_back(candidate, &text, None, &why)?;
                    return Ok(LandingOutcome::Conflict { files, told });
                }
                Err(error) => return Err(error.into()),
            };
            let commit = match &made.merged {
                Merged::Nothing => return Ok(LandingOutcome::Nothing),
                Merged::FastForward { commit } | Merged::Commit { commit } => commit.clone(),
            };
            let mut check = None;
            if let Some(command) = &command {
                let name = harvest.agent().name.clone();
                tell(LandNews::Checks { agent: name, command: command.clone() });
                let found = self.check(candidate, scratch, command, &commit)?;
                if !found.passed {
                    let text = format!(
                        "With your work merged into {target}, the check fails: {how}. {output}\n\nMerge {target} into your branch ({branch}), mend it, and commit.",
                        target = self.target,
                        how = how_it_went(&found),
                        output = end_of_output(&found.output),
                        branch = harvest.branch(),
                    );
                    let told = self.send_back(candidate, &text, Some(command), &how_it_went(&found))?;
                    return Ok(LandingOutcome::Red { check: found, told });
                }
                check = Some(found);
            }
            match merge.arrive(&made) {
                Ok(()) => {
                    let (task, target) = (candidate.place, self.target.to_owned());
                    let (from, commit, turns) = (made.from, commit.clone(), harvest.agent().turns);
                    let landed =
                        RunEvent::Landed { task, target, from, commit: commit.clone(), turns: Some(turns) };
                    self.run.note_locked(landed)?;
                    if let Some(check) = check.clone() {
                        // It is the last word on this work.
                        self.run.note_locked(RunEvent::Checked { task, turns, check })?;
                    }
                    return Ok(LandingOutcome::Landed { commit, check });
                }
                // What others have made may not touch those files.
                Err(MergeError::InTheWay { folder, files }) => {
                    let folder = folder.display().to_string();
                    return Ok(LandingOutcome::InTheWay { folder, files });
                }
                // What was checked is not what would be there now.
                Err(MergeError::Moved { .. }) if tried < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(MergeError::Moved { branch: self.target.to_owned() }.into())
    }

    /// Where the scratch worktree is, when there is one.
    fn scratch_place(&self) -> PathBuf {
        self.tools.state.join("landing").join(self.run.id().as_str())
    }

    /// Runs a check on a commit, in the scratch worktree, which is made and set up when it is first needed.
    fn check<'r>(
        &self,
        candidate: &'r Candidate,
        scratch: &mut Option<Scratch<'r>>,
        command: &str,
        commit: &str,
    ) -> Result<Check, LandError> {
        let repository = candidate.harvest.repository();
        let config = Config::read(repository, commit)?;
        let is_new = scratch.is_none();
        let path = self.scratch_place();
        let scratch = match scratch {
            Some(there) => {
                there.go_to(commit)?;
                there
            }
            None => scratch.insert(Scratch::at(repository, &path, commit)?),
        };
        if !repository.is_bare() {
            config.copy_files(repository.root(), scratch.path());
        }
        let run = |command: &str| {
            let given: Vec<(OsString, OsString)> =
                vec![("ORCHESTRA_REPOSITORY".into(), repository.root().into())];
            let scrubbed = &self.tools.scrubbed;
            let halt = self.run.halt_of_landing();
            let checking = Checking { command, folder: scratch.path(), scrubbed, given, halt };
            let ran = checking.run().map_err(LandError::Check)?;
            if self.run.halt_of_landing().is_wanted() { Err(LandError::Stopped) } else { Ok(ran) }
        };
        if let Some(setup) = config.setup.filter(|_| is_new) {
            let ran = run(&setup)?;
            if !ran.passed {
                let last = ran.output.lines().last().unwrap_or_default();
                return Err(LandError::Setup(format!("{}: {last}", how_it_went(&ran))));
            }
        }
        run(command)
    }

    /// Tells an agent why its work does not land, once for the same work, the same target and the same check; answers
    /// whether it is to work on that now. When it was told and has changed nothing, saying it again would not help.
    fn send_back(
        &self,
        candidate: &Candidate,
        text: &str,
        check: Option<&str>,
        why: &str,
    ) -> Result<bool, LandError> {
        let agent = candidate.harvest.agent();
        let repository = candidate.harvest.repository();
        let stands = |name: &str| worktrees::commit_of(repository, &format!("refs/heads/{name}"));
        let (work, target) = (stands(candidate.harvest.branch())?, stands(self.target)?);
        let short = |text: String| text.chars().take(12).collect::<String>();
        let (work, target) = (short(work.unwrap_or_default()), short(target.unwrap_or_default()));
        let mut key = format!("land-{}-{work}-{target}", self.run.id());
        // What a task is always checked with is what it was told of.
        let own = self.run.task(candidate.place).and_then(|task| task.check.as_deref());
        if let Some(command) = check.filter(|command| own != Some(*command)) {
            let hash = Sha256::digest(command).iter().map(|byte| format!("{byte:02x}")).collect();
            key = format!("{key}-{}", short(hash));
        }
        let agents = self.tools.agents();
        let was_told = agents.open(&agent.id)?.wish(&key)?.is_some();
        let caller = Caller { by: ITSELF.to_owned(), key: Some(key) };
        let sent = agents.send(&agent.id, text, &caller, &self.tools.launcher, Timestamp::now());
        let sent = sent.map_err(|error| LandError::Send { agent: agent.name.clone(), error })?;
        if !was_told {
            self.run.note_locked(RunEvent::SentBack { task: candidate.place, why: why.to_owned() })?;
        }
        // Resumed, it had not heard of it yet.
        Ok(!was_told || sent.resumed)
    }
}
