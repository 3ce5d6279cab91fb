//! One step of a run: what is due is done, under the run's lock; checks run beside it, each under a lock of its own.

use std::ffi::OsString;

use jiff::Timestamp;
use orchestra_model::{AgentId, AgentState, AtLimit, TaskState};

use super::{
    RunError, RunFolder,
    check::Checking,
    halt::{BUDGET, Halt, check_lock},
    journal::{Ledger, RunEvent},
    standing::{Standing, Standings},
};
use crate::agents::{
    AgentFolder, Control, FolderError, SendError, StartError, Tools, control::Command, entry::Steering,
};

/// How a run is after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// Whether nothing of it is at work, and nothing more of it can start by itself.
    pub is_over: bool,
    /// How many of its tasks are done.
    pub done: usize,
    /// How many failed, were stopped, or cannot start because of those.
    pub failed: usize,
}

/// Why a step was not taken, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The run cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An agent of it cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An agent cannot be made or started; the others are all the same.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An agent cannot be sent back.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// A check that is due, and the lock that is this process' own meanwhile.
struct Due {
    task: u32,
    turns: u32,
    lock: std::fs::File,
    halt: Halt,
}

impl Tools {
    /// Does what is due in a run, checks included, and returns when nothing is but to wait for agents. Any process may
    /// call it at any time.
    ///
    /// # Errors
    /// When something of it could not be done; it is tried again by the next step.
    pub fn step(&self, run: &RunFolder) -> Result<Stepped, StepError> {
        loop {
            // Agents may have started others meanwhile.
            let run = &self.agents().run(run.id())?;
            let (stepped, due) = self.advance_run(run)?;
            let Some(due) = due else { return Ok(stepped) };
            self.check(run, &due)?;
        }
    }

