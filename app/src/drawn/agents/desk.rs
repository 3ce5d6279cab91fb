//! What an agent's own page has besides its conversation: its state, the messages that wait, and what can be done.

use leptos::prelude::*;
use orchestra_model::{Agent, AgentState, AttentionKind, QueuedPrompt};

use super::{Beside, card, command, mark};
use crate::{components::icon::Icon, drawn::parts};

pub(super) fn draw(agent: &Agent, beside: Beside) -> String {
    let queue = agent.queue.iter().map(|prompt| waiting(agent, prompt)).collect_view();
    let has_queue = !agent.queue.is_empty() && agent.state != AgentState::Queued;
    // What it asks stands above, whole.
    let doing = agent.doing.as_deref().filter(|_| agent.state != AgentState::Waiting).map(parts::visible);
    let troubled = agent.attention.as_ref().filter(|attention| {
        matches!(attention.kind, AttentionKind::Error | AttentionKind::Limit | AttentionKind::Stuck)
    });
    let trouble = agent.failure.as_deref().or(troubled.map(|attention| attention.summary.as_str()));
    let trouble = trouble.map(|why| {
        view! { <p class="desk-failure"><Icon name="alert"/> {parts::visible(why)}</p> }
    });
    view! {
        <div class="desk-line">
            {mark(agent)}
            <span class="desk-doing">{doing}</span>
            <span class="desk-actions needs-script">{actions(agent)}</span>
        </div>
        {agent.state.is_live().then(|| settings(agent))}
        {trouble}
        <p class="card-facts">{card::facts(agent, beside)}</p>
        {has_queue.then(|| view! { <ul class="queue" aria-label="Waits for its turn">{queue}</ul> })}
    }
    .to_html()
}

fn actions(agent: &Agent) -> AnyView {
    let about = [("agent", agent.id.as_str())];
    let button = |name: &'static str, icon: &'static str, label: &'static str| {
        view! {
            <button type="button" class="chip" data-command=command(name, &about)><Icon name=icon/> {label}</button>
        }
    };
    match agent.state {
        AgentState::Running | AgentState::Waiting => {
            view! { {button("interrupt", "pause", "Interrupt")} {button("stop", "stop", "Stop")} }.into_any()
        }
        AgentState::Starting | AgentState::Idle | AgentState::Queued => {
            button("stop", "stop", "Stop").into_any()
        }
        // Everyone who waits for the limit goes on with it.
        AgentState::Parked => {
            view! { {button("unpark", "resume", "Go on now")} {button("stop", "stop", "Stop")} }.into_any()
        }
        AgentState::Stopped | AgentState::Failed | AgentState::Lost if !agent.is_cleaned => {
            button("resume", "resume", "Resume").into_any()
        }
        _ if agent.is_cleaned => button("restore", "restore", "Restore").into_any(),
        _ => ().into_any(),
    }
}

/// How it goes on: another model, another way of asking for leave.
fn settings(agent: &Agent) -> impl IntoView + use<> {
    const MODES: [(&str, &str); 4] = [
        ("default", "asks for each"),
        ("acceptEdits", "edits are allowed"),
        ("plan", "plans first"),
        ("bypassPermissions", "asks for nothing"),
    ];
    let set = command("set", &[("agent", agent.id.as_str())]);
    let mode = agent.permission_mode.clone().unwrap_or_default();
    let model = agent.model.clone().unwrap_or_default();
    let says = [crate::text::short_model(&model), mode_name(&MODES, &mode)];
    let says = says.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
    let modes =
        MODES.map(|(name, label)| view! { <option value=name selected=name == mode>{label}</option> });
    view! {
        <details class="more-settings desk-settings">
            <summary>{if says.is_empty() { "Model, permissions".to_owned() } else { parts::visible(&says) }}</summary>
            <form class="settings-grid needs-script" data-command=set>
                <label class="field" for="set-model"><span class="field-name">"Model"</span></label>
                <input id="set-model" name="model" value=model autocomplete="off" spellcheck="false"/>
                <label class="field" for="set-mode"><span class="field-name">"It"</span></label>
                <div class="select"><select id="set-mode" name="mode">{modes.into_iter().collect_view()}</select></div>
                <span></span><button class="button">"Set"</button>
                <p class="said-here" role="status" data-said=""></p>
            </form>
        </details>
    }
}

fn mode_name(modes: &[(&str, &str)], mode: &str) -> String {
    modes
        .iter()
        .find(|(name, _)| *name == mode)
        .map_or_else(|| mode.to_owned(), |(_, label)| (*label).to_owned())
}

/// A message that it has not got yet: it can be changed, or taken back.
fn waiting(agent: &Agent, prompt: &QueuedPrompt) -> impl IntoView + use<> {
    let id = prompt.id.to_string();
    let about = [("agent", agent.id.as_str()), ("id", id.as_str())];
    let (edit, remove) = (command("edit", &about), command("remove", &about));
    let text = parts::visible(&prompt.text);
    let rows = prompt.text.lines().count().clamp(2, 8).to_string();
    // A line break at the beginning is not the text's.
    let whole = format!("\n{}", crate::text::escaped(&prompt.text));
    view! {
        <li class="queued">
            <details>
                <summary><span class="mark is-queued"><Icon name="queued"/>"waits"</span> <span class="queued-text">{text}</span></summary>
                <form class="queued-form" data-command=edit>
                    <textarea name="text" rows=rows required aria-label="The message" inner_html=whole></textarea>
                    <button class="chip">"Change"</button>
                    <button type="button" class="chip" data-command=remove>"Take back"</button>
                </form>
            </details>
            <p class="said-here" role="status" data-said=""></p>
        </li>
    }
}
