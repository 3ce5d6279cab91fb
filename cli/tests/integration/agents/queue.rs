//! Messages that wait for their turn, and agents that wait for theirs.

use std::fs;

use serde_json::Value;

use super::world::{World, until};

#[test]
fn messages_wait_until_the_turn_is_over_and_can_be_changed_till_then() {
    let world = World::new();
    let name = world.spawn("Busy", "::ask Bash hold");
    world.wait_for_request(&name);
    for text in ["second", "third", "fourth"] {
        world.ok(&["send", &name, text]);
    }
    world.ok(&["send", &name, "--edit", "3", "::say changed"]);
    world.ok(&["send", &name, "--remove", "4"]);
    let agent = world.agent(&name);
    let texts: Vec<&str> =
        agent["queue"].as_array().unwrap().iter().map(|prompt| prompt["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["second", "::say changed"]);
    world.ok(&["answer", &name, "allow"]);
    let agent = world.wait(&name, |agent| agent["turns"] == 3);
    assert_eq!(agent["queue"].as_array().unwrap().len(), 0);
    let said = world.run(&["send", &name, "--edit", "2", "too late"]);
    assert!(said.code == 1 && said.words.contains("does not wait any more"), "{said:?}");
    assert!(said.words.contains("orchestra status busy lists the messages that wait"), "{said:?}");
    for arguments in [vec!["--remove", "99"], vec!["--edit", "99", "never"]] {
        let said = world.run(&[vec!["send", name.as_str()], arguments].concat());
        assert!(said.code == 1 && said.words.contains("has no message with that number"), "{said:?}");
        assert!(said.words.contains("orchestra status busy lists the messages that wait"), "{said:?}");
    }
    let log = world.ok(&["logs", &name]).out;
    let order: Vec<usize> =
        ["› second", "› ::say changed"].iter().map(|line| log.find(line).unwrap()).collect();
    assert!(order[0] < order[1] && !log.contains("fourth"), "{log}");
}

#[test]
fn an_agent_that_has_ended_is_resumed_by_a_message() {
    let world = World::new();
    let name = world.spawn("Work", "::say one");
    world.wait_for_state(&name, "idle");
    let session = world.agent(&name)["session_id"].clone();
    world.ok(&["stop", &name]);
    assert_eq!(world.agent(&name)["state"], "stopped");
    let said = world.ok(&["send", &name, "::say two"]);
    assert_eq!(said.words, "work is resumed and gets it.\n");
    let agent = world.wait(&name, |agent| agent["turns"] == 2);
    assert_eq!((&agent["session_id"], agent["cost_usd"].as_f64()), (&session, Some(0.02)));
}

#[test]
fn model_and_mode_are_changed_and_outlive_the_client() {
    let world = World::new();
    let name = world.spawn("Work", "::say one");
    world.wait_for_state(&name, "idle");
    world.ok(&["send", &name, "--permission-mode", "acceptEdits", "--model", "opus"]);
    world.wait(&name, |agent| agent["permission_mode"] == "acceptEdits" && agent["model"] == "opus");
    world.ok(&["stop", &name]);
    world.ok(&["send", &name, "::say two"]);
    let agent = world.wait(&name, |agent| agent["turns"] == 2);
    assert_eq!(
        (agent["permission_mode"].as_str(), agent["model"].as_str()),
        (Some("acceptEdits"), Some("opus"))
    );
}

#[test]
fn an_interrupt_ends_the_turn_and_the_next_message_begins_another() {
    let world = World::new();
    let name = world.spawn("Sleep", "::sleep 60000");
    world.wait_for_state(&name, "running");
    world.ok(&["interrupt", &name]);
    let agent = world.wait_for_state(&name, "idle");
    assert_eq!((agent["attention"].as_object(), agent["turns"].as_u64()), (None, Some(1)));
    world.ok(&["send", &name, "::say awake"]);
    let agent = world.wait(&name, |agent| agent["turns"] == 2);
    assert_eq!(agent["attention"]["kind"], "done");
}

#[test]
fn of_a_run_with_a_limit_the_rest_waits() {
    let world = World::new();
    let tasks = ["One\n::ask Bash a", "Two\n::ask Bash b", "Three\n::say c"];
    let said = world.ok(&["spawn", "--trust", "--json", "--max-parallel", "1", tasks[0], tasks[1], tasks[2]]);
    let agents: Value = serde_json::from_str(&said.out).unwrap();
    let states: Vec<&str> =
        agents["agents"].as_array().unwrap().iter().map(|agent| agent["state"].as_str().unwrap()).collect();
    assert_eq!(states[1..], ["queued", "queued"]);
    let said = world.run(&["send", "two", "hello"]);
    assert!(said.code == 1 && said.words.contains("has not started yet"), "{said:?}");
    world.wait_for_request("one");
    assert_eq!(world.agent("two")["state"], "queued");
    let said = world.run(&["interrupt", "two"]);
    assert!(said.code == 1 && said.words.contains("two has not started yet"), "{said:?}");
    assert!(said.words.contains("orchestra stop two takes it out of the line"), "{said:?}");
    let diff = world.run(&["diff", "two"]);
    assert!(diff.code == 1 && diff.words.contains("two has no worktree yet\nhint: "), "{diff:?}");
    for command in ["merge", "pr"] {
        let said = world.run(&[command, "two"]);
        assert_eq!((said.code, said.words), (diff.code, diff.words.clone()), "{command}");
    }
    // One that will not be started any more does not keep the others waiting.
    world.ok(&["stop", "two"]);
    assert_eq!(world.agent("two")["state"], "stopped");
    world.ok(&["answer", "one", "allow"]);
    world.wait_for_state("one", "done");
    world.wait_for_state("three", "done");
}

#[test]
fn a_runner_that_comes_too_late_leaves_its_agent_as_it_is() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "Once\n::write a 1"]);
    let before = world.ok(&["logs", "once", "--json"]).out;
    // What a launch leaves that was killed before it was seen to work: the next one starts a second runner.
    let folder = world.agent_folder("once");
    world.ok(&["__runner", folder.to_str().unwrap()]);
    assert_eq!(world.ok(&["logs", "once", "--json"]).out, before);
    assert_eq!(world.agent("once")["state"], "done");
}

