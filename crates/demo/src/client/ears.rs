//! What the scripted client hears: its input, and the end of its demo.

use std::{io::BufRead, sync::mpsc::Sender, thread, time::Duration};

use serde_json::Value;

use super::text_in;
use crate::Stage;

/// How often it is looked whether the demo is still held.
const LOOK: Duration = Duration::from_millis(500);

/// What was heard.
#[derive(Debug)]
pub(super) enum Heard {
    /// A prompt.
    Prompt(String),
    /// It is asked for something that needs no turn.
    Asked {
        /// What the answer is to carry.
        id: Value,
        /// What.
        request: Value,
    },
    /// The answer to what it asked.
    Answer(Value),
    /// Nothing more will come.
    InputOver,
    /// Nobody holds the demo any more.
    DemoOver,
}

/// Reads lines until there are no more.
pub(super) fn listen(input: impl BufRead, to: &Sender<Heard>) {
    for line in input.lines().map_while(Result::ok) {
        let Ok(mut value) = serde_json::from_str::<Value>(&line) else { continue };
        let heard = match value["type"].as_str() {
            Some("user") => Heard::Prompt(text_in(&value["message"]["content"])),
            Some("control_request") => {
                Heard::Asked { id: value["request_id"].take(), request: value["request"].take() }
            }
            Some("control_response") => Heard::Answer(value["response"].take()),
            _ => continue,
        };
        if to.send(heard).is_err() {
            return;
        }
    }
    let _ = to.send(Heard::InputOver);
}

/// Says when nobody holds the demo any more: whoever held it was killed.
pub(super) fn watch(stage: &Stage, to: &Sender<Heard>) {
    while stage.is_alive() {
        thread::sleep(LOOK);
    }
    let _ = to.send(Heard::DemoOver);
}
