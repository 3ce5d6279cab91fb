//! Many agents at work for long: what they hold of the machine does not grow.
//!
//! Rounds of one follow-up for each agent; after each, when all have come to rest, it is looked at what the runners,
//! their guards and a server hold. Memory is compared by the middle of quarters of the time; descriptors and processes,
//! which do not vary at rest, by their most.

use std::{
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use orchestra_core::process;
use orchestra_fake_claude::home::{Failure, Home, PATIENCE, parent_of};
use serde_json::Value;

use crate::{
    Programs,
    measure::{descriptors_of, median, memory_of},
    random::Random,
};

/// How many agents work.
const AGENTS: u64 = 20;
/// By how much the middle of memory may differ between two quarters: pages come and go.
const MEMORY_VARIES: f64 = 1.05;
/// How long it is waited between two looks at the agents.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What agents and server held once all were at rest.
#[derive(Clone, Copy)]
struct Sample {
    /// The runners' and guards' parts of memory, in MB.
    agents: f64,
    /// The server's resident memory, in MB.
    server: f64,
    descriptors: usize,
    processes: usize,
}

/// A server that ends with the value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

/// Keeps agents busy for so many minutes.
pub(super) fn run(programs: &Programs, seed: u64, minutes: u64) -> Result<String, Failure> {
    let home = programs.home("work")?;
    let server =
        home.command(&["web", "--addr", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let server = Server(server.map_err(|error| error.to_string())?);
    let names: Vec<String> = (0..AGENTS)
        .map(|number| home.spawn(&["--no-worktree"], &format!("Soak {number}"), "::say hello"))
        .collect::<Result<_, _>>()?;
    let mut random = Random::new(seed);
    let begin = Instant::now();
    let (mut samples, mut turns) = (Vec::new(), 1);
    while begin.elapsed() < Duration::from_secs(minutes * 60) {
        for name in &names {
            home.run(&["send", name, directives(&mut random)])?;
        }
        turns += 1;
        come_to_rest(&home, turns)?;
        samples.push(sample(&home, &names, server.0.id())?);
    }
    judge(&samples).map(|found| format!("{AGENTS} agents, {} turns, {found}", AGENTS * (turns - 1)))
}

/// What a follow-up has the client do.
const fn directives(random: &mut Random) -> &'static str {
    const DIRECTIVES: [&str; 7] = [
        "::say hello",
        "::write notes some words",
        "::flood 200000 500",
        "::ask Bash {\"command\":\"cargo test\"}",
        "::question",
        "::subagent aside\n::stderr noise\n::garbage\n::unknown",
        "::line 1500000\n::say long",
    ];
    DIRECTIVES[random.below(DIRECTIVES.len() as u64) as usize]
}

/// Waits until every agent has ended so many turns, and answers what they ask meanwhile.
fn come_to_rest(home: &Home, turns: u64) -> Result<(), Failure> {
    let begin = Instant::now();
    loop {
        let said = home.run(&["status", "--json"])?;
        let status: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        let agents = status["agents"].as_array().ok_or("no agents")?;
        for agent in agents.iter().filter(|agent| agent["state"] == "waiting") {
            let name = agent["name"].as_str().unwrap_or_default();
            let is_question = agent["requests"][0]["kind"] == "question";
            let answer = if is_question { "deny" } else { "allow" };
            home.run(&["answer", name, answer])?;
        }
        let is_at_rest = |agent: &Value| agent["state"] == "idle" && agent["turns"] == turns;
        if agents.iter().all(is_at_rest) {
            return Ok(());
        }
        if begin.elapsed() > PATIENCE {
            return Err(format!("they do not come to rest: {status:#}"));
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

fn sample(home: &Home, names: &[String], server: u32) -> Result<Sample, Failure> {
    let processes = process::by_variable("ORCHESTRA_AGENT").into_values().flatten();
    let folders = home.folder();
    let ours =
        |pid: u32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folders));
    let mut sample = Sample {
        agents: 0.0,
        server: memory_of(server, "status", "VmRSS:"),
        descriptors: descriptors_of(server),
        processes: processes.filter(|process| ours(process.pid)).count(),
    };
    for name in names {
        let runner = home.runner(name)?;
        let guard = parent_of(runner).ok_or_else(|| format!("{name} has no guard"))?;
        for pid in [runner, guard] {
            sample.agents += memory_of(pid, "smaps_rollup", "Pss:");
            sample.descriptors += descriptors_of(pid);
            sample.processes += 1;
        }
    }
    Ok(sample)
}

/// Says what was held at first and at last; fails when that grew.
fn judge(samples: &[Sample]) -> Result<String, Failure> {
    // The first quarter is for what is made once.
    let quarter = samples.len() / 4;
    if quarter == 0 {
        return Err(format!("{} rounds are too few to tell", samples.len()));
    }
    let (early, late) = (&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]);
    let middle = |of: &[Sample], what: fn(&Sample) -> f64| median(of.iter().map(what).collect());
    let most = |of: &[Sample], what: fn(&Sample) -> usize| of.iter().map(what).max().unwrap_or_default();
    let mut told = Vec::new();
    for (name, what) in
        [("runners and guards", (|it| it.agents) as fn(&Sample) -> f64), ("server", |it| it.server)]
    {
        let (before, after) = (middle(early, what), middle(late, what));
        // Each tenth, so that it shows whether what grows comes to an end.
        let tenths =
            samples.chunks(samples.len().div_ceil(10)).map(|tenth| format!("{:.1}", middle(tenth, what)));
        let words = format!(
            "{name} {before:.1} MB, then {after:.1} MB (by tenths {})",
            tenths.collect::<Vec<_>>().join(" ")
        );
        if after > before * MEMORY_VARIES {
            return Err(format!("memory grows: {words}"));
        }
        told.push(words);
    }
    for (name, what) in
        [("descriptors", (|it| it.descriptors) as fn(&Sample) -> usize), ("processes", |it| it.processes)]
    {
        let (before, after) = (most(early, what), most(late, what));
        let words = format!("{name} {before}, then {after}");
        if after > before {
            return Err(format!("they become more: {words}"));
        }
        told.push(words);
    }
    Ok(told.join("; "))
}
