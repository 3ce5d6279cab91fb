//! Arbitrary records of an agent's log: the client's lines, Orchestra's own events, and what is neither.
//!
//! The input is cut at 0xFF; each piece is the payload of a record. Nothing that a client prints is an error, what it asks
//! can be answered with exactly its own input, and what is known of the agent can be kept and read again at any moment.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use orchestra_core::agents::{
    Facts,
    client::{Heard, client_of},
    entry::{Entry, Event, Steering},
    log::Record,
};
use orchestra_model::{Decision, Provider, Request};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

fuzz_target!(|data: &[u8]| {
    let client = client_of(Provider::Claude);
    let mut facts = Facts::default();
    for (payload, sequence) in data.split(|byte| *byte == 0xFF).zip(1..=MOST_RECORDS) {
        let entry = Entry::decode(payload);
        if entry != Entry::Event(Event::Unknown) {
            let again = entry.encode();
            assert_eq!(Entry::decode(&again), entry);
        }
        if let Entry::Output(line) = &entry {
            check_line(line);
        }
        let at = Timestamp::from_second(1_800_000_000 - sequence).expect("a time");
        facts.absorb(&Record { sequence: sequence.unsigned_abs(), at, payload: payload.to_vec() }, client);
        check_facts(&facts, sequence.unsigned_abs());
    }
    check_kept(&facts);
});

/// More would be slow, and no different.
const MOST_RECORDS: i64 = 64;

fn check_line(line: &[u8]) {
    let client = client_of(Provider::Claude);
    let _ = client.is_of_consequence(line);
    for heard in client.read(line) {
        match heard {
            Heard::Asked(request) => check_request(line, &request),
            Heard::Unknown { kind } => assert!(kind.chars().count() <= 64),
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(line);
    is_one_line(&client.prompt(&text));
    let mode = Steering::Mode { mode: text.clone().into_owned() };
    is_one_line(&client.steer(&mode, &text).expect("a mode is set by a line"));
}

/// What is told the client is JSON on one line, whatever was said.
fn is_one_line(line: &[u8]) {
    assert!(!line.contains(&b'\n'));
    serde_json::from_slice::<Value>(line).expect("what the client is told is JSON");
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    response: Outer<'a>,
}

#[derive(Deserialize)]
struct Outer<'a> {
    request_id: String,
    #[serde(borrow)]
    response: Inner<'a>,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow, rename = "updatedInput", default)]
    input: Option<&'a RawValue>,
}

fn check_request(line: &[u8], request: &Request) {
    let client = client_of(Provider::Claude);
    assert_eq!(request.input_hash.len(), 64);
    let answers = request.questions.iter().map(|question| question.text.clone()).collect();
    for decision in [
        Decision::Allow { always: None, answers: Vec::new() },
        Decision::Allow { always: Some(0), answers: Vec::new() },
        Decision::Allow { always: None, answers },
        Decision::Deny { message: request.summary.clone(), interrupt: true },
    ] {
        let Some(answer) = client.answer(line, &decision) else { continue };
        is_one_line(&answer);
        let told: Told<'_> = serde_json::from_slice(&answer).expect("an answer has its fields");
        assert_eq!(told.response.request_id, request.id, "an answer names what was asked");
        if matches!(&decision, Decision::Allow { answers, .. } if answers.is_empty()) {
            let input = told.response.response.input.expect("leave repeats the input").get();
            assert!(input.starts_with(&request.input), "the input is sent back as it was asked");
        }
    }
}

fn check_facts(facts: &Facts, sequence: u64) {
    assert_eq!(facts.sequence, sequence);
    assert!(facts.last_errors.len() <= 4 << 10);
    for is_held in [true, false] {
        let state = facts.state(is_held);
        let _ = (facts.why(state), facts.attention(state, facts.updated_at.unwrap_or_default()));
    }
    assert!(facts.cost_usd().is_none_or(f64::is_finite));
}

/// Every beginning of an input is an input too, so it is enough to look at the end.
fn check_kept(facts: &Facts) {
    let kept = serde_json::to_vec(facts).expect("facts can be kept");
    let mut read: Facts = serde_json::from_slice(&kept).expect("what was kept can be read");
    // The last digit of a cost may differ: it is a sum of what the client says.
    read.cost = facts.cost;
    assert_eq!(read, *facts);
}
