//! What an agent did when, as its lane shows it: from its log alone, while it goes on.

use std::collections::VecDeque;

use jiff::Timestamp;
use orchestra_model::{AgentState, EndMark, Score, Span, SpanKind, Tick};
use serde::{Deserialize, Serialize};

/// How many stretches, and how many changes of files, are remembered: the last ones.
const MOST: usize = 120;

/// A lane that grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lane {
    spans: VecDeque<Span>,
    edits: VecDeque<Tick>,
    /// What it does now, and since when.
    open: Option<(Timestamp, SpanKind)>,
}

impl Lane {
    /// From this moment on it does this, or nothing.
    pub(super) fn go_on(&mut self, at: Timestamp, now: Option<SpanKind>, turn: u32) {
        if self.open.map(|(_, kind)| kind) == now {
            return;
        }
        if let Some((from, kind)) = self.open.take() {
            // The clock may have been set back meanwhile.
            self.spans.push_back(Span { from, to: at.max(from), first_turn: turn, kind });
            self.spans.drain(..self.spans.len().saturating_sub(MOST));
        }
        self.open = now.map(|kind| (at, kind));
    }

    /// It changes a file.
    pub(super) fn edit(&mut self, at: Timestamp, turn: u32) {
        self.edits.push_back(Tick { at, turn });
        self.edits.drain(..self.edits.len().saturating_sub(MOST));
    }

    /// The lane as a score. What goes on now has no end there but the last moment that the log tells of.
    pub(in crate::agents) fn score(
        &self,
        begin: Timestamp,
        last: Option<Timestamp>,
        state: AgentState,
    ) -> Score {
        let last = last.unwrap_or(begin).max(begin);
        let mut spans: Vec<Span> = self.spans.iter().copied().collect();
        if let Some((from, kind)) = self.open {
            spans.push(Span { from, to: last.max(from), first_turn: 0, kind });
        }
        let end_mark = match state {
            AgentState::Done => Some(EndMark::Done),
            AgentState::Failed | AgentState::Lost => Some(EndMark::Failed),
            _ => None,
        };
        Score {
            start: Some(begin),
            end: Some(last),
            spans,
            edits: self.edits.iter().copied().collect(),
            end_mark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_lane_has_a_stretch_for_each_thing_it_did_and_gaps_where_it_did_nothing() {
        let mut lane = Lane::default();
        for (second, now) in [
            (1, Some(SpanKind::Running)),
            (2, Some(SpanKind::Running)),
            (5, Some(SpanKind::Waiting)),
            (9, Some(SpanKind::Running)),
            (12, None),
            (20, Some(SpanKind::Running)),
        ] {
            lane.go_on(at(second), now, 0);
        }
        let score = lane.score(at(0), Some(at(30)), AgentState::Running);
        let spans: Vec<_> = score
            .spans
            .iter()
            .map(|span| (span.from.as_second(), span.to.as_second(), span.kind == SpanKind::Waiting))
            .collect();
        assert_eq!(spans, [(1, 5, false), (5, 9, true), (9, 12, false), (20, 30, false)]);
        assert_eq!((score.start, score.end_mark), (Some(at(0)), None));
        assert_eq!(lane.score(at(0), None, AgentState::Done).end_mark, Some(EndMark::Done));
    }

    #[test]
    fn a_long_life_keeps_its_last_stretches() {
        let mut lane = Lane::default();
        for second in 0..1000 {
            lane.go_on(at(second), (second % 2 == 0).then_some(SpanKind::Running), 0);
        }
        assert_eq!(lane.spans.len(), MOST);
        assert_eq!(lane.spans.back().unwrap().to, at(999));
    }
}
