//! What comes behind the lines that are indexed, in the order of the file.
//!
//! A transcript has to be about a gigabyte long to have a tail. It is counted, not remembered: a checkpoint every few
//! lines is all, so calls are not joined with results there, and a rewind is not noticed.

use orchestra_model::Usage;

use super::{
    index::Index,
    pieces::{Notice, Piece, for_each_piece},
    record::{Kind, Record},
    tools,
};

/// What the pieces of a line come to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) turns: u16,
    pub(super) calls: u64,
    pub(super) prompts: u32,
    pub(super) results: bool,
    pub(super) edits: bool,
    pub(super) asks: bool,
    pub(super) failed: bool,
}

impl Tally {
    /// Counts a piece.
    pub(super) fn add(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Result(_) => {
                self.results = true;
                return;
            }
            Piece::Prompt(_) => self.prompts = 1,
            Piece::Call(block) => {
                self.calls += 1;
                let name = block.name.map_or(b"".as_slice(), |name| name.0);
                self.edits |= tools::changes_files(name);
                self.asks |= tools::asks_its_owner(name);
            }
            Piece::Notice(Notice::ApiError) => self.failed = true,
            Piece::Text(_) | Piece::Thinking(_) | Piece::Compaction | Piece::Notice(_) => {}
        }
        self.turns = self.turns.saturating_add(1);
    }
}

/// What comes after the indexed lines, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Offsets of lines, and how many turns of the tail come before each.
    pub(super) checkpoints: Vec<(u64, u32)>,
    pub(super) turns: u32,
    pub(super) prompts: u32,
    pub(super) calls: u32,
    pub(super) usage: Usage,
    last_message: (u64, Usage),
    lines_since: u32,
}

impl Tail {
    /// A tail that begins with the next line.
    pub(super) fn new() -> Self {
        Self { lines_since: u32::MAX, ..Self::default() }
    }

    /// Sets a checkpoint at the beginning of a line, when it is time.
    pub(super) fn pass(&mut self, offset: u64, stride: u32) {
        if self.lines_since >= stride {
            self.checkpoints.push((offset, self.turns));
            self.lines_since = 0;
        }
    }

    fn count(&mut self, tally: &Tally, record: &Record<'_>) {
        self.lines_since += 1;
        self.turns = self.turns.saturating_add(u32::from(tally.turns));
        self.prompts += tally.prompts;
        self.calls = self.calls.saturating_add(u32::try_from(tally.calls).unwrap_or_default());
        if let (Kind::Assistant, Some(id), Some(usage)) = (record.kind, record.message_id, record.usage) {
            // The lines of one message follow each other, nearly always.
            let id = id.hash();
            let before = if self.last_message.0 == id { self.last_message.1 } else { Usage::default() };
            let now = before.max(usage);
            self.usage.input += now.input - before.input;
            self.usage.output += now.output - before.output;
            self.usage.cache_read += now.cache_read - before.cache_read;
            self.usage.cache_write_5m += now.cache_write_5m - before.cache_write_5m;
            self.usage.cache_write_1h += now.cache_write_1h - before.cache_write_1h;
            self.last_message = (id, now);
        }
    }
}

impl Index {
    /// Counts a line that is not indexed.
    pub(super) fn take_into_tail(&mut self, record: &Record<'_>) {
        if !self.is_in_tail(record) {
            return;
        }
        let mut tally = Tally::default();
        for_each_piece(record, |piece| {
            tally.add(&piece);
            if let Piece::Result(block) = piece {
                tally.turns =
                    tally.turns.saturating_add(u16::from(!self.calls.contains_key(&block.answers())));
            }
        });
        if let Some(tail) = &mut self.tail {
            tail.count(&tally, record);
        }
    }

    /// Whether a line makes turns behind the indexed ones.
    pub(super) fn is_in_tail(&self, record: &Record<'_>) -> bool {
        let again = record.uuid.is_some_and(|uuid| self.by_uuid.contains_key(&uuid.hash()));
        !(again || record.is_sidechain && self.has_main)
    }
}
