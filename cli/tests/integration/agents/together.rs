//! Agents that work together: their tools as the real client uses them, and what holds them back.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    real::in_each_world,
    runs::task,
    world::{ORCHESTRA, World, kill, runs, until},
};

/// The server of an agent's tools, spoken to as a client does.
pub(super) struct Tools {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    number: u64,
}

impl Tools {
    /// The tools of an agent that has a client.
    #[track_caller]
    pub(super) fn of(world: &World, name: &str) -> Self {
        Self::with_key(world, &world.agent_folder(name).join("tools.key"))
    }

    #[track_caller]
    fn with_key(world: &World, key: &Path) -> Self {
        let mut command = world.command_of(Path::new(ORCHESTRA), &["mcp", key.to_str().unwrap()]);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = server.stdin.take().unwrap();
        let output = BufReader::new(server.stdout.take().unwrap());
        let mut tools = Self { server, input, output, number: 0 };
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        });
        tools.ask("initialize", &hello);
        let answer = tools.hear();
        assert_eq!(answer["result"]["serverInfo"]["name"], "orchestra", "{answer:#}");
        writeln!(tools.input, "{}", json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
            .unwrap();
        tools
    }

    fn ask(&mut self, method: &str, parameters: &Value) {
        self.number += 1;
        let asked = json!({ "jsonrpc": "2.0", "id": self.number, "method": method, "params": parameters });
        writeln!(self.input, "{asked}").unwrap();
    }

    #[track_caller]
    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Begins a call without waiting for its answer.
    fn begin(&mut self, tool: &str, arguments: &Value) {
        self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
    }

    /// Goes away without a word.
    fn close(&mut self) {
        // The end of the pipe is what the server hears.
        let (_, write) = std::io::pipe().unwrap();
        self.input = ChildStdin::from(std::os::fd::OwnedFd::from(write));
    }

    /// Calls off the call that was begun last.
    fn call_off(&mut self) {
        let parameters = json!({ "requestId": self.number });
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": parameters });
        writeln!(self.input, "{told}").unwrap();
    }

    /// What a call answers: what it found, or why not.
    #[track_caller]
    fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value, String> {
        self.begin(tool, arguments);
        outcome(&self.hear())
    }

    #[track_caller]
    pub(super) fn ok(&mut self, tool: &str, arguments: &Value) -> Value {
        self.call(tool, arguments).unwrap_or_else(|why| panic!("{tool}: {why}"))
    }

    #[track_caller]
    fn refused(&mut self, tool: &str, arguments: &Value) -> String {
        self.call(tool, arguments).unwrap_err()
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[track_caller]
fn outcome(answer: &Value) -> Result<Value, String> {
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer:#}"));
    if result["isError"] == true { Err(text.to_owned()) } else { Ok(serde_json::from_str(text).unwrap()) }
}

fn threads(world: &World, of: &str) -> Value {
    serde_json::from_str(&world.ok(&["messages", of, "--json"]).out).unwrap()
}

/// The messages of the only thread of one kind.
#[track_caller]
fn thread(messages: &Value, kind: &str) -> Vec<Value> {
    let threads = messages["threads"].as_array().unwrap();
    let found: Vec<_> = threads.iter().filter(|thread| thread["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{messages:#}");
    found[0]["messages"].as_array().unwrap().clone()
}

#[test]
fn one_agent_starts_another_which_reports_and_both_are_told_of() {
    in_each_world(|world| {
        let report = json!({ "outcome": "done", "summary": "42 it is", "data": { "answer": 42 } });
        let helper =
            format!("Find it {{{{tool mcp__orchestra__report_result {report}}}}} {{{{say Reported.}}}}");
        let assign = json!({ "task": helper, "name": "helper" });
        let wait = json!({ "agents": ["helper"], "timeout_seconds": 60 });
        let directives = format!(
            "[[tool mcp__orchestra__assign {assign}]] [[tool mcp__orchestra__wait_for {wait}]] [[say I know.]]"
        );
        let name = world.spawn("Lead", &directives);
        let lead = world.wait(&name, |agent| agent["attention"]["summary"] == "I know.");
        assert_eq!(lead["turns"], 1, "its result came with the call, not as another message: {lead:#}");
        let helper = world.wait_for_state("helper", "done");
        assert_eq!((&helper["started_by"], &helper["depth"]), (&lead["id"], &json!(1)), "{helper:#}");
        assert_eq!((&helper["run"], &helper["report"]["summary"]), (&lead["run"], &json!("42 it is")));
        assert_ne!(helper["worktree"], lead["worktree"]);
        let log = world.ok(&["logs", &name]).out;
        assert!(log.contains("42 it is"), "it read the report: {log}");
        let said = thread(&threads(world, &name), "assignment");
        let kinds: Vec<&str> = said.iter().map(|message| message["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["task", "report"], "{said:#?}");
        assert_eq!((&said[1]["state"], &said[1]["from"]["name"]), (&json!("read"), &json!("helper")));
        let shown = world.ok(&["messages", "helper"]).out;
        assert!(shown.contains("lead started helper") || shown.contains("started helper"), "{shown}");
    });
}

#[test]
fn a_message_reaches_an_agent_between_its_turns() {
    in_each_world(|world| {
        let tasks = ["Listen [[say listening]]", "Speak [[hold until-told]]"];
        world.ok(&["spawn", "--trust", "--json", tasks[0]]);
        let listener = world.wait("listen-say-listening", |agent| agent["state"] == "idle");
        let name = listener["name"].as_str().unwrap().to_owned();
        let message = json!({ "to": name, "text": "Then [[say heard you]]" });
        world.ok(&[
            "spawn",
            "--json",
            "--talk-to-all",
            &format!("Speak\n[[tool mcp__orchestra__send_message {message}]] [[say sent]]"),
        ]);
        world.wait("speak", |agent| agent["attention"]["summary"] == "sent");
        let agent = world.wait(&name, |agent| agent["attention"]["summary"] == "heard you");
        assert_eq!(agent["turns"], 2, "{agent:#}");
        let said = thread(&threads(world, &name), "pair");
        assert_eq!((said.len(), &said[0]["state"]), (1, &json!("delivered")), "{said:#?}");
        let log = world.ok(&["logs", &name]).out;
        assert!(log.contains("speak: Then"), "{log}");
    });
}

#[test]
fn a_storm_of_messages_is_held_by_the_limits() {
    const STORM: usize = 10_000;
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "calm\n::sleep 120000", "storm\n::sleep 120000"]);
    let mut tools = Tools::of(&world, "storm");
    let message = json!({ "to": "calm", "text": "hurry" });
    let mut sent = 0;
    for _ in 0..STORM / 100 {
        for _ in 0..100 {
            tools.begin("send_message", &message);
        }
        for _ in 0..100 {
            match outcome(&tools.hear()) {
                Ok(_) => sent += 1,
                Err(why) => assert!(why.contains("you sent 30 messages within a minute"), "{why}"),
            }
        }
    }
    // Were the machine so slow that the storm takes a minute, it would be 30 more.
    assert!((30..STORM / 10).contains(&sent), "{sent}");
    assert_eq!(world.agent("calm")["queue"].as_array().unwrap().len(), sent);
    // Another process of the same agent knows as much.
    let why = Tools::of(&world, "storm").call("send_message", &message);
    assert!(sent > 30 || why.is_err(), "{why:?}");
    // A person's message still comes through.
    world.ok(&["send", "calm", "and now rest"]);
    let long = "x".repeat(17 << 10);
    let why = tools.refused("send_message", &json!({ "to": "calm", "text": long }));
    assert!(why.contains("at most 16384 are taken"), "{why}");
}

#[test]
fn one_message_under_one_key_is_one_message() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "one\n::sleep 120000", "other\n::sleep 120000"]);
    let message = json!({ "to": "one", "text": "only once", "key": "k" });
    let first = Tools::of(&world, "other").ok("send_message", &message);
    let second = Tools::of(&world, "other").ok("send_message", &message);
    assert_eq!((&first["number"], &first["waits"]), (&second["number"], &json!(true)));
    assert_eq!(world.agent("one")["queue"].as_array().unwrap().len(), 1);
    // Read in the middle of a turn, it waits no more.
    let mut tools = Tools::of(&world, "one");
    let read = tools.ok("read_messages", &json!({}));
    assert_eq!(
        (&read["messages"][0]["text"], &read["messages"][0]["from"]),
        (&"only once".into(), &"other".into())
    );
    assert_eq!(tools.ok("read_messages", &json!({}))["messages"], json!([]));
    assert_eq!(world.agent("one")["queue"], json!([]));
    assert_eq!(thread(&threads(&world, "one"), "pair")[0]["state"], "read");
    // Another text is another message, which is said; a key of blanks is none.
    let mut other = Tools::of(&world, "other");
    let why = other.refused("send_message", &json!({ "to": "one", "text": "another", "key": "k" }));
    assert!(why.contains("\"k\" was the key of another message"), "{why}");
    let long = "x".repeat(5000);
    for _ in 0..2 {
        other.ok("send_message", &json!({ "to": "one", "text": long, "key": " " }));
    }
    assert_eq!(tools.ok("read_messages", &json!({}))["messages"].as_array().unwrap().len(), 2);
    // What came earlier is told again, a person's words as a person's.
    world.ok(&["send", "one", "from me"]);
    let read = tools.ok("read_messages", &json!({ "earlier": 2 }));
    assert_eq!(read["messages"][0]["is_cut"], true, "{read:#}");
    assert_eq!(
        (&read["messages"][1]["from"], &read["messages"][1]["is_cut"]),
        (&"a person".into(), &Value::Null)
    );
}

