//! A transcript as typed turns, in the order of the conversation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One step of a conversation: something a person, the model or the client said or did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Its place in the conversation, from 0, without gaps. A cursor for paging; stable while a file only grows.
    pub ordinal: u32,
    /// When.
    pub at: Option<Timestamp>,
    /// The model that said it, when a model did.
    pub model: Option<String>,
    /// The tokens of the API message this turn begins; on its first turn only, so that a sum counts each once.
    pub usage: Option<Usage>,
    /// What.
    pub body: TurnBody,
}

/// What a turn holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TurnBody {
    /// A person asked something.
    Prompt {
        /// The words; slash commands as `/name args`, shell commands as `! command`.
        text: Excerpt,
        /// Pictures that came with it.
        images: Vec<ImageRef>,
        /// Typed while a turn was running.
        queued: bool,
    },
    /// The model said something, in Markdown.
    Text {
        /// The words.
        text: Excerpt,
    },
    /// The model thought aloud.
    Thinking {
        /// The words; empty when the provider sent only a signature.
        text: Excerpt,
    },
    /// The model used a tool.
    Tool(Box<ToolCall>),
    /// The conversation was summarised to make room.
    Compaction {
        /// The summary that replaced it.
        summary: Excerpt,
        /// Tokens in the context before.
        tokens_before: Option<u64>,
        /// Whether the person asked for it, rather than the client doing it by itself.
        manual: bool,
    },
    /// The client said something: an error of the API, the output of a local command, an interruption.
    Notice {
        /// The words.
        text: Excerpt,
        /// Whether it tells of a failure.
        error: bool,
    },
}

/// A text, cut where it was too long to carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The text, or its beginning.
    pub text: String,
    /// How many bytes follow in the transcript that are not here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Excerpt {
    /// A text carried whole.
    pub fn whole(text: impl Into<String>) -> Self {
        Self { text: text.into(), omitted: 0 }
    }

    /// Whether there is nothing in it, nor was.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.omitted == 0
    }
}

/// A picture in a transcript, by where it stands; its bytes are not carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRef {
    /// The media type that the transcript claims, e.g. `image/png`.
    pub media_type: String,
    /// Where the line that holds it begins in the transcript, in bytes.
    pub line_offset: u64,
    /// Which picture of that line, from 0.
    pub index: u32,
}

/// A tool that the model used, joined with what came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's id, `toolu_…`.
    pub id: String,
    /// The tool's name, e.g. `Bash` or `mcp__server__tool`.
    pub name: String,
    /// One line for a folded row: the command, the path, the question.
    pub summary: String,
    /// What the model asked for.
    pub input: ToolInput,
    /// What came back; `None` while it runs, or when it never did.
    pub result: Option<ToolResult>,
}

/// The input of a tool, by the few shapes that deserve a drawing of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToolInput {
    /// A shell command.
    Command {
        /// The command line.
        command: Excerpt,
        /// What the model says it is for.
        description: Option<String>,
    },
    /// Replacements in a file, or the file whole.
    Edit {
        /// What changes.
        change: FileChange,
    },
    /// A subagent started.
    Subagent {
        /// Its type, e.g. `Explore`.
        agent_type: Option<String>,
        /// The task in a few words.
        description: Option<String>,
        /// The task.
        prompt: Excerpt,
    },
    /// Anything else, as the JSON it came as.
    Other {
        /// The JSON text.
        json: Excerpt,
    },
}

/// A change of one file, as unified-diff hunks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileChange {
    /// The file.
    pub path: String,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// The hunks; line numbers are 0 where the transcript does not know them.
    pub hunks: Vec<PatchHunk>,
    /// Lines that were too many to carry.
    pub omitted_lines: u32,
}

/// One hunk of a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatchHunk {
    /// The first line in the old file, from 1; 0 when unknown.
    pub old_start: u32,
    /// The first line in the new file, from 1; 0 when unknown.
    pub new_start: u32,
    /// The lines.
    pub lines: Vec<PatchLine>,
}

/// One line of a hunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "text", rename_all = "snake_case")]
pub enum PatchLine {
    /// Unchanged.
    Context(String),
    /// Added.
    Added(String),
    /// Removed.
    Removed(String),
}

/// What a tool gave back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// Whether the tool reports a failure, or its use was refused.
    pub is_error: bool,
    /// The text.
    pub text: Excerpt,
    /// Pictures.
    pub images: Vec<ImageRef>,
    /// When it came.
    pub at: Option<Timestamp>,
    /// The change as it was really made, when the client recorded it.
    pub change: Option<FileChange>,
    /// The subagent that did the work, when one did: the `<id>` of `agent-<id>.jsonl`.
    pub subagent: Option<String>,
}

/// Tokens of one API message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens that no cache served.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Input tokens read from the cache.
    pub cache_read: u64,
    /// Input tokens written to the five-minute cache.
    pub cache_write_5m: u64,
    /// Input tokens written to the one-hour cache.
    pub cache_write_1h: u64,
}

impl Usage {
    /// Each field at its maximum: how the lines of one API message add up.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write_5m: self.cache_write_5m.max(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.max(other.cache_write_1h),
        }
    }

    /// Those that no cache served, in and out: what budgets count, and what is told where one number stands for all.
    pub const fn uncached(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// All tokens, whatever they cost.
    pub const fn total(&self) -> u64 {
        self.input
            .saturating_add(self.output)
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }
}

/// The numbers are what a client or a transcript says, which may be anything: sums end at the largest number.
impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write_5m = self.cache_write_5m.saturating_add(other.cache_write_5m);
        self.cache_write_1h = self.cache_write_1h.saturating_add(other.cache_write_1h);
    }
}

/// A stretch of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The turns, in order; their ordinals follow each other.
    pub turns: Vec<Turn>,
    /// How many turns the transcript has in all.
    pub total: u32,
}

/// What is known of a transcript as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TranscriptInfo {
    /// How many turns.
    pub turns: u32,
    /// How many of them are prompts.
    pub prompts: u32,
    /// How many tool calls.
    pub tool_calls: u32,
    /// Tokens, each API message counted once.
    pub usage: Usage,
    /// How many lines could not be understood, and were read around.
    pub damaged_lines: u32,
    /// How many lines are of a type this version does not know.
    pub unknown_lines: u32,
    /// How many turns stand on branches that the conversation left (a rewind).
    pub abandoned_turns: u32,
    /// The subagents that worked for it.
    pub subagents: Vec<Subagent>,
}

/// A subagent of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subagent {
    /// The `<id>` of `agent-<id>.jsonl`.
    pub id: String,
    /// Its type, e.g. `Explore`.
    pub agent_type: Option<String>,
    /// What it was for, in a few words.
    pub description: Option<String>,
    /// The tool call that started it.
    pub tool_use_id: Option<String>,
    /// Its transcript's size in bytes.
    pub size_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_cache_served_is_counted_and_no_more_than_a_number_holds() {
        let usage = Usage { input: 3, output: 4, cache_read: 50, ..Usage::default() };
        assert_eq!(usage.uncached(), 7);
        assert_eq!(Usage { input: u64::MAX, output: 1, ..usage }.uncached(), u64::MAX);
    }
}
