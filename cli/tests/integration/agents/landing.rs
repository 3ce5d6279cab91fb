//! Landing: the work of a run goes onto its branch one by one, and what does not go is sent back.

use std::{fs, process::Stdio};

use serde_json::{Value, json};

use super::{
    runs::task,
    together::Tools,
    world::{World, pid_in, runs, until},
};

fn landing(world: &World, arguments: &[&str]) -> (i32, Value) {
    let said = world.run(&[&["land", "--json"], arguments].concat());
    (said.code, serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}")))
}

/// What became of each, in the order in which they were tried.
fn outcomes(landing: &Value) -> Vec<(String, String)> {
    let text = |step: &Value, field: &str| step[field].as_str().unwrap().to_owned();
    let steps = landing["steps"].as_array().unwrap();
    steps.iter().map(|step| (text(step, "agent"), text(step, "outcome"))).collect()
}

fn pairs(outcomes: &[(&str, &str)]) -> Vec<(String, String)> {
    outcomes.iter().map(|(agent, outcome)| ((*agent).to_owned(), (*outcome).to_owned())).collect()
}

#[test]
fn four_branches_land_of_which_two_conflict() {
    let world = World::new();
    let plan = [
        task("left", "::write README.md left", ""),
        task("one", "::write one 1", ""),
        task("right", "::write README.md right", ""),
        task("two", "::write two 2", "from = \"one\""),
    ];
    assert_eq!(world.work_off(&plan.concat()).code, 0);
    let left = world.task("left");
    assert_eq!(left["conflicts"][0]["with"], "right", "{left:#}");
    let (code, landed) = landing(&world, &["--check", "test -f README.md"]);
    assert_eq!(code, 1);
    let first = [("one", "landed"), ("left", "landed"), ("right", "conflict"), ("two", "waits")];
    let order: Vec<_> = outcomes(&landed);
    assert!(order.contains(&("right".into(), "conflict".into())), "{order:?}");
    let landed_before: Vec<_> = order.iter().take_while(|(_, outcome)| outcome == "landed").collect();
    assert_eq!(landed_before.len(), 3, "what goes together lands first: {order:?} {first:?}");
    // The target is what was checked, and everything else is as it was.
    assert_eq!(world.git(&["rev-parse", "main"]), landed["commit"].as_str().unwrap());
    assert_eq!(fs::read_to_string(world.shop().join("README.md")).unwrap(), "left\n");
    assert_eq!(world.git(&["status", "--porcelain"]), "");
    assert_eq!(
        fs::read_dir(world.state().join("landing")).unwrap().count(),
        0,
        "no scratch worktree is left"
    );
    // The agent was told, once.
    world.wait("right", |agent| agent["turns"] == 2 && agent["state"] == "done");
    let log = world.ok(&["logs", "right"]).out;
    assert!(log.contains("change the same lines of README.md"), "{log}");
    let (code, again) = landing(&world, &[]);
    assert!(code == 1 && outcomes(&again).contains(&("right".into(), "conflict".into())), "{again:#}");
    assert_eq!(world.ok(&["logs", "right"]).out.matches("› Your work and main change").count(), 1);
    // What it would do.
    let tree = world.worktree("right");
    drop(std::process::Command::new("git").current_dir(&tree).args(["merge", "-q", "main"]).output());
    fs::write(tree.join("README.md"), "left\nright\n").unwrap();
    world.git_in(&tree, &["commit", "-qam", "both"]);
    let (code, last) = landing(&world, &["--check", "grep -q left README.md && grep -q right README.md"]);
    assert_eq!(code, 0, "{last:#}");
    assert_eq!(fs::read_to_string(world.shop().join("README.md")).unwrap(), "left\nright\n");
    assert!(world.results()["tasks"].as_array().unwrap().iter().all(|task| task["landed"].is_string()));
    assert!(world.ok(&["clean"]).out.lines().all(|line| line.ends_with("cleaned")));
}

