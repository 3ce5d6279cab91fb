//! A session's score laid out as a lane. Pure.
//!
//! Time runs from left to right, but long silences are drawn short: a lane is read for what happened, and a night
//! between two hours of work would leave nothing of them.

use orchestra_model::{EndMark, Score, SpanKind};

use crate::{
    data::lane::{Stop, WIDTH, x_of_turn},
    text,
};

/// A lane, ready to draw.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// What sounds, from left to right.
    pub(super) segments: Vec<Segment>,
    /// Where files were changed.
    pub(super) edits: Vec<EditMark>,
    /// How it ended.
    pub(super) end: Option<EndMark>,
    /// The picture in words.
    pub(super) words: String,
}

/// One stretch of sound.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Segment {
    /// Where it begins.
    pub(super) x: u32,
    /// How wide it is.
    pub(super) width: u32,
    /// Whether it waited for its owner rather than ran.
    pub(super) waiting: bool,
    /// The first turn in it.
    pub(super) first_turn: u32,
    /// The first turn after it.
    pub(super) end_turn: u32,
    /// When it was, in words.
    pub(super) title: String,
}

/// A file changed here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EditMark {
    /// Where.
    pub(super) x: u32,
}

/// Silences take at most this share of the sounding time, each.
const SILENCE_SHARE: f64 = 0.04;
/// A stretch is never drawn narrower: it must be seen, and tapped.
const LEAST_WIDTH: f64 = 40.0;

impl Layout {
    /// Lays a score out; `turns` is how many turns the conversation has.
    pub(super) fn new(score: &Score, turns: u32, offset_seconds: i32) -> Self {
        let spans: Vec<(i64, i64)> =
            score.spans.iter().map(|span| (span.from.as_millisecond(), span.to.as_millisecond())).collect();
        let sounding: i64 = spans.iter().map(|(from, to)| (to - from).max(0)).sum();
        let most_silence = (sounding as f64 * SILENCE_SHARE).max(1000.0);
        let mut at = 0.0;
        let mut places = Vec::with_capacity(spans.len());
        for (index, (from, to)) in spans.iter().enumerate() {
            if let Some((_, before)) = index.checked_sub(1).and_then(|before| spans.get(before)) {
                at += ((from - before).max(0) as f64).min(most_silence);
            }
            let length = ((to - from).max(0) as f64).max(1.0);
            places.push((at, length));
            at += length;
        }
        // Narrow stretches are widened to what can be seen; all others share what is left.
        let widened = (LEAST_WIDTH * places.len() as f64).min(f64::from(WIDTH) / 2.0);
        let scale = (f64::from(WIDTH) - widened) / at.max(1.0);
        let least = widened / places.len().max(1) as f64;
        let segments: Vec<Segment> = places
            .iter()
            .zip(&score.spans)
            .enumerate()
            .map(|(index, ((start, length), span))| Segment {
                x: round(start * scale + least * index as f64),
                width: round(length * scale + least),
                waiting: span.kind == SpanKind::Waiting,
                first_turn: span.first_turn,
                end_turn: score
                    .spans
                    .get(index + 1)
                    .map_or(turns, |next| next.first_turn)
                    .max(span.first_turn),
                title: format!(
                    "{}, {} for {}",
                    text::stamp(span.from.as_millisecond(), offset_seconds),
                    if span.kind == SpanKind::Waiting { "waited" } else { "ran" },
                    text::duration(span.to.as_millisecond() - span.from.as_millisecond()),
                ),
            })
            .collect();
        let stops = stops(&segments);
        let mut edits: Vec<EditMark> =
            score.edits.iter().map(|edit| EditMark { x: x_of_turn(&stops, edit.turn) }).collect();
        edits.dedup_by(|one, other| one.x.abs_diff(other.x) < 50);
        Self { words: words(score, sounding), segments, edits, end: score.end_mark }
    }

    /// Where its turns stand.
    pub(super) fn stops(&self) -> Vec<Stop> {
        stops(&self.segments)
    }
}

fn stops(segments: &[Segment]) -> Vec<Stop> {
    segments
        .iter()
        .map(|Segment { x, width, first_turn, end_turn, .. }| [*x, *width, *first_turn, *end_turn])
        .collect()
}

fn round(value: f64) -> u32 {
    value.round() as u32
}

fn words(score: &Score, sounding_ms: i64) -> String {
    let ran = score.spans.iter().filter(|span| span.kind == SpanKind::Running).count();
    let waited = score.spans.len() - ran;
    let mut words =
        format!("Ran {}, {} in all", text::plural(ran, "time", "times"), text::duration(sounding_ms));
    if waited > 0 {
        words.push_str(&format!("; waited for its owner {}", text::plural(waited, "time", "times")));
    }
    if !score.edits.is_empty() {
        words.push_str(&format!("; {}", text::plural(score.edits.len(), "edit", "edits")));
    }
    words.push_str(match score.end_mark {
        Some(EndMark::Done) => "; ended done.",
        Some(EndMark::Failed) => "; ended in an error.",
        None => ".",
    });
    words
}

#[cfg(test)]
mod tests {
    use orchestra_model::{Span, Tick, Timestamp};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn span(from: i64, to: i64, first_turn: u32, kind: SpanKind) -> Span {
        Span { from: at(from), to: at(to), first_turn, kind }
    }

    fn night_between() -> Layout {
        let score = Score {
            start: Some(at(0)),
            end: Some(at(40_000)),
            spans: vec![span(0, 600, 0, SpanKind::Running), span(39_000, 39_600, 10, SpanKind::Waiting)],
            edits: vec![Tick { at: at(300), turn: 5 }],
            end_mark: Some(EndMark::Done),
        };
        Layout::new(&score, 20, 0)
    }

    #[test]
    fn a_night_is_drawn_short_and_all_fits() {
        let lane = night_between();
        let last = &lane.segments[1];
        assert!(last.x < 6000, "{lane:?}");
        assert!((last.x + last.width).abs_diff(WIDTH) < 10, "{lane:?}");
        assert_eq!(lane.words, "Ran 1 time, 20 min in all; waited for its owner 1 time; 1 edit; ended done.");
    }

    #[test]
    fn edits_stand_at_their_turns() {
        let lane = night_between();
        assert_eq!(lane.edits[0].x, x_of_turn(&lane.stops(), 5));
    }

    #[test]
    fn an_empty_score_and_moments_without_length_are_drawn() {
        assert!(Layout::new(&Score::default(), 0, 0).stops().is_empty());
        let score = Score {
            spans: (0..300).map(|i| span(i * 9000, i * 9000, i as u32, SpanKind::Running)).collect(),
            ..Score::default()
        };
        let lane = Layout::new(&score, 300, 0);
        assert!(lane.segments.iter().all(|segment| segment.width > 5 && segment.x <= WIDTH));
    }
}
