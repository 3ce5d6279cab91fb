//! The governor: what the agents of a machine do about the limit that they share.
//!
//! There is no process for it. Whoever is told that the model is not to be had writes that into one file of the state
//! folder. Runners look at it before they start a client or hand it a prompt, and now and then while a turn runs: those
//! that would start wait, and those at work give way one after the other, the least important first. A runner whose
//! agent is parked stays, without a client, and goes on with the same session when the time has come; it holds the lock
//! and the log anyway, so nothing else has to be started, found again or trusted with the agent. That an agent is parked
//! stands in its log: when its runner is killed, or the machine is started anew, [`Agents::wake`] starts another; the guard of
//! the one that was killed calls it, and so does every command.

use std::{
    cmp::Reverse,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use orchestra_model::{AgentId, AgentState};
use serde::{Deserialize, Serialize};

use super::{
    Agents, Launcher, StartError,
    control::{Command, Control},
    plan::Plan,
};
use crate::files::{lock_file, write_whole};

/// What is told of a limit, in the state folder.
const FILE: &str = "limit.json";
/// A limit is never believed to last longer than this: what a client says may be anything, and a week is the longest.
const LONGEST: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How long after a limit it still counts as seen lately.
const LATELY: SignedDuration = SignedDuration::from_mins(10);
/// How often the wait doubles, while nobody says until when and it comes back each time.
const MOST_DOUBLINGS: u32 = 4;

/// How fast agents follow each other. The edges know it; the default is for a machine whose owner said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two starts.
    pub between_starts: Duration,
    /// The same when a limit was reached lately; also between two that go on after one.
    pub after_limit: Duration,
    /// How long a limit lasts when nobody says until when; it doubles while that proves too short.
    pub unknown_limit: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            between_starts: Duration::from_millis(50),
            after_limit: Duration::from_secs(2),
            unknown_limit: Duration::from_secs(60),
        }
    }
}

/// A limit that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Limited {
    /// When that was first heard.
    pub(super) since: Timestamp,
    /// When it lifts.
    pub(super) until: Timestamp,
    /// Why, as the client says.
    pub(super) why: String,
    /// How often it came back right after it had lifted.
    #[serde(default)]
    again: u32,
    /// When a person last said that a limit had lifted, before its time.
    #[serde(default)]
    called_off_at: Option<Timestamp>,
}

/// The shared limit of a state folder.
#[derive(Clone, Debug)]
pub(super) struct Governor {
    state: PathBuf,
}

impl Governor {
    pub(super) fn new(state: &Path) -> Self {
        Self { state: state.to_owned() }
    }

    fn read(&self) -> Option<Limited> {
        serde_json::from_slice(&fs::read(self.state.join(FILE)).ok()?).ok()
    }

    /// The limit that holds now. One that a clock set back would make last for ever does not.
    pub(super) fn limited(&self, now: Timestamp) -> Option<Limited> {
        self.read().filter(|limited| limited.until > now && later(now, LONGEST) >= limited.until)
    }

    /// Writes down that the limit is reached, and answers what holds from now on.
    pub(super) fn reach(
        &self,
        until: Option<Timestamp>,
        why: &str,
        now: Timestamp,
        pace: &Pace,
    ) -> io::Result<Limited> {
        let lock = lock_file(&self.state.join("limit.lock"))?;
        lock.lock()?;
        let limited = reached(self.read(), until, why, now, pace);
        write_whole(&self.state.join(FILE), &serde_json::to_vec(&limited)?, true)?;
        Ok(limited)
    }

    /// Has the limit end now; also one that others are parked for, of which this file knows nothing any more.
    fn call_off(&self, now: Timestamp) -> io::Result<()> {
        let lock = lock_file(&self.state.join("limit.lock"))?;
        lock.lock()?;
        let known = self.read().unwrap_or(Limited {
            since: now,
            until: now,
            why: String::new(),
            again: 0,
            called_off_at: None,
        });
        let over = Limited { until: known.until.min(now), called_off_at: Some(now), ..known };
        write_whole(&self.state.join(FILE), &serde_json::to_vec(&over)?, true)
    }

