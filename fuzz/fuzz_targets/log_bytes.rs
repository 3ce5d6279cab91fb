//! Records with arbitrary damage, as bytes that come in arbitrary pieces: no files, so that many are tried.
//!
//! The input says which records there are, what is done to their bytes, and how these are cut. Every record whose bytes
//! were left alone is read, nothing is made up, every byte is accounted for, and how the bytes come makes no difference.

#![no_main]

mod choices;

use std::ops::Range;

use choices::Choices;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use orchestra_core::agents::log::{Record, Scanner, encode};

/// How many records there are at most: more would be slow, and no different.
const MOST_RECORDS: usize = 8;

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let (mut bytes, mut whole, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for sequence in 1..=(choices.next() % (MOST_RECORDS + 1)) as u64 {
        let length = choices.next() % 48;
        let payload = choices.bytes(length);
        let at = Timestamp::from_millisecond(choices.next() as i64 * -1_000).expect("a time");
        let begin = bytes.len();
        bytes.extend_from_slice(&encode(sequence, at, &payload));
        places.push(begin..bytes.len());
        whole.push(Record { sequence, at, payload });
    }
    for _ in 0..choices.next() % 4 {
        damage(&mut choices, &mut bytes, &mut places);
    }
    let step = choices.next();
    // What is left of the input stands behind it all.
    bytes.extend_from_slice(choices.0);

    let (at_once, damaged) = read(&bytes, bytes.len());
    assert_eq!(read(&bytes, step + 1), (at_once.clone(), damaged), "how the bytes come makes no difference");
    for (record, _) in whole.iter().zip(&places).filter(|(_, place)| !place.is_empty()) {
        assert!(at_once.contains(record), "record {} was left alone and is not read", record.sequence);
    }
    let length = |record: &Record| encode(record.sequence, record.at, &record.payload).len() as u64;
    assert_eq!(
        at_once.iter().map(length).sum::<u64>() + damaged,
        bytes.len() as u64,
        "every byte is accounted for"
    );
    assert!(at_once.iter().all(|record| whole.contains(record)), "nothing is made up");
});

/// The records in bytes that come so many at a time, and how many bytes were none.
fn read(bytes: &[u8], step: usize) -> (Vec<Record>, u64) {
    let mut scanner = Scanner::default();
    let mut records = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        let put = |room: &mut [u8]| {
            room[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        };
        assert_eq!(scanner.fill(put).expect("bytes are there"), piece.len());
        records.extend(std::iter::from_fn(|| scanner.next_record()));
    }
    scanner.end();
    assert!(!scanner.is_unfinished());
    (records, scanner.damaged_bytes())
}

/// Damages the bytes. A place whose bytes were not left alone is empty from then on.
fn damage(choices: &mut Choices<'_>, bytes: &mut Vec<u8>, places: &mut [Range<usize>]) {
    let at = choices.below(bytes.len() + 1);
    let touched = match choices.next() % 3 {
        // Bytes are others.
        0 => {
            let other = choices.bytes(12);
            let end = (at + other.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&other[..end - at]);
            at..end
        }
        // The end is missing.
        1 => {
            let end = bytes.len();
            bytes.truncate(at);
            at..end
        }
        // Something is in between.
        _ => {
            let more = choices.bytes(12);
            let length = more.len();
            bytes.splice(at..at, more);
            for place in places.iter_mut().filter(|place| place.start < place.end) {
                if place.start >= at {
                    *place = place.start + length..place.end + length;
                } else if place.end > at && length > 0 {
                    *place = 0..0;
                }
            }
            return;
        }
    };
    for place in places.iter_mut().filter(|place| place.end > touched.start && place.start < touched.end) {
        *place = 0..0;
    }
}
