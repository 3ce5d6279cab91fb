//! How agents end, by themselves and by force, and that nothing of them is left.

use std::{fs, time::Duration};

use super::world::{World, kill, parent_of, pid_in, runs, until};

#[test]
fn the_exact_end_is_kept() {
    let world = World::new();
    for (directives, exit, failure) in [
        ("::exit 7", r#"{"code":7,"signal":null}"#, "ended without a result (exit code 7)"),
        (
            "::stderr out of luck\n::signal 11",
            r#"{"code":null,"signal":11}"#,
            "ended without a result (killed by signal 11): out of luck",
        ),
        ("::signal 9", r#"{"code":null,"signal":9}"#, "ended without a result (killed by signal 9)"),
        ("::no-result", r#"{"code":0,"signal":null}"#, "ended without a result (exit code 0)"),
    ] {
        let task = format!("End\n{directives}");
        // It may have ended before it counts as started.
        world.run(&["spawn", "--trust", "--json", &task]);
        let (agents, name) = (world.ok(&["status", "--json"]), "end");
        let newest: serde_json::Value = serde_json::from_str(&agents.out).unwrap();
        let name = newest["agents"][0]["name"].as_str().unwrap_or(name).to_owned();
        let agent = world.wait_for_state(&name, "failed");
        assert_eq!((agent["exit"].to_string().as_str(), agent["failure"].as_str()), (exit, Some(failure)));
        assert_eq!(agent["attention"]["kind"], "error");
    }
}

#[test]
fn what_the_api_says_is_attention_and_no_dead_agent() {
    let world = World::new();
    let name = world.spawn("Limits", "::say fine");
    world.wait_for_state(&name, "idle");
    for (directives, kind, summary) in [
        ("::error no such model", "error", "no such model"),
        ("::budget", "error", "its budget is used up"),
        ("::retry 529\n::say fine", "done", "done: ::retry 529"),
    ] {
        let turns = world.agent(&name)["turns"].as_u64();
        world.ok(&["send", &name, directives]);
        let agent = world.wait(&name, |agent| agent["turns"].as_u64() > turns && agent["state"] == "idle");
        assert_eq!(
            (agent["attention"]["kind"].as_str(), agent["attention"]["summary"].as_str()),
            (Some(kind), Some(summary))
        );
    }
}

#[test]
fn what_is_no_protocol_is_kept_and_nothing_comes_of_it() {
    let world = World::new();
    let name =
        world.spawn("Noise", "::garbage\n::invalid\n::unknown\n::line 2000000\n::subagent aside\n::say fine");
    let agent = world.wait_for_state(&name, "idle");
    assert_eq!(agent["attention"]["kind"], "done");
    let log = world.ok(&["logs", &name, "--json"]).out;
    assert!(log.contains("this is no JSON {") && log.contains("levitation") && log.contains("\"spilled\""));
}

#[test]
fn a_line_of_any_length_is_spilled_and_bounded() {
    let world = World::new();
    let name = world.spawn("Long", "::line 150000000\n::say fine");
    let agent = world.wait(&name, |agent| agent["turns"] == 1);
    assert_eq!(agent["attention"]["kind"], "done");
    let folder = world.state().join("agents").join(agent["id"].as_str().unwrap());
    let spilled: Vec<u64> = fs::read_dir(folder.join("spill"))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .collect();
    assert!(spilled.len() == 1 && spilled[0] <= 64 << 20, "{spilled:?}");
    assert!(world.ok(&["logs", &name]).out.contains("a line of 149999999 bytes lies in spill/"));
    let status = fs::read_to_string(format!("/proc/{}/status", world.runner(&name))).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().split(' ').next().unwrap().parse().unwrap();
    assert!(kilobytes < 64 << 10, "{kilobytes} kB for one line");
}

#[test]
fn stopping_ends_everything_that_stems_from_an_agent() {
    let world = World::new();
    let name = world.spawn("Stubborn", "::child\n::grandchild\n::ignore-term\n::stay\n::ask Bash wait");
    world.wait_for_request(&name);
    let worktree = world.worktree(&name);
    let pids = [
        pid_in(&worktree.join(".child")),
        pid_in(&worktree.join(".grandchild")),
        u32::try_from(world.agent(&name)["pid"].as_u64().unwrap()).unwrap(),
    ];
    assert!(pids.iter().all(|pid| runs(*pid)));
    let guard = parent_of(world.runner(&name));
    world.ok(&["stop", &name]);
    assert_eq!(world.agent(&name)["state"], "stopped");
    assert!(pids.iter().all(|pid| !runs(*pid)), "something is left of {pids:?}");
    until(|| !runs(guard));
}

#[test]
fn a_runner_that_is_killed_takes_its_agent_along_and_is_resumed() {
    let world = World::new();
    let name = world.spawn("Work", "::grandchild\n::ask Bash wait");
    world.wait_for_request(&name);
    let client = u32::try_from(world.agent(&name)["pid"].as_u64().unwrap()).unwrap();
    let grandchild = pid_in(&world.worktree(&name).join(".grandchild"));
    kill(world.runner(&name));
    let took = until(|| !runs(client) && !runs(grandchild));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let agent = world.wait_for_state(&name, "lost");
    assert_eq!(agent["failure"], "its runner was killed");
    assert_eq!(agent["requests"].as_array().unwrap().len(), 0);
    let said = world.run(&["doctor"]);
    assert!(said.code == 1 && said.out.contains("work: it is lost: its runner was killed"), "{said:?}");
    let said = world.run(&["answer", &name, "allow"]);
    assert_eq!(said.code, 1, "{said:?}");
    world.ok(&["send", &name, "::say back"]);
    world.wait(&name, |agent| agent["attention"]["summary"] == "done: ::say back");
}

#[test]
fn without_its_guard_a_runner_ends_its_agent_in_order() {
    let world = World::new();
    let name = world.spawn("Work", "::ask Bash wait");
    world.wait_for_request(&name);
    let runner = world.runner(&name);
    kill(parent_of(runner));
    until(|| !runs(runner));
    assert_eq!(world.agent(&name)["state"], "stopped");
}

#[test]
fn a_worktree_or_a_socket_that_is_taken_away() {
    let world = World::new();
    let name = world.spawn("Work", "::write a 1\n::ask Bash wait");
    world.wait_for_request(&name);
    let id = world.agent(&name)["id"].as_str().unwrap().to_owned();
    let socket = world.state().join("agents").join(&id).join("control.sock");
    fs::remove_file(&socket).unwrap();
    until(|| socket.exists());
    world.ok(&["answer", &name, "deny"]);
    world.wait_for_state(&name, "idle");
    fs::remove_dir_all(world.worktree(&name)).unwrap();
    let agent = world.wait_for_state(&name, "failed");
    assert_eq!(agent["failure"], "the folder it worked in was removed; its commits are still on its branch");
    assert!(world.git(&["branch", "--list", "orchestra/*"]).contains("orchestra/work"));
    let said = world.run(&["send", &name, "again"]);
    assert!(said.code == 1 && said.words.contains("is gone"), "{said:?}");
}

#[test]
fn agents_outlive_the_command_that_started_them_and_two_never_share_a_task() {
    let world = World::new();
    // Killed at any moment of its start, it leaves an agent that is there once or can be started.
    for wait in [0_u64, 2, 5, 10, 20, 40, 80] {
        let mut command = world.command(&["spawn", "--trust", &format!("Start {wait}\n::write a 1")]);
        let mut spawn =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let _ = spawn.kill();
        spawn.wait().unwrap();
    }
    let list: serde_json::Value = serde_json::from_str(&world.ok(&["status", "--json"]).out).unwrap();
    for agent in list["agents"].as_array().unwrap() {
        let name = agent["name"].as_str().unwrap();
        if agent["state"] == "queued" {
            continue;
        }
        world.wait(name, |agent| agent["state"] == "idle");
        let log = world.ok(&["logs", name, "--json"]).out;
        assert_eq!(log.matches("\"client_started\"").count(), 1, "{name}");
    }
}
