//! Everything else about a session: facts, ways to take it on or away, subagents. A column on wide screens, a sheet
//! that the head's button opens on others; the browser opens it, no script needed.

use leptos::prelude::*;

use super::copying::CopyButton;
use crate::{
    components::{icon::Icon, name::PathName, time::Time},
    data::{SessionRow, TranscriptHead, session_row::project_href, transcript::AgentCard},
    text,
};

/// The details.
#[component]
pub fn Details(
    /// What is shown.
    head: StoredValue<TranscriptHead>,
    /// The session as it is now.
    row: Memo<SessionRow>,
) -> impl IntoView {
    let TranscriptHead { resume_command, agents, oddities, lane, agent, .. } = head.get_value();
    let exports = row.with_untracked(|row| (!row.cleaned).then(|| exports(&row.href())));
    let oddities = (!oddities.is_empty()).then(|| {
        let list = oddities.into_iter().map(|oddity| view! { <li>{oddity}</li> }).collect_view();
        view! { <h3>"In the file"</h3> <ul class="oddities">{list}</ul> }
    });
    let is_agent = agent.is_some();
    view! {
        <aside id="details" class="details" popover="auto" aria-label="Details">
            <div class="details-head">
                <h2>"Details"</h2>
                <button type="button" class="icon-button details-button" popovertarget="details" popovertargetaction="hide" aria-label="Close">
                    <Icon name="close"/>
                </button>
            </div>
            {(!is_agent).then(|| view! {
                <div class="actions">
                    <CopyButton text=resume_command.clone() label="Copy resume command" icon="resume"/>
                    <pre class="resume-command" tabindex="0">{resume_command.clone()}</pre>
                </div>
            })}
            <Facts head row/>
            {(!lane.words.is_empty()).then(|| view! { <p class="aside lane-words">{lane.words.clone()}</p> })}
            {exports}
            <Agents agents row/>
            {oddities}
        </aside>
    }
}

#[component]
fn Facts(head: StoredValue<TranscriptHead>, row: Memo<SessionRow>) -> impl IntoView {
    let TranscriptHead { cwd, process, turns, prompts, tool_calls, usage, clock, row: fetched, path, .. } =
        head.get_value();
    let offset_seconds = clock.offset_seconds;
    let project = match &fetched.project_dir {
        Some(dir) => view! { <a href=project_href(dir)>{fetched.project.clone()}</a> }.into_any(),
        None => fetched.project.clone().into_any(),
    };
    let fact = |name: &'static str, value: AnyView| view! { <dt>{name}</dt><dd>{value}</dd> };
    let read = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
    view! {
        <dl class="facts">
            {fact("Project", project)}
            {cwd.map(|cwd| fact("Folder", view! { <PathName path=cwd/> }.into_any()))}
            {move || row.read().branch.clone().map(|branch| fact("Branch", branch.into_any()))}
            {move || row.read().model.clone().map(|model| fact("Model", model.into_any()))}
            {process.map(|process| fact("Live", process.into_any()))}
            {fetched.started_ms.map(|started| fact("Started", view! { <Time at_ms=Signal::stored(started) offset_seconds with_day=true/> }.into_any()))}
            {fact("Active", view! { <Time at_ms=Signal::derive(move || row.read().active_ms) offset_seconds with_day=true/> }.into_any())}
            {(turns > 0).then(|| fact("Turns", format!("{turns}, {} and {}", text::plural(prompts as usize, "prompt", "prompts"), text::plural(tool_calls as usize, "tool call", "tool calls")).into_any()))}
            {(usage.total() > 0).then(|| fact("Tokens", format!("{} in, {} out", text::count(read), text::count(usage.output)).into_any()))}
            {path.is_some().then(|| fact("Size", text::size(fetched.size_bytes).into_any()))}
            {fetched.expires_in_days.map(|days| fact("Kept", kept(days).into_any()))}
        </dl>
    }
}

fn kept(days: u32) -> String {
    match days {
        0 => "until the client's next start".to_owned(),
        days => format!("for {} more", text::plural(days as usize, "day", "days")),
    }
}

fn exports(href: &str) -> impl IntoView + use<> {
    let links =
        [("md", "Markdown"), ("html", "HTML"), ("txt", "Text"), ("json", "JSON")].map(|(ending, name)| {
            view! { <li><a class="chip" href=format!("{href}/export.{ending}") download="">{name}</a></li> }
        });
    view! {
        <h3>"Export"</h3>
        <ul class="chips">{links.collect_view()}</ul>
    }
}

#[component]
fn Agents(agents: Vec<AgentCard>, row: Memo<SessionRow>) -> impl IntoView {
    let session = row.with_untracked(SessionRow::href);
    (!agents.is_empty()).then(|| {
        let list = agents.into_iter().map(|agent| {
            let href = format!("{session}/agents/{}", text::url_encode(&agent.id));
            view! {
                <li><a href=href><Icon name="agent"/>
                    <span class="agent-task">{agent.description}</span>
                    <span class="aside">{agent.kind}</span>
                </a></li>
            }
        });
        view! { <h3>"Subagents"</h3> <ul class="agents">{list.collect_view()}</ul> }
    })
}
