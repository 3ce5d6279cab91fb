//! One line of a transcript, its fields found and nothing unescaped.
//!
//! The same reading serves the index, which looks at every line, and the turns, which look at few: what counts as a
//! turn is decided once, in [`pieces`](super::pieces), from what stands here. Fields of a wrong type are absent.

use orchestra_model::Usage;

use super::{
    raw::Raw,
    scan::{Malformed, Scan, Scanner},
    text::RawText,
};

/// More blocks than any reply has; those beyond are stepped over, so that a line cannot take memory without end.
const MOST_BLOCKS: usize = 1 << 12;

/// What a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Assistant,
    System,
    Attachment,
    Progress,
    /// Names the leaf of the branch that the conversation is on.
    LastPrompt,
    /// Prompts that wait for their turn.
    QueueOperation,
    /// A line about the session that is no part of the conversation.
    Metadata,
    /// A type this version does not know.
    #[default]
    Unknown,
}

impl Kind {
    fn of(name: &[u8]) -> Self {
        match name {
            b"user" => Self::User,
            b"assistant" => Self::Assistant,
            b"system" => Self::System,
            b"attachment" => Self::Attachment,
            b"progress" => Self::Progress,
            b"last-prompt" => Self::LastPrompt,
            b"queue-operation" => Self::QueueOperation,
            b"summary"
            | b"custom-title"
            | b"ai-title"
            | b"tag"
            | b"relocated"
            | b"agent-name"
            | b"agent-color"
            | b"agent-setting"
            | b"mode"
            | b"permission-mode"
            | b"worktree-state"
            | b"pr-link"
            | b"bridge-session"
            | b"file-history-snapshot"
            | b"content-replacement"
            | b"fork-context-ref" => Self::Metadata,
            _ => Self::Unknown,
        }
    }
}

/// Who a line says it follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Parent<'a> {
    /// It does not say.
    #[default]
    Absent,
    /// It says: nobody.
    Root,
    /// The line of this uuid.
    Line(RawText<'a>),
}

/// What a message holds.
#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    #[default]
    None,
    Text(RawText<'a>),
    Blocks(Vec<Block<'a>>),
}

/// One line.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) uuid: Option<RawText<'a>>,
    pub(super) parent: Parent<'a>,
    pub(super) logical_parent: Option<RawText<'a>>,
    pub(super) timestamp: Option<RawText<'a>>,
    pub(super) is_sidechain: bool,
    pub(super) is_meta: bool,
    pub(super) is_compact_summary: bool,
    pub(super) is_api_error: bool,
    /// Of an assistant's message.
    pub(super) message_id: Option<RawText<'a>>,
    pub(super) model: Option<RawText<'a>>,
    pub(super) usage: Option<Usage>,
    pub(super) content: Content<'a>,
    /// Of system lines.
    pub(super) subtype: Option<RawText<'a>>,
    pub(super) level: Option<RawText<'a>>,
    pub(super) error: Option<Raw<'a>>,
    pub(super) retry_attempt: Option<u64>,
    pub(super) max_retries: Option<u64>,
    pub(super) compact_metadata: Option<Raw<'a>>,
    /// The text of a system line or of a queue operation.
    pub(super) line_content: Option<RawText<'a>>,
    pub(super) attachment: Option<Raw<'a>>,
    pub(super) tool_use_result: Option<Raw<'a>>,
    pub(super) prompt_source: Option<RawText<'a>>,
    pub(super) operation: Option<RawText<'a>>,
    pub(super) leaf: Option<RawText<'a>>,
}

/// One block of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block<'a> {
    pub(super) kind: BlockKind,
    /// The words of text and thinking.
    pub(super) text: Option<RawText<'a>>,
    /// Of a tool's use.
    pub(super) id: Option<RawText<'a>>,
    pub(super) name: Option<RawText<'a>>,
    pub(super) input: Option<Raw<'a>>,
    /// Of a tool's result.
    pub(super) tool_use_id: Option<RawText<'a>>,
    pub(super) content: Option<Raw<'a>>,
    pub(super) is_error: bool,
    /// Of a picture.
    pub(super) source: Option<Raw<'a>>,
}

