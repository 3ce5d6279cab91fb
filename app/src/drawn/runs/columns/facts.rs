//! The facts of a task: in a line, or, where attempts are compared, each at its place.

use leptos::prelude::*;
use orchestra_model::{Check, TaskResult, TaskState, TestRun};

use crate::{components::icon::Icon, drawn::parts, text};

/// Whether it has begun: before, there is nothing to tell of it.
pub(super) const fn has_begun(task: &TaskResult) -> bool {
    !matches!(task.state, TaskState::Queued | TaskState::Blocked)
}

/// How much it changed.
fn changed(task: &TaskResult) -> Option<AnyView> {
    let stat = task.diffstat.filter(|stat| stat.files > 0)?;
    Some(
        view! {
            {text::plural(stat.files as usize, "file", "files")} " "
            <span class="delta"><span class="added">{format!("+{}", stat.insertions)}</span> <span class="removed">{format!("−{}", stat.deletions)}</span></span>
        }
        .into_any(),
    )
}

fn time(task: &TaskResult) -> Option<String> {
    let seconds = task.seconds.filter(|_| has_begun(task))?;
    Some(text::duration(i64::try_from(seconds).unwrap_or_default().saturating_mul(1000)))
}

/// Without what caches served, as in the sum above.
fn tokens(task: &TaskResult) -> Option<String> {
    let tokens = task.tokens.uncached();
    (tokens > 0).then(|| text::count(tokens))
}

fn cost(task: &TaskResult) -> Option<String> {
    Some(format!("${}", text::decimal(task.cost_usd?, 2)))
}

/// What is in no commit yet: all of it, or so many files.
fn uncommitted(task: &TaskResult) -> Option<String> {
    let is_all = task.commits.is_empty()
        && task.diffstat.is_some_and(|stat| stat.files as usize == task.uncommitted.len());
    match task.uncommitted.len() {
        0 => None,
        _ if is_all => Some("not committed yet".to_owned()),
        count => Some(format!("{} not committed yet", text::plural(count, "file", "files"))),
    }
}

/// Its commits, and what is in none; nothing before there is either.
fn commits(task: &TaskResult) -> Option<String> {
    let made = (!task.commits.is_empty()).then(|| text::plural(task.commits.len(), "commit", "commits"));
    let words: Vec<String> = [made, uncommitted(task)].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// What came of a task, in a line.
pub(super) fn line(task: &TaskResult) -> AnyView {
    let cost = cost(task).or_else(|| Some(format!("{} tokens", tokens(task)?)));
    let words = [commits(task), time(task), cost];
    let facts = changed(task).into_iter().chain(words.into_iter().flatten().map(|words| words.into_any()));
    let facts: Vec<_> = facts.map(|fact| view! { <li>{fact}</li> }).collect();
    let facts = (!facts.is_empty()).then(|| view! { <ul class="column-facts">{facts}</ul> });
    let proof = proof(task).map(|proof| view! { <p class="column-proof">{proof}</p> });
    view! { {facts} {proof} }.into_any()
}

/// What people compare, each at its place in every column; what no attempt has is left out.
pub(super) fn compared(task: &TaskResult, group: &[TaskResult]) -> AnyView {
    type Fact = fn(&TaskResult) -> Option<AnyView>;
    let check = match group.iter().all(|task| task.check.is_none()) {
        true => "Tests",
        false => "Check",
    };
    let facts: [(&str, Fact); 7] = [
        ("Changed", changed),
        (check, proof),
        ("Commits", |task| commits(task).map(|words| words.into_any())),
        ("Time", |task| time(task).map(|words| words.into_any())),
        ("Turns", |task| (task.turns > 0).then(|| task.turns.to_string().into_any())),
        ("Tokens", |task| tokens(task).map(|words| words.into_any())),
        ("Cost", |task| cost(task).map(|words| words.into_any())),
    ];
    let nothing = || view! { <span class="is-nothing">"–"</span> }.into_any();
    let rows = facts.into_iter().filter(|(_, fact)| group.iter().any(|task| fact(task).is_some())).map(
        |(name, fact)| {
            let class = (name == check).then_some("proof-row");
            view! { <dt>{name}</dt><dd class=class>{fact(task).unwrap_or_else(nothing)}</dd> }
        },
    );
    view! { <dl class="numbers">{rows.collect_view()}</dl> }.into_any()
}

/// Whether its check, or else the last test that it ran itself, says that it is good as it is; `None` when nothing does.
pub(super) fn is_good(task: &TaskResult) -> Option<bool> {
    let (passed, is_outdated) = match (&task.check, &task.tested) {
        (Some(check), _) => (check.passed, check.is_outdated),
        (None, test) => test.as_ref().map(|test| (test.passed, test.is_outdated))?,
    };
    (!passed || !is_outdated).then_some(passed)
}

/// Its check, or else the last test that it ran itself.
fn proof(task: &TaskResult) -> Option<AnyView> {
    let (command, passed, code) = match (&task.check, &task.tested) {
        (Some(Check { command, passed, exit_code, .. }), _)
        | (None, Some(TestRun { command, passed, exit_code, .. })) => (command, *passed, *exit_code),
        (None, None) => return None,
    };
    let (class, icon, word) = match (passed, is_good(task)) {
        (true, Some(_)) => ("mark is-done", "done", "passed"),
        (true, None) => ("mark is-idle", "idle", "passed, but changed since"),
        (false, _) => ("mark is-failed", "failed", "failed"),
    };
    let code =
        code.filter(|_| !passed).map(|code| view! { <span class="aside">{format!("exit {code}")}</span> });
    let command = parts::visible(command);
    Some(
        view! { <span class=class><Icon name=icon/>{word}</span> {code} <code class="check-command" title=command.clone()>{command.clone()}</code> }
            .into_any(),
    )
}
