//! Orchestra's engine: everything that needs a real machine.
//!
//! - [`agents`] runs agents, keeps what they heard, said and were allowed, and tells how they are.
//! - [`jsonl`] reads lines of JSON that may be damaged, huge or half written.
//! - [`process`] tells processes apart, and what stems from them.
//! - [`render`] turns what a transcript holds into safe HTML and safe text; [`export`] writes a session as a document.
//! - [`sessions`] finds every session on the machine and says when one changes.
//! - [`transcript`] reads one session's transcript as typed turns.
//! - [`worktrees`] makes worktrees, takes what was done in them, and takes them away without losing anything.
//!
//! The engine prints nothing, reads no environment variable and knows no home folder: its callers hand those in.

#[cfg(target_family = "wasm")]
compile_error!("orchestra-core runs on the host; the browser gets orchestra-model");

pub mod agents;
pub mod export;
mod files;
pub mod jsonl;
pub mod process;
pub mod prompt;
pub mod render;
pub mod sessions;
pub mod transcript;
pub mod worktrees;
