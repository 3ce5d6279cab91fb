//! A run's journal: what was decided, in the runners' kind of log, and what follows from it.
//!
//! Nothing stands here that the agents' own logs say.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    path::Path,
};

use jiff::Timestamp;
use orchestra_model::{Agent, Check, Landing, Limit, PastLanding};
use serde::{Deserialize, Serialize};

use super::{PlannedTask, RunError, RunFolder};
use crate::agents::log::{LogReader, LogWriter};

/// Something that was decided, or came out. Tasks are named by their places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum RunEvent {
    /// It is a task's turn: its agent is being started.
    Begun { task: u32 },
    /// A task's work was checked, after so many turns.
    Checked { task: u32, turns: u32, check: Check },
    /// Somebody ended the check of a task's work after so many turns, or kept it from beginning.
    CheckStopped { task: u32, turns: u32, by: String },
    /// Such a check is to run after all.
    CheckWanted { task: u32 },
    /// Somebody has it gone on with what was stopped with the run, or whose every process was killed.
    Revived { tasks: Vec<u32>, by: String },
    /// A task is being sent back, for this time; the message carries a key of this number.
    Retried { task: u32, number: u32, why: String },
    /// A task is done; what it used.
    Done { task: u32, usd: f64, tokens: u64 },
    /// A task's work could not be committed for those that start on it.
    NotCommitted { task: u32, turns: u32, why: String },
    /// A person says what the run may use from now on.
    LimitSet { limit: Limit, by: String },
    /// The run has used what it may.
    LimitReached { words: String },
    /// It begins to land.
    LandingBegun,
    /// That is over; older versions did not write how it went.
    LandingEnded {
        #[serde(default)]
        landing: Option<Box<Landing>>,
        #[serde(default)]
        failure: Option<String>,
    },
    /// A task's work is on the target.
    Landed {
        task: u32,
        target: String,
        from: String,
        commit: String,
        /// How many turns its agent had ended; older versions did not write it.
        #[serde(default)]
        turns: Option<u32>,
    },
    /// A task's work does not land as it is; its agent was told.
    SentBack { task: u32, why: String },
    /// Of several attempts, a person chose this one.
    Chosen { task: u32, by: String },
    /// An agent of the run started another: it is a task from now on.
    Joined { task: Box<PlannedTask> },
    /// What a newer version wrote.
    #[serde(other)]
    Unknown,
}

/// What a journal says.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Tasks whose turn it was.
    pub(super) begun: BTreeSet<u32>,
    /// The last check of each, and after how many turns it was.
    pub(super) checks: HashMap<u32, (u32, Check)>,
    /// After how many turns the work of each is not to be checked.
    pub(super) not_checked: HashMap<u32, u32>,
    /// Since when each is to be gone on with.
    pub(super) revived: HashMap<u32, Timestamp>,
    /// How often each was sent back, and why the last time.
    pub(super) retries: HashMap<u32, (u32, String)>,
    /// Tasks that are done, with what they used.
    pub(super) done: HashMap<u32, (f64, u64)>,
    /// Tasks whose work could not be committed, after how many turns, and why.
    pub(super) not_committed: HashMap<u32, (u32, String)>,
    /// What the run may use, when a person said so since.
    pub(super) limit: Option<Limit>,
    /// What was used up, since when.
    pub(super) reached: Option<(Timestamp, String)>,
    /// Whether a landing began and has not ended.
    pub(super) is_landing: bool,
    /// The last landing that has ended.
    pub(super) last_landing: Option<PastLanding>,
    /// The last landing of each.
    pub(super) landed: HashMap<u32, Landed>,
    /// Tasks that came to the plan since it was written.
    pub(super) joined: Vec<PlannedTask>,
    /// When it was last written to while it was at work.
    pub(super) last_at: Option<Timestamp>,
}

/// That a task's work landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Landed {
    /// The branch that took it.
    pub(super) target: String,
    /// Where that stood before.
    pub(super) from: String,
    /// Where it stood then.
    pub(super) commit: String,
    /// How many turns the agent had ended, where that is known.
    pub(super) turns: Option<u32>,
}

impl Ledger {
    /// What the journal of a run's folder says; nothing when there is none.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let mut ledger = Self::default();
        let mut log = LogReader::open(&folder.join(EVENTS), 0);
        while let Some(record) = log.next_record()? {
            let event = serde_json::from_slice(&record.payload).unwrap_or(RunEvent::Unknown);
            ledger.absorb(record.at, event);
        }
        Ok(ledger)
    }

    pub(super) fn absorb(&mut self, at: Timestamp, event: RunEvent) {
        self.last_at = match &event {
            // What a person does with work that is done is no work of the run's.
            RunEvent::Chosen { .. }
            | RunEvent::LandingBegun
            | RunEvent::LandingEnded { .. }
            | RunEvent::Landed { .. }
            | RunEvent::SentBack { .. } => self.last_at,
            _ if self.is_landing => self.last_at,
            _ => Some(at),
        };
        match event {
            RunEvent::Begun { task } => drop(self.begun.insert(task)),
            RunEvent::Checked { task, turns, check } => drop(self.checks.insert(task, (turns, check))),
            RunEvent::CheckStopped { task, turns, .. } => drop(self.not_checked.insert(task, turns)),
            RunEvent::CheckWanted { task } => drop(self.not_checked.remove(&task)),
            RunEvent::Revived { tasks, .. } => self.revived.extend(tasks.into_iter().map(|task| (task, at))),
            RunEvent::Retried { task, number, why } => drop(self.retries.insert(task, (number, why))),
            RunEvent::Done { task, usd, tokens } => drop(self.done.insert(task, (usd, tokens))),
            RunEvent::NotCommitted { task, turns, why } => {
                self.not_committed.insert(task, (turns, why));
            }
            RunEvent::LimitSet { limit, .. } => {
                self.limit = Some(limit);
                self.reached = None;
            }
            RunEvent::LimitReached { words } => self.reached = Some((at, words)),
            RunEvent::LandingBegun => self.is_landing = true,
            RunEvent::LandingEnded { landing, failure } => {
                self.is_landing = false;
                self.last_landing = landing.map(|landing| PastLanding { at, landing: *landing, failure });
            }
            RunEvent::Landed { task, target, from, commit, turns } => {
                self.landed.insert(task, Landed { target, from, commit, turns });
            }
            RunEvent::Joined { task } => self.joined.push(*task),
            RunEvent::SentBack { .. } | RunEvent::Chosen { .. } | RunEvent::Unknown => {}
        }
    }

    /// Whether a task is to be gone on with, and nothing has become of its agent since that was said.
    pub(super) fn is_revived(&self, task: u32, agent: &Agent) -> bool {
        self.revived.get(&task).is_some_and(|at| agent.updated_at <= *at && !agent.state.is_live())
    }

    /// How often a task was sent back.
    pub(super) fn retries(&self, task: u32) -> u32 {
        self.retries.get(&task).map_or(0, |(number, _)| *number)
    }
}

/// The folder of the log.
const EVENTS: &str = "events";

impl RunFolder {
    /// Writes down what was decided, so that it outlives the machine. Whoever calls holds the run's lock.
    pub(super) fn note(&self, ledger: &mut Ledger, event: RunEvent) -> Result<(), RunError> {
        let now = Timestamp::now();
        let add = || {
            let mut log = LogWriter::open(&self.path.join(EVENTS))?;
            log.append(now, &serde_json::to_vec(&event)?)?;
            log.sync()
        };
        add().map_err(|error| RunError::Refused { path: self.path.clone(), error })?;
        ledger.absorb(now, event);
        Ok(())
    }
}
