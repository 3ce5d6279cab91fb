//! Whole transcripts: the fixtures, damage, growth, size.

mod fixtures;
