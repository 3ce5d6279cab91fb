//! A parked agent: its client has ended, its session is kept, and its runner waits until the limit lifts.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{ITSELF, Runner, ending::Ending};
use crate::agents::{
    Agents,
    entry::Event,
    governor::{Governor, Limited, reached},
};

/// What an agent is told whose turn a limit cut off.
const CUT_OFF: &str = "A rate limit cut you off, and it has lifted.";
const GO_ON: &str = "Go on where you left off.";
/// The same when there is a message for it besides.
const AND_THIS: &str = "Finish what you were at, and take this in:";

impl Runner<'_> {
    fn machine(&self) -> Option<Agents> {
        self.folder.agents().parent().map(Agents::new)
    }

    fn governor(&self) -> Option<Governor> {
        self.machine().map(|agents| agents.governor())
    }

    /// The limit that holds for everybody now.
    pub(super) fn limited(&self) -> Option<Limited> {
        self.governor()?.limited(Timestamp::now())
    }

    /// The limit that ended the agent's own turn, if one did; the others are told of it.
    pub(super) fn own_limit(&self) -> Option<Limited> {
        let held = self.journal.facts().refused()?.clone();
        let (now, pace) = (Timestamp::now(), &self.settings.pace);
        let told =
            self.governor().and_then(|governor| governor.reach(held.until, &held.words, now, pace).ok());
        // What cannot be told to others holds for itself.
        Some(told.unwrap_or_else(|| reached(None, held.until, &held.words, now, pace)))
    }

    /// Gives way, if others are more important, while a limit holds.
    pub(super) fn heed_limit_of_others(&mut self) {
        let facts = self.journal.facts();
        let is_at_work = facts.is_busy && facts.parked.is_none() && facts.requests.is_empty();
        if !is_at_work || self.ending.is_some() {
            return;
        }
        if let Some(limited) = self.limited()
            && self.machine().is_some_and(|agents| agents.gives_way_next(&self.plan.id))
        {
            self.park(limited);
        }
    }

    /// Ends the client, if there is one, and keeps the agent.
    pub(super) fn park(&mut self, Limited { until, why, .. }: Limited) {
        self.journal.event(Event::Parked { until, why });
        self.journal.sync();
        (self.linger_until, self.silent_until, self.goes_on_at) = (None, None, None);
        if self.child.is_some() {
            let is_busy = self.journal.facts().is_busy;
            self.ending.get_or_insert_with(|| Ending::stop(is_busy));
        }
    }

    /// Whether the runner has an agent to wait with.
    pub(super) fn is_parked(&self) -> bool {
        let facts = self.journal.facts();
        facts.parked.is_some() && facts.failure.is_none() && !self.leaves
    }

    /// When it is to be looked whether the agent may go on.
    pub(super) fn parked_deadline(&self, now: Instant) -> Option<Instant> {
        let parked = self.journal.facts().parked.as_ref().filter(|_| self.child.is_none())?;
        let left: Duration = parked.until.duration_since(Timestamp::now()).try_into().unwrap_or_default();
        // A client may have said anything; the runner looks around before long in any case.
        self.goes_on_at.or_else(|| now.checked_add(left))
    }

    /// Goes on with a parked agent whose time has come.
    pub(super) fn keep_parked(&mut self, now: Instant) {
        let Some(parked) = self.journal.facts().parked.clone().filter(|_| self.child.is_none()) else {
            return;
        };
        if let Some(limited) = self.limited().filter(|limited| limited.until > parked.until) {
            // Who went on first met it again.
            return self.park(limited);
        }
        let is_over = Timestamp::now() >= parked.until
            || self.governor().is_some_and(|governor| governor.is_called_off(parked.since, Timestamp::now()));
        if !is_over {
            self.goes_on_at = None;
            return;
        }
        let before = || self.machine().map_or(0, |agents| agents.parked_before(&self.plan.id));
        let at = self.goes_on_at.unwrap_or_else(|| now + self.settings.pace.after_limit * before());
        self.goes_on_at = Some(at);
        if at <= now {
            self.unpark();
        }
    }

    /// What the client is told with a prompt when a limit has cut its agent off: its turn is not to be forgotten.
    pub(super) fn with_what_was_cut_off(&self, words: String) -> String {
        match self.journal.facts().is_cut_off {
            false => words,
            true if words == GO_ON => format!("{CUT_OFF} {GO_ON}"),
            true => format!("{CUT_OFF} {AND_THIS}\n\n{words}"),
        }
    }

    fn unpark(&mut self) {
        self.goes_on_at = None;
        let facts = self.journal.facts();
        if facts.is_cut_off && facts.queue.is_empty() {
            // Before the other record: whoever is killed between them does not say it twice.
            let id = self.journal.facts().last_prompt + 1;
            let (text, by) = (GO_ON.to_owned(), ITSELF.to_owned());
            self.journal.event(Event::PromptQueued { id, text, by, key: None, from: None, first: false });
        }
        self.journal.event(Event::Unparked);
        self.journal.sync();
        self.ending = None;
        if let Err(why) = self.start_what_is_next() {
            self.fail(why);
        }
    }
}
