//! Walking through what may land: each is merged, checked in the scratch worktree, and the target moved; what does not go is
//! sent back.

use std::{collections::HashSet, ffi::OsString, path::PathBuf};

use jiff::Timestamp;
use orchestra_model::{Check, LandingOutcome, LandingStep};
use sha2::{Digest, Sha256};

use super::{Candidate, LandError, LandNews, LandWish, order};
use crate::{
    agents::{
        Tools,
        control::Caller,
        harvest::{Harvest, HarvestError},
        runs::{
            RunFolder,
            check::{Checking, how_it_went},
            journal::RunEvent,
            settle::{ITSELF, end_of_output},
        },
    },
    worktrees::{self, Config, Merge, MergeError, Merged, Scratch},
};

/// How often a merge is made anew because somebody moved the target meanwhile.
const TRIES: u32 = 5;

/// What is the same for all steps.
pub(super) struct Ground<'a> {
    pub(super) tools: &'a Tools,
    pub(super) run: &'a RunFolder,
    pub(super) wish: &'a LandWish,
    pub(super) target: &'a str,
}

impl Ground<'_> {
    /// Commits what is not committed, finds the order, and walks through it.
    pub(super) fn land(
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
