//! An agent's lane from its start to now: a bar while a turn ran, a bright notch where it waited, a tick for each edit.

use std::fmt::Write as _;

use leptos::prelude::*;
use orchestra_model::{Score, SpanKind};

use crate::{data::lane::WIDTH, text};

/// A lane is never drawn of less time than this: its first second would fill it otherwise.
const LEAST_MS: i64 = 10_000;
/// What sounds is never drawn narrower.
const LEAST_WIDTH: i64 = 60;

/// Draws it, as soon as it says something: one stretch without an edit or a wait is only a bar.
pub(super) fn draw(score: &Score, name: &str) -> Option<AnyView> {
    if score.spans.len() + score.edits.len() < 2 {
        return None;
    }
    let label = format!("{name}: {}", words(score));
    Some(view! {
        <svg class="lane-score agent-lane" viewBox=format!("0 0 {WIDTH} 40") preserveAspectRatio="none" role="img" aria-label=label inner_html=picture(score)></svg>
    }
    .into_any())
}

fn picture(score: &Score) -> String {
    let mut svg = format!(r#"<line class="staff" x1="0" x2="{WIDTH}" y1="20" y2="20"/>"#);
    let (Some(start), Some(end)) = (score.start, score.end) else { return svg };
    let start = start.as_millisecond();
    let length = (end.as_millisecond() - start).max(LEAST_MS);
    let x = |ms: i64| ((ms - start).clamp(0, length) * i64::from(WIDTH) / length).min(i64::from(WIDTH));
    for span in &score.spans {
        let (from, to) = (x(span.from.as_millisecond()), x(span.to.as_millisecond()));
        let (class, y, height) = match span.kind {
            SpanKind::Waiting => ("bar is-waiting", 4, 32),
            SpanKind::Running => ("bar is-running", 12, 16),
        };
        let width = (to - from).max(LEAST_WIDTH);
        let from = from.min(i64::from(WIDTH) - width);
        let _ =
            write!(svg, r#"<rect class="{class}" x="{from}" y="{y}" width="{width}" height="{height}"/>"#);
    }
    for edit in &score.edits {
        let at = x(edit.at.as_millisecond()).min(i64::from(WIDTH) - 20);
        let _ = write!(svg, r#"<rect class="edit" x="{at}" y="31" width="20" height="6"/>"#);
    }
    svg
}

fn words(score: &Score) -> String {
    let total = |kind| -> i64 {
        let spans = score.spans.iter().filter(|span| span.kind == kind);
        spans.map(|span| span.to.as_millisecond() - span.from.as_millisecond()).sum()
    };
    let mut words = format!("ran {}", text::duration(total(SpanKind::Running)));
    let waited = total(SpanKind::Waiting);
    if waited > 0 {
        words.push_str(&format!(", waited {}", text::duration(waited)));
    }
    if !score.edits.is_empty() {
        words.push_str(&format!(", {}", text::plural(score.edits.len(), "edit", "edits")));
    }
    words
}
