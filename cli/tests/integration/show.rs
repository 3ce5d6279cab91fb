//! `orchestra show`.

use std::fs;

use serde_json::Value;

use super::world::World;

#[test]
fn a_session_reads_as_text() {
    let world = World::with_sessions();
    let text = world.run(&["show", "8888"]).ok();
    assert!(text.contains("Rename Cart to Basket") && text.contains("Bash: ls -1"), "{text}");
    assert_eq!(world.run(&["show", "88888888-8888-4888-8888-888888888888"]).ok(), text);
}

#[test]
fn every_format_by_name_or_by_ending() {
    let world = World::with_sessions();
    let markdown = world.run(&["show", "8888", "--format", "md"]).ok();
    assert!(markdown.starts_with("---\n"), "{markdown}");
    let html = world.run(&["show", "8888", "--format", "html"]).ok();
    assert!(html.to_ascii_lowercase().starts_with("<!doctype html>"), "{html}");
    let json = world.run(&["show", "8888", "--json"]).ok();
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["session"]["title"], "Basket rename");
    assert!(!document["turns"].as_array().unwrap().is_empty());
    let said = world.run(&["show", "8888", "-o", "basket.md"]);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", "Wrote basket.md.\n"));
    let written = fs::read_to_string(world.home().join("basket.md")).unwrap();
    assert_eq!(written.replace(&*world.home().to_string_lossy(), "~"), markdown);
}

#[test]
fn nothing_is_overwritten() {
    let world = World::with_sessions();
    let transcript = world.transcript("8888");
    let before = fs::read(&transcript).unwrap();
    let said = world.run(&["show", "8888", "--format", "json", "--output", transcript.to_str().unwrap()]);
    assert!(said.failure().contains("is already there"));
    assert_eq!(fs::read(&transcript).unwrap(), before);
}

#[test]
fn a_name_that_says_no_format_is_asked_about() {
    let world = World::with_sessions();
    let said = world.run(&["show", "8888", "--output", "basket.pdf"]).failure();
    assert!(said.starts_with("exit code 2\nerror: there is no format for a file named .pdf\n"), "{said}");
    assert!(!world.home().join("basket.pdf").exists());
}

#[test]
fn a_transcript_from_elsewhere() {
    let world = World::with_sessions();
    let copy = world.home().join("my old session.jsonl");
    fs::copy(world.transcript("8888"), &copy).unwrap();
    let text = world.run(&["show", "./my old session.jsonl"]).ok();
    assert!(text.starts_with("Basket rename\n"), "{text}");
}

#[test]
fn what_is_not_found() {
    let world = World::with_sessions();
    let twin = world.transcript("8888").with_file_name("88887777-8888-4888-8888-888888888888.jsonl");
    fs::copy(world.transcript("8888"), twin).unwrap();
    insta::assert_snapshot!("unknown", world.run(&["show", "9999"]).failure());
    insta::assert_snapshot!("not_an_id", world.run(&["show", "--", "--settings=x"]).failure());
    insta::assert_snapshot!("no_file", world.run(&["show", "./missing.jsonl"]).failure());
    fs::write(world.home().join("notes.jsonl"), "hello\n").unwrap();
    insta::assert_snapshot!("no_transcript", world.run(&["show", "./notes.jsonl"]).failure());
    let ambiguous = world.run(&["show", "8888"]).failure();
    assert!(
        ambiguous.starts_with("exit code 1\nerror: 2 sessions have ids beginning with \"8888\":\n"),
        "{ambiguous}"
    );
    assert!(ambiguous.contains("  88888888  ") && ambiguous.contains("  88887777  "), "{ambiguous}");
    assert!(ambiguous.ends_with("hint: give a few more characters of the id\n"), "{ambiguous}");
}

#[test]
fn what_was_cleaned_up_is_said_so() {
    let world = World::empty();
    fs::create_dir(world.claude_folder()).unwrap();
    let line = r#"{"display":"Fix login","timestamp":1763880000000,"project":"/home/ada/shop","sessionId":"11111111-1111-4111-8111-111111111111","pastedContents":{}}"#;
    fs::write(world.claude_folder().join("history.jsonl"), format!("{line}\n")).unwrap();
    insta::assert_snapshot!("cleaned_show", world.run(&["show", "1111"]).failure());
    world.install_fake_claude();
    insta::assert_snapshot!("cleaned_resume", world.run(&["resume", "1111"]).failure());
}
