//! `cargo xtask bench`: the figures that Orchestra states, each beside a reference measured in the same run.
//!
//! Machines are noisy and differ, so a figure is a median and worth something only next to its reference.

mod corpus;
mod measure;
mod sessions;

pub(crate) use measure::{MEASURE, print_run};

use crate::failure::Failure;
use crate::project::Project;

/// The words of the help.
pub(crate) const HELP: &str = "\
cargo xtask bench sessions [--sessions N] [--seed S] [--runs R] [--keep DIR]

  Makes a history of N sessions from a seed (2,000 and then 10,000 when not given) and measures
  `orchestra sessions`, the start of `orchestra web` and the reading of a whole transcript.
  --keep DIR makes the history in DIR and leaves it there; a history that is there is used again.";

/// Runs a benchmark.
pub(crate) fn bench(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    match arguments.split_first() {
        Some((which, rest)) if which == "sessions" => sessions::bench(project, rest),
        _ => Err(Failure::Usage(format!("which benchmark?\n\n{HELP}"))),
    }
}
