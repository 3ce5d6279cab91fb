//! What a new user reads first.

use jiff::SignedDuration;

use super::world::World;

#[test]
fn alone_it_shows_the_way_in() {
    let said = World::empty().run(&[]);
    assert!(said.stderr.starts_with("There is no Claude Code session in ~/.claude.\n"), "{}", said.stderr);
    let text = said.ok();
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text);
}

#[test]
fn alone_it_shows_what_was_worked_on_and_uses_it_in_its_examples() {
    let world = World::with_sessions();
    for session in ["1111", "2222", "3333", "4444", "5555", "6666", "8888"] {
        world.make_last_active(session, SignedDuration::from_hours(if session == "6666" { 1 } else { 2 }));
    }
    let said = world.run(&[]);
    assert_eq!(said.stderr, "");
    let text = said.ok();
    assert!(text.contains("\n6666  1 h") || text.contains("\nYesterday\n6666  "), "{text}");
    assert!(text.contains("and 2 more in the last 24 hours\n"), "{text}");
    assert!(text.contains("  orchestra show 6666  "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.lines().count() < 24, "{text}");
    let world = World::with_sessions();
    for session in ["1111", "2222", "3333", "4444", "5555", "6666", "7777", "8888"] {
        world.make_last_active(session, SignedDuration::from_hours(100));
    }
    let text = world.run(&[]).ok();
    assert!(text.contains("None in the last 24 hours; orchestra sessions --all "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn help_fits_eighty_columns() {
    let world = World::empty();
    for command in [
        &["--help"][..],
        &["help", "sessions"],
        &["sessions", "--help"],
        &["show", "--help"],
        &["resume", "--help"],
        &["run", "--help"],
        &["results", "--help"],
        &["choose", "--help"],
        &["land", "--help"],
        &["messages", "--help"],
        &["mcp", "--help"],
        &["web", "--help"],
        &["demo", "--help"],
        &["completions", "--help"],
    ] {
        let text = world.run(command).ok();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
        insta::assert_snapshot!(format!("help_{}", command.join("_").replace("-", "")), text);
    }
    for command in [
        "spawn",
        "status",
        "logs",
        "send",
        "answer",
        "interrupt",
        "stop",
        "unpark",
        "diff",
        "merge",
        "pr",
        "clean",
        "restore",
        "doctor",
    ] {
        let text = world.run(&[command, "--help"]).ok();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{command}: {text}");
    }
}

#[test]
fn usage_errors_end_with_two() {
    let world = World::empty();
    for wrong in [
        &["sesions"][..],
        &["sessions", "--since", "soon"],
        &["sessions", "--hours", "0"],
        &["sessions", "--limit", "-1"],
        &["sessions", "--all", "--hours", "2"],
        &["sessions", "--kind", "robots"],
        &["sessions", "--since", "2999-01-01"],
        &["show"],
        &["web", "--addr", "everywhere"],
        &["spawn", "x", "--permission-mode", "foo"],
        &["send", "x", "--permission-mode", "foo"],
        &["logs", "x", "--after", "abc"],
    ] {
        let said = world.run(wrong);
        assert_eq!(said.code, Some(2), "{wrong:?}: {}", said.stderr);
        assert_eq!(said.stdout, "");
        assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    }
}

#[test]
fn a_word_mistyped_is_guessed() {
    insta::assert_snapshot!(World::empty().run(&["sesions"]).failure());
    insta::assert_snapshot!(World::empty().run(&["sessions", "--since", "soon"]).failure());
    insta::assert_snapshot!(World::empty().run(&["sessions", "--limit", "0"]).failure());
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = World::empty().run(&["completions", shell]).ok();
        assert!(script.contains("sessions") && script.contains("project"), "{shell}");
    }
}

#[test]
fn a_reader_who_leaves_early_is_not_bothered() {
    let world = World::with_sessions();
    let mut command = world.command(&["completions", "bash"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let said = world.said(&command.stdout(writer).output().unwrap());
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
}