/// What a block is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum BlockKind {
    Text,
    Thinking,
    ToolUse,
    ToolResult,
    Image,
    #[default]
    Other,
}

impl BlockKind {
    fn of(name: &[u8]) -> Self {
        match name {
            b"text" => Self::Text,
            b"thinking" | b"redacted_thinking" => Self::Thinking,
            b"tool_use" | b"server_tool_use" | b"mcp_tool_use" => Self::ToolUse,
            b"image" => Self::Image,
            // Tools that run at the provider answer within the reply: `web_search_tool_result` and its like.
            _ if name.ends_with(b"tool_result") => Self::ToolResult,
            _ => Self::Other,
        }
    }
}

impl<'a> Record<'a> {
    /// Reads a line that holds one JSON object and nothing else.
    pub(super) fn read(line: &'a [u8]) -> Scan<Self> {
        let mut record = Self::default();
        let mut scanner = Scanner::new(line);
        let is_object = scanner.object(|key, scanner| record.field(key, scanner))?;
        scanner.end()?;
        if is_object { Ok(record) } else { Err(Malformed) }
    }

    fn field(&mut self, key: &[u8], scanner: &mut Scanner<'a>) -> Scan<()> {
        match key {
            b"type" => self.kind = scanner.text()?.map_or(Kind::Unknown, |name| Kind::of(name.0)),
            b"uuid" => self.uuid = read_name(scanner)?,
            b"parentUuid" => self.parent = read_name(scanner)?.map_or(Parent::Root, Parent::Line),
            b"logicalParentUuid" => self.logical_parent = read_name(scanner)?,
            b"timestamp" => self.timestamp = scanner.text()?,
            b"isSidechain" => self.is_sidechain = scanner.flag()?,
            b"isMeta" => self.is_meta = scanner.flag()?,
            b"isCompactSummary" => self.is_compact_summary = scanner.flag()?,
            b"isApiErrorMessage" => self.is_api_error = scanner.flag()?,
            b"message" => {
                scanner.object(|key, scanner| self.message_field(key, scanner))?;
            }
            b"subtype" => self.subtype = scanner.text()?,
            b"level" => self.level = scanner.text()?,
            b"error" => self.error = Some(scanner.raw()?),
            b"retryAttempt" => self.retry_attempt = scanner.number()?,
            b"maxRetries" => self.max_retries = scanner.number()?,
            b"compactMetadata" => self.compact_metadata = Some(scanner.raw()?),
            b"content" => self.line_content = scanner.text()?,
            b"attachment" => self.attachment = Some(scanner.raw()?),
            b"toolUseResult" => self.tool_use_result = Some(scanner.raw()?),
            b"promptSource" => self.prompt_source = scanner.text()?,
            b"operation" => self.operation = scanner.text()?,
            b"leafUuid" => self.leaf = scanner.text()?,
            _ => scanner.skip()?,
        }
        Ok(())
    }

    fn message_field(&mut self, key: &[u8], scanner: &mut Scanner<'a>) -> Scan<()> {
        match key {
            b"id" => self.message_id = read_name(scanner)?,
            b"model" => self.model = scanner.text()?,
            b"usage" => self.usage = read_usage(scanner)?,
            b"content" => self.content = read_content(scanner)?,
            _ => scanner.skip()?,
        }
        Ok(())
    }

    /// The blocks of its message; none when it is plain text.
    pub(super) fn blocks(&self) -> &[Block<'a>] {
        match &self.content {
            Content::Blocks(blocks) => blocks,
            Content::None | Content::Text(_) => &[],
        }
    }
}

/// Reads a text that names a line or a message; an empty one names none.
fn read_name<'a>(scanner: &mut Scanner<'a>) -> Scan<Option<RawText<'a>>> {
    Ok(scanner.text()?.filter(|name| !name.0.is_empty()))
}

/// Reads the content of a message: a string or an array of blocks.
pub(super) fn read_content<'a>(scanner: &mut Scanner<'a>) -> Scan<Content<'a>> {
    if scanner.at_string()? {
        return Ok(scanner.text()?.map_or(Content::None, Content::Text));
    }
    let mut blocks = Vec::new();
    let is_array = scanner.array(|scanner| {
        if blocks.len() >= MOST_BLOCKS {
            return scanner.skip();
        }
        let mut block = Block::default();
        if scanner.at_string()? {
            block = Block { kind: BlockKind::Text, text: scanner.text()?, ..block };
        } else {
            scanner.object(|key, scanner| block.field(key, scanner))?;
        }
        blocks.push(block);
        Ok(())
    })?;
    Ok(if is_array { Content::Blocks(blocks) } else { Content::None })
}

