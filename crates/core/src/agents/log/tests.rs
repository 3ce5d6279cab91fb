use proptest::prelude::*;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

fn payload(number: u64) -> Vec<u8> {
    format!("{{\"number\":{number},\"words\":\"{}\"}}", "so ".repeat(number as usize % 40)).into_bytes()
}

fn write(folder: &Path, numbers: std::ops::RangeInclusive<u64>) {
    let mut writer = LogWriter::open(folder).unwrap();
    for number in numbers {
        // The clock goes backwards; the numbers do not.
        assert_eq!(writer.append(at(1_000_000 - number as i64), &payload(number)).unwrap(), number);
    }
    writer.sync().unwrap();
}

fn read(folder: &Path, after: u64) -> (Vec<u64>, u64) {
    let mut reader = LogReader::open(folder, after);
    let mut numbers = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        assert_eq!(record.payload, payload(record.sequence));
        assert_eq!(record.at, at(1_000_000 - record.sequence as i64));
        numbers.push(record.sequence);
    }
    (numbers, reader.damaged_bytes())
}

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

#[test]
fn a_reader_begins_anywhere_and_sees_what_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events");
    let mut early = LogReader::open(&log, 0);
    assert_eq!(early.next_record().unwrap(), None);
    write(&log, 1..=5);
    assert_eq!(early.next_record().unwrap().unwrap().sequence, 1);
    write(&log, 6..=9);
    assert_eq!(read(&log, 0), (numbers(1..=9), 0));
    assert_eq!(read(&log, 7), (numbers(8..=9), 0));
    assert_eq!(read(&log, 9), (vec![], 0));
    let rest: Vec<u64> =
        std::iter::from_fn(|| early.next_record().unwrap()).map(|record| record.sequence).collect();
    assert_eq!(rest, numbers(2..=9));
}

#[test]
fn a_log_cut_at_any_byte_keeps_every_whole_record_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    write(&whole, 1..=20);
    let bytes = fs::read(file_of(&whole, 1)).unwrap();
    for cut in 0..bytes.len() {
        let log = folder.path().join("cut");
        fs::create_dir(&log).unwrap();
        fs::write(file_of(&log, 1), &bytes[..cut]).unwrap();
        let (kept, _) = read(&log, 0);
        let last = kept.len() as u64;
        assert_eq!(kept, numbers(1..=last), "cut at {cut}");
        write(&log, last + 1..=last + 3);
        assert_eq!(read(&log, 0).0, numbers(1..=last + 3), "cut at {cut}");
        fs::remove_dir_all(&log).unwrap();
    }
}

#[test]
fn a_long_log_is_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = LogWriter::open(folder.path()).unwrap();
    let long = vec![b'x'; LONGEST_PAYLOAD];
    for _ in 0..5 {
        writer.append(at(0), &long).unwrap();
    }
    assert!(writer.append(at(0), &vec![0; LONGEST_PAYLOAD + 1]).is_err());
    assert_eq!(files_in(folder.path()).unwrap(), [1, 3, 5]);
    let mut reader = LogReader::open(folder.path(), 3);
    assert_eq!(reader.next_record().unwrap().unwrap().sequence, 4);
    assert_eq!(reader.next_record().unwrap().unwrap().payload, long);
    assert_eq!(reader.next_record().unwrap(), None);
    writer.append(at(0), b"{}").unwrap();
    assert_eq!(reader.next_record().unwrap().unwrap().sequence, 6);
}

#[test]
fn files_that_no_writer_named_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1..=4);
    let strangers = [
        "0.log",
        "00000000000000000000.log",
        "5.log",
        "+0000000000000000007.log",
        "99999999999999999999.log",
        "000000000000000000009.log",
        "notes.log",
        "00000000000000000003.log~",
        ".log",
    ];
    for name in strangers {
        fs::write(folder.path().join(name), b"somebody else's").unwrap();
    }
    assert_eq!(files_in(folder.path()).unwrap(), [1]);
    assert_eq!(read(folder.path(), 0), (numbers(1..=4), 0));
    write(folder.path(), 5..=6);
    assert_eq!(read(folder.path(), 3), (numbers(4..=6), 0));
    for name in strangers {
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"somebody else's", "{name}");
    }
}

#[test]
fn a_length_that_no_writer_writes_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1..=3);
    let file = file_of(folder.path(), 1);
    let mut bytes = fs::read(&file).unwrap();
    let whole = bytes.len();
    // A head that is right in itself and promises four gigabytes.
    let mut promise = encode(4, at(0), b"");
    let head = promise.len();
    promise[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let sum = xxhash_rust::xxh3::xxh3_64(&promise[..32]);
    promise[32..].copy_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(&promise);
    let later = folder.path().join("later");
    write(&later, 1..=5);
    let mut reader = LogReader::open(&later, 0);
    let records: Vec<Record> = std::iter::from_fn(|| reader.next_record().unwrap()).collect();
    for record in &records[3..] {
        bytes.extend_from_slice(&encode(record.sequence, record.at, &record.payload));
    }
    fs::write(&file, &bytes).unwrap();
    assert_eq!(read(folder.path(), 0), (numbers(1..=5), head as u64));
    // The same at the end: the next writer goes on behind it.
    fs::write(&file, &bytes[..whole + head]).unwrap();
    write(folder.path(), 4..=5);
    assert_eq!(read(folder.path(), 0).0, numbers(1..=5));
}

proptest! {
    /// Whatever byte is changed, only the record it stands in is lost.
    #[test]
    fn a_changed_byte_costs_one_record(place in 0.0..1.0, flip in 1_u8..) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 1..=12);
        let file = file_of(folder.path(), 1);
        let mut bytes = fs::read(&file).unwrap();
        let changed = (place * bytes.len() as f64) as usize;
        bytes[changed] ^= flip;
        fs::write(&file, &bytes).unwrap();
        let mut reader = LogReader::open(folder.path(), 0);
        let mut kept = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            prop_assert_eq!(&record.payload, &payload(record.sequence));
            kept.push(record.sequence);
        }
        prop_assert!(kept.len() >= 11, "{kept:?}");
        prop_assert!(kept.is_sorted());
    }
}
