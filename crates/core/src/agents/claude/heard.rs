//! What Claude Code prints, line by line. Nothing here fails: what cannot be read is unknown.

use jiff::Timestamp;
use orchestra_model::{Choice, Question, Request, RequestKind, Suggestion, Usage};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

use crate::{
    agents::client::{Deed, Heard, Outcome, TurnEnd},
    prompt, transcript,
};

/// How much of a tool's input is kept with a request, in bytes. The log has all of it.
const LONGEST_INPUT: usize = 64 << 10;
/// The tool with which it asks whether to carry its plan out.
const PLAN: &str = "ExitPlanMode";
/// The most that a session is believed to have cost, in USD.
const MOST_USD: f64 = 1e9;
/// The longest kind that is repeated.
const LONGEST_KIND: usize = 64;

pub(super) fn read(line: &[u8]) -> Vec<Heard> {
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        let is_blank = line.iter().all(u8::is_ascii_whitespace);
        return if is_blank { Vec::new() } else { vec![unknown("not JSON")] };
    };
    match text(&value, "type") {
        "system" => system(&value),
        "assistant" => said(&value),
        "user" => returned(&value),
        "stream_event" => written(&value),
        "control_request" => asked(line, &value),
        "control_response" => answered(&value),
        "control_cancel_request" => {
            vec![Heard::Withdrawn { request: text(&value, "request_id").to_owned() }]
        }
        "result" => vec![Heard::TurnEnded(turn_end(&value))],
        "rate_limit_event" => rate_limit(&value),
        other => vec![unknown(other)],
    }
}

fn unknown(kind: &str) -> Heard {
    Heard::Unknown { kind: kind.chars().take(LONGEST_KIND).collect() }
}

/// A field that holds a text; empty when it does not.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn some_text(value: &Value, field: &str) -> Option<String> {
    value[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn system(value: &Value) -> Vec<Heard> {
    let heard = match text(value, "subtype") {
        "init" => Heard::Ready {
            session: text(value, "session_id").parse().ok(),
            model: some_text(value, "model"),
            mode: some_text(value, "permissionMode"),
            version: some_text(value, "claude_code_version"),
        },
        "status" => match some_text(value, "permissionMode") {
            Some(mode) => Heard::Mode { mode },
            None => return Vec::new(),
        },
        "api_retry" => {
            let words = match value["error_status"].as_u64() {
                Some(status) => format!("the model's API answers {status}; the client tries again"),
                None => "the model's API cannot be reached; the client tries again".to_owned(),
            };
            Heard::TriesAgain { words }
        }
        "compact_boundary" => Heard::Notice { words: "the conversation was compacted".to_owned() },
        other => unknown(&format!("system {other}")),
    };
    vec![heard]
}

fn blocks(value: &Value) -> impl Iterator<Item = &Value> {
    value["message"]["content"].as_array().into_iter().flatten()
}

fn said(value: &Value) -> Vec<Heard> {
    let is_aside = value["parent_tool_use_id"].is_string();
    blocks(value)
        .filter_map(|block| match text(block, "type") {
            "text" => Some(Heard::Said { text: text(block, "text").to_owned(), is_aside }),
            "thinking" if !is_aside => Some(Heard::Thought { text: text(block, "thinking").to_owned() }),
            "tool_use" => {
                let tool = text(block, "name").to_owned();
                let summary = transcript::summary_of_call(&tool, &block["input"].to_string());
                let plan = if tool == PLAN { some_text(&block["input"], "plan") } else { None };
                let deed = deed(&tool, &block["input"]);
                Some(Heard::Called { id: text(block, "id").to_owned(), tool, summary, plan, deed, is_aside })
            }
            _ => None,
        })
        .chain(used(value))
        .collect()
}

/// What an answer has used so far. One that comes in several lines says it in each.
fn used(value: &Value) -> Option<Heard> {
    let usage = value["message"]["usage"].as_object()?;
    let number = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or_default();
    let tokens = ["input_tokens", "cache_creation_input_tokens", "output_tokens"];
    let tokens = tokens.into_iter().map(number).fold(0, u64::saturating_add);
    Some(Heard::Used { answer: text(&value["message"], "id").to_owned(), tokens })
}

fn deed(tool: &str, input: &Value) -> Deed {
    match tool {
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" => Deed::Edits,
        "Bash" => Deed::Runs { command: text(input, "command").to_owned() },
        _ => Deed::Other,
    }
}

fn returned(value: &Value) -> Vec<Heard> {
    blocks(value)
        .filter(|block| text(block, "type") == "tool_result")
        .map(|block| Heard::Returned {
            id: text(block, "tool_use_id").to_owned(),
            is_error: block["is_error"].as_bool().unwrap_or_default(),
            text: all_text(&block["content"]),
        })
        .collect()
}

/// A content's text, whether it is one or a list of blocks.
fn all_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

fn written(value: &Value) -> Vec<Heard> {
    let delta = &value["event"]["delta"];
    let is_aside = value["parent_tool_use_id"].is_string();
    match delta["text"].as_str() {
        Some(text) if !is_aside => vec![Heard::Writing { text: text.to_owned() }],
        _ => Vec::new(),
    }
}

/// The input as the line has it, byte for byte.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    request: AskedFor<'a>,
}

#[derive(Deserialize)]
struct AskedFor<'a> {
    #[serde(borrow)]
    input: &'a RawValue,
}

