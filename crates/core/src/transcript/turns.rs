//! Lines made into turns, a few at a time.

use std::{collections::HashMap, fs::File, io, ops::ControlFlow};

use orchestra_model::{Excerpt, ImageRef, ToolResult, Turn, TurnBody};

use super::{
    TOOL_TEXT, WORDS,
    chain::{Order, Step},
    index::{Flag, Index},
    lines::Lines,
    pieces::{self, Notice, Piece, Words, for_each_piece},
    raw::Raw,
    record::{Block, BlockKind, Content, Record, read_content},
    source,
    text::RawText,
    tools,
};
use crate::jsonl::{LineReader, read_around};

/// Makes the turns of one transcript.
pub(super) struct Maker<'a> {
    index: &'a Index,
    order: &'a Order,
    file: &'a File,
    lines: Lines<'a>,
    /// For results and summaries, which stand ahead of the line that wants them.
    ahead: Lines<'a>,
    /// The end of what was indexed.
    parsed: u64,
    /// Subagents by the call that started them.
    subagents: &'a HashMap<String, String>,
}

/// Everything a turn is made of that does not stand in its own line.
struct Surroundings<'a, 'b> {
    index: &'a Index,
    ahead: Option<&'b mut Lines<'a>>,
    subagents: &'a HashMap<String, String>,
    line_offset: u64,
    /// The line of the summary that belongs to this boundary.
    summary: Option<u32>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        index: &'a Index,
        order: &'a Order,
        file: &'a File,
        parsed: u64,
        subagents: &'a HashMap<String, String>,
    ) -> Self {
        Self { index, order, file, lines: Lines::new(file), ahead: Lines::new(file), parsed, subagents }
    }

    /// The turns of one step, as many as the index counted.
    pub(super) fn step(&mut self, step: Step) -> io::Result<Vec<Turn>> {
        let entry = &self.index.entries[step.entry as usize];
        let count = self.order.turns_of(step.entry, entry) as usize;
        if count == 0 || entry.is(Flag::Repeated) {
            return Ok(vec![]);
        }
        let mut surroundings = Surroundings {
            index: self.index,
            ahead: Some(&mut self.ahead),
            subagents: self.subagents,
            line_offset: entry.offset(),
            summary: self.order.summaries.get(&step.entry).copied(),
        };
        let made = self.lines.with(entry, |record| surroundings.turns(record))?;
        let mut turns = made.transpose()?.unwrap_or_default();
        turns.truncate(count);
        while turns.len() < count {
            // The file was changed under the index; the places of the turns behind must not move.
            turns.push(notice("This part of the transcript can no longer be read.", true));
        }
        for (nth, turn) in (0_u32..).zip(&mut turns) {
            turn.ordinal = step.first.saturating_add(nth);
        }
        if step.carries_usage
            && let Some(message) = self.index.messages.get(entry.message as usize)
            && let Some(turn) = turns.first_mut()
        {
            turn.usage = Some(message.usage).filter(|usage| usage.total() > 0);
        }
        Ok(turns)
    }

    /// Hands on the turns behind the indexed lines from an ordinal on, until `each` has enough.
    pub(super) fn tail(
        &mut self,
        from: u32,
        mut each: impl FnMut(Turn) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let Some(tail) = &self.index.tail else { return Ok(()) };
        let wanted = from.saturating_sub(self.order.turns);
        let nearest = tail.checkpoints.partition_point(|(_, turns)| *turns <= wanted).saturating_sub(1);
        let Some((offset, before)) = tail.checkpoints.get(nearest).copied() else { return Ok(()) };
        let mut reader = LineReader::new(source::From::new(self.file, offset), offset);
        let mut ordinal = self.order.turns.saturating_add(before);
        let mut flow = ControlFlow::Continue(());
        let mut failed = None;
        while flow.is_continue()
            && let Some(line) = reader.next_line()?.filter(|line| line.offset < self.parsed)
        {
            let line_offset = line.offset;
            read_around(line.bytes, |text| {
                let record = Record::read(text)
                    .map_err(|_| <serde_json::Error as serde::de::Error>::custom("not a record"))?;
                if flow.is_break() || !self.index.is_in_tail(&record) {
                    return Ok(());
                }
                let mut surroundings = Surroundings {
                    index: self.index,
                    ahead: None,
                    subagents: self.subagents,
                    line_offset,
                    summary: None,
                };
                let turns = surroundings.turns(&record).unwrap_or_else(|error| {
                    failed = Some(error);
                    vec![]
                });
                for mut turn in turns {
                    turn.ordinal = ordinal;
                    ordinal = ordinal.saturating_add(1);
                    if turn.ordinal >= from && flow.is_continue() {
                        flow = each(turn);
                    }
                }
                Ok(())
            });
        }
        failed.map_or(Ok(()), Err)
    }
}