#[test]
fn a_red_check_keeps_the_target_where_it_is_and_others_wait_or_go_on() {
    let world = World::new();
    // Each is green alone; together the second is red.
    let plan = [
        "check = \"! { test -f one && test -f two; }\"\n".to_owned(),
        task("one", "::write one 1", ""),
        task("two", "::write two 2", ""),
        task("three", "::write three 3", ""),
    ];
    assert_eq!(world.work_off(&plan.concat()).code, 0);
    let (code, landed) = landing(&world, &[]);
    assert_eq!(code, 1);
    assert_eq!(outcomes(&landed), pairs(&[("one", "landed"), ("two", "red"), ("three", "waits")]));
    assert_eq!(landed["steps"][1]["check"]["exit_code"], 1);
    assert!(world.shop().join("one").is_file() && !world.shop().join("two").exists());
    world.wait("two", |agent| agent["turns"] == 2 && agent["state"] == "done");
    let (code, landed) = landing(&world, &["--keep-going"]);
    assert_eq!(code, 1);
    assert_eq!(outcomes(&landed), pairs(&[("one", "nothing"), ("two", "red"), ("three", "landed")]));
    assert!(world.shop().join("three").is_file() && !world.shop().join("two").exists());
}

#[test]
fn who_was_told_and_changed_nothing_is_not_sent_back_again() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "One\n::write one 1"]);
    let checks = world.home().join("checks");
    let check = format!("echo >> {}; false", checks.display());
    let (code, landed) = landing(&world, &["--wait", "--check", &check]);
    assert_eq!((code, outcomes(&landed)), (1, pairs(&[("one", "red")])));
    assert_eq!(landed["steps"][0]["told"], false, "it was, in the first round: {landed:#}");
    assert_eq!(
        fs::read_to_string(&checks).unwrap().lines().count(),
        2,
        "once more after its turn, and no more"
    );
    let said = world.run(&["land", "--check", &check]);
    assert!(said.code == 1 && said.out.contains("it was told already and changed nothing"), "{said:?}");
    assert!(said.words.contains("orchestra send one"), "{said:?}");
    // Nobody else said so.
    let messages: Value = serde_json::from_str(&world.ok(&["messages", "--json"]).out).unwrap();
    let messages = messages["threads"][0]["messages"].as_array().unwrap();
    assert_eq!(
        (messages.len(), &messages[0]["from"]["kind"]),
        (1, &Value::from("orchestra")),
        "{messages:?}"
    );
    // Another check is another matter.
    let (_, landed) = landing(&world, &["--check", "exit 3"]);
    assert_eq!(landed["steps"][0]["told"], true, "{landed:#}");
}

#[test]
fn a_landing_that_was_cut_off_is_told_and_gone_on_with() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "One\n::write one 1", "Two\n::write two 2"]);
    let landing_of = || world.results()["landing"].clone();
    assert!(landing_of().is_null());
    let hold = world.home().join("hold");
    let check = format!("test -f two && {{ sleep 1000 & echo $! > {}; wait; }}; true", hold.display());
    let mut landing_one = world.command(&["land", "--check", &check]).spawn().unwrap();
    until(|| fs::read(&hold).is_ok_and(|words| words.ends_with(b"\n")));
    assert_eq!(landing_of(), "under_way");
    landing_one.kill().unwrap();
    landing_one.wait().unwrap();
    let sleeping = pid_in(&hold);
    until(|| !runs(sleeping));
    until(|| landing_of() == "cut_off");
    let said = world.run(&["doctor"]);
    assert!(said.code == 1 && said.out.contains("its last landing was cut off"), "{said:?}");
    assert!(world.ok(&["results"]).words.contains("the last landing was cut off; orchestra land"));
    let (code, landed) = landing(&world, &[]);
    assert_eq!((code, outcomes(&landed)), (0, pairs(&[("one", "nothing"), ("two", "landed")])));
    assert!(landing_of().is_null());
    assert_eq!(fs::read_dir(world.state().join("landing")).unwrap().count(), 0, "what was left is gone");
}

