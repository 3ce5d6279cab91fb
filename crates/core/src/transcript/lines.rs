//! Reading single lines again, by the place the index remembers.

use std::{
    fs::File,
    io::{self, Read},
};

use memchr::memchr;
use serde::de::Error as _;

use super::{
    index::Entry,
    record::Record,
    source::{self, Window},
};
use crate::jsonl::{LineReader, read_around};

/// Lines up to this length are read as they are. Longer ones come through the reader that cuts their strings, and
/// what it cut is missing from the count of what an excerpt leaves out.
const LONGEST_WHOLE: u64 = 8 << 20;

/// Reads records of lines that were indexed.
pub(super) struct Lines<'a> {
    file: &'a File,
    window: Window<'a>,
    without_nuls: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(file: &'a File) -> Self {
        Self { file, window: Window::new(file), without_nuls: Vec::new() }
    }

    /// Hands on the record of an entry; `None` when the file no longer holds it.
    pub(super) fn with<T>(
        &mut self,
        entry: &Entry,
        read: impl FnOnce(&Record<'_>) -> T,
    ) -> io::Result<Option<T>> {
        let mut read = Some(read);
        let mut take = |record: &Record<'_>| read.take().map(|read| read(record));
        if u64::from(entry.length) > LONGEST_WHOLE {
            let mut reader = LineReader::new(source::From::new(self.file, entry.offset()), entry.offset());
            let line = reader.next_line()?;
            return Ok(line.and_then(|line| nth_record(line.bytes, entry.nth_record(), &mut take)));
        }
        let mut line = self.window.get(entry.offset(), entry.length as usize)?;
        if memchr(0, line).is_some() {
            self.without_nuls.clear();
            self.without_nuls.extend(line.iter().copied().filter(|byte| *byte != 0));
            line = &self.without_nuls;
        }
        Ok(nth_record(line, entry.nth_record(), &mut take))
    }
}

fn nth_record<T>(line: &[u8], nth: u32, take: &mut impl FnMut(&Record<'_>) -> Option<T>) -> Option<T> {
    let mut seen = 0;
    let mut taken = None;
    read_around(line, |text| {
        let record = Record::read(text).map_err(|_| serde_json::Error::custom("not a record"))?;
        if seen == nth {
            taken = take(&record);
        }
        seen += 1;
        Ok(())
    });
    taken
}

/// The line at an offset, whole; `None` when it is longer than `limit` bytes.
pub(super) fn whole_line(file: &File, offset: u64, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut stream = source::From::new(file, offset).take(limit as u64 + 1);
    let mut piece = vec![0; 256 << 10];
    loop {
        let count = match stream.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let end = memchr(b'\n', &piece[..count]);
        line.extend(piece[..end.unwrap_or(count)].iter().copied().filter(|byte| *byte != 0));
        if end.is_some() || count == 0 {
            return Ok((line.len() <= limit).then_some(line));
        }
    }
}
