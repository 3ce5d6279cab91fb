//! What the scripted client prints: a line of JSON each.

use std::io::Write;

use serde_json::{Value, json};

/// Its output.
pub(super) struct Voice<W> {
    output: W,
    session: String,
}

impl<W: Write> Voice<W> {
    pub(super) fn new(output: W) -> Self {
        Self { output, session: String::new() }
    }

    pub(super) fn set_session(&mut self, session: &str) {
        session.clone_into(&mut self.session);
    }

    /// Words for a person.
    pub(super) fn plain(&mut self, words: &str) {
        // Whoever does not listen any more has gone; the end of the input will tell.
        drop(writeln!(self.output, "{words}").and_then(|()| self.output.flush()));
    }

    pub(super) fn line(&mut self, value: &Value) {
        self.plain(&value.to_string());
    }

    /// A line that belongs to the session.
    fn of_session(&mut self, mut value: Value) {
        value["session_id"] = json!(self.session);
        self.line(&value);
    }

    pub(super) fn init(&mut self, folder: &str, model: &str, mode: &str, version: &str) {
        let tools = ["Agent", "AskUserQuestion", "Bash", "Edit", "ExitPlanMode", "Read", "Write"];
        self.of_session(json!({
            "type": "system", "subtype": "init", "cwd": folder, "tools": tools, "mcp_servers": [], "model": model,
            "permissionMode": mode, "apiKeySource": "none", "claude_code_version": version,
        }));
    }

    /// Words on their way.
    pub(super) fn delta(&mut self, kind: &str, text: &str) {
        let field = if kind == "thinking_delta" { "thinking" } else { "text" };
        self.of_session(json!({
            "type": "stream_event", "parent_tool_use_id": null,
            "event": { "type": "content_block_delta", "index": 0, "delta": { "type": kind, field: text } },
        }));
    }

    /// A block of a reply.
    pub(super) fn assistant(&mut self, model: &str, block: &Value) {
        self.of_session(json!({
            "type": "assistant", "parent_tool_use_id": null,
            "message": { "type": "message", "role": "assistant", "model": model, "content": [block] },
        }));
    }

    /// A tool's answer.
    pub(super) fn returned(&mut self, call: &str, content: &Value, is_error: bool, noted: &Value) {
        self.of_session(json!({
            "type": "user", "parent_tool_use_id": null, "tool_use_result": noted,
            "message": { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": call, "content": content, "is_error": is_error },
            ] },
        }));
    }

    /// What the client says in a person's name.
    pub(super) fn user(&mut self, text: &str) {
        self.of_session(json!({
            "type": "user", "parent_tool_use_id": null,
            "message": { "role": "user", "content": [{ "type": "text", "text": text }] },
        }));
    }

    /// The line that ends a turn.
    pub(super) fn result(&mut self, result: Value) {
        self.of_session(result);
    }
}