#[test]
fn only_its_own_client_acts_for_an_agent_and_only_in_its_run() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "mine\n::sleep 120000"]);
    world.ok(&["spawn", "--json", "foreign\n::sleep 120000"]);
    world.ok(&["spawn", "--json", "--no-mcp", "mute\n::sleep 120000"]);
    let folder = world.agent_folder("mine");
    let mode = |file: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(folder.join(file)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(["tools.key", "tools.hash", "tools.json"].map(mode), [0o600; 3]);
    let key = std::fs::read_to_string(folder.join("tools.key")).unwrap();
    let token = serde_json::from_str::<Value>(&key).unwrap()["token"].as_str().unwrap().to_owned();
    let told = std::fs::read_to_string(folder.join("tools.json")).unwrap();
    let kept = std::fs::read_to_string(folder.join("tools.hash")).unwrap();
    assert!(!told.contains(&token) && !kept.contains(&token), "{told} {kept}");
    assert!(!world.agent_folder("mute").join("tools.key").exists());
    let mut tools = Tools::of(&world, "mine");
    let to = |name: &str| json!({ "to": name, "text": "hello" });
    assert!(tools.refused("send_message", &to("foreign")).contains("is not in your run"));
    assert!(tools.refused("send_message", &to("mine")).contains("that is you"));
    assert!(tools.refused("send_message", &to("nobody")).contains("there are: none but you"));
    assert!(tools.refused("wait_for", &json!({ "agents": ["foreign"] })).contains("is not in your run"));
    let seen = tools.ok("list_agents", &json!({}));
    assert_eq!(seen["agents"].as_array().unwrap().len(), 1, "{seen:#}");
    // Another's name on the same token, a made-up token, and one of a client that was started again since.
    let forged = folder.join("forged.key");
    let foreign = world.agent("foreign")["id"].clone();
    for key in [
        json!({ "agent": foreign, "token": token }),
        json!({ "agent": world.agent("mine")["id"], "token": "0" }),
    ] {
        std::fs::write(&forged, key.to_string()).unwrap();
        let said = world.run(&["mcp", forged.to_str().unwrap()]);
        assert!(said.code == 1 && said.words.contains("this is not the key of"), "{said:?}");
    }
    world.ok(&["stop", "mine"]);
    for (tool, given) in [("list_agents", json!({})), ("assign", json!({ "task": "more" }))] {
        let why = tools.refused(tool, &given);
        assert!(why.contains("mine was stopped; only a person can have it go on"), "{why}");
    }
    world.ok(&["send", "mine", "::sleep 120000"]);
    until(|| std::fs::read_to_string(folder.join("tools.key")).unwrap() != key);
    assert!(tools.refused("list_agents", &json!({})).contains("was started again since"));
}

