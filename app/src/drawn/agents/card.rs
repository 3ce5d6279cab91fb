//! An agent's line in a list: its name and state, its lane, what it does, and what it has come to.

use leptos::prelude::*;
use orchestra_model::{Agent, AgentState, AttentionKind};

use super::{Beside, lane, mark};
use crate::{components::icon::Icon, drawn::parts, text};

pub(super) fn draw(agent: &Agent, beside: Beside) -> String {
    let name = parts::visible(&agent.name);
    let task = parts::visible(agent.task.lines().next().unwrap_or_default());
    view! {
        <a class="row-link agent-link-row" href=format!("/agents/{}", agent.id) title=task>
            <span class="row-title">{parts::name(&name)}</span>
            {mark(agent)}
        </a>
        {lane::goes_on(agent).then(|| lane::draw(&lane::until(agent, beside.now), &agent.name))}
        {words(agent).map(|words| view! { <p class="card-words">{words}</p> })}
        <p class="card-facts">{facts(agent, beside)}</p>
    }
    .to_html()
}

/// What it does, or what came of it.
fn words(agent: &Agent) -> Option<String> {
    let attention = agent.attention.as_ref();
    let words = match agent.state {
        // What it asks stands below.
        AgentState::Waiting => None,
        _ if attention.is_some_and(|attention| attention.kind != AttentionKind::Done) => {
            attention.map(|attention| attention.summary.clone())
        }
        AgentState::Starting => Some(agent.doing.clone().unwrap_or_else(|| "starting".to_owned())),
        AgentState::Running => Some(agent.doing.clone().unwrap_or_else(|| "working".to_owned())),
        AgentState::Queued => {
            Some(agent.waits.clone().unwrap_or_else(|| "waits for others of its run".to_owned()))
        }
        _ => attention.map(|attention| attention.summary.clone()).or_else(|| agent.failure.clone()),
    };
    words.filter(|words| !words.is_empty()).map(|words| parts::visible(&words))
}

/// What can be compared: how long, how much, and whether it tried what it made.
pub(super) fn facts(agent: &Agent, beside: Beside) -> impl IntoView + use<> {
    let Beside { stat, members, offset_seconds, .. } = beside;
    let since = match agent.state {
        AgentState::Queued | AgentState::Starting | AgentState::Running | AgentState::Waiting => {
            agent.created_at
        }
        _ => agent.attention.as_ref().map_or(agent.updated_at, |attention| attention.since),
    };
    let until = agent.attention.as_ref().filter(|attention| attention.kind == AttentionKind::RateLimit);
    let until = until.and_then(|attention| attention.until).map(|until| {
        view! { <span class="card-limit">"until " {text::clock(until.as_millisecond(), offset_seconds)}</span> }
    });
    let changed = stat.filter(|stat| stat.files > 0).map(|stat| {
        view! {
            <span class="delta" title=text::plural(stat.files as usize, "file", "files")>
                <span class="added">{format!("+{}", stat.insertions)}</span>
                <span class="removed">{format!("−{}", stat.deletions)}</span>
            </span>
        }
    });
    let tokens = agent.tokens.uncached();
    let tokens = (tokens > 0).then(|| view! { <span>{text::count(tokens)} " tokens"</span> });
    let cost = agent.cost_usd.filter(|cost| *cost >= 0.005);
    let cost = cost.map(|cost| view! { <span>{format!("${}", text::decimal(cost, 2))}</span> });
    let repository = agent.repo.as_deref().and_then(|repo| repo.trim_end_matches('/').rsplit('/').next());
    let repository = repository.map(|name| view! { <span class="card-repo">{parts::visible(name)}</span> });
    // Its pages are drawn by the server alone.
    let run = (members > 1).then(|| {
        view! { <a class="card-run" rel="external" href=format!("/runs/{}", agent.run)>{format!("run of {members}")}</a> }
    });
    view! {
        {repository} {run} {parts::moment(since.as_millisecond(), offset_seconds)} {until} {changed} {tokens} {cost} {proof(agent)}
    }
}

/// Whether it tried what it made.
fn proof(agent: &Agent) -> Option<AnyView> {
    match &agent.tested {
        Some(test) => {
            let (class, icon, word) = match (test.passed, test.is_outdated) {
                (true, false) => ("proof is-done", "done", "tests passed"),
                (true, true) => ("proof is-idle", "idle", "tests passed before the last change"),
                (false, _) => ("proof is-failed", "failed", "tests failed"),
            };
            let command = parts::visible(&test.command);
            Some(view! { <span class=class title=command><Icon name=icon/>{word}</span> }.into_any())
        }
        None => {
            let is_over = matches!(agent.state, AgentState::Idle | AgentState::Done);
            (is_over && !agent.score.edits.is_empty()).then(|| {
                view! { <span class="proof is-idle"><Icon name="idle"/>"says done, ran no test"</span> }
                    .into_any()
            })
        }
    }
}
