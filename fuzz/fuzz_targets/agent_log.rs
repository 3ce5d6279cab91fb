//! Arbitrary bytes as an agent's log, and whole logs with arbitrary damage.
//!
//! The input's first byte chooses: either the rest is the log as it stands, or it says which records a whole log holds,
//! in how many files, and what is then done to their bytes. Numbers only grow, and every record whose bytes were left
//! alone is read, whether the log is read at once, from the middle, or while it grows.

#![no_main]

mod choices;

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use choices::Choices;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use orchestra_core::agents::log::{LogReader, LogWriter, Record};

/// A folder of this process, in memory where there is such a place.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = folder.join(format!("orchestra-fuzz-log-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
});

/// How many records a whole log holds at most: more would be slow, and no different.
const MOST_RECORDS: u64 = 24;

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    clear();
    if choice % 2 == 0 {
        anything(rest, choice % 16 == 0);
    } else {
        damaged(rest);
    }
});

fn clear() {
    for entry in fs::read_dir(&*FOLDER).expect("the folder is there").flatten() {
        fs::remove_file(entry.path()).expect("the file can be removed");
    }
}

fn file_of(first: u64) -> PathBuf {
    FOLDER.join(format!("{first:020}.log"))
}

/// Everything a reader hands on, with its numbers checked.
fn read(reader: &mut LogReader, after: u64) -> Vec<Record> {
    let mut last = after;
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().expect("what a file holds is never an error") {
        assert!(record.sequence > last, "numbers only grow");
        last = record.sequence;
        records.push(record);
    }
    records
}

/// The bytes are the log: one file, or two where they hold 0xFE 0xFE.
fn anything(bytes: &[u8], goes_on: bool) {
    let cut = bytes.windows(2).position(|pair| pair == [0xFE, 0xFE]);
    let (first, second) = bytes.split_at(cut.unwrap_or(bytes.len()));
    fs::write(file_of(1), first).expect("the file can be written");
    if cut.is_some() {
        fs::write(file_of(9), second).expect("the file can be written");
    }
    let mut reader = LogReader::open(&FOLDER, 0);
    let records = read(&mut reader, 0);
    assert!(reader.damaged_bytes() <= bytes.len() as u64);
    if goes_on && cut.is_none() {
        let mut writer = LogWriter::open(&FOLDER).expect("any log can be gone on with");
        let number = writer.append(Timestamp::UNIX_EPOCH, b"more").expect("there is room");
        assert!(records.last().is_none_or(|last| last.sequence < number));
        let after = read(&mut LogReader::open(&FOLDER, 0), 0);
        assert_eq!(after.last().map(|last| &last.payload[..]), Some(&b"more"[..]));
        assert_eq!(after.len(), records.len() + 1, "nothing that was read is lost by going on");
    }
}

/// Where one record lies.
struct Place {
    sequence: u64,
    file: u64,
    bytes: Range<usize>,
}

/// A whole log, in as many files as are chosen, with the place of each record.
fn make(choices: &mut Choices<'_>) -> (Vec<(u64, Vec<u8>)>, Vec<Place>) {
    let (mut files, mut places) = (Vec::new(), Vec::new());
    let mut writer = LogWriter::open(&FOLDER).expect("a log can be begun");
    let (mut first, mut at) = (1, 0);
    for sequence in 1..=1 + choices.next() as u64 % MOST_RECORDS {
        if choices.next() % 8 == 0 && at > 0 {
            // A torn end has the writer begin another file; the tear is taken out again below.
            let mut torn = fs::read(file_of(first)).expect("the file is there");
            drop(writer);
            torn.push(0x1e);
            fs::write(file_of(first), &torn).expect("the file can be written");
            writer = LogWriter::open(&FOLDER).expect("a torn log can be gone on with");
            torn.pop();
            files.push((first, torn));
            (first, at) = (sequence, 0);
        }
        let length = choices.next() % 64;
        let payload = choices.bytes(length);
        // The clock may say anything; the numbers do not mind.
        let time = Timestamp::from_millisecond(choices.next() as i64 * -1_000).expect("a time");
        let given = writer.append(time, &payload).expect("there is room");
        assert_eq!(given, sequence, "one more than the record before");
        let end = fs::metadata(file_of(first)).expect("the file is there").len() as usize;
        places.push(Place { sequence, file: first, bytes: at..end });
        at = end;
    }
    files.push((first, fs::read(file_of(first)).expect("the file is there")));
    (files, places)
}

/// Damages a log and answers the numbers of the records that were left alone.
fn damage(choices: &mut Choices<'_>, files: &mut [(u64, Vec<u8>)], places: &mut Vec<Place>) {
    for _ in 0..choices.next() % 4 {
        let which = choices.below(files.len());
        let (first, bytes) = &mut files[which];
        let at = choices.below(bytes.len() + 1);
        match choices.next() % 3 {
            // Bytes are others.
            0 => {
                let other = choices.bytes(12);
                let end = (at + other.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&other[..end - at]);
                places.retain(|place| place.file != *first || place.bytes.end <= at || place.bytes.start >= end);
            }
            // The end is missing.
            1 => {
                bytes.truncate(at);
                places.retain(|place| place.file != *first || place.bytes.end <= at);
            }
            // Something is in between.
            _ => {
                let more = choices.bytes(12);
                let length = more.len();
                bytes.splice(at..at, more);
                places.retain_mut(|place| {
                    if place.file == *first && place.bytes.start >= at {
                        place.bytes = place.bytes.start + length..place.bytes.end + length;
                        return true;
                    }
                    place.file != *first || place.bytes.end <= at || length == 0
                });
            }
        }
    }
}

fn damaged(input: &[u8]) {
    let mut choices = Choices(input);
    let (mut files, mut places) = make(&mut choices);
    let whole = read(&mut LogReader::open(&FOLDER, 0), 0);
    assert_eq!(whole.len(), places.len(), "a whole log is read whole");
    damage(&mut choices, &mut files, &mut places);
    // It grows: up to a moment within its last file, then to its end.
    let (last, rest) = files.split_last_mut().expect("a log has a file");
    let moment = choices.below(last.1.len() + 1);
    for (first, bytes) in rest.iter() {
        fs::write(file_of(*first), bytes).expect("the file can be written");
    }
    fs::write(file_of(last.0), &last.1[..moment]).expect("the file can be written");
    let mut growing = LogReader::open(&FOLDER, 0);
    let mut grown = read(&mut growing, 0);
    add(&file_of(last.0), &last.1[moment..]);
    grown.extend(read(&mut growing, grown.last().map_or(0, |record| record.sequence)));

    let at_once = read(&mut LogReader::open(&FOLDER, 0), 0);
    assert_eq!(at_once, grown, "a reader of a growing log reads what a later one does");
    for place in &places {
        let meant = &whole[place.sequence as usize - 1];
        assert!(at_once.contains(meant), "record {} was left alone and is not read", place.sequence);
    }
    assert!(at_once.iter().all(|record| whole.contains(record)), "nothing is made up");
    let after = choices.below(whole.len() + 1) as u64;
    let tail = read(&mut LogReader::open(&FOLDER, after), after);
    assert!(
        at_once.iter().filter(|record| record.sequence > after).eq(tail.iter()),
        "a reader that begins later reads the same from there"
    );
}

fn add(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().append(true).open(path).expect("the file is there");
    file.write_all(bytes).expect("there is room");
}
