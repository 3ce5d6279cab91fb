//! Agents for tests.

use orchestra_model::Agent;
use serde_json::{Value, json};

/// A moment in the tests' time, in seconds.
pub(crate) fn at(second: i64) -> orchestra_model::Timestamp {
    orchestra_model::Timestamp::from_second(1_767_225_600 + second).unwrap()
}

/// An agent that runs, with some fields of its own.
pub(crate) fn agent(id: &str, fields: Value) -> Agent {
    let mut agent = json!({
        "id": id, "name": format!("name-of-{id}"), "provider": "claude", "task": "t", "state": "running",
        "run": "abcd2345", "failure": null, "attention": null, "doing": null, "repo": null, "worktree": null, "branch": null,
        "base": null, "session_id": "s", "model": null, "permission_mode": null, "pid": null,
        "created_at": at(0), "updated_at": at(0), "exit": null, "cost_usd": null,
        "tokens": orchestra_model::Usage::default(), "turns": 0, "diffstat": null, "queue": [], "requests": [],
        "is_cleaned": false, "notes": [], "sequence": 1,
    });
    for (name, value) in fields.as_object().unwrap() {
        agent[name] = value.clone();
    }
    serde_json::from_value(agent).unwrap()
}

/// A request to use Bash.
pub(crate) fn request(id: &str, command: &str) -> Value {
    let summary = command.split_whitespace().collect::<Vec<_>>().join(" ");
    json!({
        "id": id, "kind": "permission", "tool": "Bash",
        "input": json!({ "command": command, "description": "What it does" }).to_string(),
        "input_hash": format!("hash-of-{command}"), "summary": summary, "reason": null, "questions": [],
        "plan": null, "suggestions": [], "at": at(1), "decided": null,
    })
}

/// An agent that asks.
pub(crate) fn asking(id: &str, requests: &[Value]) -> Agent {
    agent(id, json!({ "state": "waiting", "requests": requests }))
}

/// An agent that has finished its turn.
pub(crate) fn done(id: &str, second: i64) -> Agent {
    let attention =
        json!({ "kind": "done", "since": at(second), "summary": "All tests pass.", "until": null });
    agent(id, json!({ "state": "idle", "turns": 1, "attention": attention }))
}
