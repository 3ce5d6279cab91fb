//! Results side by side: a column a task, the same facts at the same height.

mod actions;
mod facts;

use leptos::prelude::*;
use orchestra_model::{AttentionKind, Check, Excerpt, TaskResult};

use super::{Known, is_open_choice, mark, name_link};
use crate::{
    components::icon::Icon,
    drawn::{parts, turns::excerpt},
    text,
};
use facts::{compared, has_begun, is_good, line};

/// How many files a column names.
const FILES: usize = 8;
/// How many commits.
const COMMITS: usize = 4;
/// A final text with more bytes than this is cut by the page; the agent's own shows all of it.
const SHORT: usize = 700;

pub(super) fn draw(known: &Known) -> AnyView {
    known.results.groups().into_iter().map(|group| draw_group(known, group)).collect_view().into_any()
}

/// What the columns of a group share.
struct Group<'a> {
    tasks: &'a [TaskResult],
    /// Whether one of them is to be chosen.
    is_open: bool,
    /// Whether the check of one of them says that it is good.
    has_good: bool,
}

fn draw_group(known: &Known, tasks: &[TaskResult]) -> AnyView {
    let is_open = is_open_choice(tasks);
    let has_good = tasks.iter().any(|task| !task.is_cleaned && is_good(task) == Some(true));
    let group = Group { tasks, is_open, has_good };
    let attempts = tasks.first().filter(|first| first.attempt.is_some());
    let heading = attempts.map(|first| heading(known, &group, first));
    let columns = tasks.iter().map(|task| column(known, task, &group)).collect_view();
    let (label, class) = match attempts {
        Some(_) => ("Attempts", "columns are-attempts"),
        None => ("Results", "columns"),
    };
    view! {
        <section class="run-group">
            {heading}
            {attempts.is_none().then(|| view! { <h2 class="visually-hidden">"Results"</h2> })}
            <div class=class role="group" aria-label=label tabindex="0">{columns}</div>
        </section>
    }
    .into_any()
}

/// What attempts are attempts at, or which of them was kept.
fn heading(known: &Known, group: &Group<'_>, first: &TaskResult) -> AnyView {
    let chosen = group.tasks.iter().find(|task| !task.is_cleaned).filter(|_| !group.is_open);
    let words = match chosen {
        Some(chosen) => {
            format!("{} was kept of {} attempts", parts::visible(&chosen.agent_name), group.tasks.len())
        }
        None => format!("{} attempts at {}", group.tasks.len(), parts::visible(first.base_name())),
    };
    let diffs = format!("/runs/{}?show=diffs", known.results.run);
    view! {
        <div data-part=format!("group-{}", first.agent)>
            <h2 class="part-name">{words} <a class="aside" href=diffs>"Diffs beside each other"</a></h2>
            <p class="run-prompt plain">{parts::visible(first.prompt.trim())}</p>
        </div>
    }
    .into_any()
}

fn column(known: &Known, task: &TaskResult, group: &Group<'_>) -> AnyView {
    let class = if task.is_cleaned { "column is-away" } else { "column" };
    let number = task
        .attempt
        .map(|number| view! { <span class="column-number" aria-hidden="true">{number.to_string()}</span> });
    let facts = if task.attempt.is_some() { compared(task, group.tasks) } else { line(task) };
    view! {
        <article class=class data-part=format!("column-{}", task.agent)>
            <header class="column-head">{number} <h3>{name_link(task)}</h3> {mark(known, task)}</header>
            <div>{said(task)}</div>
            <div>{facts}</div>
            <div>{notes(known, task)}</div>
            <div class="column-task">{asked(task)}</div>
            <div>{work(task)}</div>
            <footer class="take">{actions::draw(known, task, group)}</footer>
        </article>
    }
    .into_any()
}

/// What was asked, and what it comes after.
fn asked(task: &TaskResult) -> AnyView {
    let class = if has_said(task) { "column-prompt is-known" } else { "column-prompt" };
    let prompt = task.attempt.is_none().then(|| {
        view! { <p class=class>{parts::visible(task.prompt.trim())}</p> }
    });
    let after = (!task.after.is_empty() || task.from.is_some()).then(|| {
        let names = task
            .after
            .iter()
            .chain(&task.from)
            .map(|name| parts::visible(name))
            .collect::<Vec<_>>()
            .join(", ");
        let from = task.from.is_some().then_some(" and its branch").filter(|_| task.after.is_empty());
        view! { <p class="column-after"><Icon name="fork"/> <span>"after " {names} {from}</span></p> }
    });
    view! { {prompt} {after} }.into_any()
}