#[test]
fn agents_that_start_agents_are_stopped_at_the_depth_and_at_their_number() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "--permission-mode", "acceptEdits", "root\n::sleep 120000"]);
    let mut name = "root".to_owned();
    for depth in 1..=3 {
        let child = format!("child-{depth}");
        let task = json!({ "task": "again\n::sleep 120000", "name": child });
        assert_eq!(Tools::of(&world, &name).ok("assign", &task)["agent"], child.as_str());
        let agent = world.wait_for_state(&child, "running");
        assert_eq!((&agent["depth"], &agent["permission_mode"]), (&json!(depth), &json!("acceptEdits")));
        name = child;
    }
    let why = Tools::of(&world, &name).refused("assign", &json!({ "task": "again" }));
    assert!(why.contains("3 agents stand between you and a person"), "{why}");
    let mut tools = Tools::of(&world, "root");
    for number in 2..=8 {
        tools.ok("assign", &json!({ "task": "::say done", "name": format!("part {number}") }));
    }
    // Asked again for one that there is, it is the same one; of new ones there are enough.
    let why = tools.refused("assign", &json!({ "task": "one more" }));
    assert!(why.contains("you have started 8 agents"), "{why}");
    world.ok(&["stop", "child-1"]);
    let why = tools.refused("send_message", &json!({ "to": "child-1", "text": "go on" }));
    assert!(why.contains("stopped or cleared away by a person"), "{why}");
    world.ok(&["clean", "child-1"]);
    let listed = tools.ok("list_agents", &json!({}));
    let listed = listed["agents"].as_array().unwrap();
    let in_trash = listed.iter().filter(|agent| agent["is_in_trash"] == true);
    assert_eq!(in_trash.map(|agent| agent["name"].as_str().unwrap()).collect::<Vec<_>>(), ["child-1"]);
}

