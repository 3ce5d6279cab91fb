//! What is remembered of a transcript: a few dozen bytes a line, whatever the lines hold.
//!
//! Every line is looked at once, in the order of the file, and leaves an [`Entry`]; texts stay in the file. Chains of
//! more than [`Capacity::entries`] lines are indexed up to there; what comes after is left to [`tail`](super::tail).
//! Orders nothing: see [`chain`](super::chain).

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use orchestra_model::Usage;
use serde::de::Error as _;

use super::{
    pieces::{self, Piece, for_each_piece},
    queued::Queued,
    record::{Kind, Parent, Record},
    tail::{Tail, Tally},
    text::RawText,
    tools,
};
use crate::jsonl::{Line, read_around};

/// How much is indexed. A field of its own so that tests can reach the end of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capacity {
    pub(super) entries: usize,
    /// Lines between two checkpoints of what is not indexed.
    pub(super) stride: u32,
}

impl Default for Capacity {
    /// 2²⁰ lines: 32 MB of entries, for a transcript of about a gigabyte.
    fn default() -> Self {
        Self { entries: 1 << 20, stride: 256 }
    }
}

/// Stands for no message.
pub(super) const NO_MESSAGE: u32 = u32::MAX;

/// What is remembered of one line of the chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The hash of the parent's uuid; 0 is nobody.
    pub(super) parent: u64,
    /// The line's offset (48 bits), how many calls it makes (10 bits), which record of its line it is (6 bits).
    place: u64,
    /// The line's length, or [`u32::MAX`] when it is longer.
    pub(super) length: u32,
    /// Which message of [`Index::messages`].
    pub(super) message: u32,
    /// Seconds since 1970; 0 is unknown.
    pub(super) at: u32,
    /// How many turns it makes by itself.
    pub(super) turns: u16,
    flags: u16,
}

/// A yes or no about an entry.
#[derive(Clone, Copy, Debug)]
#[repr(u16)]
pub(super) enum Flag {
    Sidechain = 1,
    /// Continues what stands before it in the file, as it names nobody.
    Continues = 1 << 1,
    /// Has no uuid, so that nobody can follow it.
    Nameless = 1 << 2,
    /// A line of the person's or the model's.
    Talk = 1 << 3,
    Progress = 1 << 4,
    Boundary = 1 << 5,
    Summary = 1 << 6,
    /// A prompt that stands as a queued prompt already.
    Repeated = 1 << 7,
    Prompt = 1 << 8,
    Edit = 1 << 9,
    /// Asks its owner, and waits for the answer.
    Asks = 1 << 10,
    /// Holds the refusal of a tool's use.
    Refusal = 1 << 11,
    /// The reply ended in an error.
    Failed = 1 << 12,
    /// The client says that the turn is over.
    Ends = 1 << 13,
    /// The model said something.
    Reply = 1 << 14,
    /// A prompt, a reply or a result: a turn was running then.
    Works = 1 << 15,
}

impl Entry {
    pub(super) const fn is(&self, flag: Flag) -> bool {
        self.flags & flag as u16 != 0
    }

    fn set(&mut self, flag: Flag, on: bool) {
        if on {
            self.flags |= flag as u16;
        }
    }

    pub(super) const fn offset(&self) -> u64 {
        self.place >> 16
    }

    pub(super) const fn calls(&self) -> u32 {
        (self.place >> 6 & 0x3FF) as u32
    }

    pub(super) const fn nth_record(&self) -> u32 {
        (self.place & 0x3F) as u32
    }
}

/// One API message: its lines count once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) usage: Usage,
    pub(super) is_sidechain: bool,
}

/// The leaf that a `last-prompt` line named.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedLeaf {
    pub(super) uuid: u64,
    /// How many entries stood before that line.
    pub(super) entries_before: u32,
}

/// A hasher for keys that are hashes already.
#[derive(Debug, Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// Lines by the hash of something in them.
pub(super) type ByHash = HashMap<u64, u32, BuildHasherDefault<Hashed>>;

