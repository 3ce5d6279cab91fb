//! What was read of transcripts and histories, kept between runs. Deleting it loses nothing.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use orchestra_model::SessionKind;

use super::{Root, facts::Facts, history::History, read::Reading, scan::Stamp};

/// Changes whenever the shape or the meaning of what is kept does.
const MAGIC: &[u8; 16] = b"orchestra-list-2";
/// How many bytes the checksum takes that stands between the mark and what it sums up.
const SUM: usize = 8;

/// A reading with the stamp of the file it was made of. It stays encoded until its session is shown: most never are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) stamp: Stamp,
    pub(super) gist: Gist,
    #[serde(with = "serde_bytes")]
    reading: Vec<u8>,
}

impl Kept {
    pub(super) fn new(stamp: Stamp, reading: &Reading) -> Self {
        let encoded = postcard::to_stdvec(reading).unwrap_or_default();
        Self { stamp, gist: Gist::of(&reading.facts), reading: encoded }
    }

    /// The reading; `None` would be a fault of ours, since the whole cache is checked when it is loaded.
    pub(super) fn reading(&self) -> Option<Reading> {
        postcard::from_bytes(&self.reading).ok()
    }
}

/// What decides whether a session is shown.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Gist {
    pub(super) kind: SessionKind,
    pub(super) active_ms: Option<i64>,
    pub(super) says_nothing: bool,
}

impl Gist {
    fn of(facts: &Facts) -> Self {
        Self { kind: facts.kind(), active_ms: facts.active_ms, says_nothing: facts.says_nothing() }
    }
}

/// The readings, by device and inode, and the histories, by root.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Cache {
    pub(super) readings: HashMap<(u64, u64), Kept>,
    pub(super) histories: HashMap<PathBuf, History>,
}

/// The cache's file: one for each set of roots, so that a look elsewhere does not push out what is known here.
pub(super) fn file_in(folder: &Path, roots: &[Root]) -> PathBuf {
    let mut names = Vec::new();
    for root in roots {
        names.extend_from_slice(root.path.as_os_str().as_encoded_bytes());
        names.push(0);
    }
    folder.join(format!("sessions-{:016x}.cache", xxh3_64(&names)))
}

impl Cache {
    /// The kept readings; empty when there are none, or when they are another version's or damaged.
    pub(super) fn load(file: &Path) -> Self {
        let Ok(bytes) = fs::read(file) else { return Self::default() };
        let body = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<SUM>());
        let Some((_, body)) = body.filter(|(sum, body)| u64::from_le_bytes(**sum) == xxh3_64(body)) else {
            return Self::default();
        };
        postcard::from_bytes(body).unwrap_or_default()
    }

    /// Keeps the readings; a reader sees the old file or the new one, never a part.
    ///
    /// # Errors
    /// What writing fails with; the old file is then still there.
    pub(super) fn save(&self, target: &Path) -> io::Result<()> {
        let head = [MAGIC.as_slice(), &[0; SUM]].concat();
        let mut bytes = postcard::to_extend(self, head).map_err(io::Error::other)?;
        let (head, body) = bytes.split_at_mut(MAGIC.len() + SUM);
        head[MAGIC.len()..].copy_from_slice(&xxh3_64(body).to_le_bytes());
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let temporary = target.with_extension(std::process::id().to_string());
        write_private(&temporary, &bytes)?;
        fs::rename(&temporary, target).inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }
}

/// Titles and prompts are nobody else's to read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_foreign_is_an_empty_cache() {
        let folder = tempfile::tempdir().unwrap();
        let file = file_in(&folder.path().join("made"), &[]);
        assert!(Cache::load(&file).readings.is_empty());
        let mut cache = Cache::default();
        cache.histories.insert("/root".into(), History::default());
        cache.save(&file).unwrap();
        assert_eq!(Cache::load(&file).histories.len(), 1);

        let good = fs::read(&file).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            fs::write(&file, &bad).unwrap();
            assert!(Cache::load(&file).histories.is_empty(), "byte {at}");
            fs::write(&file, &good[..at]).unwrap();
            assert!(Cache::load(&file).histories.is_empty(), "cut at {at}");
        }
    }
}
