//! What the client's tools are asked for and what they give back, as the shapes that deserve a drawing.
//!
//! A tool that is not known here is shown by its JSON: nothing is left out because it is new.

use orchestra_model::{Excerpt, ImageRef, Timestamp, ToolCall, ToolInput, ToolResult};

use super::{
    TOOL_TEXT, WORDS, changes,
    raw::{Fields, Raw},
    record::{Block, BlockKind, Content, Record, read_content},
    text::{RawText, one_line},
};

/// The longest summary of a call, in characters.
const SUMMARY: usize = 200;

/// Whether a tool changes files.
pub(super) fn changes_files(name: &[u8]) -> bool {
    matches!(name, b"Edit" | b"MultiEdit" | b"Write" | b"NotebookEdit")
}

/// Whether a tool waits for the person.
pub(super) fn asks_its_owner(name: &[u8]) -> bool {
    matches!(name, b"AskUserQuestion" | b"ExitPlanMode")
}

/// Whether a result says that the person refused the tool's use: they were asked, and it waited.
pub(super) fn is_refusal(content: Raw<'_>) -> bool {
    let refused = |text: RawText<'_>| text.starts_with("The user doesn't want to proceed with this tool use");
    match read_content(&mut content.scan()) {
        Ok(Content::Text(text)) => refused(text),
        Ok(Content::Blocks(blocks)) => blocks.iter().filter_map(|block| block.text).any(refused),
        Ok(Content::None) | Err(_) => false,
    }
}

/// A call, without its result.
pub(super) fn call(block: &Block<'_>) -> ToolCall {
    let name = block.name.map(RawText::to_text).unwrap_or_default();
    let input = block.input.unwrap_or(Raw(b"{}"));
    let fields = Fields::of(input);
    ToolCall {
        id: block.id.map(RawText::to_text).unwrap_or_default(),
        summary: summary(&name, &fields),
        input: shape(&name, &fields).unwrap_or_else(|| other(input)),
        name,
        result: None,
    }
}

/// A call that is only asked for yet, from its tool and its input as JSON text.
pub fn call_of(name: &str, input: &str) -> ToolCall {
    let raw = Raw(input.as_bytes());
    let fields = Fields::of(raw);
    ToolCall {
        id: String::new(),
        summary: summary(name, &fields),
        input: shape(name, &fields).unwrap_or_else(|| other(raw)),
        name: name.to_owned(),
        result: None,
    }
}

fn shape(name: &str, input: &Fields<'_>) -> Option<ToolInput> {
    let words = |field: &[u8]| input.text(field).map(|text| text.excerpt(WORDS));
    let short = |field: &[u8]| input.text(field).map(|text| text.one_line(SUMMARY));
    match name {
        "Bash" => {
            Some(ToolInput::Command { command: words(b"command")?, description: short(b"description") })
        }
        "Task" | "Agent" => Some(ToolInput::Subagent {
            agent_type: short(b"subagent_type"),
            description: short(b"description"),
            prompt: words(b"prompt")?,
        }),
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" => {
            changes::asked_for(name, input).map(|change| ToolInput::Edit { change })
        }
        _ => None,
    }
}

fn other(input: Raw<'_>) -> ToolInput {
    let kept = input.0.len().min(WORDS);
    let omitted = (input.0.len() - kept) as u64;
    ToolInput::Other {
        json: Excerpt { text: String::from_utf8_lossy(&input.0[..kept]).into_owned(), omitted },
    }
}

/// Fields that say best what a call is about, in this order, whatever the tool.
const TELLING: [&[u8]; 18] = [
    b"command",
    b"file_path",
    b"notebook_path",
    b"pattern",
    b"url",
    b"query",
    b"description",
    b"subject",
    b"title",
    b"skill",
    b"path",
    b"prompt",
    b"message",
    b"name",
    b"id",
    b"task_id",
    b"taskId",
    b"bash_id",
];

/// One line that says what a call is about, from its input as JSON text.
pub(crate) fn summary_of_call(name: &str, input: &str) -> String {
    summary(name, &Fields::of(Raw(input.as_bytes())))
}

fn summary(name: &str, input: &Fields<'_>) -> String {
    let one =
        |field: &[u8]| input.text(field).map(|text| text.one_line(SUMMARY)).filter(|line| !line.is_empty());
    let special = match name {
        "TodoWrite" => input.field(b"todos").map(todos),
        "AskUserQuestion" => input.field(b"questions").and_then(questions),
        "ExitPlanMode" => one(b"plan").map(|line| line.trim_start_matches('#').trim().to_owned()),
        "Task" | "Agent" => one(b"description"),
        "Grep" => one(b"pattern").map(|pattern| match one(b"path").or_else(|| one(b"glob")) {
            Some(place) => format!("{pattern} in {place}"),
            None => pattern,
        }),
        "TaskUpdate" => one(b"status").map(|status| match one(b"taskId") {
            Some(task) => format!("{task}: {status}"),
            None => status,
        }),
        _ => None,
    };
    let line = special
        .or_else(|| TELLING.iter().find_map(|field| one(field)))
        .or_else(|| input.texts().map(|text| text.one_line(SUMMARY)).find(|line| !line.is_empty()));
    one_line(&line.unwrap_or_default(), SUMMARY)
}