    /// Whether a person has said since then that the limit had lifted. Who was parked at a time that is still to come was
    /// parked before the clock was set back.
    pub(super) fn is_called_off(&self, since: Timestamp, now: Timestamp) -> bool {
        self.read().and_then(|limited| limited.called_off_at).is_some_and(|at| at >= since || since > now)
    }

    /// How long it is waited between two starts.
    pub(super) fn between_starts(&self, now: Timestamp, pace: &Pace) -> Duration {
        let is_late = self.read().is_some_and(|limited| later(limited.until, LATELY) > now);
        if is_late { pace.after_limit.max(pace.between_starts) } else { pace.between_starts }
    }
}

/// What holds after a limit was heard of, given what was known.
pub(super) fn reached(
    known: Option<Limited>,
    until: Option<Timestamp>,
    why: &str,
    now: Timestamp,
    pace: &Pace,
) -> Limited {
    let most = later(now, LONGEST);
    let known = known.filter(|known| known.until <= most && later(known.until, LATELY) > now);
    let holds = known.as_ref().is_some_and(|known| known.until > now);
    let again = match &known {
        Some(known) if holds => known.again,
        Some(known) => (known.again + 1).min(MOST_DOUBLINGS),
        None => 0,
    };
    let guess = SignedDuration::try_from(pace.unknown_limit.saturating_mul(1 << again)).unwrap_or(LONGEST);
    let until = until.filter(|until| *until > now).unwrap_or_else(|| later(now, guess)).min(most);
    match known {
        // Several hear of the same limit; the longest is meant.
        Some(known) if holds && known.until >= until => known,
        known => {
            let called_off_at = known.as_ref().and_then(|known| known.called_off_at);
            let since = known.filter(|_| holds).map_or(now, |known| known.since);
            Limited { since, until, why: why.to_owned(), again, called_off_at }
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What decides who goes first: the plan's priority, then who was asked for first, then the place in the run.
fn order(plan: &Plan) -> (Reverse<i32>, Timestamp, String, u32) {
    (Reverse(plan.run.priority), plan.created_at, plan.run.id.to_string(), plan.run.index)
}

impl Agents {
    pub(super) fn governor(&self) -> Governor {
        Governor::new(&self.state)
    }

    /// The agents in some states, the most important first.
    fn in_order(&self, is_meant: impl Fn(AgentState) -> bool) -> Vec<AgentId> {
        let folders = self.folders().unwrap_or_default();
        let mut plans: Vec<Plan> = folders
            .iter()
            .filter(|folder| folder.agent().is_ok_and(|agent| is_meant(agent.state)))
            .filter_map(|folder| folder.plan().ok())
            .collect();
        plans.sort_by_key(order);
        plans.into_iter().map(|plan| plan.id).collect()
    }

    /// Whether an agent is the one to give way next: others that use the model are more important, none is less.
    pub(super) fn gives_way_next(&self, id: &AgentId) -> bool {
        let at_work = self.in_order(|state| matches!(state, AgentState::Starting | AgentState::Running));
        at_work.len() > 1 && at_work.last() == Some(id)
    }

    /// How many that are parked go on before an agent does.
    pub(super) fn parked_before(&self, id: &AgentId) -> u32 {
        let parked = self.in_order(|state| state == AgentState::Parked);
        parked.iter().position(|parked| parked == id).and_then(|place| place.try_into().ok()).unwrap_or(0)
    }

    /// Has the limit that agents are parked for end now, because a person knows that it has lifted: they go on, one after
    /// the other. Answers which. When it was not true they meet the limit again, and wait again.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn call_limit_off(&self, now: Timestamp) -> io::Result<Vec<AgentId>> {
        let parked = self.in_order(|state| state == AgentState::Parked);
        if parked.is_empty() && self.governor().limited(now).is_none() {
            return Ok(parked);
        }
        self.governor().call_off(now)?;
        for folder in parked.iter().filter_map(|id| self.open(id).ok()) {
            // Spoken to, a runner looks at the limit; one that cannot be reached does so before long.
            let _ = Control::connect(folder.path())
                .and_then(|mut control| control.ask(Command::Hello, "orchestra"));
        }
        Ok(parked)
    }

    /// Starts a runner for each agent that is parked and has none: it was killed, or the machine started anew. Costs
    /// next to nothing while no limit was reached.
    ///
    /// # Errors
    /// When one of them does not start; the others are tried all the same.
    pub fn wake(&self, launcher: &Launcher) -> Result<(), StartError> {
        let file = self.state.join(FILE);
        if !file.exists() {
            return Ok(());
        }
        let parked = self.in_order(|state| state == AgentState::Parked);
        let mut outcome = Ok(());
        for id in &parked {
            if let Err(error) = self.launch(id, launcher) {
                outcome = Err(error);
            }
        }
        let now = Timestamp::now();
        if parked.is_empty() && self.governor().read().is_some_and(|known| later(known.until, LATELY) <= now)
        {
            // Nobody needs it any more; another limit writes it anew.
            let _ = fs::remove_file(file);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const PACE: Pace = Pace {
        between_starts: Duration::from_millis(50),
        after_limit: Duration::from_secs(2),
        unknown_limit: Duration::from_secs(60),
    };

    fn next(known: Option<Limited>, until: Option<i64>, now: i64) -> Limited {
        reached(known, until.map(at), "busy", at(now), &PACE)
    }

    #[test]
    fn a_limit_lasts_as_long_as_was_said_and_the_longest_of_several_is_meant() {
        let first = next(None, Some(500), 100);
        assert_eq!((first.since, first.until), (at(100), at(500)));
        let shorter = next(Some(first.clone()), Some(300), 110);
        assert_eq!(shorter, first);
        let longer = next(Some(first), Some(900), 120);
        assert_eq!((longer.since, longer.until), (at(100), at(900)));
    }

    #[test]
    fn a_limit_of_unknown_length_doubles_while_it_comes_back() {
        let mut known = None;
        let (mut now, mut waits) = (0, Vec::new());
        for _ in 0..7 {
            let limited = next(known, None, now);
            // Another hears of the same one: that is not another time.
            assert_eq!(next(Some(limited.clone()), None, now).until, limited.until);
            waits.push(limited.until.as_second() - now);
            now = limited.until.as_second() + 5;
            known = Some(limited);
        }
        assert_eq!(waits, [60, 120, 240, 480, 960, 960, 960]);
        let much_later = next(known, None, now + 3600);
        assert_eq!(much_later.until.as_second() - now - 3600, 60);
    }

    #[test]
    fn what_a_client_says_of_the_time_is_not_believed_without_bounds() {
        let forever = next(None, Some(99_999_999_999), 0);
        assert_eq!(forever.until, at(8 * 24 * 3600));
        assert_eq!(next(None, Some(50), 100).until, at(160), "a time that is past says nothing");
    }

    #[test]
    fn a_limit_that_was_called_off_is_over_until_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let governor = Governor::new(folder.path());
        governor.reach(Some(at(1000)), "busy", at(100), &PACE).unwrap();
        let is_called_off = |since| governor.is_called_off(at(since), at(300));
        assert!(!is_called_off(100));
        governor.call_off(at(200)).unwrap();
        assert_eq!(governor.limited(at(200)), None);
        assert!(is_called_off(100), "who was parked before goes on");
        assert!(!is_called_off(201), "who is parked later was not meant");
        governor.reach(Some(at(230)), "busy", at(210), &PACE).unwrap();
        assert!(governor.limited(at(220)).is_some(), "it is reached again");
        assert!(is_called_off(100), "who has waited since before the first need not wait as long as that");
        assert!(
            !is_called_off(210) && is_called_off(5000),
            "the second was parked before the clock was set back"
        );
    }

    #[test]
    fn starts_are_further_apart_when_a_limit_was_seen_lately() {
        let folder = tempfile::tempdir().unwrap();
        let governor = Governor::new(folder.path());
        assert_eq!(governor.between_starts(at(0), &PACE), PACE.between_starts);
        governor.reach(Some(at(100)), "busy", at(0), &PACE).unwrap();
        assert_eq!(governor.limited(at(99)).unwrap().why, "busy");
        assert_eq!(governor.limited(at(100)), None);
        assert_eq!(governor.between_starts(at(100 + 599), &PACE), PACE.after_limit);
        assert_eq!(governor.between_starts(at(100 + 600), &PACE), PACE.between_starts);
        assert_eq!(governor.limited(at(-900_000)), None, "the clock was set back");
    }
}
