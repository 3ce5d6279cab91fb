//! The head of a run's page: what it is, how far it is, what it used, and the parts of the page.

use leptos::prelude::*;
use orchestra_model::{Agent, AgentId, AgentState, AtLimit, LandingState, Results, TaskResult, TaskState};

use super::{CANNOT_START, Known, Show, is_open_choice, is_parked, needs_somebody};
use crate::{
    components::icon::Icon,
    drawn::{agents::command, parts},
    text,
};

pub(super) fn draw(known: &Known, show: Show) -> AnyView {
    let results = &known.results;
    let repository = results.repo.as_deref().and_then(|repo| repo.trim_end_matches('/').rsplit('/').next());
    let repository = repository.map(|name| view! { <span class="card-repo">{parts::visible(name)}</span> });
    let target = results.target.as_deref().map(|target| {
        view! { <span class="branch-name"><Icon name="branch"/> {parts::visible(target)}</span> }
    });
    let at_once = results.max_parallel.map(|most| view! { <span>{format!("{most} at once")}</span> });
    view! {
        <header class="run-head" data-part="head">
            <div class="page-head">
                <a class="icon-button" href="/runs" data-up="" aria-label="All runs"><Icon name="back"/></a>
                <div class="page-head-words">
                    <h1 class="run-title">{title(results)}</h1>
                    <p class="card-facts">{repository} {target} {parts::moment(results.created_at.as_millisecond(), known.offset_seconds)} {at_once}</p>
                </div>
            </div>
            <div class="run-sum">
                {Tally::of(results, |id| known.agent(id)).draw(false)}
                <p class="run-used">{used(results)}</p>
            </div>
            {budget(results)}
            {trouble(results)}
            {actions(known)}
        </header>
        <nav class="tabs run-tabs" aria-label="Parts of the run" data-part="tabs">{tabs(known, show)}</nav>
    }
    .into_any()
}

/// What it is about.
pub(super) fn title(results: &Results) -> String {
    parts::visible(&results.title())
}

/// How many of a run's tasks are how far, by what is known of their agents.
pub(super) struct Tally {
    pub(super) waiting: usize,
    running: usize,
    parked: usize,
    queued: usize,
    blocked: usize,
    done: usize,
    failed: usize,
    stopped: usize,
    all: usize,
}

impl Tally {
    pub(super) fn of<'a>(results: &Results, agent: impl Fn(&AgentId) -> Option<&'a Agent>) -> Self {
        let waits = |task: &TaskResult| needs_somebody(task, agent(&task.agent));
        let count = |is: &dyn Fn(&TaskResult) -> bool| results.tasks.iter().filter(|task| is(task)).count();
        let others =
            |state: TaskState| count(&|task| task.state == state && !waits(task) && !is_parked(task));
        Self {
            waiting: count(&waits),
            running: others(TaskState::Running) + others(TaskState::Checking),
            parked: count(&|task| is_parked(task) && !waits(task)),
            queued: others(TaskState::Queued),
            blocked: others(TaskState::Blocked),
            done: others(TaskState::Done),
            failed: others(TaskState::Failed),
            stopped: others(TaskState::Stopped),
            all: results.tasks.len(),
        }
    }

    /// Whether somebody works on it, or will without being told to.
    pub(super) const fn is_at_work(&self) -> bool {
        self.running + self.parked + self.queued > 0
    }

    /// As marks; of how many are done is said also of how many, where a list is read.
    pub(super) fn draw(&self, is_in_list: bool) -> AnyView {
        let done = match is_in_list {
            true => format!("{} of {} done", self.done, self.all),
            false => format!("{} done", self.done),
        };
        let kinds = [
            ("mark is-waiting", "waiting", self.waiting, format!("{} waiting for you", self.waiting)),
            ("mark is-running", "busy", self.running, format!("{} running", self.running)),
            ("mark is-queued", "queued", self.parked, format!("{} parked", self.parked)),
            ("mark is-queued", "queued", self.queued, format!("{} queued", self.queued)),
            ("mark is-queued", "pause", self.blocked, format!("{} {CANNOT_START}", self.blocked)),
            // That none is done is nothing to be pleased about.
            match self.done {
                0 => ("mark is-idle", "idle", if is_in_list { self.all } else { 0 }, done),
                _ => ("mark is-done", "done", self.done, done),
            },
            ("mark is-failed", "failed", self.failed, format!("{} failed", self.failed)),
            ("mark is-idle", "stop", self.stopped, format!("{} stopped", self.stopped)),
        ];
        let marks = kinds.into_iter().filter(|(_, _, count, _)| *count > 0).map(|(class, icon, _, words)| {
            view! { <li class=class><Icon name=icon/>{words}</li> }
        });
        view! { <ul class="run-tally" aria-label="How far it is">{marks.collect_view()}</ul> }.into_any()
    }
}

