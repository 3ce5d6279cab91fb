//! Drawings are safe, and say what they must.

use orchestra_model::{
    Excerpt, FileChange, ImageRef, PatchHunk, PatchLine, ToolCall, ToolInput, ToolResult, TurnBody,
};

use super::*;

const EVIL: &str = "<script>alert(1)</script>\" onload=\"x\u{202e}\u{1b}[31m";

fn manuscript() -> Manuscript {
    Manuscript { session: "abc".parse().unwrap(), agent: None, folder: None, offset_seconds: 0 }
}

fn turn(ordinal: u32, body: TurnBody) -> Turn {
    Turn { ordinal, at: Timestamp::from_second(1_795_435_323).ok(), model: None, usage: None, body }
}

fn tool(name: &str, input: ToolInput, result: Option<ToolResult>) -> TurnBody {
    TurnBody::Tool(Box::new(ToolCall {
        id: "t".to_owned(),
        name: name.to_owned(),
        summary: EVIL.to_owned(),
        input,
        result,
    }))
}

fn result(is_error: bool) -> Option<ToolResult> {
    Some(ToolResult {
        is_error,
        text: Excerpt::whole(EVIL),
        images: Vec::new(),
        at: None,
        change: None,
        subagent: None,
    })
}

fn read(ordinal: u32, is_error: bool) -> Turn {
    turn(ordinal, tool("Read", ToolInput::Other { json: Excerpt::whole("{}") }, result(is_error)))
}

fn change() -> FileChange {
    let lines = vec![
        PatchLine::Context(EVIL.to_owned()),
        PatchLine::Removed("old".to_owned()),
        PatchLine::Added("new".to_owned()),
    ];
    FileChange {
        path: EVIL.to_owned(),
        added: 1,
        removed: 1,
        hunks: vec![PatchHunk { old_start: 7, new_start: 9, lines }],
        omitted_lines: 3,
    }
}

#[test]
fn nothing_a_transcript_holds_becomes_markup() {
    let words = || Excerpt { text: EVIL.to_owned(), omitted: 5 };
    let image = ImageRef { media_type: EVIL.to_owned(), line_offset: 1, index: 2 };
    let bodies = vec![
        TurnBody::Prompt { text: words(), images: vec![image], queued: true },
        TurnBody::Text { text: words() },
        TurnBody::Thinking { text: words() },
        TurnBody::Compaction { summary: words(), tokens_before: Some(12_000), manual: true },
        TurnBody::Notice { text: words(), error: true },
        tool(EVIL, ToolInput::Other { json: words() }, result(true)),
        tool("Bash", ToolInput::Command { command: words(), description: Some(EVIL.to_owned()) }, None),
        tool("Edit", ToolInput::Edit { change: change() }, result(false)),
        tool(
            "Task",
            ToolInput::Subagent { agent_type: None, description: None, prompt: words() },
            result(false),
        ),
    ];
    let turns: Vec<Turn> = bodies.into_iter().zip(0..).map(|(body, ordinal)| turn(ordinal, body)).collect();
    for item in draw(&turns, &manuscript()) {
        let html = item.html;
        assert!(!html.contains("<script"), "{html}");
        // `<` is escaped in every text, so what stands between it and the next `>` is a tag of ours.
        let tags = html.split('<').skip(1).filter_map(|part| part.split('>').next());
        assert!(tags.into_iter().all(|tag| !tag.contains("onload")), "{html}");
        assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}'), "{html}");
        assert!(!html.contains(" style="), "the policy allows no inline style: {html}");
    }
}

#[test]
fn runs_of_reading_fold_and_cover_every_turn() {
    let turns = [read(0, false), read(1, false), read(2, true), read(3, false)];
    let items = draw(&turns, &manuscript());
    let covered: Vec<_> =
        items.iter().filter_map(|item| item.stamp.rsplit_once('-')).map(|(turns, _)| turns).collect();
    assert_eq!(covered, ["0-1", "2-2", "3-3"]);
    assert!(items[0].html.contains("read 2 files"), "{}", items[0].html);
    assert!(items[0].html.contains("id=\"turn-1\""), "a link to a folded turn arrives");
}

#[test]
fn a_small_change_is_open_and_numbered_as_far_as_it_is_known() {
    let html =
        &draw(&[turn(0, tool("Edit", ToolInput::Edit { change: change() }, result(false)))], &manuscript())
            [0]
        .html;
    assert!(html.contains("<details open"), "{html}");
    assert!(html.contains("+1") && html.contains("−1"), "{html}");
    assert!(html.contains(">8<") && html.contains(">10<"), "{html}");
    assert!(html.contains("3 lines more"), "{html}");
}

#[test]
fn equal_turns_have_equal_stamps() {
    let draw_one = |error| draw(&[read(5, error)], &manuscript())[0].stamp.clone();
    assert_eq!(draw_one(false), draw_one(false));
    assert_ne!(draw_one(false), draw_one(true));
}
