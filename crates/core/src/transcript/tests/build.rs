//! Transcripts made up for a test, a line at a time.

use std::{io::Write as _, path::Path};

use orchestra_model::{Timestamp, Turn, TurnBody};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::transcript::Transcript;

/// The JSON with the parent, or else the type, in front, where a record spliced into another is looked for.
fn as_the_client_writes(mut line: Value) -> String {
    let Some(fields) = line.as_object_mut() else { return line.to_string() };
    let first = if fields.contains_key("parentUuid") { "parentUuid" } else { "type" };
    match fields.remove(first) {
        Some(value) if fields.is_empty() => format!("{{\"{first}\":{value}}}"),
        Some(value) => format!("{{\"{first}\":{value},{}", &line.to_string()[1..]),
        None => line.to_string(),
    }
}

/// Lines of a transcript; each is a minute after the one before.
#[derive(Clone, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<String>,
    minutes: u32,
}

fn parent(of: &str) -> Value {
    if of.is_empty() { Value::Null } else { json!(of) }
}

impl Lines {
    pub(super) fn push(&mut self, mut line: Value) -> &mut Self {
        if line.get("timestamp").is_none() && line.get("uuid").is_some() {
            let at = Timestamp::from_second(1_795_000_000 + i64::from(self.minutes) * 60).unwrap();
            line["timestamp"] = json!(format!("{at:.3}"));
            self.minutes += 1;
        }
        self.lines.push(as_the_client_writes(line));
        self
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, minutes: u32) -> &mut Self {
        self.minutes += minutes;
        self
    }

    pub(super) fn user(&mut self, uuid: &str, after: &str, content: impl Into<Value>) -> &mut Self {
        let content = content.into();
        self.push(json!({"type":"user","uuid":uuid,"parentUuid":parent(after),"message":{"role":"user","content":content}}))
    }

    pub(super) fn says(&mut self, uuid: &str, after: &str, text: &str) -> &mut Self {
        let message = format!("msg_{uuid}");
        self.block(uuid, after, &message, json!({"type":"text","text":text}))
    }

    pub(super) fn block(&mut self, uuid: &str, after: &str, message: &str, block: Value) -> &mut Self {
        self.push(json!({
            "parentUuid": parent(after), "uuid": uuid, "type": "assistant",
            "message": {"id": message, "model": "claude-opus-4-8", "content": [block],
                "usage": {"input_tokens": 10, "output_tokens": self.lines.len()}},
        }))
    }

    pub(super) fn calls(&mut self, uuid: &str, after: &str, message: &str, call: &str) -> &mut Self {
        self.block(
            uuid,
            after,
            message,
            json!({"type":"tool_use","id":call,"name":"Bash","input":{"command":call}}),
        )
    }

    pub(super) fn answers(&mut self, uuid: &str, after: &str, call: &str, text: &str) -> &mut Self {
        self.user(uuid, after, json!([{"type":"tool_result","tool_use_id":call,"content":text}]))
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    pub(super) fn open(&self) -> Transcript {
        open(self.text().as_bytes())
    }
}

pub(super) fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file.flush().unwrap();
    file
}

/// Opens a transcript; its file is gone from the folder then, but not from the reader.
pub(super) fn open(bytes: &[u8]) -> Transcript {
    let file = file(bytes);
    Transcript::open(file.path()).unwrap()
}

pub(super) fn append(path: &Path, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

pub(super) fn turns(transcript: &Transcript) -> Vec<Turn> {
    let turns: Vec<Turn> = transcript.turns().map(Result::unwrap).collect();
    assert_eq!(turns.len(), transcript.len() as usize);
    for (turn, ordinal) in turns.iter().zip(0..) {
        assert_eq!(turn.ordinal, ordinal);
    }
    turns
}

/// What was said, one word a turn.
pub(super) fn words(transcript: &Transcript) -> Vec<String> {
    turns(transcript).iter().map(word).collect()
}

fn word(turn: &Turn) -> String {
    match &turn.body {
        TurnBody::Prompt { text, queued, .. } => format!("{}{}", if *queued { "+" } else { ">" }, text.text),
        TurnBody::Text { text } | TurnBody::Thinking { text } => text.text.clone(),
        TurnBody::Tool(call) => {
            let result = call.result.as_ref().map_or("…", |result| &result.text.text);
            format!("{}={result}", call.id)
        }
        TurnBody::Compaction { summary, .. } => format!("#{}", summary.text),
        TurnBody::Notice { text, error } => format!("{}{}", if *error { "!" } else { "~" }, text.text),
    }
}
