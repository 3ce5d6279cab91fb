//! The order of the conversation is that of its chain.

use serde_json::json;

use super::build::{Lines, open, turns, words};

#[test]
fn a_rewind_leaves_its_branch_out_and_counts_it() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1");
    lines.user("u2", "a1", "two").says("a2", "u2", "2");
    lines.user("u3", "a1", "three").says("a3", "u3", "3");
    let transcript = lines.open();
    assert_eq!(words(&transcript), [">one", "1", ">three", "3"]);
    assert_eq!(transcript.info().abandoned_turns, 2);
}

#[test]
fn the_named_leaf_is_followed_until_something_newer_comes() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1").user("u2", "a1", "two").says("a2", "u2", "2");
    lines.push(json!({"type":"last-prompt","leafUuid":"a1"}));
    assert_eq!(words(&lines.open()), [">one", "1"]);
    lines.user("u3", "a2", "three");
    assert_eq!(words(&lines.open()), [">one", "1", ">two", "2", ">three"]);
    lines.push(json!({"type":"last-prompt","leafUuid":"nowhere"}));
    assert_eq!(words(&lines.open()), [">one", "1", ">two", "2", ">three"]);
}

#[test]
fn an_answer_may_stand_before_what_it_answers() {
    let mut lines = Lines::default();
    lines.says("a1", "u1", "1").user("u1", "", "one");
    assert_eq!(words(&lines.open()), [">one", "1"]);
    lines.user("u2", "a1", "two");
    assert_eq!(words(&lines.open()), [">one", "1", ">two"]);
}

#[test]
fn parallel_calls_keep_all_their_blocks_and_results() {
    let mut lines = Lines::default();
    lines.user("u1", "", "go");
    lines.calls("a1", "u1", "m", "t1").calls("a2", "a1", "m", "t2").calls("a3", "a2", "m", "t3");
    lines
        .answers("r2", "a2", "t2", "two")
        .answers("r1", "a1", "t1", "one")
        .answers("r3", "a3", "t3", "three");
    assert_eq!(words(&lines.open()), [">go", "t1=one", "t2=two", "t3=three"]);
    // The conversation goes on from a result in the middle.
    lines.says("a4", "r1", "done");
    let transcript = lines.open();
    assert_eq!(words(&transcript), [">go", "t1=one", "t2=two", "t3=three", "done"]);
    assert_eq!(transcript.info().abandoned_turns, 0);
}

#[test]
fn what_hangs_from_a_result_beside_the_path_belongs_to_it() {
    let mut lines = Lines::default();
    lines.user("u1", "", "go").calls("a1", "u1", "m", "t1").calls("a2", "a1", "m", "t2");
    lines.answers("r2", "a2", "t2", "two");
    lines.push(json!({"type":"attachment","uuid":"q","parentUuid":"r2",
        "attachment":{"type":"queued_command","prompt":"wait","commandMode":"prompt"}}));
    lines.answers("r1", "a1", "t1", "one").says("a3", "r1", "done");
    assert_eq!(words(&lines.open()), [">go", "t1=one", "t2=two", "+wait", "done"]);
}

#[test]
fn a_message_tells_its_tokens_once_and_at_their_most() {
    let mut lines = Lines::default();
    lines.user("u1", "", "go").calls("a1", "u1", "m", "t1").calls("a2", "a1", "m", "t2");
    let transcript = lines.open();
    let usage: Vec<_> =
        turns(&transcript).iter().map(|turn| turn.usage.map(|usage| (usage.input, usage.output))).collect();
    assert_eq!(usage, [None, Some((10, 2)), None]);
    assert_eq!(transcript.info().usage.total(), 12);
}

#[test]
fn a_compaction_bridges_to_what_came_before() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1");
    lines.push(json!({"type":"system","subtype":"compact_boundary","uuid":"b","parentUuid":null,
        "logicalParentUuid":"a1","compactMetadata":{"trigger":"manual","preTokens":1234}}));
    assert_eq!(words(&lines.open()), [">one", "1", "#"]);
    lines.push(json!({"type":"user","uuid":"s","parentUuid":"b","isCompactSummary":true,
        "message":{"content":"the summary"}}));
    lines.user("u2", "s", "two");
    let transcript = lines.open();
    assert_eq!(words(&transcript), [">one", "1", "#the summary", ">two"]);
    assert_eq!((transcript.info().prompts, transcript.info().abandoned_turns), (2, 0));
}

