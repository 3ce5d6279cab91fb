//! Results side by side: a column a task, the same facts at the same height.

use leptos::prelude::*;
use orchestra_model::{AttentionKind, Check, Excerpt, TaskResult, TestRun};

use super::{Known, is_open_choice, mark, name_link};
use crate::{
    components::icon::Icon,
    drawn::{agents::command, parts, turns::excerpt},
    text,
};

/// How many files a column names.
const FILES: usize = 8;
/// How many commits.
const COMMITS: usize = 4;
/// A final text with more bytes than this is cut by the page; the agent's own shows all of it.
const SHORT: usize = 700;

pub(super) fn draw(known: &Known) -> AnyView {
    known.results.groups().into_iter().map(|group| draw_group(known, group)).collect_view().into_any()
}

fn draw_group(known: &Known, group: &[TaskResult]) -> AnyView {
    let has_checks = group.iter().any(|task| task.check.is_some() || task.tested.is_some());
    let class = if has_checks { "columns has-checks" } else { "columns" };
    let attempts = group.first().filter(|first| first.attempt.is_some());
    let is_open = is_open_choice(group);
    let heading = attempts.map(|first| {
        let chosen = group.iter().find(|task| !task.is_cleaned).filter(|_| !is_open);
        let words = match chosen {
            Some(chosen) => {
                format!("{} was kept of {} attempts", parts::visible(&chosen.agent_name), group.len())
            }
            None => format!("{} attempts at {}", group.len(), parts::visible(first.base_name())),
        };
        let diffs = format!("/runs/{}?show=diffs", known.results.run);
        view! {
            <h2 class="part-name">{words} <a class="aside" href=diffs>"Diffs beside each other"</a></h2>
            <p class="run-prompt plain">{parts::visible(first.prompt.trim())}</p>
        }
    });
    let columns = group.iter().map(|task| column(known, task, is_open)).collect_view();
    let label = if attempts.is_some() { "Attempts" } else { "Results" };
    view! {
        <section class="run-group">
            {heading}
            {attempts.is_none().then(|| view! { <h2 class="visually-hidden">"Results"</h2> })}
            <div class=class role="group" aria-label=label tabindex="0">{columns}</div>
        </section>
    }
    .into_any()
}

