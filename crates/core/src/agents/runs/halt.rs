//! Ending what a run does without an agent: checks, and a landing.
//!
//! That a check is not to run is written down; whoever runs it right now looks for a file besides, which is only the
//! quicker way of being told.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use orchestra_model::{AgentId, AgentState, TaskState};

use super::{LAND_LOCK, RunError, RunFolder, journal::RunEvent, step::STEP_LOCK};

/// Who stopped an agent that a person stopped with all of its run.
pub const WITH_ITS_RUN: &str = "its run";
/// Who stopped one whose run has used what it may.
pub(in crate::agents) const BUDGET: &str = "its run's budget";
/// Who stopped one whose machine shuts down, or whose guard was killed.
pub(in crate::agents) const SYSTEM: &str = "the system";

/// How long a command may take to end after that was asked for: it is killed.
const UNTIL_ENDED: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(20);

/// Where whoever runs a command is told to end it.
#[derive(Clone, Debug)]
pub(super) struct Halt(PathBuf);

impl Halt {
    /// By this file.
    pub(super) const fn at(file: PathBuf) -> Self {
        Self(file)
    }

    /// Of what has a lock of this name.
    fn of(run: &Path, lock: &str) -> Self {
        Self::at(run.join(lock).with_extension("halt"))
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.0.exists()
    }

    fn want(&self) -> io::Result<()> {
        fs::write(&self.0, [])
    }

    /// Forgets what an earlier one was told. Whoever calls holds the lock.
    pub(super) fn clear(self) -> Self {
        // Where there is none, nobody was told.
        drop(fs::remove_file(&self.0));
        self
    }
}

/// The lock that whoever checks a task holds.
pub(super) fn check_lock(place: u32) -> String {
    format!("check-{place}.lock")
}

impl RunFolder {
    /// How whoever checks a task is told to end that.
    pub(super) fn halt_of_check(&self, place: u32) -> Halt {
        Halt::of(&self.path, &check_lock(place))
    }

    /// How whoever lands it is told to end that.
    pub(super) fn halt_of_landing(&self) -> Halt {
        Halt::of(&self.path, LAND_LOCK)
    }

    /// Ends the checks of an agent's work, or of all agents' when none is named, also those that were about to begin;
    /// answers whose. They run again when that is [wanted](Self::revive), or the agent has done more.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn stop_checks(&self, only: Option<&AgentId>, by: &str) -> Result<Vec<AgentId>, RunError> {
        let mut stopped = Vec::new();
        {
            let _lock = self.lock(STEP_LOCK)?;
            let mut ledger = self.ledger()?;
            let standings = self.look(&ledger).all;
            for ((place, task), standing) in self.tasks().zip(standings) {
                let is_meant = only.is_none_or(|only| *only == task.agent.id);
                if let (TaskState::Checking, Some(agent), true) = (standing.state, standing.agent, is_meant) {
                    let (turns, by) = (agent.turns, by.to_owned());
                    self.note(&mut ledger, RunEvent::CheckStopped { task: place, turns, by })?;
                    self.tell(&self.halt_of_check(place))?;
                    stopped.push((place, agent.id));
                }
            }
        }
        for (place, _) in &stopped {
            self.wait_for(&check_lock(*place))?;
        }
        Ok(stopped.into_iter().map(|(_, id)| id).collect())
    }

    /// Has all gone on with that was stopped with the run or by its budget, or killed, and checks that were stopped run
    /// again; answers whether there is any. What a person stopped by itself, or what failed, is left to them.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn revive(&self, by: &str) -> Result<bool, RunError> {
        let _lock = self.lock(STEP_LOCK)?;
        let mut ledger = self.ledger()?;
        let unchecked: Vec<u32> = ledger.not_checked.keys().copied().collect();
        for task in &unchecked {
            self.note(&mut ledger, RunEvent::CheckWanted { task: *task })?;
        }
        let mut tasks = Vec::new();
        for (place, task) in self.tasks() {
            let folder = self.agent(task)?;
            let agent = folder.agent()?;
            let is_meant = match agent.state {
                AgentState::Lost => true,
                AgentState::Stopped => {
                    let by = folder.stopped_by()?;
                    by.is_some_and(|by| [WITH_ITS_RUN, BUDGET, SYSTEM].contains(&by.as_str()))
                }
                _ => false,
            };
            if is_meant && !agent.is_cleaned {
                tasks.push(place);
            }
        }
        let is_any = !unchecked.is_empty() || !tasks.is_empty();
        if !tasks.is_empty() {
            self.note(&mut ledger, RunEvent::Revived { tasks, by: by.to_owned() })?;
        }
        Ok(is_any)
    }

    /// Ends a landing, whoever does it; answers whether there was one. What has landed stays.
    ///
    /// # Errors
    /// When its folder cannot be used.
    pub fn stop_landing(&self) -> Result<bool, RunError> {
        if !self.is_being_landed()? {
            return Ok(false);
        }
        let until = Instant::now() + UNTIL_ENDED;
        while self.is_being_landed()? && Instant::now() < until {
            // One that only just began forgets what it was told before.
            self.tell(&self.halt_of_landing())?;
            thread::sleep(LOOK);
        }
        Ok(true)
    }

    fn tell(&self, halt: &Halt) -> Result<(), RunError> {
        halt.want().map_err(|error| RunError::Refused { path: self.path.clone(), error })
    }

    /// Waits until nobody holds a lock, or that takes too long.
    fn wait_for(&self, lock: &str) -> Result<(), RunError> {
        let until = Instant::now() + UNTIL_ENDED;
        while self.try_lock(lock)?.is_none() && Instant::now() < until {
            thread::sleep(LOOK);
        }
        Ok(())
    }
}
