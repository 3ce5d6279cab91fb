//! Whole transcripts: the fixtures, orders, damage, growth, size.

mod build;
mod damage;
mod fixtures;
mod growth;
mod orders;
mod readings;
mod scores;
mod sizes;
