//! An agent as a card, what it asks, and what its own page has besides: all that changes while it works, drawn anew by the
//! server with each change.
//!
//! Buttons and forms here carry the command that they give, as JSON in `data-command`; `components/commands.rs` sends it.

mod ask;
mod card;
pub(crate) mod changes;
mod desk;
pub(crate) mod lane;
pub(crate) mod new;
pub(crate) mod result;

use leptos::prelude::*;
use orchestra_model::{Agent, AgentState, AttentionKind, DiffStat, Timestamp};

use crate::{
    components::icon::Icon,
    data::{AgentRow, agent::Section},
    drawn::parts,
};

/// A command as a button carries it: its name, and what it is about.
pub(crate) fn command(name: &str, about: &[(&str, &str)]) -> String {
    let named = std::iter::once(("do", name)).chain(about.iter().copied());
    let fields: serde_json::Map<_, _> =
        named.map(|(field, value)| (field.to_owned(), value.into())).collect();
    serde_json::Value::Object(fields).to_string()
}

/// What a row says besides what its agent says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside {
    /// How much the agent changed, when that is known.
    pub(crate) stat: Option<DiffStat>,
    /// How many agents its run has.
    pub(crate) members: usize,
    /// The server's time zone.
    pub(crate) offset_seconds: i32,
    /// The time, for what goes on; what is drawn of the past alone does without.
    pub(crate) now: Option<Timestamp>,
}

/// The row of an agent.
pub(crate) fn row(agent: &Agent, beside: Beside) -> AgentRow {
    let section = section(agent);
    let since = agent.attention.as_ref().map_or(agent.updated_at, |attention| attention.since);
    let created_ms = agent.created_at.as_millisecond();
    let since_ms = match section {
        Section::Needs => since.as_millisecond(),
        Section::Running | Section::Queued => created_ms,
        Section::Finished | Section::Away => since.as_millisecond(),
    };
    let request = agent.requests.iter().find(|request| request.decided.is_none());
    let asked = request.filter(|request| request.kind == orchestra_model::RequestKind::Permission);
    AgentRow {
        id: agent.id.to_string(),
        name: agent.name.clone(),
        session: agent.session_id.to_string(),
        state: agent.state.name().to_owned(),
        section,
        // Who waits longest comes first, and of all others who came last.
        rank: if matches!(section, Section::Needs | Section::Queued) { since_ms } else { -since_ms },
        since_ms,
        work: work(agent, beside.stat),
        same: asked.map(|request| ask::same(agent, request)),
        allow: asked.map(|request| ask::allow(agent, request, None)),
        card: card::draw(agent, beside),
        asks: ask::draw(agent, beside.offset_seconds),
        desk: desk::draw(agent, beside),
    }
}

/// Another number when there may be other changes to show, or other things to do with them: turns and edits tell so at once,
/// how much git found changed tells it of what a command did, and then there is what was done through another surface.
fn work(agent: &Agent, stat: Option<DiffStat>) -> u64 {
    let stat = stat.unwrap_or_default();
    let found = [stat.files, stat.insertions, stat.deletions];
    let mut hasher = std::hash::DefaultHasher::new();
    let made = (agent.turns, agent.score.edits.len(), found);
    std::hash::Hash::hash(&(made, agent.merged_at, agent.is_cleaned), &mut hasher);
    std::hash::Hasher::finish(&hasher)
}

fn section(agent: &Agent) -> Section {
    let wants = agent.attention.as_ref().map(|attention| attention.kind);
    match (agent.state, wants) {
        _ if agent.is_cleaned => Section::Away,
        (AgentState::Parked, _) => Section::Queued,
        (AgentState::Waiting, _)
        | (_, Some(AttentionKind::Error | AttentionKind::Stuck | AttentionKind::Limit)) => Section::Needs,
        (AgentState::Queued, _) => Section::Queued,
        (AgentState::Starting | AgentState::Running, _) | (_, Some(AttentionKind::RateLimit)) => {
            Section::Running
        }
        _ => Section::Finished,
    }
}

/// What it was asked first, where its conversation will be.
pub(crate) fn task(agent: &Agent) -> String {
    let task = parts::visible(&agent.task);
    view! {
        <article class="turn turn-prompt">
            <span class="turn-time"></span>
            <div class="turn-body"><h2 class="voice">"You"</h2><div class="said"><div class="plain">{task}</div></div></div>
        </article>
    }
    .to_html()
}

/// A quiet sentence where there is nothing to show.
pub(crate) fn quiet(words: &str) -> String {
    let words = parts::visible(words);
    view! { <p class="quiet">{words}</p> }.to_html()
}

/// An agent's state: a shape, a word and a colour, always together.
pub(crate) fn mark(agent: &Agent) -> impl IntoView + use<> {
    let state = if agent.did_not_pass() { AgentState::Failed } else { agent.state };
    let (class, icon) = match state {
        AgentState::Queued | AgentState::Parked => ("mark is-queued", "queued"),
        AgentState::Starting | AgentState::Running => ("mark is-running", "busy"),
        AgentState::Waiting => ("mark is-waiting", "waiting"),
        AgentState::Idle => ("mark is-idle", "idle"),
        AgentState::Done => ("mark is-done", "done"),
        AgentState::Failed | AgentState::Lost => ("mark is-failed", "failed"),
        AgentState::Stopped => ("mark is-idle", "stop"),
    };
    view! { <span class=class><Icon name=icon/>{state.name()}</span> }
}

#[cfg(test)]
pub(crate) mod tests;
