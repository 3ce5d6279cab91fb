//! The git program, as everything here runs it.
//!
//! A repository can name programs: hooks, filters, diff and merge drivers, a file system monitor. A [`Call`] says which
//! of them may run, and nothing of the caller's environment that points git elsewhere is inherited. Arguments are never
//! read by a shell; whoever passes a name from outside puts it behind `--` or has it verified first.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ffi::{OsStr, OsString},
    fs,
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use super::porcelain;

/// The git program of this machine.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    /// What repositories name, where that is asked for once.
    known: Option<Arc<Mutex<Known>>>,
}

impl PartialEq for Git {
    fn eq(&self, other: &Self) -> bool {
        self.program == other.program
    }
}

impl Eq for Git {}

/// The settings that name filters and drivers, with what they name, by the folder.
type Named = BTreeMap<Vec<u8>, Vec<u8>>;

/// What was found out in one look.
#[derive(Debug, Default)]
struct Known {
    own: HashMap<PathBuf, Named>,
    within: HashMap<PathBuf, BTreeSet<Vec<u8>>>,
}

/// Which of the programs that a repository names may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programs {
    /// None: for everything that is read or done where an agent could write.
    None,
    /// Filters, which files need to be what they are meant to be (Git LFS): where a person trusts the repository. In its
    /// submodules they are the same: what a submodule's own settings name, nobody has trusted.
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
    /// Where it should work is not there any more.
    #[error("{} is not there: was it moved, or removed?", .folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
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

/// What git said, to follow "failed": the first that it calls an error says why, and what follows only that it gave up.
fn words_after(words: &str) -> String {
    let error = |line: &str| {
        let words = line.strip_prefix("error: ").or_else(|| line.strip_prefix("fatal: "))?.trim();
        Some(words.to_owned()).filter(|words| !words.is_empty())
    };
    let last = || words.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned);
    words.lines().find_map(error).or_else(last).map(|line| format!(": {line}")).unwrap_or_default()
}

/// The subcommand among arguments: what comes before it are settings and options of git itself.
fn subcommand(arguments: &[OsString]) -> String {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "-c" {
            arguments.next();
        } else if !argument.as_bytes().starts_with(b"-") {
            return argument.to_string_lossy().into_owned();
        }
    }
    String::new()
}

