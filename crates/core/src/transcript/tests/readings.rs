//! How lines read as turns: prompts, tools, notices.

use orchestra_model::{Excerpt, ImageRef, ToolInput, TurnBody};
use serde_json::{Value, json};

use super::{
    build::{Lines, turns, words},
    fixtures::told,
};

fn said(content: impl Into<Value>) -> Vec<String> {
    let mut lines = Lines::default();
    words(&lines.user("u", "", content).open())
}

#[test]
fn wrappers_are_told_from_prompts() {
    assert_eq!(
        said(
            "<command-message>x</command-message>\n<command-name>/x</command-name>\n<command-args>a b</command-args>"
        ),
        [">/x a b"]
    );
    assert_eq!(said("<command-name>/clear</command-name><command-args></command-args>"), [">/clear"]);
    assert_eq!(said("<bash-input>ls -1</bash-input>"), [">! ls -1"]);
    assert_eq!(said("<bash-stdout>a\nb</bash-stdout><bash-stderr></bash-stderr>"), ["~a\nb"]);
    assert_eq!(said("<bash-stdout></bash-stdout><bash-stderr>no</bash-stderr>"), ["!no"]);
    assert_eq!(said("<local-command-stdout>done</local-command-stdout>"), ["~done"]);
    assert_eq!(
        said("[Request interrupted by user for tool use]"),
        ["~[Request interrupted by user for tool use]"]
    );
    assert_eq!(
        said(
            "<task-notification><status>completed</status><summary>Tests pass</summary></task-notification>"
        ),
        ["~Tests pass"]
    );
    for hidden in [
        "<system-reminder>x</system-reminder>",
        "<ide_selection>x</ide_selection>",
        "",
        " \n",
        "<local-command-stdout></local-command-stdout>",
    ] {
        assert_eq!(said(hidden), Vec::<String>::new(), "{hidden}");
    }
    assert_eq!(said("<div> is not centred"), ["><div> is not centred"]);
}

#[test]
fn a_prompt_of_blocks_is_its_typed_words_and_pictures() {
    let mut lines = Lines::default();
    lines.user(
        "u",
        "",
        json!([
            {"type":"text","text":"<ide_opened_file>x</ide_opened_file>"},
            {"type":"text","text":"look"},
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAEC"}},
            {"type":"text","text":"there"},
            {"type":"image","source":{"type":"base64","media_type":"image/gif","data":"/w=="}},
        ]),
    );
    let transcript = lines.open();
    let TurnBody::Prompt { text, images, queued: false } = &turns(&transcript)[0].body else { panic!() };
    assert_eq!(text.text, "look\n\nthere");
    assert_eq!(transcript.image(&images[0]).unwrap(), [0, 1, 2]);
    assert_eq!(transcript.image(&images[1]).unwrap(), [255]);
    assert_eq!((images[0].media_type.as_str(), images[1].media_type.as_str()), ("image/png", "image/gif"));
    assert!(transcript.image(&ImageRef { index: 2, ..images[0].clone() }).is_err());
    assert!(transcript.image(&ImageRef { line_offset: 9_999, ..images[0].clone() }).is_err());
}

#[test]
fn pictures_of_results_are_found_by_place() {
    let picture =
        |data: &str| json!({"type":"image","source":{"type":"base64","media_type":"image/png","data":data}});
    let mut lines = Lines::default();
    lines.user("u", "", "go").calls("a", "u", "m", "t1").calls("b", "a", "m", "t2");
    lines.user("r", "b", json!([
        {"type":"tool_result","tool_use_id":"t1","content":[picture("AQ=="), {"type":"text","text":"x"}, picture("Ag==")]},
        {"type":"tool_result","tool_use_id":"t2","content":[picture("Aw==")]},
    ]));
    let transcript = lines.open();
    let mut bytes = vec![];
    for turn in turns(&transcript) {
        if let TurnBody::Tool(call) = turn.body {
            for image in call.result.unwrap().images {
                bytes.extend(transcript.image(&image).unwrap());
            }
        }
    }
    assert_eq!(bytes, [1, 2, 3]);
}

fn queued(uuid: &str, after: &str, prompt: Value) -> Value {
    json!({"type":"attachment","uuid":uuid,"parentUuid":after,
        "attachment":{"type":"queued_command","prompt":prompt,"commandMode":"prompt","source_uuid":"source"}})
}

