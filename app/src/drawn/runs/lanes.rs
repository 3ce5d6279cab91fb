//! The score of a run: the lanes of its agents under each other, in one time.

use leptos::prelude::*;

use super::{Known, mark, name_link};
use crate::drawn::agents::lane;

pub(super) fn draw(known: &Known) -> Option<AnyView> {
    let tasks: Vec<_> = known.results.tasks.iter().map(|task| (task, known.agent(&task.agent))).collect();
    let scores = tasks.iter().filter_map(|(_, agent)| agent.map(|agent| &agent.score));
    let time = lane::within(scores.clone());
    if tasks.len() < 2 || scores.clone().all(|score| score.spans.is_empty()) {
        return None;
    }
    let lanes = tasks.iter().map(|(task, agent)| {
        let score = agent.map(|agent| lane::draw_within(&agent.score, &agent.name, time));
        view! { <li class="run-lane">{name_link(task)} <span class="run-lane-score">{score}</span> {mark(task)}</li> }
    });
    let lanes = lanes.collect_view();
    Some(
        view! { <ul class="run-lanes" aria-label="What each did when" data-part="lanes">{lanes}</ul> }
            .into_any(),
    )
}
