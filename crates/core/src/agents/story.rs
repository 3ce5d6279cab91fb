//! An agent's log as it is told: record by record, with what the client's lines say.

use std::{io, path::Path};

use jiff::Timestamp;
use orchestra_model::Provider;

use super::{
    client::{Heard, client_of},
    entry::{Entry, Event},
    log::LogReader,
};

/// What a record tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The record's number.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it holds.
    pub entry: Entry,
    /// What the client says with it, if it is a line of the client's.
    pub heard: Vec<Heard>,
}

impl Scene {
    /// What Orchestra did or was told, if it tells of that.
    pub const fn event(&self) -> Option<&Event> {
        match &self.entry {
            Entry::Event(event) => Some(event),
            Entry::Output(_) | Entry::Errors(_) => None,
        }
    }
}

/// A log that is being told; it may grow meanwhile.
#[derive(Debug)]
pub struct Story {
    log: LogReader,
    provider: Provider,
}

impl Story {
    /// What stands in a log after a record; after 0 stands everything.
    pub(super) fn of(log: &Path, after: u64, provider: Provider) -> Self {
        Self { log: LogReader::open(log, after), provider }
    }

    /// What the next record tells; `None` at the end of what is there now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn next_scene(&mut self) -> io::Result<Option<Scene>> {
        let Some(record) = self.log.next_record()? else { return Ok(None) };
        let entry = Entry::decode(&record.payload);
        let heard = match &entry {
            Entry::Output(line) => client_of(self.provider).read(line),
            Entry::Errors(_) | Entry::Event(_) => Vec::new(),
        };
        Ok(Some(Scene { sequence: record.sequence, at: record.at, entry, heard }))
    }

    /// How many bytes of the log could not be read.
    pub const fn damaged_bytes(&self) -> u64 {
        self.log.damaged_bytes()
    }
}