fn used(results: &Results) -> String {
    let spent = &results.spent;
    let mut words = Vec::new();
    if spent.seconds > 0 {
        words.push(text::duration(i64::try_from(spent.seconds).unwrap_or_default().saturating_mul(1000)));
    }
    if spent.tokens > 0 {
        words.push(format!("{} tokens", text::count(spent.tokens)));
    }
    if spent.usd >= 0.005 {
        words.push(format!("${}", text::decimal(spent.usd, 2)));
    }
    words.join(" · ")
}

/// What it may use and how much of that is gone, a bar each.
fn budget(results: &Results) -> Option<AnyView> {
    let (limit, spent) = (&results.limit, &results.spent);
    let mut bars: Vec<(String, f64)> = Vec::new();
    if let Some(most) = limit.usd {
        bars.push((
            format!("${} of ${}", text::decimal(spent.usd, 2), text::decimal(most, 2)),
            spent.usd / most,
        ));
    }
    if let Some(most) = limit.tokens {
        let words = format!("{} of {} tokens", text::count(spent.tokens), text::count(most));
        bars.push((words, share(spent.tokens, most)));
    }
    if let Some(most) = limit.minutes {
        bars.push((
            format!("{} of {most} min", spent.seconds / 60),
            share(spent.seconds, most.saturating_mul(60)),
        ));
    }
    if bars.is_empty() {
        return None;
    }
    let bars = bars.into_iter().map(|(words, share)| {
        let width = if share.is_finite() { (share * 100.0).clamp(0.0, 100.0) } else { 100.0 };
        let class = if width >= 100.0 { "budget is-used-up" } else { "budget" };
        view! {
            <li class=class><span>{words}</span>
                <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="budget-all" width="100" height="4"/><rect class="budget-used" width=text::decimal(width, 1) height="4"/>
                </svg></li>
        }
    });
    let bars = bars.collect_view();
    let reached = limit.reached(spent).map(|what| {
        let then = match limit.at_limit {
            AtLimit::Ask => "Nothing more of it starts.",
            AtLimit::Stop => "Nothing more of it starts, and who was at work was stopped.",
        };
        view! {
            <div class="run-note"><Icon name="alert"/> <p>"It has used " {what} ". " {then}</p> {as_much_again(results)}</div>
        }
    });
    Some(view! { <ul class="budgets" aria-label="Budget">{bars}</ul> {reached} }.into_any())
}

/// Why it does not go on by itself.
fn trouble(results: &Results) -> Option<AnyView> {
    let why = results.trouble.as_deref().filter(|_| !results.is_over)?;
    let words = format!("It does not go on: {}.", parts::visible(why));
    Some(view! { <p class="run-note is-failed"><Icon name="alert"/> <span>{words}</span></p> }.into_any())
}

