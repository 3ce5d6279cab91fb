//! The reader of one transcript: typed turns in the order of the conversation, with memory bounded by a constant.
//!
//! [`Transcript::open`] looks at every line once and remembers a few dozen bytes of it; turns are made from the file
//! when they are asked for. Whatever is odd in the file is read around and counted, never an error: errors are for
//! files that cannot be read at all. Knows nothing of sessions, titles or live processes.
//!
//! - `scan`, `raw` and `text`: JSON without a tree. `record`: a line. `pieces`: what of a line is a turn.
//! - `index`: what is remembered, `tail` when it is too much. `queued`: prompts told twice. `chain`: the order.
//! - `turns`: lines made into turns, with `tools` and `changes`.

mod chain;
mod changes;
mod image;
mod index;
mod lines;
mod pieces;
mod queued;
mod raw;
mod record;
mod scan;
mod score;
mod source;
mod subagents;
mod tail;
mod text;
mod tools;
mod turns;

pub use tools::call_of;
pub(crate) use tools::summary_of_call;

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use orchestra_model::{ImageRef, Page, Score, TranscriptInfo, Turn};

use self::{
    chain::{Order, order},
    index::{Capacity, Index},
    source::Identity,
    turns::Maker,
};
use crate::jsonl::LineReader;
pub(crate) use subagents::count as count_subagents;

/// How many bytes of a prompt, of a reply or of a tool's input are carried.
const WORDS: usize = 64 << 10;
/// How many bytes of a tool's result are carried.
const TOOL_TEXT: usize = 32 << 10;

/// Why a transcript cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// The file cannot be opened.
    #[error("the transcript {path} cannot be opened: check that it still exists and may be read")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Reading failed midway.
    #[error("the transcript cannot be read on: try again, and check the disk if it fails again")]
    Read(#[source] io::Error),
    /// No picture stands there.
    #[error("no picture stands at this place of the transcript: reload the page, the file may have changed")]
    NoSuchImage,
    /// The picture is larger than 32 MiB.
    #[error("the picture is larger than 32 MiB and is not shown: open the transcript's file to get it")]
    ImageTooLarge,
    /// No subagent of that id belongs to the session.
    #[error("the session has no subagent {0:?}: its transcript may have been cleaned up")]
    NoSuchSubagent(String),
}

/// One transcript: an index over its file.
#[derive(Debug)]
pub struct Transcript {
    path: PathBuf,
    file: File,
    identity: Identity,
    index: Index,
    order: Order,
    /// The end of the last complete line, and a hash of the bytes before it.
    parsed: u64,
    witness: u64,
    /// The file's length when it was last read.
    seen: u64,
    capacity: Capacity,
    /// Subagents by the call that started them, once somebody asked.
    subagents: OnceLock<HashMap<String, String>>,
}

impl Transcript {
    /// Opens and indexes a transcript.
    ///
    /// # Errors
    /// When the file cannot be opened or read, never for what it holds.
    pub fn open(path: &Path) -> Result<Self, TranscriptError> {
        Self::open_within(path, Capacity::default())
    }

    fn open_within(path: &Path, capacity: Capacity) -> Result<Self, TranscriptError> {
        let (file, metadata) =
            source::open(path).map_err(|source| TranscriptError::Open { path: path.to_owned(), source })?;
        let mut transcript = Self {
            path: path.to_owned(),
            file,
            identity: Identity::of(&metadata),
            index: Index::new(capacity),
            order: Order::default(),
            parsed: 0,
            witness: 0,
            seen: 0,
            capacity,
            subagents: OnceLock::new(),
        };
        transcript.read_on()?;
        Ok(transcript)
    }

    /// Reads what was appended since; begins anew when the file was replaced. `true` when something changed.
    ///
    /// # Errors
    /// When the file cannot be opened or read; what was read before stays.
    pub fn refresh(&mut self) -> Result<bool, TranscriptError> {
        let (file, metadata) = source::open(&self.path)
            .map_err(|source| TranscriptError::Open { path: self.path.clone(), source })?;
        let same_file = Identity::of(&metadata) == self.identity && metadata.len() >= self.parsed;
        if !same_file || source::witness(&file, self.parsed).map_err(TranscriptError::Read)? != self.witness {
            *self = Self::open_within(&self.path, self.capacity)?;
            return Ok(true);
        }
        if metadata.len() == self.seen {
            // Nothing, or half a line that was half a line before.
            return Ok(false);
        }
        self.subagents = OnceLock::new();
        self.read_on()
    }

