//! Leave: what the scripted client must ask for, and what it is answered.

use std::{
    fs::{self, OpenOptions},
    io::Write,
};

use serde_json::{Value, json};

use super::{Client, Heard, Stop, crew};
use crate::Stage;

/// Commands that only look, by their first words.
const LOOKING: [&str; 7] = ["cat ", "git diff", "git log", "git status", "grep ", "ls", "sed -n "];

/// What a person decided.
pub(super) enum Verdict {
    /// Yes; with the input as it came back.
    Allowed(Value),
    /// No, and why.
    Denied(String),
}

/// The rules that were made for good in a demo.
pub(super) fn kept_rules(stage: &Stage) -> Vec<String> {
    fs::read_to_string(stage.rules()).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn rule(tool: &str, input: &Value) -> String {
    format!("{tool}({})", input["command"].as_str().unwrap_or_default())
}

impl<W: Write> Client<'_, W> {
    /// Whether a tool may be used without asking.
    fn may(&self, tool: &str, input: &Value) -> bool {
        match tool {
            "AskUserQuestion" | "ExitPlanMode" => false,
            "Read" | "Agent" => true,
            _ if tool.starts_with(crew::TOOLS) => true,
            _ if self.mode == "bypassPermissions" => true,
            "Edit" | "Write" => self.mode == "acceptEdits",
            _ => {
                let command = input["command"].as_str().unwrap_or_default();
                LOOKING.iter().any(|word| command.starts_with(word))
                    || self.rules.contains(&rule(tool, input))
            }
        }
    }

    /// Asks for leave to use a tool, unless that need not be asked.
    pub(super) fn leave(&mut self, call: &str, tool: &str, input: &Value) -> Result<Verdict, Stop> {
        if self.may(tool, input) {
            return Ok(Verdict::Allowed(input.clone()));
        }
        let id = self.next_id("request");
        self.voice.line(&json!({
            "type": "control_request", "request_id": id,
            "request": {
                "subtype": "can_use_tool", "tool_name": tool, "input": input, "tool_use_id": call,
                "permission_suggestions": suggestions(tool, input),
            },
        }));
        loop {
            if self.is_input_over {
                return Err(Stop::Over);
            }
            let heard = self.heard.recv().map_err(|_| Stop::Over)?;
            let answer = match heard {
                Heard::Answer(answer) if answer["request_id"] == id.as_str() => answer,
                heard => {
                    if let Err(stop) = self.attend(heard) {
                        self.voice.line(&json!({ "type": "control_cancel_request", "request_id": id }));
                        return Err(stop);
                    }
                    continue;
                }
            };
            let verdict = &answer["response"];
            for update in verdict["updatedPermissions"].as_array().into_iter().flatten() {
                self.learn(update);
            }
            return match verdict["behavior"].as_str() {
                Some("allow") => Ok(Verdict::Allowed(verdict["updatedInput"].clone())),
                _ if verdict["interrupt"] == true => Err(Stop::Interrupted),
                _ => Ok(Verdict::Denied(verdict["message"].as_str().unwrap_or_default().to_owned())),
            };
        }
    }

    /// Takes in what a person changed of what must be asked.
    fn learn(&mut self, update: &Value) {
        if update["type"] == "setMode" {
            self.set_mode(update["mode"].as_str().unwrap_or("default"));
        }
        for rule in update["rules"].as_array().into_iter().flatten() {
            let text = |field: &str| rule[field].as_str().unwrap_or_default();
            let rule = format!("{}({})", text("toolName"), text("ruleContent"));
            if update["destination"] != "session" {
                // For the other agents of the demo too, as the real one would keep it for others in the repository.
                let rules = OpenOptions::new().create(true).append(true).open(self.stage.rules());
                drop(rules.and_then(|mut rules| rules.write_all(format!("{rule}\n").as_bytes())));
            }
            self.rules.push(rule);
        }
    }
}

fn suggestions(tool: &str, input: &Value) -> Value {
    match tool {
        "Edit" | "Write" => json!([{ "type": "setMode", "mode": "acceptEdits", "destination": "session" }]),
        "Bash" => {
            let rules = json!([{ "toolName": tool, "ruleContent": input["command"] }]);
            let suggestion = |place: &str| json!({ "type": "addRules", "rules": rules, "behavior": "allow", "destination": place });
            json!([suggestion("localSettings"), suggestion("session")])
        }
        _ => json!([]),
    }
}
