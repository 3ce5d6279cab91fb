//! A transcript as its page shows it: a head, and blocks of turns that the server has drawn.

use serde::{Deserialize, Serialize};

use super::{Drawings, LaneView, ServerClock, SessionRow};

/// How many turns a block holds.
pub const TURNS_PER_BLOCK: u32 = 40;

/// Everything around a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptHead {
    /// The session.
    pub row: SessionRow,
    /// What the subagent was for whose transcript this is; none for the session's own.
    pub agent: Option<String>,
    /// Its lane.
    pub lane: LaneView,
    /// Facts, exports and subagents, drawn.
    pub details: String,
    /// What stands where there is no conversation, drawn; none when there is one.
    pub silence: Option<String>,
    /// The server's clock.
    pub clock: ServerClock,
}

/// Blocks that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// The blocks.
    pub blocks: Vec<Block>,
    /// How many turns the transcript has now.
    pub total: u32,
}

/// A block: the turns from `index * TURNS_PER_BLOCK` on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Which.
    pub index: u32,
    /// What stands in it.
    pub items: Vec<Item>,
}

/// One or several turns, drawn by the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Which turns, and a fingerprint of the drawing: equal means nothing to change.
    pub stamp: String,
    /// The drawing. Empty when the page already holds it, see [`super::Carried`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
}

/// What a transcript's page opens with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// Everything around the conversation.
    pub head: TranscriptHead,
    /// The blocks around the turn asked for, or the last ones.
    pub blocks: Blocks,
}

impl Drawings for Opened {
    fn without_drawings(&self) -> Self {
        Self { head: self.head.without_drawings(), blocks: self.blocks.without_drawings() }
    }
}

impl Drawings for Blocks {
    fn without_drawings(&self) -> Self {
        let mut bare = self.clone();
        for item in bare.blocks.iter_mut().flat_map(|block| &mut block.items) {
            item.html = String::new();
        }
        bare
    }
}

impl Drawings for TranscriptHead {
    fn without_drawings(&self) -> Self {
        let lane = LaneView { picture: String::new(), ..self.lane.clone() };
        let row = SessionRow { html: String::new(), ..self.row.clone() };
        Self { row, lane, details: String::new(), silence: None, ..self.clone() }
    }
}

/// How many blocks so many turns make.
pub const fn block_count(turns: u32) -> u32 {
    turns.div_ceil(TURNS_PER_BLOCK)
}

/// The blocks to show first: around the turn asked for, else the last ones.
pub fn first_blocks(turns: u32, at: Option<u32>) -> (u32, u32) {
    let count = block_count(turns);
    match at {
        Some(at) => ((at / TURNS_PER_BLOCK).min(count.saturating_sub(1)), 1.min(count)),
        // The last block alone may hold a turn or two only.
        None => (count.saturating_sub(2), count.min(2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_opens_at_the_end_or_where_asked() {
        assert_eq!(first_blocks(0, None), (0, 0));
        assert_eq!(first_blocks(5, None), (0, 1));
        assert_eq!(first_blocks(401, None), (9, 2));
        assert_eq!(first_blocks(401, Some(85)), (2, 1));
        assert_eq!(first_blocks(401, Some(9999)), (10, 1));
        assert_eq!(first_blocks(0, Some(3)), (0, 0));
    }
}
