//! The limit that all agents of a machine share: who would start is held, who works gives way, and all go on with their
//! sessions when it lifts, whoever was killed meanwhile.

use std::fs;

use orchestra_scripted_model::{Reply, Script};
use serde_json::Value;

use super::{
    runs::task,
    world::{World, kill, parent_of, runs, until},
};
use crate::integration::real_client::with_each_client;

impl World {
    /// Says how fast agents follow each other here.
    fn set_pace(&self, lines: &str) {
        let folder = self.home().join(".config/orchestra");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), format!("[pace]\n{lines}\n")).unwrap();
    }

    /// The last runner that took an agent, also while it has no client.
    #[track_caller]
    fn last_runner(&self, name: &str) -> u32 {
        let log = self.ok(&["logs", name, "--json"]).out;
        let last =
            log.lines().rfind(|line| line.contains("\"event\":\"runner_started\"")).unwrap().to_owned();
        let record: Value = serde_json::from_str(&last).unwrap();
        record["event"]["process"]["pid"].as_u64().unwrap().try_into().unwrap()
    }

    /// Has an agent that is at work have begun two minutes earlier than it did.
    fn began_earlier(&self, name: &str) {
        let file = self.agent_folder(name).join("state.json");
        let mut facts: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        // What is kept may lag behind the log.
        let Some(open) = facts.pointer_mut("/lane/open/0") else { return };
        let at: jiff::Timestamp = open.as_str().unwrap().parse().unwrap();
        *open = (at - jiff::SignedDuration::from_secs(120)).to_string().into();
        let whole = file.with_extension("earlier");
        fs::write(&whole, facts.to_string()).unwrap();
        fs::rename(whole, file).unwrap();
    }

    /// How often something stands in an agent's log.
    #[track_caller]
    fn times(&self, name: &str, event: &str) -> usize {
        self.ok(&["logs", name, "--json"]).out.matches(&format!("\"event\":\"{event}\"")).count()
    }
}

#[test]
fn an_agent_that_meets_a_limit_is_parked_and_goes_on_with_its_session() {
    let world = World::new();
    let name = world.spawn("Limits", "::limit 3\n::say not reached");
    let parked = world.wait_for_state(&name, "parked");
    assert_eq!(parked["attention"]["kind"], "rate_limit", "{parked:#}");
    assert!(parked["attention"]["until"].is_string());
    let listed = world.ok(&["status"]).out;
    assert!(listed.contains("\tparked\trate_limit\t") && listed.contains(", until "), "{listed}");
    let agent = world.wait(&name, |agent| agent["state"] == "idle" && agent["turns"] == 2);
    assert_eq!(agent["session_id"], parked["session_id"]);
    assert_eq!((&agent["attention"]["kind"], world.times(&name, "unparked")), (&"done".into(), 1));
    let log = world.ok(&["logs", &name]).out;
    assert!(log.contains("parked until ") && log.contains("Go on where you left off."), "{log}");
}

#[test]
fn what_a_limit_cut_off_is_not_forgotten_over_a_message() {
    let world = World::new();
    let name = world.spawn("Cut off", "::limit 4");
    world.wait_for_state(&name, "parked");
    world.ok(&["send", &name, "::say heard"]);
    let agent = world.wait(&name, |agent| agent["state"] == "idle");
    assert_eq!((&agent["turns"], &agent["queue"]), (&2.into(), &Value::Array(Vec::new())));
    // The client says again what it is told and cannot do.
    let log = world.ok(&["logs", &name]).out;
    assert!(
        log.contains("A rate limit cut you off, and it has lifted. Finish what") && log.contains("\nheard"),
        "{log}"
    );
    world.ok(&["send", &name, "::say more"]);
    let agent = world.wait(&name, |agent| agent["turns"] == 3);
    assert_eq!(agent["attention"]["summary"], "done: ::say more", "it is said once");
}

#[test]
fn while_a_limit_holds_the_least_important_give_way() {
    let world = World::new();
    let plan = [
        "max-parallel = 4\n".to_owned(),
        task("first", "::sleep 60000", "priority = 2"),
        task("second", "::sleep 60000", "priority = 1"),
        task("third", "::sleep 60000", ""),
    ];
    let file = world.plan(&plan.concat());
    world.ok(&["run", "--trust", &file]);
    for name in ["first", "second", "third"] {
        world.wait_for_state(name, "running");
    }
    let meets = world.spawn("Meets it", "::limit 3600");
    world.wait_for_state(&meets, "parked");
    world.wait_for_state("third", "parked");
    world.wait_for_state("second", "parked");
    let parked_at = |name: &str| {
        let log = world.ok(&["logs", name, "--json"]).out;
        let line = log.lines().find(|line| line.contains("\"event\":\"parked\"")).unwrap().to_owned();
        serde_json::from_str::<Value>(&line).unwrap()["at"].as_str().unwrap().to_owned()
    };
    assert!(parked_at("third") < parked_at("second"));
    assert_eq!(
        world.agent("first")["state"],
        "running",
        "the most important goes on until it meets it itself"
    );
    let results: Value = serde_json::from_str(&world.ok(&["results", "third", "--json"]).out).unwrap();
    assert!(results["is_over"] == false && results["tasks"][2]["state"] == "running", "{results:#}");
}

