//! How to continue a session with its own client.
//!
//! The client finds a session by id only from the session's own folder. When that is gone it is given the transcript's
//! path, which works from anywhere. A session that a live process owns is never opened a second time: both would
//! write into one file.

use std::{
    borrow::Cow,
    ffi::OsString,
    path::{Path, PathBuf},
};

use orchestra_model::{LiveProcess, Session};

use super::Root;

/// What `resume` should do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResumePlan {
    /// Become this command.
    Run(ResumeCommand),
    /// A live process owns the session: wait for it to end, or fork.
    Live(LiveProcess),
    /// The client has deleted the transcript; there is nothing to continue.
    Cleaned,
}

/// The client's command that continues a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeCommand {
    /// Where to run it.
    pub folder: PathBuf,
    /// Whether that is the session's own folder; if not, it is gone.
    pub in_own_folder: bool,
    /// What follows `claude`.
    pub arguments: Vec<OsString>,
    /// The value for `CLAUDE_CONFIG_DIR`, when the client would not find the session's root by itself.
    pub config_dir: Option<PathBuf>,
}

/// Environment variables that a session started by the client inherits and a new one must not.
pub fn is_scrubbed_variable(name: &str) -> bool {
    name == "CLAUDECODE" || name.starts_with("CLAUDE_CODE_")
}

/// Decides how a session is continued, or as a fork.
pub fn plan_resume(session: &Session, roots: &[Root], fork: bool) -> ResumePlan {
    if let (Some(process), false) = (&session.live, fork) {
        return ResumePlan::Live(process.clone());
    }
    let Some(path) = &session.path else { return ResumePlan::Cleaned };
    let config_dir = roots
        .iter()
        .find(|root| root.path.as_os_str() == session.root.as_str())
        .filter(|root| !root.is_default)
        .map(|root| root.path.clone());
    let folder = session.cwd.as_deref().map(Path::new).filter(|folder| folder.is_absolute());
    let own_folder = folder.filter(|folder| folder.is_dir());
    let mut command = command(session.id.as_str(), Path::new(path), own_folder, config_dir, fork);
    if let (None, Some(gone)) = (own_folder, folder) {
        command.folder = nearest_folder(gone);
    }
    ResumePlan::Run(command)
}

/// The command, from the session's own folder when that is there, else from the top.
pub(super) fn command(
    id: &str,
    transcript: &Path,
    own_folder: Option<&Path>,
    config_dir: Option<PathBuf>,
    fork: bool,
) -> ResumeCommand {
    let mut arguments = vec![OsString::from("--resume")];
    arguments.push(if own_folder.is_some() { id.into() } else { transcript.into() });
    if fork {
        arguments.push("--fork-session".into());
    }
    let folder = own_folder.unwrap_or(Path::new("/")).to_owned();
    ResumeCommand { folder, in_own_folder: own_folder.is_some(), arguments, config_dir }
}

/// The folder that is still there above one that is gone.
fn nearest_folder(gone: &Path) -> PathBuf {
    gone.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

impl ResumeCommand {
    /// The command as one line for a POSIX shell.
    pub fn shell_line(&self) -> String {
        let mut line = String::new();
        if self.in_own_folder {
            line.push_str("cd ");
            line.push_str(&quote(&self.folder.to_string_lossy()));
            line.push_str(" && ");
        }
        if let Some(folder) = &self.config_dir {
            line.push_str("CLAUDE_CONFIG_DIR=");
            line.push_str(&quote(&folder.to_string_lossy()));
            line.push(' ');
        }
        line.push_str("claude");
        for argument in &self.arguments {
            line.push(' ');
            line.push_str(&quote(&argument.to_string_lossy()));
        }
        line
    }
}

/// A word as a POSIX shell reads it back.
pub fn quote(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./,:=@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_can_be_pasted() {
        let line = |folder: Option<&str>, config: Option<&str>, fork: bool| {
            let transcript = Path::new("/home/ada/.claude/projects/-x/1.jsonl");
            command("1", transcript, folder.map(Path::new), config.map(Into::into), fork).shell_line()
        };
        assert_eq!(line(Some("/home/ada/shop"), None, false), "cd /home/ada/shop && claude --resume 1");
        assert_eq!(
            line(Some("/it's a; $(x)"), Some("/c d"), true),
            r"cd '/it'\''s a; $(x)' && CLAUDE_CONFIG_DIR='/c d' claude --resume 1 --fork-session"
        );
        assert_eq!(line(None, None, false), "claude --resume /home/ada/.claude/projects/-x/1.jsonl");
    }

    #[test]
    fn without_its_folder_a_session_resumes_from_the_nearest_one() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(nearest_folder(&home.path().join("a/b/c")), home.path());
        assert_eq!(nearest_folder(home.path()), home.path());
    }
}
