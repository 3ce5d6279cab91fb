//! `orchestra resume`, with a program that only says how it was started.

use std::{fs, process::Stdio};

use super::world::World;

const FIRST: &str = "11111111-1111-4111-8111-111111111111";

fn with_client() -> World {
    let world = World::with_sessions();
    world.install_fake_claude();
    world
}

/// What the client said after its first line, the process id.
fn after_pid(said: &str) -> &str {
    said.split_once('\n').unwrap().1
}

#[test]
fn it_becomes_the_client_in_the_sessions_folder() {
    let world = with_client();
    let mut command = world.command(&["resume", "1111"]);
    let inherited = [("CLAUDECODE", "1"), ("CLAUDE_CODE_ENTRYPOINT", "cli"), ("CLAUDE_CODE_X", "1")];
    let child = command.envs(inherited).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let said = world.said(&child.wait_with_output().unwrap());
    assert_eq!(said.stderr, "");
    assert_eq!(said.ok(), format!("pid {pid}\nfolder ~/shop\nargument --resume\nargument {FIRST}\n"));
}

#[test]
fn a_session_whose_folder_is_gone_is_named_by_its_path() {
    let world = with_client();
    let said = world.run(&["resume", "5555"]);
    assert_eq!(said.stderr, "The session's folder is gone; continuing in ~.\n");
    let transcript =
        world.transcript("5555").display().to_string().replace(&*world.home().to_string_lossy(), "~");
    assert_eq!(after_pid(&said.ok()), format!("folder ~\nargument --resume\nargument {transcript}\n"));
}

#[test]
fn a_fork_is_asked_of_the_client() {
    let world = with_client();
    let said = world.run(&["resume", "1111", "--fork"]).ok();
    assert!(said.ends_with(&format!("argument {FIRST}\nargument --fork-session\n")), "{said}");
}

#[test]
fn words_that_one_session_has_name_it() {
    let world = with_client();
    assert!(world.run(&["resume", "basket", "rename"]).ok().contains("argument 88888888-"));
    let several = world.run(&["resume", "feature/login"]).failure();
    assert!(several.contains("2 sessions have \"feature/login\" in them:"), "{several}");
    insta::assert_snapshot!(world.run(&["resume", "unicorn"]).failure());
    insta::assert_snapshot!(world.run(&["resume"]).failure());
}

#[test]
fn print_gives_a_line_to_paste() {
    let world = World::with_sessions();
    fs::rename(world.home().join("shop"), world.home().join("sh op")).unwrap();
    let transcript = world.transcript("1111");
    let moved = fs::read_to_string(&transcript).unwrap().replace("/shop\"", "/sh op\"");
    fs::write(&transcript, moved).unwrap();
    assert_eq!(
        world.run(&["resume", "1111", "--print"]).ok(),
        format!("cd '~/sh op' && claude --resume {FIRST}\n"),
        "without the client being there"
    );
}

#[test]
fn without_the_client_it_says_how_to_get_it() {
    let world = World::with_sessions();
    let output = world.command(&["resume", "1111"]).env("PATH", "/nowhere").output().unwrap();
    insta::assert_snapshot!(world.said(&output).failure());
}

#[test]
#[cfg(target_os = "linux")]
fn a_live_session_is_left_alone() {
    let world = with_client();
    let pid = std::process::id();
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let start = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap();
    let records = world.claude_folder().join("sessions");
    fs::create_dir(&records).unwrap();
    let record = format!(
        r#"{{"pid":{pid},"sessionId":"{FIRST}","cwd":"/x","startedAt":1,"procStart":"{start}","version":"2.1.197","kind":"interactive","entrypoint":"cli","status":"waiting","updatedAt":1}}"#
    );
    fs::write(records.join(format!("{pid}.json")), record).unwrap();
    let said = world.run(&["resume", "1111"]).failure();
    insta::assert_snapshot!(said.replace(&pid.to_string(), "PID"));
    assert!(world.run(&["resume", "1111", "--fork"]).ok().contains("--fork-session"));
    assert!(world.run(&["sessions", "--all"]).ok().contains("\twaiting\t"));
}

#[test]
fn an_option_in_a_transcripts_folder_stays_text() {
    let world = with_client();
    let transcript = world.transcript("1111");
    let text = fs::read_to_string(&transcript).unwrap().replace("/shop\"", "/--settings=$(touch x);\"");
    fs::write(&transcript, text).unwrap();
    let said = world.run(&["resume", "1111"]).ok();
    assert!(after_pid(&said).starts_with("folder ~\nargument --resume\nargument ~/.claude/"), "{said}");
    assert!(!world.home().join("x").exists());
}
