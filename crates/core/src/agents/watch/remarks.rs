//! What runs say of their agents, as far as it was worked out.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId};

use crate::agents::{Agents, runs::remark::Remarks};

/// One run is asked at most this often: for its answer, all its tasks are gone through.
const BETWEEN: Duration = Duration::from_millis(250);

/// What each run said last.
#[derive(Default)]
pub(super) struct KnownRemarks(HashMap<AgentId, KnownRun>);

#[derive(Default)]
struct KnownRun {
    /// Whether it may say something else now.
    is_in_doubt: bool,
    asked_at: Option<Instant>,
    said: Remarks,
}

impl KnownRun {
    fn is_due(&self, now: Instant, time: Timestamp) -> bool {
        let rested = self.asked_at.is_none_or(|at| now.duration_since(at) >= BETWEEN);
        (self.is_in_doubt && rested) || self.said.until.is_some_and(|until| until <= time)
    }
}

impl KnownRemarks {
    /// Notes that a run may say something else now.
    pub(super) fn doubt(&mut self, run: AgentId) {
        self.0.entry(run).or_default().is_in_doubt = true;
    }

    /// Notes that all may.
    pub(super) fn doubt_all(&mut self) {
        for run in self.0.values_mut() {
            run.is_in_doubt = true;
        }
    }

    /// Whether nothing will change unless something happens.
    pub(super) fn are_settled(&self) -> bool {
        self.0.values().all(|run| !run.is_in_doubt && run.said.until.is_none())
    }

    /// Asks the runs that are due; the agents of which they say something else now.
    pub(super) fn look(
        &mut self,
        agents: &Agents,
        told: &HashMap<AgentId, Agent>,
        now: Instant,
    ) -> Vec<AgentId> {
        let time = Timestamp::now();
        let mut changed = Vec::new();
        for (id, run) in self.0.iter_mut().filter(|(_, run)| run.is_due(now, time)) {
            let says = agents.remarks_of(id, &|agent| told.get(agent).cloned()).unwrap_or_default();
            let before = std::mem::replace(&mut run.said, says);
            (run.is_in_doubt, run.asked_at) = (false, Some(now));
            let all = before.all.keys().chain(run.said.all.keys());
            changed.extend(all.filter(|agent| before.all.get(*agent) != run.said.all.get(*agent)).cloned());
        }
        changed
    }

    /// Adds to an agent what its run says of it.
    pub(super) fn add_to(&self, agent: &mut Agent) {
        if let Some(remark) = self.0.get(&agent.run).and_then(|run| run.said.all.get(&agent.id)) {
            remark.add_to(agent);
        }
    }
}
