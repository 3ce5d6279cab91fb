//! What the agents of a run told each other, and what a person told them: conversations, the one gone on with last first.

use leptos::prelude::*;
use orchestra_model::{
    AgentMessage, Excerpt, MessageKind, MessageState, Report, ReportOutcome, Sender, Thread, ThreadKind,
};

use super::Known;
use crate::{
    components::icon::Icon,
    drawn::{parts, turns::excerpt},
    text,
};

/// So many of the newest threads are unfolded.
const UNFOLDED: usize = 3;
/// So many of a thread's newest messages are; the earlier ones are one tap away.
const MESSAGES: usize = 12;

pub(super) fn draw(known: &Known) -> AnyView {
    let messages = &known.messages;
    if messages.threads.is_empty() {
        return view! {
            <section class="message" data-part="threads">
                <h2>"Nothing was said yet"</h2>
                <p>"Agents of a run can start others, write to each other and report what came out. What they say stands here, and so does what you tell them."</p>
                <p class="aside">"in a terminal: " <code>"orchestra messages"</code></p>
            </section>
        }
        .into_any();
    }
    let threads =
        (0..).zip(&messages.threads).map(|(place, one)| thread(known, one, place < UNFOLDED)).collect_view();
    let left_out = (messages.left_out > 0).then(|| {
        let words = text::plural(
            usize::try_from(messages.left_out).unwrap_or(usize::MAX),
            "older message is",
            "older messages are",
        );
        view! { <p class="omitted">{format!("{words} not shown.")}</p> }
    });
    view! { <div class="threads" data-part="threads">{threads} {left_out}</div> }.into_any()
}

fn thread(known: &Known, thread: &Thread, is_open: bool) -> AnyView {
    let [one, other] = [&thread.between[0], &thread.between[1]].map(|name| parts::visible(name));
    let one = if thread.kind == ThreadKind::Person { authors(thread) } else { one };
    let (icon, words) = match thread.kind {
        ThreadKind::Assignment => ("fork", "started it and went on"),
        ThreadKind::Handoff => ("fork", "handed over and waits"),
        ThreadKind::Pair => ("agent", "tell each other"),
        ThreadKind::Person => ("send", ""),
    };
    let arrow = if thread.kind == ThreadKind::Pair { " ↔ " } else { " → " };
    let last = thread.messages.last().map_or(0, |message| message.at.as_millisecond());
    let count = text::plural(thread.messages.len(), "message", "messages");
    let draw_all = |messages: &[AgentMessage]| {
        messages.iter().map(|message| draw_message(known, &one, message)).collect_view()
    };
    let (earlier, messages) = thread.messages.split_at(thread.messages.len().saturating_sub(MESSAGES));
    let earlier = (!earlier.is_empty()).then(|| {
        let words = text::plural(earlier.len(), "earlier message", "earlier messages");
        view! {
            <details class="told-earlier" data-key=format!("{}-earlier", thread.id)>
                <summary class="fold-line">{words}</summary>
                <ol class="told">{draw_all(earlier)}</ol>
            </details>
        }
    });
    let messages = draw_all(messages);
    let report = report_of(known, thread).map(report);
    view! {
        <details class="thread" open=is_open data-key=thread.id.clone() id=thread.id.clone()>
            <summary class="thread-head">
                <Icon name=icon/>
                <span class="thread-names"><b>{one.clone()}</b> {arrow} <b>{other}</b></span>
                <span class="thread-facts">{(!words.is_empty()).then(|| view! { <span>{words}</span> })} <span>{count}</span> {parts::moment(last, known.offset_seconds)}</span>
                <Icon name="more"/>
            </summary>
            {earlier}
            <ol class="told">{messages}</ol>
            {report}
        </details>
    }
    .into_any()
}

/// Who wrote to an agent: a person, Orchestra, or both.
fn authors(thread: &Thread) -> String {
    let wrote = |is: fn(&Sender) -> bool| thread.messages.iter().any(|message| is(&message.from));
    let you = wrote(|from| matches!(from, Sender::Person { .. }));
    match (you, wrote(|from| *from == Sender::Orchestra)) {
        (true, true) => "you, Orchestra".to_owned(),
        (false, true) => "Orchestra".to_owned(),
        _ => "you".to_owned(),
    }
}

/// What the one that was started reported last, unless a message of the thread says it.
fn report_of<'a>(known: &'a Known, thread: &Thread) -> Option<&'a Report> {
    if !matches!(thread.kind, ThreadKind::Assignment | ThreadKind::Handoff) {
        return None;
    }
    if thread.messages.iter().any(|message| message.kind == MessageKind::Report) {
        return None;
    }
    let task = thread.messages.iter().find(|message| message.kind == MessageKind::Task)?;
    known.messages.agents.iter().find(|agent| agent.id == task.to)?.report.as_ref()
}

fn draw_message(known: &Known, first: &str, message: &AgentMessage) -> AnyView {
    // As in every chat: what a person wrote stands on the right.
    let (name, side) = match &message.from {
        Sender::Person { .. } => ("you".to_owned(), "said-by-you"),
        Sender::Orchestra => ("Orchestra".to_owned(), "said-by-other"),
        Sender::Agent { name, .. } => match parts::visible(name) {
            name if name == first => (name, "said-by-one"),
            name => (name, "said-by-other"),
        },
    };
    let kind = match message.kind {
        MessageKind::Message => None,
        MessageKind::Task => Some(("message-kind", "plan", "task")),
        MessageKind::Report => Some(("message-kind is-done", "done", "result")),
        MessageKind::Ended => Some(("message-kind", "stop", "ended")),
    };
    let kind = kind.map(|(class, icon, word)| view! { <span class=class><Icon name=icon/>{word}</span> });
    let (class, icon, word) = match message.state {
        MessageState::Queued => ("mark is-queued", "queued", "waits"),
        MessageState::Delivered => ("mark is-idle", "done", "delivered"),
        MessageState::Read => ("mark is-idle", "done", "read"),
    };
    let from = match &message.from {
        Sender::Agent { id, .. } => view! { <a href=format!("/agents/{id}")>{name}</a> }.into_any(),
        Sender::Person { .. } | Sender::Orchestra => name.into_any(),
    };
    let to = view! { <a href=format!("/agents/{}", message.to)>{parts::visible(&message.to_name)}</a> };
    let words = excerpt::markdown(&Excerpt { text: message.text.clone(), omitted: 0 });
    let cut =
        message.is_cut.then(|| view! { <p class="omitted">"The rest is in the agent's conversation."</p> });
    view! {
        <li class=format!("told-message {side}") id=format!("m-{}-{}", message.to, message.sequence)>
            <p class="told-head"><b>{from}</b> <span class="told-to">"to " {to}</span> {kind} {parts::moment(message.at.as_millisecond(), known.offset_seconds)}</p>
            {words}
            {cut}
            <p class="told-state"><span class=class><Icon name=icon/>{word}</span></p>
        </li>
    }
    .into_any()
}

fn report(report: &Report) -> AnyView {
    let (class, icon) = match report.outcome {
        ReportOutcome::Done => ("mark is-done", "done"),
        ReportOutcome::Partial => ("mark is-idle", "idle"),
        ReportOutcome::Failed => ("mark is-failed", "failed"),
    };
    let files = report.files.iter().map(|file| view! { <li>{parts::path(file)}</li> }).collect_view();
    view! {
        <div class="told-report"><p><span class=class><Icon name=icon/>{report.outcome.name()}</span> <span class="aside">"reported"</span></p>
            <p class="plain">{parts::visible(&report.summary)}</p><ul>{files}</ul></div>
    }
    .into_any()
}
