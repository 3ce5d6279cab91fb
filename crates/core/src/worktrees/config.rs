//! `.orchestra.toml`: what a new worktree of a repository needs besides what is committed.
//!
//! ```toml
//! copy = [".env*", "config/local.yml"]   # files that git does not track, from the repository's own checkout
//! setup = "npm ci"                       # run by sh in the new worktree, before the agent starts
//! ports = ["PORT", "API_PORT"]           # variables, each with a port of its own that nothing else uses
//! ```
//!
//! It is read from the repository's main checkout, or from the commit when the repository is bare. Whoever calls has
//! seen to it that the repository is trusted.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use serde::Deserialize;

use super::{GitError, Programs, Repository};

/// The file's name.
const NAME: &str = ".orchestra.toml";
/// How much is copied into a worktree, in bytes.
const MOST_COPIED: u64 = 64 << 20;

/// What stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Patterns of files to copy, relative to the checkout; `**` goes through folders.
    pub copy: Vec<String>,
    /// A command line for `sh`.
    pub setup: Option<String>,
    /// Names of environment variables that each get a free port.
    pub ports: Vec<String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{NAME} cannot be read: {0}")]
    Unreadable(io::Error),
    /// git cannot show it.
    #[error("{NAME} cannot be read: {0}")]
    Git(#[from] GitError),
    /// It says something that is not known.
    #[error("{NAME}: {0}")]
    Wrong(String),
}

impl Config {
    /// What a repository wants for worktrees from a commit; nothing when it has no such file.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn read(repository: &Repository, commit: &str) -> Result<Self, ConfigError> {
        let text = if repository.is_bare() {
            let name = format!("{commit}:{NAME}");
            let arguments = ["show", "--no-textconv", "--end-of-options", &name];
            let output =
                repository.git().call(repository.common_dir(), Programs::None, arguments)?.answer()?;
            if !output.status.success() {
                return Ok(Self::default());
            }
            String::from_utf8_lossy(&output.stdout).into_owned()
        } else {
            match fs::read_to_string(repository.root().join(NAME)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
                text => text.map_err(ConfigError::Unreadable)?,
            }
        };
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::Wrong(error.to_string().trim().to_owned()))?;
        for pattern in &config.copy {
            let leads_out = Path::new(pattern)
                .components()
                .any(|part| !matches!(part, Component::Normal(name) if name != ".git"));
            if pattern.is_empty() || leads_out {
                return Err(ConfigError::Wrong(format!("copy = {pattern:?} leads out of the repository")));
            }
            glob::Pattern::new(pattern)
                .map_err(|error| ConfigError::Wrong(format!("copy = {pattern:?} is no pattern: {error}")))?;
        }
        for name in &config.ports {
            let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            if name.is_empty()
                || !name.bytes().all(is_name)
                || name.starts_with(|first: char| first.is_ascii_digit())
            {
                return Err(ConfigError::Wrong(format!(
                    "ports = {name:?} is no name of a variable, like API_PORT"
                )));
            }
        }
        Ok(config)
    }

    /// Copies the files that the patterns name from a checkout into a new worktree. What is there already stays; links
    /// are not followed. Answers what a person should know.
    pub fn copy_files(&self, from: &Path, to: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        let mut copied = 0_u64;
        let mut names: Vec<PathBuf> = self.copy.iter().flat_map(|pattern| matches(from, pattern)).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (source, target) = (from.join(&name), to.join(&name));
            let size = match fs::symlink_metadata(&source) {
                Ok(found) if found.is_file() => found.len(),
                _ => continue,
            };
            if fs::symlink_metadata(&target).is_ok() {
                continue;
            }
            if copied + size > MOST_COPIED {
                notes.push(format!(
                    "{} was not copied: together the files are larger than 64 MB",
                    name.display()
                ));
                continue;
            }
            let is_inside = |path: &Path, root: &Path| {
                path.parent()
                    .and_then(|parent| fs::canonicalize(parent).ok())
                    .is_some_and(|real| real.starts_with(root))
            };
            let made = target.parent().map_or(Ok(()), fs::create_dir_all);
            let outcome = made.and_then(|()| {
                // A folder that is a link would lead elsewhere, on either side.
                if is_inside(&source, from) && is_inside(&target, to) {
                    fs::copy(&source, &target).map(drop)
                } else {
                    Err(io::Error::other("it leads out of the repository"))
                }
            });
            match outcome {
                Ok(()) => copied += size,
                Err(error) => notes.push(format!("{} was not copied: {error}", name.display())),
            }
        }
        notes
    }
}

