//! Lines of JSON as they are found in the wild: huge, damaged, half written.
//!
//! - [`LineReader`] streams complete lines with bounded memory and their offsets.
//! - [`read_around`] hands on each record of a line, whatever else the line holds.
//! - [`lenient`] has field types that take any JSON and keep what fits.
//!
//! Knows nothing of what the records mean.

pub mod lenient;
mod lines;
mod repair;

pub use lines::{Limits, Line, LineReader};
pub use repair::read_around;
