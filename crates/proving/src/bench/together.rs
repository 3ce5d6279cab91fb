//! The figures of runs: what a plan costs a task, and a thousand tasks that wait.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_fake_claude::home::{Failure, Home};
use serde_json::{Value, json};

use super::{median, ms, percentile, row};
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
    delivery(programs)?;
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

/// The server of an agent's tools, spoken to as its client does.
struct Tools {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Tools {
    fn of(home: &Home, agent: &Value) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| error.to_string();
        let key = home.state().join("agents").join(text(agent, "id")).join("tools.key");
        let mut command = home.command(&["mcp", &key.display().to_string()]);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (input, output) = (server.stdin.take(), server.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err("no pipes".to_owned()) };
        let mut tools = Self { server, input, output: BufReader::new(output) };
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" },
        });
        tools.ask("initialize", &hello)?;
        tools.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        Ok(tools)
    }

    fn tell(&mut self, line: &Value) -> Result<(), Failure> {
        writeln!(self.input, "{line}").map_err(|error| error.to_string())
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Result<Value, Failure> {
        self.tell(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters }))?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))
    }

    /// Sends a message; answers its number.
    fn send(&mut self, to: &str) -> Result<u64, Failure> {
        let call = json!({ "name": "send_message", "arguments": { "to": to, "text": "hello" } });
        let answer = self.ask("tools/call", &call)?;
        let said = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        let said: Value = serde_json::from_str(said).map_err(|_| format!("not sent: {answer}"))?;
        said["number"].as_u64().ok_or_else(|| format!("not sent: {said}"))
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The way of a message to an agent that has nothing to do, from the call until its client is given it.
fn delivery(programs: &Programs) -> Result<(), Failure> {
    // As many as the limits allow within a minute: 30 of each sender, 60 for each receiver.
    let (senders, receivers, each) = (4, 2, 15);
    let home = repository(programs)?;
    let names: Vec<String> = (0..senders + receivers).map(|number| format!("a{number}")).collect();
    let words: Vec<String> = names.iter().map(|name| format!("{name}\n::say hello")).collect();
    let mut arguments = vec!["spawn", "--trust"];
    arguments.extend(words.iter().map(String::as_str));
    home.run(&arguments)?;
    let is_idle = |agent: &Value| text(agent, "state") == "idle";
    let mut tools = Vec::new();
    for name in &names[receivers..] {
        tools.push(Tools::of(&home, &home.wait(name, is_idle)?)?);
    }
    let mut begun: Vec<HashMap<u64, Timestamp>> = vec![HashMap::new(); receivers];
    for _ in 0..each {
        for tools in &mut tools {
            for (receiver, begun) in names[..receivers].iter().zip(&mut begun) {
                home.wait(receiver, |agent| is_idle(agent) && agent["queue"] == json!([]))?;
                let now = Timestamp::now();
                begun.insert(tools.send(receiver)?, now);
            }
        }
    }
    let way = |receiver: &str, begun: &HashMap<u64, Timestamp>| -> Result<Vec<f64>, Failure> {
        home.wait(receiver, |agent| is_idle(agent) && agent["queue"] == json!([]))?;
        let delivered = home.records(receiver)?.into_iter().filter_map(|record| {
            let event = record.get("event")?;
            let event = if event.is_object() { event } else { &record };
            let is_it = text(event, "event") == "prompt_delivered";
            let begin = begun.get(&event["id"].as_u64().filter(|_| is_it)?)?;
            let at: Timestamp = text(&record, "at").parse().ok()?;
            Some(at.duration_since(*begin).as_secs_f64() * 1e3)
        });
        Ok(delivered.collect())
    };
    let mut ways = Vec::new();
    for (receiver, begun) in names.iter().zip(&begun) {
        ways.extend(way(receiver, begun)?);
    }
    if ways.len() != senders * receivers * each {
        return Err(format!("{} of {} messages arrived", ways.len(), senders * receivers * each));
    }
    ways.sort_by(f64::total_cmp);
    let mut sends = HashMap::new();
    for _ in 0..20 {
        let agent = home.wait(&names[0], |agent| is_idle(agent) && agent["queue"] == json!([]))?;
        let now = Timestamp::now();
        let said: Value =
            serde_json::from_str(&home.run(&["send", text(&agent, "name"), "hello", "--json"])?)
                .map_err(|error| error.to_string())?;
        sends.insert(said["prompt"].as_u64().unwrap_or_default(), now);
    }
    let mut sent = way(&names[0], &sends)?;
    sent.sort_by(f64::total_cmp);
    let figure = |all: &[f64]| format!("{:.1} ms, p99 {:.1}", percentile(all, 50), percentile(all, 99));
    row(
        "a message from an agent to an idle one, delivered",
        &figure(&ways),
        &format!("meant: p99 at most 50 ms; orchestra send: {}", figure(&sent)),
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
