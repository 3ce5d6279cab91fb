//! The figures of runs: what a plan costs a task, and a thousand tasks that wait.

use std::{
    fmt::Write,
    fs,
    time::{Duration, Instant},
};

use orchestra_fake_claude::home::{Failure, Home};
use serde_json::Value;

use super::{median, ms, row};
use crate::Programs;

/// A repository with one file.
fn repository(programs: &Programs) -> Result<Home, Failure> {
    let home = programs.home("repo")?;
    let folder = home.path("repo");
    home.git(&folder, &["init", "-q", "-b", "main"])?;
    fs::write(folder.join("file"), "one\n").map_err(|error| error.to_string())?;
    home.git(&folder, &["add", "-A"])?;
    home.git(&folder, &["commit", "-q", "-m", "first"])?;
    Ok(home)
}

/// Writes a plan of many tasks; the first says `first`.
fn plan(home: &Home, tasks: u32, at_once: u32, first: &str, check: &str) -> Result<String, Failure> {
    let mut text = format!("max-parallel = {at_once}\n{check}\n");
    for number in 0..tasks {
        let words = if number == 0 { first } else { "::say hello" };
        let _ = write!(text, "[[task]]\nname = \"t{number}\"\nprompt = '''\n{words}\n'''\n");
    }
    let file = home.path("plan.toml");
    fs::write(&file, text).map_err(|error| error.to_string())?;
    Ok(file.display().to_string())
}

pub(crate) fn run(programs: &Programs, arguments: &[String]) -> Result<(), Failure> {
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    println!("{:<52} {:>14}   beside it", "", "Orchestra");
    cost(programs, if is_quick { 12 } else { 60 })?;
    thousand(programs, 1000)
}

/// A plan of tasks that end at once, beside the same tasks without a plan.
fn cost(programs: &Programs, tasks: u32) -> Result<(), Failure> {
    let home = repository(programs)?;
    home.run(&["spawn", "--trust", "--wait", "Warm up"])?;
    let words: Vec<String> = (0..tasks).map(|number| format!("t{number}\n::say hello")).collect();
    let mut arguments = vec!["spawn", "--wait", "--max-parallel", "2"];
    arguments.extend(words.iter().map(String::as_str));
    let begin = Instant::now();
    home.run(&arguments)?;
    let alone = begin.elapsed();
    let timed = |check: &str| -> Result<Duration, Failure> {
        let home = repository(programs)?;
        home.run(&["spawn", "--trust", "--wait", "Warm up"])?;
        let file = plan(&home, tasks, 2, "::say hello", check)?;
        let begin = Instant::now();
        home.run(&["run", "--wait", &file])?;
        Ok(begin.elapsed())
    };
    let (planned, checked) = (timed("")?, timed("check = \"true\"")?);
    row(
        &format!("a task of a plan, {tasks} tasks, two at once"),
        &ms(planned / tasks),
        &format!("the same without a plan: {}; with a check: {}", ms(alone / tasks), ms(checked / tasks)),
    );
    Ok(())
}

/// A thousand tasks, of which one asks and all others wait for it.
fn thousand(programs: &Programs, tasks: u32) -> Result<(), Failure> {
    let home = repository(programs)?;
    let file = plan(&home, tasks, 1, "::ask Bash hold", "")?;
    let begin = Instant::now();
    home.run(&["run", "--trust", "--json", &file])?;
    let made = begin.elapsed();
    home.wait("t0", |agent| agent["state"] == "waiting")?;
    let run = home.agent("t0")?["run"].as_str().unwrap_or_default().to_owned();
    let timed = |arguments: &[&str]| -> Result<Duration, Failure> {
        let mut times = Vec::new();
        for _ in 0..5 {
            let begin = Instant::now();
            home.run(arguments)?;
            times.push(begin.elapsed());
        }
        Ok(median(times))
    };
    let step = timed(&["__step", &run])?;
    let status = timed(&["status", "--json"])?;
    row(&format!("{tasks} queued tasks: made, with their results"), &ms(made), "");
    row("  a step of their run", &ms(step), &format!("orchestra status: {}", ms(status)));
    let said: Value = serde_json::from_str(&home.run(&["status", "--json"])?).unwrap_or_default();
    let waits = |agent: &&Value| agent["waits"].is_string();
    let waiting = said["agents"].as_array().map_or(0, |agents| agents.iter().filter(waits).count());
    if waiting as u64 + 1 != u64::from(tasks) {
        return Err(format!("{waiting} of {tasks} say what they wait for"));
    }
    Ok(())
}