    fn read_on(&mut self) -> Result<bool, TranscriptError> {
        // The length first: what comes while this reads is read again rather than missed.
        let seen = self.file.metadata().map_err(TranscriptError::Read)?.len();
        let mut reader = LineReader::new(source::From::new(&self.file, self.parsed), self.parsed);
        let mut changed = false;
        let result = loop {
            match reader.next_line() {
                Ok(Some(line)) => changed |= self.index.take_line(&line),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.parsed = reader.position();
        drop(reader);
        self.index.claim();
        self.order = order(&self.index);
        result.map_err(TranscriptError::Read)?;
        self.witness = source::witness(&self.file, self.parsed).map_err(TranscriptError::Read)?;
        self.seen = seen.max(self.parsed);
        Ok(changed)
    }

    /// How many turns there are.
    pub fn len(&self) -> u32 {
        let tail = self.index.tail.as_ref().map_or(0, |tail| tail.turns);
        self.order.turns.saturating_add(tail)
    }

    /// Whether there is no turn.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of the transcript as a whole; looks for subagents on the disk.
    pub fn info(&self) -> TranscriptInfo {
        let (tail_prompts, tail_calls) =
            self.index.tail.as_ref().map_or((0, 0), |tail| (tail.prompts, tail.calls));
        TranscriptInfo {
            turns: self.len(),
            prompts: self.order.prompts.saturating_add(tail_prompts),
            tool_calls: self.order.calls.saturating_add(tail_calls),
            usage: self.index.usage(),
            damaged_lines: self.index.damaged_lines,
            unknown_lines: self.index.unknown_lines,
            abandoned_turns: self.order.abandoned,
            subagents: subagents::list(&self.path),
        }
    }

    /// The turns from an ordinal on, at most `limit` of them.
    ///
    /// # Errors
    /// When reading fails.
    pub fn page(&self, from: u32, limit: u32) -> Result<Page, TranscriptError> {
        let turns = self.turns_from(from).take(limit as usize).collect::<Result<_, _>>()?;
        Ok(Page { turns, total: self.len() })
    }

    /// All turns, made one line after the other.
    pub fn turns(&self) -> impl Iterator<Item = Result<Turn, TranscriptError>> {
        self.turns_from(0)
    }

    fn turns_from(&self, from: u32) -> Turns<'_> {
        Turns {
            transcript: self,
            maker: Maker::new(&self.index, &self.order, &self.file, self.parsed, self.subagents_by_call()),
            next_step: self.order.step_of(from),
            next_ordinal: from,
            made: VecDeque::new(),
        }
    }

    fn subagents_by_call(&self) -> &HashMap<String, String> {
        self.subagents.get_or_init(|| {
            let subagents = subagents::list(&self.path).into_iter();
            subagents.filter_map(|subagent| Some((subagent.tool_use_id?, subagent.id))).collect()
        })
    }

    /// When it ran, waited and changed files.
    pub fn score(&self) -> Score {
        score::score(&self.index, &self.order)
    }

    /// The bytes of a picture.
    ///
    /// # Errors
    /// When no picture stands there, when it is larger than 32 MiB, or when reading fails.
    pub fn image(&self, reference: &ImageRef) -> Result<Vec<u8>, TranscriptError> {
        image::image(&self.file, reference)
    }

    /// The transcript of one of the session's subagents.
    ///
    /// # Errors
    /// When there is none of that id, or it cannot be read.
    pub fn subagent(&self, id: &str) -> Result<Self, TranscriptError> {
        let path = subagents::find(&self.path, id)
            .ok_or_else(|| TranscriptError::NoSuchSubagent(id.chars().take(64).collect()))?;
        Self::open(&path)
    }
}

/// Turns on their way.
struct Turns<'a> {
    transcript: &'a Transcript,
    maker: Maker<'a>,
    next_step: usize,
    next_ordinal: u32,
    made: VecDeque<Turn>,
}

/// How many turns behind the indexed lines are made at once.
const TAIL_BATCH: usize = 64;

impl Iterator for Turns<'_> {
    type Item = Result<Turn, TranscriptError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.made.is_empty() {
            if self.next_ordinal >= self.transcript.len() {
                return None;
            }
            if let Err(error) = self.make() {
                // One word of it, and no endless repetition.
                self.next_ordinal = u32::MAX;
                return Some(Err(TranscriptError::Read(error)));
            }
        }
        let turn = self.made.pop_front()?;
        self.next_ordinal = turn.ordinal.saturating_add(1);
        Some(Ok(turn))
    }
}

impl Turns<'_> {
    fn make(&mut self) -> io::Result<()> {
        if let Some(step) = self.transcript.order.steps.get(self.next_step).copied() {
            self.next_step += 1;
            let wanted = self.next_ordinal;
            self.made = self.maker.step(step)?.into_iter().filter(|turn| turn.ordinal >= wanted).collect();
            return Ok(());
        }
        let made = &mut self.made;
        self.maker.tail(self.next_ordinal, |turn| {
            made.push_back(turn);
            if made.len() >= TAIL_BATCH { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if made.is_empty() {
            // The file was cut under the index.
            self.next_ordinal = u32::MAX;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
