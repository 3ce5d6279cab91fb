//! What the scripted model answers: a message made of blocks, or a refusal.
//!
//! Nothing here knows how a reply travels; that is the events module's work.

use serde_json::Value;
use std::time::Duration;

/// An answer to one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// An assistant message.
    Message(Message),
    /// An HTTP error in the API's own form.
    Failure(Failure),
}

/// An assistant message. Its stop reason follows from its blocks: `tool_use` with a tool among them, else `end_turn`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// What it holds, in order.
    pub blocks: Vec<Block>,
    /// The tokens it claims to have used.
    pub usage: Usage,
}

/// One content block of a message, or a stop along the way.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Text; it streams in the given pieces, each after the pause.
    Text {
        /// The deltas.
        pieces: Vec<String>,
        /// The wait before each of them.
        pause: Duration,
    },
    /// Thinking, with a made-up signature.
    Thinking(String),
    /// A call of a tool.
    Tool {
        /// The tool's name as the client knows it.
        name: String,
        /// Its input, an object as a rule.
        input: Value,
    },
    /// The stream waits here until this name is released.
    Hold(String),
}

/// The tokens that a message claims, in the API's own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// `input_tokens`
    pub input: u64,
    /// `cache_creation_input_tokens`
    pub cache_write: u64,
    /// `cache_read_input_tokens`
    pub cache_read: u64,
    /// `output_tokens`
    pub output: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { input: 120, cache_write: 2000, cache_read: 9000, output: 40 }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// The words in the error's body.
    pub message: String,
    /// After how many seconds the client may try again: the header `retry-after`.
    pub retry_after: Option<u32>,
}

impl Reply {
    /// An empty message, to be filled with the methods below.
    #[must_use]
    pub fn new() -> Self {
        Self::Message(Message::default())
    }

    /// A message of one text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new().and_text(text)
    }

    /// A message of one call of a tool.
    #[must_use]
    pub fn tool(name: impl Into<String>, input: Value) -> Self {
        Self::new().and_tool(name, input)
    }

    /// A refusal with an HTTP status.
    #[must_use]
    pub fn failure(status: u16) -> Self {
        let message = format!("The script asked for status {status}.");
        Self::Failure(Failure { status, message, retry_after: None })
    }

    /// Adds a text that streams word by word, without pauses.
    #[must_use]
    pub fn and_text(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.and(Block::Text {
            pieces: text.split_inclusive(' ').map(str::to_owned).collect(),
            pause: Duration::ZERO,
        })
    }

    /// Adds thinking.
    #[must_use]
    pub fn and_thinking(self, text: impl Into<String>) -> Self {
        self.and(Block::Thinking(text.into()))
    }

    /// Adds a call of a tool.
    #[must_use]
    pub fn and_tool(self, name: impl Into<String>, input: Value) -> Self {
        self.and(Block::Tool { name: name.into(), input })
    }

    /// Makes the stream wait here until [`RunningModel::release`](crate::RunningModel::release) names it.
    #[must_use]
    pub fn and_hold(self, name: impl Into<String>) -> Self {
        self.and(Block::Hold(name.into()))
    }

    /// Adds any block. A refusal stays a refusal.
    #[must_use]
    pub fn and(mut self, block: Block) -> Self {
        if let Self::Message(message) = &mut self {
            message.blocks.push(block);
        }
        self
    }

    /// Sets the tokens that the message claims.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        if let Self::Message(message) = &mut self {
            message.usage = usage;
        }
        self
    }
}

impl Default for Reply {
    fn default() -> Self {
        Self::new()
    }
}

impl Message {
    /// `tool_use` when a tool is called, else `end_turn`.
    #[must_use]
    pub fn stop_reason(&self) -> &'static str {
        let calls_tool = |block: &Block| matches!(block, Block::Tool { .. });
        if self.blocks.iter().any(calls_tool) { "tool_use" } else { "end_turn" }
    }
}
