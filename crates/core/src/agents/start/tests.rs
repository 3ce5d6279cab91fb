use super::*;
use crate::agents::testing::run;

#[test]
fn agents_asked_for_twice_under_one_key_are_made_once() {
    let state = tempfile::tempdir().unwrap();
    let agents = Agents::new(state.path());
    let make =
        |key, tasks: &[&str]| agents.create(run(key, tasks), |_| false, Timestamp::UNIX_EPOCH).unwrap();
    let first = make(Some("tap-1"), &["auth", "tests"]);
    assert_eq!(make(Some("tap-1"), &["auth", "tests"]), first, "in their order");
    assert_eq!(agents.list().0.len(), 2);
    let other = make(Some("tap-2"), &["auth"]);
    assert_eq!(other[0].name, "auth-2");
    make(None, &["docs"]);
    make(None, &["docs"]);
    assert_eq!(agents.list().0.len(), 5, "what has no key is another each time");
}

#[test]
fn a_message_that_comes_twice_under_one_key_is_taken_in_once() {
    let state = tempfile::tempdir().unwrap();
    let agents = Agents::new(state.path());
    let id = agents.create(run(None, &["task"]), |_| false, Timestamp::UNIX_EPOCH).unwrap().remove(0).id;
    // It has begun once, and its runner was killed: a message is written first, then a runner started.
    let folder = agents.open(&id).unwrap();
    let lock = folder.take_lock().unwrap().unwrap();
    let failed = Event::Failed { why: "killed".into() };
    folder.add_event(&lock, &failed, Timestamp::UNIX_EPOCH).unwrap();
    drop(lock);
    // A program that is not there: whoever sends is killed at the worst moment, as far as the log can tell.
    let launcher = Launcher { program: "/nonexistent".into(), arguments: Vec::new(), pace: Pace::default() };
    let send = |key: &str, text: &str| {
        let caller = Caller { by: "web".into(), key: Some(key.into()) };
        let sent = agents.send(&id, text, &caller, &launcher, Timestamp::UNIX_EPOCH);
        assert!(matches!(sent, Err(SendError::Start(StartError::Launch(_)))), "{sent:?}");
    };
    send("tap-1", "go on");
    send("tap-1", "go on");
    send("tap-2", "and the docs");
    let queue: Vec<String> = folder.agent().unwrap().queue.into_iter().map(|prompt| prompt.text).collect();
    assert_eq!(queue, ["task", "go on", "and the docs"]);
}

#[test]
fn nobody_is_called_like_a_person_or_orchestra() {
    let state = tempfile::tempdir().unwrap();
    let agents = Agents::new(state.path());
    let tasks = ["you", "orchestra", "person", "personal"];
    let made = agents.create(run(None, &tasks), |_| false, Timestamp::UNIX_EPOCH).unwrap();
    let names: Vec<&str> = made.iter().map(|plan| plan.name.as_str()).collect();
    assert_eq!(names, ["you-2", "orchestra-2", "person-2", "personal"]);
}
