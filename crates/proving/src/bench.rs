//! The figures of agents, each beside a reference of the same run: medians, since machines are noisy.

pub(crate) mod together;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use orchestra_fake_claude::home::{Failure, Home, git, parent_of};
use serde_json::Value;

use crate::{
    Programs,
    measure::{median, memory_of, ms, now_ns, percentile, row, ticks_of},
};

/// Files of the repository that agents are started in.
const FILES: u32 = 10_000;

pub(crate) fn run(programs: &Programs, arguments: &[String]) -> Result<(), Failure> {
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let (starts, runners, flood) = if is_quick { (5, 20, 100_000_000) } else { (20, 100, 1_000_000_000) };
    println!("{:<52} {:>14}   beside it", "", "Orchestra");
    start(programs, starts)?;
    latency(programs, if is_quick { 2_000 } else { 10_000 })?;
    memory(programs, flood)?;
    many(programs, runners)
}

fn make_repository(home: &Home) -> Result<(), Failure> {
    let folder = home.path("repo");
    let failed = |error: std::io::Error| error.to_string();
    home.git(&folder, &["init", "-q", "-b", "main"])?;
    for number in 0..FILES {
        let place = folder.join(format!("src/part{}/module{}", number % 20, number % 400));
        fs::create_dir_all(&place).map_err(failed)?;
        fs::write(place.join(format!("file{number}.rs")), format!("pub fn f{number}() {{}}\n").repeat(20))
            .map_err(failed)?;
    }
    home.git(&folder, &["add", "-A"])?;
    home.git(&folder, &["commit", "-q", "-m", "first"])?;
    Ok(())
}

/// Starting an agent in a large repository, beside making the same worktree with git alone.
fn start(programs: &Programs, times: u32) -> Result<(), Failure> {
    let home = programs.home("repo")?;
    make_repository(&home)?;
    home.run(&["spawn", "--trust", "Warm up"])?;
    let (mut alone, mut whole) = (Vec::new(), Vec::new());
    for number in 0..times {
        let (path, branch) = (home.path(&format!("alone{number}")), format!("alone{number}"));
        let mut command = git(&home.path("repo"), home.folder());
        command.args(["worktree", "add", "-q", "-b", &branch]).arg(&path).stdin(Stdio::null());
        let begin = Instant::now();
        let status = command.status().map_err(|error| error.to_string())?;
        alone.push(begin.elapsed());
        if !status.success() {
            return Err("git worktree add failed".to_owned());
        }
        let begin = Instant::now();
        home.run(&["spawn", &format!("Task {number}")])?;
        whole.push(begin.elapsed());
    }
    let (alone, whole) = (median(alone), median(whole));
    row(
        "start an agent, 10,000 files, client answers at once",
        &ms(whole),
        &format!("git worktree add: {}", ms(alone)),
    );
    row("  Orchestra's own share", &ms(whole.saturating_sub(alone)), "meant: at most 60 ms");
    let tasks: Vec<String> = (0..10).map(|number| format!("Ten at once {number}")).collect();
    let mut arguments = vec!["spawn"];
    arguments.extend(tasks.iter().map(String::as_str));
    let begin = Instant::now();
    home.run(&arguments)?;
    let together = begin.elapsed();
    let begin = Instant::now();
    let children: Vec<_> = (0..10)
        .filter_map(|number| {
            let path = home.path(&format!("ten{number}"));
            let mut command = git(&home.path("repo"), home.folder());
            command.args(["worktree", "add", "-q", "--detach"]).arg(path).stderr(Stdio::null());
            command.stdin(Stdio::null()).spawn().ok()
        })
        .collect();
    for mut child in children {
        drop(child.wait());
    }
    row(
        "ten agents at once",
        &ms(together),
        &format!("ten git worktree add at once: {}", ms(begin.elapsed())),
    );
    Ok(())
}

