//! Transcripts that the real client wrote.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use orchestra_model::{FileChange, PatchLine, ToolInput, Turn, TurnBody};

use crate::transcript::Transcript;

pub(super) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/claude-2.1.197/projects").join(path)
}

/// A turn in a line or a few, for people to compare.
pub(super) fn compact(turn: &Turn) -> String {
    let mut out = format!("{:>3} ", turn.ordinal);
    match &turn.body {
        TurnBody::Prompt { text, images, queued } => {
            let queued = if *queued { " queued" } else { "" };
            let _ = write!(out, "prompt{queued} {:?} images={}", text.text, images.len());
        }
        TurnBody::Text { text } => {
            let _ = write!(out, "text {:?}", text.text);
        }
        TurnBody::Thinking { text } => {
            let _ = write!(out, "thinking {:?}", text.text);
        }
        TurnBody::Tool(call) => {
            let _ = write!(out, "tool {} {:?}", call.name, call.summary);
            match &call.input {
                ToolInput::Command { command, description } => {
                    let _ = write!(out, "\n      command {:?} {description:?}", command.text);
                }
                ToolInput::Edit { change } => out.push_str(&hunks("change", change)),
                ToolInput::Subagent { agent_type, description, prompt } => {
                    let _ = write!(out, "\n      subagent {agent_type:?} {description:?} {:?}", prompt.text);
                }
                ToolInput::Other { json } => {
                    let _ = write!(out, "\n      {}", json.text);
                }
            }
            match &call.result {
                None => out.push_str("\n      no result"),
                Some(result) => {
                    let error = if result.is_error { "error" } else { "result" };
                    let _ =
                        write!(out, "\n      {error} {:?} images={}", result.text.text, result.images.len());
                    if let Some(subagent) = &result.subagent {
                        let _ = write!(out, " subagent={subagent}");
                    }
                    if let Some(change) = &result.change {
                        out.push_str(&hunks("made", change));
                    }
                }
            }
        }
        TurnBody::Compaction { summary, tokens_before, manual } => {
            let _ = write!(out, "compaction {:?} before={tokens_before:?} manual={manual}", summary.text);
        }
        TurnBody::Notice { text, error } => {
            let _ = write!(out, "notice {:?} error={error}", text.text);
        }
    }
    if let Some(usage) = turn.usage {
        let _ = write!(out, "\n      usage {} {} {}", usage.input, usage.output, usage.cache_read);
    }
    out
}

fn hunks(word: &str, change: &FileChange) -> String {
    let mut out = format!("\n      {word} {} +{} -{}", change.path, change.added, change.removed);
    for hunk in &change.hunks {
        let _ = write!(out, "\n        @ {} {}", hunk.old_start, hunk.new_start);
        for line in &hunk.lines {
            let (mark, text) = match line {
                PatchLine::Added(text) => ('+', text),
                PatchLine::Removed(text) => ('-', text),
                PatchLine::Context(text) => (' ', text),
            };
            let _ = write!(out, "\n        {mark}{text}");
        }
    }
    out
}

/// All turns of a transcript, and what is known of it.
pub(super) fn told(transcript: &Transcript) -> String {
    let mut out = String::new();
    for turn in transcript.turns() {
        let _ = writeln!(out, "{}", compact(&turn.unwrap()));
    }
    let info = transcript.info();
    let _ = writeln!(
        out,
        "turns={} prompts={} calls={} damaged={} unknown={} abandoned={} subagents={} tokens={}",
        info.turns,
        info.prompts,
        info.tool_calls,
        info.damaged_lines,
        info.unknown_lines,
        info.abandoned_turns,
        info.subagents.len(),
        info.usage.total(),
    );
    let score = transcript.score();
    for span in &score.spans {
        let _ = writeln!(out, "{:?} {} {} turn={}", span.kind, span.from, span.to, span.first_turn);
    }
    for tick in &score.edits {
        let _ = writeln!(out, "edit {} turn={}", tick.at, tick.turn);
    }
    let _ = writeln!(out, "end {:?}", score.end_mark);
    out
}

#[test]
fn every_fixture_reads_as_it_was_held() {
    for path in [
        "-home-ada-shop/11111111-1111-4111-8111-111111111111.jsonl",
        "-home-ada-shop/22222222-2222-4222-8222-222222222222.jsonl",
        "-home-ada-shop/33333333-3333-4333-8333-333333333333.jsonl",
        "-home-ada-shop/33333333-3333-4333-8333-333333333333/subagents/agent-abf942d7c96fe8e55.jsonl",
        "-home-ada-shop/44444444-4444-4444-8444-444444444444.jsonl",
        "-home-ada-shop/88888888-8888-4888-8888-888888888888.jsonl",
        "-home-ada-api-v2/55555555-5555-4555-8555-555555555555.jsonl",
        "-home-ada-api-v2/66666666-6666-4666-8666-666666666666.jsonl",
        "-home-ada-api-v2/77777777-7777-4777-8777-777777777777.jsonl",
    ] {
        let transcript = Transcript::open(&fixture(path)).unwrap();
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".jsonl");
        insta::assert_snapshot!(name, told(&transcript));
    }
}

#[test]
fn a_subagent_is_found_from_its_session() {
    let session =
        Transcript::open(&fixture("-home-ada-shop/33333333-3333-4333-8333-333333333333.jsonl")).unwrap();
    let info = session.info();
    let agent = &info.subagents[0];
    assert_eq!(agent.agent_type.as_deref(), Some("Explore"));
    assert_eq!(agent.tool_use_id.as_deref(), Some("toolu_85f67a0cbcdf432a8d93fb"));
    assert_eq!(session.subagent(&agent.id).unwrap().len(), 3);
    assert!(session.subagent("../../x").is_err());
    assert!(session.subagent("unknown").is_err());
}

#[test]
fn pages_are_stretches_of_the_whole() {
    let transcript =
        Transcript::open(&fixture("-home-ada-shop/11111111-1111-4111-8111-111111111111.jsonl")).unwrap();
    let all: Vec<Turn> = transcript.turns().map(Result::unwrap).collect();
    for from in 0..=transcript.len() {
        for limit in [0, 1, 3, 100] {
            let page = transcript.page(from, limit).unwrap();
            assert_eq!(page.total, transcript.len());
            let until = all.len().min(from as usize + limit as usize);
            assert_eq!(page.turns, all[from as usize..until]);
        }
    }
}