fn notice(text: &str, error: bool) -> Turn {
    Turn {
        ordinal: 0,
        at: None,
        model: None,
        usage: None,
        body: TurnBody::Notice { text: Excerpt::whole(text), error },
    }
}

impl<'a> Surroundings<'a, '_> {
    fn turns(&mut self, record: &Record<'_>) -> io::Result<Vec<Turn>> {
        let at = tools::moment(record);
        let model = record.model.filter(|model| *model != RawText(b"<synthetic>")).map(RawText::to_text);
        let mut turns = vec![];
        let mut failed = None;
        for_each_piece(record, |piece| {
            let body = match self.body(record, &piece) {
                Ok(Some(body)) => body,
                Ok(None) => return,
                Err(error) => return failed = Some(error),
            };
            turns.push(Turn { ordinal: 0, at, model: model.clone(), usage: None, body });
        });
        failed.map_or(Ok(turns), Err)
    }

    fn body(&mut self, record: &Record<'_>, piece: &Piece<'_>) -> io::Result<Option<TurnBody>> {
        Ok(Some(match piece {
            Piece::Prompt(words) => self.prompt(record, *words),
            Piece::Text(text) => TurnBody::Text { text: text.excerpt(WORDS) },
            Piece::Thinking(text) => TurnBody::Thinking { text: text.excerpt(WORDS) },
            Piece::Call(block) => {
                let mut call = tools::call(block);
                call.result = self.result_of(block)?;
                TurnBody::Tool(Box::new(call))
            }
            Piece::Result(block) if self.index.calls.contains_key(&block.answers()) => return Ok(None),
            Piece::Result(block) => {
                let result = tools::result(block, record, self.line_offset);
                TurnBody::Notice { text: result.text, error: result.is_error }
            }
            Piece::Compaction => self.compaction(record)?,
            Piece::Notice(notice) => said(record, *notice),
        }))
    }

    fn prompt(&self, record: &Record<'_>, words: Words<'_>) -> TurnBody {
        let mut text = Excerpt::default();
        let mut images = vec![];
        let mut queued = false;
        match words {
            Words::Content => typed(&record.content, self.line_offset, &mut text, &mut images),
            Words::Command { name, arguments } => command(&mut text, name, arguments),
            Words::Shell(line) => shell(&mut text, line),
            Words::Queued(prompt) => {
                queued = true;
                let content = read_content(&mut prompt.scan()).unwrap_or_default();
                let special = match content {
                    Content::Text(words) => pieces::queued_words(words),
                    Content::None | Content::Blocks(_) => Words::Content,
                };
                match special {
                    Words::Command { name, arguments } => command(&mut text, name, arguments),
                    Words::Shell(line) => shell(&mut text, line),
                    // Pictures in an attachment are not found again by place: they are left out.
                    Words::Content | Words::Queued(_) => {
                        typed(&content, self.line_offset, &mut text, &mut vec![]);
                    }
                }
            }
        }
        TurnBody::Prompt { text, images, queued }
    }

    fn result_of(&mut self, call: &Block<'_>) -> io::Result<Option<ToolResult>> {
        let (Some(id), Some(ahead)) = (call.id, self.ahead.as_deref_mut()) else { return Ok(None) };
        let hash = id.hash();
        let Some(number) = self.index.answers.get(&hash) else { return Ok(None) };
        let Some(entry) = self.index.entries.get(*number as usize) else { return Ok(None) };
        let found = ahead.with(entry, |record| {
            let mut results = record.blocks().iter().filter(|block| block.kind == BlockKind::ToolResult);
            let block = results.find(|block| block.answers() == hash)?;
            Some(tools::result(block, record, entry.offset()))
        })?;
        let mut result = found.flatten();
        if let Some(result) = &mut result
            && result.subagent.is_none()
            && !self.subagents.is_empty()
        {
            result.subagent = self.subagents.get(&id.to_text()).cloned();
        }
        Ok(result)
    }

    fn compaction(&mut self, record: &Record<'_>) -> io::Result<TurnBody> {
        let metadata = record.compact_metadata;
        let tokens = metadata.and_then(|metadata| metadata.field(b"preTokens")).and_then(Raw::number);
        let manual =
            metadata.and_then(|metadata| metadata.text_field(b"trigger")) == Some(RawText(b"manual"));
        let mut summary = Excerpt::default();
        if record.is_compact_summary {
            summary = all_text(&record.content);
        } else if let (Some(number), Some(ahead)) = (self.summary, self.ahead.as_deref_mut())
            && let Some(entry) = self.index.entries.get(number as usize)
        {
            summary = ahead.with(entry, |record| all_text(&record.content))?.unwrap_or_default();
        }
        Ok(TurnBody::Compaction { summary, tokens_before: tokens, manual })
    }
}