/// The index of one file.
#[derive(Debug, Default)]
pub(super) struct Index {
    capacity: Capacity,
    pub(super) entries: Vec<Entry>,
    pub(super) by_uuid: ByHash,
    pub(super) messages: Vec<Message>,
    by_message: ByHash,
    /// The line of each tool call.
    pub(super) calls: ByHash,
    /// The line of each tool call's first result.
    pub(super) answers: ByHash,
    /// Results, by the hash of their call, whose calls were not seen so far.
    pub(super) unclaimed: Vec<(u64, u32)>,
    pub(super) named_leaf: Option<NamedLeaf>,
    pub(super) tail: Option<Tail>,
    queued: Queued,
    pub(super) damaged_lines: u32,
    pub(super) unknown_lines: u32,
    /// Whether a line of the main conversation was seen; without one, the sidechain is the conversation.
    pub(super) has_main: bool,
}

impl Index {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Takes the next line of the file; `true` when it told something.
    pub(super) fn take_line(&mut self, line: &Line<'_>) -> bool {
        // The tail begins with a line, so that no line stands in both.
        let full = self.entries.len().max(self.unclaimed.len()) >= self.capacity.entries;
        if full && self.tail.is_none() {
            self.tail = Some(Tail::new());
        }
        if let Some(tail) = &mut self.tail {
            tail.pass(line.offset, self.capacity.stride);
        }
        let mut nth = 0;
        let damaged = read_around(line.bytes, |text| {
            let record = Record::read(text).map_err(|_| serde_json::Error::custom("not a record"))?;
            self.take(&record, line, nth);
            nth += 1;
            Ok(())
        });
        self.damaged_lines += u32::from(damaged > 0);
        nth > 0 || damaged > 0
    }

    fn take(&mut self, record: &Record<'_>, line: &Line<'_>, nth: u64) {
        match record.kind {
            Kind::LastPrompt => {
                if let Some(leaf) = record.leaf {
                    self.named_leaf = Some(NamedLeaf { uuid: leaf.hash(), entries_before: self.next() });
                }
            }
            Kind::QueueOperation => self.queued.queue_again(record),
            Kind::Metadata => {}
            Kind::Unknown => {
                self.unknown_lines += 1;
                if record.uuid.is_some() {
                    self.take_chained(record, line, nth);
                }
            }
            Kind::User | Kind::Assistant | Kind::System | Kind::Attachment | Kind::Progress => {
                self.take_chained(record, line, nth);
            }
        }
    }

    fn next(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(NO_MESSAGE)
    }

    fn take_chained(&mut self, record: &Record<'_>, line: &Line<'_>, nth: u64) {
        let uuid = record.uuid.map_or(0, RawText::hash);
        if uuid != 0 && self.by_uuid.contains_key(&uuid) {
            // The same line again.
            return;
        }
        if self.tail.is_some() {
            return self.take_into_tail(record);
        }
        let is_repeated = !record.is_sidechain && self.queued.repeats(record);
        let mut tally = Tally::default();
        if !is_repeated {
            for_each_piece(record, |piece| tally.add(&piece));
        }
        let mut entry = Entry {
            parent: parent_of(record),
            place: line.offset << 16 | tally.calls.min(0x3FF) << 6 | nth & 0x3F,
            length: u32::try_from(line.length).unwrap_or(u32::MAX),
            message: self.message_of(record),
            at: record
                .timestamp
                .and_then(RawText::timestamp)
                .and_then(|at| u32::try_from(at.as_second()).ok())
                .unwrap_or_default(),
            turns: tally.turns,
            flags: 0,
        };
        entry.set(Flag::Sidechain, record.is_sidechain);
        entry.set(Flag::Continues, pieces::continues_what_came_before(record));
        entry.set(Flag::Nameless, uuid == 0);
        entry.set(Flag::Talk, matches!(record.kind, Kind::User | Kind::Assistant));
        entry.set(Flag::Reply, record.kind == Kind::Assistant && tally.turns > 0);
        let works = record.kind == Kind::Assistant || tally.prompts > 0 || tally.results;
        entry.set(Flag::Works, works);
        entry.set(Flag::Progress, record.kind == Kind::Progress);
        entry.set(Flag::Boundary, record.kind == Kind::System && tally.turns > 0 && is_boundary(record));
        entry.set(Flag::Summary, record.kind == Kind::User && record.is_compact_summary);
        entry.set(Flag::Repeated, is_repeated);
        entry.set(Flag::Prompt, tally.prompts > 0);
        entry.set(Flag::Edit, tally.edits);
        entry.set(Flag::Asks, tally.asks);
        entry.set(Flag::Failed, tally.failed || record.is_api_error);
        entry.set(Flag::Ends, record.subtype == Some(RawText(b"turn_duration")));
        self.has_main |= !record.is_sidechain && entry.is(Flag::Talk);
        let number = self.next();
        if !is_repeated && !record.blocks().is_empty() {
            entry.set(Flag::Refusal, self.join(record, number));
        }
        if uuid != 0 {
            self.by_uuid.insert(uuid, number);
        }
        self.entries.push(entry);
    }

