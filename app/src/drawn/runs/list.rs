//! The list of runs: those that need somebody, those at work, then the others, the newest first.

use std::collections::HashMap;

use leptos::prelude::*;
use orchestra_model::{Agent, AgentId, AttentionKind, Results, RunList};

use super::{
    head::{Tally, title},
    toasts, wants,
};
use crate::{
    drawn::{empty, parts},
    text,
};

/// Draws them, with the agents that there are.
pub(crate) fn draw(list: &RunList, agents: &[Agent], offset_seconds: i32) -> String {
    let RunList { runs, alone, .. } = list;
    let agents: HashMap<&AgentId, &Agent> = agents.iter().map(|agent| (&agent.id, agent)).collect();
    let mut groups: [(&str, Vec<AnyView>); 3] =
        [("Needs you", vec![]), ("At work", vec![]), ("Earlier", vec![])];
    for run in runs {
        let tally = Tally::of(run, |id| agents.get(id).copied());
        let place = match () {
            () if tally.waiting > 0 || has_trouble(run, &agents) => 0,
            () if tally.is_at_work() => 1,
            () => 2,
        };
        groups[place].1.push(row(run, &tally, offset_seconds));
    }
    let groups = groups.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(name, rows)| {
        view! { <section class="run-part"><h2 class="part-name">{name}</h2><ul class="rows runs">{rows}</ul></section> }
    });
    let content = match runs.is_empty() {
        true => empty::no_runs().into_any(),
        false => view! { <div data-part="runs">{groups.collect_view()}</div> }.into_any(),
    };
    let alone = (*alone > 0).then(|| {
        let words = text::plural(*alone, "agent was started alone", "agents were started alone");
        view! { <p class="aside runs-alone">{words} ": see " <a href="/">"Now"</a> "."</p> }
    });
    view! {
        <main id="main" class="page run-list"><h1 class="page-title">"Runs"</h1> {content} {alone}</main>
        {toasts()}
    }
    .to_html()
}

/// Whether something of it went wrong that nobody has seen to, as on the page Now.
fn has_trouble(run: &Results, agents: &HashMap<&AgentId, &Agent>) -> bool {
    run.tasks.iter().any(|task| {
        let agent = agents.get(&task.agent).copied().filter(|agent| !agent.is_cleaned);
        wants(agent) == Some(AttentionKind::Error)
    })
}

fn row(run: &Results, tally: &Tally, offset_seconds: i32) -> AnyView {
    let title = title(run);
    let repository = run.repo.as_deref().and_then(|repo| repo.trim_end_matches('/').rsplit('/').next());
    let repository = repository.map(|name| view! { <span class="card-repo">{parts::visible(name)}</span> });
    let usd = run.spent.usd;
    let cost = (usd >= 0.005).then(|| view! { <span>{format!("${}", text::decimal(usd, 2))}</span> });
    view! {
        <li class="run-row">
            <a class="row-link" href=format!("/runs/{}", run.run) title=title.clone()><span class="row-title">{title.clone()}</span></a>
            <div class="card-facts">{repository} {tally.draw(true)} {cost} {parts::moment(run.created_at.as_millisecond(), offset_seconds)}</div>
        </li>
    }
    .into_any()
}
