//! Everything else about a session: facts, ways to take it on or away, subagents. A column on wide screens, a sheet
//! that the head's button opens on others; the browser opens it, no script needed.

use leptos::prelude::*;
use orchestra_model::{Session, Subagent, TranscriptInfo};

use super::{parts, row};
use crate::{
    components::icon::Icon,
    data::{SessionRow, session_row::project_href},
    text,
};

/// What is known of a session.
pub(crate) struct Known<'a> {
    /// The session.
    pub(crate) session: &'a Session,
    /// Its row.
    pub(crate) row: &'a SessionRow,
    /// What its transcript, or its subagent's, says; none when it is gone.
    pub(crate) info: Option<&'a TranscriptInfo>,
    /// Whether the conversation is a subagent's.
    pub(crate) is_agent: bool,
    /// Its lane in words.
    pub(crate) lane: &'a str,
    /// The server's time zone.
    pub(crate) offset_seconds: i32,
}

/// Draws what stands below the details' heading.
pub(crate) fn draw(known: &Known<'_>) -> String {
    let resume = (!known.is_agent && !known.row.cleaned).then(|| {
        let going_on = match &known.session.agent {
            // Whoever holds it is written to; a second one at the same conversation would be in its way.
            Some(agent) => {
                view! { <a class="button is-primary" href=format!("/agents/{agent}")><Icon name="agent"/> "Its agent"</a> }.into_any()
            }
            None => {
                let href = format!("/new?session={}", known.session.id);
                view! { <a class="button is-primary" href=href><Icon name="send"/> "Continue…"</a> }.into_any()
            }
        };
        view! {
            <div class="actions">
                {going_on}
                <button type="button" class="button needs-script" data-copy="">
                    <Icon name="resume"/> <span aria-live="polite">"Copy resume command"</span>
                </button>
                <pre class="resume-command" tabindex="0" data-copy-source="">{parts::visible(&known.session.resume_command)}</pre>
            </div>
        }
    });
    let lane =
        (!known.lane.is_empty()).then(|| view! { <p class="aside lane-words">{known.lane.to_owned()}</p> });
    view! {
        {resume}
        {facts(known)}
        {lane}
        {(!known.row.cleaned).then(|| exports(&known.row.href()))}
        {known.info.map(|info| agents(&known.row.href(), &info.subagents))}
        {known.info.map(oddities)}
    }
    .to_html()
}

fn facts(known: &Known<'_>) -> impl IntoView + use<> {
    let Known { session, row, info, offset_seconds, .. } = known;
    let project = match &row.project_dir {
        Some(dir) => view! { <a href=project_href(dir)>{row.project.clone()}</a> }.into_any(),
        None => row.project.clone().into_any(),
    };
    let fact = |name: &'static str, value: AnyView| view! { <dt>{name}</dt><dd>{value}</dd> };
    let moment = |ms: i64| parts::moment(ms, *offset_seconds).into_any();
    let process = session.live.as_ref().map(|live| match &live.version {
        Some(version) => format!("process {}, version {}", live.pid, parts::visible(version)),
        None => format!("process {}", live.pid),
    });
    let info = info.filter(|info| info.turns > 0);
    let turns = info.map(|info| {
        let prompts = text::plural(info.prompts as usize, "prompt", "prompts");
        let calls = text::plural(info.tool_calls as usize, "tool call", "tool calls");
        format!("{}, {prompts} and {calls}", info.turns)
    });
    let tokens = info.map(|info| &info.usage).filter(|usage| usage.total() > 0).map(|usage| {
        let read = usage.total().saturating_sub(usage.output);
        format!("{} in, {} out", text::count(read), text::count(usage.output))
    });
    view! {
        <dl class="facts">
            {fact("Project", project)}
            {session.cwd.as_deref().map(|cwd| fact("Folder", parts::path(cwd).into_any()))}
            {row::branch(session).map(|branch| fact("Branch", parts::visible(branch).into_any()))}
            {session.model.as_deref().map(|model| fact("Model", text::short_model(model).into_any()))}
            {process.map(|process| fact("Live", process.into_any()))}
            {row.started_ms.map(|started| fact("Started", moment(started)))}
            {fact("Active", moment(row.active_ms))}
            {turns.map(|turns| fact("Turns", turns.into_any()))}
            {tokens.map(|tokens| fact("Tokens", tokens.into_any()))}
            {session.path.is_some().then(|| fact("Size", text::size(session.size_bytes).into_any()))}
            {session.expires_in_days.map(|days| fact("Kept", kept(days).into_any()))}
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

fn agents(session: &str, agents: &[Subagent]) -> impl IntoView + use<> {
    (!agents.is_empty()).then(|| {
        let list = agents.iter().map(|agent| {
            let href = format!("{session}/agents/{}", text::url_encode(&agent.id));
            view! {
                <li><a href=href><Icon name="agent"/>
                    <span class="agent-task">{description(agent)}</span>
                    <span class="aside">{parts::visible(agent.agent_type.as_deref().unwrap_or("agent"))}</span>
                </a></li>
            }
        });
        view! { <h3>"Subagents"</h3> <ul class="agents">{list.collect_view()}</ul> }
    })
}

/// What a subagent was for.
pub(crate) fn description(agent: &Subagent) -> String {
    agent.description.as_deref().map_or_else(|| "A subagent".to_owned(), parts::visible)
}

fn oddities(info: &TranscriptInfo) -> impl IntoView + use<> {
    let counts = [
        (info.damaged_lines, "damaged line was read around", "damaged lines were read around"),
        (info.unknown_lines, "line is of a type not known yet", "lines are of types not known yet"),
        (
            info.abandoned_turns,
            "turn stands on a branch left by a rewind",
            "turns stand on branches left by a rewind",
        ),
    ];
    let list: Vec<_> = counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| view! { <li>{text::plural(count as usize, one, many)}</li> })
        .collect();
    (!list.is_empty()).then(|| view! { <h3>"In the file"</h3> <ul class="oddities">{list}</ul> })
}
