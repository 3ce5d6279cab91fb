use std::{sync::mpsc, time::Duration};

use jiff::Timestamp;
use orchestra_model::{AttentionKind, Limit};
use serde_json::json;

use super::*;
use crate::agents::{
    entry::{Entry, Event},
    log::LogWriter,
    testing,
};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn make(agents: &Agents, name: &str) -> AgentId {
    testing::make(agents, &[name]).remove(0).id
}

fn line(text: &str) -> Entry {
    let event = format!(
        r#"{{"type":"stream_event","event":{{"type":"content_block_delta","delta":{{"type":"text_delta","text":"{text}"}}}}}}"#
    );
    Entry::Output(event.into_bytes())
}

#[test]
fn agents_are_told_of_as_they_appear_and_go_on_each_change_once() {
    let state = tempfile::tempdir().unwrap();
    let agents = Agents::new(state.path());
    let first = make(&agents, "first");
    let (tell, told) = mpsc::channel();
    let watcher = agents.watch(move |news| drop(tell.send(news))).unwrap();
    let next = || told.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(next(), AgentNews::Changed(agent) if agent.id == first && agent.name == "first"));

    let second = make(&agents, "second");
    assert!(matches!(next(), AgentNews::Changed(agent) if agent.id == second));

    // It is written to while nobody holds it, which is how a log looks after its runner was killed.
    let mut log = LogWriter::open(&agents.open(&first).unwrap().log()).unwrap();
    log.append(Timestamp::UNIX_EPOCH, &line("Hel").encode()).unwrap();
    let words = loop {
        if let AgentNews::Writes(words) = next() {
            break words;
        }
    };
    assert_eq!((words.agent.clone(), words.number, words.text.as_str()), (first.clone(), 0, "Hel"));

    let failed = Entry::Event(Event::Failed { why: "no room".into() });
    log.append(Timestamp::UNIX_EPOCH, &failed.encode()).unwrap();
    let agent = loop {
        if let AgentNews::Changed(agent) = next()
            && agent.state == AgentState::Failed
        {
            break agent;
        }
    };
    assert_eq!((agent.id.clone(), agent.failure.as_deref()), (first, Some("no room")));
    drop(watcher);
    assert!(told.recv_timeout(PATIENCE).is_err(), "nothing is told after the end");
}

#[test]
fn a_record_that_changes_nothing_is_no_news_and_other_words_are_progress() {
    let state = tempfile::tempdir().unwrap();
    let agents = Agents::new(state.path());
    let id = make(&agents, "one");
    let agent = agents.open(&id).unwrap().agent().unwrap();
    let mut later = agent.clone();
    later.sequence += 5;
    later.updated_at = Timestamp::now();
    assert_eq!(change(&agent, &later), Change::None);
    later.doing = Some("writes".into());
    assert_eq!(change(&agent, &later), Change::Progress);
    later.turns += 1;
    assert_eq!(change(&agent, &later), Change::News);
}

#[test]
fn of_those_that_were_held_back_long_enough_one_is_told_at_a_time() {
    let now = Instant::now();
    let at = |second| now + Duration::from_secs(second);
    let id = |id: &str| -> AgentId { id.parse().unwrap() };
    let mut held = HashMap::from([(id("aaaa2345"), at(2)), (id("bbbb2345"), at(1)), (id("cccc2345"), at(9))]);
    assert_eq!(take_due(&mut held, at(0)), None);
    assert_eq!(take_due(&mut held, at(3)), Some(id("bbbb2345")));
    assert_eq!(take_due(&mut held, at(3)), Some(id("aaaa2345")));
    assert_eq!((take_due(&mut held, at(3)), held.len()), (None, 1));
}

