//! An input of the fuzzer's as a row of small decisions.

/// The input, handed out in small numbers.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    pub(crate) fn next(&mut self) -> usize {
        let Some((next, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*next)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() << 8 | self.next()) % limit.max(1)
    }

    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let (bytes, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        bytes.to_vec()
    }
}
