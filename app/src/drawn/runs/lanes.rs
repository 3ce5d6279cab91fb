//! The score of a run: the lanes of its agents under each other, in one time.

use leptos::prelude::*;
use orchestra_model::{Agent, Score, TaskResult, TaskState};

use super::{Known, mark, name_link, needs_somebody};
use crate::{drawn::agents::lane, text};

/// So many lanes stand there in any case; of more, those that nothing goes on in are folded.
const UNFOLDED: usize = 12;
/// Of a time that is longer than this, in milliseconds, the days are named.
const LONG: i64 = 20 * 3_600_000;

pub(super) fn draw(known: &Known) -> Option<AnyView> {
    let mut tasks: Vec<_> = known.results.tasks.iter().map(|task| (task, known.agent(&task.agent))).collect();
    let time = time_of(tasks.iter().filter_map(|(_, agent)| agent.map(|agent| &agent.score)))?;
    if tasks.len() < 2 {
        return None;
    }
    let mut shown = tasks.len();
    if tasks.len() > UNFOLDED {
        tasks.sort_by_key(|(task, agent)| urgency(task, *agent));
        let urgent = tasks.iter().filter(|(task, agent)| urgency(task, *agent) < CALM).count();
        shown = urgent.max(UNFOLDED);
    }
    let lane = |(task, agent): &(&TaskResult, Option<&Agent>)| {
        let score = agent.map(|agent| lane::draw_within(&agent.score, &agent.name, time));
        view! { <li class="run-lane">{name_link(task)} <span class="run-lane-score">{score}</span> {mark(known, task)}</li> }
    };
    let folded = tasks.split_off(shown.min(tasks.len()));
    let more = (!folded.is_empty()).then(|| {
        view! {
            <details class="run-lanes-more" data-key="lanes">
                <summary class="fold-line">{format!("and {} more", folded.len())}</summary>
                <ul class="run-lanes" aria-label="What the others did when">{folded.iter().map(lane).collect_view()}</ul>
            </details>
        }
    });
    let lanes = tasks.iter().map(lane).collect_view();
    Some(
        view! {
            <div class="run-score" data-part="lanes">
                <ul class="run-lanes" aria-label="What each did when">{lanes}</ul>
                {axis(known, time)}
                {more}
            </div>
        }
        .into_any(),
    )
}

/// From the first moment in which any of them sounds to the last, and how long that is, in milliseconds.
fn time_of<'a>(scores: impl Iterator<Item = &'a Score>) -> Option<(i64, i64)> {
    let spans = scores.flat_map(|score| &score.spans);
    let ends = spans.map(|span| (span.from.as_millisecond(), span.to.as_millisecond()));
    let (from, to) = ends.reduce(|(from, to), (start, end)| (from.min(start), to.max(end)))?;
    Some((from, (to - from).max(1)))
}

/// Who calm enough to be folded is.
const CALM: u8 = 3;

fn urgency(task: &TaskResult, agent: Option<&Agent>) -> u8 {
    match task.state {
        _ if needs_somebody(task, agent) => 0,
        TaskState::Failed if !task.is_cleaned => 1,
        TaskState::Running | TaskState::Checking => 2,
        _ => CALM,
    }
}

/// When it began and when it ended.
fn axis(known: &Known, (from, length): (i64, i64)) -> AnyView {
    let is_long = length > LONG;
    let stamp = |ms| match is_long {
        true => text::stamp(ms, known.offset_seconds),
        false => text::clock(ms, known.offset_seconds),
    };
    let goes_on = known.agents.iter().any(lane::goes_on);
    let end = if goes_on { "now".to_owned() } else { stamp(from + length) };
    let took = text::duration(length);
    view! {
        <p class="run-axis"><time datetime=text::rfc3339(from)>{stamp(from)}</time> <span>{took}</span> <time datetime=text::rfc3339(from + length)>{end}</time></p>
    }
    .into_any()
}
