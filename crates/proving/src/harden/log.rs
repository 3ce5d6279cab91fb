//! The log, cut at every byte: everything up to the cut is read, and nothing else.

use std::fs::OpenOptions;

use jiff::Timestamp;
use orchestra_core::agents::log::{LogReader, LogWriter};
use orchestra_fake_claude::home::Failure;

use super::for_each;
use crate::random::Random;

/// Cuts a log of so many bytes at each of them.
pub(super) fn cut(bytes: u64) -> Result<String, Failure> {
    let failed = |error: std::io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(failed)?;
    let mut random = Random::new(bytes);
    let mut writer = LogWriter::open(folder.path()).map_err(failed)?;
    let file = folder.path().join(format!("{:020}.log", 1));
    // Where each record ends.
    let mut ends = Vec::new();
    while ends.last().is_none_or(|end| *end < bytes) {
        let payload: Vec<u8> = (0..random.below(900)).map(|_| (random.next() & 0xff) as u8).collect();
        writer.append(Timestamp::UNIX_EPOCH, &payload).map_err(failed)?;
        ends.push(file.metadata().map_err(failed)?.len());
    }
    let whole = std::fs::read(&file).map_err(failed)?;
    let parts = 64;
    for_each(parts, |part| {
        let folder = tempfile::tempdir().map_err(failed)?;
        let copy = folder.path().join(format!("{:020}.log", 1));
        std::fs::write(&copy, &whole).map_err(failed)?;
        let length = whole.len() as u64;
        let (from, to) = (length * part / parts, length * (part + 1) / parts);
        for cut in (from..to).rev() {
            OpenOptions::new().write(true).open(&copy).and_then(|file| file.set_len(cut)).map_err(failed)?;
            let mut reader = LogReader::open(folder.path(), 0);
            let mut read = 0;
            while let Some(record) = reader.next_record().map_err(failed)? {
                read += 1;
                if record.sequence != read {
                    return Err(format!("cut at {cut}: record {} where {read} should be", record.sequence));
                }
            }
            let meant = ends.iter().filter(|end| **end <= cut).count() as u64;
            if read != meant {
                return Err(format!("cut at {cut}: {read} records were read, {meant} are whole"));
            }
        }
        Ok(())
    })?;
    Ok("every whole record read, nothing else".to_owned())
}
