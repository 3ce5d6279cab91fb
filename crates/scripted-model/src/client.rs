//! The real Claude Code client, for tests: where its two pinned versions are, and a sandbox to run them in.
//!
//! The clients come from npm (`npm ci` in `end2end/clients`); nothing here downloads or installs anything. Their
//! native binaries are run where they lie.

mod headless;
mod sandbox;
#[cfg(unix)]
mod terminal;

pub use headless::{Finished, Headless, RunningClient};
pub use sandbox::{API_KEY, ClientSandbox};
#[cfg(unix)]
pub use terminal::Terminal;

use serde_json::Value;
use std::{
    env, fmt, io,
    path::{Path, PathBuf},
};

/// A pinned version of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientVersion {
    /// 2.1.197, the older one.
    V2_1_197,
    /// 2.1.330, the newer one.
    V2_1_330,
}

/// A client that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its version.
    pub version: ClientVersion,
    /// Its native binary.
    pub binary: PathBuf,
}

/// What can go wrong around the real client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The version is not installed.
    #[error(
        "Claude Code {version} is not installed for the tests (looked in {looked_in}); \
         run `npm ci` in end2end/clients, or let `cargo xtask test` do it"
    )]
    NotInstalled {
        /// The version.
        version: ClientVersion,
        /// The folder that was searched.
        looked_in: String,
    },
    /// A file or folder of the sandbox.
    #[error(
        "failed to prepare {path} in the client's sandbox; check the temporary folder's space and rights"
    )]
    Sandbox {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The client did not start, or could not be spoken to.
    #[error("failed to run {program}; check that it is the binary for this machine")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The client did not end in time and was killed.
    #[error("the client did not end within {seconds} s and was killed; it had said: {output}")]
    TimedOut {
        /// The limit.
        seconds: u64,
        /// The end of its output.
        output: String,
    },
    /// The terminal never showed what was waited for.
    #[error("the terminal did not show {text:?} within {seconds} s; it shows:\n{screen}")]
    NotShown {
        /// What was waited for.
        text: String,
        /// The limit.
        seconds: u64,
        /// What was shown last.
        screen: String,
    },
}

impl ClientVersion {
    /// Both, older first.
    pub const ALL: [Self; 2] = [Self::V2_1_197, Self::V2_1_330];

    /// As the client writes it, such as `2.1.197`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2_1_197 => "2.1.197",
            Self::V2_1_330 => "2.1.330",
        }
    }

    /// Finds its native binary under `$ORCHESTRA_TEST_CLIENTS` (a folder with a `node_modules`), else under the
    /// repository's `end2end/clients`.
    ///
    /// # Errors
    /// [`ClientError::NotInstalled`], with the way to install it.
    pub fn find(self) -> Result<Client, ClientError> {
        let folder = clients_folder();
        let binary = folder.as_deref().and_then(|folder| self.binary_in(folder));
        let looked_in = || match &folder {
            Some(folder) => folder.display().to_string(),
            None => "no end2end/clients above the current folder".to_owned(),
        };
        match binary {
            Some(binary) => Ok(Client { version: self, binary }),
            None => Err(ClientError::NotInstalled { version: self, looked_in: looked_in() }),
        }
    }

    /// For the first line of a test with the real client: none when the client is not installed and that is
    /// allowed, so that the test can say that it was left out.
    ///
    /// # Errors
    /// [`ClientError::NotInstalled`] where `CI` or `ORCHESTRA_REQUIRE_CLIENTS` is set.
    pub fn for_test(self) -> Result<Option<Client>, ClientError> {
        let required = ["CI", "ORCHESTRA_REQUIRE_CLIENTS"]
            .iter()
            .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
        match self.find() {
            Ok(client) => Ok(Some(client)),
            Err(error) if required => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn binary_in(self, folder: &Path) -> Option<PathBuf> {
        let modules = folder.join("node_modules");
        let alias = format!("claude-{}", self.as_str().replace('.', "-"));
        let name = if cfg!(windows) { "claude.exe" } else { "claude" };
        // npm lifts one version's platform package to the top and leaves the other's beside its wrapper.
        [modules.join(alias).join("node_modules"), modules]
            .iter()
            .flat_map(|modules| platform_packages().map(|package| modules.join(package)))
            .find(|package| version_of(package).as_deref() == Some(self.as_str()))
            .map(|package| package.join(name))
            .filter(|binary| binary.is_file())
    }
}

impl fmt::Display for ClientVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

fn clients_folder() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("ORCHESTRA_TEST_CLIENTS") {
        return Some(folder.into());
    }
    // Cargo sets the first for tests and `cargo run`; it is the folder of the package under test.
    let start = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| env::current_dir().ok())?;
    start
        .ancestors()
        .map(|folder| folder.join("end2end").join("clients"))
        .find(|folder| folder.join("package.json").is_file())
}

/// The names that the native binary's package may have here: npm installs the one for the machine's C library.
fn platform_packages() -> impl Iterator<Item = String> {
    let system = match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    ["", "-musl"]
        .into_iter()
        .map(move |library| format!("@anthropic-ai/claude-code-{system}-{processor}{library}"))
}

fn version_of(package: &Path) -> Option<String> {
    let text = std::fs::read_to_string(package.join("package.json")).ok()?;
    let manifest: Value = serde_json::from_str(&text).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn install(modules: &Path, version: &str) {
        let package = modules.join(platform_packages().next().unwrap());
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("package.json"), format!(r#"{{"version":"{version}"}}"#)).unwrap();
        fs::write(package.join("claude"), "").unwrap();
        fs::write(package.join("claude.exe"), "").unwrap();
    }

    #[test]
    fn finds_each_version_wherever_npm_put_it() {
        let folder = tempfile::tempdir().unwrap();
        let modules = folder.path().join("node_modules");
        install(&modules, "2.1.330");
        install(&modules.join("claude-2-1-197").join("node_modules"), "2.1.197");
        let lifted = ClientVersion::V2_1_330.binary_in(folder.path()).unwrap();
        let nested = ClientVersion::V2_1_197.binary_in(folder.path()).unwrap();
        assert!(!lifted.starts_with(modules.join("claude-2-1-330")));
        assert!(nested.starts_with(modules.join("claude-2-1-197")));
    }

    #[test]
    fn another_version_does_not_do() {
        let folder = tempfile::tempdir().unwrap();
        install(&folder.path().join("node_modules"), "2.1.331");
        assert_eq!(ClientVersion::V2_1_330.binary_in(folder.path()), None);
    }
}
