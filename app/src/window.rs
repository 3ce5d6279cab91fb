//! The arithmetic of a windowed list of blocks: which of them are near, and how much room the others take. Pure.

/// How tall a turn is taken to be before its block was seen.
pub const GUESSED_TURN_HEIGHT: f64 = 96.0;

/// The heights of all blocks, measured or guessed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heights {
    measured: Vec<Option<f64>>,
    guess: f64,
}

impl Heights {
    /// So many blocks, none of them measured; `turns` of them in each.
    pub fn new(blocks: u32, turns: u32) -> Self {
        Self { measured: vec![None; blocks as usize], guess: f64::from(turns) * GUESSED_TURN_HEIGHT }
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.measured.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.measured.is_empty()
    }

    /// Makes room for more blocks; a list only grows.
    pub fn grow(&mut self, blocks: u32) {
        if blocks as usize > self.measured.len() {
            self.measured.resize(blocks as usize, None);
        }
    }

    /// Notes a block's height, and learns from it how tall the others may be.
    pub fn measure(&mut self, block: u32, height: f64) {
        if let Some(held) = self.measured.get_mut(block as usize) {
            *held = Some(height);
        }
    }

    /// A block's height.
    pub fn of(&self, block: u32) -> f64 {
        self.measured.get(block as usize).copied().flatten().unwrap_or(self.guess)
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
        self.measured
            .get(from.min(self.len())..to.min(self.len()))
            .unwrap_or_default()
            .iter()
            .map(|height| height.unwrap_or(self.guess))
            .sum()
    }

    /// The blocks, first and past the last, that a view from `top` of `height` touches, with `margin` on both sides.
    /// Never empty unless there are no blocks.
    pub fn near(&self, top: f64, height: f64, margin: f64) -> (u32, u32) {
        let (from, to) = (top - margin, top + height + margin);
        let mut first = None;
        let mut past = 0;
        let mut at = 0.0;
        for (index, measured) in self.measured.iter().enumerate() {
            let end = at + measured.unwrap_or(self.guess);
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
        assert_eq!(Heights::default().near(0.0, 100.0, 0.0), (0, 0));
    }

    #[test]
    fn rooms_add_up_to_the_whole_whatever_was_measured() {
        let mut heights = Heights::new(1250, 40);
        heights.measure(3, 1.0);
        heights.measure(9999, 1.0);
        let whole = 1249.0 * 40.0 * GUESSED_TURN_HEIGHT + 1.0;
        for block in [0, 3, 4, 700, 1250, 2000] {
            assert!((heights.before(block) + heights.from(block) - whole).abs() < 0.001);
        }
        heights.grow(1251);
        assert_eq!(heights.len(), 1251);
        heights.grow(5);
        assert_eq!(heights.len(), 1251);
    }
}
