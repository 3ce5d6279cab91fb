//! One turn: what a prompt says, line by line.

use std::{
    fs,
    io::Write,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::{Client, Input, Next, result, world};

/// How a directive ended.
enum Done {
    /// The turn goes on.
    On,
    /// It was interrupted.
    Interrupted,
    /// The turn ends with this line.
    With(Value),
    /// The client ends without a result.
    Exit(u8),
}

impl Client {
    fn say(&self, value: &Value) {
        let mut value = value.clone();
        value["session_id"] = json!(self.session);
        world::print(&value.to_string());
    }

    fn assistant(&self, block: &Value, parent: &Value) {
        self.say(&json!({
            "type": "assistant",
            "message": { "role": "assistant", "model": self.model, "content": [block] },
            "parent_tool_use_id": parent,
        }));
    }

    fn delta(&self, text: &str) {
        self.say(&json!({
            "type": "stream_event",
            "event": { "type": "content_block_delta", "delta": { "type": "text_delta", "text": text } },
            "parent_tool_use_id": null,
        }));
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.number += 1;
        format!("{kind}-{}-{}", std::process::id(), self.number)
    }

    /// Does what a prompt says.
    pub(crate) fn turn(&mut self, prompt: &str) -> Next {
        self.turns += 1;
        let folder = std::env::current_dir().unwrap_or_default();
        self.say(&json!({
            "type": "system", "subtype": "init", "cwd": folder, "tools": ["Bash", "Write"], "model": self.model,
            "permissionMode": self.mode, "claude_code_version": "9.9.9",
        }));
        let mut end = result(
            "success",
            false,
            &format!("done: {}", prompt.lines().next().unwrap_or_default()),
            self.turns,
        );
        for line in prompt.lines() {
            match self.directive(line) {
                Done::On => {}
                Done::With(line) => {
                    end = line;
                    break;
                }
                Done::Exit(code) => return Next::Exit(code),
                Done::Interrupted => {
                    let text = "[Request interrupted by user]";
                    self.say(&json!({
                        "type": "user", "message": { "role": "user", "content": [{ "type": "text", "text": text }] },
                    }));
                    end = result("error_during_execution", true, "", self.turns);
                    end["terminal_reason"] = json!("aborted_streaming");
                    break;
                }
            }
        }
        self.say(&end);
        Next::Turn
    }

    fn directive(&mut self, line: &str) -> Done {
        let Some(directive) = line.strip_prefix("::") else {
            self.assistant(&json!({ "type": "text", "text": line }), &Value::Null);
            return Done::On;
        };
        let (name, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        let number =
            |default: u64| rest.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(default);
        let second =
            |default: u64| rest.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(default);
        match name {
            "say" => {
                rest.split_inclusive(' ').for_each(|word| self.delta(word));
                self.assistant(&json!({ "type": "text", "text": rest }), &Value::Null);
            }
            "write" => self.write(rest),
            "fail" => {
                let (tool, words) = rest.split_once(' ').unwrap_or((rest, "failed"));
                let id = self.next_id("toolu");
                let call = json!({ "type": "tool_use", "id": id, "name": tool, "input": {} });
                self.assistant(&call, &Value::Null);
                self.returned(&id, true, words);
            }
            "ask" | "take-back" => {
                let (tool, input) = rest.split_once(' ').unwrap_or((rest, "{}"));
                let input = serde_json::from_str(input).unwrap_or_else(|_| json!({ "command": input }));
                return self.ask(tool, &input, name == "take-back");
            }
            "question" => {
                let option = |label: &str| json!({ "label": label, "description": format!("take {label}") });
                let input = json!({ "questions": [
                    { "question": "Which database?", "header": "Database", "multiSelect": false,
                      "options": [option("SQLite"), option("Postgres")] },
                    { "question": "Which parts?", "header": "Parts", "multiSelect": true,
                      "options": [option("API"), option("Web"), option("CLI")] },
                ] });
                return self.ask("AskUserQuestion", &input, false);
            }
            "plan" => return self.ask("ExitPlanMode", &json!({ "plan": rest }), false),
            "sleep" => return self.wait(Duration::from_millis(number(1000))),
            "exit" => return Done::Exit(u8::try_from(number(0)).unwrap_or(1)),
            "signal" => {
                let signal = i32::try_from(number(9)).ok().and_then(Signal::from_named_raw).unwrap_or(Signal::KILL);
                // Twice: the first SIGSEGV only takes away the handler that looks for stack overflows.
                for _ in 0..2 {
                    let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
                    thread::sleep(Duration::from_millis(100));
                }
            }
            "no-result" => return Done::Exit(0),
            "stay" => {
                self.stays = true;
                ignore(SIGINT);
            }
            "ignore-term" => {
                ignore(SIGINT);
                ignore(SIGTERM);
            }
            "child" => world::leave_child(".child"),
            "grandchild" => world::leave_grandchild(".grandchild"),
            "flood" => self.flood(number(1 << 20), second(1000)),
            "line" => world::long_line(number(1 << 20)),
            "tick" => self.tick(number(10), Duration::from_millis(second(10))),
            "stderr" => world::complain(rest),
            "garbage" => world::print("this is no JSON {"),
            "invalid" => world::print_bytes(b"{\"type\":\"assistant\",\"message\":\"\xff\xfe\0\0\"}"),
            "unknown" => {
                self.say(&json!({ "type": "levitation", "height": 3 }));
                let id = self.next_id("unknown");
                self.say(&json!({ "type": "control_request", "request_id": id, "request": { "subtype": "levitate" } }));
            }
            "retry" => self.say(&json!({
                "type": "system", "subtype": "api_retry", "attempt": 1, "error_status": number(529), "retry_delay_ms": 500,
            })),
            "limit" => {
                let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec.unsigned_abs();
                self.say(&json!({ "type": "rate_limit_event", "rate_limit_info": {
                    "status": "rejected", "resetsAt": now + number(3600), "rateLimitType": "five_hour",
                } }));
                let mut end = result("success", true, "You've hit your limit", self.turns);
                end["api_error_status"] = json!(429);
                return Done::With(end);
            }
            "overload" => {
                let mut end = result("success", true, "API Error: 529 Overloaded", self.turns);
                end["api_error_status"] = json!(529);
                return Done::With(end);
            }
            "error" => return Done::With(result("success", true, rest, self.turns)),
            "budget" => return Done::With(result("error_max_budget_usd", true, "", self.turns)),
            "subagent" => self.assistant(&json!({ "type": "text", "text": rest }), &json!("toolu_parent")),
            _ => self.assistant(&json!({ "type": "text", "text": format!("no such directive: {name}") }), &Value::Null),
        }
        Done::On
    }

    fn write(&mut self, rest: &str) {
        let (path, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let id = self.next_id("toolu");
        let input = json!({ "file_path": path, "content": text });
        self.assistant(
            &json!({ "type": "tool_use", "id": id, "name": "Write", "input": input }),
            &Value::Null,
        );
        let written = fs::write(path, format!("{text}\n"));
        let is_error = written.is_err();
        let content = written.err().map_or_else(|| "File created".to_owned(), |error| error.to_string());
        self.returned(&id, is_error, &content);
    }

    fn returned(&self, id: &str, is_error: bool, content: &str) {
        self.say(&json!({ "type": "user", "message": { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": id, "is_error": is_error, "content": content },
        ] } }));
    }

    /// Asks for leave and does what the answer says; what was answered is written down.
    fn ask(&mut self, tool: &str, input: &Value, takes_back: bool) -> Done {
        let (id, call) = (self.next_id("request"), self.next_id("toolu"));
        self.assistant(
            &json!({ "type": "tool_use", "id": call, "name": tool, "input": input }),
            &Value::Null,
        );
        let rule = |behaviour: &str, place: &str| {
            json!({ "type": "addRules", "rules": [{ "toolName": tool, "ruleContent": "*" }],
                    "behavior": behaviour, "destination": place })
        };
        self.say(&json!({ "type": "control_request", "request_id": id, "request": {
            "subtype": "can_use_tool", "tool_name": tool, "input": input, "tool_use_id": call,
            "permission_suggestions": [rule("allow", "localSettings"), rule("allow", "session")],
        } }));
        if takes_back {
            thread::sleep(Duration::from_millis(50));
            self.say(&json!({ "type": "control_cancel_request", "request_id": id }));
            return Done::On;
        }
        loop {
            match self.input.recv() {
                Ok(Input::Answer(line)) if line["response"]["request_id"] == id.as_str() => {
                    let decisions = fs::OpenOptions::new().create(true).append(true).open(".fake-decisions");
                    drop(decisions.and_then(|mut file| writeln!(file, "{line}")));
                    let verdict = &line["response"]["response"];
                    let is_allowed = verdict["behavior"] == "allow";
                    let words =
                        if is_allowed { "ran" } else { verdict["message"].as_str().unwrap_or("denied") };
                    self.returned(&call, !is_allowed, words);
                    return Done::On;
                }
                Ok(Input::Prompt(prompt)) => self.waiting.push(prompt),
                Ok(Input::Interrupt) => return Done::Interrupted,
                Ok(Input::Answer(_)) => {}
                Err(_) => return Done::Exit(0),
            }
        }
    }

    /// Waits; prompts that come meanwhile wait too.
    fn wait(&mut self, time: Duration) -> Done {
        let until = Instant::now() + time;
        loop {
            match self.input.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Input::Prompt(prompt)) => self.waiting.push(prompt),
                Ok(Input::Interrupt) => return Done::Interrupted,
                Ok(Input::Answer(_)) => {}
                // Nobody speaks any more, or the time is over.
                Err(_) => {
                    thread::sleep(until.saturating_duration_since(Instant::now()));
                    return Done::On;
                }
            }
        }
    }

    fn flood(&self, bytes: u64, line: u64) {
        let text = "x".repeat(usize::try_from(line).unwrap_or(1000).saturating_sub(150));
        let mut left = bytes;
        while left > 0 {
            self.delta(&text);
            left = left.saturating_sub(line.max(1));
        }
    }

    fn tick(&self, times: u64, pause: Duration) {
        let begin = Instant::now();
        for number in 1..=times {
            // A paragraph ends now and then, as it does where a model writes.
            let end = if number % 10 == 0 { "\n" } else { "" };
            self.delta(&format!("{{\"n\":{number},\"sent_ns\":{}}}{end}", world::now_ns()));
            let at = begin + pause * u32::try_from(number).unwrap_or(u32::MAX);
            thread::sleep(at.saturating_duration_since(Instant::now()));
        }
    }
}

/// Has a signal do nothing from now on.
fn ignore(signal: i32) {
    drop(signal_hook::flag::register(signal, Arc::default()));
}
