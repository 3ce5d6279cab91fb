//! `cargo xtask bench`: the figures that Orchestra states, each beside a reference measured in the same run.
//!
//! Machines are noisy and differ, so a figure is a median and worth something only next to its reference.

mod corpus;
mod history;
mod measure;
mod sessions;
mod web;

pub(crate) use measure::{MEASURE, print_run};

use crate::failure::Failure;
use crate::project::Project;
use crate::proving;

/// The words of the help.
pub(crate) const HELP: &str = "\
cargo xtask bench sessions [--sessions N] [--seed S] [--runs R] [--keep DIR]

  Makes a history of N sessions from a seed (2,000 and then 10,000 when not given) and measures
  `orchestra sessions`, the start of `orchestra web` and the reading of a whole transcript.
  --keep DIR makes the history in DIR and leaves it there; a history that is there is used again.

cargo xtask bench agents [--quick]

  Measures agents with a client that answers at once: starting one in a repository of 10,000 files beside
  `git worktree add`, ten at once, the way of a line to the log's reader, a runner's memory, 100 runners.

cargo xtask bench together [--quick]

  Measures runs: what a plan costs a task beside the same tasks without one, a thousand tasks that wait,
  and the way of a message from one agent to another that has nothing to do.

cargo xtask bench web [--sessions N] [--seed S] [--keep DIR] [--quick] [--phone]

  Measures `orchestra web` over such a history (10,000 sessions when not given) with twenty agents: pages a second, its
  memory, a thousand event streams, and the way of an agent's words to a listener and, where there is a Chromium, to
  the pixel of a phone. --phone measures only the last.";

/// Runs a benchmark.
pub(crate) fn bench(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    match arguments.split_first() {
        Some((which, rest)) if which == "sessions" => sessions::bench(project, rest),
        Some((which, rest)) if which == "agents" => proving::bench(project, rest),
        Some((which, rest)) if which == "together" => proving::together(project, rest),
        Some((which, rest)) if which == "web" => web::bench(project, rest),
        _ => Err(Failure::Usage(format!("which benchmark?\n\n{HELP}"))),
    }
}
