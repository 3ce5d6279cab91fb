//! What agents ask, and what they are answered.

use serde_json::json;

use super::world::World;

const INPUT: &str = r#"{"command":"npm install","timeout":1e3,"z":"ü","a":[1,2]}"#;

#[test]
fn leave_is_given_once_for_exactly_what_was_asked() {
    let world = World::new();
    let name = world.spawn("Ask", &format!("::ask Bash {INPUT}\n::say after"));
    let request = world.wait_for_request(&name);
    assert_eq!((request["tool"].as_str(), request["summary"].as_str()), (Some("Bash"), Some("npm install")));
    let agent = world.agent(&name);
    assert_eq!(
        (agent["attention"]["kind"].as_str(), agent["attention"]["summary"].as_str()),
        (Some("permission"), Some("npm install"))
    );
    let said = world.ok(&["answer", &name, "allow"]);
    assert_eq!(said.words, "Allowed: Bash npm install\n");
    let agent = world.wait_for_state(&name, "idle");
    assert_eq!(
        (agent["attention"]["kind"].as_str(), agent["requests"].as_array().unwrap().len()),
        (Some("done"), 0)
    );
    let decisions = world.decisions(&name);
    assert_eq!(
        decisions,
        [
            json!({ "behavior": "allow", "updatedInput": { "command": "npm install", "timeout": 1e3, "z": "ü", "a": [1, 2] } })
        ]
    );
    // It asks nothing any more.
    let said = world.run(&["answer", &name, "allow"]);
    assert_eq!(said.code, 1);
    let first = "asks nothing (it is idle); what it asked last was allowed through cli";
    assert!(said.words.contains(first), "{}", said.words);
    let said = world.run(&["answer", &name, "deny", "--request", request["id"].as_str().unwrap()]);
    assert_eq!(said.code, 1);
    assert!(said.words.contains("it was allowed through cli already"), "{}", said.words);
}

#[test]
fn a_no_has_its_reason_and_always_its_rule() {
    let world = World::new();
    let name = world.spawn("Ask", "::ask Bash npm install\n::ask Bash npm test\n::ask Bash npm audit");
    world.wait_for_request(&name);
    world.ok(&["answer", &name, "deny", "--message", "use cargo"]);
    world.wait(&name, |agent| agent["requests"][0]["summary"] == "npm test");
    let said = world.run(&["answer", &name, "allow", "--always", "3"]);
    assert_eq!((said.code, said.words.contains("offers 2 rules")), (2, true), "{said:?}");
    let said = world.run(&["answer", &name, "deny", "--always"]);
    assert!(said.code == 2 && said.words.contains("allow --always, or deny --message"), "{said:?}");
    let said = world.ok(&["answer", &name, "allow", "--always"]);
    assert!(said.words.contains("Written for good: allow Bash(*)"), "{}", said.words);
    world.wait(&name, |agent| agent["requests"][0]["summary"] == "npm audit");
    world.ok(&["answer", &name, "allow", "--always", "2"]);
    world.wait_for_state(&name, "idle");
    let decisions = world.decisions(&name);
    assert_eq!(decisions[0], json!({ "behavior": "deny", "message": "use cargo" }));
    assert_eq!(decisions[1]["updatedPermissions"][0]["destination"], "localSettings");
    assert_eq!(decisions[2]["updatedPermissions"][0]["destination"], "session");
    let log = world.ok(&["logs", &name]).out;
    for line in
        ["◆ asks: Bash: npm install", "denied: use cargo (through cli)", "allowed for good (through cli)"]
    {
        assert!(log.contains(line), "{line}:\n{log}");
    }
}

#[test]
fn of_two_who_answer_one_is_told_of_the_other() {
    let world = World::new();
    for round in 0..10 {
        let name = world.spawn(&format!("Race {round}"), "::ask Bash ls");
        world.wait_for_request(&name);
        let answers: Vec<_> = ["allow", "deny"]
            .into_iter()
            .map(|answer| {
                world
                    .command(&["answer", &name, answer])
                    .stderr(std::process::Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let said: Vec<_> = answers.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        assert_eq!(said.iter().filter(|output| output.status.success()).count(), 1, "{said:?}");
        let loser = said.iter().find(|output| !output.status.success()).unwrap();
        let words = String::from_utf8_lossy(&loser.stderr);
        assert!(words.contains(if said[0].status.success() { "allowed" } else { "denied" }), "{words}");
        world.wait_for_state(&name, "idle");
        assert_eq!(world.decisions(&name).len(), 1);
    }
}

#[test]
fn questions_and_plans_are_answered() {
    let world = World::new();
    let name = world.spawn("Ask", "::question\n::plan first this, then that");
    world.wait_for_request(&name);
    let shown = world.ok(&["status", &name]).out;
    for line in ["Which database?", "  2. Postgres – take Postgres", "orchestra answer ask 1 1"] {
        assert!(shown.contains(line), "{line}:\n{shown}");
    }
    assert_eq!(world.run(&["answer", &name, "1"]).code, 2, "it asks two questions");
    for (answers, offered) in [(["17", "1"], "offers 2 choices"), (["1", "1,17"], "offers 3 choices")] {
        let said = world.run(&["answer", &name, answers[0], answers[1]]);
        assert!(said.code == 2 && said.words.contains("there is no choice 17"), "{said:?}");
        assert!(said.words.contains(offered), "{said:?}");
    }
    world.ok(&["answer", &name, "2", "1,3"]);
    let plan = world.wait(&name, |agent| agent["attention"]["kind"] == "plan");
    assert_eq!(plan["requests"][0]["plan"], "first this, then that");
    assert_eq!(world.run(&["answer", &name, "yes"]).code, 2);
    world.ok(&["answer", &name, "allow"]);
    world.wait_for_state(&name, "idle");
    let answers = &world.decisions(&name)[0]["updatedInput"]["answers"];
    assert_eq!(*answers, json!({ "Which database?": "Postgres", "Which parts?": "API, CLI" }));
}

#[test]
fn what_is_taken_back_is_asked_no_more() {
    let world = World::new();
    let name = world.spawn("Ask", "::take-back Bash ls\n::sleep 300");
    world.wait_for_state(&name, "idle");
    assert!(world.ok(&["logs", &name]).out.contains("asks no more: Bash: ls"));
    assert!(world.decisions(&name).is_empty());
}
