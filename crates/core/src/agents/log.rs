//! An agent's log: everything that went in and came out, and what was decided. It is only ever added to.
//!
//! Records stand one behind the other in files that are named by the first sequence number in them. Each record carries
//! its length, its number, its time and a checksum over all of it. So a reader can begin at any number, a torn end costs
//! only the record that nobody was told of, and what is damaged is set aside while the rest stays readable.

mod record;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

pub use record::{LONGEST_PAYLOAD, Record, Scanner, encode};

/// A file that has grown beyond this is followed by another, in bytes.
const LONGEST_FILE: u64 = 16 << 20;

fn file_of(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.log"))
}

/// The first numbers of the files in a folder, in order.
fn files_in(folder: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".log")?.parse::<u64>().ok());
        // Only what is named as the writer names it; somebody may have put other files there.
        firsts.extend(first.filter(|first| *first > 0 && file_of(folder, *first).ends_with(&name)));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// The one writer of a log.
#[derive(Debug)]
pub struct LogWriter {
    folder: PathBuf,
    file: File,
    size: u64,
    next: u64,
}

impl LogWriter {
    /// Goes on where the log ends; makes it when there is none. A file that does not end with a whole record is left
    /// as it is, and another begun.
    ///
    /// # Errors
    /// When the folder or its files cannot be made, read or written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let first = files_in(folder)?.last().copied().unwrap_or(1);
        let mut reader = LogReader::open(folder, first - 1);
        let mut next = first;
        while let Some(record) = reader.next_record()? {
            next = record.sequence + 1;
        }
        let is_torn = reader.found.is_unfinished();
        if is_torn && next == first {
            // Nothing of it was ever told to anyone; its name is needed for what will be.
            fs::rename(file_of(folder, first), file_of(folder, first).with_extension("torn"))?;
        }
        let (file, size) = open_file(folder, if is_torn { next } else { first })?;
        Ok(Self { folder: folder.to_owned(), file, size, next })
    }

    /// Adds a record and returns its number. It outlives this process at once, the machine only after
    /// [`LogWriter::sync`].
    ///
    /// # Errors
    /// When it cannot be written whole: then nothing is added, and the same may be tried again.
    pub fn append(&mut self, at: Timestamp, payload: &[u8]) -> io::Result<u64> {
        if payload.len() > LONGEST_PAYLOAD {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "longer than a record may be"));
        }
        if self.size >= LONGEST_FILE {
            self.sync()?;
            (self.file, self.size) = open_file(&self.folder, self.next)?;
        }
        let bytes = encode(self.next, at, payload);
        if let Err(error) = self.file.write_all(&bytes) {
            // What was written of it would be read around; without it the file is as it was.
            let undone = self.file.set_len(self.size);
            drop(undone);
            return Err(error);
        }
        self.size += bytes.len() as u64;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Sees that everything added so far outlives the machine.
    ///
    /// # Errors
    /// What the system says; then nothing may be taken for kept.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// The file that begins with a number, made when it is not there, and its size.
fn open_file(folder: &Path, first: u64) -> io::Result<(File, u64)> {
    let path = file_of(folder, first);
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    // Its name must outlive the machine as what will be in it does.
    File::open(folder)?.sync_all()?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// Reads a log, also while it grows.
#[derive(Debug)]
pub struct LogReader {
    folder: PathBuf,
    /// The number of the last record that was handed on.
    last: u64,
    /// The file at hand, by the first number in it.
    file: Option<(u64, File)>,
    /// How much of the file was read.
    offset: u64,
    /// What was read of it.
    found: Scanner,
}

impl LogReader {
    /// A reader of what comes after a record; after 0 comes everything.
    pub fn open(folder: &Path, after: u64) -> Self {
        let folder = folder.to_owned();
        Self { folder, last: after, file: None, offset: 0, found: Scanner::default() }
    }

    /// How many bytes were no record.
    pub const fn damaged_bytes(&self) -> u64 {
        self.found.damaged_bytes()
    }

    /// The next record; `None` at the end of what is there now.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        loop {
            match self.found.next_record() {
                Some(record) if record.sequence > self.last => {
                    self.last = record.sequence;
                    return Ok(Some(record));
                }
                Some(_) => {}
                None if self.read_on()? || self.go_to_next_file()? => {}
                None => return Ok(None),
            }
        }
    }

    /// Reads more of the file at hand; `false` when there is no more of it now.
    fn read_on(&mut self) -> io::Result<bool> {
        let Some((_, file)) = &self.file else { return Ok(false) };
        let read = self.found.fill(|room| file.read_at(room, self.offset))?;
        self.offset += read as u64;
        Ok(read > 0)
    }

    /// Goes on to the file that follows; `false` when there is none. The file before it gets no more, so that what is
    /// unfinished at its end is torn.
    fn go_to_next_file(&mut self) -> io::Result<bool> {
        let firsts = match files_in(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            firsts => firsts?,
        };
        let next = match &self.file {
            Some((current, _)) => firsts.into_iter().find(|first| first > current),
            None => {
                let past = firsts.partition_point(|first| *first <= self.last.saturating_add(1));
                firsts.get(past.saturating_sub(1)).copied()
            }
        };
        let Some(first) = next else { return Ok(false) };
        // Between the last look at the old file and this one its writer may have finished it.
        if self.file.is_some() && self.read_on()? {
            return Ok(true);
        }
        self.found.end();
        self.offset = 0;
        self.file = Some((first, File::open(file_of(&self.folder, first))?));
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