#[test]
fn whoever_waits_gets_a_table_and_an_exit_code() {
    let world = World::new();
    let said = world.ok(&[
        "spawn",
        "--trust",
        "--wait",
        "--max-parallel",
        "2",
        "One\n::write a 1",
        "Two\n::write b 2",
        "Three",
    ]);
    assert_eq!(said.out.lines().filter(|line| line.contains("\tdone\t")).count(), 3, "{}", said.out);
    let said = world.run(&["spawn", "--wait", "--json", "Good", "Bad\n::exit 4"]);
    assert_eq!(said.code, 1);
    assert!(said.words.starts_with("error: 1 agent failed\nhint: orchestra logs bad"), "{}", said.words);
    let agents: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(agents["agents"][1]["exit"]["code"], 4);
}

#[test]
fn a_file_has_a_task_a_paragraph() {
    let world = World::new();
    let file = world.home().join("tasks.md");
    fs::write(&file, "Write a\n::write a 1\n\n\nWrite b\n::write b 2\n").unwrap();
    let said = world.ok(&["spawn", "--trust", "--wait", "-f", file.to_str().unwrap()]);
    assert_eq!(said.out.lines().count(), 2);
    assert!(world.worktree("write-a").join("a").is_file() && world.worktree("write-b").join("b").is_file());
}

#[test]
fn the_log_is_followed_until_the_agent_ends() {
    let world = World::new();
    let name = world.spawn("Follow", "::ask Bash ls\n::say the end");
    world.wait_for_request(&name);
    let file = world.home().join("followed");
    let mut follower =
        world.command(&["logs", &name, "-f"]).stdout(fs::File::create(&file).unwrap()).spawn().unwrap();
    until(|| fs::read_to_string(&file).unwrap().contains("◆ asks"));
    world.ok(&["answer", &name, "allow"]);
    until(|| fs::read_to_string(&file).unwrap().contains("the end"));
    assert!(follower.try_wait().unwrap().is_none(), "the agent still listens");
    world.ok(&["stop", &name]);
    assert!(follower.wait().unwrap().success());
    // As records, and from one of them on.
    let records = world.ok(&["logs", &name, "--json"]).out;
    let sequences: Vec<u64> = records
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
    assert_eq!(world.ok(&["logs", &name, "--json", "--after", "5"]).out.lines().count(), sequences.len() - 5);
}

#[test]
fn a_nudge_comes_before_the_messages_that_wait() {
    let world = World::new();
    let name = world.spawn("Busy", "::sleep 120000");
    world.wait_for_state(&name, "running");
    for text in ["second", "third"] {
        world.ok(&["send", &name, text]);
    }
    world.ok(&["send", &name, "--nudge", "first of all"]);
    world.wait(&name, |agent| agent["turns"] == 4);
    let log = world.ok(&["logs", &name]).out;
    let order = ["› first of all", "› second", "› third"].map(|line| log.find(line).unwrap());
    assert!(order.is_sorted(), "{log}");
}
