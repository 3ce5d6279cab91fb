//! Which repositories a person trusts: their settings, hooks and setup commands run without a sandbox.
//!
//! A headless client skips its own question, so Orchestra asks instead, once for each repository.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::files::{lock_file, private_folder, write_whole};

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

    /// Whether a repository, by the folder that all its worktrees share, is on it, or a folder that is none. A list that
    /// cannot be read trusts nothing.
    pub fn is_trusted(&self, folder: &Path) -> bool {
        self.read().contains_key(&key(folder))
    }

    /// Puts a repository, or a folder that is none, on it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn trust(&self, folder: &Path, now: Timestamp) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            private_folder(folder)?;
        }
        // Of two who trust at once, both are heard.
        let lock = lock_file(&self.file.with_extension("lock"))?;
        lock.lock()?;
        let mut trusted = self.read();
        trusted.insert(key(folder), now);
        write_whole(&self.file, &serde_json::to_vec_pretty(&trusted)?, true)
    }

    fn read(&self) -> BTreeMap<String, Timestamp> {
        let bytes = fs::read(&self.file).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

fn key(folder: &Path) -> String {
    folder.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::{Repository, testing::Sandbox};

    #[test]
    fn a_repository_is_trusted_once_and_for_all_its_worktrees() {
        let sandbox = Sandbox::new();
        let shop = sandbox.repository("shop");
        sandbox.repository("other");
        sandbox.run(&shop, &["worktree", "add", "-q", "../side"]);
        let open = |name: &str| Repository::open(&sandbox.git, &sandbox.path(name)).unwrap();
        let trust = Trust::new(&sandbox.path("state/orchestra"));
        let is_trusted = |name: &str| trust.is_trusted(open(name).common_dir());
        assert!(!is_trusted("shop"));
        trust.trust(open("shop").common_dir(), Timestamp::UNIX_EPOCH).unwrap();
        assert!(is_trusted("shop") && is_trusted("side"));
        assert!(!is_trusted("other"));
        fs::write(sandbox.path("state/orchestra/trusted.json"), "{").unwrap();
        assert!(!is_trusted("shop"), "what cannot be read trusts nothing");
    }
}
