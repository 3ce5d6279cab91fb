//! Why a chore stopped, in words that say what to do next.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// What ends a chore. The message is all that its user sees.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line made no sense: the help follows.
    #[error("{0}")]
    Usage(String),
    /// A program that should be there is not, or may not be run.
    #[error("failed to start `{program}` ({source}); {hint}")]
    Start { program: String, hint: &'static str, source: std::io::Error },
    /// A program ran and said no; its own words stand above.
    #[error("{what} failed ({status}); its own words are above")]
    Exit { what: String, status: ExitStatus },
    /// A file or folder could not be read, written or moved.
    #[error("failed to {action} {}: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    /// A program's answer or a settings file was not of the form it should have.
    #[error("failed to understand {what}: {problem}")]
    Form { what: &'static str, problem: String },
    /// The site came out larger than anyone on a phone should wait for.
    #[error(
        "the first load takes {bytes} bytes of brotli, more than the {limit} allowed; \
         find out what came in with `cargo tree -p orchestra-frontend --target wasm32-unknown-unknown`"
    )]
    TooLarge { bytes: u64, limit: u64 },
    /// The WebAssembly tree holds a crate that belongs to the host.
    #[error(
        "the browser's build contains {0}; put it behind the `ssr` feature \
         (`cargo tree -p orchestra-frontend --target wasm32-unknown-unknown -i {0}` shows who brought it)"
    )]
    HostCrate(String),
    /// Journeys in the browser failed, a line of the report each.
    #[error("these journeys failed; what each met stands above:{}", indented(.0))]
    Journeys(Vec<String>),
    /// Some checks failed; the summary above names them.
    #[error("these checks failed: {0}")]
    Checks(String),
}

fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n           {line}")).collect()
}

impl Failure {
    /// For `map_err` on file operations.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
        let path = path.to_path_buf();
        move |source| Failure::File { action, path, source }
    }

    /// For `map_err` where something was not of the expected form.
    pub(crate) fn form<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Failure {
        move |problem| Failure::Form { what, problem: format!("{problem:#}") }
    }
}
