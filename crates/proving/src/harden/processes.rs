//! Processes killed at random moments: what was said is kept, and nothing is left behind.

use std::{
    collections::BTreeSet,
    fs,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use orchestra_core::process;
use orchestra_fake_claude::home::{Failure, kill};
use serde_json::Value;

use super::for_each;
use crate::{Programs, random::Random};

/// How long what a killed runner leaves may live.
const DEAD_WITHIN: Duration = Duration::from_secs(2);
/// How many agents one home takes.
const AGENTS_A_HOME: u64 = 25;

/// The log has every number once, and every tick of the client's.
fn has_no_gap(records: &[Value]) -> Result<u64, Failure> {
    let mut ticks = 0;
    for (index, record) in records.iter().enumerate() {
        if record["sequence"].as_u64() != Some(index as u64 + 1) {
            return Err(format!("record {} is {}", index + 1, record["sequence"]));
        }
        let text = record["output"]["event"]["delta"]["text"].as_str().unwrap_or_default();
        let tick: Option<Value> = serde_json::from_str(text).ok();
        if let Some(number) = tick.and_then(|tick| tick["n"].as_u64()) {
            ticks += 1;
            if number != ticks {
                return Err(format!("tick {number} where {ticks} should be"));
            }
        }
    }
    Ok(ticks)
}

/// Kills the server again and again while an agent writes.
pub(super) fn kill_servers(programs: &Programs, seed: u64, times: u64) -> Result<String, Failure> {
    let home = programs.home("work")?;
    let name = home.spawn(&["--no-worktree"], "Tick", "::tick 100000000 2")?;
    let mut random = Random::new(seed);
    for _ in 0..times {
        let mut server = home.command(&["web", "--addr", "127.0.0.1:0"]);
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server = server.map_err(|error| error.to_string())?;
        thread::sleep(Duration::from_micros(random.below(60_000)));
        server.kill().and_then(|()| server.wait()).map_err(|error| error.to_string())?;
    }
    if home.agent(&name)?["state"] != "running" {
        return Err("the agent did not go on".to_owned());
    }
    home.run(&["stop", &name])?;
    let ticks = has_no_gap(&home.records(&name)?)?;
    Ok(format!("{ticks} lines of the agent's, 0 lost or doubled"))
}

/// Kills runners at random moments; answers how long the last of an agent's processes lived at most.
pub(super) fn kill_runners(programs: &Programs, seed: u64, times: u64) -> Result<String, Failure> {
    let homes = times.div_ceil(AGENTS_A_HOME);
    let longest = for_each(homes, |number| {
        let home = programs.home("work")?;
        let mut random = Random::new(seed ^ (number << 32));
        let mut longest = Duration::ZERO;
        for round in 0..AGENTS_A_HOME.min(times - number * AGENTS_A_HOME) {
            let name = home.spawn(
                &["--no-worktree"],
                &format!("Kill {round}"),
                "::child\n::grandchild\n::tick 100000000 1",
            )?;
            thread::sleep(Duration::from_micros(random.below(100_000)));
            let agent = home.agent(&name)?;
            let id = agent["id"].as_str().unwrap_or_default().to_owned();
            kill(home.runner(&name)?);
            let begin = Instant::now();
            while process::by_variable("ORCHESTRA_AGENT").contains_key(&id) {
                if begin.elapsed() > DEAD_WITHIN {
                    return Err(format!("{name}: something lived for more than 2 s"));
                }
                thread::sleep(Duration::from_millis(5));
            }
            longest = longest.max(begin.elapsed());
            let agent = home.agent(&name)?;
            if agent["state"] != "lost" {
                return Err(format!("{name} is {}, not lost", agent["state"]));
            }
            has_no_gap(&home.records(&name)?)?;
        }
        Ok(longest)
    })?;
    let longest = longest.into_iter().max().unwrap_or_default();
    Ok(format!(
        "0 processes left, the last ended after {} ms at most, no log with a gap",
        longest.as_millis()
    ))
}

/// Has agents end by themselves while they are stopped; each has one end, and nothing is left.
pub(super) fn race(programs: &Programs, seed: u64, times: u64) -> Result<String, Failure> {
    const A_HOME: u64 = 100;
    let ends = for_each(times.div_ceil(A_HOME), |number| {
        let home = programs.home("work")?;
        let mut random = Random::new(seed ^ (number << 20));
        let mut ends = Vec::new();
        for round in 0..A_HOME.min(times - number * A_HOME) {
            let last = ["::exit 0", "::exit 3", "::no-result", "::signal 15"][random.below(4) as usize];
            let directives = format!("::sleep {}\n{last}", 10 + random.below(30));
            let name = home.spawn(&["--no-worktree"], &format!("Race {round}"), &directives)?;
            thread::sleep(Duration::from_micros(random.below(40_000)));
            // It may have ended already; then there is nothing to stop.
            drop(home.command(&["stop", &name]).stderr(Stdio::null()).status());
            let agent = home.wait(&name, |agent| {
                matches!(agent["state"].as_str(), Some("stopped" | "failed" | "done" | "lost"))
            })?;
            // Its runner lets go a moment after.
            let begin = Instant::now();
            let has_ended =
                |records: &[Value]| records.iter().any(|record| record["event"]["event"] == "runner_ended");
            let mut records = home.records(&name)?;
            while !has_ended(&records) && begin.elapsed() < DEAD_WITHIN {
                thread::sleep(Duration::from_millis(2));
                records = home.records(&name)?;
            }
            let count =
                |event: &str| records.iter().filter(|record| record["event"]["event"] == event).count();
            if count("client_exited") != 1 || count("runner_ended") != 1 || agent["state"] == "lost" {
                return Err(format!("{name} has not one end: {agent}"));
            }
            has_no_gap(&records)?;
            if home.agent(&name)?["state"] != agent["state"] {
                return Err(format!("{name} changed its end"));
            }
            let id = agent["id"].as_str().unwrap_or_default();
            if process::by_variable("ORCHESTRA_AGENT").contains_key(id) {
                return Err(format!("something of {name} is left"));
            }
            ends.push(agent["state"].as_str().unwrap_or_default().to_owned());
            let folder = home.state().join("agents").join(id);
            // Lists stay short: what has been looked at goes.
            drop(fs::remove_dir_all(folder));
        }
        Ok(ends)
    })?;
    let ends: Vec<String> = ends.into_iter().flatten().collect();
    let kinds: BTreeSet<&String> = ends.iter().collect();
    let told: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{} {kind}", ends.iter().filter(|end| end == kind).count()))
        .collect();
    Ok(format!("one final state each ({})", told.join(", ")))
}