#[test]
fn a_handoff_that_is_cut_off_is_gone_on_with_and_starts_nobody_twice() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000"]);
    let handoff = |seconds: u32| {
        let task = "make it\n::write made yes\n::ask Bash hold";
        json!({ "task": task, "name": "worker", "key": "w", "timeout_seconds": seconds })
    };
    let mut tools = Tools::of(&world, "boss");
    tools.begin("handoff", &handoff(60));
    until(|| world.run(&["status", "worker"]).code == 0);
    world.wait_for_request("worker");
    let awaited = world.wait("boss", |agent| agent["awaits"] != json!([]));
    assert_eq!(awaited["awaits"][0], world.agent("worker")["id"]);
    // The server is killed in the middle of the call, and another takes over: then nobody waits until it is called.
    drop(tools);
    assert_ne!(world.agent("boss")["awaits"], json!([]));
    let mut tools = Tools::of(&world, "boss");
    assert_eq!(world.agent("boss")["awaits"], json!([]));
    let answer = tools.ok("handoff", &handoff(1));
    assert!(answer["next"].as_str().unwrap().contains("call wait_for again"), "{answer:#}");
    world.ok(&["answer", "worker", "allow"]);
    let answer = tools.ok("wait_for", &json!({ "agents": ["worker"], "messages": false }));
    assert_eq!(answer["over"][0]["last_words"], "done: make it", "{answer:#}");
    assert_eq!(world.agent("boss")["awaits"], json!([]));
    let status: Value = serde_json::from_str(&world.ok(&["status", "--json"]).out).unwrap();
    assert_eq!(status["agents"].as_array().unwrap().len(), 2, "{status:#}");
}

#[test]
fn who_was_started_outlives_the_runner_of_its_starter_and_its_end_is_told() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000"]);
    Tools::of(&world, "boss").ok("assign", &json!({ "task": "survive\n::sleep 2000", "name": "worker" }));
    world.wait_for_state("worker", "running");
    kill(world.runner("boss"));
    until(|| !runs(world.runner("worker")) || world.agent("boss")["state"] == "lost");
    assert_eq!(world.agent("worker")["state"], "running", "it is no part of the other's end");
    world.wait_for_state("worker", "done");
    // What it did not report itself is told when it has ended, and that has its starter go on.
    let boss = world.wait("boss", |agent| agent["turns"].as_u64() > Some(0));
    assert_ne!(boss["state"], "lost", "{boss:#}");
    let said = thread(&threads(&world, "boss"), "assignment");
    let ended = said.iter().find(|message| message["kind"] == "ended").unwrap();
    assert!(ended["text"].as_str().unwrap().contains("done: survive"), "{ended:#}");
}

