//! The history that is measured: what was asked for, where it lies, and that it is made once.

use std::fs;
use std::path::{Path, PathBuf};

use super::corpus::{self, Plan};
use crate::failure::Failure;
use crate::process::Step;

/// The median size of a transcript, in bytes.
const MEDIAN: f64 = 75_000.0;

/// What a benchmark over a history was asked for.
pub(super) struct Options {
    pub(super) sessions: Vec<u32>,
    pub(super) seed: u64,
    pub(super) runs: usize,
    pub(super) quick: bool,
    pub(super) only_phone: bool,
    keep: Option<PathBuf>,
}

impl Options {
    /// Reads them; without any, histories of so many sessions.
    pub(super) fn parse(arguments: &[String], sessions: &[u32]) -> Result<Self, Failure> {
        let mut options = Self {
            sessions: sessions.to_vec(),
            seed: 20_261_123,
            runs: 7,
            quick: false,
            only_phone: false,
            keep: None,
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            if name == "--quick" {
                options.quick = true;
                continue;
            }
            if name == "--phone" {
                options.only_phone = true;
                continue;
            }
            let value = rest.next().ok_or_else(|| Failure::Usage(format!("{name} needs a value")))?;
            let number =
                || value.parse::<u64>().map_err(|_| Failure::Usage(format!("{value:?} is no number")));
            match name.as_str() {
                "--sessions" => options.sessions = vec![u32::try_from(number()?).unwrap_or(u32::MAX)],
                "--seed" => options.seed = number()?,
                "--runs" => options.runs = usize::try_from(number()?).unwrap_or(1).max(1),
                "--keep" => options.keep = Some(value.into()),
                _ => return Err(Failure::Usage(format!("there is no option {name}"))),
            }
        }
        if options.quick {
            options.runs = options.runs.min(3);
        }
        Ok(options)
    }

    /// Where a history of so many sessions lies, or is to lie.
    pub(super) fn folder(&self, sessions: u32) -> Result<Place, Failure> {
        match &self.keep {
            Some(folder) => Ok(Place::Kept(folder.join(sessions.to_string()))),
            None => {
                let path = std::env::temp_dir().join(format!("orchestra-bench-{}", std::process::id()));
                fs::create_dir_all(&path).map_err(Failure::file("make", &path))?;
                Ok(Place::Temporary(path))
            }
        }
    }
}

/// The folder of a history and what comes of it.
pub(super) enum Place {
    /// It stays.
    Kept(PathBuf),
    /// It goes with the value.
    Temporary(PathBuf),
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        let (Self::Kept(path) | Self::Temporary(path)) = self;
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// The configuration folder with the sessions.
pub(super) fn root(folder: &Path) -> PathBuf {
    folder.join("claude")
}

/// Makes the history unless it is there already.
pub(super) fn make(folder: &Path, sessions: u32, seed: u64) -> Result<(), Failure> {
    let root = root(folder);
    if root.is_dir() {
        println!("\n# the history of {sessions} sessions that lies in {}", folder.display());
        return Ok(());
    }
    let step = Step::begin(&format!("a history of {sessions} sessions, seed {seed}"));
    let made = corpus::make(&root, Plan { sessions, seed, median: MEDIAN })?;
    step.done("made");
    println!("\n# {} sessions, {:.2} GB, seed {seed}", made.files, made.bytes as f64 / 1e9);
    Ok(())
}
