//! Arbitrary text as what a transcript says: no markup of its own gets through, nothing hides, no document breaks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orchestra_core::{
    export::{ExportFormat, export},
    render::{MARKDOWN_TAGS, highlight, markdown, visible},
};
use orchestra_model::{Excerpt, Provider, Session, SessionKind, TitleSource, Turn, TurnBody};

const ATTRIBUTES: &[&str] = &["href", "rel", "class", "tabindex", "role", "aria-label", "start", "scope"];

const LANGUAGES: &[&str] =
    &["rs", "js", "py", "sh", "html", "css", "md", "yaml", "toml", "diff", "c", "go", "json"];

fuzz_target!(|data: (u8, &str)| {
    let (choice, text) = data;
    let shown = visible(text);
    assert!(shown.chars().all(is_shown), "{shown:?}");
    assert_eq!(visible(&shown), shown);

    let html = markdown(text);
    assert!(html.chars().all(is_shown), "{html:?}");
    check_html(&html);

    let language = LANGUAGES[usize::from(choice) % LANGUAGES.len()];
    check_html(&highlight(text, language));

    let turns = ["Prompt", "Text"].into_iter().zip(0_u32..).map(|(kind, ordinal)| {
        let text = Excerpt::whole(text);
        let body = match kind {
            "Prompt" => TurnBody::Prompt { text, images: Vec::new(), queued: false },
            _ => TurnBody::Text { text },
        };
        Turn { ordinal, at: None, model: None, usage: None, body }
    });
    let format = ExportFormat::ALL[usize::from(choice) % ExportFormat::ALL.len()];
    let mut document = Vec::new();
    export(&session(text), turns, format, &mut document).expect("a Vec takes everything");
    let document = String::from_utf8(document).expect("exports are UTF-8");
    assert!(document.chars().all(is_shown), "{document:?}");
    if format == ExportFormat::Html {
        assert_eq!(document.matches("<article").count(), 2);
        assert!(!document.contains("<script"));
    }
});

fn is_shown(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every `<` begins a tag of the list, with attributes of the list, quoted.
fn check_html(html: &str) {
    for rest in html.split('<').skip(1) {
        let inside = rest.split('>').next().unwrap_or("").trim_start_matches('/');
        let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        assert!(MARKDOWN_TAGS.contains(&name), "<{inside}>");
        while let Some((attribute, value)) = rest.split_once("=\"") {
            assert!(ATTRIBUTES.contains(&attribute.trim()), "<{inside}>");
            let (value, after) = value.split_once('"').expect("a quoted value ends");
            if attribute.trim() == "href" {
                let scheme = value.split(':').next().unwrap_or("").to_ascii_lowercase();
                assert!(matches!(scheme.as_str(), "http" | "https" | "mailto"), "<{inside}>");
            }
            rest = after;
        }
        assert_eq!(rest.trim(), "", "<{inside}>");
    }
}

fn session(text: &str) -> Session {
    Session {
        id: "fuzz".parse().expect("an id"),
        provider: Provider::Claude,
        title: text.to_owned(),
        title_source: TitleSource::Id,
        cwd: Some(text.to_owned()),
        project: String::new(),
        project_dir: None,
        branch: None,
        model: None,
        kind: SessionKind::Human,
        status: None,
        live: None,
        started_at: None,
        last_active_at: None,
        path: None,
        size_bytes: 0,
        resume_command: text.to_owned(),
        root: String::new(),
        lineage: None,
        forked_from: None,
        subagents: 0,
        expires_in_days: None,
        last_prompt: None,
        damaged_lines: 0,
        agent: None,
    }
}