/// From the client's write to a reader of the log, at 1,000 lines a second.
fn latency(programs: &Programs, lines: u32) -> Result<(), Failure> {
    let home = programs.home("work")?;
    let name = home.spawn(&["--no-worktree"], "Tick", &format!("::sleep 500\n::tick {lines} 1"))?;
    let mut reader = home.command(&["logs", &name, "-f", "--json"]);
    let mut reader = reader.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let output = reader.stdout.take().ok_or("no output")?;
    let mut times = Vec::new();
    for line in BufReader::new(output).lines() {
        let now = now_ns();
        let line = line.map_err(|error| error.to_string())?;
        if line.contains("\"turn_ended\"") || line.contains("\"type\":\"result\"") {
            break;
        }
        let Ok(record) = serde_json::from_str::<Value>(&line) else { continue };
        let text = record["output"]["event"]["delta"]["text"].as_str().unwrap_or_default();
        let tick: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(sent) = tick["sent_ns"].as_u64() {
            times.push(now.saturating_sub(sent) as f64 / 1e6);
        }
    }
    drop(reader.kill().and_then(|()| reader.wait()));
    times.sort_by(f64::total_cmp);
    let (middle, high) = (percentile(&times, 50), percentile(&times, 99));
    row(
        "a line to the log's reader, 1,000 a second",
        &format!("{middle:.2} ms"),
        &format!("p99 {high:.2} ms of {} lines; meant: 20 ms", times.len()),
    );
    Ok(())
}

/// A runner's memory, idle and fed, and its share of the processor while idle.
fn memory(programs: &Programs, flood: u64) -> Result<(), Failure> {
    let home = programs.home("work")?;
    let name = home.spawn(&["--no-worktree"], "Feed", "::say hello")?;
    home.wait(&name, |agent| agent["state"] == "idle")?;
    let runner = home.runner(&name)?;
    let guard = parent_of(runner).ok_or("no guard")?;
    // The program's pages are shared by all runners: each counts for its part of them.
    let part = |pid| memory_of(pid, "smaps_rollup", "Pss:");
    let resident = memory_of(runner, "status", "VmRSS:");
    row(
        "memory of a runner, idle (its part)",
        &format!("{:.1} MB", part(runner)),
        &format!("resident {resident:.1} MB; its guard's part {:.1} MB; meant: 8 MB", part(guard)),
    );
    let before = (ticks_of(runner) + ticks_of(guard), Instant::now());
    thread::sleep(Duration::from_secs(12));
    let used = ticks_of(runner) + ticks_of(guard) - before.0;
    let share = used as f64 * 10.0 / before.1.elapsed().as_millis() as f64 * 100.0;
    row("processor while idle, 12 s", &format!("{share:.2} %"), "meant: 0");
    let begin = Instant::now();
    home.run(&["send", &name, &format!("::flood {flood} 1000")])?;
    home.wait_for(Duration::from_secs(1200), &name, |agent| agent["turns"] == 2)?;
    let took = begin.elapsed();
    let most = memory_of(runner, "status", "VmHWM:");
    let rate = flood as f64 / 1e6 / took.as_secs_f64();
    let log = size_of(&home.state().join("agents")) / 1e6;
    row(
        &format!("resident while fed {} MB, at most", flood / 1_000_000),
        &format!("{most:.1} MB"),
        &format!("{rate:.0} MB/s, {log:.0} MB on disk"),
    );
    Ok(())
}

fn size_of(folder: &Path) -> f64 {
    let output = Command::new("du").args(["-sb", "--"]).arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).unwrap_or_default()
}

/// Many runners, seen by a program that has just been started.
fn many(programs: &Programs, number: u32) -> Result<(), Failure> {
    let home = programs.home("work")?;
    let mut left = number;
    while left > 0 {
        let some = left.min(20);
        let tasks: Vec<String> = (0..some).map(|task| format!("Agent {left} {task}\n::say hello")).collect();
        let mut arguments = vec!["spawn", "--trust", "--no-worktree"];
        arguments.extend(tasks.iter().map(String::as_str));
        home.run(&arguments)?;
        left -= some;
    }
    let mut times = Vec::new();
    let mut live = 0;
    for _ in 0..5 {
        let begin = Instant::now();
        let said = home.run(&["status", "--json"])?;
        times.push(begin.elapsed());
        let status: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        let agents = status["agents"].as_array().cloned().unwrap_or_default();
        live = agents.iter().filter(|agent| agent["pid"].is_u64()).count();
    }
    row(&format!("{live} of {number} runners found by a new process"), &ms(median(times)), "meant: 5 s");
    Ok(())
}
