//! What an agent asks, each with the ways to answer it: leave for a tool, questions, a plan. One that seems stuck asks
//! nothing; what could be said to it stands in the same place.
//!
//! What is asked for is shown whole: the exact command, the change as a diff. A decision carries the hash of that input.

use leptos::prelude::*;
use orchestra_core::transcript;
use orchestra_model::{Agent, Excerpt, Question, Request, RequestKind, Suggestion, ToolInput};

use super::command;
use crate::{
    components::icon::Icon,
    drawn::{
        parts,
        turns::{asked, excerpt},
    },
};

/// Draws everything that it asks.
pub(super) fn draw(agent: &Agent, offset_seconds: i32) -> String {
    let requests = agent.requests.iter();
    requests.map(|request| draw_one(agent, request, offset_seconds)).chain(nudge(agent)).collect()
}

/// What is suggested to be said to an agent that seems stuck, whole, and sent with one tap.
fn nudge(agent: &Agent) -> Option<String> {
    let attention = agent.attention.as_ref()?;
    let (words, since) = (attention.nudge.as_deref()?, attention.since.to_string());
    let send = command("nudge", &[("agent", agent.id.as_str()), ("text", words), ("since", &since)]);
    let section = view! {
        <div class="ask" role="group" aria-label=format!("{} seems stuck", agent.name)>
            <p class="ask-why">"It seems stuck. You could end its turn and say:"</p>
            <p class="said">{parts::visible(words)}</p>
            <div class="answers needs-script">
                <button type="button" class="button is-primary" data-command=send>"Interrupt and say this"</button>
            </div>
            <p class="said-here" role="status" data-said=""></p>
        </div>
    };
    Some(section.to_html())
}

fn draw_one(agent: &Agent, request: &Request, offset_seconds: i32) -> String {
    let what = match request.kind {
        RequestKind::Permission => permission(agent, request, offset_seconds),
        RequestKind::Question => questions(agent, request),
        RequestKind::Plan => plan(agent, request),
    };
    let id = request.id.clone();
    view! {
        <div class="ask" role="group" data-request=id aria-label=format!("{} asks", agent.name)>
            {what}
            <p class="said-here" role="status" data-said=""></p>
        </div>
    }
    .to_html()
}

/// What is asked, and when.
fn head(words: AnyView, request: &Request, offset_seconds: i32) -> impl IntoView + use<> {
    let since = parts::moment(request.at.as_millisecond(), offset_seconds);
    view! { <p class="ask-head"><span>{words}</span> <span class="ask-since">{since}</span></p> }
}

/// The command that gives leave, for once or with a rule.
pub(super) fn allow(agent: &Agent, request: &Request, always: Option<usize>) -> String {
    let always = always.map(|index| index.to_string());
    let mut about = about(agent, request);
    if let Some(always) = &always {
        about.push(("always", always));
    }
    command("allow", &about)
}

/// What is the same for agents that ask for the same in the same repository: a key without spaces, then what it is in words.
pub(super) fn same(agent: &Agent, request: &Request) -> String {
    let repository = agent.repo.as_deref().unwrap_or_default();
    let name = repository.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let key = repository.replace(' ', "%20");
    let what = crate::text::cut_in_the_middle(&request.summary, 120);
    format!("{key}:{}:{} {} · {name}", request.tool, request.input_hash, parts::visible(&what))
}

fn about<'a>(agent: &'a Agent, request: &'a Request) -> Vec<(&'a str, &'a str)> {
    vec![("agent", agent.id.as_str()), ("request", &request.id), ("input_hash", &request.input_hash)]
}

fn permission(agent: &Agent, request: &Request, offset_seconds: i32) -> AnyView {
    let mut call = transcript::call_of(&request.tool, &request.input);
    if let (ToolInput::Edit { change }, Some(folder)) = (&mut call.input, &agent.worktree)
        && let Some(below) = change.path.strip_prefix(folder.as_str())
    {
        change.path = below.trim_start_matches('/').to_owned();
    }
    let tool = parts::visible(&request.tool);
    // The client says a file's name once more.
    let reason = request.reason.as_deref().filter(|reason| !request.summary.ends_with(*reason));
    let reason = reason.map(|reason| view! { <p class="ask-why">{parts::visible(reason)}</p> });
    let answers = match &request.decided {
        Some(decided) => view! {
            <p class="ask-decided" role="status">
                {match &decided.decision {
                    orchestra_model::Decision::Allow { .. } => "Allowed",
                    orchestra_model::Decision::Deny { .. } => "Denied",
                }}
                {if decided.is_delivered { ", delivered" } else { ", on its way" }}
                <span class="aside">" through " {parts::visible(&decided.by)}</span>
            </p>
        }
        .into_any(),
        None => answers(agent, request),
    };
    view! {
        {head(view! { <b>{tool}</b> }.into_any(), request, offset_seconds)}
        <div class="ask-input">{asked(&call)}</div>
        {reason}
        {answers}
    }
    .into_any()
}

