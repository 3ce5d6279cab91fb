//! Repositories for tests, made by the real git, without any setting of the person who runs them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Git;

/// A folder of repositories, removed with the value.
pub(crate) struct Sandbox {
    _folder: tempfile::TempDir,
    root: PathBuf,
    pub(crate) git: Git,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        Self { _folder: folder, root, git: Git::new("git") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.root.clone() } else { self.root.join(name) }
    }

    /// A repository with one commit on `main`.
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(&folder).unwrap();
        self.run(&folder, &["init", "-q", "-b", "main"]);
        self.run(&folder, &["config", "user.name", "Ada"]);
        self.run(&folder, &["config", "user.email", "ada@example.com"]);
        self.commit(&folder, "README.md", "# Shop\n");
        folder
    }

    /// Writes a file and commits everything.
    pub(crate) fn commit(&self, folder: &Path, file: &str, content: &str) -> String {
        if let Some(parent) = folder.join(file).parent() {
            fs::create_dir_all(parent).unwrap();
        }
        fs::write(folder.join(file), content).unwrap();
        self.run(folder, &["add", "-A"]);
        self.run(folder, &["commit", "-q", "--allow-empty", "-m", file]);
        self.run(folder, &["rev-parse", "HEAD"])
    }

    /// What git prints.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.plain(folder).args(arguments).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} in {}: {words}", folder.display());
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// git as a person has it, with an identity.
    pub(crate) fn plain(&self, folder: &Path) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com");
        command
    }
}
