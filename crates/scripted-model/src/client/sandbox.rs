//! A home folder of its own for the client, and the environment that keeps it there.
//!
//! It isolates files and settings, not the network: the client is trusted to speak only to its base URL, with
//! everything optional switched off.

use super::{Client, ClientError};
use serde_json::{Value, json};
use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The key that the client is given. It opens nothing.
pub const API_KEY: &str = "scripted-model-key-that-opens-nothing";

/// What is set for every program in the sandbox, beside the home folder and the model's address.
const SETTINGS: [(&str, &str); 6] = [
    ("ANTHROPIC_API_KEY", API_KEY),
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("DISABLE_TELEMETRY", "1"),
    ("DISABLE_ERROR_REPORTING", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("NO_PROXY", "127.0.0.1,localhost"),
];

/// A fresh home folder, removed with the value, in which clients speak to a scripted model.
#[derive(Debug)]
pub struct ClientSandbox {
    /// Kept for its end: dropping it removes everything.
    folder: tempfile::TempDir,
    root: PathBuf,
    base_url: String,
}

impl ClientSandbox {
    /// An empty home for clients of the model at this address (see
    /// [`RunningModel::base_url`](crate::RunningModel::base_url)).
    ///
    /// # Errors
    /// When the temporary folder cannot be made.
    pub fn new(base_url: impl Into<String>) -> Result<Self, ClientError> {
        let temporary = env::temp_dir();
        let failed = |source| ClientError::Sandbox { path: temporary.clone(), source };
        let folder = tempfile::Builder::new().prefix("orchestra-client-").tempdir().map_err(failed)?;
        // The client names its folders after the real path.
        let root = folder.path().canonicalize().map_err(failed)?;
        let sandbox = Self { folder, root, base_url: base_url.into() };
        for path in [sandbox.home(), sandbox.programs()] {
            create(&path)?;
        }
        Ok(sandbox)
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The client's own folder, `~/.claude`.
    #[must_use]
    pub fn claude_folder(&self) -> PathBuf {
        self.home().join(".claude")
    }

    /// Makes a folder under the home folder to work in, such as `shop`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf, ClientError> {
        let path = self.home().join(name);
        create(&path)?;
        Ok(path)
    }

    /// Puts this client on the sandbox's `PATH` under the name `claude`, as an installed one would be.
    ///
    /// # Errors
    /// When the link cannot be made.
    #[cfg(unix)]
    pub fn install(&self, client: &Client) -> Result<(), ClientError> {
        let link = self.programs().join("claude");
        let failed = |source| ClientError::Sandbox { path: link.clone(), source };
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => std::os::unix::fs::symlink(&client.binary, &link).map_err(failed),
        }
    }

    /// Gives a command the sandbox's environment: home, model, key and `PATH`; nothing of the caller's own client,
    /// folders or proxies is inherited. For any program that is to find the sandbox's sessions, `orchestra` too.
    pub fn apply_to(&self, command: &mut Command) {
        for (name, _) in env::vars_os() {
            if must_not_be_inherited(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.programs()).chain(env::split_paths(&inherited));
        // Joining fails only for a folder whose name holds the separator; ours does not, and the rest came joined.
        let path = env::join_paths(path).unwrap_or_else(|_| OsString::from(self.programs()));
        command
            .env("HOME", self.home())
            .env("PATH", path)
            .env("ANTHROPIC_BASE_URL", &self.base_url)
            .envs(SETTINGS);
    }

    /// A command that runs this client in the sandbox, in a folder.
    #[must_use]
    pub fn command(&self, client: &Client, cwd: &Path) -> Command {
        let mut command = Command::new(&client.binary);
        self.apply_to(&mut command);
        command.current_dir(cwd);
        command
    }

    /// Writes `~/.claude.json` so that the client in a terminal starts at its prompt, without onboarding, and
    /// trusts these folders. Call it before the first run; a later call keeps what the client has written since.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn prepare_terminal(&self, trusted: &[&Path]) -> Result<(), ClientError> {
        let path = self.home().join(".claude.json");
        let failed = |source| ClientError::Sandbox { path: path.clone(), source };
        let mut settings = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).unwrap_or_else(|_| json!({})),
            Err(error) if error.kind() == io::ErrorKind::NotFound => json!({}),
            Err(error) => return Err(failed(error)),
        };
        settings["hasCompletedOnboarding"] = json!(true);
        settings["theme"] = json!("dark");
        let known_by = &API_KEY[API_KEY.len() - 20..];
        settings["customApiKeyResponses"] = json!({"approved": [known_by], "rejected": []});
        for folder in trusted {
            let folder = folder.to_string_lossy().into_owned();
            settings["projects"][folder]["hasTrustDialogAccepted"] = json!(true);
        }
        fs::write(&path, settings.to_string()).map_err(failed)
    }

    /// The transcripts of a session, wherever under `~/.claude/projects` they lie: one as a rule.
    #[must_use]
    pub fn transcripts(&self, session_id: &str) -> Vec<PathBuf> {
        let name = format!("{session_id}.jsonl");
        let buckets = fs::read_dir(self.claude_folder().join("projects"));
        buckets
            .into_iter()
            .flatten()
            .flatten()
            .map(|bucket| bucket.path().join(&name))
            .filter(|path| path.is_file())
            .collect()
    }

    /// The whole lines of a session's transcripts as JSON.
    #[must_use]
    pub fn transcript_lines(&self, session_id: &str) -> Vec<Value> {
        self.transcripts(session_id)
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok())
            .flat_map(|text| {
                text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Removes the sandbox and says so when that fails, which dropping it does not.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn close(self) -> Result<(), ClientError> {
        let path = self.root;
        self.folder.close().map_err(|source| ClientError::Sandbox { path, source })
    }

    fn programs(&self) -> PathBuf {
        self.root.join("bin")
    }
}

fn create(path: &Path) -> Result<(), ClientError> {
    fs::create_dir_all(path).map_err(|source| ClientError::Sandbox { path: path.to_owned(), source })
}

/// The caller's own client, its keys, the folders that would replace the home folder's, and proxies.
fn must_not_be_inherited(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["CLAUDE", "ANTHROPIC", "XDG_", "ORCHESTRA_HOME"].iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with("_PROXY")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn nothing_of_the_callers_client_is_inherited() {
        for name in
            ["CLAUDECODE", "CLAUDE_CODE_SSE_PORT", "ANTHROPIC_AUTH_TOKEN", "XDG_CONFIG_HOME", "https_proxy"]
        {
            assert!(must_not_be_inherited(name), "{name}");
        }
        for name in ["PATH", "LANG", "TERM", "CI"] {
            assert!(!must_not_be_inherited(name), "{name}");
        }
    }

    #[test]
    fn a_command_gets_the_sandboxes_home_and_model() {
        let sandbox = ClientSandbox::new("http://127.0.0.1:9").unwrap();
        let mut command = Command::new("true");
        sandbox.apply_to(&mut command);
        let set = |name: &str| {
            let found = command.get_envs().find(|(key, _)| *key == OsStr::new(name));
            found.and_then(|(_, value)| value).map(OsStr::to_owned)
        };
        assert_eq!(set("HOME").unwrap(), sandbox.home());
        assert_eq!(set("ANTHROPIC_BASE_URL").unwrap(), "http://127.0.0.1:9");
        assert_eq!(set("ANTHROPIC_API_KEY").unwrap(), API_KEY);
    }

    #[test]
    fn preparing_the_terminal_keeps_what_is_there() {
        let sandbox = ClientSandbox::new("http://127.0.0.1:9").unwrap();
        let file = sandbox.home().join(".claude.json");
        fs::write(&file, r#"{"numStartups":3}"#).unwrap();
        let shop = sandbox.folder("shop").unwrap();
        sandbox.prepare_terminal(&[&shop]).unwrap();
        let settings: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(settings["numStartups"], 3);
        assert_eq!(settings["projects"][shop.to_str().unwrap()]["hasTrustDialogAccepted"], true);
        assert_eq!(settings["customApiKeyResponses"]["approved"][0].as_str().unwrap().len(), 20);
    }

    #[test]
    fn transcripts_are_found_in_any_bucket() {
        let sandbox = ClientSandbox::new("http://127.0.0.1:9").unwrap();
        assert!(sandbox.transcripts("a").is_empty());
        let bucket = sandbox.folder(".claude/projects/-home-ada").unwrap();
        fs::write(bucket.join("a.jsonl"), "{\"type\":\"user\"}\n{\"half").unwrap();
        assert_eq!(sandbox.transcripts("a"), [bucket.join("a.jsonl")]);
        assert_eq!(sandbox.transcript_lines("a"), [json!({"type": "user"})]);
    }
}
