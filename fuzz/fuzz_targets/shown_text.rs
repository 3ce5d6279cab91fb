//! Arbitrary text as code to be coloured and as a session to be exported: no markup of its own gets through, no document
//! breaks.

#![no_main]

mod html;

use html::{check_html, is_shown};
use libfuzzer_sys::fuzz_target;
use orchestra_core::{
    export::{ExportFormat, export},
    render::highlight,
};
use orchestra_model::{Excerpt, Provider, Session, SessionKind, TitleSource, Turn, TurnBody};

const LANGUAGES: &[&str] =
    &["rs", "js", "py", "sh", "html", "css", "md", "yaml", "toml", "diff", "c", "go", "json"];

fuzz_target!(|data: (u8, &str)| {
    let (choice, text) = data;
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