impl<'a> Block<'a> {
    fn field(&mut self, key: &[u8], scanner: &mut Scanner<'a>) -> Scan<()> {
        match key {
            b"type" => self.kind = scanner.text()?.map_or(BlockKind::Other, |name| BlockKind::of(name.0)),
            b"text" | b"thinking" => self.text = scanner.text()?,
            b"id" => self.id = scanner.text()?,
            b"name" => self.name = scanner.text()?,
            b"input" => self.input = Some(scanner.raw()?),
            b"tool_use_id" => self.tool_use_id = scanner.text()?,
            b"content" => self.content = Some(scanner.raw()?),
            b"is_error" => self.is_error = scanner.flag()?,
            b"source" => self.source = Some(scanner.raw()?),
            _ => scanner.skip()?,
        }
        Ok(())
    }

    /// The hash of the call that a tool's result answers; 0 when it does not say.
    pub(super) fn answers(&self) -> u64 {
        self.tool_use_id.map_or(0, RawText::hash)
    }
}

fn read_usage(scanner: &mut Scanner<'_>) -> Scan<Option<Usage>> {
    let mut usage = Usage::default();
    let mut written = 0;
    let is_object = scanner.object(|key, scanner| match key {
        b"input_tokens" => read_tokens(&mut usage.input, scanner),
        b"output_tokens" => read_tokens(&mut usage.output, scanner),
        b"cache_read_input_tokens" => read_tokens(&mut usage.cache_read, scanner),
        b"cache_creation_input_tokens" => read_tokens(&mut written, scanner),
        b"cache_creation" => {
            let split = scanner.object(|key, scanner| match key {
                b"ephemeral_5m_input_tokens" => read_tokens(&mut usage.cache_write_5m, scanner),
                b"ephemeral_1h_input_tokens" => read_tokens(&mut usage.cache_write_1h, scanner),
                _ => scanner.skip(),
            });
            split.map(drop)
        }
        _ => scanner.skip(),
    })?;
    // Without a split, or with one that forgets some, what is left was written to the five-minute cache.
    usage.cache_write_5m += written.saturating_sub(usage.cache_write_5m + usage.cache_write_1h);
    Ok(is_object.then_some(usage))
}

fn read_tokens(field: &mut u64, scanner: &mut Scanner<'_>) -> Scan<()> {
    // Sums stay far from overflow whatever a line claims.
    const MOST: u64 = 1 << 40;
    *field = scanner.number()?.unwrap_or_default().min(MOST);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_may_come_last() {
        let line = br#"{"message":{"content":[{"text":"hi","type":"text"}],"id":"m"},"uuid":"u","type":"assistant"}"#;
        let record = Record::read(line).unwrap();
        assert_eq!((record.kind, record.uuid.unwrap().0), (Kind::Assistant, b"u".as_slice()));
        assert_eq!(record.blocks()[0].kind, BlockKind::Text);
        assert_eq!(record.parent, Parent::Absent);
    }

    #[test]
    fn wrong_types_are_absent() {
        let line = br#"{"type":7,"uuid":{},"parentUuid":[1],"timestamp":5,"isMeta":"true","message":[{"content":1}],"leafUuid":null}"#;
        let record = Record::read(line).unwrap();
        assert_eq!((record.kind, record.uuid, record.is_meta), (Kind::Unknown, None, false));
        assert!(matches!(record.content, Content::None));
        assert!(Record::read(b"[1]").is_err());
    }

    #[test]
    fn cache_writes_without_a_split_are_five_minutes() {
        let line = br#"{"message":{"usage":{"input_tokens":1,"cache_creation_input_tokens":10,"cache_creation":{"ephemeral_1h_input_tokens":4}}}}"#;
        let usage = Record::read(line).unwrap().usage.unwrap();
        assert_eq!((usage.cache_write_5m, usage.cache_write_1h), (6, 4));
    }
}
