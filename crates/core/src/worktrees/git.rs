//! The git program, as everything here runs it.
//!
//! A repository can name programs: hooks, filters, diff and merge drivers, a file system monitor. A [`Call`] says which
//! of them may run, and nothing of the caller's environment that points git elsewhere is inherited. Arguments are never
//! read by a shell; whoever passes a name from outside puts it behind `--` or has it verified first.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

/// The git program of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Git {
    program: PathBuf,
}

/// Which of the programs that a repository names may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programs {
    /// None: for everything that is read or done where an agent could write.
    None,
    /// Filters, which files need to be what they are meant to be (Git LFS): where a person trusts the repository.
    Filters,
}

/// Why git did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It is not there.
    #[error("git cannot be started ({error}); install git 2.38 or later")]
    NotStarted {
        /// What the system says.
        error: io::Error,
    },
    /// It failed.
    #[error("git {action} failed{}", words_after(.words))]
    Failed {
        /// Its subcommand.
        action: String,
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// What it printed to its standard error.
        words: String,
    },
}

/// What git said, to follow "failed".
fn words_after(words: &str) -> String {
    let line = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let line = line.trim_start_matches("fatal: ").trim_start_matches("error: ");
    if line.is_empty() { String::new() } else { format!(": {line}") }
}

/// Variables that would lead git elsewhere or have it run something.
const NOT_INHERITED: [&str; 24] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_ATTR_SOURCE",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_PAGER",
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
];

/// Settings of every call: nothing that runs a program, nothing that hides a change.
const SETTINGS: [&str; 13] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.ignoreStat=false",
    "core.untrackedCache=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "log.showSignature=false",
    "gpg.program=false",
    "diff.external=",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

impl Git {
    /// The program at a path, or one by name that the system looks for.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// A call in a folder. The first argument is the subcommand.
    ///
    /// # Errors
    /// When the filters and drivers that the repository names cannot be listed.
    pub(crate) fn call<A: AsRef<OsStr>>(
        &self,
        folder: &Path,
        programs: Programs,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Call, GitError> {
        let mut settings: Vec<OsString> = SETTINGS.map(OsString::from).to_vec();
        if programs == Programs::None {
            settings.extend(self.named_programs(folder)?);
        }
        Ok(self.call_with(folder, &settings, programs, arguments))
    }

    fn call_with<A: AsRef<OsStr>>(
        &self,
        folder: &Path,
        settings: &[OsString],
        programs: Programs,
        arguments: impl IntoIterator<Item = A>,
    ) -> Call {
        let mut command = Command::new(&self.program);
        command.current_dir(folder).arg("--no-pager");
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        let mut action = String::new();
        for argument in arguments {
            if action.is_empty() {
                action = argument.as_ref().to_string_lossy().into_owned();
            }
            command.arg(argument);
        }
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        if programs == Programs::None {
            // A missing object is not fetched: that would run what the remote's settings name.
            command.env("GIT_NO_LAZY_FETCH", "1");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Call { command, action, input: None }
    }

    /// Settings that blank every filter and driver that the repository names.
    ///
    /// A filter that is blank passes a file as it is. A merge driver is one that fails, since one that does nothing would
    /// keep one side and lose the other.
    fn named_programs(&self, folder: &Path) -> Result<Vec<OsString>, GitError> {
        let settings: Vec<OsString> = SETTINGS.map(OsString::from).to_vec();
        let pattern =
            r"^(filter\..*\.(clean|smudge|process|required)|merge\..*\.driver|diff\..*\.(command|textconv))$";
        let arguments = ["config", "-z", "--name-only", "--get-regexp", pattern];
        let output = self.call_with(folder, &settings, Programs::None, arguments).answer()?;
        // Exit code 1 says that there is none.
        Ok(output
            .stdout
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
            .map(|name| {
                let value = match () {
                    () if name.ends_with(b".driver") || name.ends_with(b".required") => "=false",
                    () => "=",
                };
                let mut setting = String::from_utf8_lossy(name).into_owned();
                setting.push_str(value);
                OsString::from(setting)
            })
            .collect())
    }

    /// The program's version: major, minor.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn version(&self) -> Result<(u32, u32), GitError> {
        let output = self.call_with(Path::new("/"), &[], Programs::None, ["version"]).text()?;
        let mut numbers = output
            .split(|character: char| !character.is_ascii_digit() && character != '.')
            .find(|word| word.contains('.'))
            .unwrap_or_default()
            .split('.')
            .map(|number| number.parse().unwrap_or_default());
        Ok((numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()))
    }
}

/// A call of git that has not been made yet.
#[derive(Debug)]
pub(crate) struct Call {
    command: Command,
    action: String,
    input: Option<Vec<u8>>,
}

impl Call {
    /// Gives it something to read.
    #[must_use]
    pub(crate) fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What it answers, whatever its exit code.
    pub(crate) fn answer(mut self) -> Result<Output, GitError> {
        let not_started = |error| GitError::NotStarted { error };
        if self.input.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child = self.command.spawn().map_err(not_started)?;
        // Written beside: git may answer before it has read everything. What it does not read it does not need.
        let writer = child
            .stdin
            .take()
            .zip(self.input)
            .map(|(mut to, bytes)| thread::spawn(move || drop(to.write_all(&bytes))));
        let output = child.wait_with_output().map_err(not_started)?;
        if let Some(writer) = writer {
            drop(writer.join());
        }
        Ok(output)
    }