#[test]
fn an_old_compaction_that_names_nobody_continues_the_file() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1");
    lines.push(json!({"type":"user","uuid":"s","parentUuid":null,"isCompactSummary":true,
        "message":{"content":[{"type":"text","text":"the summary"}]}}));
    lines.user("u2", "s", "two");
    assert_eq!(words(&lines.open()), [">one", "1", "#the summary", ">two"]);
}

#[test]
fn a_missing_parent_costs_nothing_but_itself() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1").user("u2", "a1", "two").says("a2", "u2", "2");
    lines.lines.remove(2);
    assert_eq!(words(&lines.open()), [">one", "1", "2"]);
    lines.lines.remove(0);
    assert_eq!(words(&lines.open()), ["1", "2"]);
}

#[test]
fn circles_end() {
    let mut lines = Lines::default();
    lines.user("u1", "a2", "one").says("a1", "u1", "1").user("u2", "a1", "two").says("a2", "u2", "2");
    let mut found = words(&lines.open());
    found.sort();
    assert_eq!(found, ["1", "2", ">one", ">two"]);
    let mut lines = Lines::default();
    lines.user("u", "u", "itself");
    assert_eq!(words(&lines.open()), [">itself"]);
    let mut lines = Lines::default();
    lines.user("x", "y", "x").user("y", "x", "y").user("z", "", "z");
    assert_eq!(words(&lines.open()), [">z"]);
}

#[test]
fn a_sidechain_is_left_out_unless_there_is_nothing_else() {
    let mut lines = Lines::default();
    lines.push(
        json!({"type":"user","uuid":"s1","parentUuid":null,"isSidechain":true,"message":{"content":"aside"}}),
    );
    assert_eq!(words(&lines.open()), [">aside"]);
    lines.user("u1", "", "one");
    lines.push(json!({"type":"assistant","uuid":"s2","parentUuid":"s1","isSidechain":true,
        "message":{"id":"m","content":[{"type":"text","text":"x"}]}}));
    let transcript = lines.open();
    assert_eq!(words(&transcript), [">one"]);
    assert_eq!(transcript.info().abandoned_turns, 0);
}

#[test]
fn a_late_line_of_the_clients_does_not_bring_back_a_branch() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1").user("u2", "a1", "two").says("a2", "u2", "2");
    lines.user("u3", "a1", "three");
    lines.push(json!({"type":"progress","uuid":"p","parentUuid":"a2","data":{}}));
    lines.push(
        json!({"type":"system","subtype":"informational","content":"late","uuid":"i","parentUuid":"a2"}),
    );
    assert_eq!(words(&lines.open()), [">one", "1", ">three"]);
}

#[test]
fn lines_without_a_uuid_stand_where_they_are() {
    let text = r#"{"type":"user","message":{"content":"one"}}
{"type":"assistant","uuid":7,"message":{"content":"1"}}
{"type":"user","uuid":"u","parentUuid":[],"message":{"content":"two"}}
{"type":"user","uuid":"v","message":{"content":"three"}}
{"type":"assistant","message":{"content":"3"}}
"#;
    assert_eq!(words(&open(text.as_bytes())), [">one", "1", ">two", ">three", "3"]);
}

#[test]
fn the_same_line_twice_is_one() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").user("u1", "", "one").says("a1", "u1", "1");
    assert_eq!(words(&lines.open()), [">one", "1"]);
}

#[test]
fn unknown_lines_are_counted_and_keep_the_chain() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one");
    lines.push(json!({"type":"new-thing","uuid":"n","parentUuid":"u1"}));
    lines.push(json!({"type":"newer-thing"}));
    lines.says("a1", "n", "1");
    let transcript = lines.open();
    assert_eq!(words(&transcript), [">one", "1"]);
    assert_eq!(transcript.info().unknown_lines, 2);
}
