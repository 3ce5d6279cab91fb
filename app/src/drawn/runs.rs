//! A run's pages: its results side by side, what its agents told each other, and who started whom.
//!
//! They are drawn whole by the server, and read without JavaScript; `public/runs.js` puts anew in place what changed, part
//! by part (`data-part`), and sends what is tapped.

mod columns;
mod diffs;
mod graph;
mod head;
mod landing;
mod lanes;
pub(crate) mod list;
mod threads;

use leptos::prelude::*;
use orchestra_core::worktrees::FilePatch;
use orchestra_model::{Agent, AgentId, AgentState, AttentionKind, Messages, Results, TaskResult, TaskState};

use crate::{components::icon::Icon, drawn::parts, error::AppError, ssr::runs::Progress};

/// The parts of a run's page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// What each made.
    #[default]
    Results,
    /// What attempts changed, beside each other.
    Diffs,
    /// What its agents told each other.
    Threads,
    /// Who comes after whom, and who started whom.
    Graph,
}

impl Show {
    /// The part that an address asks for.
    pub fn named(name: &str) -> Self {
        match name {
            "diffs" => Self::Diffs,
            "threads" => Self::Threads,
            "graph" => Self::Graph,
            _ => Self::Results,
        }
    }
}

/// What is known of a run.
pub(crate) struct Known {
    /// Its results.
    pub(crate) results: Results,
    /// What was said in it.
    pub(crate) messages: Messages,
    /// Its agents as they are now.
    pub(crate) agents: Vec<Agent>,
    /// How its landing goes, or went since the server started.
    pub(crate) landing: Option<Progress>,
    /// The diffs of its attempts, where they are shown; whether one is cut.
    pub(crate) diffs: Vec<(AgentId, Vec<FilePatch>, bool)>,
    /// The server's time zone.
    pub(crate) offset_seconds: i32,
}

impl Known {
    fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.id == *id)
    }
}

/// Draws a part of a run's page.
pub(crate) fn draw(known: &Known, show: Show) -> String {
    let content = match show {
        Show::Results => {
            view! { {landing::draw(known)} {lanes::draw(known)} {columns::draw(known)} }.into_any()
        }
        Show::Diffs => diffs::draw(known),
        Show::Threads => threads::draw(known),
        Show::Graph => graph::draw(known),
    };
    view! {
        <main id="main" class="page run" data-run=known.results.run.to_string()>
            {head::draw(known, show)}
            <div class="run-content">{content}</div>
        </main>
        {toasts()}
    }
    .to_html()
}

/// The title of its page.
pub(crate) fn title(known: &Known) -> String {
    head::title(&known.results)
}

/// What stands there when it cannot be drawn.
pub(crate) fn trouble(error: &AppError) -> String {
    view! {
        <main id="main" class="page run">
            <section class="message" role="alert">
                <Icon name="alert"/>
                <h1>{error.message.clone()}</h1>
                <p>{error.next_step.clone()}</p>
                <p class="message-actions"><a class="button" href="/runs">"All runs"</a></p>
            </section>
        </main>
        {toasts()}
    }
    .to_html()
}

/// What the script says at the page's edge.
fn toasts() -> impl IntoView {
    view! { <div class="toasts" role="status" id="toasts"></div> }
}

/// Whether a person is to choose among attempts.
fn is_open_choice(group: &[TaskResult]) -> bool {
    group.iter().filter(|task| task.attempt.is_some() && !task.is_cleaned).count() > 1
}

/// How a task is: class, icon and word, the same everywhere. Its agent knows what of it its run does not.
fn state_of(
    task: &TaskResult,
    agent: Option<&Agent>,
    offset_seconds: i32,
) -> (&'static str, &'static str, String) {
    let (class, icon) = match task.state {
        _ if task.is_landed() => ("is-done", "done"),
        _ if task.is_cleaned => ("is-idle", "stop"),
        _ if needs_somebody(task, agent) => ("is-waiting", "waiting"),
        _ if is_parked(task) => ("is-queued", "queued"),
        TaskState::Running => ("is-running", "busy"),
        TaskState::Checking => ("is-running", "live"),
        TaskState::Queued => ("is-queued", "queued"),
        TaskState::Blocked => ("is-queued", "pause"),
        TaskState::Done => ("is-done", "done"),
        TaskState::Failed => ("is-failed", "failed"),
        TaskState::Stopped => ("is-idle", "stop"),
    };
    let word = match wants(agent) {
        _ if task.is_landed() || task.is_cleaned || task.is_waiting() => task.word().to_owned(),
        Some(AttentionKind::Stuck) => "stuck".to_owned(),
        Some(AttentionKind::Limit) => "over budget".to_owned(),
        _ if is_parked(task) => match agent.and_then(|agent| agent.attention.as_ref()?.until) {
            Some(until) => {
                format!("parked until {}", crate::text::clock(until.as_millisecond(), offset_seconds))
            }
            None => "parked".to_owned(),
        },
        _ if task.state == TaskState::Blocked => CANNOT_START.to_owned(),
        _ => task.word().to_owned(),
    };
    (class, icon, word)
}

/// What a task is called that comes after one that failed, as in the terminal.
const CANNOT_START: &str = "cannot start";

/// What its agent wants.
fn wants(agent: Option<&Agent>) -> Option<AttentionKind> {
    Some(agent?.attention.as_ref()?.kind)
}

/// Whether somebody is needed for a task to go on, as on the page Now. What failed says so itself.
fn needs_somebody(task: &TaskResult, agent: Option<&Agent>) -> bool {
    let asks = matches!(wants(agent), Some(AttentionKind::Stuck | AttentionKind::Limit));
    task.is_waiting() || asks && !task.is_cleaned && !task.is_landed()
}

/// Whether its agent waits until the model is to be had again.
fn is_parked(task: &TaskResult) -> bool {
    task.state == TaskState::Running && task.agent_state == AgentState::Parked
}

/// The same as a mark.
fn mark(known: &Known, task: &TaskResult) -> impl IntoView + use<> {
    let (class, icon, word) = state_of(task, known.agent(&task.agent), known.offset_seconds);
    view! { <span class=format!("mark {class}")><Icon name=icon/>{word}</span> }
}

/// A link to a task's agent, by the task's name.
fn name_link(task: &TaskResult) -> impl IntoView + use<> {
    let name = parts::visible(&task.name);
    view! { <a class="column-name" href=format!("/agents/{}", task.agent) title=name.clone()>{parts::name(&name)}</a> }
}

#[cfg(test)]
pub(crate) mod tests;
