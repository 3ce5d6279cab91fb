//! The lines that Claude Code is told.

use std::{collections::BTreeMap, ffi::OsString, path::Path};

use orchestra_model::Decision;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use crate::agents::entry::Steering;

/// The id of the first request, whose answer is the first sign of life.
const INITIALIZE: &str = "orchestra-initialize";

fn line(value: &serde_json::Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn control(id: &str, request: &serde_json::Value) -> Vec<u8> {
    line(&json!({ "type": "control_request", "request_id": id, "request": request }))
}

pub(super) fn initialize() -> Vec<u8> {
    control(INITIALIZE, &json!({ "subtype": "initialize", "hooks": null }))
}

/// A configuration with one server of tools. Beside it those count that a person has set up.
pub(super) fn tools(name: &str, program: &Path, arguments: &[OsString]) -> Vec<u8> {
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let server = json!({ "type": "stdio", "command": program.to_string_lossy(), "args": arguments });
    line(&json!({ "mcpServers": { name: server } }))
}

pub(super) fn prompt(text: &str) -> Vec<u8> {
    line(&json!({
        "type": "user",
        "message": { "role": "user", "content": [{ "type": "text", "text": text }] },
        "parent_tool_use_id": null,
        "session_id": "",
    }))
}

pub(super) fn steer(how: &Steering, id: &str) -> Option<Vec<u8>> {
    let request = match how {
        Steering::Interrupt => json!({ "subtype": "interrupt" }),
        Steering::Mode { mode } => json!({ "subtype": "set_permission_mode", "mode": mode }),
        Steering::Model { model } => json!({ "subtype": "set_model", "model": model }),
        Steering::Stop | Steering::Finish => return None,
    };
    Some(control(id, &request))
}

/// As much of a request as its answer repeats: byte for byte, since numbers and the order of fields must survive.
#[derive(Deserialize)]
struct Asked<'a> {
    request_id: String,
    #[serde(borrow)]
    request: AskedFor<'a>,
}

#[derive(Deserialize)]
struct AskedFor<'a> {
    #[serde(borrow)]
    input: &'a RawValue,
    #[serde(borrow, default)]
    permission_suggestions: Vec<&'a RawValue>,
}

#[derive(Serialize)]
struct Response<'a> {
    r#type: &'static str,
    response: Success<'a>,
}

#[derive(Serialize)]
struct Success<'a> {
    subtype: &'static str,
    request_id: &'a str,
    response: Verdict<'a>,
}

#[derive(Serialize)]
#[serde(tag = "behavior", rename_all = "lowercase")]
enum Verdict<'a> {
    Allow {
        #[serde(rename = "updatedInput")]
        input: Box<RawValue>,
        #[serde(rename = "updatedPermissions", skip_serializing_if = "Vec::is_empty")]
        permissions: Vec<&'a RawValue>,
    },
    Deny {
        message: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        interrupt: bool,
    },
}

pub(super) fn answer(asked: &[u8], decision: &Decision) -> Option<Vec<u8>> {
    let asked: Asked<'_> = serde_json::from_slice(asked).ok()?;
    let response = match decision {
        Decision::Allow { always, answers } => {
            let permissions = match always {
                Some(index) => vec![*asked.request.permission_suggestions.get(*index)?],
                None => Vec::new(),
            };
            let input = if answers.is_empty() {
                asked.request.input.to_owned()
            } else {
                with_answers(asked.request.input, answers)?
            };
            Verdict::Allow { input, permissions }
        }
        Decision::Deny { message, interrupt } => Verdict::Deny { message, interrupt: *interrupt },
    };
    let response = Success { subtype: "success", request_id: &asked.request_id, response };
    serde_json::to_vec(&Response { r#type: "control_response", response }).ok()
}

/// Questions with their answers: the client takes them by the text of the question.
fn with_answers(input: &RawValue, answers: &[String]) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Questions {
        questions: Vec<Question>,
    }
    #[derive(Deserialize)]
    struct Question {
        question: String,
    }
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(input.get()).ok()?;
    let asked: Questions = serde_json::from_str(input.get()).ok()?;
    if asked.questions.len() != answers.len() {
        return None;
    }
    let answers: BTreeMap<&str, &str> = asked
        .questions
        .iter()
        .map(|asked| asked.question.as_str())
        .zip(answers.iter().map(String::as_str))
        .collect();
    fields.insert("answers".to_owned(), serde_json::value::to_raw_value(&answers).ok()?);
    serde_json::value::to_raw_value(&fields).ok()
}
