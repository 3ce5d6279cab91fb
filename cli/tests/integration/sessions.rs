//! `orchestra sessions`.

use std::{fs, os::unix::fs::PermissionsExt};

use jiff::SignedDuration;
use orchestra_scripted_model::client::Terminal;
use serde_json::Value;

use super::world::World;

#[test]
fn into_a_pipe_each_is_a_line() {
    let said = World::with_sessions().run(&["sessions", "--all"]);
    assert_eq!(said.stderr, "Not shown: 1 of other kinds (--kind any).\n");
    insta::assert_snapshot!(said.ok());
}

#[test]
fn on_a_terminal_they_are_a_table() {
    let world = World::with_sessions();
    let mut command = world.command(&["sessions", "--all", "--kind", "any"]);
    command.env("NO_COLOR", "1");
    let terminal = Terminal::start(command).unwrap();
    terminal.wait_for("Long job").unwrap();
    terminal.wait_for("Now write tests").unwrap();
    let shown = terminal.text();
    for part in [
        "ID",
        "WHEN",
        "PROJECT",
        "TITLE",
        "BRANCH",
        "MODEL",
        "8888",
        "Basket rename",
        "↳ Try another approach",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(terminal.finish().unwrap().success());
}

#[test]
fn the_last_day_unless_asked_otherwise() {
    let world = World::with_sessions();
    let ages = [("1111", 1), ("2222", 30), ("3333", 24 * 10), ("4444", 24 * 11), ("5555", 24 * 20)];
    for (session, hours) in ages.into_iter().chain([("6666", 2), ("7777", 3), ("8888", 4)]) {
        world.make_last_active(session, SignedDuration::from_hours(hours));
    }
    let listed = |arguments: &[&str]| {
        let said = world.run(&[&["sessions"][..], arguments].concat());
        let words = said.stderr.clone();
        let ids: Vec<String> = said.ok().lines().map(|line| line[..4].to_owned()).collect();
        (ids.join(" "), words)
    };
    assert_eq!(
        listed(&[]),
        (
            "1111 6666 8888".to_owned(),
            "Not shown: 4 older (--all), 1 of other kinds (--kind any).\n".to_owned()
        )
    );
    assert_eq!(listed(&["--hours", "48"]).0, "1111 6666 8888 2222");
    assert_eq!(listed(&["--since", "2w", "--kind", "any"]).0, "1111 6666 7777 8888 2222 3333 4444");
    assert_eq!(listed(&["--all", "--limit", "2"]).0, "1111 6666");
    assert!(listed(&["--all", "--limit", "2"]).1.contains("5 more (without --limit)"));
    assert_eq!(listed(&["--all", "--kind", "sdk"]).0, "7777");
    assert_eq!(listed(&["login", "--all"]).0, "6666 5555", "a branch is searched too");
    assert_eq!(listed(&["--all", "--project", "shop"]).0, "1111 8888 2222 3333 4444");
    assert_eq!(listed(&["--all", "--project", "shop/../api.v2"]).0, "6666 5555", "a folder that is gone");
    let (ids, words) = listed(&["--all", "--project", "sho"]);
    assert_eq!(ids, "");
    assert!(words.contains("\nThere is no folder sho here: --project takes a path"), "{words}");
}

#[test]
fn json_has_the_documented_names() {
    let world = World::with_sessions();
    let text = world.run(&["sessions", "--all", "--kind", "any", "--json"]).ok();
    let listing: Value = serde_json::from_str(&text).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&listing), ["left_out", "problems", "sessions"]);
    assert_eq!(
        keys(&listing["left_out"]),
        ["beyond_limit", "no_match", "older", "other_kinds", "other_projects"]
    );
    assert_eq!(listing["sessions"].as_array().unwrap().len(), 8);
    let session = &listing["sessions"][0];
    for field in [
        "id",
        "provider",
        "title",
        "cwd",
        "project",
        "branch",
        "model",
        "kind",
        "status",
        "started_at",
        "last_active_at",
        "path",
        "size_bytes",
        "resume_command",
    ] {
        assert!(session.as_object().unwrap().contains_key(field), "{field}");
    }
    assert_eq!(session["last_active_at"], "2026-11-23T07:11:35.965Z");
    assert_eq!(session["status"], Value::Null);
    let line = session["resume_command"].as_str().unwrap();
    assert_eq!(line, format!("cd ~/shop && claude --resume {}", session["id"].as_str().unwrap()));
}

#[test]
fn nothing_anywhere_says_where_it_looked() {
    let said = World::empty().run(&["sessions"]);
    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.stderr);
    let json = World::empty().run(&["sessions", "--json"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["sessions"], Value::Array(Vec::new()));
}

#[test]
fn nothing_that_fits_says_what_was_asked_and_what_there_is() {
    let world = World::with_sessions();
    for session in ["1111", "2222", "3333", "4444", "5555", "6666", "7777", "8888"] {
        world.make_last_active(session, SignedDuration::from_hours(100));
    }
    insta::assert_snapshot!(world.run(&["sessions"]).stderr);
    insta::assert_snapshot!(world.run(&["sessions", "unicorn", "--since", "3w", "--kind", "human"]).stderr);
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_listed() {
    let world = World::with_sessions();
    let missing = world.home().join("elsewhere");
    let said = world.run(&["sessions", "--all", "--root", missing.to_str().unwrap()]);
    assert!(said.stderr.starts_with("warning: ~/elsewhere"), "{}", said.stderr);
    assert_eq!(said.ok().lines().count(), 7);
    let said = World::empty().run(&["sessions", "--root", missing.to_str().unwrap(), "--json"]);
    assert_eq!(said.code, Some(1), "nothing could be listed");
    assert!(said.stderr.starts_with("error: nothing could be listed: "), "{}", said.stderr);
    assert!(said.stderr.ends_with("/elsewhere does not exist; check the path\n"), "{}", said.stderr);
    assert_eq!(said.stderr.lines().count(), 1, "once, not as a warning too");
    let listing: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(listing["problems"][0]["kind"], "missing_root");
}

#[test]
fn an_extra_root_is_listed_too() {
    let world = World::with_sessions();
    let other = World::with_sessions();
    fs::rename(
        other.transcript("1111"),
        other.transcript("1111").with_file_name("99999999-9999-4999-8999-999999999999.jsonl"),
    )
    .unwrap();
    let root = other.claude_folder();
    let said = world.run(&["--root", root.to_str().unwrap(), "sessions", "--all"]);
    assert_eq!(said.ok().lines().filter(|line| line.starts_with("9999")).count(), 1);
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn colours_are_for_terminals_only() {
    let world = World::with_sessions();
    assert!(!world.run(&["sessions", "--all"]).ok().contains('\u{1b}'));
    let output = world.command(&["show", "none"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(world.said(&output).stderr.contains("\u{1b}[1m\u{1b}[31merror:"));
    let output =
        world.command(&["show", "none"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!world.said(&output).stderr.contains('\u{1b}'));
}