#[test]
fn whoever_waits_takes_no_place_of_a_run_and_who_is_waited_for_is_next() {
    let directives = [("boss", "::sleep 120000"), ("next", "::write next 1")];
    for has_plan in [true, false] {
        let world = World::new();
        if has_plan {
            let tasks = directives.map(|(name, directives)| task(name, directives, ""));
            world.ok(&[
                "run",
                "--trust",
                "--json",
                &world.plan(&format!("max-parallel = 1\n{}", tasks.concat())),
            ]);
        } else {
            let tasks = directives.map(|(name, directives)| format!("{name}\n{directives}"));
            world.ok(&["spawn", "--trust", "--json", "--max-parallel", "1", &tasks[0], &tasks[1]]);
        }
        world.wait_for_state("boss", "running");
        let mut tools = Tools::of(&world, "boss");
        let started = tools.ok("assign", &json!({ "task": "a part\n::write part 1", "name": "part" }));
        assert_eq!(started["agent"], "part");
        assert!(started["works_in"].as_str().unwrap().starts_with("a worktree of its own"), "{started:#}");
        assert_eq!(world.agent("part")["state"], "queued", "there is one place, and it is taken");
        let news = tools.ok("wait_for", &json!({ "agents": ["part"] }));
        assert_eq!(news["over"][0]["last_words"], "done: a part", "{news:#}");
        // Those that nobody waits for come when there is a place again.
        let waits = json!({ "agents": ["next"] });
        let news = tools.ok("wait_for", &waits);
        assert!(news["over"][0]["last_words"].as_str().unwrap().contains("next"), "{news:#}");
        let written = |name: &str| world.worktree(name).join(name).metadata().unwrap().modified().unwrap();
        assert!(written("part") < written("next"), "the one that was waited for came first");
        // It is one of the run like the others.
        assert_eq!(world.results()["tasks"].as_array().unwrap().len(), 3);
        assert_eq!(world.task("part")["state"], "done");
    }
}

#[test]
fn a_call_that_is_called_off_reads_nothing() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000", "other\n::sleep 120000"]);
    let mut tools = Tools::of(&world, "boss");
    tools.begin("wait_for", &json!({ "agents": ["other"], "messages": false }));
    world.wait("boss", |agent| agent["awaits"] != json!([]));
    Tools::of(&world, "other").ok("send_message", &json!({ "to": "boss", "text": "mind this" }));
    tools.call_off();
    world.wait("boss", |agent| agent["awaits"] == json!([]));
    let read = tools.ok("read_messages", &json!({}));
    assert_eq!(read["messages"][0]["text"], "mind this", "{read:#}");
}

#[test]
fn the_dead_are_not_waited_for_and_those_that_are_asked_again_are() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000"]);
    let mut tools = Tools::of(&world, "boss");
    tools.ok("assign", &json!({ "task": "sleep\n::sleep 120000", "name": "stopped" }));
    tools.ok("assign", &json!({ "task": "fall\n::exit 3", "name": "failed" }));
    world.wait_for_state("stopped", "running");
    tools.ok("send_message", &json!({ "to": "stopped", "text": "and this" }));
    world.ok(&["stop", "stopped"]);
    assert_eq!(world.agent("stopped")["queue"].as_array().unwrap().len(), 1);
    let wait = |name: &str| json!({ "agents": [name], "messages": false, "timeout_seconds": 20 });
    let news = tools.ok("wait_for", &wait("stopped"));
    assert_eq!(news["over"][0]["state"], "stopped", "{news:#}");
    world.wait_for_state("failed", "failed");
    tools.ok("send_message", &json!({ "to": "failed", "text": "::sleep 300\n::say better" }));
    let news = tools.ok("wait_for", &wait("failed"));
    assert!(news["over"][0]["last_words"].as_str().unwrap().starts_with("done: Message"), "{news:#}");
}

#[test]
fn the_end_of_one_that_was_asked_for_more_is_told_though_it_reported_before() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000"]);
    let mut tools = Tools::of(&world, "boss");
    tools.ok("assign", &json!({ "task": "work\n::sleep 120000", "name": "worker" }));
    world.wait_for_state("worker", "running");
    Tools::of(&world, "worker").ok("report_result", &json!({ "outcome": "done", "summary": "made" }));
    assert_eq!(tools.ok("read_messages", &json!({}))["messages"][0]["kind"], "report");
    tools.ok("send_message", &json!({ "to": "worker", "text": "::exit 3" }));
    world.ok(&["interrupt", "worker"]);
    world.wait_for_state("worker", "failed");
    world.wait("boss", |agent| agent["queue"] != json!([]));
    let read = tools.ok("read_messages", &json!({}));
    assert_eq!(read["messages"][0]["kind"], "ended", "{read:#}");
    let text = read["messages"][0]["text"].as_str().unwrap();
    assert!(text.contains("has failed, and did not report a result since you asked for more"), "{text}");
}

