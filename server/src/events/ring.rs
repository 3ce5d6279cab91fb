//! The last events, by their numbers.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Next;

/// How many are kept.
pub(super) const CAPACITY: usize = 1024;

#[derive(Debug)]
pub(super) struct Ring {
    /// The number of the last event, whether or not it is kept.
    latest: u64,
    events: VecDeque<Arc<str>>,
}

impl Ring {
    /// An empty ring whose first event has the number after this one.
    pub(super) fn after(latest: u64) -> Self {
        Self { latest, events: VecDeque::new() }
    }

    /// Adds an event that is made with its number; returns the number.
    pub(super) fn push(&mut self, make: impl FnOnce(u64) -> Arc<str>) -> u64 {
        self.latest += 1;
        if self.events.len() == CAPACITY {
            self.events.pop_front();
        }
        self.events.push_back(make(self.latest));
        self.latest
    }

    /// The event after a place.
    pub(super) fn next(&self, place: u64) -> Next {
        let Some(behind) = self.latest.checked_sub(place) else { return Next::Lost(self.latest) };
        if behind == 0 {
            return Next::UpToDate;
        }
        let kept = usize::try_from(behind).ok().and_then(|behind| self.events.len().checked_sub(behind));
        match kept.and_then(|index| self.events.get(index)) {
            Some(event) => Next::Event(place + 1, Arc::clone(event)),
            None => Next::Lost(self.latest),
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

    #[test]
    fn a_reader_gets_every_event_once_and_in_order() {
        let ring = ring(5);
        let mut place = 1000;
        let mut seen = Vec::new();
        while let Next::Event(number, text) = ring.next(place) {
            assert_eq!(*text, *number.to_string());
            seen.push(number);
            place = number;
        }
        assert_eq!(seen, [1001, 1002, 1003, 1004, 1005]);
        assert!(matches!(ring.next(1005), Next::UpToDate));
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
}
