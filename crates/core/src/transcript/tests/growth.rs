//! A file that grows reads like one that was always whole, and one that was replaced like a new one.

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::{
    build::{Lines, append, file, open, turns, words},
    fixtures::{fixture, told},
};
use crate::transcript::Transcript;

/// A conversation with everything in it that joins lines with each other.
fn lively() -> String {
    let mut lines = Lines::default();
    lines.user("u1", "", "one").calls("a1", "u1", "m1", "t1").calls("a2", "a1", "m1", "t2");
    lines.answers("r2", "a2", "t2", "two").answers("r1", "a1", "t1", "one");
    lines.push(json!({"type":"attachment","uuid":"q","parentUuid":"r1",
        "attachment":{"type":"queued_command","prompt":"and more","commandMode":"prompt"}}));
    lines.says("a3", "q", "done").user("u2", "a3", "and more");
    lines.push(json!({"type":"system","subtype":"compact_boundary","uuid":"b","parentUuid":null,"logicalParentUuid":"u2"}));
    lines.push(json!({"type":"user","uuid":"s","parentUuid":"b","isCompactSummary":true,"message":{"content":"sum"}}));
    lines.user("u3", "s", "three").says("a4", "u3", "3").user("u4", "s", "four").says("a5", "u4", "4");
    lines.push(json!({"type":"last-prompt","leafUuid":"a5"}));
    lines.text()
}

#[test]
fn nothing_new_is_no_change() {
    let file = file(lively().as_bytes());
    let mut transcript = Transcript::open(file.path()).unwrap();
    assert!(!transcript.refresh().unwrap());
    append(file.path(), b"{\"type\":\"user\",\"uu");
    assert!(!transcript.refresh().unwrap());
    append(file.path(), b"id\":\"u5\",\"parentUuid\":\"a5\",\"message\":{\"content\":\"five\"}}\n");
    assert!(transcript.refresh().unwrap());
    assert_eq!(words(&transcript).last().unwrap(), ">five");
}

#[test]
fn ordinals_stay_while_a_file_grows_in_line() {
    let path = fixture("-home-ada-shop/11111111-1111-4111-8111-111111111111.jsonl");
    let whole = fs::read(path).unwrap();
    let all = turns(&open(&whole));
    let file = file(b"");
    let mut transcript = Transcript::open(file.path()).unwrap();
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        append(file.path(), line);
        transcript.refresh().unwrap();
        for (now, then) in turns(&transcript).iter().zip(&all) {
            assert_eq!((now.ordinal, now.at, &now.model), (then.ordinal, then.at, &then.model));
        }
    }
    assert_eq!(turns(&transcript), all);
}

#[test]
fn a_replaced_file_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut lines = Lines::default();
    lines.user("u1", "", "one").says("a1", "u1", "1");
    fs::write(&path, lines.text()).unwrap();
    let mut transcript = Transcript::open(&path).unwrap();

    // Another file under the name.
    let mut others = Lines::default();
    others.user("v1", "", "other").says("b1", "v1", "o");
    let other = folder.path().join("b.jsonl");
    fs::write(&other, others.text()).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(words(&transcript), [">one", "1"]);
    assert!(transcript.refresh().unwrap());
    assert_eq!(words(&transcript), [">other", "o"]);

    // Written over in place: shorter, and then longer.
    let mut short = Lines::default();
    short.user("w", "", "short");
    fs::write(&path, short.text()).unwrap();
    assert!(transcript.refresh().unwrap());
    assert_eq!(words(&transcript), [">short"]);
    fs::write(&path, lines.text()).unwrap();
    assert!(transcript.refresh().unwrap());
    assert_eq!(words(&transcript), [">one", "1"]);
}

#[test]
fn a_file_that_was_cut_keeps_its_places() {
    let file = file(lively().as_bytes());
    let transcript = Transcript::open(file.path()).unwrap();
    let count = transcript.len();
    let handle = fs::OpenOptions::new().write(true).open(file.path()).unwrap();
    handle.set_len(300).unwrap();
    assert_eq!(turns(&transcript).len(), count as usize);
    assert!(words(&transcript).contains(&"!This part of the transcript can no longer be read.".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_gives_the_same_turns(mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let text = lively();
        let whole = told(&open(text.as_bytes()));
        let mut places: Vec<usize> = cuts.drain(..).map(|cut| cut.index(text.len())).collect();
        places.sort_unstable();
        places.push(text.len());
        let file = file(b"");
        let mut transcript = Transcript::open(file.path()).unwrap();
        let mut from = 0;
        for to in places {
            append(file.path(), &text.as_bytes()[from..to]);
            transcript.refresh().unwrap();
            from = to;
        }
        prop_assert_eq!(told(&transcript), whole);
    }
}
