//! What `orchestra demo` shows: a made-up developer's history and repository, and a client that plays from a script.
//!
//! Everything lies in one folder ([`Stage`]), which the demo makes, holds and takes away. Nothing else is written, and
//! nothing of a person's own is read: the scripted client serves only a demo's folder, and finds the transcripts that it
//! writes by that folder, never by the environment. The crate prints nothing but through what it is handed.

mod client;
mod ending;
mod hands;
mod history;
mod piece;
mod repository;
mod stage;
mod tools;
mod transcript;

use std::{io, path::PathBuf};

pub use client::{Call, play};
pub use ending::stop_agents;
pub use repository::Git;
pub use stage::{Held, Making, Settings, Stage, left_behind};

/// Why a demo could not be made, or not be taken away.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Something could not be written.
    #[error("the demo's folder {} cannot be made: {source}", .path.display())]
    NotMade {
        /// What.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The repository could not be made.
    #[error("the demo's repository cannot be made: {0}")]
    Git(String),
    /// Something else lies there.
    #[error("{} is not empty, and no demo's", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// Another demo runs there.
    #[error("another demo runs in {}", .folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
    /// Agents still run.
    #[error("{} cannot be stopped", .names.join(", "))]
    StillRunning {
        /// Their names.
        names: Vec<String>,
    },
    /// Something is left.
    #[error("{} cannot be taken away: {source}", .folder.display())]
    NotRemoved {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
