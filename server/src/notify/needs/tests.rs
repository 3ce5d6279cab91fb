use serde_json::json;

use super::*;
use crate::notify::testing::{agent, asking, at, done, request};

fn told(acts: &[Act]) -> Vec<&Notice> {
    acts.iter()
        .filter_map(|act| match act {
            Act::Tell(notice) => Some(notice),
            Act::Withdraw { .. } => None,
        })
        .collect()
}

fn withdrawn(acts: &[Act]) -> Vec<&str> {
    acts.iter()
        .filter_map(|act| match act {
            Act::Withdraw { tag } => Some(tag.as_str()),
            Act::Tell(_) => None,
        })
        .collect()
}

#[test]
fn a_request_is_told_once_and_withdrawn_when_it_is_answered() {
    let mut needs = Needs::default();
    assert_eq!(needs.take(&agent("a", json!({}))), []);
    let asks = asking("a", &[request("r1", "cargo test\n  --all")]);
    let first = needs.take(&asks);
    let notice = told(&first)[0];
    assert_eq!(notice.title, "name-of-a wants to use Bash");
    assert_eq!(notice.body, "cargo test\n  --all", "the exact command, with its line breaks");
    assert!(notice.is_whole);
    assert_eq!(notice.url, "/agents/a");
    assert_eq!(notice.request.as_ref().unwrap().input_hash, "hash-of-cargo test\n  --all");

    let mut later = asks.clone();
    later.sequence += 1;
    assert_eq!(needs.take(&later), [], "told already");

    let mut decided = request("r1", "cargo test\n  --all");
    decided["decided"] =
        json!({ "decision": { "behaviour": "allow" }, "by": "cli", "at": at(2), "is_delivered": false });
    let gone = needs.take(&asking("a", &[decided]));
    assert_eq!(withdrawn(&gone), [notice.tag.as_str()]);
    assert_eq!(needs.take(&agent("a", json!({}))), []);
}

#[test]
fn each_of_several_requests_is_a_need_of_its_own() {
    let mut needs = Needs::default();
    let both = [request("r1", "ls"), request("r2", "pwd")];
    let acts = needs.take(&asking("a", &both));
    assert_eq!(told(&acts).iter().map(|notice| notice.body.as_str()).collect::<Vec<_>>(), ["ls", "pwd"]);
    let one_left = needs.take(&asking("a", &both[1..]));
    assert_eq!(withdrawn(&one_left), [told(&acts)[0].tag.as_str()]);
    // The same id for something else is another need: an old answer must not be for it.
    let other = needs.take(&asking("a", &[request("r2", "rm -rf /")]));
    assert_eq!((told(&other).len(), withdrawn(&other).len()), (1, 1));
}

#[test]
fn a_command_that_is_not_seen_whole_is_marked() {
    let long = format!("echo {}", "x".repeat(5_000));
    let mut asked = request("r1", &long);
    asked["summary"] = json!(format!("{}…", &long[..200]));
    let acts = Needs::default().take(&asking("a", &[asked.clone()]));
    assert!(!told(&acts)[0].is_whole);
    // The input itself was shortened: what it said is not known.
    asked["input"] = json!("{\"command\": \"echo xxx");
    let acts = Needs::default().take(&asking("a", &[asked]));
    assert!(!told(&acts)[0].is_whole);
    assert!(told(&acts)[0].body.starts_with("echo xxx"));
}

#[test]
fn only_what_is_shown_with_all_that_it_would_do_can_be_allowed() {
    for (tool, input, shown, is_whole) in [
        ("Bash", json!({ "command": "ls", "description": "ls", "timeout": 5 }), "ls", true),
        ("Bash", json!({ "command": "ls", "dangerouslyDisableSandbox": true }), "ls", false),
        ("Bash", json!({ "command": "ls\n-a", "run_in_background": true }), "ls\n-a", false),
        ("Bash", json!({ "command": "", "description": "ls" }), "ls", false),
        ("Read", json!({ "file_path": "a.rs" }), "a.rs", true),
        ("Write", json!({ "file_path": "/etc/passwd-x", "content": "x" }), "/etc/passwd-x", false),
        ("Edit", json!({ "file_path": "a.rs", "old_string": "a", "new_string": "b" }), "a.rs", false),
        ("Task", json!({ "description": "Look", "prompt": "Remove all" }), "Look", false),
        ("mcp__db__query", json!({ "database": "prod", "sql": "DROP TABLE users" }), "prod", false),
        ("mcp__db__query", json!({ "sql": "DROP TABLE users" }), "DROP TABLE users", false),
        ("TodoWrite", json!({ "todos": [] }), "0 of 0 done", false),
    ] {
        let mut asked = request("r1", &shown.replace('\n', " "));
        (asked["tool"], asked["input"]) = (json!(tool), json!(input.to_string()));
        let acts = Needs::default().take(&asking("a", &[asked]));
        let notice = told(&acts)[0];
        assert_eq!((notice.body.as_str(), notice.is_whole), (shown, is_whole), "{tool} {input}");
    }
}

