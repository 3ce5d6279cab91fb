//! Large lines, large files, and more lines than are indexed.

use std::{fs::File, io::Write as _};

use orchestra_model::TurnBody;
use serde_json::json;

use super::build::{Lines, file, open, turns, words};
use crate::transcript::{Transcript, index::Capacity};

#[test]
fn lines_of_megabytes_are_read_in_part() {
    let mut lines = Lines::default();
    lines.user("u", "", "go").calls("a", "u", "m", "t").answers("r", "a", "t", &"y".repeat(5 << 20));
    lines.says("b", "r", "done");
    let transcript = lines.open();
    let all = turns(&transcript);
    assert_eq!(all.len(), 3);
    let TurnBody::Tool(call) = &all[1].body else { panic!() };
    let result = call.result.as_ref().unwrap();
    assert_eq!(result.text.text.len(), 32 << 10);
    assert_eq!(result.text.omitted, (5 << 20) - (32 << 10));
    assert_eq!(transcript.info().damaged_lines, 0);
}

#[test]
fn a_picture_of_megabytes_is_fetched_whole() {
    let picture = "QUJD".repeat(700_000);
    let mut lines = Lines::default();
    lines.user(
        "u",
        "",
        json!([{"type":"text","text":"see"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":picture}}]),
    );
    let transcript = lines.open();
    let TurnBody::Prompt { text, images, .. } = &turns(&transcript)[0].body else { panic!() };
    assert_eq!(text.text, "see");
    assert_eq!(transcript.image(&images[0]).unwrap().len(), 2_100_000);
}

#[test]
fn a_hole_is_a_line_of_nothing() {
    let mut lines = Lines::default();
    lines.user("u", "", "before");
    let start = file(lines.text().as_bytes());
    let mut handle = File::options().append(true).open(start.path()).unwrap();
    handle.set_len(32 << 20).unwrap();
    // Appending goes behind the hole: the hole is one line of NULs with a record at its end.
    let mut behind = Lines::default();
    behind.user("v", "u", "behind");
    handle.write_all(behind.text().as_bytes()).unwrap();
    let transcript = Transcript::open(start.path()).unwrap();
    assert_eq!(words(&transcript), [">before", ">behind"]);
}

#[test]
fn what_is_not_indexed_is_kept_in_the_order_of_the_file() {
    let mut lines = Lines::default();
    let mut last = String::new();
    for nth in 0..40 {
        let (user, call, result) = (format!("u{nth}"), format!("a{nth}"), format!("r{nth}"));
        lines.user(&user, &last, format!("{nth}"));
        lines.calls(&call, &user, &format!("m{nth}"), &format!("t{nth}"));
        lines.answers(&result, &call, &format!("t{nth}"), "ok");
        last = result;
    }
    let file = file(lines.text().as_bytes());
    let capacity = Capacity { entries: 32, stride: 5 };
    let transcript = Transcript::open_within(file.path(), capacity).unwrap();
    let found = words(&transcript);
    // 32 lines are ten calls with their results, and one without.
    assert_eq!(&found[..4], [">0", "t0=ok", ">1", "t1=ok"]);
    assert_eq!(&found[20..], {
        let mut expected = vec![">10".to_owned(), "t10=ok".to_owned()];
        expected[1] = "t10=…".to_owned();
        for nth in 11..40 {
            expected.extend([format!(">{nth}"), format!("t{nth}=…"), "~ok".to_owned()]);
        }
        expected
    });
    let info = transcript.info();
    assert_eq!((info.prompts, info.tool_calls), (40, 40));
    let whole = open(lines.text().as_bytes()).info();
    assert_eq!(info.usage, whole.usage);
    let all = turns(&transcript);
    for from in 0..transcript.len() {
        assert_eq!(
            transcript.page(from, 7).unwrap().turns,
            all[from as usize..all.len().min(from as usize + 7)]
        );
    }
}

#[test]
fn many_lines_are_one_walk() {
    let mut lines = Lines::default();
    let mut last = String::new();
    for nth in 0..20_000 {
        let uuid = format!("l{nth}");
        lines.user(&uuid, &last, format!("{nth}"));
        last = uuid;
    }
    // Children before their parents, all the way.
    lines.lines.reverse();
    let transcript = lines.open();
    assert_eq!(transcript.len(), 20_000);
    assert_eq!(transcript.page(19_999, 1).unwrap().turns.len(), 1);
    assert_eq!(words(&transcript)[0], ">0");
}
