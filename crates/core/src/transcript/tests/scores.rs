//! The score: running, waiting, edits, the end.

use std::fmt::Write as _;

use orchestra_model::{EndMark, Score, SpanKind};
use serde_json::json;

use super::build::Lines;

fn drawn(score: &Score) -> String {
    let start = score.start.unwrap();
    let minute = |at: orchestra_model::Timestamp| (at.as_second() - start.as_second()) / 60;
    let mut out = String::new();
    for span in &score.spans {
        let kind = if span.kind == SpanKind::Running { "runs" } else { "waits" };
        let _ = write!(out, "{kind} {}-{} #{}; ", minute(span.from), minute(span.to), span.first_turn);
    }
    for tick in &score.edits {
        let _ = write!(out, "edit {} #{}; ", minute(tick.at), tick.turn);
    }
    let _ = write!(out, "{:?}", score.end_mark);
    out
}

#[test]
fn turns_run_and_silence_splits_them() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1").says("a2", "a1", "2");
    lines.wait(10).says("a3", "a2", "3");
    lines.wait(2).user("u2", "a3", "two").calls("a4", "u2", "m", "t");
    assert_eq!(drawn(&lines.open().score()), "runs 0-2 #0; runs 13-13 #3; runs 16-17 #4; None");
    lines.answers("r4", "a4", "t", "ok").says("a5", "r4", "done");
    assert_eq!(drawn(&lines.open().score()), "runs 0-2 #0; runs 13-13 #3; runs 16-19 #4; Some(Done)");
}

#[test]
fn questions_wait_for_their_answer() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one");
    lines.block("a1", "u1", "m", json!({"type":"tool_use","id":"q","name":"AskUserQuestion","input":{}}));
    assert_eq!(drawn(&lines.open().score()), "runs 0-1 #0; waits 1-1 #1; None");
    lines.wait(30).answers("r1", "a1", "q", "this one");
    lines.block("a2", "r1", "n", json!({"type":"tool_use","id":"e","name":"Edit","input":{"file_path":"/x","old_string":"","new_string":"y"}}));
    assert_eq!(drawn(&lines.open().score()), "runs 0-1 #0; waits 1-32 #1; runs 32-33 #2; edit 33 #2; None");
}

#[test]
fn a_refusal_waited_since_its_call() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").calls("a1", "u1", "m", "t").wait(9);
    lines.user(
        "r1",
        "a1",
        json!([{"type":"tool_result","tool_use_id":"t","is_error":true,
        "content":"The user doesn't want to proceed with this tool use. The tool use was rejected."}]),
    );
    assert_eq!(drawn(&lines.open().score()), "runs 0-1 #0; waits 1-11 #1; None");
}

#[test]
fn it_may_end_in_an_error() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one");
    lines.push(json!({"type":"assistant","uuid":"f","parentUuid":"u1","isApiErrorMessage":true,
        "message":{"id":"x","content":[{"type":"text","text":"API Error"}]}}));
    assert_eq!(lines.open().score().end_mark, Some(EndMark::Failed));
}

#[test]
fn a_long_life_is_drawn_with_a_few_hundred_strokes() {
    let mut lines = Lines::default();
    let mut last = String::new();
    for nth in 0..1000 {
        let (user, ask, answer) = (format!("u{nth}"), format!("a{nth}"), format!("r{nth}"));
        lines.wait(nth % 13).user(&user, &last, "go");
        lines.block(
            &ask,
            &user,
            &ask,
            json!({"type":"tool_use","id":ask,"name":"ExitPlanMode","input":{"plan":"x"}}),
        );
        lines.answers(&answer, &ask, &ask, "yes");
        let edit = format!("e{nth}");
        lines.block(
            &edit,
            &answer,
            &edit,
            json!({"type":"tool_use","id":edit,"name":"Write","input":{"file_path":"/x","content":"y"}}),
        );
        last = edit;
    }
    let score = lines.open().score();
    assert!(score.spans.len() <= 300 && score.spans.len() > 100, "{}", score.spans.len());
    assert_eq!(score.edits.len(), 300);
    for pair in score.spans.windows(2) {
        assert!(pair[0].from <= pair[0].to && pair[0].to <= pair[1].from);
        assert!(pair[0].first_turn <= pair[1].first_turn);
    }
}

#[test]
fn clocks_that_jump_do_not_overlap() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1");
    lines.push(json!({"type":"user","uuid":"u2","parentUuid":"a1","timestamp":"2026-11-22T00:00:00.000Z","message":{"content":"back"}}));
    lines.push(json!({"type":"user","uuid":"u3","parentUuid":"u2","timestamp":"2030-01-01T00:00:00.000Z","message":{"content":"ahead"}}));
    let score = lines.open().score();
    for pair in score.spans.windows(2) {
        assert!(pair[0].to <= pair[1].from);
    }
}
