//! What an agent came to: its last words, its commits, whether it tried what it made, what is in the way of taking it,
//! and the ways to take it or clear it away.

use leptos::prelude::*;
use orchestra_model::{Agent, Commit, Excerpt};

use super::command;
use crate::{
    components::icon::Icon,
    drawn::{parts, turns::excerpt},
    text,
};

/// What is known of an agent's work.
pub(crate) struct Work {
    /// Its branch.
    pub(crate) branch: String,
    /// The branch that it goes back to.
    pub(crate) target: Option<String>,
    /// Its commits, newest first.
    pub(crate) commits: Vec<Commit>,
    /// How many of them no remote has; none where there is no remote.
    pub(crate) unpushed: Option<u32>,
    /// Files that are in no commit.
    pub(crate) uncommitted: Vec<String>,
    /// Whether there is nothing left to take.
    pub(crate) is_taken: bool,
    /// With what it would conflict, and in which files.
    pub(crate) conflicts: Vec<(String, Vec<String>)>,
    /// What would be lost if its worktree went now.
    pub(crate) would_lose: Vec<String>,
}

/// Draws it; `work` is what there is to take, or why that cannot be said.
pub(crate) fn draw(agent: &Agent, work: &Result<Work, String>, offset_seconds: i32) -> String {
    let said = agent.result.as_ref().map(|text| {
        let words = excerpt::markdown(&Excerpt { text: text.clone(), omitted: 0 });
        view! { <section class="result-said">{words}</section> }
    });
    if agent.branch.is_none() && agent.repo.is_some() && !agent.state.is_over() {
        return view! { <p class="quiet">"It has not begun. What it comes to will stand here, with the ways to take it."</p> }.to_html();
    }
    let nothing = agent.result.is_none().then(|| view! { <p class="quiet">"No result yet."</p> });
    let work = match work {
        Ok(work) => draw_work(agent, work, offset_seconds),
        Err(why) => view! { <p class="quiet">{parts::visible(why)}</p> }.into_any(),
    };
    view! { {said} {nothing} {tested(agent, offset_seconds)} {work} }.to_html()
}

fn tested(agent: &Agent, offset_seconds: i32) -> Option<AnyView> {
    let test = agent.tested.as_ref()?;
    let (class, icon, word) =
        if test.passed { ("mark is-done", "done", "passed") } else { ("mark is-failed", "failed", "failed") };
    let code = test.exit_code.map(|code| format!("exit code {code}"));
    let outdated = test.is_outdated.then(|| view! { <p class="aside">"Files were changed after this."</p> });
    Some(
        view! {
            <section>
                <h3>"Last test"</h3>
                <p class="test-line"><code>{parts::visible(&test.command)}</code></p>
                <p class="card-facts"><span class=class><Icon name=icon/>{word}</span> <span>{code}</span>
                    {parts::moment(test.at.as_millisecond(), offset_seconds)}</p>
                {outdated}
            </section>
        }
        .into_any(),
    )
}

fn draw_work(agent: &Agent, work: &Work, offset_seconds: i32) -> AnyView {
    let commits = work.commits.iter().map(|commit| {
        let short = commit.id.get(..8).unwrap_or_default().to_owned();
        view! {
            <li><code>{short}</code> <span class="commit-subject">{parts::visible(&commit.subject)}</span>
                {parts::moment(commit.at.as_millisecond(), offset_seconds)}</li>
        }
    });
    let commits = commits.collect_view();
    let target = work.target.clone().map(|target| parts::visible(&target));
    let left = [
        (!work.uncommitted.is_empty()).then(|| {
            text::plural(work.uncommitted.len(), "file is not committed", "files are not committed")
        }),
        work.unpushed
            .filter(|count| *count > 0)
            .map(|count| text::plural(count as usize, "commit is on no remote", "commits are on no remote")),
    ];
    let left = left.into_iter().flatten().map(|words| view! { <li>{words}</li> }).collect_view();
    view! {
        <section>
            <h3>{text::plural(work.commits.len(), "commit", "commits")}</h3>
            <p class="card-facts"><span class="branch-name"><Icon name="branch"/> {parts::visible(&work.branch)}</span>
                {target.map(|target| view! { <span>"from " {target}</span> })}</p>
            <ul class="commits">{commits}</ul>
            <ul class="left-over">{left}</ul>
        </section>
        {conflicts(work)}
        {take(agent, work)}
    }
    .into_any()
}