    /// What it prints, when it succeeds.
    pub(crate) fn bytes(self) -> Result<Vec<u8>, GitError> {
        let action = self.action.clone();
        let output = self.answer()?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(action, &output)) }
    }

    /// The same as text, without the end of the last line.
    pub(crate) fn text(self) -> Result<String, GitError> {
        let text = String::from_utf8_lossy(&self.bytes()?).into_owned();
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// Whether it succeeds: exit code 0 is yes, 1 is no, anything else a failure.
    pub(crate) fn says_yes(self) -> Result<bool, GitError> {
        let action = self.action.clone();
        let output = self.answer()?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(action, &output)),
        }
    }

    /// Its process, to be read as it goes on.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

/// The failure that an answer is.
pub(crate) fn failed(action: String, output: &Output) -> GitError {
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    GitError::Failed { action, code: output.status.code(), words }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn repository() -> (tempfile::TempDir, Git) {
        let folder = tempfile::tempdir().unwrap();
        let git = Git::new("git");
        git.call(folder.path(), Programs::None, ["init", "-q", "-b", "main"]).unwrap().bytes().unwrap();
        (folder, git)
    }

    #[test]
    fn what_a_repository_names_is_not_run() {
        let (folder, git) = repository();
        let ran = folder.path().join("ran");
        let touch = format!("touch {}", ran.display());
        for (name, value) in [
            ("core.fsmonitor", touch.as_str()),
            ("filter.evil.clean", &touch),
            ("filter.evil.required", "true"),
            ("diff.external", &touch),
            ("diff.evil.textconv", &touch),
            ("user.name", "a"),
            ("user.email", "a@b"),
        ] {
            git.call(folder.path(), Programs::None, ["config", name, value]).unwrap().bytes().unwrap();
        }
        fs::write(folder.path().join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
        fs::write(folder.path().join("file"), "one\n").unwrap();
        for arguments in [
            vec!["add", "-A"],
            vec!["commit", "-qm", "first"],
            vec!["status", "--porcelain=v2"],
            vec!["diff", "--no-ext-diff", "--no-textconv", "HEAD"],
        ] {
            git.call(folder.path(), Programs::None, arguments).unwrap().bytes().unwrap();
        }
        assert!(!ran.exists());
        // The same with what is allowed where a person trusts the repository shows that the test can fail.
        fs::write(folder.path().join("file"), "two\n").unwrap();
        let _ = git.call(folder.path(), Programs::Filters, ["add", "-A"]).unwrap().answer().unwrap();
        assert!(ran.exists());
    }

    #[test]
    fn a_failure_says_what_git_says() {
        let (folder, git) = repository();
        let error = git.call(folder.path(), Programs::None, ["log"]).unwrap().bytes().unwrap_err();
        assert!(error.to_string().starts_with("git log failed: your current branch"), "{error}");
        let missing = Git::new("/nowhere/git");
        assert!(matches!(missing.version(), Err(GitError::NotStarted { .. })));
        assert!(git.version().unwrap() >= (2, 30));
    }
}