fn column(known: &Known, task: &TaskResult, is_open: bool) -> AnyView {
    let class = if task.is_cleaned { "column is-away" } else { "column" };
    let number = task
        .attempt
        .map(|number| view! { <span class="column-number" aria-hidden="true">{number.to_string()}</span> });
    let prompt = task.attempt.is_none().then(|| {
        view! { <p class="column-prompt">{parts::visible(task.prompt.trim())}</p> }
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
    view! {
        <article class=class data-part=format!("column-{}", task.agent)>
            <header class="column-head">{number} <h3>{name_link(task)}</h3> {mark(task)}</header>
            <div class="column-task">{prompt} {after}</div>
            <div>{numbers(task)}</div>
            <div>{notes(known, task)}</div>
            <div>{said(task)}</div>
            <div>{work(task)}</div>
            <footer class="take">{actions(task, is_open)}</footer>
        </article>
    }
    .into_any()
}

/// What people compare, each at its place in every column.
fn numbers(task: &TaskResult) -> AnyView {
    let changed = task.diffstat.filter(|stat| stat.files > 0).map(|stat| {
        view! {
            {text::plural(stat.files as usize, "file", "files")} " "
            <span class="delta"><span class="added">{format!("+{}", stat.insertions)}</span> <span class="removed">{format!("−{}", stat.deletions)}</span></span>
        }
        .into_any()
    });
    let time = task
        .seconds
        .map(|seconds| text::duration(i64::try_from(seconds).unwrap_or_default().saturating_mul(1000)));
    // Without what caches served, as in the sum above.
    let tokens = task.tokens.uncached();
    let tokens = (tokens > 0).then(|| text::count(tokens));
    let cost = task.cost_usd.map(|usd| format!("${}", text::decimal(usd, 2)));
    let commits = task.diffstat.map(|_| task.commits.len().to_string());
    let turns = (task.turns > 0).then(|| task.turns.to_string());
    let nothing = || view! { <span class="is-nothing">"–"</span> }.into_any();
    let row = |name: &'static str, value: Option<AnyView>| view! { <dt>{name}</dt><dd>{value.unwrap_or_else(nothing)}</dd> };
    let proof = proof(task).unwrap_or_else(nothing);
    let words = |value: Option<String>| value.map(|value| value.into_any());
    view! {
        <dl class="numbers">
            {row("Changed", changed)}
            <dt>{if task.tested.is_some() && task.check.is_none() { "Tests" } else { "Check" }}</dt><dd class="proof-row">{proof}</dd>
            {row("Commits", words(commits))}
            {row("Time", words(time))}
            {row("Turns", words(turns))}
            {row("Tokens", words(tokens))}
            {row("Cost", words(cost))}
        </dl>
    }
    .into_any()
}

/// Its check, or else the last test that it ran itself.
fn proof(task: &TaskResult) -> Option<AnyView> {
    let (command, passed, code, is_outdated) = match (&task.check, &task.tested) {
        (Some(Check { command, passed, exit_code, is_outdated, .. }), _)
        | (None, Some(TestRun { command, passed, exit_code, is_outdated, .. })) => {
            (command, *passed, *exit_code, *is_outdated)
        }
        (None, None) => return None,
    };
    let (class, icon, word) = match (passed, is_outdated) {
        (true, false) => ("mark is-done", "done", "passed"),
        (true, true) => ("mark is-idle", "idle", "passed before"),
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

/// What somebody should know before it is taken.
fn notes(known: &Known, task: &TaskResult) -> AnyView {
    let mut notes: Vec<(&'static str, &'static str, String)> = Vec::new();
    let asks = known.agent(&task.agent).and_then(|agent| agent.attention.as_ref());
    let is_failure = |words: &str| task.failure.as_deref() == Some(words);
    let is_news = |kind: AttentionKind| kind != AttentionKind::Done && !task.is_cleaned;
    if let Some(asks) = asks.filter(|asks| is_news(asks.kind) && !is_failure(&asks.summary)) {
        notes.push(("run-note", "waiting", parts::visible(&asks.summary)));
    }
    if let Some(failure) = &task.failure {
        notes.push(("run-note is-failed", "alert", parts::visible(failure)));
    }
    if let Some(waits) = &task.waits {
        notes.push(("run-note", "queued", parts::visible(waits)));
    }
    if task.retries > 0 {
        let times = text::plural(task.retries as usize, "time", "times");
        notes.push(("run-note", "restore", format!("sent back {times} by itself")));
    }
    if !task.uncommitted.is_empty() {
        let words = text::plural(task.uncommitted.len(), "file is not committed", "files are not committed");
        notes.push(("run-note", "alert", words));
    }
    for conflict in &task.conflicts {
        let files = conflict.files.iter().map(|file| parts::visible(file)).collect::<Vec<_>>().join(", ");
        notes.push((
            "run-note is-failed",
            "alert",
            format!("conflicts with {} in {files}", parts::visible(&conflict.with)),
        ));
    }
    let output = task.check.as_ref().filter(|check| !check.passed && !check.output.trim().is_empty()).map(|check| {
        view! {
            <details class="check-output" data-key="output"><summary class="fold-line">"What the check printed"</summary>
                <pre class="output" tabindex="0">{parts::visible(check.output.trim_end())}</pre></details>
        }
    });
    let notes = notes
        .into_iter()
        .map(|(class, icon, words)| view! { <li class=class><Icon name=icon/> <span>{words}</span></li> });
    view! { <ul class="run-notes">{notes.collect_view()}</ul> {output} }.into_any()
}

fn said(task: &TaskResult) -> AnyView {
    let Some(result) = task.result.as_deref().filter(|result| !result.trim().is_empty()) else {
        return view! { <p class="is-nothing column-quiet">"Nothing said yet."</p> }.into_any();
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

fn actions(task: &TaskResult, is_open: bool) -> AnyView {
    let about = [("agent", task.agent.as_str())];
    let links = view! {
        <a class="chip" href=format!("/agents/{}", task.agent)>"Talk"</a>
        <a class="chip" href=format!("/agents/{}?tab=changes", task.agent)>"Changes"</a>
    };
    if task.is_cleaned {
        let restore = command("restore", &about);
        return view! {
            <p class="aside">"In the trash, where it stays for 14 days."</p>
            <div class="column-actions"><button type="button" class="chip needs-script" data-command=restore><Icon name="restore"/> "Restore"</button> {links}</div>
            <p class="said-here" role="status" data-said=""></p>
        }
        .into_any();
    }
    let waits = super::state_of(task).2 == "waiting";
    let choose = (is_open && task.attempt.is_some()).then(|| {
        let choose = command("choose", &about);
        // Whoever waits is answered first.
        let class = if waits { "button needs-script" } else { "button is-primary needs-script" };
        view! { <button type="button" class=class data-command=choose>"Choose this"</button> }
    });
    let way_back = choose.is_some().then(|| {
        view! { <p class="aside needs-script">"The others go to the trash for 14 days; Restore brings them back."</p> }
    });
    let answer = waits.then(|| {
        view! { <a class="button is-primary" href=format!("/agents/{}", task.agent)>"Answer"</a> }
    });
    view! {
        {answer}
        {choose}
        {way_back}
        <div class="column-actions">{links}</div>
        <p class="said-here" role="status" data-said=""></p>
    }
    .into_any()
}
