//! What a record is as bytes, and how records are found in bytes: no files here.

use std::io;

use jiff::Timestamp;
use memchr::memmem;
use xxhash_rust::xxh3::xxh3_64;

/// What every record begins with: where a reader looks for the next one after damage.
const MARK: [u8; 4] = *b"\x1eOR1";
/// Mark, length of the payload, sequence number, time in milliseconds, checksum of the payload, checksum of the head: a
/// length that can be trusted tells a record that is on its way from a damaged one.
const HEAD: usize = 4 + 4 + 8 + 8 + 8 + 8;
/// The longest payload, in bytes. What is longer is kept beside the log, and the log says where.
pub const LONGEST_PAYLOAD: usize = 8 << 20;
/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number: one more than the record before it, whatever the clock says. The first is 1.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it holds.
    pub payload: Vec<u8>,
}

/// A record as it stands in a log.
pub fn encode(sequence: u64, at: Timestamp, payload: &[u8]) -> Vec<u8> {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&MARK);
    head[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[8..16].copy_from_slice(&sequence.to_le_bytes());
    head[16..24].copy_from_slice(&at.as_millisecond().to_le_bytes());
    head[24..32].copy_from_slice(&xxh3_64(payload).to_le_bytes());
    let sum = xxh3_64(&head[..32]);
    head[32..].copy_from_slice(&sum.to_le_bytes());
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(payload);
    bytes
}

/// What stands at the beginning of some bytes.
enum Found {
    /// A record, with the bytes it takes.
    Record(Record, usize),
    /// The beginning of a record that may still be on its way, or a torn one.
    Unfinished,
    /// No record.
    Damage,
}

fn parse(bytes: &[u8]) -> Found {
    let Some(found) = bytes.first_chunk::<HEAD>() else {
        let begins = bytes.iter().zip(MARK).all(|(byte, mark)| *byte == mark);
        return if begins { Found::Unfinished } else { Found::Damage };
    };
    let number = |from: usize| u64::from_le_bytes(std::array::from_fn(|index| found[from + index]));
    if found[..4] != MARK || number(32) != xxh3_64(&found[..32]) {
        return Found::Damage;
    }
    let length = (number(4) & u64::from(u32::MAX)) as usize;
    if length > LONGEST_PAYLOAD {
        // No writer wrote that: what it promises is not waited for.
        return Found::Damage;
    }
    let Some(payload) = bytes.get(HEAD..HEAD + length) else { return Found::Unfinished };
    match Timestamp::from_millisecond(number(16).cast_signed()) {
        Ok(at) if number(24) == xxh3_64(payload) => {
            Found::Record(Record { sequence: number(8), at, payload: payload.to_vec() }, HEAD + length)
        }
        _ => Found::Damage,
    }
}

/// Finds the records in bytes that come piece by piece, and sets aside what is none.
#[derive(Debug, Default)]
pub struct Scanner {
    /// Room for what comes: kept, since making it anew for every few bytes would cost more than reading them.
    room: Vec<u8>,
    /// How far what came last was looked at, and where it ends.
    at: usize,
    end: usize,
    damaged: u64,
}

impl Scanner {
    /// The next whole record in what has come so far.
    pub fn next_record(&mut self) -> Option<Record> {
        loop {
            let rest = &self.room[self.at..self.end];
            match parse(rest) {
                Found::Record(record, length) => {
                    self.at += length;
                    return Some(record);
                }
                Found::Unfinished => return None,
                Found::Damage => {
                    // The first bytes of a mark may stand at the end.
                    let end = rest.len().saturating_sub(MARK.len() - 1).max(1);
                    let length = memmem::find(&rest[1..], &MARK).map_or(end, |at| at + 1);
                    self.at += length;
                    self.damaged += length as u64;
                }
            }
        }
    }

    /// Takes in what `read` puts into the room that it is given, and answers how many bytes that were.
    ///
    /// # Errors
    /// Those of `read`; what was there before stays.
    pub fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        self.room.copy_within(self.at..self.end, 0);
        self.end -= std::mem::take(&mut self.at);
        // Enough for the record that begins there, without reading in small steps.
        let enough = self.end + CHUNK.max(self.end);
        if self.room.len() < enough {
            self.room.resize(enough, 0);
        }
        let read = read(&mut self.room[self.end..enough])?;
        self.end = enough.min(self.end + read);
        Ok(read)
    }

    /// Whether a record has begun that is not whole.
    pub fn is_unfinished(&self) -> bool {
        self.end > self.at
    }

    /// No more comes: what is unfinished is damage.
    pub fn end(&mut self) {
        self.damaged += (self.end - self.at) as u64;
        (self.at, self.end) = (0, 0);
    }

    /// How many bytes were no record.
    pub const fn damaged_bytes(&self) -> u64 {
        self.damaged
    }
}