#[test]
fn a_queued_prompt_is_told_once() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").calls("a1", "u1", "m", "t");
    lines.push(queued("q1", "a1", json!("and two")));
    lines.push(queued("q2", "q1", json!([{"type":"text","text":"and three"}])));
    lines.user("u2", "q2", "and two").says("a2", "u2", "2").user("source", "a2", "and three, reworded");
    assert_eq!(words(&lines.open()), [">one", "t=…", "+and two", "+and three", "2"]);
}

#[test]
fn the_same_words_typed_anew_are_a_prompt() {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").calls("a1", "u1", "m", "t");
    lines.push(queued("q1", "a1", json!("continue"))).says("a2", "q1", "yes");
    let before = lines.clone();
    lines.push(json!({"type":"queue-operation","operation":"enqueue","content":"continue"}));
    lines.user("u2", "a2", "continue");
    assert_eq!(words(&lines.open()).last().unwrap(), ">continue");
    let mut lines = before;
    lines.push(json!({"type":"user","uuid":"u2","parentUuid":"a2","promptSource":"typed","message":{"content":"continue"}}));
    assert_eq!(words(&lines.open()).last().unwrap(), ">continue");
}

#[test]
fn what_others_queued_is_no_prompt() {
    for attachment in [
        json!({"type":"queued_command","prompt":"<task-notification>x</task-notification>","commandMode":"task-notification"}),
        json!({"type":"queued_command","prompt":"x","commandMode":"prompt","isMeta":true}),
        json!({"type":"queued_command","prompt":"x","commandMode":"prompt","origin":{"kind":"peer"}}),
        json!({"type":"queued_command","prompt":7}),
        json!({"type":"skill_listing","prompt":"x"}),
        json!("queued_command"),
    ] {
        let mut lines = Lines::default();
        lines.push(json!({"type":"attachment","uuid":"q","attachment":attachment}));
        assert!(words(&lines.open()).is_empty(), "{attachment}");
    }
}

#[test]
fn a_result_without_its_call_is_a_notice() {
    let mut lines = Lines::default();
    lines.user("u", "", "go").answers("r", "u", "gone", "left over");
    assert_eq!(words(&lines.open()), [">go", "~left over"]);
}

#[test]
fn errors_and_retries_are_notices() {
    let mut lines = Lines::default();
    lines.user("u", "", "go");
    lines.push(json!({"type":"system","subtype":"api_error","level":"error","uuid":"e","parentUuid":"u",
        "error":{"status":529,"error":{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}},
        "retryAttempt":1,"maxRetries":10}));
    lines.push(json!({"type":"assistant","uuid":"f","parentUuid":"e","isApiErrorMessage":true,
        "message":{"id":"x","model":"<synthetic>","content":[{"type":"text","text":"API Error: 400"}]}}));
    let transcript = lines.open();
    assert_eq!(
        words(&transcript),
        [">go", "!The request to the API failed (529): Overloaded; attempt 1 of 10", "!API Error: 400"]
    );
    assert_eq!(turns(&transcript)[2].model, None);
}

#[test]
fn long_texts_are_cut_and_counted() {
    let mut lines = Lines::default();
    lines.user("u", "", "x".repeat(100_000)).calls("a", "u", "m", "t").answers(
        "r",
        "a",
        "t",
        &"é\n".repeat(40_000),
    );
    let turns = turns(&lines.open());
    let TurnBody::Prompt { text, .. } = &turns[0].body else { panic!() };
    assert_eq!((text.text.len(), text.omitted), (64 << 10, 100_000 - (64 << 10)));
    let TurnBody::Tool(call) = &turns[1].body else { panic!() };
    let result = &call.result.as_ref().unwrap().text;
    assert!((32_usize << 10).abs_diff(result.text.len()) < 4);
    assert!(result.omitted > 0);
}

