//! What can be done with a task's work: taken, brought back, talked about.

use leptos::prelude::*;
use orchestra_model::{AttentionKind, TaskResult, TaskState};

use super::{Group, facts::is_good};
use crate::{
    components::icon::Icon,
    drawn::{
        agents::command,
        parts,
        runs::{Known, wants},
    },
};

pub(super) fn draw(known: &Known, task: &TaskResult, group: &Group<'_>) -> AnyView {
    let about = [("agent", task.agent.as_str())];
    let name = parts::visible(&task.agent_name);
    // Side by side stand many of them: each says whose it is.
    let links = view! {
        <a class="chip" href=format!("/agents/{}", task.agent) aria-label=format!("Talk with {name}")>"Talk"</a>
        <a class="chip" href=format!("/agents/{}?tab=changes", task.agent) aria-label=format!("Changes of {name}")>"Changes"</a>
    };
    if task.is_cleaned {
        let restore = command("restore", &about);
        return view! {
            <p class="aside">"In the trash, where it stays for 14 days."</p>
            <div class="column-actions"><button type="button" class="chip needs-script" data-command=restore aria-label=format!("Restore {name}")><Icon name="restore"/> "Restore"</button> {links}</div>
            <p class="said-here" role="status" data-said=""></p>
        }
        .into_any();
    }
    // What a run that has used what it may needs stands in the page's head.
    let is_stuck = wants(known.agent(&task.agent)) == Some(AttentionKind::Stuck);
    let answer = (task.is_waiting() || is_stuck).then(|| {
        let (words, label) = match task.is_waiting() {
            true => ("Answer", format!("Answer {name}")),
            false => ("Look at it", format!("Look at it: {name}")),
        };
        view! { <a class="button is-primary" href=format!("/agents/{}", task.agent) aria-label=label>{words}</a> }
    });
    let choose = (group.is_open && task.attempt.is_some()).then(|| {
        // Of choices between the same the last counts, also of those that wait for a connection.
        let of = group.tasks.first().map(|first| first.agent.to_string()).unwrap_or_default();
        let choose = command("choose", &[("agent", task.agent.as_str()), ("of", &of)]);
        // Whoever waits is answered first; where one is known to be good, the others are the exception.
        let is_likely = match is_good(task) {
            Some(is_good) => is_good,
            None => task.state == TaskState::Done && !group.has_good,
        };
        let class = match is_likely && answer.is_none() {
            true => "button is-primary needs-script",
            false => "button needs-script",
        };
        view! { <button type="button" class=class data-command=choose aria-label=format!("Choose this: {name}")>"Choose this"</button> }
    });
    let way_back = choose.is_some().then(|| {
        view! { <p class="aside needs-script">"The others go to the trash for 14 days; Restore brings them back."</p> }
    });
    view! {
        {answer}
        {choose}
        <p class="said-here" role="status" data-said=""></p>
        {way_back}
        <div class="column-actions">{links}</div>
    }
    .into_any()
}