#[test]
fn one_that_would_start_is_held_and_a_message_waits_with_it() {
    let world = World::new();
    let meets = world.spawn("Meets it", "::limit 10");
    world.wait_for_state(&meets, "parked");
    let held = world.spawn("Held", "::say begun");
    let agent = world.wait_for_state(&held, "parked");
    assert_eq!((&agent["turns"], world.times(&held, "client_started")), (&0.into(), 0));
    let said = world.ok(&["send", &held, "and more"]);
    assert!(said.words.contains("is parked; it gets message 2 when it goes on"), "{said:?}");
    let agent = world.wait(&held, |agent| agent["turns"] == 2);
    assert_eq!(agent["attention"]["summary"], "done: and more");
    assert_eq!(world.times(&held, "prompt_delivered"), 2);
}

#[test]
fn a_limit_that_lifted_early_can_be_called_off() {
    let world = World::new();
    assert!(world.ok(&["unpark"]).words.contains("No agent waits for a rate limit"));
    let meets = world.spawn("Meets it", "::limit 3600\n::say not reached");
    world.wait_for_state(&meets, "parked");
    let held = world.spawn("Held", "::say begun");
    let parked = world.wait_for_state(&held, "parked");
    let said = world.ok(&["unpark", "--json"]).out;
    let said: Value = serde_json::from_str(&said).unwrap();
    assert!(said["agents"].as_array().is_some_and(|agents| agents.contains(&parked["id"])), "{said}");
    world.wait(&held, |agent| agent["state"] == "idle" && agent["turns"] == 1);
    world.wait(&meets, |agent| agent["state"] == "idle" && agent["turns"] == 2);
    let later = world.spawn("Later", "::say begun at once");
    world.wait(&later, |agent| agent["turns"] == 1);
    assert_eq!(world.times(&later, "parked"), 0);
}

#[test]
fn what_is_parked_outlives_its_runner_and_a_shutdown() {
    let world = World::new();
    for (name, is_killed) in [("killed", true), ("shut-down", false)] {
        let name = world.spawn(name, "::limit 6");
        let parked = world.wait_for_state(&name, "parked");
        until(|| world.agent(&name)["pid"].is_null());
        let runner = world.last_runner(&name);
        let (guard, folder) = (parent_of(runner), world.agent_folder(&name));
        if is_killed {
            kill(runner);
        } else {
            let pid = rustix::process::Pid::from_raw(runner.cast_signed()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        }
        until(|| !runs(runner) && !runs(guard));
        if is_killed {
            // Its guard started another before it ended; nobody had to ask for it.
            let lock = fs::File::open(folder.join("run.lock")).unwrap();
            assert!(matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock)));
        }
        // The next command, whichever it is, sees to it.
        assert_eq!(world.agent(&name)["state"], "parked");
        world.ok(&["status"]);
        assert_ne!(world.last_runner(&name), runner);
        let agent = world.wait(&name, |agent| agent["state"] == "idle" && agent["turns"] == 2);
        assert_eq!((&agent["session_id"], world.times(&name, "unparked")), (&parked["session_id"], 1));
    }
}

#[test]
fn a_limit_that_nobody_dates_is_waited_for_and_a_parked_agent_can_be_stopped() {
    let world = World::new();
    world.set_pace("unknown_limit_s = 1\nafter_limit_ms = 10");
    let name = world.spawn("Overload", "::overload");
    let agent = world.wait(&name, |agent| agent["state"] == "idle" && agent["turns"] == 2);
    assert_eq!(agent["attention"]["kind"], "done");
    world.ok(&["send", &name, "::limit 3600"]);
    world.wait_for_state(&name, "parked");
    let runner = world.last_runner(&name);
    world.ok(&["stop", &name]);
    assert_eq!(world.agent(&name)["state"], "stopped");
    until(|| !runs(runner));
    let (turns, sent) = (world.agent(&name)["turns"].clone(), world.times(&name, "unparked"));
    world.ok(&["status"]);
    assert_eq!((world.agent(&name)["turns"].clone(), world.times(&name, "unparked")), (turns, sent));
}

/// The client tries again by itself for some minutes, unless it is told not to.
const TRIES_ONCE: &[(&str, &str)] = &[("CLAUDE_CODE_MAX_RETRIES", "1")];