    /// The same for whoever nobody waits for: what another process checks is waited for, and done when that process ends
    /// before it has. One waits for all.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_to_the_end(&self, run: &RunFolder) -> Result<Stepped, StepError> {
        loop {
            let stepped = self.step(run)?;
            let run = &self.agents().run(run.id())?;
            let Some(check) = run.check_of_others()? else { return Ok(stepped) };
            // Let go before it is looked again: whoever comes meanwhile may rely on that look.
            let Some(_one) = run.try_lock(WATCH_LOCK)? else { return Ok(stepped) };
            drop(run.lock(&check)?);
        }
    }

    /// The runs with a plan that are not over: after a reboot nobody goes on with them.
    pub fn unfinished(&self) -> Vec<AgentId> {
        let agents = self.agents();
        let is_open = |id: &AgentId| {
            let run = agents.run(id).ok();
            run.is_some_and(|run| run.ledger().is_ok_and(|ledger| !run.look(&ledger).is_over()))
        };
        agents.run_folders().into_iter().filter(|id| agents.has_plan(id)).filter(is_open).collect()
    }

    /// What a run may use.
    ///
    /// # Errors
    /// When its journal cannot be read.
    pub fn limit(&self, run: &RunFolder) -> Result<orchestra_model::Limit, RunError> {
        Ok(run.ledger()?.limit.unwrap_or(run.plan.limit))
    }

    /// Sets what a run may use from now on.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn set_limit(
        &self,
        run: &RunFolder,
        limit: orchestra_model::Limit,
        by: &str,
    ) -> Result<(), RunError> {
        run.note_locked(RunEvent::LimitSet { limit, by: by.to_owned() })
    }

    /// What is done under the run's lock; answers a check that is due.
    fn advance_run(&self, run: &RunFolder) -> Result<(Stepped, Option<Due>), StepError> {
        let _lock = run.lock(STEP_LOCK)?;
        let mut ledger = run.ledger()?;
        run.make_agents()?;
        let mut outcome = Ok(());
        let mut standings = run.look(&ledger);
        if self.settle(run, &mut ledger, &standings, &mut outcome)? {
            standings = run.look(&ledger);
        }
        match standings.reached() {
            Some(words) => self.at_limit(run, &mut ledger, &standings, words)?,
            None => {
                if self.launch_next(run, &mut ledger, &standings, &mut outcome)? {
                    standings = run.look(&ledger);
                }
            }
        }
        let mut due = None;
        for ((place, _), standing) in run.tasks().zip(&standings.all) {
            if let (TaskState::Checking, Some(agent), None) = (standing.state, &standing.agent, &due) {
                let halt = || run.halt_of_check(place).clear();
                due = run.try_lock(&check_lock(place))?.map(|lock| Due {
                    task: place,
                    turns: agent.turns,
                    lock,
                    halt: halt(),
                });
            }
        }
        if due.is_none() {
            outcome?;
        }
        let count = |is: &dyn Fn(TaskState) -> bool| standings.all.iter().filter(|one| is(one.state)).count();
        let stepped = Stepped {
            is_over: standings.is_over(),
            done: count(&|state| state == TaskState::Done),
            failed: count(&|state| {
                matches!(state, TaskState::Failed | TaskState::Stopped | TaskState::Blocked)
            }),
        };
        Ok((stepped, due))
    }

    /// Starts those that may be at work now; answers whether any was.
    fn launch_next(
        &self,
        run: &RunFolder,
        ledger: &mut Ledger,
        standings: &Standings,
        outcome: &mut Result<(), StepError>,
    ) -> Result<bool, StepError> {
        let most = run.most_at_once();
        let mut at_work = standings.all.iter().filter(|one| one.is_at_work()).count();
        let (mut has_begun, mut has_launched) = (false, false);
        // Those that somebody waits for come first: it goes on after them.
        let agents = standings.all.iter().filter_map(|one| one.agent.as_ref());
        let awaited: Vec<_> =
            agents.filter(|agent| agent.state.is_live()).flat_map(|agent| &agent.awaits).collect();
        let mut tasks: Vec<_> = run.tasks().zip(&standings.all).collect();
        tasks.sort_by_key(|((_, task), _)| !awaited.contains(&&task.agent.id));
        for ((place, task), standing) in tasks {
            if at_work >= most {
                break;
            }
            if !standing.is_ready {
                continue;
            }
            if !ledger.begun.contains(&place) {
                run.note(ledger, RunEvent::Begun { task: place })?;
                has_begun = true;
            }
            let agent = run.agent(task)?.agent()?;
            if agent.state != AgentState::Queued && !ledger.is_revived(place, &agent) {
                // A person saw to it that it is not started, or somebody started it.
                continue;
            }
            if has_launched {
                self.agents().pause_between(&self.launcher);
            }
            has_launched = true;
            match self.agents().launch(&task.agent.id, &self.launcher) {
                Ok(()) => {
                    at_work += 1;
                    has_begun = true;
                }
                Err(error) => *outcome = Err(error.into()),
            }
        }
        Ok(has_begun)
    }

    /// What happens when a run has used what it may.
    fn at_limit(
        &self,
        run: &RunFolder,
        ledger: &mut Ledger,
        standings: &Standings,
        words: String,
    ) -> Result<(), StepError> {
        if ledger.reached.is_none() {
            run.note(ledger, RunEvent::LimitReached { words })?;
        }
        if standings.limit.at_limit == AtLimit::Stop {
            for ((_, task), standing) in run.tasks().zip(&standings.all) {
                if standing.agent.as_ref().is_some_and(|agent| agent.state.is_live()) {
                    let stop = Command::Steer { how: Steering::Stop };
                    // One that ended meanwhile need not be stopped.
                    drop(
                        Control::connect(run.agent(task)?.path())
                            .and_then(|mut control| control.ask(stop, BUDGET)),
                    );
                }
            }
        }
        Ok(())
    }

    /// Runs a check and writes down how it went.
    fn check(&self, run: &RunFolder, due: &Due) -> Result<(), StepError> {
        let Some((task, command)) = run.task(due.task).and_then(|task| Some((task, task.check.as_deref()?)))
        else {
            return Ok(());
        };
        let folder = run.agent(task)?;
        let check = self.run_check(&folder, command, &due.halt);
        let _lock = run.lock(STEP_LOCK)?;
        // Somebody may have had this lock, and done with it, between the look and the taking.
        let mut ledger = run.ledger()?;
        let is_known = ledger.checks.get(&due.task).is_some_and(|(turns, _)| *turns == due.turns)
            || ledger.not_checked.get(&due.task) == Some(&due.turns);
        if !is_known {
            run.note(&mut ledger, RunEvent::Checked { task: due.task, turns: due.turns, check })?;
        }
        let _held = &due.lock;
        Ok(())
    }

    fn run_check(&self, folder: &AgentFolder, command: &str, halt: &Halt) -> orchestra_model::Check {
        let checked = folder.agent().map_err(|error| error.to_string()).and_then(|agent| {
            let place = agent.worktree.ok_or_else(|| "it has no worktree".to_owned())?;
            let mut given: Vec<(OsString, OsString)> = vec![
                ("ORCHESTRA_AGENT".into(), agent.id.as_str().into()),
                ("ORCHESTRA_REPOSITORY".into(), agent.repo.unwrap_or_default().into()),
            ];
            given.extend(
                folder.ports().into_iter().map(|(name, port)| (name.into(), port.to_string().into())),
            );
            let (folder, scrubbed, halt) = (place.as_ref(), &self.scrubbed, halt.clone());
            let checking = Checking { command, folder, scrubbed, given, halt };
            checking.run().map_err(|error| format!("the check could not be started: {error}"))
        });
        checked.unwrap_or_else(|why| orchestra_model::Check {
            command: command.to_owned(),
            passed: false,
            exit_code: None,
            output: why,
            at: Timestamp::now(),
            milliseconds: 0,
            is_outdated: false,
        })
    }
}