#[test]
fn of_many_words_all_are_told_and_the_agent_now_and_then() {
    let state = tempfile::tempdir().unwrap();
    let agents = Agents::new(state.path());
    let id = make(&agents, "one");
    let folder = agents.open(&id).unwrap();
    let _lock = folder.take_lock().unwrap().unwrap();
    let mut log = LogWriter::open(&folder.log()).unwrap();
    let process = crate::process::Process::of(std::process::id()).unwrap();
    let started = Entry::Event(Event::RunnerStarted { process, version: "0".into() });
    log.append(Timestamp::UNIX_EPOCH, &started.encode()).unwrap();
    let (tell, told) = mpsc::channel();
    let _watcher = agents.watch(move |news| drop(tell.send(news))).unwrap();
    let mut changes = 0;
    for number in 0..60 {
        log.append(Timestamp::UNIX_EPOCH, &line(&format!("{number} ")).encode()).unwrap();
        // Each is told before the next is written.
        while let AgentNews::Changed(_) = told.recv_timeout(PATIENCE).unwrap() {
            changes += 1;
        }
    }
    assert!(changes < 30, "{changes}");
    // The last words are told in the end, too.
    let last = loop {
        if let AgentNews::Changed(agent) = told.recv_timeout(PATIENCE).unwrap() {
            break agent;
        }
    };
    assert!(last.doing.is_some_and(|doing| doing.ends_with("59")));
}

#[test]
fn what_a_run_says_of_an_agent_is_told_though_its_own_log_says_nothing() {
    let state = tempfile::tempdir().unwrap();
    let agents = Agents::new(state.path());
    let plans = testing::make(&agents, &["one", "two"]);
    let run = plans[0].run.id.clone();
    let tasks: Vec<_> = (0..)
        .zip(&plans)
        .map(|(place, plan)| {
            let after: Vec<u32> = (0..place).collect();
            json!({ "name": plan.name, "agent": plan, "after": after })
        })
        .collect();
    let folder = agents.run_folder(&run);
    std::fs::create_dir_all(&folder).unwrap();
    let plan = json!({ "id": run, "created_at": plans[0].created_at, "max_parallel": null, "tasks": tasks });
    std::fs::write(folder.join(PLAN), plan.to_string()).unwrap();
    let (tell, told) = mpsc::channel();
    let _watcher = agents.watch(move |news| drop(tell.send(news))).unwrap();
    let told_that = |is_it: &dyn Fn(&Agent) -> bool| {
        while !matches!(told.recv_timeout(PATIENCE).unwrap(), AgentNews::Changed(agent) if is_it(&agent)) {}
    };
    // From the first word on.
    let AgentNews::Changed(one) = told.recv_timeout(PATIENCE).unwrap() else { panic!("words of nobody") };
    let AgentNews::Changed(two) = told.recv_timeout(PATIENCE).unwrap() else { panic!("words of nobody") };
    let mut waits = [one.waits, two.waits];
    waits.sort();
    assert_eq!(waits, [None, Some("waits for one".into())]);

    // The journal alone says so.
    let mut journal = LogWriter::open(&folder.join("events")).unwrap();
    for event in [
        json!({ "event": "limit_set", "limit": Limit { usd: Some(0.0), ..Limit::default() }, "by": "terminal" }),
        json!({ "event": "limit_reached", "words": "$0.00 of $0.00" }),
    ] {
        journal.append(Timestamp::UNIX_EPOCH, event.to_string().as_bytes()).unwrap();
    }
    let run_told = || loop {
        if let AgentNews::Run(id) = told.recv_timeout(PATIENCE).unwrap() {
            break id;
        }
    };
    assert_eq!(run_told(), run);
    told_that(&|agent| {
        let kind = agent.attention.as_ref().map(|attention| attention.kind);
        agent.name == "one" && kind == Some(AttentionKind::Limit)
    });

    // How another is.
    let mut log = LogWriter::open(&agents.open(&plans[0].id).unwrap().log()).unwrap();
    let failed = Entry::Event(Event::Failed { why: "no room".into() });
    log.append(Timestamp::UNIX_EPOCH, &failed.encode()).unwrap();
    told_that(&|agent| {
        agent.name == "two" && agent.waits.as_deref() == Some("one failed, and this comes after it")
    });
}
