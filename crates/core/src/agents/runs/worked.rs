//! How long a run was at work: the time in which any of its agents had a turn. Waiting for people, for limits, or for
//! somebody to go on with it is none.

use jiff::{SignedDuration, Timestamp};
use orchestra_model::{Agent, AgentState, SpanKind};

/// The stretches in which something was at work, in their order, none touching the next; in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Worked {
    stretches: Vec<(i64, i64)>,
    /// Whether something is at work now.
    goes_on: bool,
}

impl Worked {
    pub(super) fn of<'a>(agents: impl Iterator<Item = &'a Agent>, now: Timestamp) -> Self {
        let mut all = Vec::new();
        let mut goes_on = false;
        for agent in agents {
            let spans = agent.score.spans.iter().filter(|span| span.kind == SpanKind::Running);
            let mut spans: Vec<(i64, i64)> =
                spans.map(|span| (span.from.as_millisecond(), span.to.as_millisecond())).collect();
            // The log tells of what goes on only up to its last record.
            if agent.state == AgentState::Running
                && let Some(last) = spans.last_mut()
            {
                last.1 = last.1.max(now.as_millisecond());
                goes_on = true;
            }
            all.extend(spans);
        }
        all.sort_unstable();
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for (from, to) in all {
            match stretches.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => stretches.push((from, to)),
            }
        }
        Self { stretches, goes_on }
    }

    pub(super) fn seconds(&self) -> u64 {
        let milliseconds: i64 = self.stretches.iter().map(|(from, to)| to.saturating_sub(*from)).sum();
        u64::try_from(milliseconds / 1000).unwrap_or_default()
    }

    /// When it had been, or will have been, at work for so many minutes, as far as that is known.
    pub(super) fn comes_to(&self, minutes: u64, now: Timestamp) -> Option<Timestamp> {
        let mut left = i64::try_from(minutes.saturating_mul(60_000)).ok()?;
        for (from, to) in &self.stretches {
            let length = to.saturating_sub(*from);
            if length >= left {
                return Timestamp::from_millisecond(from.saturating_add(left)).ok();
            }
            left -= length;
        }
        now.checked_add(SignedDuration::from_millis(left)).ok().filter(|_| self.goes_on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worked(stretches: &[(i64, i64)], goes_on: bool) -> Worked {
        let stretches = stretches.iter().map(|(from, to)| (from * 1000, to * 1000)).collect();
        Worked { stretches, goes_on }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_budget_of_minutes_ends_within_a_stretch_or_will_while_something_is_at_work() {
        let two = worked(&[(0, 40), (100, 140)], false);
        assert_eq!(two.seconds(), 80);
        assert_eq!(two.comes_to(1, at(500)), Some(at(120)), "what lies between does not count");
        assert_eq!(two.comes_to(2, at(500)), None, "nobody is at work");
        assert_eq!(worked(&[(0, 40), (100, 140)], true).comes_to(2, at(140)), Some(at(180)));
    }
}
