use orchestra_model::{ImageRef, Provider, Session, SessionKind, TitleSource, ToolResult, Usage};
use proptest::prelude::*;

use super::*;
use crate::render::is_hidden;

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().expect("a time"))
}

fn session() -> Session {
    Session {
        id: "11111111-1111-4111-8111-111111111111".parse().expect("an id"),
        provider: Provider::Claude,
        title: "Rename \"Cart\" to *Basket* <b>".to_owned(),
        title_source: TitleSource::Ai,
        cwd: Some("/home/ada/shop".to_owned()),
        project: "shop".to_owned(),
        project_dir: Some("/home/ada/shop".to_owned()),
        branch: Some("main".to_owned()),
        model: Some("claude-opus-4-5".to_owned()),
        kind: SessionKind::Human,
        status: None,
        live: None,
        started_at: time("2026-03-01T10:00:00Z"),
        last_active_at: time("2026-03-01T10:05:00Z"),
        path: Some("/home/ada/.claude/projects/-home-ada-shop/1.jsonl".to_owned()),
        size_bytes: 4096,
        resume_command: "cd /home/ada/shop && claude --resume 11111111-1111-4111-8111-111111111111"
            .to_owned(),
        root: "/home/ada/.claude".to_owned(),
        lineage: None,
        forked_from: None,
        subagents: 0,
        expires_in_days: Some(12),
        last_prompt: Some("Thanks".to_owned()),
        agent: None,
        damaged_lines: 0,
    }
}

fn image() -> ImageRef {
    ImageRef { media_type: "image/png".to_owned(), line_offset: 0, index: 0 }
}

fn tool(name: &str, summary: &str, input: ToolInput, result: Option<ToolResult>) -> TurnBody {
    TurnBody::Tool(Box::new(ToolCall {
        id: "toolu_1".to_owned(),
        name: name.to_owned(),
        summary: summary.to_owned(),
        input,
        result,
    }))
}

fn result(text: &str) -> Option<ToolResult> {
    Some(ToolResult {
        is_error: false,
        text: Excerpt::whole(text),
        images: Vec::new(),
        at: time("2026-03-01T10:01:02Z"),
        change: None,
        subagent: None,
    })
}

fn change() -> FileChange {
    FileChange {
        path: "/home/ada/shop/src/cart.rs".to_owned(),
        added: 1,
        removed: 1,
        hunks: vec![PatchHunk {
            old_start: 10,
            new_start: 10,
            lines: vec![
                PatchLine::Context("// the <cart>".to_owned()),
                PatchLine::Removed("struct Cart;".to_owned()),
                PatchLine::Added("struct Basket;".to_owned()),
            ],
        }],
        omitted_lines: 3,
    }
}

/// One turn of every kind, with something hostile in most.
fn bodies() -> Vec<TurnBody> {
    let failed =
        result("error: no such file\n```\nbroken out?").map(|result| ToolResult { is_error: true, ..result });
    let pictured = result("").map(|result| ToolResult { images: vec![image(), image()], ..result });
    let edited =
        result("The file has been updated.").map(|result| ToolResult { change: Some(change()), ..result });
    let long = (1..=30).map(|line| format!("line {line}\n")).collect::<String>();
    vec![
        TurnBody::Prompt {
            text: Excerpt::whole("Rename Cart\nto \x1b[31mBasket\x1b[0m <script>alert(1)</script>"),
            images: vec![image()],
            queued: false,
        },
        TurnBody::Thinking { text: Excerpt::whole("Where is *Cart*?") },
        TurnBody::Thinking { text: Excerpt::default() },
        TurnBody::Text { text: Excerpt::whole("# Plan\n\nI will **look**.\n\n```rust\nstruct Cart;") },
        tool(
            "Bash",
            "grep -r Cart",
            ToolInput::Command {
                command: Excerpt::whole("grep -r Cart"),
                description: Some("Find".to_owned()),
            },
            result(&long),
        ),
        tool("Edit", "src/cart.rs", ToolInput::Edit { change: change() }, edited),
        tool(
            "Task",
            "Look for tests",
            ToolInput::Subagent {
                agent_type: Some("Explore".to_owned()),
                description: Some("Look for tests".to_owned()),
                prompt: Excerpt::whole("Find all tests.\nReport."),
            },
            failed,
        ),
        tool(
            "mcp__shop__list",
            "",
            ToolInput::Other { json: Excerpt { text: "{\"a\": \"<b>\u{202e}\"".to_owned(), omitted: 1024 } },
            None,
        ),
        tool("Read", "cat.png", ToolInput::Other { json: Excerpt::whole("{}") }, pictured),
        TurnBody::Compaction {
            summary: Excerpt::whole("They renamed Cart. <!--"),
            tokens_before: Some(150_000),
            manual: false,
        },
        TurnBody::Notice { text: Excerpt::whole("API Error: overloaded"), error: true },
        TurnBody::Prompt { text: Excerpt::whole("Thanks"), images: Vec::new(), queued: true },
    ]
}

