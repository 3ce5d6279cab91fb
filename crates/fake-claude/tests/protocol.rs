//! The fake client, spoken to as a runner speaks to it.
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows only the test functions themselves as tests, not their helpers"
)]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
};

use serde_json::{Value, json};

struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<std::process::ChildStdout>,
    _folder: Folder,
}

/// A folder of this test's own, removed with the value.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Client {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("fake-claude-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_fake-claude"))
            .arg("--session-id=abc")
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output, _folder: Folder(folder) }
    }

    fn tell(&mut self, value: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{value}").unwrap();
    }

    fn prompt(&mut self, text: &str) {
        self.tell(&json!({ "type": "user", "message": { "content": [{ "type": "text", "text": text }] } }));
    }

    /// The next line of a type.
    fn hear(&mut self, kind: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "it ended before {kind}");
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["type"] == kind {
                return value;
            }
        }
    }
}

#[test]
fn it_greets_asks_and_ends_with_its_input() {
    let mut client = Client::start("ask");
    client.tell(
        &json!({ "type": "control_request", "request_id": "r", "request": { "subtype": "initialize" } }),
    );
    assert_eq!(client.hear("control_response")["response"]["request_id"], "r");
    client.prompt("Work\n::ask Bash ls");
    assert_eq!(client.hear("system")["session_id"], "abc");
    let asked = client.hear("control_request");
    assert_eq!(asked["request"]["input"], json!({ "command": "ls" }));
    let verdict = json!({ "behavior": "allow", "updatedInput": asked["request"]["input"] });
    let response = json!({ "subtype": "success", "request_id": asked["request_id"], "response": verdict });
    client.tell(&json!({ "type": "control_response", "response": response }));
    assert_eq!(client.hear("result")["result"], "done: Work");
    client.input = None;
    assert!(client.child.wait().unwrap().success());
}

#[test]
fn an_interrupt_ends_the_turn() {
    let mut client = Client::start("interrupt");
    client.prompt("::sleep 60000");
    client.hear("system");
    client.tell(
        &json!({ "type": "control_request", "request_id": "i", "request": { "subtype": "interrupt" } }),
    );
    assert_eq!(client.hear("result")["terminal_reason"], "aborted_streaming");
}