fn conflicts(work: &Work) -> Option<AnyView> {
    if work.conflicts.is_empty() {
        return None;
    }
    let list = work.conflicts.iter().map(|(with, files)| {
        let files = files.iter().map(|file| parts::visible(file)).collect::<Vec<_>>().join(", ");
        view! { <li><b>{parts::visible(with)}</b> ": " <code>{files}</code></li> }
    });
    let list = list.collect_view();
    Some(
        view! { <section class="conflicts"><h3><Icon name="alert"/> "Would conflict with"</h3><ul>{list}</ul></section> }
            .into_any(),
    )
}

fn take(agent: &Agent, work: &Work) -> AnyView {
    let about = [("agent", agent.id.as_str())];
    if agent.is_cleaned {
        let restore = command("restore", &about);
        return view! {
            <section class="take needs-script">
                <p>"Its worktree is in the trash for 14 days."</p>
                <div class="answers"><button type="button" class="button is-primary" data-command=restore>"Restore"</button></div>
            </section>
        }
        .into_any();
    }
    let is_at_work = agent.state.is_live() && !agent.state.is_over();
    let cannot = is_at_work || work.is_taken;
    let merge = command("merge", &about);
    let squash = command("merge", &[about[0], ("squash", "true")]);
    let pull_request = command("pull_request", &about);
    let into = work.target.as_deref().map(|target| format!("Merge into {}", parts::visible(target)));
    let merging = into.map(|into| {
        view! {
            <button type="button" class="button is-primary" disabled=cannot data-command=merge>{into}</button>
            <button type="button" class="button" disabled=cannot data-command=squash>"Squash"</button>
        }
    });
    let waits = is_at_work.then(|| {
        view! { <p class="aside">"It is at work: take its work when its turn is over."</p> }.into_any()
    });
    let all = match &work.target {
        Some(target) => format!("There is nothing to take: {} has all of it.", parts::visible(target)),
        None => "There is nothing to take.".to_owned(),
    };
    let waits = waits.or_else(|| work.is_taken.then(|| view! { <p class="aside">{all}</p> }.into_any()));
    view! {
        <section class="take needs-script">
            {waits}
            <div class="answers">
                {merging}
                <button type="button" class="button" disabled=cannot data-command=pull_request>"Pull request"</button>
            </div>
            {clean(agent, work, is_at_work)}
            <p class="said-here" role="status" data-said=""></p>
        </section>
    }
    .into_any()
}

/// Clearing away, with what would be lost said in numbers. It can be undone either way.
fn clean(agent: &Agent, work: &Work, is_at_work: bool) -> AnyView {
    let clean = command("clean", &[("agent", agent.id.as_str())]);
    if work.would_lose.is_empty() {
        return view! {
            <div class="answers"><button type="button" class="button" disabled=is_at_work data-command=clean>"Clean: nothing would be lost"</button></div>
        }
        .into_any();
    }
    let anyway = command("clean", &[("agent", agent.id.as_str()), ("anyway", "true")]);
    let reasons =
        work.would_lose.iter().map(|reason| view! { <li>{parts::visible(reason)}</li> }).collect_view();
    view! {
        <details class="would-lose">
            <summary class="button">"Clean"</summary>
            <p>"What only its worktree has:"</p>
            <ul>{reasons}</ul>
            <p class="aside">"It stays in the trash for 14 days, and Restore brings it back."</p>
            <button type="button" class="button" disabled=is_at_work data-command=anyway>"Clean anyway"</button>
        </details>
    }
    .into_any()
}