    /// Joins calls with results; `true` when a result is a refusal.
    fn join(&mut self, record: &Record<'_>, number: u32) -> bool {
        let mut refused = false;
        for_each_piece(record, |piece| match piece {
            Piece::Call(block) => {
                if let Some(id) = block.id {
                    self.calls.entry(id.hash()).or_insert(number);
                }
            }
            Piece::Result(block) => {
                let call = block.answers();
                refused |= block.is_error && block.content.is_some_and(tools::is_refusal);
                if self.calls.contains_key(&call) {
                    self.answers.entry(call).or_insert(number);
                } else {
                    self.unclaimed.push((call, number));
                }
            }
            _ => {}
        });
        refused
    }

    fn message_of(&mut self, record: &Record<'_>) -> u32 {
        let (Kind::Assistant, Some(id)) = (record.kind, record.message_id) else { return NO_MESSAGE };
        let next = u32::try_from(self.messages.len()).unwrap_or(NO_MESSAGE);
        let number = *self.by_message.entry(id.hash()).or_insert(next);
        let usage = record.usage.unwrap_or_default();
        if let Some(message) = self.messages.get_mut(number as usize) {
            message.usage = message.usage.max(usage);
        } else {
            self.messages.push(Message { usage, is_sidechain: record.is_sidechain });
        }
        number
    }

    /// Whether an entry belongs to the conversation, rather than to one that a subagent held.
    pub(super) const fn is_main(&self, entry: &Entry) -> bool {
        !self.has_main || !entry.is(Flag::Sidechain)
    }

    /// Results that came before their calls find them now.
    pub(super) fn claim(&mut self) {
        let (calls, answers) = (&self.calls, &mut self.answers);
        self.unclaimed.retain(|(call, number)| {
            let found = calls.contains_key(call);
            if found {
                answers.entry(*call).or_insert(*number);
            }
            !found
        });
    }

    /// The tokens of all messages of the conversation, those on branches it left included: they were used.
    pub(super) fn usage(&self) -> Usage {
        let mut sum = Usage::default();
        for message in self.messages.iter().filter(|message| !self.has_main || !message.is_sidechain) {
            sum += message.usage;
        }
        if let Some(tail) = &self.tail {
            sum += tail.usage;
        }
        sum
    }
}

fn parent_of(record: &Record<'_>) -> u64 {
    match record.parent {
        Parent::Line(uuid) => uuid.hash(),
        Parent::Root | Parent::Absent => record.logical_parent.map_or(0, RawText::hash),
    }
}

fn is_boundary(record: &Record<'_>) -> bool {
    record.subtype == Some(RawText(b"compact_boundary"))
}