#[test]
fn a_server_whose_client_has_gone_ends_at_once_and_waits_no_more() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000", "other\n::sleep 120000"]);
    let mut tools = Tools::of(&world, "boss");
    tools.begin("wait_for", &json!({}));
    world.wait("boss", |agent| agent["awaits"] != json!([]));
    tools.close();
    let begin = Instant::now();
    assert!(tools.server.wait().unwrap().success());
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(world.agent("boss")["awaits"], json!([]));
}

#[test]
fn two_that_wait_for_nothing_but_each_other_are_told_so() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "one\n::sleep 120000", "other\n::sleep 120000"]);
    let mut one = Tools::of(&world, "one");
    one.begin("wait_for", &json!({ "agents": ["other"], "messages": false, "timeout_seconds": 60 }));
    world.wait("one", |agent| agent["awaits"] != json!([]));
    let mut other = Tools::of(&world, "other");
    let why = other.refused("wait_for", &json!({ "agents": ["one"], "messages": false }));
    assert!(why.contains("one waits for you") && why.contains("report_result"), "{why}");
    assert_eq!(world.agent("other")["awaits"], json!([]));
    // A message could end this one.
    let news = other.ok("wait_for", &json!({ "agents": ["one"], "timeout_seconds": 1 }));
    assert_eq!(news["at_work"][0]["name"], "one", "{news:#}");
    // What it is told to do helps.
    other.ok("report_result", &json!({ "outcome": "done", "summary": "here it is" }));
    let news = outcome(&one.hear()).unwrap();
    assert_eq!(news["over"][0]["report"]["summary"], "here it is", "{news:#}");
}

#[test]
fn nobody_starts_for_a_message_in_a_run_that_has_used_what_it_may() {
    let world = World::new();
    let plan = [
        task("boss", "::sleep 120000", ""),
        task("other", "::sleep 120000", ""),
        task("part", "::say a part", ""),
    ];
    world.ok(&["run", "--trust", "--json", &world.plan(&format!("budget-usd = 0.01\n{}", plan.concat()))]);
    world.wait_for_state("part", "done");
    world.wait_for_state("boss", "running");
    let mut tools = Tools::of(&world, "boss");
    let message = |to: &str| json!({ "to": to, "text": "::say more" });
    let why = tools.refused("send_message", &message("part"));
    assert!(why.contains("the run has used $0.01 of $0.01, so nobody starts"), "{why}");
    assert_eq!(world.agent("part")["queue"], json!([]));
    assert_eq!(tools.ok("send_message", &message("other"))["waits"], true, "it is at work");
}

#[test]
fn what_cannot_be_read_is_answered_and_the_next_call_is_too() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "alone\n::sleep 120000"]);
    let mut tools = Tools::of(&world, "alone");
    let half = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"\ud83d"}}"#;
    let endless = "x".repeat(33 << 20);
    for (line, id) in [("{", Value::Null), (half, json!(7)), (&endless, Value::Null)] {
        writeln!(tools.input, "{line}").unwrap();
        let answer = tools.hear();
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32700), &id), "{answer:#}");
    }
    assert_eq!(tools.ok("list_agents", &json!({}))["agents"][0]["name"], "alone");
    // What does not fit a tool is a mistake of the model's, a tool that is not there one of the client's.
    let why = tools.refused("send_message", &json!({ "to": "alone", "txt": "hello" }));
    assert!(why.contains("txt") && why.ends_with("look at the tool's schema"), "{why}");
    tools.begin("levitate", &json!({}));
    assert_eq!(tools.hear()["error"]["code"], -32602);
    let long = json!({ "to": "x".repeat(1000), "text": "hello", "key": "x".repeat(201) });
    let why = tools.refused("send_message", &long);
    assert!(why.len() < 250 && why.contains("there is no agent"), "{why}");
    let why = tools.refused("assign", &json!({ "task": "more", "key": "x".repeat(201) }));
    assert!(why.contains("key has 201 bytes, at most 200 are taken"), "{why}");
    let many = json!({ "outcome": "done", "summary": "much", "files": vec![""; 501] });
    let why = tools.refused("report_result", &many);
    assert!(why.contains("501 files are named, at most 500"), "{why}");
}