fn command(text: &mut Excerpt, name: RawText<'_>, arguments: Option<RawText<'_>>) {
    if !name.starts_with("/") {
        text.text.push('/');
    }
    name.append_to(text, WORDS);
    if let Some(arguments) = arguments {
        text.text.push(' ');
        arguments.append_to(text, WORDS);
    }
    text.text.truncate(text.text.trim_end().len());
}

fn shell(text: &mut Excerpt, line: RawText<'_>) {
    text.text.push_str("! ");
    line.append_to(text, WORDS);
}

/// The words that were typed, without what the client wrapped around them, and the pictures.
fn typed(content: &Content<'_>, line_offset: u64, text: &mut Excerpt, images: &mut Vec<ImageRef>) {
    match content {
        Content::None => {}
        Content::Text(words) => words.append_to(text, WORDS),
        Content::Blocks(blocks) => {
            for block in blocks {
                match (block.kind, block.text) {
                    (BlockKind::Image, _) => {
                        let index = u32::try_from(images.len()).unwrap_or(u32::MAX);
                        images.push(tools::image(block, line_offset, index));
                    }
                    (BlockKind::Text, Some(words)) if !words.is_blank() && pieces::is_typed(words) => {
                        paragraph(text, words);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn all_text(content: &Content<'_>) -> Excerpt {
    let mut text = Excerpt::default();
    match content {
        Content::None => {}
        Content::Text(words) => words.append_to(&mut text, WORDS),
        Content::Blocks(blocks) => {
            blocks.iter().filter_map(|block| block.text).for_each(|words| paragraph(&mut text, words));
        }
    }
    text
}

fn paragraph(text: &mut Excerpt, words: RawText<'_>) {
    if !text.is_empty() {
        RawText(b"\\n\\n").append_to(text, WORDS);
    }
    words.append_to(text, WORDS);
}

fn said(record: &Record<'_>, notice: Notice<'_>) -> TurnBody {
    match notice {
        Notice::Said { text, error } => TurnBody::Notice { text: text.excerpt(TOOL_TEXT), error },
        Notice::Shell { out, error } => {
            let mut text = Excerpt::default();
            for part in [out, error].into_iter().flatten() {
                if !text.is_empty() {
                    text.text.push('\n');
                }
                part.append_to(&mut text, TOOL_TEXT);
            }
            TurnBody::Notice { text, error: out.is_none() }
        }
        Notice::Command { name, arguments } => {
            let mut text = Excerpt::default();
            command(&mut text, name, arguments);
            TurnBody::Notice { text, error: false }
        }
        Notice::ApiError => TurnBody::Notice { text: Excerpt::whole(api_error(record)), error: true },
    }
}

/// A failed request in words: its status, its message, and which attempt it was.
fn api_error(record: &Record<'_>) -> String {
    let mut words = String::from("The request to the API failed");
    if let Some(error) = record.error {
        if let Some(status) = error.field(b"status").and_then(Raw::number) {
            words.push_str(&format!(" ({status})"));
        }
        // The message sits at one of several depths, the innermost is the provider's own.
        let mut message = error.text().or_else(|| error.text_field(b"message"));
        let mut inner = error;
        for _ in 0..3 {
            let Some(deeper) = inner.field(b"error") else { break };
            inner = deeper;
            message = inner.text_field(b"message").or(message);
        }
        if let Some(message) = message.filter(|message| !message.is_blank()) {
            words.push_str(": ");
            words.push_str(&message.one_line(500));
        }
    } else if let Some(text) = record.line_content {
        words.push_str(": ");
        words.push_str(&text.one_line(500));
    }
    if let Some(attempt) = record.retry_attempt {
        words.push_str(&match record.max_retries {
            Some(most) => format!("; attempt {attempt} of {most}"),
            None => format!("; attempt {attempt}"),
        });
    }
    words
}
