//! Arbitrary bytes as a transcript's file, good lines put in between: the transcript's own parser.

#![no_main]

mod good_lines;

use std::{path::PathBuf, sync::LazyLock};

use good_lines::with_good_lines;
use libfuzzer_sys::fuzz_target;
use orchestra_core::transcript::Transcript;

fuzz_target!(|data: &[u8]| {
    let (file, good_lines) = with_good_lines(data);
    check_transcript(&file, good_lines);
});

/// The transcript's parser takes anything, and every turn it counts can be had.
fn check_transcript(file: &[u8], good_lines: u32) {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
        folder.join(format!("orchestra-fuzz-{}.jsonl", std::process::id()))
    });
    std::fs::write(&*PATH, file).expect("the file can be written");
    let transcript = Transcript::open(&PATH).expect("what a file holds is never an error");
    let mut count = 0;
    for (ordinal, turn) in (0..).zip(transcript.turns()) {
        assert_eq!(turn.expect("the file can be read").ordinal, ordinal);
        count += 1;
    }
    assert_eq!(count, transcript.len());
    let info = transcript.info();
    assert!(count + info.abandoned_turns + info.unknown_lines + info.damaged_lines >= good_lines.min(1));
    let score = transcript.score();
    assert!(score.spans.iter().all(|span| span.from <= span.to));
}