#[test]
fn a_report_to_one_that_was_stopped_waits_until_a_person_has_it_go_on() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000"]);
    Tools::of(&world, "boss").ok("assign", &json!({ "task": "work\n::sleep 120000", "name": "worker" }));
    world.wait_for_state("worker", "running");
    world.ok(&["stop", "boss"]);
    let mut tools = Tools::of(&world, "worker");
    let report = |summary: &str| json!({ "outcome": "done", "summary": summary, "key": summary });
    let told = tools.ok("report_result", &report("half"));
    let note = "it is kept; boss was stopped by a person, and is told when it goes on";
    assert_eq!((&told["told"], &told["note"]), (&Value::Null, &note.into()));
    assert_eq!(tools.ok("report_result", &report("half"))["note"], note, "the same one again");
    let told = tools.ok("report_result", &report("whole"));
    assert_eq!(told["note"], format!("it replaces what you reported before; {note}"));
    let why =
        tools.refused("report_result", &json!({ "outcome": "failed", "summary": "no", "key": "whole" }));
    assert!(why.contains("was the key of another report"), "{why}");
    let boss = world.agent("boss");
    assert_eq!((&boss["state"], boss["queue"].as_array().unwrap().len()), (&"stopped".into(), 2));
    world.ok(&["send", "boss", "go on"]);
    world.wait("boss", |agent| agent["turns"].as_u64() >= Some(3) && agent["queue"] == json!([]));
    let said = thread(&threads(&world, "boss"), "assignment");
    let reports = said.iter().filter(|message| message["kind"] == "report");
    assert!(
        reports.clone().count() == 2 && reports.clone().all(|report| report["state"] == "delivered"),
        "{said:#?}"
    );
}

#[test]
fn who_was_written_down_and_not_made_is_made_once() {
    let world = World::new();
    let plan = format!("max-parallel = 1\n{}", task("boss", "::sleep 120000", ""));
    world.ok(&["run", "--trust", "--json", &world.plan(&plan)]);
    world.wait_for_state("boss", "running");
    let mut tools = Tools::of(&world, "boss");
    let assign = json!({ "task": "a part", "name": "part", "key": "p" });
    tools.ok("assign", &assign);
    // As though whoever made it had been killed before its folder was there.
    let folder = world.agent_folder("part");
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(tools.ok("assign", &assign)["agent"], "part");
    assert!(folder.join("agent.json").is_file());
    let why = tools.refused("assign", &json!({ "task": "another part", "key": "p" }));
    assert!(why.contains("was the key of another task"), "{why}");
    assert_eq!(world.results()["tasks"].as_array().unwrap().len(), 2);
}

#[test]
fn who_is_started_by_one_without_a_worktree_works_in_the_same_folder() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--no-worktree", "--json", "boss\n::sleep 120000"]);
    let started = Tools::of(&world, "boss").ok("assign", &json!({ "task": "a part", "name": "part" }));
    let folder = world.shop().canonicalize().unwrap();
    assert!(started["works_in"].as_str().unwrap().contains(folder.to_str().unwrap()), "{started:#}");
    assert_eq!(world.agent("part")["branch"], Value::Null);
}

#[test]
fn an_end_is_told_once_by_a_wait_or_by_a_message() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--json", "boss\n::sleep 120000"]);
    let mut tools = Tools::of(&world, "boss");
    tools.ok("assign", &json!({ "task": "heard\n::sleep 300", "name": "heard" }));
    let news = tools.ok("wait_for", &json!({ "agents": ["heard"] }));
    assert_eq!(news["over"][0]["last_words"], "done: heard", "{news:#}");
    world.wait_for_state("heard", "done");
    tools.ok("assign", &json!({ "task": "unheard\n::ask Bash hold", "name": "unheard" }));
    tools.begin("wait_for", &json!({ "agents": ["unheard"] }));
    world.wait("boss", |agent| agent["awaits"] != json!([]));
    // Its end comes while a server that was killed waits for it, as far as anybody can tell.
    drop(tools);
    world.wait_for_request("unheard");
    world.ok(&["answer", "unheard", "allow"]);
    world.wait_for_state("unheard", "done");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(world.agent("boss")["queue"], json!([]));
    let read = Tools::of(&world, "boss").ok("read_messages", &json!({}));
    let told: Vec<_> =
        read["messages"].as_array().unwrap().iter().map(|one| (&one["from"], &one["kind"])).collect();
    assert_eq!(told, [(&"unheard".into(), &"ended".into())], "{read:#}");
}
