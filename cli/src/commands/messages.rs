//! `orchestra messages`: what the agents of a run and people told each other.

use std::io::{self, Write};

use orchestra_model::{AgentMessage, MessageKind, MessageState, Messages, Thread, ThreadKind};

use super::{Context, agent, runs};
use crate::{
    cli::MessagesArguments,
    error::Failure,
    output::{Out, style, text, time, wrap},
};

/// How far a message's words are moved to the right.
const INDENT: usize = 4;

/// Prints the threads of a run, or of one agent.
pub(super) fn run(context: &Context, arguments: &MessagesArguments) -> Result<(), Failure> {
    let tools = agent::tools(context)?;
    let agents = tools.agents();
    let near = std::fs::canonicalize(".").ok();
    // A name means that agent's threads; what else can be meant is a run.
    let one = arguments.of.as_deref().and_then(|asked| agents.find(asked, near.as_deref()).ok());
    let run = match &one {
        Some(agent) => agent.run.clone(),
        None => runs::find(context, &tools, arguments.of.as_deref())?.id().clone(),
    };
    let mut found =
        agents.messages(&run).map_err(|error| Failure::new(format!("the agents cannot be read: {error}")))?;
    if let Some(agent) = &one {
        found.threads.retain(|thread| {
            let is_of_it =
                |message: &AgentMessage| message.to == agent.id || message.from.agent() == Some(&agent.id);
            thread.messages.iter().any(is_of_it)
        });
    }
    let mut out = Out::standard(&context.surroundings);
    if arguments.json {
        serde_json::to_writer(&mut out, &found)?;
        writeln!(out)?;
        return out.finish();
    }
    write(context, &found, &mut out)?;
    out.finish()?;
    if found.threads.is_empty() {
        context.words.murmur("Nothing was said yet. orchestra send AGENT \"…\" writes to one.");
    }
    if found.left_out > 0 {
        let number = usize::try_from(found.left_out).unwrap_or(usize::MAX);
        context
            .words
            .murmur(&format!("{} not shown.", text::count(number, "older message is", "older messages are")));
    }
    Ok(())
}

/// Writes the threads, the one that was gone on with last at the end: where a terminal is read.
fn write(context: &Context, found: &Messages, out: &mut Out) -> io::Result<()> {
    let paint = out.paint;
    let width = if out.terminal { out.width } else { usize::MAX };
    for (index, thread) in found.threads.iter().rev().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", paint.on(style::STRONG, heading(thread)))?;
        for message in &thread.messages {
            let at = time::standing_alone(Some(message.at), &context.now);
            let words = format!("  {} → {}  {at}{}", message.from.name(), message.to_name, more(message));
            writeln!(out, "{}", paint.on(style::SOFT, text::one_line(&words)))?;
            for line in wrap::wrapped(&text::lines(&message.text), width.saturating_sub(INDENT)) {
                writeln!(out, "{:INDENT$}{line}", "")?;
            }
            if message.is_cut {
                writeln!(out, "{:INDENT$}{}", "", paint.on(style::SOFT, "…"))?;
            }
        }
    }
    Ok(())
}

/// Who talks, and why.
fn heading(thread: &Thread) -> String {
    let [one, other] = &thread.between;
    let words = match thread.kind {
        ThreadKind::Assignment => format!("{one} started {other}"),
        ThreadKind::Handoff => format!("{one} handed on to {other}"),
        ThreadKind::Pair | ThreadKind::Person => format!("{one} and {other}"),
    };
    text::one_line(&words)
}

/// What there is to say of a message beside its words.
fn more(message: &AgentMessage) -> String {
    let kind = match message.kind {
        MessageKind::Message => "",
        MessageKind::Task => "  task",
        MessageKind::Report => "  result",
        MessageKind::Ended => "  ended",
    };
    let state = match (message.kind, message.state) {
        (MessageKind::Task, _) => "",
        (_, MessageState::Queued) => "  waits",
        (_, MessageState::Delivered) => "  delivered",
        (_, MessageState::Read) => "  read",
    };
    format!("{kind}{state}")
}