/// Lets it have as much again of what is used up.
fn as_much_again(results: &Results) -> AnyView {
    let more = results.limit.with_as_much_again(&results.spent);
    let usd = more.usd.filter(|_| more.usd != results.limit.usd);
    let tokens = more.tokens.filter(|_| more.tokens != results.limit.tokens);
    let minutes = more.minutes.filter(|_| more.minutes != results.limit.minutes);
    let words: Vec<String> = [
        usd.map(|usd| format!("${}", text::decimal(usd, 2))),
        tokens.map(|tokens| format!("{} tokens", text::count(tokens))),
        minutes
            .map(|minutes| text::plural(usize::try_from(minutes).unwrap_or(usize::MAX), "minute", "minutes")),
    ]
    .into_iter()
    .flatten()
    .collect();
    let given = [
        ("usd", usd.map(|usd| usd.to_string())),
        ("tokens", tokens.map(|tokens| tokens.to_string())),
        ("minutes", minutes.map(|minutes| minutes.to_string())),
    ];
    let mut fields = vec![("run", results.run.as_str())];
    fields.extend(given.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
    let order = command("go_on", &fields);
    view! { <button type="button" class="button needs-script" data-command=order>{format!("Go on, up to {}", words.join(", "))}</button> }
    .into_any()
}

#[expect(clippy::cast_precision_loss, reason = "a bar of a few hundred pixels")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// What a button that lands says from the tap on.
pub(super) const LANDING: &str = "Landing…";

/// Whether it is being landed, here or elsewhere.
pub(super) fn is_landing(known: &Known) -> bool {
    known.landing.as_ref().is_some_and(|landing| landing.doing.is_some())
        || known.results.landing == Some(LandingState::UnderWay)
}

fn actions(known: &Known) -> AnyView {
    let results = &known.results;
    let run = results.run.as_str();
    let landable = results.tasks.iter().filter(|task| task.can_land()).count();
    let is_open = results.groups().into_iter().any(is_open_choice);
    let is_landing = is_landing(known);
    let first = (is_open && landable > 0).then(|| {
        view! { <p class="aside">"Choose one of the attempts, then it can land."</p> }
    });
    let land = results.target.as_deref().filter(|_| landable > 0 && !is_open).map(|target| {
        let words = match is_landing {
            true => LANDING.to_owned(),
            false => format!("Land {} on {}", text::plural(landable, "branch", "branches"), parts::visible(target)),
        };
        let order = command("land", &[("run", run)]);
        view! { <button type="button" class="button is-primary needs-script" disabled=is_landing data-command=order data-busy=LANDING>{words}</button> }
    });
    let is_at_work = results
        .tasks
        .iter()
        .any(|task| matches!(task.state, TaskState::Running | TaskState::Checking | TaskState::Queued));
    let stop = (is_at_work || is_landing).then(|| {
        let order = command("stop_run", &[("run", run)]);
        view! { <button type="button" class="button needs-script" data-command=order><Icon name="stop"/> <span>"Stop all"</span></button> }
    });
    let is_cut_off = |task: &TaskResult| {
        !task.is_cleaned && (task.state == TaskState::Stopped || task.agent_state == AgentState::Lost)
    };
    let go_on =
        (results.tasks.iter().any(is_cut_off) || results.trouble.is_some() && is_at_work).then(|| {
            let order = command("go_on", &[("run", run)]);
            view! { <button type="button" class="button needs-script" data-command=order>"Go on"</button> }
        });
    let report = format!("/runs/{run}/report.md");
    view! {
        <div class="run-actions take">
            {land}
            {stop}
            {go_on}
            <a class="button" href=report.clone() data-report=""><Icon name="copy"/> <span>"Report"</span></a>
            {first}
            <p class="said-here" role="status" data-said=""></p>
        </div>
    }
    .into_any()
}

fn tabs(known: &Known, show: Show) -> AnyView {
    let run = &known.results.run;
    let messages: usize = known.messages.threads.iter().map(|thread| thread.messages.len()).sum();
    let has_diffs =
        known.results.groups().into_iter().any(|group| group.iter().any(|task| task.attempt.is_some()));
    let tab = |one: Show, query: &str, name: &'static str, count: usize| {
        let count = (count > 0).then(|| view! { " " <span class="count">{count.to_string()}</span> });
        view! {
            <a class="tab" href=format!("/runs/{run}{query}") aria-current=(one == show).then_some("page")><span>{name} {count}</span></a>
        }
    };
    view! {
        {tab(Show::Results, "", "Results", 0)}
        {has_diffs.then(|| tab(Show::Diffs, "?show=diffs", "Diffs", 0))}
        {tab(Show::Threads, "?show=threads", "Threads", messages)}
        {tab(Show::Graph, "?show=graph", "Graph", 0)}
    }
    .into_any()
}
