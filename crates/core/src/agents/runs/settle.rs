//! What came of the tasks that have ended: it is written down, and what is to go on is told so.

use std::{
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState, TaskState};

use super::{
    PlannedTask, RunFolder,
    check::how_it_went,
    journal::{Ledger, RunEvent},
    standing::{Standing, Standings},
    step::StepError,
};
use crate::agents::{Tools, control::Caller, harvest::Harvest};

/// Who does what a run does by itself.
pub(super) const ITSELF: &str = "orchestra";
/// How long another git may hold the index of an agent's worktree.
const UNTIL_COMMITTED: Duration = Duration::from_secs(10);
/// How often it is looked whether it still does.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// How many lines of a check's words an agent is told.
const TOLD: usize = 60;

impl Tools {
    /// Writes down what came out, and has go on what is to be tried again; answers whether anything changed. What cannot
    /// be done with one is in `outcome`; the others are all the same.
    pub(super) fn settle(
        &self,
        run: &RunFolder,
        ledger: &mut Ledger,
        standings: &Standings,
        outcome: &mut Result<(), StepError>,
    ) -> Result<bool, StepError> {
        let mut has_changed = false;
        let most = run.most_at_once();
        let mut at_work = standings.all.iter().filter(|one| one.is_at_work()).count();
        for ((place, task), standing) in run.tasks().zip(&standings.all) {
            let Some(agent) = &standing.agent else { continue };
            let is_result = standing.state == TaskState::Done && !ledger.done.contains_key(&place);
            let told = if is_unheard(agent) && standings.reached().is_none() {
                // Whoever told it something was killed before it had it go on.
                self.agents().launch(&agent.id, &self.launcher).map_err(StepError::from)
            } else if ledger.is_revived(place, agent) && agent.worktree.is_some() {
                if at_work >= most {
                    continue;
                }
                at_work += 1;
                let key = format!("run-{}-{place}-revived-{}", run.id(), agent.sequence);
                self.tell(agent, "You were cut off. Go on where you left off.", key)
            } else if is_result || standing.is_uncommitted {
                has_changed |= self.note_result(run, ledger, (place, task), standing)?;
                continue;
            } else if let Some(number) = run.retry_that_is_due(ledger, (place, task), standing, standings)? {
                let text = words_for_retry(ledger, place);
                self.tell(agent, &text, retry_key(run, place, number))
            } else {
                continue;
            };
            if let Err(error) = told {
                *outcome = Err(error);
            }
            has_changed = true;
        }
        Ok(has_changed)
    }

    fn tell(&self, agent: &Agent, text: &str, key: String) -> Result<(), StepError> {
        let caller = Caller { by: ITSELF.to_owned(), key: Some(key) };
        self.agents().send(&agent.id, text, &caller, &self.launcher, Timestamp::now())?;
        Ok(())
    }

    /// Writes down that a task is done, once its work is committed for those that start on it. What could not be committed
    /// is tried again: a person may have seen to it.
    fn note_result(
        &self,
        run: &RunFolder,
        ledger: &mut Ledger,
        (place, task): (u32, &PlannedTask),
        standing: &Standing,
    ) -> Result<bool, StepError> {
        let Some(agent) = &standing.agent else { return Ok(false) };
        let is_begun_on = run.plan.tasks.iter().any(|other| other.from == Some(place));
        if is_begun_on && let Err(why) = self.commit(run, task) {
            if standing.is_uncommitted {
                return Ok(false);
            }
            run.note(ledger, RunEvent::NotCommitted { task: place, turns: agent.turns, why })?;
        } else {
            let (usd, tokens) = (agent.cost_usd.unwrap_or_default(), agent.tokens.uncached());
            run.note(ledger, RunEvent::Done { task: place, usd, tokens })?;
        }
        Ok(true)
    }

    /// Commits what an agent has not committed, for those that start on its branch.
    fn commit(&self, run: &RunFolder, task: &PlannedTask) -> Result<(), String> {
        let git = self.git().map_err(|error| error.to_string())?;
        let folder = run.agent(task).map_err(|error| error.to_string())?;
        let commit = || Harvest::of(&folder, git).and_then(|harvest| harvest.commit());
        let until = Instant::now() + UNTIL_COMMITTED;
        loop {
            match commit() {
                Ok(_) => return Ok(()),
                // The git of a step that was killed goes on, and holds the index until it is done.
                Err(error) if error.to_string().contains(".lock") && Instant::now() < until => {
                    thread::sleep(BETWEEN_TRIES);
                }
                Err(error) => return Err(format!("its work could not be committed: {error}")),
            }
        }
    }
}

impl RunFolder {
    /// The number of the retry that a task's agent is to be told of now; that it is made is written down first.
    fn retry_that_is_due(
        &self,
        ledger: &mut Ledger,
        (place, task): (u32, &PlannedTask),
        standing: &Standing,
        standings: &Standings,
    ) -> Result<Option<u32>, StepError> {
        let ended = |agent: &&Agent| !agent.state.is_live() && !agent.is_cleaned;
        let has_ended = standing.agent.as_ref().filter(ended).is_some();
        let Some(why) =
            standing.failure.clone().filter(|_| has_ended && standing.state != TaskState::Stopped)
        else {
            return Ok(None);
        };
        let made = ledger.retries(place);
        if made > 0 && self.agent(task)?.wish(&retry_key(self, place, made))?.is_none() {
            return Ok(Some(made));
        }
        if standing.state != TaskState::Running || standings.reached().is_some() {
            return Ok(None);
        }
        self.note(ledger, RunEvent::Retried { task: place, number: made + 1, why })?;
        Ok(Some(made + 1))
    }
}

/// Whether the last thing that became of an agent is a message, which no runner has seen. Whom a person stopped only a person
/// has go on.
fn is_unheard(agent: &Agent) -> bool {
    let is_last = agent.queue.last().is_some_and(|prompt| prompt.at >= agent.updated_at);
    let may_go_on = !matches!(agent.state, AgentState::Queued | AgentState::Stopped) && !agent.is_cleaned;
    is_last && may_go_on && !agent.state.is_live()
}

fn retry_key(run: &RunFolder, place: u32, number: u32) -> String {
    format!("run-{}-{place}-retry-{number}", run.id())
}

/// What an agent is told that is to try again.
fn words_for_retry(ledger: &Ledger, place: u32) -> String {
    let why = ledger.retries.get(&place).map(|(_, why)| why.clone()).unwrap_or_default();
    match ledger.checks.get(&place).filter(|(_, check)| how_it_went(check) == why) {
        Some((_, check)) => {
            format!("Your work was checked: {why}. {}\n\nMend it.", end_of_output(&check.output))
        }
        None => format!("You were cut off: {why}. Go on where you left off."),
    }
}

/// The end of what a check printed, in words for its agent.
pub(super) fn end_of_output(text: &str) -> String {
    if text.trim().is_empty() {
        return "It printed nothing.".to_owned();
    }
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(TOLD)..].join("\n");
    format!("This is the end of what it printed:\n\n{end}")
}
