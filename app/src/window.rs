//! The arithmetic of a windowed list of blocks: which of them are near, and how much room the others take. Pure.

/// How tall a turn is taken to be before its block was seen.
pub const GUESSED_TURN_HEIGHT: f64 = 96.0;

/// The heights of all blocks, measured or guessed.
#[derive(Clone, Debug, PartialEq)]
pub struct Heights {
    measured: Vec<Option<f64>>,
    turns: u32,
    turns_per_block: u32,
}

impl Heights {
    /// So many turns in blocks of so many, none of them measured.
    pub fn new(turns: u32, turns_per_block: u32) -> Self {
        Self { measured: vec![None; turns.div_ceil(turns_per_block) as usize], turns, turns_per_block }
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.measured.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.measured.is_empty()
    }

    /// Makes room for more turns; a conversation only grows.
    pub fn grow(&mut self, turns: u32) {
        if turns > self.turns {
            self.turns = turns;
            self.measured.resize(turns.div_ceil(self.turns_per_block) as usize, None);
        }
    }

    /// Notes a block's height.
    pub fn measure(&mut self, block: u32, height: f64) {
        if let Some(held) = self.measured.get_mut(block as usize) {
            *held = Some(height);
        }
    }

    /// A block's height.
    pub fn of(&self, block: u32) -> f64 {
        self.measured.get(block as usize).copied().flatten().unwrap_or_else(|| self.guess(block as usize))
    }

    /// What a block that was never measured is taken for: the last one may hold a few turns only.
    fn guess(&self, block: usize) -> f64 {
        let before = (block as u32).saturating_mul(self.turns_per_block);
        let turns = self.turns.saturating_sub(before).min(self.turns_per_block);
        f64::from(turns) * GUESSED_TURN_HEIGHT
    }

    /// The room that the blocks before one take.
    pub fn before(&self, block: u32) -> f64 {
        self.sum(0, block as usize)
    }

    /// The room that the blocks from one on take.
    pub fn from(&self, block: u32) -> f64 {
        self.sum(block as usize, self.len())
    }

    fn sum(&self, from: usize, to: usize) -> f64 {
        (from.min(self.len())..to.min(self.len())).map(|block| self.of(block as u32)).sum()
    }

    /// The blocks, first and past the last, that a view from `top` of `height` touches, with `margin` on both sides.
    /// Never empty unless there are no blocks.
    pub fn near(&self, top: f64, height: f64, margin: f64) -> (u32, u32) {
        let (from, to) = (top - margin, top + height + margin);
        let mut first = None;
        let mut past = 0;
        let mut at = 0.0;
        for (index, measured) in self.measured.iter().enumerate() {
            let end = at + measured.unwrap_or_else(|| self.guess(index));
            if end > from && first.is_none() {
                first = Some(index);
            }
            if at < to {
                past = index + 1;
            }
            at = end;
        }
        let first = first.unwrap_or(self.len().saturating_sub(1));
        (first as u32, past.max(first + 1).min(self.len()) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heights() -> Heights {
        let mut heights = Heights::new(10, 1);
        for block in 0..10 {
            heights.measure(block, 100.0);
        }
        heights
    }

    #[test]
    fn a_view_touches_the_blocks_around_it() {
        let heights = heights();
        assert_eq!(heights.near(0.0, 150.0, 0.0), (0, 2));
        assert_eq!(heights.near(350.0, 100.0, 0.0), (3, 5));
        assert_eq!(heights.near(350.0, 100.0, 100.0), (2, 6));
    }

    #[test]
    fn a_view_beyond_either_end_still_shows_a_block() {
        let heights = heights();
        assert_eq!(heights.near(-500.0, 100.0, 0.0), (0, 1));
        assert_eq!(heights.near(5000.0, 100.0, 0.0), (9, 10));
        assert_eq!(Heights::new(0, 40).near(0.0, 100.0, 0.0), (0, 0));
    }

    #[test]
    fn rooms_add_up_to_the_whole_whatever_was_measured() {
        let mut heights = Heights::new(50_000, 40);
        heights.measure(3, 1.0);
        heights.measure(9999, 1.0);
        let whole = 1249.0 * 40.0 * GUESSED_TURN_HEIGHT + 1.0;
        for block in [0, 3, 4, 700, 1250, 2000] {
            assert!((heights.before(block) + heights.from(block) - whole).abs() < 0.001);
        }
    }

    #[test]
    fn a_conversation_grows_by_as_much_as_its_new_turns_may_need() {
        let mut heights = Heights::new(80, 40);
        assert_eq!((heights.len(), heights.of(2)), (2, 0.0));
        heights.grow(83);
        assert_eq!((heights.len(), heights.of(1), heights.of(2)), (3, 3840.0, 288.0));
        heights.grow(5);
        assert_eq!(heights.len(), 3);
    }
}
