//! Orchestra's tools, called as the real client calls them: over the server that the client was told of.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{TryRecvError, channel},
    thread,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Stop};
use crate::tools::{self, Answer};

/// What the names of these tools begin with.
pub(super) const TOOLS: &str = "mcp__orchestra__";
/// The number of the request that is the call.
const CALL: u64 = 2;
/// How often it is looked whether the answer is there.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
struct Configuration {
    #[serde(rename = "mcpServers")]
    servers: Servers,
}

#[derive(Deserialize)]
struct Servers {
    orchestra: Server,
}

#[derive(Deserialize)]
struct Server {
    command: String,
    args: Vec<String>,
}

/// The input that a step's body is.
pub(super) fn input(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| json!({}))
}

impl<W: Write> Client<'_, W> {
    /// Calls a tool, and attends meanwhile to what is heard: others may take long.
    pub(super) fn call(&mut self, tool: &str, input: &Value) -> Result<Answer, Stop> {
        let Some(configuration) = &self.crew else { return Ok(Answer::bad("There are no such tools.")) };
        let failed =
            |error: io::Error| Ok(Answer::bad(&format!("The server of the tools does not answer: {error}")));
        let mut server = match start(configuration) {
            Ok(server) => server,
            Err(error) => return failed(error),
        };
        // It ends with its input.
        let to_server = server.stdin.take();
        let (sender, answered) = channel();
        let output = server.stdout.take();
        thread::spawn(move || sender.send(find_answer(output)));
        let asked = to_server.iter().try_for_each(|to_server| ask(to_server, tool, input));
        let outcome = loop {
            match (answered.try_recv(), &asked) {
                (Ok(Some(answer)), _) => break Ok(tools::has_called(&answer)),
                (_, Err(error)) => break failed(io::Error::from(error.kind())),
                (Ok(None) | Err(TryRecvError::Disconnected), _) => {
                    break failed(io::ErrorKind::UnexpectedEof.into());
                }
                (Err(TryRecvError::Empty), Ok(())) => {}
            }
            if let Ok(heard) = self.heard.recv_timeout(LOOK)
                && let Err(stop) = self.attend(heard)
            {
                break Err(stop);
            }
        };
        drop(to_server);
        let _ = server.kill();
        let _ = server.wait();
        outcome
    }
}

fn start(configuration: &Path) -> io::Result<Child> {
    let Configuration { servers: Servers { orchestra } } = serde_json::from_slice(&fs::read(configuration)?)?;
    let mut server = Command::new(orchestra.command);
    server.args(orchestra.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

fn ask(mut server: &ChildStdin, tool: &str, input: &Value) -> io::Result<()> {
    let hello = json!({
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "scripted", "version": "1" },
    });
    let call = json!({ "name": tool, "arguments": input });
    [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": CALL, "method": "tools/call", "params": call }),
    ]
    .iter()
    .try_for_each(|line| writeln!(server, "{line}"))
}

/// The answer to the call among all that the server says.
fn find_answer(output: Option<ChildStdout>) -> Option<Value> {
    let lines = BufReader::new(output?).lines().map_while(Result::ok);
    let mut told = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    told.find(|line| line["id"] == CALL)
}

/// What the first of the agents that were waited for reported.
pub(super) fn report_in(answer: &Answer) -> Option<String> {
    let told: Value = serde_json::from_str(answer.content[0]["text"].as_str()?).ok()?;
    Some(told["over"][0]["report"]["summary"].as_str()?.to_owned())
}
