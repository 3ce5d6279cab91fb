//! Damage costs what it hit and nothing else.

use proptest::prelude::*;

use super::build::{Lines, open, turns, words};
use crate::transcript::{Transcript, TranscriptError};

fn conversation(count: usize) -> Lines {
    let mut lines = Lines::default();
    let mut last = String::new();
    for nth in 0..count {
        let uuid = format!("l{nth}");
        if nth % 2 == 0 {
            lines.user(&uuid, &last, format!("p{nth}"));
        } else {
            lines.says(&uuid, &last, &format!("t{nth}"));
        }
        last = uuid;
    }
    lines
}

fn expected(count: usize) -> Vec<String> {
    (0..count).map(|nth| if nth % 2 == 0 { format!(">p{nth}") } else { format!("t{nth}") }).collect()
}

#[test]
fn nuls_splices_and_half_lines_are_read_around() {
    let lines = conversation(6).lines;
    let text = format!(
        "{}\n\0\0\0\0{}\n{}{}\n{}{}\n{}\n{{\"type\":\"user\",\"uuid\":\"half",
        lines[0],
        lines[1],
        &lines[2][..lines[2].len() / 2],
        lines[2],
        lines[3],
        lines[4],
        lines[5],
    );
    let transcript = open(text.as_bytes());
    assert_eq!(words(&transcript), expected(6));
    // Half a record, and a missing newline.
    assert_eq!(transcript.info().damaged_lines, 2);
}

#[test]
fn what_is_no_transcript_has_no_turns() {
    assert!(open(b"").is_empty());
    let binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let transcript = open(&binary);
    assert!(transcript.is_empty());
    assert!(transcript.info().damaged_lines > 0);
    assert!(matches!(Transcript::open(std::env::temp_dir().as_path()), Err(TranscriptError::Open { .. })));
    assert!(matches!(Transcript::open("/nowhere/at/all".as_ref()), Err(TranscriptError::Open { .. })));
}

#[test]
fn odd_types_and_times_are_no_reason_to_fail() {
    let text = r#"{"type":"user","uuid":"a","parentUuid":null,"timestamp":12,"message":{"content":"no time"}}
{"type":"user","uuid":"b","parentUuid":"a","timestamp":"9999-01-01T00:00:00Z","message":{"content":"far"}}
{"type":"user","uuid":"c","parentUuid":"b","timestamp":"yesterday","message":{"content":7}}
{"type":"assistant","uuid":"d","parentUuid":"c","message":{"id":[],"model":{},"usage":"all","content":[{"type":"tool_use","id":7,"name":null,"input":"x"},7,null,"plain",{"type":"text","text":["x"]}]}}
{"type":"user","uuid":"e","parentUuid":"d","message":"text","toolUseResult":[[]]}
{"type":"system","subtype":["x"],"content":{},"uuid":"f","parentUuid":"e"}
"#;
    let transcript = open(text.as_bytes());
    assert_eq!(words(&transcript), [">no time", ">far", "=…", "plain"]);
    assert_eq!(transcript.info().damaged_lines, 0);
    transcript.score();
}

#[test]
fn a_million_deep_is_one_line() {
    let mut lines = conversation(2).lines;
    lines.insert(1, format!("{{\"type\":\"x\",\"deep\":{}", "[".repeat(1_000_000)));
    lines.insert(
        2,
        format!(
            "{{\"type\":\"user\",\"uuid\":\"deep\",\"toolUseResult\":{}{},\"message\":{{\"content\":{}}}}}",
            "[".repeat(400_000),
            "]".repeat(400_000),
            "[{\"a\":".repeat(50_000) + "1" + &"}]".repeat(50_000)
        ),
    );
    let transcript = open((lines.join("\n") + "\n").as_bytes());
    assert_eq!(words(&transcript), expected(2));
    assert_eq!(transcript.info().damaged_lines, 1);
}

/// Junk that may stand between lines: with newlines, without a whole record of its own.
fn junk() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(vec![0; 50]),
        Just(b"{\"type\":\"user\",\"uuid\":\"half".to_vec()),
        Just(b"}}]]\n\n{{[[".to_vec()),
        Just(b"[1,2]".to_vec()),
        Just(b"\"".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_good_line_is_told(junk in proptest::collection::vec(junk(), 9)) {
        let lines = conversation(8).lines;
        let mut soup = vec![];
        for (line, junk) in lines.iter().zip(&junk) {
            soup.extend_from_slice(junk);
            soup.push(b'\n');
            soup.extend_from_slice(line.as_bytes());
            soup.push(b'\n');
        }
        soup.extend_from_slice(&junk[8]);
        prop_assert_eq!(words(&open(&soup)), expected(8));
    }

    #[test]
    fn a_line_behind_half_of_another_is_told(cut in any::<prop::sample::Index>(), at in 1_usize..7) {
        let mut lines = conversation(8).lines;
        let half: String = lines[at - 1].chars().take(cut.index(lines[at - 1].len())).collect();
        lines[at] = format!("{half}{}", lines[at]);
        prop_assert_eq!(words(&open((lines.join("\n") + "\n").as_bytes())), expected(8));
    }

    #[test]
    fn nothing_panics_whatever_the_bytes(mut bytes in proptest::collection::vec(any::<u8>(), 1..400), hits in 0_usize..12) {
        let text = conversation(6).text().into_bytes();
        let spare = bytes.len();
        let mut soup = text.clone();
        for hit in 0..hits {
            let place = usize::from(bytes[hit % spare]) * 7 % soup.len();
            soup[place] = bytes[(hit + 1) % spare];
        }
        bytes.extend(soup);
        let transcript = open(&bytes);
        turns(&transcript);
        transcript.score();
        transcript.info();
        let page = transcript.page(2, 3).unwrap();
        prop_assert!(page.turns.len() <= 3);
    }

    #[test]
    fn any_parents_end(parents in proptest::collection::vec(0_usize..14, 12)) {
        let mut lines = Lines::default();
        for (nth, parent) in parents.iter().enumerate() {
            let parent = if *parent == 0 { String::new() } else { format!("l{parent}") };
            lines.user(&format!("l{nth}"), &parent, format!("{nth}"));
        }
        let transcript = lines.open();
        let mut found = words(&transcript);
        let count = found.len();
        found.sort();
        found.dedup();
        prop_assert_eq!(found.len(), count);
        prop_assert_eq!(count + transcript.info().abandoned_turns as usize, 12);
    }
}