#[test]
fn the_real_client_is_parked_at_a_limit_and_resumed_with_its_session() {
    with_each_client(|client| {
        let directives = Script::directives();
        let script = Script::from_fn(move |request| {
            let mut reply = directives.reply_to(request);
            if let Reply::Failure(failure) = &mut reply {
                failure.retry_after = Some(1);
            }
            reply
        });
        let world = World::with_script(client, script, TRIES_ONCE);
        world.set_pace("unknown_limit_s = 2\nafter_limit_ms = 10");
        for status in ["429", "529"] {
            let task = format!("[[write kept-{status} x]] [[fail {status} 2]] [[say not reached]]");
            let said = world.ok(&[
                "spawn",
                "--trust",
                "--json",
                "--permission-mode",
                "acceptEdits",
                &format!("Limit {status}\n{task}"),
            ]);
            let agents: Value = serde_json::from_str(&said.out).unwrap();
            let name = agents["agents"][0]["name"].as_str().unwrap();
            let parked = world.wait_for_state(name, "parked");
            assert_eq!(parked["attention"]["kind"], "rate_limit", "{parked:#}");
            assert!(parked["attention"]["summary"].as_str().unwrap().contains("API Error"), "{parked:#}");
            let agent = world.wait(name, |agent| agent["attention"]["kind"] == "done");
            assert_eq!((&agent["session_id"], &agent["turns"]), (&parked["session_id"], &2.into()));
            assert!(world.worktree(name).join(format!("kept-{status}")).is_file());
            let log = world.ok(&["logs", name, "--json"]).out;
            assert_eq!(log.matches("\"resumes\":true").count(), 1, "{log}");
            // The conversation is one: what was asked first, and that it goes on.
            let session = agent["session_id"].as_str().unwrap();
            until(|| {
                let shown = world.run(&["show", session]).out;
                shown.contains("not reached") && shown.contains("Go on where you left off.")
            });
        }
    });
}

#[test]
fn the_real_client_keeps_to_each_kind_of_budget_of_its_run() {
    with_each_client(|client| {
        for (budget, words) in [("budget-usd = 0.001", " of $0.001"), ("budget-tokens = 50", " of 50 tokens")]
        {
            let world = World::with_real_client(client);
            let tasks = [task("one", "[[say a]]", ""), task("two", "[[say b]]", "")].concat();
            let said = world.work_off(&format!("max-parallel = 1\n{budget}\n{tasks}"));
            assert!(said.code == 1 && said.words.contains("1 task is not done"), "{said:?}");
            let two = world.agent("two");
            assert_eq!((&two["state"], &two["attention"]["kind"]), (&"queued".into(), &"limit".into()));
            let waits = two["waits"].as_str().unwrap();
            assert!(waits.starts_with("its run has used ") && waits.ends_with(words), "{waits}");
            world.ok(&[
                "run",
                "--continue",
                "two",
                "--budget-usd",
                "9",
                "--budget-tokens",
                "99999",
                "--wait",
            ]);
            assert_eq!(world.agent("two")["state"], "done");
        }
        let world = World::with_real_client(client);
        let slow = "[[slow 2000 100]]";
        for (budget, first) in [("budget-usd = 0.001", "[[say a]]"), ("budget-minutes = 1", slow)] {
            let tasks = [task("one", first, ""), task("long", slow, "")].concat();
            let file = world.plan(&format!("{budget}\nat-budget = \"stop\"\n{tasks}"));
            let started = world.ok(&["run", "--trust", "--json", &file]);
            let started: Value = serde_json::from_str(&started.out).unwrap();
            let long = started["tasks"][1]["agent_name"].as_str().unwrap();
            world.wait(long, |agent| agent["state"] == "running" || agent["state"] == "stopped");
            until(|| {
                let state = world.agent(long)["state"].clone();
                if budget.contains("minutes") && state == "running" {
                    // Its runner writes this file as well.
                    world.began_earlier(long);
                }
                state == "stopped"
            });
            let stopped = world.agent(long);
            assert!(stopped["pid"].is_null(), "{stopped:#}");
            assert!(world.ok(&["logs", long, "--json"]).out.contains("its run's budget"));
        }
    });
}

#[test]
fn when_its_minutes_are_over_a_run_asks_though_nothing_of_it_ends() {
    let world = World::new();
    let tasks = [task("long", "::sleep 600000", ""), task("next", "::say b", "after = [\"long\"]")].concat();
    let file = world.plan(&format!("budget-minutes = 1\n{tasks}"));
    world.ok(&["run", "--trust", &file]);
    world.wait_for_state("long", "running");
    assert!(world.agent("next")["attention"].is_null());
    world.began_earlier("long");
    let next = world.agent("next");
    assert_eq!((&next["attention"]["kind"], &next["state"]), (&"limit".into(), &"queued".into()), "{next:#}");
    assert!(next["attention"]["summary"].as_str().unwrap().starts_with("its run has used its 1 minute:"));
    assert_eq!(world.agent("next")["attention"]["since"], next["attention"]["since"], "it is asked once");
    assert_eq!(world.agent("long")["state"], "running", "who is at work goes on");
}