/// Calls of the tools that people see most, and what the client noted beside their results.
#[test]
fn tools_are_shown_by_what_they_do() {
    let tools = [
        (
            "Edit",
            json!({"file_path":"/a.rs","old_string":"a\nb\nc\nd\ne\nf\ng\nh\n","new_string":"a\nb\nc\nd\nE\nf\ng\nh\n"}),
            Value::Null,
        ),
        (
            "Edit",
            json!({"file_path":"/b.rs","old_string":"x","new_string":"y"}),
            json!({"filePath":"/b.rs","structuredPatch":[
            {"oldStart":7,"oldLines":3,"newStart":8,"newLines":3,"lines":[" w","-x","+y"," z","\\ No newline at end of file"]}]}),
        ),
        (
            "MultiEdit",
            json!({"file_path":"/c.rs","edits":[{"old_string":"1","new_string":"2"},{"old_string":"3","new_string":""}]}),
            Value::Null,
        ),
        (
            "Write",
            json!({"file_path":"/d.rs","content":"one\ntwo\n"}),
            json!({"type":"create","filePath":"/d.rs","structuredPatch":[]}),
        ),
        ("NotebookEdit", json!({"notebook_path":"/e.ipynb","new_source":"print(1)"}), Value::Null),
        ("Edit", json!({"file_path":7}), Value::Null),
        ("Bash", json!({"command":"cargo test \\\n  --all","description":"Run tests"}), Value::Null),
        ("Read", json!({"file_path":"/f.rs","limit":20}), Value::Null),
        ("Grep", json!({"pattern":"fn main","path":"src"}), Value::Null),
        (
            "TodoWrite",
            json!({"todos":[{"content":"a","status":"completed"},{"content":"b","status":"in_progress","activeForm":"Doing b"},{"status":"pending"}]}),
            Value::Null,
        ),
        (
            "AskUserQuestion",
            json!({"questions":[{"question":"Which one?","options":[]},{"question":"And?"}]}),
            Value::Null,
        ),
        ("ExitPlanMode", json!({"plan":"# The plan\n\n1. do it"}), Value::Null),
        (
            "Task",
            json!({"subagent_type":"Explore","description":"Look around","prompt":"Look at everything"}),
            json!({"agentId":"abc"}),
        ),
        ("WebSearch", json!({"query":"leptos 0.8"}), Value::Null),
        ("mcp__db__run", json!({"n":1,"statement":"select 1"}), Value::Null),
        ("Strange", json!([1, 2]), json!("text")),
    ];
    let mut lines = Lines::default();
    lines.user("u", "", "go");
    let mut last = "u".to_owned();
    for (nth, (name, input, noted)) in tools.into_iter().enumerate() {
        let (uuid, call) = (format!("a{nth}"), format!("t{nth}"));
        lines.block(&uuid, &last, &uuid, json!({"type":"tool_use","id":call,"name":name,"input":input}));
        last = format!("r{nth}");
        lines.push(
            json!({"type":"user","uuid":last,"parentUuid":uuid,"toolUseResult":noted,"message":{"content":
            [{"type":"tool_result","tool_use_id":call,"content":"ok"}]}}),
        );
    }
    insta::assert_snapshot!(told(&lines.open()));
}

#[test]
fn a_large_edit_is_bounded() {
    let old: String = (0..30_000).map(|line| format!("{line}\n")).collect();
    let mut lines = Lines::default();
    lines.block(
        "a",
        "",
        "m",
        json!({"type":"tool_use","id":"t","name":"Edit",
        "input":{"file_path":"/x","old_string":old,"new_string":format!("{old}more")}}),
    );
    let TurnBody::Tool(call) = &turns(&lines.open())[0].body else { panic!() };
    let ToolInput::Edit { change } = &call.input else { panic!() };
    let kept: usize = change.hunks.iter().map(|hunk| hunk.lines.len()).sum();
    assert!(kept <= 1500);
    assert_eq!(kept + change.omitted_lines as usize, (change.added + change.removed) as usize);
}

#[test]
fn a_reply_may_be_thought_or_text_alone() {
    let mut lines = Lines::default();
    lines.block("a", "", "m", json!({"type":"thinking","thinking":"","signature":"x"}));
    lines.block("b", "a", "m", json!({"type":"redacted_thinking","data":"x"}));
    lines.block("c", "b", "m", json!({"type":"text","text":"(no content)"}));
    lines.push(json!({"type":"assistant","uuid":"d","parentUuid":"c","message":{"content":"plain"}}));
    let turns = turns(&lines.open());
    assert_eq!(turns[0].body, TurnBody::Thinking { text: Excerpt::default() });
    assert_eq!(turns[2].body, TurnBody::Text { text: Excerpt::whole("plain") });
    assert_eq!(turns.len(), 3);
}
