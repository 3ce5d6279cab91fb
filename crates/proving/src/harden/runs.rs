//! Whoever goes on with a run, killed at random moments: every task is run once all the same.

use std::{
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use orchestra_fake_claude::home::{Failure, Home, kill};
use serde_json::Value;

use crate::{Programs, random::Random};

/// How often whoever goes on with one run is killed.
const KILLS: u64 = 50;
/// Six tasks that come after each other in every way.
const PLAN: &str = r#"
max-parallel = 2

[[task]]
name = "one"
prompt = "::write one 1"
check = "sleep 0.05; test -f one"

[[task]]
name = "two"
prompt = "::write two 2"

[[task]]
name = "three"
from = "one"
prompt = "::write three 3"
check = "test -f one && test -f three"

[[task]]
name = "four"
after = ["one", "two"]
prompt = "::write four 4"

[[task]]
name = "five"
from = "three"
after = ["two"]
prompt = "::write five 5"

[[task]]
name = "six"
after = ["four", "five"]
prompt = "::write six 6"
"#;

/// Works plans off while whoever goes on with them is killed again and again.
pub(super) fn kill_steppers(programs: &Programs, seed: u64, times: u64) -> Result<String, Failure> {
    let mut killed = 0;
    for round in 0..times {
        killed += one_run(programs, &mut Random::new(seed ^ (round << 24)))?;
    }
    Ok(format!("{killed} kills, each of {} tasks run once, in its order", times * 6))
}

fn one_run(programs: &Programs, random: &mut Random) -> Result<u64, Failure> {
    let home = programs.home("repo")?;
    let folder = home.path("repo");
    let failed = |error: std::io::Error| error.to_string();
    home.git(&folder, &["init", "-q", "-b", "main"])?;
    home.git(&folder, &["config", "user.name", "Ada"])?;
    home.git(&folder, &["config", "user.email", "ada@example.com"])?;
    home.git(&folder, &["commit", "-q", "--allow-empty", "-m", "first"])?;
    home.run(&["spawn", "--trust", "--no-worktree", "--wait", "Trust it"])?;
    let file = home.path("plan.toml");
    fs::write(&file, PLAN).map_err(failed)?;
    let start = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)
    };
    let mut first = start(&["run", &file.display().to_string()])?;
    let run = plan_of(&home)?;
    thread::sleep(Duration::from_micros(random.below(40_000)));
    kill(first.id());
    drop(first.wait());
    for _ in 1..KILLS {
        let mut stepper = start(&["__step", &run])?;
        thread::sleep(Duration::from_micros(random.below(60_000)));
        kill(stepper.id());
        drop(stepper.wait());
        // What the guards of agents go on with it.
        for pid in steppers(&run) {
            kill(pid);
        }
    }
    let went = home.run(&["run", "--continue", &run, "--wait"]);
    went.map_err(|error| format!("{error}\n{}", home.run(&["results", &run]).unwrap_or_default()))?;
    let results: Value =
        serde_json::from_str(&home.run(&["results", &run, "--json"])?).map_err(|error| error.to_string())?;
    let tasks = results["tasks"].as_array().cloned().unwrap_or_default();
    if tasks.len() != 6 {
        return Err(format!("there are {} tasks: {results:#}", tasks.len()));
    }
    let mut spans = Vec::new();
    for task in &tasks {
        let name = task["agent_name"].as_str().unwrap_or_default();
        let records = home.records(name)?;
        let times = |event: &str| {
            records
                .iter()
                .filter(|record| record["event"]["event"] == event)
                .filter_map(|record| record["at"].as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let delivered = times("prompt_delivered");
        if task["state"] != "done" || task["turns"] != 1 || delivered.len() != 1 {
            return Err(format!("{name} was delivered {} times: {task:#}", delivered.len()));
        }
        let ended = times("client_exited").pop().unwrap_or_default();
        spans.push((name.to_owned(), delivered[0].clone(), ended));
    }
    for (one, other) in [
        ("one", "three"),
        ("one", "four"),
        ("two", "four"),
        ("three", "five"),
        ("two", "five"),
        ("four", "six"),
        ("five", "six"),
    ] {
        let span = |name: &str| spans.iter().find(|(known, ..)| known == name);
        if let (Some((_, _, ended)), Some((_, begun, _))) = (span(one), span(other))
            && ended > begun
        {
            return Err(format!("{other} began at {begun}, before {one} ended at {ended}"));
        }
    }
    Ok(KILLS)
}

/// The id of the run, once its plan is written.
fn plan_of(home: &Home) -> Result<String, Failure> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        let runs = fs::read_dir(home.state().join("runs")).into_iter().flatten().flatten();
        if let Some(run) = runs.into_iter().find(|run| run.path().join("run.json").is_file()) {
            return Ok(run.file_name().to_string_lossy().into_owned());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err("the plan was not written".to_owned())
}

/// The processes that go on with a run right now.
fn steppers(run: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| {
            let pid = process.file_name().to_str()?.parse().ok()?;
            let line = fs::read(process.path().join("cmdline")).ok()?;
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            (words.get(1..3)? == [b"__step".as_slice(), run.as_bytes()]).then_some(pid)
        })
        .collect()
}
