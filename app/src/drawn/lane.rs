//! The lane as SVG: one staff line, a bar while a turn ran, a notch where it waited, ticks for edits, and a bar line or
//! a cross where it ended. Stretched across by the page, so only plain shapes stand in it.

mod layout;

use std::fmt::Write as _;

use orchestra_model::{EndMark, Score};

use crate::data::{LaneView, lane::WIDTH as EDGE};
use layout::Layout;

/// Draws the score of a conversation with so many turns. Only its words are there while a picture would say nothing: of
/// one stretch in which no file was changed.
pub(crate) fn draw(score: &Score, turns: u32, offset_seconds: i32) -> LaneView {
    let layout = Layout::new(score, turns, offset_seconds);
    if layout.segments.len() + layout.edits.len() < 2 {
        return LaneView { words: layout.words, ..LaneView::default() };
    }
    LaneView { picture: picture(&layout), stops: layout.stops(), words: layout.words }
}

/// Every stretch is a link to its first turn.
fn picture(lane: &Layout) -> String {
    let mut svg = String::from(r#"<line class="staff" x1="0" x2="10000" y1="20" y2="20"/>"#);
    for segment in &lane.segments {
        let (class, y, height) =
            if segment.waiting { ("bar is-waiting", 4, 32) } else { ("bar is-running", 12, 16) };
        let _ = write!(
            svg,
            r#"<a href="?at={}" tabindex="-1"><title>{}</title><rect class="{class}" x="{}" y="{y}" width="{}" height="{height}"/></a>"#,
            segment.first_turn,
            segment.title,
            segment.x,
            segment.width.saturating_sub(10).max(15)
        );
    }
    for edit in &lane.edits {
        let _ = write!(svg, r#"<rect class="edit" x="{}" y="31" width="20" height="6"/>"#, edit.x);
    }
    match lane.end {
        Some(EndMark::Done) => {
            let _ = write!(
                svg,
                r#"<rect class="end is-done" x="{}" y="8" width="15" height="24"/><rect class="end is-done" x="{}" y="8" width="40" height="24"/>"#,
                EDGE - 80,
                EDGE - 40
            );
        }
        Some(EndMark::Failed) => {
            let _ = write!(
                svg,
                r#"<path class="end is-failed" d="M{} 10 L{EDGE} 30 M{EDGE} 10 L{} 30"/>"#,
                EDGE - 80,
                EDGE - 80
            );
        }
        None => {}
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use layout::{EditMark, Segment};
    use orchestra_model::Span;

    #[test]
    fn a_lane_is_drawn_as_soon_as_it_says_something() {
        let at = |second| orchestra_model::Timestamp::from_second(second).unwrap();
        let span = Span { from: at(0), to: at(9), first_turn: 0, kind: orchestra_model::SpanKind::Running };
        let mut score = Score { spans: vec![span], end: Some(at(9)), ..Score::default() };
        assert!(draw(&Score::default(), 0, 0).picture.is_empty());
        assert!(draw(&score, 2, 0).picture.is_empty());
        let waits = score.clone().with_wait(at(8), at(60), 1);
        assert_eq!((waits.spans[1].from, waits.end), (at(9), Some(at(60))), "it begins where the turn ended");
        assert!(draw(&waits, 2, 0).picture.contains("is-waiting"));
        assert_eq!(score.clone().with_wait(at(0), at(5), 1), score, "that is over");
        score.edits.push(orchestra_model::Tick { at: at(5), turn: 1 });
        assert!(draw(&score, 2, 0).picture.contains("is-running"));
    }

    #[test]
    fn every_stretch_leads_to_its_first_turn() {
        let segment = Segment {
            x: 0,
            width: 5000,
            waiting: true,
            first_turn: 7,
            end_turn: 9,
            title: "21 Nov 14:02, waited for 5 s".to_owned(),
        };
        let lane = Layout {
            segments: vec![segment],
            edits: vec![EditMark { x: 2500 }],
            end: Some(EndMark::Failed),
            words: String::new(),
        };
        let svg = picture(&lane);
        assert!(
            svg.contains(r#"href="?at=7""#)
                && svg.contains("is-waiting")
                && svg.contains("is-failed")
                && svg.contains(r#"class="edit""#)
        );
    }
}