#[test]
fn work_that_is_half_done_does_not_land() {
    let world = World::new();
    let plan = [task("one", "::write one 1", ""), task("two", "::write two 2", "")];
    world.work_off(&plan.concat());
    world.ok(&["send", "two", "::write half 1\n::sleep 600000"]);
    world.wait("two", |agent| agent["state"] == "running");
    until(|| world.worktree("two").join("half").exists());
    world.ok(&["stop", "two"]);
    let said = world.run(&["land"]);
    assert!(said.code == 1 && said.words.contains("1 agent waits: not all of it has landed"), "{said:?}");
    assert!(
        said.out.contains("two  waits: it was stopped in the middle of what it was told last"),
        "{said:?}"
    );
    assert!(world.shop().join("one").exists() && !world.shop().join("half").exists());
    world.ok(&["send", "two", "::say done"]);
    world.wait("two", |agent| agent["state"] == "done");
    let (code, landed) = landing(&world, &[]);
    assert_eq!((code, outcomes(&landed)), (0, pairs(&[("one", "nothing"), ("two", "landed")])), "{landed:#}");
}

#[test]
fn what_was_begun_on_work_that_does_not_land_does_not_bring_it_along() {
    let world = World::new();
    let plan = task("parent", "::write bad 1\n::sleep 600000", "check = \"test ! -e bad\"");
    world.ok(&["run", "--trust", &world.plan(&plan)]);
    world.wait("parent", |agent| agent["state"] == "running");
    let tree = world.worktree("parent");
    until(|| tree.join("bad").exists());
    world.git_in(&tree, &["add", "-A"]);
    world.git_in(&tree, &["commit", "-qm", "bad"]);
    let mut tools = Tools::of(&world, "parent");
    tools.ok("assign", &json!({ "task": "::write good 1", "name": "child" }));
    world.wait("child", |agent| agent["state"] == "done" || agent["state"] == "idle");
    drop(tools);
    world.ok(&["stop", "parent"]);
    let (code, landed) = landing(&world, &[]);
    assert_eq!(
        (code, outcomes(&landed)),
        (1, pairs(&[("child", "waits"), ("parent", "waits")])),
        "{landed:#}"
    );
    let why = landed["steps"][0]["why"].as_str().unwrap();
    assert_eq!(why, "it began on the work of parent, which has not landed", "{landed:#}");
    // On a branch that has that work it lands, and is checked as its starter's work is.
    world.git(&["branch", "both", "orchestra/parent"]);
    let (_, landed) = landing(&world, &["--into", "both"]);
    assert_eq!(outcomes(&landed)[0], ("child".into(), "red".into()), "{landed:#}");
}

#[test]
fn who_is_told_more_while_others_are_tried_waits() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "One\n::write one 1", "Two\n::write two 2"]);
    let (hold, go) = (world.home().join("hold"), world.home().join("go"));
    let check = format!(
        "echo $$ > {hold}; while ! test -e {go}; do sleep 0.02; done",
        hold = hold.display(),
        go = go.display()
    );
    let landing_all =
        world.command(&["land", "--json", "--check", &check]).stdout(Stdio::piped()).spawn().unwrap();
    until(|| fs::read(&hold).is_ok_and(|words| words.ends_with(b"\n")));
    world.ok(&["send", "two", "::write half 1\n::sleep 600000"]);
    until(|| world.worktree("two").join("half").exists());
    fs::write(go, "").unwrap();
    let landed: Value = serde_json::from_slice(&landing_all.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(outcomes(&landed), pairs(&[("one", "landed"), ("two", "waits")]), "{landed:#}");
    assert_eq!(world.git(&["log", "--format=%s", "--", "two", "half"]), "");
    let results = world.results();
    assert_eq!(results["last_landing"]["landing"]["steps"], landed["steps"], "{results:#}");
    world.ok(&["stop", "two"]);
}

#[test]
fn a_landing_is_stopped_with_its_run() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "One\n::write one 1", "Two\n::write two 2"]);
    let hold = world.home().join("hold");
    let check = format!("test -f two && {{ echo $$ > {}; exec sleep 1000; }}; true", hold.display());
    let landing_one = world.command(&["land", "--check", &check]).stderr(Stdio::piped()).spawn().unwrap();
    until(|| fs::read(&hold).is_ok_and(|words| words.ends_with(b"\n")));
    let said = world.ok(&["stop", "--run", "one"]);
    assert!(said.words.contains("The landing of run") && said.words.contains("is stopped"), "{said:?}");
    let ended = landing_one.wait_with_output().unwrap();
    let words = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && words.contains("error: the landing was stopped"), "{words}");
    assert!(!runs(pid_in(&hold)));
    let (code, landed) = landing(&world, &[]);
    assert_eq!((code, outcomes(&landed)), (0, pairs(&[("one", "nothing"), ("two", "landed")])));
}

