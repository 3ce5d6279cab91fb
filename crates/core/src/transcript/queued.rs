//! Prompts that were typed while a turn was running, so that none is told twice.
//!
//! The client writes such a prompt as an attachment when the model reads it in the midst of its turn. Should it come
//! again as a line of its own, that line is left out. The same words typed anew are another prompt: then the client
//! says that it queued them again, or that they were typed.

use super::{
    pieces::{self, Piece, Words, for_each_piece},
    record::{Kind, Record},
    text::RawText,
};

/// Prompts that were queued, and may come again as lines, are remembered up to this many.
const MOST_PENDING: usize = 64;

/// A prompt that was queued, by the hashes of its words and of the uuid it would have had.
#[derive(Clone, Copy, Debug)]
struct Pending {
    words: u64,
    source: u64,
}

/// The prompts that were queued and did not come again so far.
#[derive(Debug, Default)]
pub(super) struct Queued(Vec<Pending>);

impl Queued {
    /// Whether a line is a prompt that stands in the conversation already; remembers those that were queued.
    pub(super) fn repeats(&mut self, record: &Record<'_>) -> bool {
        match record.kind {
            Kind::Attachment => {
                let mut queued = None;
                for_each_piece(record, |piece| {
                    if let Piece::Prompt(Words::Queued(prompt)) = piece {
                        queued = pieces::queued_hash(prompt);
                    }
                });
                if let Some(words) = queued {
                    let source = pieces::queued_source(record).map_or(0, RawText::hash);
                    if self.0.len() >= MOST_PENDING {
                        self.0.remove(0);
                    }
                    self.0.push(Pending { words, source });
                }
                false
            }
            Kind::User if !self.0.is_empty() && !record.is_meta && !record.is_compact_summary => {
                let uuid = record.uuid.map_or(0, RawText::hash);
                let words = pieces::words_hash(&record.content);
                let typed_anew = record.prompt_source == Some(RawText(b"typed"));
                let found = self.0.iter().position(|pending| {
                    (uuid != 0 && pending.source == uuid) || (!typed_anew && Some(pending.words) == words)
                });
                if let Some(found) = found {
                    self.0.remove(found);
                    return true;
                }
                let mut is_prompt = false;
                for_each_piece(record, |piece| is_prompt |= matches!(piece, Piece::Prompt(_)));
                if is_prompt {
                    self.0.clear();
                }
                false
            }
            _ => false,
        }
    }

    /// The client queued something: words that it queues again are not a repetition.
    pub(super) fn queue_again(&mut self, record: &Record<'_>) {
        let words = record.line_content.map(|text| text.trim_start().hash());
        if record.operation == Some(RawText(b"enqueue")) {
            self.0.retain(|pending| Some(pending.words) != words);
        }
    }
}
