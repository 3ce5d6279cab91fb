//! What a run with a plan has to say of its agents, which their own logs cannot: why one does not start, that its work did
//! not pass, that the run asks for more. It follows from the journal and from how the others are, and is never written down.

use std::collections::HashMap;

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId, AgentState, AtLimit, Attention, AttentionKind, TaskState};

use super::{RunFolder, standing::Standing};
use crate::agents::Agents;

/// What a run says of one of its agents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::agents) struct Remark {
    /// How many turns the agent had ended by then: of its later work it says nothing.
    turns: u32,
    /// Why it does not start, one sentence.
    waits: Option<String>,
    /// Why its work is not good, one sentence.
    failure: Option<String>,
    /// That its run has used what it may.
    limit: Option<Attention>,
}

impl Remark {
    /// Adds itself to what the agent's own log says.
    pub(in crate::agents) fn add_to(&self, agent: &mut Agent) {
        if agent.state == AgentState::Queued {
            agent.waits.clone_from(&self.waits);
        }
        if let (Some(why), Some(attention)) = (&self.failure, &mut agent.attention)
            && attention.kind == AttentionKind::Done
            && agent.turns == self.turns
        {
            // It is done with it, and its work is not good.
            (attention.kind, attention.summary) = (AttentionKind::Error, why.clone());
        }
        if agent.attention.is_none() {
            agent.attention.clone_from(&self.limit);
        }
    }
}

/// What a run says of all its agents.
#[derive(Clone, Debug, Default)]
pub(in crate::agents) struct Remarks {
    pub(in crate::agents) all: HashMap<AgentId, Remark>,
    /// When it will have something else to say though nothing happens: its minutes end then.
    pub(in crate::agents) until: Option<Timestamp>,
}

impl RunFolder {
    /// What it has to say of its agents, which are as `look` answers them.
    fn remarks(&self, look: &dyn Fn(&AgentId) -> Option<Agent>, now: Timestamp) -> Option<Remarks> {
        let ledger = self.ledger().ok()?;
        let standings = self.standings(&ledger, true, look);
        let id = self.id();
        let asks_at_limit = standings.limit.at_limit == AtLimit::Ask;
        let minutes_end = self.minutes_end_under(standings.limit, &standings.all, now);
        let asks = standings.reached().filter(|_| asks_at_limit).and_then(|words| {
            let (since, words) =
                ledger.reached.clone().or_else(|| Some((minutes_end.filter(|at| *at <= now)?, words)))?;
            let summary = format!("its run has used {words}: orchestra run --continue {id} --budget-…");
            Some(Attention { kind: AttentionKind::Limit, since, summary, until: None, nudge: None })
        });
        // One asks for all: who would be next, and when nobody waits, who is at work.
        let first =
            |state| (0..).zip(&standings.all).find(|(_, one)| one.state == state).map(|(place, _)| place);
        let asking = first(TaskState::Queued).or_else(|| first(TaskState::Running));
        let until = minutes_end.filter(|at| asks_at_limit && *at > now && asking.is_some());
        let remark = |(place, one): (u32, Standing)| {
            let task = self.task(place)?;
            let remark = Remark {
                limit: asks.clone().filter(|_| asking == Some(place)),
                turns: one.agent.map_or(0, |agent| agent.turns),
                waits: one.waits,
                // Of attempts some may be bad; which is kept is asked anyway.
                failure: one.failure.filter(|_| one.state == TaskState::Failed && task.attempt.is_none()),
            };
            Some((task.agent.id.clone(), remark))
        };
        Some(Remarks { all: (0..).zip(standings.all).filter_map(remark).collect(), until })
    }
}

impl Agents {
    /// What a run says of its agents, which are as `look` answers them; nothing when it has no plan, or nobody is left of
    /// whom anything could be said.
    pub(in crate::agents) fn remarks_of(
        &self,
        run: &AgentId,
        look: &dyn Fn(&AgentId) -> Option<Agent>,
    ) -> Option<Remarks> {
        if !self.has_plan(run) {
            return None;
        }
        let run = self.run(run).ok()?;
        let is_any_meant = run.tasks().any(|(_, task)| look(&task.agent.id).as_ref().is_some_and(is_meant));
        if is_any_meant { run.remarks(look, Timestamp::now()) } else { None }
    }

    /// An agent with what its run says of it.
    #[must_use]
    pub fn with_remark(&self, mut agent: Agent) -> Agent {
        if is_meant(&agent) {
            let look = |id: &AgentId| match *id == agent.id {
                true => Some(agent.clone()),
                false => self.open(id).and_then(|folder| folder.agent()).ok(),
            };
            let remarks = self.remarks_of(&agent.run, &look);
            if let Some(remark) = remarks.and_then(|mut remarks| remarks.all.remove(&agent.id)) {
                remark.add_to(&mut agent);
            }
        }
        agent
    }

    /// Adds to agents, which are all there are, what their runs say of them.
    pub(in crate::agents) fn add_remarks(&self, agents: &mut [Agent]) {
        let mut runs: Vec<AgentId> =
            agents.iter().filter(|agent| is_meant(agent)).map(|agent| agent.run.clone()).collect();
        runs.sort();
        runs.dedup();
        runs.retain(|run| self.has_plan(run));
        for run in runs {
            let known: HashMap<&AgentId, &Agent> =
                agents.iter().filter(|agent| agent.run == run).map(|agent| (&agent.id, agent)).collect();
            let remarks = self.remarks_of(&run, &|id| known.get(id).copied().cloned());
            let Some(Remarks { all, .. }) = remarks else { continue };
            for agent in agents.iter_mut() {
                if let Some(remark) = all.get(&agent.id) {
                    remark.add_to(agent);
                }
            }
        }
    }
}

/// Whether a run may have something to say of it: what ended badly says so itself.
const fn is_meant(agent: &Agent) -> bool {
    !agent.is_cleaned && !matches!(agent.state, AgentState::Failed | AgentState::Stopped | AgentState::Lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::testing;

    fn agent(turns: u32) -> Agent {
        let state = tempfile::tempdir().unwrap();
        let agents = Agents::new(state.path());
        let id = testing::make(&agents, &["one"]).remove(0).id;
        let mut agent = agents.open(&id).unwrap().agent().unwrap();
        let (kind, summary) = (AttentionKind::Done, "It is done.".to_owned());
        agent.attention =
            Some(Attention { kind, since: Timestamp::UNIX_EPOCH, summary, until: None, nudge: None });
        (agent.state, agent.turns) = (AgentState::Done, turns);
        agent
    }

    #[test]
    fn that_work_did_not_pass_is_said_of_that_work_and_of_no_later() {
        let remark = Remark { turns: 1, failure: Some("`make` failed".into()), ..Remark::default() };
        let (mut then, mut later) = (agent(1), agent(2));
        remark.add_to(&mut then);
        remark.add_to(&mut later);
        assert_eq!(then.attention.unwrap().summary, "`make` failed");
        assert_eq!(later.attention.unwrap().kind, AttentionKind::Done);
    }
}
