//! What of a line becomes a turn: the one place where that is decided.
//!
//! The index counts the pieces, the turns are made from them, so that ordinals and turns can not drift apart. Joining
//! lines with each other (results with calls, summaries with boundaries) is done elsewhere.

use super::{
    raw::Raw,
    record::{Block, BlockKind, Content, Kind, Parent, Record, read_content},
    text::RawText,
};
use crate::prompt::WRAPPERS;

/// One turn to be, or a result that a turn elsewhere waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    /// What a person asked; the words and pictures are those of the line's content.
    Prompt(Words<'a>),
    Text(RawText<'a>),
    Thinking(RawText<'a>),
    Call(Block<'a>),
    /// No turn of its own unless nobody made the call.
    Result(Block<'a>),
    /// A boundary, or a summary that has none.
    Compaction,
    Notice(Notice<'a>),
}

/// The words of a prompt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Words<'a> {
    /// As they were typed: the blocks of the content that no tool wrapped.
    Content,
    /// `/name args`.
    Command { name: RawText<'a>, arguments: Option<RawText<'a>> },
    /// `! command`.
    Shell(RawText<'a>),
    /// Typed while a turn was running: the words are in the attachment.
    Queued(Raw<'a>),
}

/// Something that the client says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Notice<'a> {
    Said {
        text: RawText<'a>,
        error: bool,
    },
    /// What a shell command of the person's printed.
    Shell {
        out: Option<RawText<'a>>,
        error: Option<RawText<'a>>,
    },
    /// A slash command that was no prompt.
    Command {
        name: RawText<'a>,
        arguments: Option<RawText<'a>>,
    },
    /// A request to the API failed; the words are made from the record.
    ApiError,
}

/// How a text of a user's line is to be read.
enum Reading<'a> {
    Typed,
    Command(RawText<'a>, Option<RawText<'a>>),
    Shell(RawText<'a>),
    Notice(Notice<'a>),
    /// Written by the client for the model.
    Hidden,
}

fn read_text(text: RawText<'_>) -> Reading<'_> {
    let text = text.trim_start();
    if text.starts_with("[Request interrupted by user") {
        return Reading::Notice(Notice::Said { text, error: false });
    }
    if !text.starts_with("<") {
        return Reading::Typed;
    }
    if text.starts_with("<command-") {
        return match text.inside("command-name") {
            Some(name) if !name.is_blank() => Reading::Command(
                name.trim_start(),
                text.inside("command-args")
                    .map(RawText::trim_start)
                    .filter(|arguments| !arguments.is_blank()),
            ),
            _ => Reading::Hidden,
        };
    }
    if text.starts_with("<bash-input>") {
        return text
            .inside("bash-input")
            .map_or(Reading::Hidden, |command| Reading::Shell(command.trim_start()));
    }
    let said = |tag: &str, error| {
        text.inside(tag)
            .filter(|inner| !inner.is_blank())
            .map_or(Reading::Hidden, |text| Reading::Notice(Notice::Said { text, error }))
    };
    if text.starts_with("<local-command-stdout>") {
        return said("local-command-stdout", false);
    }
    if text.starts_with("<local-command-stderr>") {
        return said("local-command-stderr", true);
    }
    if text.starts_with("<task-notification>") {
        return said("summary", false);
    }
    if text.starts_with("<bash-stdout>") || text.starts_with("<bash-stderr>") {
        let part = |tag| text.inside(tag).filter(|inner| !inner.is_blank());
        return match (part("bash-stdout"), part("bash-stderr")) {
            (None, None) => Reading::Hidden,
            (out, error) => Reading::Notice(Notice::Shell { out, error }),
        };
    }
    if WRAPPERS.iter().any(|beginning| text.starts_with(beginning)) {
        return Reading::Hidden;
    }
    Reading::Typed
}

/// Whether a text block of a user's line is what a person typed, rather than what the client wrapped around it.
pub(super) fn is_typed(text: RawText<'_>) -> bool {
    matches!(read_text(text), Reading::Typed)
}

/// A number that stands for the words of a prompt, to know it again.
pub(super) fn words_hash(content: &Content<'_>) -> Option<u64> {
    let hash =
        |text: RawText<'_>| Some(text.trim_start()).filter(|text| !text.0.is_empty()).map(RawText::hash);
    match content {
        Content::None => None,
        Content::Text(text) => hash(*text),
        Content::Blocks(blocks) => {
            blocks.iter().filter_map(|block| block.text).find(|text| is_typed(*text)).and_then(hash)
        }
    }
}

/// Calls `each` with every piece of a line, in order.
pub(super) fn for_each_piece<'a>(record: &Record<'a>, mut each: impl FnMut(Piece<'a>)) {
    match record.kind {
        Kind::User => user(record, &mut each),
        Kind::Assistant => assistant(record, &mut each),
        Kind::System => system(record, &mut each),
        Kind::Attachment => {
            if let Some(attachment) = record.attachment.and_then(queued_prompt) {
                each(Piece::Prompt(Words::Queued(attachment)));
            }
        }
        Kind::Progress | Kind::LastPrompt | Kind::QueueOperation | Kind::Metadata | Kind::Unknown => {}
    }
}

fn user<'a>(record: &Record<'a>, each: &mut impl FnMut(Piece<'a>)) {
    if record.is_compact_summary {
        return each(Piece::Compaction);
    }
    if record.is_meta {
        // The client's own words, but a result is a result.
        return results(record, each);
    }
    match &record.content {
        Content::None => {}
        Content::Text(text) if text.is_blank() => {}
        Content::Text(text) => read(*text, each, true),
        Content::Blocks(blocks) => {
            let answers = blocks.iter().any(|block| block.kind == BlockKind::ToolResult);
            results(record, each);
            let mut typed = false;
            for block in blocks {
                match (block.kind, block.text) {
                    (BlockKind::Text, Some(text)) if !text.is_blank() => match read_text(text) {
                        Reading::Typed if !answers => typed = true,
                        // Words beside a result are the client's: why a tool was refused, how it was cut short.
                        Reading::Typed => each(Piece::Notice(Notice::Said { text, error: false })),
                        _ => read(text, each, !answers),
                    },
                    (BlockKind::Image, _) if !answers => typed = true,
                    _ => {}
                }
            }
            if typed {
                each(Piece::Prompt(Words::Content));
            }
        }
    }
}

fn results<'a>(record: &Record<'a>, each: &mut impl FnMut(Piece<'a>)) {
    for block in record.blocks().iter().filter(|block| block.kind == BlockKind::ToolResult) {
        each(Piece::Result(*block));
    }
}

fn read<'a>(text: RawText<'a>, each: &mut impl FnMut(Piece<'a>), may_prompt: bool) {
    match read_text(text) {
        Reading::Typed if may_prompt => each(Piece::Prompt(Words::Content)),
        Reading::Command(name, arguments) if may_prompt => {
            each(Piece::Prompt(Words::Command { name, arguments }));
        }
        Reading::Shell(command) if may_prompt => each(Piece::Prompt(Words::Shell(command))),
        Reading::Notice(notice) => each(Piece::Notice(notice)),
        Reading::Typed | Reading::Command(..) | Reading::Shell(_) | Reading::Hidden => {}
    }
}

fn assistant<'a>(record: &Record<'a>, each: &mut impl FnMut(Piece<'a>)) {
    // Words that no model said are the client's, above all when a request failed.
    let synthetic = record.is_api_error || record.model == Some(RawText(b"<synthetic>"));
    let say = |text: RawText<'a>, each: &mut dyn FnMut(Piece<'a>)| {
        if text.is_blank() || text.0 == b"(no content)" {
        } else if synthetic {
            each(Piece::Notice(Notice::Said { text, error: record.is_api_error }));
        } else {
            each(Piece::Text(text));
        }
    };
    match &record.content {
        Content::None => {}
        Content::Text(text) => say(*text, each),
        Content::Blocks(blocks) => {
            for block in blocks {
                match block.kind {
                    BlockKind::Text => say(block.text.unwrap_or(RawText(b"")), each),
                    BlockKind::Thinking => each(Piece::Thinking(block.text.unwrap_or(RawText(b"")))),
                    BlockKind::ToolUse => each(Piece::Call(*block)),
                    BlockKind::ToolResult => each(Piece::Result(*block)),
                    BlockKind::Image | BlockKind::Other => {}
                }
            }
        }
    }
}

fn system<'a>(record: &Record<'a>, each: &mut impl FnMut(Piece<'a>)) {
    let error = record.level == Some(RawText(b"error"));
    let said = record.line_content.filter(|text| !text.is_blank());
    match record.subtype.map(|subtype| subtype.0) {
        Some(b"compact_boundary") => each(Piece::Compaction),
        Some(b"api_error") => each(Piece::Notice(Notice::ApiError)),
        Some(b"local_command") => {
            let Some(text) = said else { return };
            match read_text(text) {
                Reading::Command(name, arguments) => {
                    each(Piece::Notice(Notice::Command { name, arguments }));
                }
                Reading::Notice(notice) => each(Piece::Notice(notice)),
                Reading::Typed => each(Piece::Notice(Notice::Said { text, error })),
                Reading::Shell(_) | Reading::Hidden => {}
            }
        }
        // The client's own bookkeeping, that it does not show either.
        Some(b"turn_duration" | b"stop_hook_summary" | b"microcompact_boundary") => {}
        _ => {
            let worth_it = matches!(record.subtype, Some(RawText(b"informational" | b"away_summary")))
                || error
                || record.level == Some(RawText(b"warning"));
            if let Some(text) = said.filter(|_| worth_it) {
                each(Piece::Notice(Notice::Said { text, error }));
            }
        }
    }
}

/// The `prompt` of an attachment that holds what a person typed while a turn was running.
fn queued_prompt(attachment: Raw<'_>) -> Option<Raw<'_>> {
    let mut prompt = None;
    let mut is_queued = false;
    let mut is_typed = true;
    attachment.fields(|key, value| match key {
        b"type" => is_queued = value.text() == Some(RawText(b"queued_command")),
        b"prompt" => prompt = Some(value),
        b"commandMode" => is_typed &= matches!(value.text(), None | Some(RawText(b"prompt" | b"bash"))),
        b"isMeta" => is_typed &= value.0 != b"true",
        b"origin" => is_typed &= matches!(value.text_field(b"kind"), None | Some(RawText(b"human"))),
        _ => {}
    });
    let prompt = prompt.filter(|_| is_queued && is_typed)?;
    let content = read_content(&mut prompt.scan()).ok()?;
    words_hash(&content)?;
    match content {
        Content::Text(text) if !is_typed_or_command(text) => None,
        _ => Some(prompt),
    }
}

fn is_typed_or_command(text: RawText<'_>) -> bool {
    matches!(read_text(text), Reading::Typed | Reading::Command(..) | Reading::Shell(_))
}

/// The uuid that a queued prompt would have had as a line of its own.
pub(super) fn queued_source<'a>(record: &Record<'a>) -> Option<RawText<'a>> {
    record.attachment?.text_field(b"source_uuid")
}

/// Whether a boundary or summary does not say what it continues, as old versions wrote them.
pub(super) fn continues_what_came_before(record: &Record<'_>) -> bool {
    let is_compaction = record.is_compact_summary || record.subtype == Some(RawText(b"compact_boundary"));
    match record.parent {
        Parent::Absent => true,
        Parent::Root => is_compaction && record.logical_parent.is_none(),
        Parent::Line(_) => false,
    }
}

/// A number that stands for the words of a queued prompt.
pub(super) fn queued_hash(prompt: Raw<'_>) -> Option<u64> {
    words_hash(&read_content(&mut prompt.scan()).ok()?)
}

/// The words of a queued prompt that is no plain text: a command.
pub(super) fn queued_words(text: RawText<'_>) -> Words<'_> {
    match read_text(text) {
        Reading::Command(name, arguments) => Words::Command { name, arguments },
        Reading::Shell(command) => Words::Shell(command),
        _ => Words::Content,
    }
}
