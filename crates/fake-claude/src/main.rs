//! A client that speaks Claude Code's protocol and does what its prompts say, also what the real one will not do on
//! demand: crash, hang, flood, ignore signals, leave processes behind.
//!
//! A prompt is a list of directives, a line each; a line that is none is echoed as the assistant's words.
//!
//! | directive | does |
//! | --- | --- |
//! | `::say TEXT` | says it, in pieces first |
//! | `::write PATH TEXT` | writes a file in its folder, as a tool does |
//! | `::fail TOOL TEXT` | uses a tool, which fails with that text |
//! | `::ask TOOL JSON` | asks for leave; the answer is added to `.fake-decisions` |
//! | `::take-back TOOL JSON` | asks, and takes the question back after 50 ms |
//! | `::question` | asks two questions |
//! | `::plan TEXT` | asks whether to carry a plan out |
//! | `::sleep MS` | waits; an interrupt ends the turn |
//! | `::exit CODE`, `::signal NUMBER` | ends at once |
//! | `::no-result` | ends well, without a result |
//! | `::stay` | does not end when its input does, nor on SIGINT |
//! | `::ignore-term` | ignores SIGINT and SIGTERM from now on |
//! | `::child`, `::grandchild` | leaves a process behind; the second in a session of its own, deaf to SIGTERM |
//! | `::flood BYTES [LINE]` | prints so much in lines of that length |
//! | `::line BYTES` | prints one line of that length |
//! | `::tick N MS` | prints N lines, one each so many milliseconds, with the time each was written |
//! | `::stderr TEXT`, `::garbage`, `::invalid`, `::unknown` | prints what is no protocol |
//! | `::retry STATUS`, `::limit SECONDS`, `::overload`, `::error TEXT`, `::budget` | what the API or the account say |
//! | `::subagent TEXT` | says something as a subagent |
//!
//! `FAKE_CLAUDE` in its environment has it fail from the start: `crash`, `login`, `old`, `garbage`, `silent`, `mute` (it dies over its first prompt),
//! `slow MS`, `line BYTES`.

mod turn;
mod world;

use std::{
    env,
    io::{self, BufRead},
    process::ExitCode,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use world::print;

/// How a turn goes on.
enum Next {
    /// With the next prompt.
    Turn,
    /// Not at all.
    Exit(u8),
}

/// What was heard on the standard input.
enum Input {
    /// A prompt.
    Prompt(String),
    /// The answer to what was asked: the whole line.
    Answer(Value),
    /// The turn shall end.
    Interrupt,
}

/// What the client is, and what it has heard.
struct Client {
    session: String,
    model: String,
    mode: String,
    turns: u32,
    number: u64,
    stays: bool,
    input: Receiver<Input>,
    /// Prompts that came during a turn.
    waiting: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let fault = env::var("FAKE_CLAUDE").unwrap_or_default();
    let (fault, amount) = fault.split_once(' ').unwrap_or((&fault, ""));
    if arguments.iter().any(|argument| argument == "--version") {
        let version = if fault == "old" { "0.2.9" } else { "9.9.9" };
        print(&format!("{version} (Claude Code)"));
        return ExitCode::SUCCESS;
    }
    match fault {
        "crash" => {
            world::complain("boom: the client cannot start");
            return ExitCode::from(3);
        }
        "old" => {
            world::complain("error: unknown option '--permission-prompt-tool=stdio'");
            return ExitCode::FAILURE;
        }
        "login" => {
            print(&result("success", true, "Invalid API key · Please run /login", 0).to_string());
            return ExitCode::FAILURE;
        }
        "garbage" => print("Welcome to the client!\n{\"type\":"),
        "silent" => loop {
            thread::sleep(Duration::from_secs(3600));
        },
        "slow" => thread::sleep(Duration::from_millis(amount.parse().unwrap_or(1000))),
        "line" => world::long_line(amount.parse().unwrap_or(1 << 20)),
        _ => {}
    }
    let option = |name: &str| {
        let prefix = format!("--{name}=");
        arguments.iter().rev().find_map(|argument| argument.strip_prefix(&prefix).map(str::to_owned))
    };
    let (sender, input) = channel();
    thread::spawn(move || listen(&sender));
    let mut client = Client {
        session: option("session-id").or_else(|| option("resume")).unwrap_or_default(),
        model: option("model").unwrap_or_else(|| "fake-1".to_owned()),
        mode: option("permission-mode").unwrap_or_else(|| "default".to_owned()),
        turns: 0,
        number: 0,
        stays: false,
        input,
        waiting: Vec::new(),
    };
    loop {
        let prompt = match client.waiting.is_empty() {
            false => client.waiting.remove(0),
            true => match client.input.recv() {
                Ok(Input::Prompt(prompt)) => prompt,
                Ok(_) => continue,
                Err(_) if client.stays => loop {
                    thread::sleep(Duration::from_secs(3600));
                },
                Err(_) => return ExitCode::SUCCESS,
            },
        };
        if fault == "mute" {
            return ExitCode::from(3);
        }
        if let Next::Exit(code) = client.turn(&prompt) {
            return ExitCode::from(code);
        }
    }
}

/// Reads lines; answers what needs no turn, and passes the rest on.
fn listen(to: &Sender<Input>) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let Ok(value) = serde_json::from_str::<Value>(&line) else { continue };
        let input = match value["type"].as_str() {
            Some("user") => {
                let content = value["message"]["content"].as_array().cloned().unwrap_or_default();
                Input::Prompt(content.iter().filter_map(|block| block["text"].as_str()).collect())
            }
            Some("control_response") => Input::Answer(value),
            Some("control_request") => {
                let response = match value["request"]["subtype"].as_str() {
                    Some("initialize") => json!({ "commands": [], "models": [], "account": {} }),
                    _ => json!({}),
                };
                print(
                    &json!({
                        "type": "control_response",
                        "response": { "subtype": "success", "request_id": value["request_id"], "response": response },
                    })
                    .to_string(),
                );
                match value["request"]["subtype"].as_str() {
                    Some("interrupt") => Input::Interrupt,
                    Some("set_permission_mode") => {
                        let mode = &value["request"]["mode"];
                        print(
                            &json!({ "type": "system", "subtype": "status", "permissionMode": mode })
                                .to_string(),
                        );
                        continue;
                    }
                    _ => continue,
                }
            }
            _ => continue,
        };
        if to.send(input).is_err() {
            return;
        }
    }
}

/// The line that ends a turn.
fn result(subtype: &str, is_error: bool, text: &str, turns: u32) -> Value {
    json!({
        "type": "result",
        "subtype": subtype,
        "is_error": is_error,
        "result": text,
        "num_turns": 1,
        "total_cost_usd": f64::from(turns) * 0.01,
        "usage": { "input_tokens": 10, "output_tokens": 20 },
        "permission_denials": [],
    })
}
