//! Which repositories a person trusts: their settings, hooks and setup commands run without a sandbox.
//!
//! A headless client skips its own question, so Orchestra asks instead, once for each repository.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::Repository;
use crate::files::{private_folder, write_whole};

/// The list of a state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    file: PathBuf,
}

impl Trust {
    /// The list of a state folder, which need not be there.
    pub fn new(state: &Path) -> Self {
        Self { file: state.join("trusted.json") }
    }

    /// Whether a repository is on it. A list that cannot be read trusts nothing.
    pub fn is_trusted(&self, repository: &Repository) -> bool {
        self.read().contains_key(&key(repository))
    }

    /// Puts a repository on it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn trust(&self, repository: &Repository, now: Timestamp) -> io::Result<()> {
        let mut trusted = self.read();
        trusted.insert(key(repository), now);
        if let Some(folder) = self.file.parent() {
            private_folder(folder)?;
        }
        write_whole(&self.file, &serde_json::to_vec_pretty(&trusted)?, true)
    }

    fn read(&self) -> BTreeMap<String, Timestamp> {
        let bytes = fs::read(&self.file).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

/// What a repository is known by, also from its worktrees.
fn key(repository: &Repository) -> String {
    repository.common_dir().display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn a_repository_is_trusted_once_and_for_all_its_worktrees() {
        let sandbox = Sandbox::new();
        let (shop, other) = (sandbox.repository("shop"), sandbox.repository("other"));
        sandbox.run(&shop, &["worktree", "add", "-q", "../side"]);
        let open = |name: &str| Repository::open(&sandbox.git, &sandbox.path(name)).unwrap();
        let trust = Trust::new(&sandbox.path("state/orchestra"));
        assert!(!trust.is_trusted(&open("shop")));
        trust.trust(&open("shop"), Timestamp::UNIX_EPOCH).unwrap();
        assert!(trust.is_trusted(&open("shop")) && trust.is_trusted(&open("side")));
        assert!(!trust.is_trusted(&Repository::open(&sandbox.git, &other).unwrap()));
        fs::write(sandbox.path("state/orchestra/trusted.json"), "{").unwrap();
        assert!(!trust.is_trusted(&open("shop")), "what cannot be read trusts nothing");
    }
}
