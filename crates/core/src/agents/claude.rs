//! Claude Code as a client: the one place that knows what it is told and what it prints.
//!
//! It is driven through `claude -p` with stream-json both ways, as observed with 2.1.197 and 2.1.330. What it prints
//! changes every week: whatever is not known here is [`Heard::Unknown`], and no field is taken for granted.

mod heard;
mod told;

use std::{ffi::OsString, path::Path};

use orchestra_model::Decision;

use super::{
    client::{Client, Heard, Opening},
    entry::Steering,
    plan::Settings,
};

/// What the server of Orchestra's tools is called: its tools are `mcp__orchestra__…`.
const TOOLS: &str = "orchestra";

/// Claude Code.
pub(super) struct ClaudeCode;

impl Client for ClaudeCode {
    fn arguments(&self, settings: &Settings, opening: Opening<'_>, tools: Option<&Path>) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = [
            "-p",
            "--input-format=stream-json",
            "--output-format=stream-json",
            "--verbose",
            "--include-partial-messages",
            "--permission-prompt-tool=stdio",
        ]
        .map(OsString::from)
        .to_vec();
        // Joined to their names: a value that begins with a dash is a value all the same.
        let mut option = |name: &str, value: &str| arguments.push(format!("--{name}={value}").into());
        match opening {
            Opening::New(session) => option("session-id", session.as_str()),
            Opening::Resume(session) => option("resume", session.as_str()),
            Opening::Fork { of, session } => {
                option("session-id", session.as_str());
                arguments.extend([resume(of), "--fork-session".into()]);
            }
            Opening::Continue(of) => arguments.push(resume(of)),
        }
        let mut option = |name: &str, value: &str| arguments.push(format!("--{name}={value}").into());
        if let Some(model) = &settings.model {
            option("model", model);
        }
        if let Some(mode) = &settings.permission_mode {
            option("permission-mode", mode);
        }
        if let Some(budget) = settings.max_budget_usd {
            option("max-budget-usd", &budget.to_string());
        }
        if let Some(tools) = tools {
            let mut option = OsString::from("--mcp-config=");
            option.push(tools);
            // A message must not ask a person each time; what these tools may do is limited where they are served.
            arguments.extend([option, format!("--allowedTools=mcp__{TOOLS}").into()]);
        }
        arguments.extend(settings.arguments.iter().cloned());
        arguments
    }

    fn tools(&self, program: &Path, arguments: &[OsString]) -> Vec<u8> {
        told::tools(TOOLS, program, arguments)
    }

    fn greeting(&self) -> Vec<Vec<u8>> {
        vec![told::initialize()]
    }

    fn prompt(&self, text: &str) -> Vec<u8> {
        told::prompt(text)
    }

    fn answer(&self, asked: &[u8], decision: &Decision) -> Option<Vec<u8>> {
        told::answer(asked, decision)
    }

    fn steer(&self, how: &Steering, id: &str) -> Option<Vec<u8>> {
        told::steer(how, id)
    }

    fn read(&self, line: &[u8]) -> Vec<Heard> {
        heard::read(line)
    }

    fn is_of_consequence(&self, beginning: &[u8]) -> bool {
        // A line's type need not come first, so it is looked for in what is there of it.
        let has = |words: &[u8]| memchr::memmem::find(beginning, words).is_some();
        has(b"control_request") || has(b"\"result\"")
    }
}

/// Goes on from a transcript, wherever it lies.
fn resume(transcript: &Path) -> OsString {
    let mut resume = OsString::from("--resume=");
    resume.push(transcript);
    resume
}

#[cfg(test)]
mod tests;
