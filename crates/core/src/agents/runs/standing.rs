//! How far the tasks of a run are, and why one does not start: it follows from the journal and from the agents.

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState, AtLimit, AttentionKind, Limit, Spent, TaskState};

use super::{RunFolder, check, journal::Ledger, order, worked::Worked};
use crate::agents::facts::USED_UP;

/// How far one task is.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) state: TaskState,
    /// Why it does not start, one sentence.
    pub(super) waits: Option<String>,
    /// Why it failed, or what of it was stopped, one sentence.
    pub(super) failure: Option<String>,
    /// Whether all that it comes after is done.
    pub(super) is_ready: bool,
    /// Whether it would be done, had its work been committed.
    pub(super) is_uncommitted: bool,
    /// Its agent, where that was looked at.
    pub(super) agent: Option<Agent>,
}

impl Standing {
    /// Whether it takes one of the places that there are: whoever only waits for others does not, nor who has ended and
    /// is to be sent back.
    pub(super) fn is_at_work(&self) -> bool {
        let works = |agent: &Agent| agent.state.is_live() && agent.awaits.is_empty();
        self.state == TaskState::Running && self.agent.as_ref().is_some_and(works)
    }
}

/// How all of them are.
pub(super) struct Standings {
    /// In the order of the plan.
    pub(super) all: Vec<Standing>,
    /// What the run may use.
    pub(super) limit: Limit,
    pub(super) spent: Spent,
}

impl Standings {
    /// Whether nothing is at work, and nothing more can start by itself.
    pub(super) fn is_over(&self) -> bool {
        let is_used_up = self.reached().is_some();
        self.all.iter().all(|one| match one.state {
            TaskState::Running | TaskState::Checking => false,
            TaskState::Queued => is_used_up,
            _ => true,
        })
    }

    /// What is used up, if anything.
    pub(super) fn reached(&self) -> Option<String> {
        self.limit.reached(&self.spent)
    }
}

impl RunFolder {
    /// How all tasks are. `look` answers an agent as it is now; it is asked only for those whose turn it was, unless
    /// `all` are wanted. Also for those that are done: they may be told more.
    pub(super) fn standings(
        &self,
        ledger: &Ledger,
        all: bool,
        look: &dyn Fn(&orchestra_model::AgentId) -> Option<Agent>,
    ) -> Standings {
        let limit = ledger.limit.unwrap_or(self.plan.limit);
        let mut standings: Vec<Standing> = self
            .tasks()
            .map(|(place, task)| {
                let is_looked_at = all || ledger.begun.contains(&place) || ledger.done.contains_key(&place);
                let agent = is_looked_at.then(|| look(&task.agent.id)).flatten();
                let (state, failure) = self.alone(place, ledger, agent.as_ref());
                let is_uncommitted = state == TaskState::Failed
                    && agent.as_ref().is_some_and(|agent| {
                        has_result(agent)
                            && ledger
                                .not_committed
                                .get(&place)
                                .is_some_and(|(turns, _)| *turns == agent.turns)
                    });
                let waits = agent.as_ref().and_then(|agent| match agent.state {
                    AgentState::Parked => Some(format!("parked: {}", agent.attention.as_ref()?.summary)),
                    AgentState::Lost if state == TaskState::Running => {
                        Some(format!("orchestra run --continue {} goes on with it", self.id()))
                    }
                    _ => None,
                });
                Standing { state, waits, failure, is_ready: false, is_uncommitted, agent }
            })
            .collect();
        let used_up = limit.reached(&self.spent(ledger, &standings));
        for one in standings.iter_mut().filter(|one| one.state == TaskState::Running) {
            let is_live = one.agent.as_ref().is_some_and(|agent| agent.state.is_live());
            // With nothing left to spend nobody is sent back.
            if used_up.is_some() && one.failure.is_some() && !is_live {
                one.state = TaskState::Failed;
            }
        }
        let comes_after: Vec<Vec<u32>> =
            self.plan.tasks.iter().map(|task| task.comes_after().collect()).collect();
        let at_work = standings.iter().filter(|one| one.is_at_work()).count();
        let is_parked = |one: &&Standing| {
            one.is_at_work() && one.agent.as_ref().is_some_and(|agent| agent.state == AgentState::Parked)
        };
        let parked = standings.iter().filter(is_parked).count();
        for place in order::sorted(&comes_after).unwrap_or_default() {
            let Some(task) = self.task(place) else { continue };
            if standings[place as usize].state != TaskState::Queued {
                continue;
            }
            let name = |other: u32| self.task(other).map_or("", |task| task.name.as_str());
            let state = |other: u32| standings.get(other as usize).map(|one| one.state);
            let bad = task.comes_after().find_map(|other| {
                let how = match state(other)? {
                    TaskState::Failed => "failed",
                    TaskState::Stopped => "was stopped",
                    TaskState::Blocked => "cannot start",
                    _ => return None,
                };
                Some(format!("{} {how}, and this comes after it", name(other)))
            });
            let mut open: Vec<&str> =
                task.comes_after().filter(|other| state(*other) != Some(TaskState::Done)).map(name).collect();
            open.dedup();
            let most = self.most_at_once();
            let (state, is_ready, waits) = match bad {
                Some(why) => (TaskState::Blocked, false, Some(why)),
                None if !open.is_empty() => {
                    (TaskState::Queued, false, Some(format!("waits for {}", open.join(", "))))
                }
                None => {
                    let why = match &used_up {
                        Some(words) => Some(format!("its run has used {words}")),
                        None if at_work >= most => {
                            let are = if at_work == 1 { "is" } else { "are" };
                            let what = if parked == at_work { "parked" } else { "at work" };
                            Some(format!("waits for its turn: {at_work} of its run {are} {what}"))
                        }
                        None => None,
                    };
                    (TaskState::Queued, true, why)
                }
            };
            let one = &mut standings[place as usize];
            (one.state, one.is_ready, one.waits) = (state, is_ready, waits);
        }
        // Only now it is known who cannot start any more.
        let spent = self.spent(ledger, &standings);
        Standings { all: standings, limit, spent }
    }