fn answers(agent: &Agent, request: &Request) -> AnyView {
    let deny = command("deny", &about(agent, request));
    let deny_why = deny.clone();
    let allowing = allow(agent, request, None);
    let always = request.suggestions.iter().enumerate().map(|(index, suggestion)| {
        let allowing = allow(agent, request, Some(index));
        view! {
            <li><button type="button" class="button rule" data-command=allowing>
                <span class="rule-always">"Always"</span> {rule(suggestion)}
            </button></li>
        }
    });
    let rules = (!request.suggestions.is_empty()).then(|| {
        let rules = always.collect_view();
        view! { <ul class="rules" aria-label="Allow, and write a rule">{rules}</ul> }
    });
    view! {
        <div class="answers needs-script">
            <details class="deny">
                <summary class="button">"Deny"</summary>
                <form class="deny-form" data-command=deny_why>
                    <input name="message" autocomplete="off" aria-label="Why, or what to do instead" placeholder="Why, or what instead" enterkeyhint="send"/>
                    <button class="button">"Deny"</button>
                </form>
            </details>
            <button type="button" class="button is-primary" data-command=allowing>"Allow"</button>
        </div>
        {rules}
    }
    .into_any()
}

/// A rule with where it is kept.
fn rule(suggestion: &Suggestion) -> impl IntoView + use<> {
    let kept = suggestion.kept.as_deref().map(parts::visible);
    view! {
        <span class="rule-words">
            <code>{parts::visible(&suggestion.rule)}</code> {kept.map(|kept| view! { <span class="rule-kept">{kept}</span> })}
        </span>
    }
}

fn questions(agent: &Agent, request: &Request) -> AnyView {
    let reply = command("reply", &about(agent, request));
    let questions = request.questions.iter().enumerate();
    let questions = questions.map(|(index, question)| one_question(index, question)).collect_view();
    view! {
        <form class="questions" data-command=reply>
            {questions}
            <div class="answers needs-script"><button class="button is-primary">"Answer"</button></div>
        </form>
    }
    .into_any()
}

fn one_question(index: usize, question: &Question) -> impl IntoView + use<> {
    let name = format!("answer-{index}");
    let kind = if question.many { "checkbox" } else { "radio" };
    let choices = question.options.iter().map(|choice| {
        let label = parts::sentence(&choice.label);
        let description = choice
            .description
            .as_deref()
            .map(|words| view! { <span class="choice-words">{parts::sentence(words)}</span> });
        view! {
            <label class="choice">
                <input type=kind name=name.clone() value=choice.label.clone()/>
                <span>{label}{description}</span>
            </label>
        }
    });
    let choices = choices.collect_view();
    let header = question
        .header
        .as_deref()
        .map(|header| view! { <span class="aside">{parts::visible(header)} " · "</span> });
    view! {
        <fieldset class="question">
            <legend>{header}{parts::sentence(&question.text)}</legend>
            {choices}
            <label class="choice is-other"><span class="visually-hidden">"Another answer"</span>
                <input name=format!("other-{index}") autocomplete="off" placeholder="Something else"/>
            </label>
        </fieldset>
    }
}

fn plan(agent: &Agent, request: &Request) -> AnyView {
    let text = request.plan.clone().unwrap_or_else(|| request.summary.clone());
    let plan = excerpt::markdown(&Excerpt { text, omitted: 0 });
    let deny = command("deny", &about(agent, request));
    let go = allow(agent, request, None);
    let edits = command("allow", &[about(agent, request), vec![("then_mode", "acceptEdits")]].concat());
    view! {
        <p class="ask-head"><span><Icon name="plan"/> "It has a plan"</span></p>
        <div class="plan">{plan}</div>
        <div class="answers needs-script">
            <details class="deny">
                <summary class="button">"Change it"</summary>
                <form class="deny-form" data-command=deny>
                    <input name="message" required autocomplete="off" aria-label="What shall be different" placeholder="What shall be different" enterkeyhint="send"/>
                    <button class="button">"Send"</button>
                </form>
            </details>
            <button type="button" class="button" data-command=edits>"Go, edits allowed"</button>
            <button type="button" class="button is-primary" data-command=go>"Go on"</button>
        </div>
    }
    .into_any()
}