/// The lock that whoever steps a run holds.
pub(super) const STEP_LOCK: &str = "step.lock";

/// The lock of whoever waits for a check of another process.
const WATCH_LOCK: &str = "watch.lock";

impl RunFolder {
    /// Why nobody goes on with it, though it is not over; `None` while somebody does.
    pub(in crate::agents) fn why_it_rests(&self) -> Option<String> {
        let standings = self.look(&self.ledger().ok()?);
        let is_live = |one: &Standing| one.agent.as_ref().is_some_and(|agent| agent.state.is_live());
        if standings.is_over() || standings.all.iter().any(is_live) || self.check_of_others().ok()?.is_some()
        {
            return None;
        }
        let why = self
            .trouble()
            .map_or("nobody is at it any more".to_owned(), |why| format!("it could not go on: {why}"));
        Some(why)
    }

    /// Whether whoever landed it was ended before it was over.
    pub(in crate::agents) fn was_landing_cut_off(&self) -> Result<bool, RunError> {
        // In this order: that it has ended is written before its lock is let go.
        let is_landed_now = self.is_being_landed()?;
        Ok(!is_landed_now && self.ledger()?.is_landing)
    }

    /// The lock of a check that is due and that another process runs.
    fn check_of_others(&self) -> Result<Option<String>, RunError> {
        let standings = self.look(&self.ledger()?).all;
        for ((place, _), standing) in self.tasks().zip(standings) {
            let lock = check_lock(place);
            if standing.state == TaskState::Checking && self.try_lock(&lock)?.is_none() {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Writes one thing down, for whoever does not hold the lock.
    pub(super) fn note_locked(&self, event: RunEvent) -> Result<(), RunError> {
        let _lock = self.lock(STEP_LOCK)?;
        self.note(&mut self.ledger()?, event)
    }

    pub(super) fn look(&self, ledger: &Ledger) -> Standings {
        self.standings(ledger, false, &|id| self.agents.open(id).and_then(|folder| folder.agent()).ok())
    }
}