#[test]
fn every_other_need_is_told_in_its_own_words() {
    let with = |state: &str, kind: &str| {
        let attention = json!({ "kind": kind, "since": at(3), "summary": "the words", "until": null });
        agent("a", json!({ "state": state, "attention": attention }))
    };
    for (state, kind, title) in [
        ("failed", "error", "name-of-a failed"),
        ("lost", "error", "name-of-a was lost"),
        ("idle", "error", "name-of-a ran into an error"),
        ("done", "error", "name-of-a's work did not pass"),
        ("running", "rate_limit", "name-of-a waits for the model"),
        ("running", "stuck", "name-of-a seems stuck"),
        ("idle", "done", "name-of-a has finished"),
    ] {
        let acts = Needs::default().take(&with(state, kind));
        let notice = told(&acts)[0];
        assert_eq!((notice.title.as_str(), notice.body.as_str()), (title, "the words"));
        assert_eq!((notice.request.as_ref(), notice.at), (None, at(3)));
    }
    let mut question = request("q", "");
    question["kind"] = json!("question");
    question["summary"] = json!("Tabs or spaces?");
    let mut plan = request("p", "");
    plan["kind"] = json!("plan");
    plan["plan"] = json!("# Plan\n\n1. Do it");
    let acts = Needs::default().take(&asking("a", &[question, plan]));
    assert_eq!(
        (told(&acts)[0].title.as_str(), told(&acts)[0].body.as_str()),
        ("name-of-a asks", "Tabs or spaces?")
    );
    assert_eq!(
        (told(&acts)[1].title.as_str(), told(&acts)[1].body.as_str()),
        ("name-of-a has a plan", "# Plan\n\n1. Do it")
    );
}

#[test]
fn each_end_of_a_turn_is_told_once() {
    let mut needs = Needs::default();
    assert_eq!(told(&needs.take(&done("a", 5))).len(), 1);
    // Its client is let go: the same result.
    let mut over = done("a", 5);
    over.state = AgentState::Done;
    assert_eq!(needs.take(&over), []);
    // It was asked again and ended again before anyone looked.
    let again = needs.take(&done("a", 9));
    assert_eq!((told(&again).len(), withdrawn(&again).len()), (1, 1));
}

#[test]
fn an_error_is_one_need_while_its_runner_writes_its_last_words() {
    let failed = |second: i64| {
        let attention = json!({ "kind": "error", "since": at(second), "summary": "killed", "until": null });
        agent("a", json!({ "state": "failed", "attention": attention }))
    };
    let mut needs = Needs::default();
    assert_eq!(told(&needs.take(&failed(5))).len(), 1);
    assert_eq!(needs.take(&failed(6)), []);
    // Resumed, and failed again.
    assert_eq!(withdrawn(&needs.take(&agent("a", json!({ "state": "starting" })))).len(), 1);
    assert_eq!(told(&needs.take(&failed(9))).len(), 1);
}

#[test]
fn nothing_is_told_of_what_was_cleared_away() {
    let mut needs = Needs::default();
    let mut cleaned = asking("a", &[request("r1", "ls")]);
    cleaned.is_cleaned = true;
    assert_eq!(needs.take(&cleaned), []);
    let tag = told(&needs.take(&done("a", 5)))[0].tag.clone();
    let mut cleaned = done("a", 5);
    cleaned.is_cleaned = true;
    assert_eq!(needs.take(&cleaned), [Act::Withdraw { tag }]);
}

#[test]
fn what_was_told_before_a_restart_is_not_told_again_and_is_withdrawn() {
    let tag = told(&Needs::default().take(&done("a", 5)))[0].tag.clone();
    let mut needs = Needs::told_before([tag.as_str(), "no tag"]);
    assert_eq!(needs.take(&done("a", 5)), []);
    assert_eq!(told(&needs.take(&done("b", 5))).len(), 1);
    assert_eq!(needs.take(&agent("a", json!({}))), [Act::Withdraw { tag }]);
}
