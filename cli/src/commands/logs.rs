//! `orchestra logs`: the conversation of an agent, as it was and as it goes on.

use std::{io::Write, thread, time::Duration};

use orchestra_core::agents::{AgentFolder, Control, ControlError, Scene, control::Command, entry::Entry};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Context, agent};
use crate::{
    cli::LogsArguments,
    error::Failure,
    output::{Out, story::Teller},
};

/// How long a runner may say nothing before the log is looked at all the same.
const LOOK: Duration = Duration::from_millis(500);

/// Prints an agent's log.
pub(super) fn run(context: &Context, arguments: &LogsArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let found = agent::find(&agents, &arguments.agent)?;
    let folder = agents.open(&found.id).map_err(|error| Failure::new(error.to_string()))?;
    let mut story = folder.story(arguments.after).map_err(|error| Failure::new(error.to_string()))?;
    let mut out = Out::standard(&context.surroundings);
    let mut teller = Teller::new(out.width, out.paint);
    let mut follower = None;
    loop {
        // Looked at before the log is: what a runner writes before it lets go is read all the same.
        let goes_on = arguments.follow && folder.is_held();
        while let Some(scene) =
            story.next_scene().map_err(|error| Failure::new(format!("the log cannot be read: {error}")))?
        {
            if arguments.json {
                write_json(&scene, &mut out)?;
            } else {
                teller.tell(&scene, &mut out)?;
            }
        }
        out.flush()?;
        if !goes_on {
            break;
        }
        wait(&folder, &mut follower);
    }
    out.finish()?;
    match story.damaged_bytes() {
        0 => {}
        bytes => context.words.warn(&format!("{bytes} bytes of the log are damaged and were left out")),
    }
    Ok(())
}

/// Waits until the log may have grown.
fn wait(folder: &AgentFolder, follower: &mut Option<Control>) {
    if follower.is_none() {
        *follower = Control::connect(folder.path())
            .and_then(|mut control| control.ask(Command::Follow, agent::BY).map(|_| control))
            .ok();
    }
    match follower.as_mut().map(|control| control.wait(LOOK)) {
        Some(Ok(_)) => {}
        Some(Err(ControlError::Refused(_) | ControlError::NotRunning | ControlError::Broken(_))) | None => {
            *follower = None;
            thread::sleep(LOOK / 5);
        }
        Some(Err(ControlError::Unresponsive)) => {}
    }
}

/// A record as a program reads it.
#[derive(Serialize)]
struct Record<'a> {
    sequence: u64,
    at: jiff::Timestamp,
    #[serde(flatten)]
    entry: Content<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Content<'a> {
    Output(serde_json::Value),
    #[serde(rename = "output")]
    Raw(&'a RawValue),
    Errors(String),
    Event(&'a orchestra_core::agents::entry::Event),
}

fn write_json(scene: &Scene, out: &mut Out) -> Result<(), Failure> {
    let entry = match &scene.entry {
        // As the client wrote it; what is no JSON is a text.
        Entry::Output(line) => match serde_json::from_slice(line) {
            Ok(raw) => Content::Raw(raw),
            Err(_) => Content::Output(String::from_utf8_lossy(line).into_owned().into()),
        },
        Entry::Errors(bytes) => Content::Errors(String::from_utf8_lossy(bytes).into_owned()),
        Entry::Event(event) => Content::Event(event),
    };
    serde_json::to_writer(&mut *out, &Record { sequence: scene.sequence, at: scene.at, entry })?;
    writeln!(out)?;
    Ok(())
}
