//! An agent that gets nowhere: it is said once, with words that get it going again, and never ended for it.

use super::world::World;

#[test]
fn one_that_fails_in_the_same_way_again_and_again_is_nudged_with_one_command() {
    let world = World::new();
    let fails = "::fail Edit String to replace not found in line 7\n".repeat(4);
    let name = world.spawn("Stuck", &format!("{fails}::sleep 600000\n::say not reached"));
    let agent = world.wait(&name, |agent| agent["attention"]["kind"] == "stuck");
    assert_eq!(agent["state"], "running");
    assert_eq!(
        agent["attention"]["summary"],
        "Edit failed 4 times in the same way: String to replace not found in line 7"
    );
    let nudge = agent["attention"]["nudge"].as_str().unwrap().to_owned();
    let listed = world.ok(&["status"]).out;
    assert!(listed.contains("\trunning\tstuck\t"), "{listed}");
    let detail = world.ok(&["status", &name]).out;
    assert!(detail.contains(&format!("orchestra send {name} --nudge says that")), "{detail}");
    assert_eq!(world.agent(&name)["attention"]["since"], agent["attention"]["since"]);

    let said = world.ok(&["send", &name, "--nudge"]);
    assert_eq!(said.words, format!("{name} is interrupted and told: {nudge}\n"));
    let now = world.wait(&name, |agent| agent["turns"] == 2 && agent["state"] == "idle");
    assert_eq!((&now["attention"]["kind"], &now["session_id"]), (&"done".into(), &agent["session_id"]));
    assert_eq!(now["pid"], agent["pid"], "its client is the same");
    let log = world.ok(&["logs", &name, "--json"]).out;
    assert!(log.contains(&nudge) && log.matches("\"event\":\"prompt_delivered\"").count() == 2, "{log}");
    assert!(world.ok(&["logs", &name]).out.contains("turn interrupted"));
    // It does not seem stuck any more: there is nothing to suggest, and words of one's own are said all the same.
    let said = world.run(&["send", &name, "--nudge"]);
    assert!(said.code == 1 && said.words.contains("does not seem stuck (it is idle)"), "{said:?}");
    world.ok(&["send", &name, "--nudge", "::say own words"]);
    world.wait(&name, |agent| agent["turns"] == 3 && agent["state"] == "idle");
}

#[test]
fn one_that_fails_and_then_succeeds_is_left_alone() {
    let world = World::new();
    let fails = "::fail Write no such folder\n".repeat(4);
    let name = world.spawn("Not stuck", &format!("{fails}::write found.txt x\n::sleep 600000"));
    world.wait(&name, |_| world.worktree(&name).join("found.txt").is_file());
    let agent = world.wait(&name, |agent| agent["attention"].is_null());
    assert_eq!(agent["state"], "running");
    assert_eq!(
        world.ok(&["logs", &name]).out.matches("no such folder").count(),
        8,
        "four in the task, and as it fails"
    );
}