/// The names, relative to a folder, of what a pattern names there.
fn matches(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };
    let whole = format!("{}/{pattern}", glob::Pattern::escape(&folder.to_string_lossy()));
    let found = glob::glob_with(&whole, options).into_iter().flatten().flatten();
    found
        .filter_map(|path| path.strip_prefix(folder).ok().map(Path::to_owned))
        .filter(|name| name.components().all(|part| part.as_os_str() != ".git"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn the_file_says_what_it_may_say() {
        let text = "copy = [\".env*\"]\nsetup = \"npm ci\"\nports = [\"PORT\"]\n";
        let config = Config::parse(text).unwrap();
        assert_eq!((config.copy.len(), config.setup.as_deref(), config.ports.len()), (1, Some("npm ci"), 1));
        for (text, says) in [
            ("copi = []", "line 1"),
            ("setup = 3", "line 1"),
            ("copy = [\"../secrets\"]", "leads out"),
            ("copy = [\"/etc/passwd\"]", "leads out"),
            ("copy = [\".git/config\"]", "leads out"),
            ("copy = [\"[\"]", "no pattern"),
            ("ports = [\"PATH=x\"]", "no name"),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn files_are_copied_and_nothing_is_overwritten() {
        let sandbox = Sandbox::new();
        let (from, to) = (sandbox.path("from"), sandbox.path("to"));
        for folder in [&from.join("config"), &from.join("deep/er"), &to] {
            fs::create_dir_all(folder).unwrap();
        }
        for name in [".env", ".env.local", "config/local.yml", "deep/er/.env", "other"] {
            fs::write(from.join(name), name).unwrap();
        }
        fs::write(to.join(".env.local"), "own").unwrap();
        std::os::unix::fs::symlink("/etc", from.join("link")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", from.join(".env.link")).unwrap();
        let config = Config {
            copy: [".env*", "config/*.yml", "**/.env", "link/passwd"].map(str::to_owned).to_vec(),
            ..Config::default()
        };
        let notes = config.copy_files(&from, &to);
        assert_eq!(notes.len(), 1, "{notes:?}");
        let read = |name: &str| fs::read_to_string(to.join(name)).ok();
        assert_eq!(read(".env.local").as_deref(), Some("own"));
        for name in [".env", "config/local.yml", "deep/er/.env"] {
            assert_eq!(read(name).as_deref(), Some(name));
        }
        assert!(
            read("other").is_none() && !to.join("link/passwd").exists() && !to.join(".env.link").exists()
        );
    }

    #[test]
    fn it_is_read_from_the_checkout_and_from_a_bare_repositorys_commit() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        let read = |folder: &Path| {
            let repository = Repository::open(&sandbox.git, folder).unwrap();
            Config::read(&repository, &repository.resolve(None).unwrap().commit).unwrap()
        };
        assert_eq!(read(&main), Config::default());
        sandbox.commit(&main, NAME, "setup = \"true\"\n");
        sandbox.run(&sandbox.path(""), &["clone", "-q", "--bare", "shop", "bare"]);
        assert_eq!(read(&main).setup.as_deref(), Some("true"));
        assert_eq!(read(&sandbox.path("bare")).setup.as_deref(), Some("true"));
    }
}
