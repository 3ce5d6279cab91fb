//! Plans: worked off in their order, checked, tried again, cut off and gone on with.

use std::{fs, os::unix::process::CommandExt, process::Stdio, thread, time::Duration};

use serde_json::Value;

use super::world::{Said, World, kill, parent_of, pid_in, runs, said, until};

impl World {
    /// Writes a plan and answers its path.
    pub(super) fn plan(&self, text: &str) -> String {
        let file = self.home().join("plan.toml");
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Works a plan off and waits for its end.
    #[track_caller]
    pub(super) fn work_off(&self, text: &str) -> Said {
        let file = self.plan(text);
        self.run(&["run", "--trust", "--wait", &file])
    }

    /// The results of the newest run.
    #[track_caller]
    pub(super) fn results(&self) -> Value {
        serde_json::from_str(&self.ok(&["results", "--json"]).out).unwrap()
    }

    /// A task of the newest run.
    #[track_caller]
    pub(super) fn task(&self, name: &str) -> Value {
        let results = self.results();
        let tasks = results["tasks"].as_array().unwrap();
        tasks
            .iter()
            .find(|task| task["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {results:#}"))
            .clone()
    }
}

/// A task as a plan says it.
pub(super) fn task(name: &str, directives: &str, more: &str) -> String {
    format!("[[task]]\nname = \"{name}\"\nprompt = '''\nTask {name}\n{directives}\n'''\n{more}\n")
}

#[test]
fn a_plan_is_worked_off_in_its_order() {
    let world = World::new();
    let plan = ["max-parallel = 2\n".to_owned()]
        .into_iter()
        .chain([
            task("docs", "::write docs 3", "after = [\"api\"]"),
            task("schema", "::write schema 1", "check = \"grep -q 1 schema\""),
            task("api", "::write api 2", "from = \"schema\"\ncheck = \"test -f schema && test -f api\""),
        ])
        .collect::<String>();
    let dry = world.ok(&["run", "--dry-run", &world.plan(&plan)]);
    let order: Vec<&str> =
        dry.out.split_whitespace().filter(|word| ["docs", "schema", "api"].contains(word)).collect();
    assert_eq!(order[0], "schema", "{}", dry.out);
    assert!(dry.out.lines().last().unwrap().ends_with("after api"), "{}", dry.out);
    let dry = world.run(&["run", "--dry-run", "--base", "nowhere", &world.plan(&plan)]);
    assert!(dry.code == 1 && dry.words.contains("there is no branch, tag or commit \"nowhere\""), "{dry:?}");
    let said = world.work_off(&plan);
    assert_eq!(said.code, 0, "{said:?}");
    let results = world.results();
    assert!(results["is_over"] == true && results["spent"]["usd"].as_f64().unwrap() > 0.029, "{results:#}");
    for name in ["schema", "api", "docs"] {
        let task = world.task(name);
        assert_eq!((&task["state"], &task["turns"]), (&"done".into(), &1.into()), "{task:#}");
        assert_eq!(task["diffstat"]["files"], 1, "{task:#}");
    }
    let api = world.task("api");
    assert_eq!((&api["check"]["passed"], &api["check"]["exit_code"]), (&true.into(), &0.into()));
    assert_eq!(world.task("schema")["commits"].as_array().unwrap().len(), 1, "it was committed for the next");
    let begun = |name: &str| world.agent(name)["updated_at"].as_str().unwrap().to_owned();
    assert!(begun("schema") <= begun("api") && begun("api") <= begun("docs"));
    let report = world.ok(&["results", "--md"]).out;
    assert!(report.starts_with("## 3 of 3 tasks done\n") && report.contains("| api | done |"), "{report}");
}

#[test]
fn what_comes_after_a_task_that_failed_does_not_start_and_says_why() {
    let world = World::new();
    let plan = [
        task("base", "::exit 4", ""),
        task("next", "::say next", "after = [\"base\"]"),
        task("last", "::say last", "after = [\"next\"]"),
        task("other", "::say other", ""),
    ];
    let said = world.work_off(&plan.concat());
    assert!(said.code == 1 && said.words.contains("error: 3 tasks are not done"), "{said:?}");
    for words in ["✗ base failed: ", "– next cannot start: base failed", "✓ other is done"] {
        assert_eq!(said.words.matches(words).count(), 1, "{said:?}");
    }
    assert_eq!(world.task("base")["state"], "failed");
    assert_eq!(world.task("other")["state"], "done");
    assert_eq!(world.task("next")["state"], "blocked");
    assert_eq!(world.agent("next")["waits"], "base failed, and this comes after it");
    assert!(world.ok(&["status"]).out.contains("next cannot start, and this comes after it"));
    // Another chance for the first is one for all of them.
    world.ok(&["send", "base", "::say better"]);
    world.wait_for_state("last", "done");
    until(|| world.results()["is_over"] == true);
    assert!(world.results()["tasks"].as_array().unwrap().iter().all(|task| task["state"] == "done"));
}

#[test]
fn a_whole_name_means_its_agent_and_a_run_of_elsewhere_is_gone_on_with_only_by_name() {
    let world = World::new();
    world.spawn("Begun first", "::say hello");
    let first = world.results()["run"].as_str().unwrap().to_owned();
    let name = world.spawn(&first[..1], "::say hello");
    let results: Value = serde_json::from_str(&world.ok(&["results", &name, "--json"]).out).unwrap();
    assert_eq!(results["tasks"][0]["agent_name"], name.as_str());
    assert_ne!(results["run"], first.as_str(), "a run whose id begins so");
    let from_home = |command: &str| {
        let mut command = world.command(&[command]);
        command.current_dir(world.home());
        said(command)
    };
    let landed = from_home("land");
    assert!(landed.code == 1 && landed.words.contains("no run was started here"), "{landed:?}");
    assert!(landed.words.contains("name it, or one of its agents"), "{landed:?}");
    let shown = from_home("results");
    assert!(shown.code == 0 && shown.words.contains("this is the newest of all"), "{shown:?}");
}

#[test]
fn a_branch_that_another_task_is_to_start_from_is_kept() {
    let world = World::new();
    let plan = [
        task("base", "::write a 1", ""),
        task("slow", "::sleep 60000", ""),
        task("next", "::write b 1", "from = \"base\"\nafter = [\"slow\"]"),
    ];
    world.ok(&["run", "--trust", &world.plan(&plan.concat())]);
    until(|| world.task("base")["state"] == "done");
    let said = world.run(&["clean", "base"]);
    assert!(said.code == 1 && said.out.contains("next of its run is to start from its branch"), "{said:?}");
    world.ok(&["interrupt", "slow"]);
    world.ok(&["send", "slow", "::say done"]);
    world.wait_for_state("next", "done");
}

#[test]
fn a_red_check_sends_back_as_often_as_the_plan_allows() {
    let world = World::new();
    let check = "if test -f .tried; then exit 0; else touch .tried; echo not yet; exit 7; fi";
    let plan = [
        task("good", "::write a 1", &format!("retries = 1\ncheck = \"{check}\"")),
        task("bad", "::write b 1", "retries = 2\ncheck = \"echo never; exit 3\""),
    ];
    let said = world.work_off(&plan.concat());
    assert_eq!(said.code, 1, "{said:?}");
    let good = world.task("good");
    assert_eq!((&good["state"], &good["retries"], &good["turns"]), (&"done".into(), &1.into(), &2.into()));
    let log = world.ok(&["logs", "good"]).out;
    assert!(log.contains("not yet") && log.contains("failed (exit code 7)"), "{log}");
    let bad = world.task("bad");
    assert_eq!((&bad["state"], &bad["retries"], &bad["turns"]), (&"failed".into(), &2.into(), &3.into()));
    let wants = &world.agent("bad")["attention"];
    assert!(wants["kind"] == "error" && wants["summary"].to_string().contains("(exit code 3)"), "{wants}");
    assert_eq!((&bad["check"]["exit_code"], &bad["check"]["output"]), (&3.into(), &"never".into()));
}

#[test]
fn a_check_that_hangs_is_stopped_and_run_again() {
    let world = World::new();
    let (hold, is_fixed) = (world.home().join("hold"), world.home().join("fixed"));
    let check =
        format!("test -e {} || {{ echo $$ > {}; exec sleep 1000; }}", is_fixed.display(), hold.display());
    let plan = [
        task("api", "::write api 1", &format!("check = '''{check}'''\nretries = 2")),
        task("docs", "::write docs 2", "after = [\"api\"]"),
    ];
    world.ok(&["run", "--trust", &world.plan(&plan.concat())]);
    until(|| fs::read(&hold).is_ok_and(|words| words.ends_with(b"\n")));
    assert_eq!(world.task("api")["state"], "checking");
    let said = world.ok(&["stop", "api"]);
    assert!(said.words.contains("The check of api's work is stopped"), "{said:?}");
    assert!(!runs(pid_in(&hold)));
    let api = world.task("api");
    assert_eq!((&api["state"], &api["failure"]), (&"stopped".into(), &"its check was stopped".into()));
    assert_eq!(world.agent("docs")["waits"], "api was stopped, and this comes after it");
    assert_eq!(world.agent("api")["turns"], 1, "it is nobody's fault: it is not sent back");
    fs::write(is_fixed, "").unwrap();
    let said = world.ok(&["run", "--continue", "api", "--wait"]);
    assert!(
        world.task("docs")["state"] == "done" && world.task("api")["check"]["passed"] == true,
        "{said:?}"
    );
}

#[test]
fn what_was_stopped_with_its_run_goes_on_with_it_and_what_a_person_stopped_does_not() {
    let world = World::new();
    let plan = [
        task("own", "::sleep 600000", ""),
        task("long", "::write half 1\n::sleep 600000", ""),
        task("last", "::write last 1", "after = [\"long\"]"),
    ];
    world.ok(&["run", "--trust", &world.plan(&plan.concat())]);
    world.wait("long", |agent| agent["state"] == "running");
    world.wait("own", |agent| agent["state"] == "running");
    world.ok(&["stop", "own"]);
    world.ok(&["stop", "--run", "long"]);
    assert_eq!(
        (&world.task("long")["state"], &world.task("last")["state"]),
        (&"stopped".into(), &"stopped".into())
    );
    let said = world.run(&["run", "--continue", "long", "--wait"]);
    assert!(said.code == 1 && said.words.contains("1 task is not done"), "{said:?}");
    assert_eq!(world.task("own")["state"], "stopped");
    assert_eq!(
        (&world.task("long")["state"], &world.task("last")["state"]),
        (&"done".into(), &"done".into())
    );
    assert!(world.ok(&["logs", "long"]).out.contains("You were cut off. Go on where you left off."));
}

#[test]
fn a_run_whose_every_process_was_killed_goes_on() {
    let world = World::new();
    let plan = [task("first", "::sleep 600000", ""), task("next", "::write next 1", "from = \"first\"")];
    world.ok(&["run", "--trust", &world.plan(&plan.concat())]);
    world.wait("first", |agent| agent["state"] == "running");
    let runner = world.runner("first");
    // Its guard first, which would go on with the run.
    kill(parent_of(runner));
    kill(runner);
    world.wait("first", |agent| agent["state"] == "lost" || agent["state"] == "stopped");
    let said = world.ok(&["run", "--continue", "first", "--wait"]);
    assert_eq!(world.task("next")["state"], "done", "{said:?}");
    assert_eq!(world.ok(&["doctor"]).code, 0);
}

#[test]
fn a_budget_of_its_own_that_is_used_up_is_not_given_again() {
    let world = World::new();
    let plan = task("dear", "::budget", "retries = 3\nmax-budget-usd = 1");
    let said = world.work_off(&plan);
    assert!(said.code == 1 && said.words.contains("its budget is used up"), "{said:?}");
    assert_eq!((&world.task("dear")["retries"], &world.task("dear")["state"]), (&0.into(), &"failed".into()));
}

#[test]
fn a_client_that_dies_over_its_task_is_told_it_again() {
    let mut world = World::with_fault("mute");
    let said = world.work_off(&task("api", "::write made 1", ""));
    assert_eq!((said.code, &world.task("api")["state"]), (1, &"failed".into()), "{said:?}");
    world.set_fault("");
    world.ok(&["send", "api", "::write more 1"]);
    until(|| world.task("api")["state"] == "done");
    assert_eq!(world.task("api")["diffstat"]["files"], 2, "{:#}", world.task("api"));
}

#[test]
fn of_several_attempts_one_is_kept_and_the_others_come_back() {
    let world = World::new();
    let said = world.ok(&[
        "spawn",
        "--trust",
        "--wait",
        "--attempts",
        "3",
        "--check",
        "test -f a",
        "Try it\n::write a 1",
    ]);
    assert_eq!(said.out.lines().count(), 3, "{said:?}");
    until(|| world.results()["is_over"] == true);
    let results = world.results();
    let tasks = results["tasks"].as_array().unwrap();
    assert!(
        tasks.iter().all(|task| task["check"]["passed"] == true && task["attempt"].is_u64()),
        "{results:#}"
    );
    assert!(tasks.iter().all(|task| task["conflicts"].as_array().unwrap().is_empty()), "{results:#}");
    let said = world.run(&["land"]);
    assert!(said.out.contains("one of the attempts at its task is to be chosen first"), "{said:?}");
    let said = world.ok(&["choose", "try-it-2", "--json"]);
    let choice: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(choice["cleaned"], serde_json::json!(["try-it-1", "try-it-3"]));
    assert!(!world.worktree("try-it-1").exists() && world.worktree("try-it-2").exists());
    world.ok(&["restore", "try-it-1"]);
    assert!(world.worktree("try-it-1").join("a").is_file());
    world.ok(&["choose", "try-it-2"]);
    world.ok(&["land"]);
    assert!(world.shop().join("a").is_file());
    world.ok(&["spawn", "Alone\n::say x"]);
    let said = world.run(&["choose", "alone"]);
    assert!(said.code == 1 && said.words.contains("no other attempts beside it"), "{said:?}");
}

#[test]
fn at_its_budget_a_run_asks_or_stops() {
    let world = World::new();
    let plan = |budget: &str, last: &str| {
        let tasks = [task("one", "::say a", ""), task("two", "::say b", ""), task("three", last, "")];
        format!("max-parallel = 1\n{budget}\n{}", tasks.concat())
    };
    let said = world.work_off(&plan("budget-usd = 0.02", "::say c"));
    assert!(said.code == 1 && said.words.contains("has used $0.02 of $0.02"), "{said:?}");
    let three = world.agent("three");
    assert_eq!((&three["state"], &three["attention"]["kind"]), (&"queued".into(), &"limit".into()));
    assert_eq!(three["waits"], "its run has used $0.02 of $0.02");
    let said = world.ok(&["run", "--continue", "three", "--budget-usd", "1", "--wait"]);
    assert_eq!(world.agent("three")["state"], "done", "{said:?}");

    let world = World::new();
    let tasks = [task("short", "::sleep 300", ""), task("long", "::sleep 600000", "")];
    let file = world.plan(&format!("budget-tokens = 30\nat-budget = \"stop\"\n{}", tasks.concat()));
    let said = world.run(&["run", "--trust", "--wait", &file]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(world.agent("long")["state"], "stopped");
    let log = world.ok(&["logs", "long", "--json"]).out;
    assert!(log.contains("its run's budget"), "{log}");
}

#[test]
fn a_plan_that_is_wrong_is_told_with_the_line() {
    let world = World::new();
    let plan = [task("a", "x", "after = [\"b\"]"), task("b", "x", "after = [\"a\"]")].concat();
    let said = world.work_off(&plan);
    assert_eq!(said.code, 2);
    assert!(
        said.words.contains("line 7: the tasks go round in a circle: a after b after a"),
        "{}",
        said.words
    );
    assert!(said.words.contains("after = [\"b\"]"), "{}", said.words);
    assert_eq!(world.ok(&["status"]).out, "");
}

#[test]
fn six_tasks_survive_kills_of_whoever_goes_on_with_them_and_are_run_once() {
    let world = World::new();
    let plan = [
        "max-parallel = 2\n".to_owned(),
        task("one", "::write one 1", "check = \"sleep 0.1; test -f one\""),
        task("two", "::write two 2", ""),
        task("three", "::write three 3", "from = \"one\""),
        task("four", "::write four 4", "after = [\"one\", \"two\"]"),
        task("five", "::write five 5", "from = \"three\"\nafter = [\"two\"]\ncheck = \"test -f one\""),
        task("six", "::write six 6", "after = [\"four\", \"five\"]"),
    ];
    let file = world.plan(&plan.concat());
    let folder = world.state().join("runs");
    let mut kills = 0;
    let mut pause = 7_u64;
    // From the moment on that the plan is written, whoever goes on with it is killed: by its process group, so that also
    // what it is just starting dies, unless it has left already.
    let mut command = world.command(&["run", "--trust", &file]);
    let mut first = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| {
        fs::read_dir(&folder).is_ok_and(|runs| runs.flatten().any(|run| run.path().join("run.json").exists()))
    });
    kill(first.id());
    drop(first.wait());
    let id = fs::read_dir(&folder).unwrap().flatten().next().unwrap().file_name();
    let id = id.to_str().unwrap();
    while kills < 12 {
        let mut command = world.command(&["__step", id]);
        let stepper = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
        let mut stepper = stepper.unwrap();
        pause = (pause * 31) % 97;
        thread::sleep(Duration::from_millis(pause));
        kill(stepper.id());
        drop(stepper.wait());
        kills += 1;
    }
    world.ok(&["run", "--continue", id, "--wait"]);
    let results = world.results();
    let tasks = results["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 6);
    for task in tasks {
        assert_eq!((&task["state"], &task["turns"]), (&"done".into(), &1.into()), "{task:#}");
        let log = world.ok(&["logs", task["agent_name"].as_str().unwrap(), "--json"]).out;
        assert_eq!(log.matches("\"prompt_delivered\"").count(), 1, "{log}");
    }
    assert!(world.worktree("five").join("one").is_file() && world.worktree("five").join("three").is_file());
}

#[test]
fn a_run_is_stopped_as_a_whole_and_stands_in_the_list_of_all() {
    let world = World::new();
    let plan = ["max-parallel = 2\n".to_owned()]
        .into_iter()
        .chain(["one", "two", "three"].map(|name| task(name, "::sleep 600000", "")))
        .chain([task("last", "::say d", "after = [\"one\"]")])
        .collect::<String>();
    world.ok(&["run", "--trust", &world.plan(&plan)]);
    for name in ["one", "two"] {
        world.wait_for_state(name, "running");
    }
    let said = world.ok(&["stop", "--run", "two"]).words;
    for words in
        ["one is stopped;", "two is stopped;", "three will not be started.", "last will not be started."]
    {
        assert!(said.contains(words), "{said}");
    }
    let results = world.results();
    assert_eq!(results["is_over"], true, "{results:#}");
    assert!(results["tasks"].as_array().unwrap().iter().all(|task| task["state"] == "stopped"));
    let again: Value = serde_json::from_str(&world.ok(&["stop", "--run", "one", "--json"]).out).unwrap();
    assert_eq!(again["agents"].as_array().unwrap().len(), 0, "nothing of it is at work any more");

    // Several by their names; the way of one alone is as it was.
    let several: Value = serde_json::from_str(&world.ok(&["stop", "one", "two", "--json"]).out).unwrap();
    assert_eq!(several["agents"][1]["name"], "two");
    let one: Value = serde_json::from_str(&world.ok(&["stop", "one", "--json"]).out).unwrap();
    assert_eq!(one["name"], "one");

    let id = results["run"].as_str().unwrap();
    let lines = world.ok(&["results", "--all"]).out;
    assert!(lines.starts_with(id) && lines.contains("\t4 stopped\t"), "{lines}");
    assert!(lines.trim().ends_with("\tone, two and 2 more"), "{lines}");
    let list: Value = serde_json::from_str(&world.ok(&["results", "--all", "--json"]).out).unwrap();
    assert_eq!((&list["runs"][0]["run"], &list["alone"]), (&id.into(), &0.into()));
}