/// Subcommands that never look into a submodule. All others may start another git in there, which does what the submodule's
/// own settings name.
const STAY_OUTSIDE: [&str; 22] = [
    "cat-file",
    "cherry",
    "commit-tree",
    "config",
    "for-each-ref",
    "init",
    "log",
    "ls-files",
    "ls-tree",
    "merge-base",
    "merge-tree",
    "read-tree",
    "remote",
    "rev-list",
    "rev-parse",
    "show-ref",
    "symbolic-ref",
    "update-index",
    "update-ref",
    "version",
    "worktree",
    "write-tree",
];

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
        Self { program: program.into(), known: None }
    }

    /// The same for a short look at one worktree: what its settings name is asked for once, and not before each call.
    #[must_use]
    pub(crate) fn for_one_look(&self) -> Self {
        Self { program: self.program.clone(), known: Some(Arc::default()) }
    }

    /// What is known, else what is found out now.
    fn once<T: Clone>(
        &self,
        folder: &Path,
        place: impl Fn(&mut Known) -> &mut HashMap<PathBuf, T>,
        find: impl FnOnce() -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        let Some(known) = &self.known else { return find() };
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = place(&mut lock()).get(folder) {
            return Ok(found.clone());
        }
        let found = find()?;
        place(&mut lock()).insert(folder.to_owned(), found.clone());
        Ok(found)
    }

    /// A call in a folder: the top of a checkout, or a repository.
    ///
    /// # Errors
    /// When the filters and drivers that the repository names cannot be listed.
    pub(crate) fn call<A: AsRef<OsStr>>(
        &self,
        folder: &Path,
        programs: Programs,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Call, GitError> {
        self.call_on(None, folder, programs, arguments)
    }

    /// The same with another index than the checkout's own.
    ///
    /// # Errors
    /// When the filters and drivers that the repository names cannot be listed.
    pub(crate) fn call_with_index<A: AsRef<OsStr>>(
        &self,
        index: &Path,
        folder: &Path,
        programs: Programs,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Call, GitError> {
        self.call_on(Some(index), folder, programs, arguments)
    }

    fn call_on<A: AsRef<OsStr>>(
        &self,
        index: Option<&Path>,
        folder: &Path,
        programs: Programs,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Call, GitError> {
        let call = self.plain_call(index, folder, arguments);
        let find = || {
            let mut within = BTreeSet::new();
            self.add_named_within(index, folder, &mut within, &mut HashSet::new())?;
            Ok(within)
        };
        let within = match STAY_OUTSIDE.contains(&call.action.as_str()) {
            true => BTreeSet::new(),
            false => self.once(folder, |known| &mut known.within, find)?,
        };
        match programs {
            Programs::None => {
                let own = self.named_programs(folder)?.into_keys();
                let names = own.chain(within).map(|name| (name, None)).collect();
                // A missing object is not fetched: that would run what the remote's settings name.
                Ok(call.with_programs(&names).env("GIT_NO_LAZY_FETCH", "1"))
            }
            Programs::Filters if within.is_empty() => Ok(call),
            Programs::Filters => {
                let mut own = self.named_programs(folder)?;
                let names = within.into_iter().map(|name| {
                    let value = own.remove(&name);
                    (name, value)
                });
                Ok(call.with_programs(&names.collect()))
            }
        }
    }

    fn plain_call<A: AsRef<OsStr>>(
        &self,
        index: Option<&Path>,
        folder: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Call {
        let mut command = Command::new(&self.program);
        command.current_dir(folder).arg("--no-pager");
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        let arguments: Vec<OsString> =
            arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        command.args(&arguments);
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        if let Some(index) = index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Call { command, action: subcommand(&arguments), input: None }
    }

    /// The settings of a repository that name filters and drivers, and what they name.
    fn named_programs(&self, folder: &Path) -> Result<Named, GitError> {
        self.once(folder, |known| &mut known.own, || self.find_named_programs(folder))
    }

    fn find_named_programs(&self, folder: &Path) -> Result<Named, GitError> {
        let pattern =
            r"^(filter\..*\.(clean|smudge|process|required)|merge\..*\.driver|diff\..*\.(command|textconv))$";
        let arguments = ["config", "-z", "--get-regexp", pattern];
        // Exit code 1 says that there is none.
        let output = self.plain_call(None, folder, arguments).answer()?.stdout;
        let settings = output.split(|byte| *byte == 0).filter(|setting| !setting.is_empty());
        // The last of a name counts. One without a value is true.
        let parted = settings.map(|setting| match setting.iter().position(|byte| *byte == b'\n') {
            Some(end) => (setting[..end].to_vec(), setting[end + 1..].to_vec()),
            None => (setting.to_vec(), b"true".to_vec()),
        });
        Ok(parted.collect())
    }

    /// Adds those of the submodules that are checked out there, and of theirs.
    fn add_named_within(
        &self,
        index: Option<&Path>,
        folder: &Path,
        names: &mut BTreeSet<Vec<u8>>,
        seen: &mut HashSet<PathBuf>,
    ) -> Result<(), GitError> {
        let listed = self.plain_call(index, folder, ["ls-files", "--stage", "-z"]).answer()?.stdout;
        for path in porcelain::submodules(&listed) {
            let within = folder.join(OsStr::from_bytes(path));
            let is_there = fs::symlink_metadata(within.join(".git")).is_ok();
            if is_there && seen.insert(fs::canonicalize(&within).unwrap_or_else(|_| within.clone())) {
                names.extend(self.named_programs(&within)?.into_keys());
                self.add_named_within(None, &within, names, seen)?;
            }
        }
        Ok(())
    }

    /// The program's version: major, minor.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn version(&self) -> Result<(u32, u32), GitError> {
        let output = self.plain_call(None, Path::new("/"), ["version"]).text()?;
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

    /// Has settings that name filters and drivers name these, or nothing, here and in whatever git this one starts.
    ///
    /// A filter that is blank passes a file as it is. A merge driver is one that fails, since one that does nothing would
    /// keep one side and lose the other. In the environment a name is what it is, also one with an equals sign.
    fn with_programs(self, names: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Self {
        let call = self.env("GIT_CONFIG_COUNT", names.len().to_string());
        names.iter().enumerate().fold(call, |call, (number, (name, value))| {
            let fails = name.ends_with(b".driver") || name.ends_with(b".required");
            let nothing: &[u8] = if fails { b"false" } else { b"" };
            call.env(&format!("GIT_CONFIG_KEY_{number}"), OsStr::from_bytes(name)).env(
                &format!("GIT_CONFIG_VALUE_{number}"),
                OsStr::from_bytes(value.as_deref().unwrap_or(nothing)),
            )
        })
    }

    /// Starts it, to be read as it goes on.
    pub(crate) fn spawn(&mut self) -> Result<Child, GitError> {
        self.command.spawn().map_err(|error| match self.command.get_current_dir() {
            // The system says the same of a program that is not there.
            Some(folder) if !folder.is_dir() => GitError::NoFolder { folder: folder.to_owned() },
            _ => GitError::NotStarted { error },
        })
    }

    /// What it answers, whatever its exit code.
    pub(crate) fn answer(mut self) -> Result<Output, GitError> {
        if self.input.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child = self.spawn()?;
        // Written beside: git may answer before it has read everything. What it does not read it does not need.
        let writer = child
            .stdin
            .take()
            .zip(self.input)
            .map(|(mut to, bytes)| thread::spawn(move || drop(to.write_all(&bytes))));
        let output = child.wait_with_output().map_err(|error| GitError::NotStarted { error })?;
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
}

/// The failure that an answer is.
pub(crate) fn failed(action: String, output: &Output) -> GitError {
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    GitError::Failed { action, code: output.status.code(), words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

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
    fn what_a_submodule_names_is_not_run_either() {
        let sandbox = Sandbox::new();
        let (main, ran) = (sandbox.repository("shop"), sandbox.path("ran"));
        sandbox.repository("deeper");
        let library = sandbox.repository("library");
        let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
        sandbox.run(&library, &[&add[..], &["../deeper", "deep"]].concat());
        sandbox.run(&library, &["commit", "-qm", "deep"]);
        sandbox.run(&main, &[&add[..], &["../library", "sub"]].concat());
        let update = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"];
        sandbox.run(&main.join("sub"), &update);
        sandbox.run(&main, &["commit", "-qm", "sub"]);
        let touch = format!("touch {}; cat", ran.display());
        let read = |arguments: &[&str], programs| {
            // Of the same length and newer than its index, so that only the content tells.
            for within in ["sub", "sub/deep"] {
                fs::write(main.join(within).join("README.md"), "# SHOP\n").unwrap();
            }
            sandbox.git.call(&main, programs, arguments).unwrap().answer().unwrap();
            let has_run = ran.exists();
            drop(fs::remove_file(&ran));
            has_run
        };
        let status = ["status", "--porcelain=v2", "--ignore-submodules=none"];
        for within in ["sub", "sub/deep"] {
            let folder = main.join(within);
            // A name with an equals sign, too, which a setting on the command line cannot have.
            sandbox.run(&folder, &["config", "filter.e=v=il.clean", &touch]);
            let git_dir = sandbox.run(&folder, &["rev-parse", "--absolute-git-dir"]);
            fs::create_dir_all(Path::new(&git_dir).join("info")).unwrap();
            fs::write(Path::new(&git_dir).join("info/attributes"), "* filter=e=v=il\n").unwrap();
            for arguments in [&status[..], &["diff", "--ignore-submodules=none"], &["add", "--all"]] {
                assert!(!read(arguments, Programs::None), "{within} {arguments:?}");
            }
            assert!(!read(&status, Programs::Filters), "{within}: it is not what the person trusts");
            let plain =
                ["-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--ignore-submodules=none"];
            fs::write(folder.join("README.md"), "# SHOP\n").unwrap();
            sandbox.run(&main, &plain);
            assert!(fs::remove_file(&ran).is_ok(), "the test can fail");
        }
        // What the repository itself names is what runs, also where a submodule names another by the same name.
        let trusted = sandbox.path("trusted");
        sandbox.run(&main, &["config", "filter.e=v=il.clean", &format!("touch {}; cat", trusted.display())]);
        assert!(!read(&status, Programs::Filters));
        assert!(trusted.exists());
    }

    #[test]
    fn a_failure_names_its_subcommand_and_its_cause() {
        for (words, said) in [
            ("warning: x\nerror: 'a/' has no commit\nfatal: adding files failed\n", ": 'a/' has no commit"),
            ("fatal: not a git repository\nhint: y\n", ": not a git repository"),
            ("Something\nelse\n\n", ": else"),
            ("error: \n", ": error:"),
            ("", ""),
        ] {
            assert_eq!(words_after(words), said);
        }
        for (arguments, said) in [
            (&["-c", "a=b", "--literal-pathspecs", "add", "-c"][..], "add"),
            (&["log"], "log"),
            (&["-c"], ""),
        ] {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(subcommand(&arguments), said);
        }
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