/// What somebody should know before it is taken.
fn notes(known: &Known, task: &TaskResult) -> AnyView {
    let mut notes: Vec<(&'static str, &'static str, String)> = Vec::new();
    let asks = known.agent(&task.agent).and_then(|agent| agent.attention.as_ref());
    let is_said = |words: &str| {
        let said = [&task.failure, &task.waits].into_iter().flatten();
        said.into_iter().any(|said| said.contains(words))
    };
    // That the run has used what it may stands in the page's head, with the way on.
    let is_news =
        |kind: AttentionKind| !matches!(kind, AttentionKind::Done | AttentionKind::Limit) && !task.is_cleaned;
    if let Some(asks) = asks.filter(|asks| is_news(asks.kind) && !is_said(&asks.summary)) {
        notes.push(("run-note", "waiting", parts::visible(&asks.summary)));
    }
    // That its check fails, and how, stands above.
    let is_above = |failure: &String| {
        task.check.as_ref().is_some_and(|check| !check.passed && failure.contains(&check.command))
    };
    if let Some(failure) = task.failure.as_ref().filter(|failure| !is_above(failure)) {
        notes.push(("run-note is-failed", "alert", parts::visible(failure)));
    }
    if let Some(waits) = &task.waits {
        notes.push(("run-note", "queued", parts::visible(waits)));
    }
    if let Some(why) = &task.unreadable {
        notes.push(("run-note is-failed", "alert", parts::visible(why)));
    }
    if task.retries > 0 {
        let times = text::plural(task.retries as usize, "time", "times");
        notes.push(("run-note", "restore", format!("sent back {times} by itself")));
    }
    for conflict in &task.conflicts {
        let files = conflict.files.iter().map(|file| parts::visible(file)).collect::<Vec<_>>().join(", ");
        notes.push((
            "run-note is-failed",
            "alert",
            format!("conflicts with {} in {files}", parts::visible(&conflict.with)),
        ));
    }
    let output = task.check.as_ref().filter(|check| !check.passed).map(printed);
    let notes = notes
        .into_iter()
        .map(|(class, icon, words)| view! { <li class=class><Icon name=icon/> <span>{words}</span></li> });
    view! { <ul class="run-notes">{notes.collect_view()}</ul> {output} }.into_any()
}

/// What a check printed, to be opened.
pub(super) fn printed(check: &Check) -> Option<AnyView> {
    let output = check.output.trim_end();
    (!output.is_empty()).then(|| {
        view! {
            <details class="check-output" data-key="output"><summary class="fold-line">"What the check printed"</summary>
                <pre class="output" tabindex="0">{parts::visible(output)}</pre></details>
        }
        .into_any()
    })
}

/// Whether it has a result in words.
fn has_said(task: &TaskResult) -> bool {
    task.result.as_deref().is_some_and(|result| !result.trim().is_empty())
}

fn said(task: &TaskResult) -> AnyView {
    let Some(result) = task.result.as_deref().filter(|_| has_said(task)) else {
        let quiet =
            has_begun(task).then(|| view! { <p class="is-nothing column-quiet">"Nothing said yet."</p> });
        return quiet.into_any();
    };
    let words = excerpt::markdown(&Excerpt { text: result.to_owned(), omitted: 0 });
    let is_long = result.len() > SHORT || result.lines().count() > 12;
    let more = is_long.then(|| {
        view! { <a class="column-more" href=format!("/agents/{}?tab=result", task.agent)>"All that it said"</a> }
    });
    let class = if is_long { "column-said is-long" } else { "column-said" };
    view! { <div class=class>{words}</div> {more} }.into_any()
}

/// Files and commits.
fn work(task: &TaskResult) -> AnyView {
    let files = task.files.iter().take(FILES).map(|file| {
        view! {
            <li><code class="column-letter">{file.kind.letter().to_string()}</code> {parts::path(&file.path)}
                <span class="delta"><span class="added">{format!("+{}", file.insertions)}</span> <span class="removed">{format!("−{}", file.deletions)}</span></span></li>
        }
    });
    let files = files.collect_view();
    let more = task.files.len().saturating_sub(FILES);
    let more = (more > 0).then(|| {
        view! { <a class="column-more" href=format!("/agents/{}?tab=changes", task.agent)>{format!("and {more} more")}</a> }
    });
    let commits = task.commits.iter().take(COMMITS).map(|commit| {
        let short = commit.id.get(..8).unwrap_or_default().to_owned();
        view! { <li><code>{short}</code> <span class="commit-subject">{parts::visible(&commit.subject)}</span></li> }
    });
    view! { <ul class="column-files">{files}</ul> {more} <ul class="commits">{commits.collect_view()}</ul> }
        .into_any()
}
