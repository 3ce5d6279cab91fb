use orchestra_model::{AgentState, AttentionKind, Decision, Provider};

use super::{standing::MOST_PARKINGS, *};
use crate::agents::client::client_of;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn process(boot: &str) -> Process {
    Process { pid: 1, start: "1".into(), boot: boot.into() }
}

/// Facts from entries, one a second.
fn facts(entries: Vec<Entry>) -> Facts {
    let mut facts = Facts::default();
    for (sequence, entry) in (1..).zip(entries) {
        let record = Record { sequence, at: at(sequence as i64), payload: entry.encode() };
        facts.absorb(&record, client_of(Provider::Claude));
    }
    facts
}

fn started() -> Vec<Entry> {
    let current = Process::current();
    vec![
        Entry::Event(Event::RunnerStarted { process: current.clone(), version: "1".into() }),
        Entry::Event(Event::PromptQueued {
            id: 1,
            text: "task".into(),
            by: "orchestra".into(),
            key: None,
            from: None,
            first: false,
        }),
        Entry::Event(Event::ClientStarted { process: current, program: "claude".into(), resumes: false }),
    ]
}

fn line(json: &str) -> Entry {
    Entry::Output(json.as_bytes().to_vec())
}

fn at_work() -> Vec<Entry> {
    let mut entries = started();
    entries.push(line(r#"{"type":"control_response","response":{"subtype":"success","request_id":"i"}}"#));
    entries.push(Entry::Event(Event::PromptDelivered { id: 1 }));
    entries
}

fn result() -> Entry {
    line(
        r#"{"type":"result","subtype":"success","is_error":false,"result":"all good\nmore","total_cost_usd":0.5,"usage":{"input_tokens":3,"output_tokens":4}}"#,
    )
}

fn exited(code: i32) -> Vec<Entry> {
    let exit = Exit { code: Some(code), signal: None };
    vec![Entry::Event(Event::ClientExited { exit, survivors: Vec::new() }), Entry::Event(Event::RunnerEnded)]
}

fn state_of(entries: Vec<Entry>, is_held: bool) -> AgentState {
    facts(entries).state(is_held)
}

#[test]
fn every_state_follows_from_the_log_and_the_lock() {
    let stop = || Entry::Event(Event::Steered { how: Steering::Stop, by: "cli".into(), key: None });
    let asked = || {
        line(
            r#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"ls"}}}"#,
        )
    };
    for (entries, is_held, state) in [
        (vec![], false, AgentState::Queued),
        (vec![stop()], false, AgentState::Stopped),
        (started(), true, AgentState::Starting),
        (started(), false, AgentState::Lost),
        (at_work(), true, AgentState::Running),
        (at_work(), false, AgentState::Lost),
        ([at_work(), vec![asked()]].concat(), true, AgentState::Waiting),
        ([at_work(), vec![result()]].concat(), true, AgentState::Idle),
        ([at_work(), vec![result()], exited(0)].concat(), false, AgentState::Done),
        ([at_work(), vec![result()], exited(9)].concat(), false, AgentState::Done),
        ([at_work(), exited(0)].concat(), false, AgentState::Failed),
        ([at_work(), vec![stop()], exited(1)].concat(), false, AgentState::Stopped),
        ([at_work(), vec![result(), stop()], exited(0)].concat(), false, AgentState::Stopped),
        (
            [started(), vec![Entry::Event(Event::Failed { why: "no".into() })]].concat(),
            false,
            AgentState::Failed,
        ),
    ] {
        assert_eq!(state_of(entries.clone(), is_held), state, "{entries:?}");
    }
}

#[test]
fn a_reboot_is_told_from_a_kill() {
    let lost = |boot: &str| {
        let started = Event::RunnerStarted { process: process(boot), version: "1".into() };
        facts(vec![Entry::Event(started)]).why(AgentState::Lost).unwrap()
    };
    assert_eq!(lost("another boot"), "interrupted by a reboot");
    assert_eq!(lost(&Process::current().boot), "its runner was killed");
}

#[test]
fn attention_is_dated_by_what_it_is_about() {
    let idle = facts([at_work(), vec![result()]].concat());
    let attention = idle.attention(AgentState::Idle, at(0)).unwrap();
    assert_eq!(
        (attention.kind, attention.since, attention.summary.as_str()),
        (AttentionKind::Done, at(6), "all good more")
    );
    assert_eq!((idle.turns, idle.cost_usd(), idle.tokens.output), (1, Some(0.5), 4));
    let cleared = facts([at_work(), vec![result()], exited(0), vec![Entry::Event(Event::Cleaned)]].concat());
    assert_eq!(cleared.attention(AgentState::Done, at(0)), None);
    let limit = line(
        r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":9999,"rateLimitType":"five_hour"}}"#,
    );
    let refused = line(
        r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"limit"}"#,
    );
    let held = facts([at_work(), vec![limit, refused]].concat());
    let attention = held.attention(AgentState::Idle, at(0)).unwrap();
    assert_eq!(
        (attention.kind, attention.since, attention.until),
        (AttentionKind::RateLimit, at(6), Some(at(9999)))
    );
}

#[test]
fn a_decision_stays_until_it_is_delivered() {
    let asked = line(
        r#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"ls"}}}"#,
    );
    let decision = Decision::Allow { always: None, answers: Vec::new() };
    let decided = Entry::Event(Event::Decided { request: "r".into(), decision, by: "web".into(), key: None });
    let facts_of = |more: Vec<Entry>| facts([at_work(), vec![asked.clone(), decided.clone()], more].concat());
    let waiting = facts_of(vec![]);
    assert_eq!(waiting.state(true), AgentState::Running, "it needs nobody any more");
    assert_eq!(waiting.requests[0].decided.as_ref().unwrap().by, "web");
    assert!(
        facts_of(vec![Entry::Event(Event::DecisionDelivered { request: "r".into() })]).requests.is_empty()
    );
}

#[test]
fn cost_adds_up_over_clients() {
    let again = Entry::Event(Event::ClientStarted {
        process: Process::current(),
        program: "claude".into(),
        resumes: true,
    });
    let twice = facts([at_work(), vec![result(), again, result()]].concat());
    assert_eq!(twice.cost_usd(), Some(1.0));
}

#[test]
fn tokens_that_no_number_holds_are_as_many_as_one_holds() {
    let huge = || {
        line(
            r#"{"type":"result","subtype":"success","result":"x","usage":{"input_tokens":18446744073709551615,"output_tokens":18446744073709551615,"cache_read_input_tokens":18446744073709551615,"cache_creation_input_tokens":18446744073709551615}}"#,
        )
    };
    let tokens = facts([at_work(), vec![huge(), huge()]].concat()).tokens;
    assert_eq!((tokens.input, tokens.output, tokens.cache_read), (u64::MAX, u64::MAX, u64::MAX));
    assert_eq!((tokens.cache_write_5m, tokens.total()), (u64::MAX, u64::MAX));
}

fn limited() -> Entry {
    line(
        r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":529,"result":"Overloaded"}"#,
    )
}

fn parked(until: i64) -> Entry {
    Entry::Event(Event::Parked { until: at(until), why: "Overloaded".into() })
}

#[test]
fn a_parked_agent_is_parked_whoever_was_killed_until_it_goes_on_or_is_stopped() {
    let wait = |more: Vec<Entry>| [at_work(), vec![limited(), parked(900)], more].concat();
    assert_eq!(state_of([at_work(), vec![limited()]].concat(), true), AgentState::Running, "about to be");
    for (more, is_held, state) in [
        (vec![], true, AgentState::Parked),
        (exited(0), true, AgentState::Parked),
        (exited(0), false, AgentState::Parked),
        ([exited(0), started()].concat(), true, AgentState::Parked),
        ([exited(0), vec![Entry::Event(Event::Unparked)]].concat(), false, AgentState::Lost),
        (
            [exited(0), vec![Entry::Event(Event::Failed { why: "no folder".into() })]].concat(),
            false,
            AgentState::Failed,
        ),
        (
            [
                exited(0),
                vec![Entry::Event(Event::Steered { how: Steering::Stop, by: "cli".into(), key: None })],
            ]
            .concat(),
            false,
            AgentState::Stopped,
        ),
    ] {
        assert_eq!(state_of(wait(more.clone()), is_held), state, "{more:?}");
    }
    let longer = facts(wait(vec![parked(1800)]));
    let attention = longer.attention(AgentState::Parked, at(8)).unwrap();
    assert_eq!(
        (attention.kind, attention.since, attention.until),
        (AttentionKind::RateLimit, at(7), Some(at(1800))),
        "it is one wait"
    );
    assert!(longer.is_cut_off && longer.parkings == 1);
    let told =
        facts(wait(vec![Entry::Event(Event::Unparked), Entry::Event(Event::PromptDelivered { id: 2 })]));
    assert!(!told.is_cut_off);
}

#[test]
fn who_is_refused_again_and_again_is_left_to_a_person() {
    let mut entries = at_work();
    for _ in 0..MOST_PARKINGS {
        entries.extend([limited(), parked(900), Entry::Event(Event::Unparked)]);
    }
    entries.push(limited());
    let facts = facts(entries);
    assert_eq!((facts.state(true), facts.refused()), (AgentState::Idle, None));
    assert_eq!(facts.attention(AgentState::Idle, at(0)).unwrap().kind, AttentionKind::RateLimit);
}

#[test]
fn who_seems_stuck_is_told_of_while_a_turn_runs_and_what_it_asks_comes_first() {
    let busy = facts(at_work());
    let silent = |facts: &Facts, state, second| facts.attention(state, at(second)).map(|wants| wants.kind);
    assert_eq!(silent(&busy, AgentState::Running, 600), None);
    assert_eq!(silent(&busy, AgentState::Running, 605), Some(AttentionKind::Stuck));
    assert_eq!(silent(&busy, AgentState::Lost, 605), Some(AttentionKind::Error));
    let asks = facts(
        [
            at_work(),
            vec![line(
                r#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"ls"}}}"#,
            )],
        ]
        .concat(),
    );
    assert_eq!(silent(&asks, AgentState::Waiting, 9000), Some(AttentionKind::Permission));
    assert_eq!(
        silent(&facts([at_work(), vec![result()]].concat()), AgentState::Idle, 9000),
        Some(AttentionKind::Done)
    );
}

#[test]
fn what_an_answer_used_is_read_from_each_of_its_lines() {
    let said = |output: u64| {
        line(&format!(
            r#"{{"type":"assistant","message":{{"id":"m","content":[],"usage":{{"input_tokens":10,"cache_read_input_tokens":900,"cache_creation_input_tokens":200000,"output_tokens":{output}}}}}}}"#
        ))
    };
    let call = || {
        [
            line(
                r#"{"type":"assistant","message":{"id":"n","content":[{"type":"tool_use","id":"t","name":"Read","input":{}}]}}"#,
            ),
            line(
                r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}}"#,
            ),
        ]
    };
    let calls: Vec<Entry> = (0..80).flat_map(|_| call()).collect();
    let stuck = facts([at_work(), vec![said(1), said(5)], calls].concat());
    let attention = stuck.attention(AgentState::Running, at(200)).unwrap();
    assert_eq!(attention.summary, "more than 80 tool calls and 200k tokens, and no file changed");
    assert!(attention.nudge.is_some());
}

#[test]
fn what_is_to_come_first_waits_before_all_but_the_task() {
    let queued = |id, first| {
        let (text, by) = (String::new(), "cli".into());
        Entry::Event(Event::PromptQueued { id, text, by, key: None, from: None, first })
    };
    let ids = |entries: &[Entry]| -> Vec<u64> {
        facts(entries.to_vec()).queue.iter().map(|prompt| prompt.id).collect()
    };
    let mut entries = started();
    entries.extend([queued(2, false), queued(3, true)]);
    assert_eq!(ids(&entries), [1, 3, 2]);
    entries.extend([Entry::Event(Event::PromptDelivered { id: 1 }), queued(4, true), queued(5, false)]);
    assert_eq!(ids(&entries), [4, 3, 2, 5]);
}
