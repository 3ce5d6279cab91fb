//! Agents with the real client, both pinned versions, and a scripted model: the main path, and the shapes that the
//! protocol's reader relies on.

use std::{fs, path::PathBuf};

use super::world::{World, until};
use crate::integration::real_client::with_each_client;

pub(super) fn in_each_world(check: impl Fn(&World)) {
    with_each_client(|client| check(&World::with_real_client(client)));
}

#[test]
fn two_agents_write_at_once_and_are_taken() {
    in_each_world(|world| {
        let tasks = ["Build auth [[write auth.txt A]]", "Write tests [[write tests.txt T]]"];
        let said =
            world.ok(&["spawn", "--trust", "--wait", "--permission-mode", "acceptEdits", tasks[0], tasks[1]]);
        assert_eq!(said.out.matches("\tdone\t").count(), 2, "{said:?}");
        assert_eq!(world.git(&["status", "--porcelain"]), "", "the main checkout is untouched");
        let (auth, tests) = ("build-auth-write-auth", "write-tests-write-tests");
        let files =
            |name: &str| ["auth.txt", "tests.txt"].map(|file| world.worktree(name).join(file).is_file());
        assert_eq!((files(auth), files(tests)), ([true, false], [false, true]));
        let agent = world.agent(auth);
        assert!(agent["cost_usd"].as_f64().unwrap() > 0.0 && agent["tokens"]["output"].as_u64().unwrap() > 0);
        world.ok(&["merge", auth]);
        world.ok(&["merge", tests, "--squash"]);
        assert!(world.shop().join("auth.txt").is_file() && world.shop().join("tests.txt").is_file());
        assert_eq!(world.ok(&["clean"]).out.matches("cleaned").count(), 2);
        // The sessions are known as what they are, by their repository.
        let sessions = world.ok(&["sessions", "--json", "--kind", "agent"]).out;
        let sessions: serde_json::Value = serde_json::from_str(&sessions).unwrap();
        let projects: Vec<&str> = sessions["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| session["project"].as_str().unwrap())
            .collect();
        assert_eq!(projects, ["shop", "shop"]);
    });
}

#[test]
fn leave_is_given_refused_and_given_for_good() {
    in_each_world(|world| {
        let task = "Ask [[bash touch one]] [[bash touch two]] [[bash touch three]] [[bash rm -f two]] [[bash touch three]]";
        let name = world.spawn("Ask", task);
        world.wait(&name, |agent| agent["requests"][0]["summary"] == "touch one");
        world.ok(&["answer", &name, "allow"]);
        world.wait(&name, |agent| agent["requests"][0]["summary"] == "touch two");
        world.ok(&["answer", &name, "deny", "--message", "not that one"]);
        let request = world.wait(&name, |agent| agent["requests"][0]["summary"] == "touch three");
        let rules = request["requests"][0]["suggestions"].as_array().unwrap();
        let bash =
            rules.iter().position(|rule| rule["rule"].as_str().unwrap().contains("touch")).unwrap() + 1;
        world.ok(&["answer", &name, "allow", "--always", &bash.to_string()]);
        world.wait(&name, |agent| agent["requests"][0]["summary"] == "rm -f two");
        fs::remove_file(world.worktree(&name).join("three")).unwrap();
        world.ok(&["answer", &name, "allow"]);
        // The second time it does not ask.
        world.wait(&name, |agent| agent["state"] == "idle");
        let made = |file: &str| world.worktree(&name).join(file).exists();
        assert_eq!(["one", "two", "three"].map(made), [true, false, true]);
        let log = world.ok(&["logs", &name]).out;
        assert!(log.contains("not that one"), "{log}");
    });
}

#[test]
fn messages_interrupts_and_resuming() {
    in_each_world(|world| {
        let name = world.spawn("Talk", "[[slow 200 50]]");
        // Some of its words are there.
        world.wait(&name, |agent| agent["sequence"].as_u64() > Some(12));
        world.ok(&["send", &name, "Then [[say second]]"]);
        assert_eq!(world.agent(&name)["queue"].as_array().unwrap().len(), 1);
        world.ok(&["interrupt", &name]);
        let agent = world.wait(&name, |agent| agent["attention"]["summary"] == "second");
        assert_eq!((agent["state"].as_str(), agent["turns"].as_u64()), (Some("idle"), Some(2)));
        let session = agent["session_id"].clone();
        world.ok(&["stop", &name]);
        world.ok(&["send", &name, "Go on [[say third]]"]);
        let agent = world.wait(&name, |agent| agent["attention"]["summary"] == "third");
        assert_eq!(agent["session_id"], session);
        until_it_shows(world, session.as_str().unwrap(), &["second", "third"]);
    });
}

#[test]
fn questions_plans_and_subagents() {
    in_each_world(|world| {
        let name = world.spawn(
            "Ask",
            "[[ask Which database? | SQLite | Postgres]] [[agent Look around {{say inner words}}]]",
        );
        world.wait(&name, |agent| agent["attention"]["kind"] == "question");
        world.ok(&["answer", &name, "2"]);
        world.wait(&name, |agent| agent["state"] == "idle");
        let log = world.ok(&["logs", &name]).out;
        for words in ["\"Which database?\"=\"Postgres\"", "answered: Postgres (through cli)", "inner words"] {
            assert!(log.contains(words), "{words}:\n{log}");
        }
        let said = world.ok(&[
            "spawn",
            "--json",
            "--permission-mode",
            "plan",
            "Plan it\n[[plan first this, then that]]",
        ]);
        assert!(said.out.contains("\"plan-it\""));
        let agent = world.wait("plan-it", |agent| agent["attention"]["kind"] == "plan");
        assert_eq!(agent["requests"][0]["plan"], "first this, then that");
        world.ok(&["answer", "plan-it", "allow"]);
        let agent = world.wait("plan-it", |agent| agent["state"] == "idle");
        assert_eq!(agent["permission_mode"], "default");
    });
}

#[test]
fn a_budget_is_reached_and_a_refused_request_is_attention() {
    in_each_world(|world| {
        let said =
            world.run(&["spawn", "--trust", "--wait", "--max-budget-usd", "0.001", "Budget\n[[say a lot]]"]);
        assert_eq!(said.code, 1);
        assert!(said.out.contains("its budget is used up"), "{said:?}");
        let name = world.spawn("Overloaded", "[[fail 529]] [[say fine]]");
        world.wait(&name, |agent| agent["attention"]["summary"] == "fine");
        world.run(&["spawn", "Refused\n[[fail 403]]"]);
        let agent = world.wait("refused", |agent| agent["attention"]["kind"] == "error");
        assert!(agent["attention"]["summary"].as_str().unwrap().contains("403"), "{agent:#}");
    });
}

#[test]
fn a_discovered_session_goes_on_as_a_copy_in_a_worktree() {
    in_each_world(|world| {
        let name = world.spawn("First", "[[say the first words]]");
        let first =
            world.wait(&name, |agent| agent["state"] == "idle")["session_id"].as_str().unwrap().to_owned();
        until_it_shows(world, &first, &["the first words"]);
        // Once its client has ended, nothing more is written to the first one's transcript.
        world.ok(&["stop", &name]);
        let before = fs::read(transcript(world, &first).unwrap()).unwrap();
        world.ok(&["spawn", "--json", "--session", &first[..8], "Go on\n[[say more words]]"]);
        let agent = world.wait("go-on", |agent| agent["attention"]["summary"] == "more words");
        let copy = agent["session_id"].as_str().unwrap();
        assert_ne!(copy, first);
        assert_eq!(fs::read(transcript(world, &first).unwrap()).unwrap(), before, "the first is as it was");
        until_it_shows(world, copy, &["the first words", "more words"]);
        world.ok(&["stop", "go-on"]);
        world.ok(&["send", "go-on", "Once more [[say the last words]]"]);
        world.wait("go-on", |agent| agent["attention"]["summary"] == "the last words");
    });
}

/// The client writes its transcript a little after it has said what is in it.
fn until_it_shows(world: &World, session: &str, words: &[&str]) {
    until(|| {
        let shown = world.run(&["show", session]).out;
        words.iter().all(|words| shown.contains(words))
    });
}

fn transcript(world: &World, session: &str) -> Option<PathBuf> {
    let projects = fs::read_dir(world.home().join(".claude/projects")).ok()?;
    let mut buckets = projects.map(|bucket| bucket.unwrap().path());
    buckets.find_map(|bucket| Some(bucket.join(format!("{session}.jsonl"))).filter(|file| file.is_file()))
}
