//! How the landing of a run goes, or went.

use leptos::prelude::*;
use orchestra_model::{LandingOutcome, LandingState, LandingStep, TaskResult};

use super::{
    Known,
    columns::printed,
    head::{LANDING, is_landing},
};
use crate::{
    components::icon::Icon,
    drawn::{agents::command, parts},
    ssr::runs::Progress,
};

pub(super) fn draw(known: &Known) -> AnyView {
    let landing = known
        .landing
        .as_ref()
        .map(|landing| progress(known, landing))
        .or_else(|| known.results.landing.map(elsewhere));
    view! { <div data-part="landing">{landing}</div> }.into_any()
}

/// A landing of which this server knows only what the run's journal says.
fn elsewhere(state: LandingState) -> AnyView {
    let words = match state {
        LandingState::UnderWay => view! {
            <p class="landing-now" data-landing=""><span class="mark is-running"><Icon name="busy"/>"landing"</span> <span>"It is being landed from another surface."</span></p>
        }
        .into_any(),
        LandingState::CutOff => view! {
            <p class="run-note is-failed"><Icon name="alert"/> <span>"The last landing was cut off. What landed until then has landed; Land goes on with the rest."</span></p>
        }
        .into_any(),
    };
    view! { <section class="landing"><h2 class="part-name">"Landing"</h2> {words}</section> }.into_any()
}

fn progress(known: &Known, progress: &Progress) -> AnyView {
    let steps = progress.steps.iter().map(step).collect_view();
    let doing = progress.doing.as_deref().map(|words| {
        view! { <p class="landing-now" data-landing=""><span class="mark is-running"><Icon name="busy"/>"landing"</span> <span>{parts::visible(words)}</span></p> }
    });
    let end = progress.end.as_ref().map(|end| match end {
        Ok(landing) if landing.steps.is_empty() => view! { <p>"There is nothing to land."</p> }.into_any(),
        Ok(landing) => {
            let short = landing.commit.get(..8).unwrap_or_default().to_owned();
            view! { <p class="aside">{parts::visible(&landing.target)} " stands at " <code>{short}</code> "."</p> }.into_any()
        }
        Err(error) => view! {
            <p class="run-note is-failed" role="alert"><Icon name="alert"/> <span>{parts::visible(&error.message)} " " {parts::visible(&error.next_step)}</span></p>
        }
        .into_any(),
    });
    view! {
        <section class="landing">
            <h2 class="part-name">"Landing"</h2>
            <ol class="landing-steps">{steps}</ol>
            {doing}
            {end}
            {others(known, progress)}
        </section>
    }
    .into_any()
}

/// Lands those that wait only because another did not land before them.
fn others(known: &Known, progress: &Progress) -> Option<AnyView> {
    let is_back = |step: &LandingStep| step.outcome.is_sent_back() || step.outcome.is_left_so();
    if is_landing(known) || !progress.steps.iter().any(is_back) {
        return None;
    }
    let held = held(known, progress).len();
    if held == 0 {
        return None;
    }
    let order = command("land", &[("run", known.results.run.as_str()), ("keep_going", "yes")]);
    let words = match held {
        1 => "Land the other".to_owned(),
        _ => format!("Land the others ({held})"),
    };
    Some(
        view! {
            <div class="landing-others take">
                <button type="button" class="button needs-script" data-command=order data-busy=LANDING>{words}</button>
                <p class="said-here" role="status" data-said=""></p>
            </div>
        }
        .into_any(),
    )
}

/// The tasks that would be tried if others went on: not those that come after one that does not land.
fn held<'a>(known: &'a Known, progress: &Progress) -> Vec<&'a TaskResult> {
    let tasks = &known.results.tasks;
    let step_of = |task: &TaskResult| progress.steps.iter().find(|step| step.agent == task.agent_name);
    let waits = |task: &&TaskResult| {
        task.can_land()
            && step_of(task).is_some_and(|step| matches!(step.outcome, LandingOutcome::Waits { .. }))
    };
    let mut held: Vec<&TaskResult> = tasks.iter().filter(waits).collect();
    // In a plan nobody comes after themselves: this ends.
    loop {
        let (before, still) = (held.len(), held.clone());
        held.retain(|task| {
            let befores = task.after.iter().chain(&task.from);
            befores
                .filter_map(|name| tasks.iter().find(|other| other.name == *name))
                .all(|other| !other.can_land() || still.iter().any(|one| one.agent == other.agent))
        });
        if held.len() == before {
            return held;
        }
    }
}

fn step(step: &LandingStep) -> AnyView {
    let (class, icon, word, words) = match &step.outcome {
        LandingOutcome::Landed { commit, check } => {
            let checked =
                check.as_ref().map(|check| format!(", {} is green", check.command)).unwrap_or_default();
            let short = commit.get(..8).unwrap_or_default();
            ("mark is-done", "done", "landed", format!("{short}{checked}"))
        }
        LandingOutcome::Nothing => ("mark is-idle", "done", "nothing to land", String::new()),
        LandingOutcome::Conflict { files, told } => {
            back(*told, format!("it conflicts in {}", files.join(", ")))
        }
        LandingOutcome::Red { check, told } => {
            let code = check.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
            back(*told, format!("{} fails{code}", check.command))
        }
        LandingOutcome::InTheWay { folder, files } => {
            let words = format!(
                "{} has changes in {folder}. Commit, stash or move them on the computer, then land again.",
                files.join(", ")
            );
            ("mark is-waiting", "waiting", "waits", words)
        }
        LandingOutcome::Waits { why } => ("mark is-queued", "queued", "waits", why.clone()),
    };
    let printed = match &step.outcome {
        LandingOutcome::Red { check, .. } => printed(check),
        _ => None,
    };
    let words = (!words.is_empty()).then(|| view! { <span>{parts::visible(&words)}</span> });
    view! {
        <li data-key=step.agent.clone()><b>{parts::visible(&step.agent)}</b> <span class=class><Icon name=icon/>{word}</span> <div class="landing-words">{words} {printed}</div></li>
    }
    .into_any()
}

/// That work does not go onto the branch, and whether its agent is told of it.
fn back(told: bool, why: String) -> (&'static str, &'static str, &'static str, String) {
    match told {
        true => ("mark is-failed", "failed", "sent back", why),
        false => {
            let next = "It was told already and changed nothing. Send it a message, or take it yourself.";
            ("mark is-failed", "failed", "does not land", format!("{why}. {next}"))
        }
    }
}