fn asked(line: &[u8], value: &Value) -> Vec<Heard> {
    let request = &value["request"];
    let subtype = text(request, "subtype");
    if subtype != "can_use_tool" {
        return vec![unknown(&format!("control_request {subtype}"))];
    }
    let Ok(Asked { request: AskedFor { input } }) = serde_json::from_slice(line) else {
        return vec![unknown("control_request without input")];
    };
    let tool = text(request, "tool_name").to_owned();
    let questions = questions(&request["input"]);
    let kind = match tool.as_str() {
        "AskUserQuestion" if !questions.is_empty() => RequestKind::Question,
        PLAN => RequestKind::Plan,
        _ => RequestKind::Permission,
    };
    let input = input.get();
    vec![Heard::Asked(Box::new(Request {
        id: text(value, "request_id").to_owned(),
        kind,
        summary: transcript::summary_of_call(&tool, input),
        tool,
        input_hash: hash(input),
        input: prompt::cut(input, LONGEST_INPUT).to_owned(),
        reason: some_text(request, "decision_reason").or_else(|| some_text(request, "description")),
        questions,
        plan: some_text(&request["input"], "plan"),
        suggestions: request["permission_suggestions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(suggestion)
            .collect(),
        at: Timestamp::default(),
        decided: None,
    }))]
}

/// Names an input: only a decision on exactly this one counts.
fn hash(input: &str) -> String {
    Sha256::digest(input).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn questions(input: &Value) -> Vec<Question> {
    let choice = |option: &Value| Choice {
        label: text(option, "label").to_owned(),
        description: some_text(option, "description"),
    };
    let questions = input["questions"].as_array().into_iter().flatten();
    questions
        .map(|question| Question {
            text: text(question, "question").to_owned(),
            header: some_text(question, "header"),
            options: question["options"].as_array().into_iter().flatten().map(choice).collect(),
            many: question["multiSelect"].as_bool().unwrap_or_default(),
        })
        .collect()
}

/// What a suggestion would write: `Bash(cargo test:*)`, `mode acceptEdits`, …
fn suggestion(value: &Value) -> Suggestion {
    let rules = value["rules"].as_array().into_iter().flatten();
    let rules: Vec<String> = rules
        .map(|rule| match some_text(rule, "ruleContent") {
            Some(content) => format!("{}({content})", text(rule, "toolName")),
            None => text(rule, "toolName").to_owned(),
        })
        .collect();
    let directories = value["directories"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let rule = match text(value, "type") {
        "addRules" => {
            let behaviour = some_text(value, "behavior").unwrap_or_else(|| "allow".to_owned());
            format!("{behaviour} {}", rules.join(", "))
        }
        "setMode" => format!("mode {}", text(value, "mode")),
        "addDirectories" => format!("work in {}", directories.collect::<Vec<_>>().join(", ")),
        _ => value.to_string(),
    };
    let destination = some_text(value, "destination");
    // What is kept for a project lies in its main checkout, from a worktree too.
    let kept = destination.as_deref().map(|destination| match destination {
        "session" => "for this session",
        "localSettings" => "in this project, .claude/settings.local.json",
        "projectSettings" => "in this project, .claude/settings.json",
        "userSettings" => "for everything, ~/.claude/settings.json",
        other => other,
    });
    Suggestion { rule, kept: kept.map(str::to_owned), destination }
}

fn answered(value: &Value) -> Vec<Heard> {
    let response = &value["response"];
    let error = (text(response, "subtype") == "error").then(|| text(response, "error").to_owned());
    vec![Heard::Answered { id: text(response, "request_id").to_owned(), error }]
}

fn turn_end(value: &Value) -> TurnEnd {
    let text = text(value, "result").to_owned();
    let is_error = value["is_error"].as_bool().unwrap_or_default();
    let status = value["api_error_status"].as_u64();
    let outcome = match value["subtype"].as_str().unwrap_or_default() {
        "success" if !is_error => Outcome::Success,
        "error_max_budget_usd" => Outcome::Budget,
        _ if value["terminal_reason"].as_str().is_some_and(|reason| reason.starts_with("aborted")) => {
            Outcome::Interrupted
        }
        // Too many requests, and too many of all people: both pass by themselves.
        _ if matches!(status, Some(429 | 529)) => Outcome::Limit(text.clone()),
        "success" => Outcome::Error(text.clone()),
        subtype => Outcome::Error(errors(value).unwrap_or_else(|| subtype.replace('_', " "))),
    };
    let usage = &value["usage"];
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let written = &usage["cache_creation"];
    let write_1h = number(&written["ephemeral_1h_input_tokens"]);
    let tokens = Usage {
        input: number(&usage["input_tokens"]),
        output: number(&usage["output_tokens"]),
        cache_read: number(&usage["cache_read_input_tokens"]),
        cache_write_5m: number(&usage["cache_creation_input_tokens"]).saturating_sub(write_1h),
        cache_write_1h: write_1h,
    };
    // Added up with others: what is no sum of money is none.
    let cost_usd = value["total_cost_usd"].as_f64().filter(|cost| (0.0..=MOST_USD).contains(cost));
    TurnEnd { outcome, text, cost_usd, tokens }
}

fn errors(value: &Value) -> Option<String> {
    let errors: Vec<&str> = value["errors"].as_array()?.iter().filter_map(Value::as_str).collect();
    (!errors.is_empty()).then(|| errors.join("; "))
}

fn rate_limit(value: &Value) -> Vec<Heard> {
    let info = &value["rate_limit_info"];
    if text(info, "status") != "rejected" {
        return Vec::new();
    }
    let until = info["resetsAt"].as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let words = match some_text(info, "rateLimitType") {
        Some(limit) => format!("the account's {} limit is reached", limit.replace('_', " ")),
        None => "the account's limit is reached".to_owned(),
    };
    vec![Heard::Held { until, words }]
}
