//! The last events, by their numbers, and what is only ever as it is now.
//!
//! Events that must all be heard are kept until there are too many; of an agent only its latest row counts, and of what it
//! writes only all of it: however far behind a listener is, it hears each of them once.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use orchestra_core::agents::Words;

use super::Next;

/// How many events are kept.
pub(super) const CAPACITY: usize = 1024;

#[derive(Debug)]
pub(super) struct Ring {
    /// The number of the last event, whether or not it is kept.
    latest: u64,
    /// The number of the last event that is not kept any more.
    forgotten: u64,
    events: VecDeque<(u64, Arc<str>)>,
    /// What is as it is now, by the number of its last change.
    current: BTreeMap<u64, (Key, Current)>,
    numbers: HashMap<Key, u64>,
}

/// Something of which only the latest counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An agent's row.
    Row(String),
    /// What an agent writes.
    Words(String),
    /// That something became of a run.
    Run(String),
}

/// How it is now.
#[derive(Clone, Debug)]
pub(super) enum Current {
    /// An event as JSON.
    Event(Arc<str>),
    /// Words, of which each listener is told what it lacks.
    Words(Arc<Words>),
}

impl Ring {
    /// An empty ring whose first event has the number after this one.
    pub(super) fn after(latest: u64) -> Self {
        let (events, current, numbers) = Default::default();
        Self { latest, forgotten: latest, events, current, numbers }
    }

    /// Adds an event that is made with its number; returns the number.
    pub(super) fn push(&mut self, make: impl FnOnce(u64) -> Arc<str>) -> u64 {
        self.latest += 1;
        if self.events.len() == CAPACITY
            && let Some((number, _)) = self.events.pop_front()
        {
            self.forgotten = number;
        }
        self.events.push_back((self.latest, make(self.latest)));
        self.latest
    }

    /// Says how something is now, in place of how it was; returns the number.
    pub(super) fn replace(&mut self, key: Key, make: impl FnOnce(u64) -> Current) -> u64 {
        self.latest += 1;
        if let Some(before) = self.numbers.insert(key.clone(), self.latest) {
            self.current.remove(&before);
        }
        self.current.insert(self.latest, (key, make(self.latest)));
        self.latest
    }

    /// What an agent is writing.
    pub(super) fn words_of(&self, agent: &str) -> Option<Arc<Words>> {
        let number = self.numbers.get(&Key::Words(agent.to_owned()))?;
        match self.current.get(number) {
            Some((_, Current::Words(words))) => Some(Arc::clone(words)),
            _ => None,
        }
    }

    /// What comes after a place.
    pub(super) fn next(&self, place: u64) -> Next {
        if place > self.latest || place < self.forgotten {
            return Next::Lost(self.latest);
        }
        let index = self.events.partition_point(|(number, _)| *number <= place);
        let event = self.events.get(index);
        let current = self.current.range(place + 1..).next();
        match (event, current) {
            (Some((number, event)), Some((now, _))) if number < now => {
                Next::Event(*number, Arc::clone(event))
            }
            (_, Some((number, (_, Current::Event(event))))) => Next::Event(*number, Arc::clone(event)),
            (_, Some((number, (_, Current::Words(words))))) => Next::Words(*number, Arc::clone(words)),
            (Some((number, event)), None) => Next::Event(*number, Arc::clone(event)),
            (None, None) => Next::UpToDate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(events: u64) -> Ring {
        let mut ring = Ring::after(1000);
        for _ in 0..events {
            ring.push(|sequence| sequence.to_string().into());
        }
        ring
    }

    fn all_after(ring: &Ring, mut place: u64) -> Vec<String> {
        let mut seen = Vec::new();
        while let Next::Event(number, text) = ring.next(place) {
            assert!(number > place);
            seen.push(text.to_string());
            place = number;
        }
        assert!(matches!(ring.next(place), Next::UpToDate));
        seen
    }

    #[test]
    fn a_reader_gets_every_event_once_and_in_order() {
        assert_eq!(all_after(&ring(5), 1000), ["1001", "1002", "1003", "1004", "1005"]);
        assert_eq!(all_after(&ring(5), 1003), ["1004", "1005"]);
    }

    #[test]
    fn a_place_too_old_or_from_the_future_is_lost() {
        let ring = ring(CAPACITY as u64 + 10);
        let latest = 1000 + CAPACITY as u64 + 10;
        for place in [0, 999, 1000, 1009, latest + 1, u64::MAX] {
            assert!(matches!(ring.next(place), Next::Lost(at) if at == latest), "{place}");
        }
        assert!(matches!(ring.next(1010), Next::Event(1011, _)));
    }

    #[test]
    fn an_empty_ring_knows_only_its_own_place() {
        let ring = ring(0);
        assert!(matches!(ring.next(1000), Next::UpToDate));
        assert!(matches!(ring.next(999), Next::Lost(1000)));
    }

    #[test]
    fn of_what_is_as_it_is_now_a_slow_reader_hears_the_latest_only() {
        let mut ring = ring(1);
        for round in 0..CAPACITY as u64 * 3 {
            for agent in ["a", "b"] {
                let text = format!("{agent} {round}");
                ring.replace(Key::Row(agent.into()), |_| Current::Event(text.into()));
            }
        }
        ring.push(|_| "session".into());
        let last = CAPACITY * 3 - 1;
        assert_eq!(all_after(&ring, 1000), ["1001", &format!("a {last}"), &format!("b {last}"), "session"]);
    }
}