#[test]
fn what_was_spawned_lands_too_and_a_checkout_in_the_way_is_left_alone() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "Two\n::write README.md 2", "Three\n::write three 3"]);
    fs::write(world.shop().join("README.md"), "own\n").unwrap();
    let said = world.run(&["land"]);
    assert!(said.code == 1 && said.words.contains("in the way of 1 agent"), "{said:?}");
    assert!(said.out.contains("two    waits: README.md in "), "{said:?}");
    assert!(said.out.contains("three  landed"), "{said:?}");
    assert_eq!(fs::read_to_string(world.shop().join("README.md")).unwrap(), "own\n");
    let (code, landed) = landing(&world, &["--keep-going"]);
    assert_eq!(code, 1);
    let mut order = outcomes(&landed);
    order.sort();
    assert_eq!(order, pairs(&[("three", "nothing"), ("two", "in_the_way")]));
    world.git(&["checkout", "-q", "README.md"]);
    let said = world.ok(&["land"]);
    assert!(said.out.contains("two    landed"), "{said:?}");
    assert_eq!(world.git(&["status", "--porcelain"]), "");
    let said = world.ok(&["land"]);
    assert!(said.out.lines().all(|line| line.ends_with("it is there already")), "{said:?}");
}

#[test]
fn nothing_lands_on_a_branch_that_is_being_rebased() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "One\n::write one 1"]);
    let shop = world.shop();
    world.git(&["branch", "upstream"]);
    fs::write(shop.join("README.md"), "mine\n").unwrap();
    world.git(&["commit", "-qam", "mine"]);
    world.git(&["checkout", "-q", "upstream"]);
    fs::write(shop.join("README.md"), "theirs\n").unwrap();
    world.git(&["commit", "-qam", "theirs"]);
    world.git(&["checkout", "-q", "main"]);
    let rebase =
        || std::process::Command::new("git").current_dir(&shop).args(["rebase", "-q", "upstream"]).output();
    assert!(!rebase().unwrap().status.success(), "it stops at a conflict");
    let before = world.git(&["rev-parse", "main"]);
    for arguments in [["land"].as_slice(), &["merge", "one"]] {
        let said = world.run(arguments);
        assert!(said.code == 1 && said.words.contains("main cannot move: a rebase is under way"), "{said:?}");
        assert!(said.words.contains("finish or abort that there first"), "{said:?}");
    }
    assert_eq!(world.git(&["rev-parse", "main"]), before);
    world.git(&["rebase", "--abort"]);
    world.ok(&["land"]);
    assert!(shop.join("one").is_file());
}

#[test]
fn what_is_made_after_a_landing_is_to_be_landed_too() {
    let world = World::new();
    let before = world.git(&["rev-parse", "main"]);
    world.ok(&["spawn", "--trust", "--wait", "One\n::write one 1", "Two\n::write two 2"]);
    world.ok(&["land"]);
    let landed = || world.task("one")["landed"].is_string();
    assert!(landed());
    let send = |words: &str, turns: u64| {
        world.ok(&["send", "one", words]);
        world.wait("one", |agent| {
            agent["turns"] == turns && (agent["state"] == "done" || agent["state"] == "idle")
        });
    };
    send("::say Nothing more.", 2);
    assert!(landed(), "it made nothing more");
    send("::write more 1", 3);
    let one = world.task("one");
    assert!(one["landed"].is_null() && one["state"] == "done", "{one:#}");
    assert_eq!(one["diffstat"]["files"], 1, "what is to be landed: {one:#}");
    world.ok(&["land"]);
    assert!(landed() && world.shop().join("more").is_file());
    // As one commit it is there all the same; taken off the branch it is not.
    world.git(&["reset", "-q", "--soft", &before]);
    world.git(&["commit", "-qm", "all"]);
    assert!(landed());
    world.git(&["reset", "-q", "--hard", &before]);
    assert!(!landed());
}
