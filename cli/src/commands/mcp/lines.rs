//! How a client is spoken to: one JSON-RPC message a line, on pipes. A line that cannot be understood is answered with an
//! error, and the next one is read.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rmcp::{
    RoleServer,
    model::ErrorCode,
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::Mutex,
    task::JoinHandle,
};

/// The longest line that is read, in bytes.
const LONGEST_LINE: usize = 32 << 20;
/// How much room is kept for the next line, in bytes.
const KEPT_ROOM: usize = 1 << 20;

/// The lines of one client.
pub(super) struct Lines<R, W> {
    input: BufReader<R>,
    output: Arc<Mutex<W>>,
    /// What has come of the next line.
    line: Vec<u8>,
    /// Whether that is longer than is read.
    is_too_long: bool,
    /// An error that is being answered.
    answering: Option<JoinHandle<io::Result<()>>>,
    /// Told once nothing more comes.
    is_closed: Arc<AtomicBool>,
}

impl<R: AsyncRead + Unpin, W> Lines<R, W> {
    pub(super) fn new((input, output): (R, W), is_closed: Arc<AtomicBool>) -> Self {
        let (input, output) = (BufReader::new(input), Arc::new(Mutex::new(output)));
        Self { input, output, line: Vec::new(), is_too_long: false, answering: None, is_closed }
    }

    /// Reads on until a line is whole; `false` at the end of them. Whoever asks may stop asking at any time: what was read
    /// till then is kept.
    async fn fill(&mut self) -> io::Result<bool> {
        loop {
            let found = self.input.fill_buf().await?;
            if found.is_empty() {
                return Ok(false);
            }
            let end = found.iter().position(|byte| *byte == b'\n');
            let piece = &found[..end.unwrap_or(found.len())];
            self.is_too_long |= self.line.len() + piece.len() > LONGEST_LINE;
            if self.is_too_long {
                self.line = Vec::new();
            } else {
                self.line.extend_from_slice(piece);
            }
            let taken = piece.len() + usize::from(end.is_some());
            self.input.consume(taken);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// What the line says that is whole now, or the error that it is answered with; then there is room for the next one.
    fn take(&mut self) -> Result<RxJsonRpcMessage<RoleServer>, Option<Value>> {
        let is_too_long = std::mem::take(&mut self.is_too_long);
        let read = if is_too_long {
            let words = format!("a line is longer than {} MB; put the text into a file", LONGEST_LINE >> 20);
            Err(Some(error(&Value::Null, ErrorCode::PARSE_ERROR, &words)))
        } else {
            read(&self.line)
        };
        self.line.clear();
        self.line.shrink_to(KEPT_ROOM);
        read
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let output = self.output.clone();
        async move { write(&output, serde_json::to_vec(&message)?).await }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            // One after the other: whoever does not read answers is not read on.
            if let Some(answering) = &mut self.answering {
                let _ = answering.await;
                self.answering = None;
            }
            if !self.fill().await.unwrap_or(false) {
                self.is_closed.store(true, Ordering::Relaxed);
                return None;
            }
            match self.take() {
                Ok(message) => return Some(message),
                Err(None) => {}
                Err(Some(answer)) => {
                    let output = self.output.clone();
                    let answering = async move { write(&output, answer.to_string().into_bytes()).await };
                    self.answering = Some(tokio::spawn(answering));
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.lock().await.shutdown().await
    }
}

async fn write<W: AsyncWrite + Unpin>(output: &Mutex<W>, mut line: Vec<u8>) -> io::Result<()> {
    line.push(b'\n');
    let mut output = output.lock().await;
    output.write_all(&line).await?;
    output.flush().await
}

/// What is read of a message of which the rest cannot be.
#[derive(Deserialize)]
struct Envelope {
    id: Option<Value>,
    method: Option<IgnoredAny>,
}

/// What a line says, or the error that it is answered with: none when it wants no answer.
fn read(line: &[u8]) -> Result<RxJsonRpcMessage<RoleServer>, Option<Value>> {
    let line = line.trim_ascii();
    let why = match serde_json::from_slice(line) {
        Ok(message) => return Ok(message),
        Err(_) if line.is_empty() => return Err(None),
        Err(why) => why,
    };
    let envelope: Option<Envelope> =
        line.starts_with(b"{").then(|| serde_json::from_slice(line).ok()).flatten();
    let id = match envelope {
        // What needs no answer gets none.
        Some(Envelope { id: None, method: Some(_) }) => return Err(None),
        Some(Envelope { id: Some(id @ (Value::String(_) | Value::Number(_))), .. }) => id,
        _ => Value::Null,
    };
    let (code, what) = match why.is_data() {
        true => (ErrorCode::INVALID_REQUEST, "no request"),
        false => (ErrorCode::PARSE_ERROR, "no JSON"),
    };
    Err(Some(error(&id, code, &format!("what came is {what} ({why}); send it again, in one line of JSON"))))
}

fn error(id: &Value, code: ErrorCode, words: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": words } })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code and the id that a line is answered with.
    fn answered(line: &str) -> Option<(i64, Value)> {
        let answer = read(line.as_bytes()).unwrap_err()?;
        assert_eq!(answer["jsonrpc"], "2.0");
        Some((answer["error"]["code"].as_i64().unwrap(), answer["id"].clone()))
    }

    #[test]
    fn what_cannot_be_understood_is_answered_and_by_its_id_where_that_can_be() {
        assert!(read(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).is_ok());
        assert_eq!(answered("{"), Some((-32700, Value::Null)));
        let call = |inner: &str| {
            let arguments = format!(r#"{{"to":"a","text":{inner}}}"#);
            format!(
                r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"x","arguments":{arguments}}}}}"#
            )
        };
        assert_eq!(answered(&call(r#""\ud83d""#)), Some((-32700, json!(7))), "half a character");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(answered(&call(&deep)), Some((-32700, json!(7))), "deep");
        assert_eq!(answered(r#"{"jsonrpc":"2.0","id":"a"}"#), Some((-32600, json!("a"))));
        assert_eq!(answered("[1, 2]"), Some((-32600, Value::Null)));
        assert_eq!(answered(r#"{"jsonrpc":"2.0","method":"\ud83d"}"#), None, "a notification");
        assert_eq!(answered("  "), None);
    }
}
