//! Building with cargo and finding the file it made, wherever its target folder is.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::failure::Failure;
use crate::process;

/// One line of cargo's JSON messages, as far as it matters here.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

/// What cargo says of a thing it built or found fresh.
#[derive(Deserialize)]
pub(crate) struct Artifact {
    target: Target,
    /// Every file that was made for it.
    pub(crate) filenames: Vec<PathBuf>,
    /// The program, when it is one.
    pub(crate) executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Runs `cargo build …`, with cargo's own progress on the terminal, and returns the file that `pick` finds in
/// the artifact of `target`.
pub(crate) fn build(
    command: &mut Command,
    target: &str,
    pick: impl Fn(&Artifact) -> Option<PathBuf>,
) -> Result<PathBuf, Failure> {
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let messages = process::capture("cargo build", command)?;
    // Cargo writes `-` as `_` in the name of a library.
    let underscored = target.replace('-', "_");
    messages
        .lines()
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(Message::CompilerArtifact(artifact)) => Some(artifact),
            _ => None,
        })
        .filter(|artifact| artifact.target.name == target || artifact.target.name == underscored)
        .find_map(|artifact| pick(&artifact))
        .ok_or_else(|| Failure::Form {
            what: "cargo's list of built files",
            problem: format!("it names no file for `{target}`"),
        })
}
