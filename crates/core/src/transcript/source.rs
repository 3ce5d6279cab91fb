//! The file of a transcript: what it is, and reading it anywhere without a shared cursor.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
};

use xxhash_rust::xxh3::xxh3_64;

/// How many bytes before an offset are hashed to see whether they are still the same.
const WITNESS: u64 = 4096;

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self { device: metadata.dev(), number: metadata.ino() }
    }

    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        metadata.created().ok().hash(&mut hasher);
        Self { device: 0, number: hasher.finish() }
    }
}

/// Opens a regular file; a pipe in its place would wait for ever.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

#[cfg(unix)]
fn read_once(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(windows)]
fn read_once(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}

/// Reads at an offset until the buffer is full or the file ends.
pub(super) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut count = 0;
    while count < into.len() {
        match read_once(file, &mut into[count..], offset + count as u64) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// A hash of the bytes just before an offset.
pub(super) fn witness(file: &File, offset: u64) -> io::Result<u64> {
    let from = offset.saturating_sub(WITNESS);
    let mut bytes = vec![0; usize::try_from(offset - from).unwrap_or_default()];
    let count = read_at(file, &mut bytes, from)?;
    Ok(xxh3_64(&bytes[..count]))
}

/// The file from an offset on, as a stream that leaves the file's own cursor alone.
pub(super) struct From<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> From<'a> {
    pub(super) const fn new(file: &'a File, offset: u64) -> Self {
        Self { file, offset }
    }
}

impl Read for From<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = read_once(self.file, into, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Reads stretches of a file that mostly follow each other, with one read for many.
pub(super) struct Window<'a> {
    file: &'a File,
    bytes: Vec<u8>,
    from: u64,
}

/// Enough for some hundred ordinary lines.
const WINDOW: usize = 256 << 10;

impl<'a> Window<'a> {
    pub(super) const fn new(file: &'a File) -> Self {
        Self { file, bytes: Vec::new(), from: 0 }
    }

    /// The bytes of a stretch; fewer when the file ends before.
    pub(super) fn get(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let inside = offset.checked_sub(self.from).and_then(|at| usize::try_from(at).ok());
        let at = match inside {
            Some(at) if at + length <= self.bytes.len() => at,
            _ => {
                if length <= WINDOW && self.bytes.capacity() > 4 * WINDOW {
                    // A long line came by; its memory is not kept.
                    self.bytes = Vec::new();
                }
                self.bytes.resize(length.max(WINDOW), 0);
                let count = read_at(self.file, &mut self.bytes, offset)?;
                self.bytes.truncate(count);
                self.from = offset;
                0
            }
        };
        let end = (at + length).min(self.bytes.len());
        Ok(&self.bytes[at..end])
    }
}
