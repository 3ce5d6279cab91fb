//! Starts that fail, and say why in the same command.

use super::world::World;

/// What `spawn` says when an agent does not start.
fn failed(fault: &str) -> String {
    let world = World::with_fault(fault);
    let said = world.run(&["spawn", "--trust", "Work"]);
    assert_eq!(said.code, 1, "{said:?}");
    // One that cannot log in is let go once it has said so.
    world.wait_for_state("work", "failed");
    said.words.lines().next().unwrap().to_owned()
}

#[test]
fn a_client_that_cannot_start_is_heard() {
    assert_eq!(
        failed("crash"),
        "warning: work did not start: ended without a result (exit code 3): boom: the client cannot start"
    );
    assert_eq!(
        failed("old"),
        "warning: work did not start: ended without a result (exit code 1): error: unknown option '--permission-prompt-tool=stdio'"
    );
    assert_eq!(failed("login"), "warning: work did not start: Invalid API key · Please run /login");
}

#[test]
fn a_client_that_is_missing_is_said_before_anything_is_made() {
    let world = World::new();
    std::fs::remove_file(world.home().join("bin/claude")).unwrap();
    let said = world.run(&["spawn", "--trust", "Work"]);
    assert_eq!(said.code, 1);
    assert!(said.words.starts_with("error: Claude Code is not installed"), "{}", said.words);
    assert_eq!(world.git(&["branch", "--list", "orchestra/*"]), "");
    assert!(!world.state().join("agents").exists());
}

#[test]
fn noise_and_slowness_are_no_failure() {
    for fault in ["garbage", "slow 500", "line 3000000"] {
        let world = World::with_fault(fault);
        let name = world.spawn("Work", "::say hello");
        world.wait_for_state(&name, "idle");
    }
}

#[test]
fn a_client_that_says_nothing_is_not_waited_for_for_ever() {
    let world = World::with_fault("silent");
    let said = world.run(&["spawn", "--trust", "Work"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.words.contains("the client said nothing for 30 seconds after its start"), "{}", said.words);
    world.wait_for_state("work", "failed");
}

#[test]
fn what_failed_to_start_is_tried_again_by_a_message() {
    let mut world = World::with_fault("crash");
    assert_eq!(world.run(&["spawn", "--trust", "Work"]).code, 1);
    let said = world.run(&["send", "work", "::say again"]);
    assert!(said.code == 1 && said.words.starts_with("error: work could not be resumed"), "{said:?}");
    world.set_fault("");
    world.ok(&["send", "work", "::say and again"]);
    let agent = world.wait("work", |agent| agent["turns"] == 3);
    assert_eq!(agent["attention"]["summary"], "done: ::say and again");
}

#[test]
fn a_setup_command_runs_first_and_its_failure_is_the_agents() {
    let world = World::new();
    std::fs::write(
        world.shop().join(".orchestra.toml"),
        "copy = [\".env\"]\nsetup = \"echo working; cp .env made; echo $PORT >> made\"\nports = [\"PORT\"]\n",
    )
    .unwrap();
    std::fs::write(world.shop().join(".env"), "SECRET=1\n").unwrap();
    std::fs::write(world.shop().join(".git/info/exclude"), ".env\n").unwrap();
    let name = world.spawn("Work", "::say hello");
    world.wait_for_state(&name, "idle");
    let made = std::fs::read_to_string(world.worktree(&name).join("made")).unwrap();
    let port: u16 = made.strip_prefix("SECRET=1\n").unwrap().trim().parse().unwrap();
    assert!(port >= 20_000);
    assert!(world.ok(&["logs", &name]).out.contains("  working\n"));
    std::fs::write(world.shop().join(".orchestra.toml"), "setup = \"echo no such thing >&2; exit 7\"\n")
        .unwrap();
    let said = world.run(&["spawn", "Other"]);
    assert_eq!(said.code, 1);
    assert!(said.words.contains("the setup command failed (exit code 7): no such thing"), "{}", said.words);
    std::fs::write(world.shop().join(".orchestra.toml"), "steup = 1\n").unwrap();
    let said = world.run(&["spawn", "Third"]);
    assert!(said.code == 1 && said.words.contains("steup"), "{said:?}");
}
