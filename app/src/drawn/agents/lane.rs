//! An agent's lane from its start to now: a bar while a turn ran, a bright notch where it waited, a tick for each edit.

use std::fmt::Write as _;

use leptos::prelude::*;
use orchestra_model::{Agent, AgentState, Score, SpanKind, Timestamp};

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
    let ms = |at: Option<Timestamp>| at.map_or(0, |at| at.as_millisecond());
    let start = ms(score.start);
    Some(draw_within(score, name, (start, (ms(score.end) - start).max(LEAST_MS))))
}

/// Whether something goes on in an agent's score.
pub(crate) fn goes_on(agent: &Agent) -> bool {
    agent.state.is_live() && !matches!(agent.state, AgentState::Idle | AgentState::Parked)
}

/// The score of an agent, with what goes on drawn out to this moment: a wait is as long as it lasts.
pub(crate) fn until(agent: &Agent, now: Option<Timestamp>) -> Score {
    let mut score = agent.score.clone();
    if !goes_on(agent) {
        return score;
    }
    let end = now.max(score.end);
    if let (Some(last), Some(to)) = (score.spans.last_mut(), end)
        && Some(last.to) == score.end
    {
        last.to = to;
        score.end = end;
    }
    score
}

/// Draws it as a part of a longer time.
pub(crate) fn draw_within(score: &Score, name: &str, time: (i64, i64)) -> AnyView {
    let label = format!("{name}: {}", words(score));
    view! {
        <svg class="lane-score agent-lane" viewBox=format!("0 0 {WIDTH} 40") preserveAspectRatio="none" role="img" aria-label=label inner_html=picture(score, time)></svg>
    }
    .into_any()
}

fn picture(score: &Score, (start, length): (i64, i64)) -> String {
    let mut svg = format!(r#"<line class="staff" x1="0" x2="{WIDTH}" y1="20" y2="20"/>"#);
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