fn todos(todos: Raw<'_>) -> String {
    let (mut all, mut done, mut current) = (0_u32, 0_u32, None);
    todos.items(|todo| {
        all += 1;
        match todo.text_field(b"status") {
            Some(RawText(b"completed")) => done += 1,
            Some(RawText(b"in_progress")) if current.is_none() => {
                current = todo.text_field(b"activeForm").or_else(|| todo.text_field(b"content"));
            }
            _ => {}
        }
    });
    match current {
        Some(current) => format!("{done} of {all} done: {}", current.one_line(SUMMARY)),
        None => format!("{done} of {all} done"),
    }
}

fn questions(questions: Raw<'_>) -> Option<String> {
    let mut first = None;
    let mut more = 0_u32;
    questions.items(|question| match first {
        None => first = question.text_field(b"question").map(|text| text.one_line(SUMMARY)),
        Some(_) => more += 1,
    });
    first.map(|first| if more > 0 { format!("{first} (and {more} more)") } else { first })
}

/// A result, with what the client noted beside it.
pub(super) fn result(block: &Block<'_>, record: &Record<'_>, line_offset: u64) -> ToolResult {
    let mut images = images_before(record, block);
    let mut result = ToolResult {
        is_error: block.is_error,
        text: Excerpt::default(),
        images: vec![],
        at: record.timestamp.and_then(RawText::timestamp),
        change: None,
        subagent: None,
    };
    match block.content.map(|content| read_content(&mut content.scan())) {
        Some(Ok(Content::Text(text))) => result.text = text.excerpt(TOOL_TEXT),
        Some(Ok(Content::Blocks(blocks))) => {
            for part in &blocks {
                if part.kind == BlockKind::Image {
                    result.images.push(image(part, line_offset, images));
                    images += 1;
                } else if let Some(text) = part.text {
                    if !result.text.is_empty() {
                        RawText(b"\\n").append_to(&mut result.text, TOOL_TEXT);
                    }
                    text.append_to(&mut result.text, TOOL_TEXT);
                }
            }
        }
        Some(Ok(Content::None) | Err(_)) | None => {}
    }
    // What the client noted is about the line as a whole; only a line with one result says whose it is.
    let results = record.blocks().iter().filter(|block| block.kind == BlockKind::ToolResult).count();
    if let Some(noted) = record.tool_use_result.filter(|_| results == 1) {
        let noted = Fields::of(noted);
        result.change = changes::made(&noted);
        result.subagent = noted.text(b"agentId").map(RawText::to_text);
    }
    result
}

/// How many pictures stand in a line before the content of one of its blocks.
fn images_before(record: &Record<'_>, block: &Block<'_>) -> u32 {
    let mut count = 0;
    for other in record.blocks() {
        if other.kind == BlockKind::ToolResult && same_place(other, block) {
            break;
        }
        count += images_in(other);
    }
    count
}

fn same_place(one: &Block<'_>, other: &Block<'_>) -> bool {
    match (one.content, other.content) {
        (Some(one), Some(other)) => std::ptr::eq(one.0, other.0),
        (None, None) => one.tool_use_id == other.tool_use_id,
        _ => false,
    }
}

/// How many pictures a block is or holds.
pub(super) fn images_in(block: &Block<'_>) -> u32 {
    match block.kind {
        BlockKind::Image => 1,
        BlockKind::ToolResult => match block.content.map(|content| read_content(&mut content.scan())) {
            Some(Ok(Content::Blocks(blocks))) => {
                u32::try_from(blocks.iter().filter(|part| part.kind == BlockKind::Image).count())
                    .unwrap_or_default()
            }
            _ => 0,
        },
        _ => 0,
    }
}

/// A picture by where it stands.
pub(super) fn image(block: &Block<'_>, line_offset: u64, index: u32) -> ImageRef {
    let media_type = block.source.and_then(|source| source.text_field(b"media_type"));
    ImageRef { media_type: media_type.map(RawText::to_text).unwrap_or_default(), line_offset, index }
}

/// The moment a line names.
pub(super) fn moment(record: &Record<'_>) -> Option<Timestamp> {
    record.timestamp.and_then(RawText::timestamp)
}
