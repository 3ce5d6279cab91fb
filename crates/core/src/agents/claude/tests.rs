use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::agents::client::Outcome;

fn read(value: &Value) -> Vec<Heard> {
    heard::read(value.to_string().as_bytes())
}

#[test]
fn rules_are_shown_as_they_will_be_written() {
    let asked = json!({ "type": "control_request", "request_id": "r", "request": {
        "subtype": "can_use_tool", "tool_name": "Bash", "input": { "command": "cargo test" },
        "permission_suggestions": [
            { "type": "addRules", "rules": [{ "toolName": "Bash", "ruleContent": "cargo test:*" }, { "toolName": "Read" }],
              "behavior": "allow", "destination": "localSettings" },
            { "type": "setMode", "mode": "acceptEdits", "destination": "session" },
            { "type": "addDirectories", "directories": ["/srv"], "destination": "session" },
            { "type": "levitate" },
        ],
    } });
    let heard = read(&asked);
    let [Heard::Asked(request)] = heard.as_slice() else { panic!("{heard:?}") };
    let rules: Vec<&str> = request.suggestions.iter().map(|suggestion| suggestion.rule.as_str()).collect();
    assert_eq!(
        rules,
        ["allow Bash(cargo test:*), Read", "mode acceptEdits", "work in /srv", "{\"type\":\"levitate\"}"]
    );
    assert_eq!(request.summary, "cargo test");
}

#[test]
fn an_answer_repeats_the_input_byte_for_byte() {
    let asked = br#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","input":{"z":1e400,"a":1.0,"n":12345678901234567890123}}}"#;
    let decision = Decision::Allow { always: None, answers: Vec::new() };
    let answer = String::from_utf8(told::answer(asked, &decision).unwrap()).unwrap();
    assert!(answer.contains(r#""updatedInput":{"z":1e400,"a":1.0,"n":12345678901234567890123}"#), "{answer}");
    let beyond = Decision::Allow { always: Some(0), answers: Vec::new() };
    assert_eq!(told::answer(asked, &beyond), None, "it offers no rule");
    assert_eq!(told::answer(b"{", &decision), None);
}

#[test]
fn turns_end_in_more_than_one_way() {
    let end = |fields: Value| {
        let mut line = json!({ "type": "result" });
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        match read(&line).as_slice() {
            [Heard::TurnEnded(end)] => end.outcome.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(end(json!({ "subtype": "success", "is_error": false, "result": "x" })), Outcome::Success);
    let aborted = json!({ "subtype": "error_during_execution", "is_error": true, "terminal_reason": "aborted_streaming" });
    assert_eq!(end(aborted), Outcome::Interrupted);
    assert_eq!(end(json!({ "subtype": "error_max_budget_usd", "is_error": true })), Outcome::Budget);
    let overloaded =
        json!({ "subtype": "success", "is_error": true, "api_error_status": 529, "result": "busy" });
    assert_eq!(end(overloaded), Outcome::Limit("busy".into()));
    let failed = json!({ "subtype": "error_max_turns", "is_error": true });
    assert_eq!(end(failed), Outcome::Error("error max turns".into()));
    assert_eq!(end(json!({})), Outcome::Error(String::new()));
}

#[test]
fn a_cost_that_is_no_sum_of_money_is_none() {
    let cost = |written: &str| {
        let line = format!(r#"{{"type":"result","subtype":"success","total_cost_usd":{written}}}"#);
        match heard::read(line.as_bytes()).as_slice() {
            [Heard::TurnEnded(end)] => end.cost_usd,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((cost("0"), cost("0.25"), cost("1e9")), (Some(0.0), Some(0.25), Some(1e9)));
    for written in ["-0.01", "-1e308", "1e10", "1e308", "null", "\"NaN\"", "\"3\"", "[1]"] {
        assert_eq!(cost(written), None, "{written}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_printed_is_an_error(bytes in any::<Vec<u8>>()) {
        heard::read(&bytes);
    }

    #[test]
    fn nothing_of_any_shape_is_an_error(kind in "system|assistant|user|result|control_request|stream_event|rate_limit_event", field in "message|request|response|event|usage|subtype", value in "[0-9]{1,4}|\"[a-z]{0,9}\"|\\[\\]|\\{\\}|null|\\[\\[\\{\\}\\]\\]") {
        let line = format!(r#"{{"type":"{kind}","{field}":{value}}}"#);
        heard::read(line.as_bytes());
    }
}