    /// How a task is when nothing is asked about the others, and why it failed.
    fn alone(&self, place: u32, ledger: &Ledger, agent: Option<&Agent>) -> (TaskState, Option<String>) {
        let is_live = agent.is_some_and(|agent| agent.state.is_live());
        if ledger.done.contains_key(&place) && !is_live {
            return (TaskState::Done, None);
        }
        let (Some(agent), Some(task)) = (agent, self.task(place)) else { return (TaskState::Queued, None) };
        let failed = |why: String| {
            // What will be sent back by itself is at work for all others.
            let again = ledger.retries(place) < task.retries && !agent.is_cleaned && why != USED_UP;
            (if again { TaskState::Running } else { TaskState::Failed }, Some(why))
        };
        match agent.state {
            _ if ledger.is_revived(place, agent) => match &agent.worktree {
                // It never came to its turn.
                None => (TaskState::Queued, None),
                Some(_) => (TaskState::Running, None),
            },
            AgentState::Queued => (TaskState::Queued, None),
            AgentState::Starting | AgentState::Running | AgentState::Waiting | AgentState::Parked => {
                (TaskState::Running, None)
            }
            // Without a plan nobody waits for its end: it has its result.
            AgentState::Idle if task.agent.run.has_plan => (TaskState::Running, None),
            AgentState::Idle | AgentState::Done if has_result(agent) => {
                if let Some((turns, why)) = ledger.not_committed.get(&place)
                    && *turns == agent.turns
                {
                    return (TaskState::Failed, Some(why.clone()));
                }
                match (&task.check, ledger.checks.get(&place)) {
                    (None, _) => (TaskState::Done, None),
                    (Some(_), Some((turns, check))) if *turns == agent.turns => {
                        if check.passed {
                            (TaskState::Done, None)
                        } else {
                            failed(check::how_it_went(check))
                        }
                    }
                    (Some(_), _) if ledger.not_checked.get(&place) == Some(&agent.turns) => {
                        (TaskState::Stopped, Some("its check was stopped".to_owned()))
                    }
                    (Some(_), _) => (TaskState::Checking, None),
                }
            }
            AgentState::Failed | AgentState::Lost => {
                failed(agent.failure.clone().unwrap_or_else(|| "it failed".to_owned()))
            }
            AgentState::Idle if agent.attention.is_some() => failed(
                agent.attention.as_ref().map(|attention| attention.summary.clone()).unwrap_or_default(),
            ),
            AgentState::Stopped | AgentState::Idle | AgentState::Done => (TaskState::Stopped, None),
        }
    }

    /// What all of it used. Of those that are done, what the journal says.
    fn spent(&self, ledger: &Ledger, standings: &[Standing]) -> Spent {
        let mut spent = Spent::default();
        for ((place, _), standing) in self.tasks().zip(standings) {
            let (usd, tokens) = match (&standing.agent, ledger.done.get(&place)) {
                (Some(agent), _) => (agent.cost_usd.unwrap_or_default(), agent.tokens.uncached()),
                (None, Some(done)) => *done,
                (None, None) => (0.0, 0),
            };
            spent.usd += usd;
            spent.tokens = spent.tokens.saturating_add(tokens);
        }
        spent.seconds = Worked::of(agents(standings), Timestamp::now()).seconds();
        spent
    }

    /// When the run's minutes are over and its agents stop by themselves; `None` when they do not.
    pub(in crate::agents) fn stops_at(&self) -> Option<Timestamp> {
        let ledger = self.ledger().ok()?;
        let limit = ledger.limit.unwrap_or(self.plan.limit);
        limit.minutes.filter(|_| limit.at_limit == AtLimit::Stop)?;
        self.minutes_end_under(limit, &self.look(&ledger).all, Timestamp::now())
    }

    /// When its minutes end; `None` when they are not limited, or nobody is at work.
    pub(super) fn minutes_end_under(
        &self,
        limit: Limit,
        standings: &[Standing],
        now: Timestamp,
    ) -> Option<Timestamp> {
        Worked::of(agents(standings), now).comes_to(limit.minutes?, now)
    }
}

fn agents(standings: &[Standing]) -> impl Iterator<Item = &Agent> {
    standings.iter().filter_map(|one| one.agent.as_ref())
}

/// Whether its last turn came to a good end.
fn has_result(agent: &Agent) -> bool {
    agent.is_cleaned
        || agent.attention.as_ref().is_some_and(|attention| attention.kind == AttentionKind::Done)
}
