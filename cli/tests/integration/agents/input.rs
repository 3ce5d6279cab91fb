//! Tasks and places as people, and others, write them.

use std::{fs, io::Write, process::Stdio};

use serde_json::Value;

use super::world::World;

#[test]
fn a_task_is_a_text_whatever_it_holds() {
    let world = World::new();
    for task in [
        "--settings={\"hooks\":{}}",
        "one\ntwo \"three\" 'four' $(touch owned) `touch owned`",
        "🎉 日本語",
        "-",
    ] {
        let mut command = world.command(&["spawn", "--trust", "--json", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(task.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{task}");
        let agents: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(agents["agents"][0]["task"], task);
        let pid = agents["agents"][0]["pid"].as_u64().unwrap();
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(!String::from_utf8_lossy(&arguments).contains("touch"), "a prompt is never an argument");
    }
    assert!(!world.shop().join("owned").exists());
    let long = "x".repeat(1 << 20);
    let mut child =
        world.command(&["spawn", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(long.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn bad_input_changes_nothing() {
    let world = World::new();
    fs::write(world.home().join("empty"), "\n\n").unwrap();
    let before = world.git(&["for-each-ref"]);
    for (arguments, code, says) in [
        (vec!["spawn", "--trust"], 2, "there is no task"),
        (vec!["spawn", "--trust", "  \n"], 2, "the task is empty"),
        (vec!["spawn", "--trust", "ok", ""], 2, "the task is empty"),
        (vec!["spawn", "--trust", "-f", "../empty"], 2, "there is no task"),
        (vec!["spawn", "--trust", "-f", "nope"], 2, "nope cannot be read"),
        (vec!["spawn", "--trust", "x", "--base", "nope"], 1, "there is no branch, tag or commit \"nope\""),
        (vec!["spawn", "--trust", "x", "--base=--output=x"], 1, "there is no branch, tag or commit"),
        (vec!["spawn", "--trust", "x", "--repo", "/nope"], 2, "/nope is no folder"),
        (vec!["spawn", "--trust", "x", "--repo", ".."], 1, "is in no git repository"),
        (vec!["spawn", "x"], 1, "is not trusted yet"),
        (vec!["spawn", "--trust", "x", "--session", "ffff"], 1, "there is no session"),
        (vec!["spawn", "--trust", "x", "--max-parallel", "0"], 2, "write a whole number"),
        (vec!["spawn", "--trust", "x", "--max-budget-usd", "-1"], 2, "write an amount"),
    ] {
        let said = world.run(&arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert!(said.words.contains(says), "{arguments:?}: {}", said.words);
    }
    assert_eq!(world.git(&["for-each-ref"]), before);
    assert_eq!(
        world.ok(&["status"]).words,
        "There is no agent yet. orchestra spawn \"build auth\" starts one.\n"
    );
    for command in ["logs", "send", "answer", "interrupt", "stop", "diff", "merge", "pr", "clean", "restore"]
    {
        let more: &[&str] = if matches!(command, "send" | "answer") { &["nope", "x"] } else { &["nope"] };
        let said = world.run(&[&[command], more].concat());
        assert!(
            said.code == 1 && said.words.starts_with("error: there is no agent \"nope\""),
            "{command}: {said:?}"
        );
    }
}

#[test]
fn repositories_that_no_worktree_can_be_made_of() {
    let world = World::new();
    fs::create_dir(world.home().join("unborn")).unwrap();
    world.git_in(&world.home().join("unborn"), &["init", "-q"]);
    let said = world.run(&["spawn", "--trust", "x", "--repo", "../unborn"]);
    assert!(said.code == 1 && said.words.contains("has no commit yet"), "{said:?}");
    world.git(&["branch", "orchestra"]);
    let said = world.run(&["spawn", "--trust", "x"]);
    assert!(said.code == 1 && said.words.contains("is in the way of"), "{said:?}");
    // A folder without a repository works as it is.
    fs::create_dir(world.home().join("plain")).unwrap();
    let said = world.ok(&[
        "spawn",
        "--trust",
        "Plain\n::write here yes",
        "--repo",
        "../plain",
        "--no-worktree",
        "--wait",
    ]);
    assert!(said.out.contains("plain\tdone"), "{said:?}");
    assert!(world.home().join("plain/here").is_file());
}

#[test]
fn names_are_found_by_their_beginning_and_never_shared() {
    let world = World::new();
    let children: Vec<_> = (0..8)
        .map(|_| {
            world
                .command(&["spawn", "--trust", "Same task"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    world.git(&["branch", "orchestra/taken"]);
    assert_eq!(world.spawn("Taken", ""), "taken-2");
    let said = world.run(&["status", "same"]);
    assert!(said.words.contains("same-task-2") && said.words.contains("could be any of"), "{said:?}");
    // Of two repositories' agents, one of the repository that a person is in is meant.
    fs::create_dir(world.home().join("other")).unwrap();
    world.git_in(&world.home().join("other"), &["init", "-q"]);
    world.git_in(
        &world.home().join("other"),
        &["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    );
    world.ok(&["spawn", "--trust", "--repo", "../other", "Near one"]);
    world.ok(&["spawn", "Near two"]);
    assert_eq!(world.agent("near")["name"], "near-two");
    assert_eq!(world.agent("same-task")["name"], "same-task");
    assert_eq!(world.agent("taken")["name"], "taken-2");
    let branches = world.git(&["branch", "--list", "orchestra/same*"]);
    assert_eq!(branches.lines().count(), 8, "{branches}");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_said_in_one_line() {
    let world = World::new();
    fs::write(world.home().join("file"), "").unwrap();
    let mut command = world.command(&["spawn", "--trust", "x"]);
    let output = command.env("ORCHESTRA_HOME", world.home().join("file/state")).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(words.starts_with("error: Orchestra's own folder cannot be written"), "{words}");
}
