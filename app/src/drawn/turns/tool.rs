//! Tool calls: one line with a shape for how it went, opening to what was asked and what came back.

use leptos::prelude::*;
use orchestra_core::render;
use orchestra_model::{Excerpt, FileChange, ToolCall, ToolInput, ToolResult, Turn};

use super::{Manuscript, command, diff, excerpt, frame, message, verbs};
use crate::text;

/// A change of so few lines is shown without being asked for.
const SMALL_CHANGE: u32 = 14;

/// How a call went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Done,
    Failed,
    Running,
}

impl State {
    fn of(call: &ToolCall) -> Self {
        match &call.result {
            None => Self::Running,
            Some(result) if result.is_error => Self::Failed,
            Some(_) => Self::Done,
        }
    }
}

/// The shape and the word of a state.
pub(super) fn state_shape(state: State) -> impl IntoView {
    let (icon, word, class) = match state {
        State::Done => ("#i-done", "done: ", "tool-state is-done"),
        State::Failed => ("#i-failed", "failed: ", "tool-state is-failed"),
        State::Running => ("#i-open", "no answer yet: ", "tool-state is-running"),
    };
    view! {
        <span class=class>
            <svg class="icon" aria-hidden="true"><use href=icon></use></svg>
            <span class="visually-hidden">{word}</span>
        </span>
    }
}

/// A call as a turn of its own.
pub(super) fn row(turn: &Turn, call: &ToolCall, manuscript: &Manuscript) -> String {
    let class = match (State::of(call), &call.input) {
        (State::Failed, _) => "turn-tool turn-failed",
        (_, ToolInput::Edit { .. }) => "turn-tool turn-edit",
        (_, ToolInput::Subagent { .. }) => "turn-tool turn-agent",
        _ => "turn-tool",
    };
    frame(turn, class, manuscript, details(call, manuscript))
}

/// The change a call made, as it was really made when that is known.
fn change(call: &ToolCall) -> Option<&FileChange> {
    match (&call.input, &call.result) {
        (_, Some(ToolResult { change: Some(change), .. })) => Some(change),
        (ToolInput::Edit { change }, _) => Some(change),
        _ => None,
    }
}

/// The line and what it opens to.
pub(super) fn details(call: &ToolCall, manuscript: &Manuscript) -> AnyView {
    let change = change(call);
    let state = State::of(call);
    let small = change.is_some_and(|change| (1..=SMALL_CHANGE).contains(&(change.added + change.removed)));
    view! {
        <details class="fold" open=small && state == State::Done>
            <summary class="fold-line">
                {state_shape(state)} {label(call, manuscript)} {change.map(delta)}
            </summary>
            <div class="fold-body">{body(call, change, manuscript)}</div>
        </details>
    }
    .into_any()
}

/// What the call did, and to what.
fn label(call: &ToolCall, manuscript: &Manuscript) -> impl IntoView + use<> {
    let verb = match verbs::verb(&call.name) {
        Some(verb) => view! { <span class="verb">{verb}</span> }.into_any(),
        None => view! { <span class="verb verb-name">{render::visible(&verbs::plain_name(&call.name)).into_owned()}</span> }.into_any(),
    };
    let is_path = change(call).is_some() || matches!(call.name.as_str(), "Read" | "Write");
    let line = render::visible(&call.summary).into_owned();
    let summary = if is_path {
        let path = manuscript.short_path(&line).to_owned();
        view! { <code class="fold-summary cut-front"><bdi>{path}</bdi></code> }.into_any()
    } else {
        let (head, tail) = text::split_for_middle_cut(&line);
        let (head, tail) = (head.to_owned(), tail.to_owned());
        view! { <code class="fold-summary cut-middle"><span>{head}</span><span>{tail}</span></code> }
            .into_any()
    };
    view! { {verb} {summary} }
}

/// How many lines came and went.
fn delta(change: &FileChange) -> impl IntoView + use<> {
    let (added, removed) = (change.added, change.removed);
    view! {
        <span class="delta">
            <span class="added">{format!("+{added}")}</span>
            <span class="removed">{format!("−{removed}")}</span>
        </span>
    }
}

/// What a call asks for, whole: the change it would make, the command it would run.
pub(crate) fn asked(call: &ToolCall) -> AnyView {
    match (&call.input, change(call)) {
        (_, Some(change)) => diff::draw(change),
        (ToolInput::Command { command, description }, _) => command::draw(command, description.as_deref()),
        (ToolInput::Subagent { prompt, .. }, _) => excerpt::plain(prompt, "plain task"),
        (ToolInput::Other { json }, _) => excerpt::code(json, "json"),
        (ToolInput::Edit { .. }, None) => ().into_any(),
    }
}

fn body(call: &ToolCall, change: Option<&FileChange>, manuscript: &Manuscript) -> AnyView {
    let result = call.result.as_ref();
    let asked = match change {
        // The line has its path, from the session's folder on.
        Some(change) if manuscript.short_path(&change.path) != change.path => diff::draw_hunks(change),
        _ => asked(call),
    };
    let answered = result.map(|result| answer(call, result, change.is_some(), manuscript));
    let unanswered =
        result.is_none().then(|| view! { <p class="omitted">"No answer in the transcript yet."</p> });
    view! { {asked} {answered} {unanswered} }.into_any()
}

fn answer(call: &ToolCall, result: &ToolResult, is_change: bool, manuscript: &Manuscript) -> AnyView {
    let agent = result.subagent.as_deref().map(|agent| {
        view! { <a class="agent-link" href=manuscript.agent_href(agent)>"Open its conversation"</a> }
    });
    // A change that worked is its own answer: the client's "has been updated" adds nothing.
    let text = match &call.input {
        _ if is_change && !result.is_error => None,
        ToolInput::Subagent { .. } if !result.is_error => Some(excerpt::markdown(&result.text)),
        _ if call.name == "Read" && !result.is_error => Some(excerpt::code(&result.text, &call.summary)),
        _ => excerpt::output(&result.text, result.is_error),
    };
    let nothing = (result.text == Excerpt::default() && result.images.is_empty() && !is_change)
        .then(|| view! { <p class="omitted">"No output."</p> });
    view! { {text} {nothing} {message::pictures(&result.images, manuscript)} {agent} }.into_any()
}