fn turns(bodies: Vec<TurnBody>) -> impl Iterator<Item = Turn> {
    (0_u32..).zip(bodies).map(|(ordinal, body)| Turn {
        ordinal,
        at: Timestamp::from_second(1_772_359_200 + i64::from(ordinal)).ok(),
        model: None,
        usage: (ordinal == 1).then(|| Usage { input: 10, output: 5, ..Usage::default() }),
        body,
    })
}

fn exported(bodies: Vec<TurnBody>, format: ExportFormat) -> String {
    let mut out = Vec::new();
    export(&session(), turns(bodies), format, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("exports are UTF-8")
}

#[test]
fn a_session_as_text() {
    insta::assert_snapshot!(exported(bodies(), ExportFormat::Text));
}

#[test]
fn a_session_as_markdown() {
    insta::assert_snapshot!(exported(bodies(), ExportFormat::Markdown));
}

#[test]
fn a_session_as_json() {
    let text = exported(bodies(), ExportFormat::Json);
    insta::assert_snapshot!(text);
    #[derive(serde::Deserialize)]
    struct Document {
        session: Session,
        turns: Vec<Turn>,
    }
    let document: Document = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document.session, session());
    assert_eq!(document.turns, turns(bodies()).collect::<Vec<_>>(), "the strings come back exactly");
}

#[test]
fn a_session_as_html() {
    let html = exported(bodies(), ExportFormat::Html);
    let (before, rest) = html.split_once("<style>\n").expect("a style");
    let (style, after) = rest.split_once("</style>").expect("its end");
    assert!(!style.contains('<') && !style.contains("url(") && !style.contains("@import"));
    insta::assert_snapshot!(format!("{before}<style>…</style>{after}"));
}

#[test]
fn an_empty_session_is_a_document_too() {
    assert_eq!(exported(Vec::new(), ExportFormat::Json).matches("\"turns\":[\n]}").count(), 1);
    assert!(exported(Vec::new(), ExportFormat::Html).ends_with("</html>\n"));
    assert!(exported(Vec::new(), ExportFormat::Text).contains("Continue with"));
}

#[test]
fn formats_have_names() {
    for format in ExportFormat::ALL {
        assert_eq!(ExportFormat::from_extension(format.extension()), Some(format));
    }
    assert_eq!(ExportFormat::from_extension("exe"), None);
}

#[test]
fn a_writer_that_fails_ends_the_export() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in ExportFormat::ALL {
        let error = export(&session(), turns(bodies()), format, &mut Full).expect_err("it is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

/// Who speaks by the top-level headings of an exported Markdown document, and its lines of raw HTML that fold.
fn outline(document: &str) -> (Vec<String>, Vec<String>) {
    use pulldown_cmark::{Event, HeadingLevel, Parser, Tag};
    let (mut headings, mut details, mut depth, mut is_heading) = (Vec::new(), Vec::new(), 0, false);
    let (_, document) = document.split_once("\n---\n").expect("front matter");
    for event in Parser::new(document) {
        match event {
            Event::Start(tag) => {
                is_heading = depth == 0 && matches!(tag, Tag::Heading { level: HeadingLevel::H2, .. });
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Text(text) if is_heading => {
                headings.extend(text.split_once(" · 2026-").map(|(who, _)| who.to_owned()));
                is_heading = false;
            }
            Event::Html(line) if line.contains("details>") => details.push(line.trim().to_owned()),
            Event::Html(line) => assert!(line.starts_with("<summary>"), "{line:?}"),
            Event::InlineHtml(html) => panic!("{html:?}"),
            _ => {}
        }
    }
    (headings, details)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever stands in a transcript, no document holds a hidden character, and HTML gets no element from it.
    #[test]
    fn no_document_is_broken_out_of(text in "(<script>|</pre>|```|\"|&|\u{1b}\\[|\u{202e}|\u{7}|\n|\\PC){0,30}") {
        let every = || vec![
            TurnBody::Prompt { text: Excerpt::whole(&text), images: Vec::new(), queued: false },
            TurnBody::Text { text: Excerpt::whole(&text) },
            TurnBody::Notice { text: Excerpt::whole(&text), error: false },
            tool(&text, &text, ToolInput::Command { command: Excerpt::whole(&text), description: None }, result(&text)),
            tool("Edit", "x", ToolInput::Edit { change: FileChange { path: text.clone(), ..change() } }, None),
        ];
        for format in ExportFormat::ALL {
            let document = exported(every(), format);
            for character in document.chars() {
                let is_fine = !is_hidden(character) || matches!(character, '\u{200c}' | '\u{200d}');
                prop_assert!(is_fine, "{:?} in {:?}", character, format);
            }
        }
        let html = exported(every(), ExportFormat::Html);
        prop_assert!(!html.contains("<script"));
        prop_assert_eq!(html.matches("<article").count(), 3);
        prop_assert_eq!(html.matches("<details>").count(), 2);
        let (headings, details) = outline(&exported(every(), ExportFormat::Markdown));
        prop_assert_eq!(headings, ["You", "Claude", "Notice"]);
        prop_assert_eq!(details, ["<details>", "</details>", "<details>", "</details>"]);
    }
}
