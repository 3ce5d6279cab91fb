//! Worktrees in random states, put into the trash and brought back: every byte and every commit that was there is there
//! again, or was never taken.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use jiff::Timestamp;
use orchestra_core::worktrees::{Git, NewWorktree, Repository, Subject, Trash, TrashError, create};
use orchestra_fake_claude::home::{self, Failure};
use orchestra_model::AgentId;
use sha2::{Digest, Sha256};

use super::for_each;
use crate::random::Random;

/// What was in a folder: for each path what it is, and its content.
type Manifest = BTreeMap<OsString, (u32, Vec<u8>)>;

/// Tries so many states.
pub(super) fn run(seed: u64, times: u64) -> Result<String, Failure> {
    let bases = Bases::make()?;
    let outcomes = for_each(times, |number| {
        one(&bases, seed.wrapping_add(number))
            .map_err(|failure| format!("state {}: {failure}", seed.wrapping_add(number)))
    })?;
    let taken = outcomes.iter().filter(|taken| **taken).count();
    Ok(format!("{taken} taken and brought back, {} kept, 0 bytes lost", outcomes.len() - taken))
}

/// The repositories that states begin as: made once, then copied. What is tried is the clean-up, not `git init`.
struct Bases {
    _folder: tempfile::TempDir,
    plain: PathBuf,
    with_attributes: PathBuf,
}

impl Bases {
    fn make() -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let [plain, with_attributes] = ["plain", "with-attributes"].map(|name| folder.path().join(name));
        for base in [&plain, &with_attributes] {
            let failed = |error: io::Error| error.to_string();
            fs::create_dir_all(base.join("src")).map_err(failed)?;
            for (name, content) in [
                ("README.md", "# Shop\n"),
                ("src/a.rs", "fn a() {}\n"),
                ("src/b.rs", "fn b() {}\n"),
                (".gitignore", "target/\n*.env\ndata/\n"),
            ] {
                fs::write(base.join(name), content).map_err(failed)?;
            }
            if base == &with_attributes {
                fs::write(base.join(".gitattributes"), "*.md text eol=crlf\n*.rs filter=upper\n")
                    .map_err(failed)?;
            }
            let git = |arguments: &[&str]| output_of(home::git(base, folder.path()).args(arguments), &[]);
            git(&["init", "-q", "-b", "main", "--template="])?;
            // Tidying up by itself would start two programs after each commit, to find nothing to do.
            git(&["config", "maintenance.auto", "false"])?;
            git(&["add", "-A"])?;
            git(&["commit", "-q", "-m", "first"])?;
        }
        Ok(Self { _folder: folder, plain, with_attributes })
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// What a command prints when it succeeds, given something to read.
fn output_of(command: &mut Command, input: &[u8]) -> Result<String, Failure> {
    let mut run = || -> io::Result<_> {
        let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input)?;
        }
        child.wait_with_output()
    };
    let output = run().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

struct State {
    root: tempfile::TempDir,
    main: PathBuf,
    worktree: PathBuf,
    random: Random,
}

/// One state; answers whether it was taken.
fn one(bases: &Bases, seed: u64) -> Result<bool, Failure> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let root = tempfile::tempdir().map_err(|error| text(&error))?;
    let path = root.path().canonicalize().map_err(|error| text(&error))?;
    let mut state = State {
        main: path.join("shop"),
        worktree: path.join("state/worktrees/shop/abcd2345"),
        root,
        random: Random::new(seed),
    };
    let git = Git::new("git");
    let agent: AgentId = "abcd2345".parse().map_err(|error| text(&error))?;
    state.make_repository(bases)?;
    let repository = Repository::open(&git, &state.main).map_err(|error| text(&error))?;
    let commit = repository.resolve(None).map_err(|error| text(&error))?.commit;
    let new = NewWorktree { agent: &agent, path: &state.worktree, branch: "orchestra/work", commit: &commit };
    create(&repository, &new).map_err(|error| text(&error))?;
    let steps = 1 + state.random.below(7);
    for _ in 0..steps {
        state.change();
    }
    let (before, commits) = (manifest(&state.worktree)?, state.commits());
    let trash = Trash::new(&path.join("state"), &git);
    let targets = ["main".to_owned()];
    let anyway = state.random.once_in(2);
    let subject =
        Subject { repository: &repository, worktree: &state.worktree, agent: &agent, targets: &targets };
    let taken = match trash.put(&subject, anyway, Timestamp::UNIX_EPOCH) {
        Ok(_) => true,
        Err(TrashError::Kept { .. }) => false,
        Err(error) => return Err(format!("put: {error}")),
    };
    if taken {
        if state.worktree.exists() {
            return Err("it was taken and is still there".to_owned());
        }
        if state.random.once_in(3) {
            // git's own clean-up must not find anything to take.
            state.git(&state.main, &["gc", "-q", "--prune=now"])?;
        }
        if state.random.once_in(4) {
            // The branch is taken by somebody else's work meanwhile.
            drop(state.git(&state.main, &["branch", "-f", "orchestra/work", "main"]));
        }
        trash.restore(&agent).map_err(|error| format!("restore: {error}"))?;
    }
    let after = manifest(&state.worktree)?;
    if before != after {
        let lost: Vec<_> = before
            .iter()
            .filter(|(path, what)| after.get(*path) != Some(what))
            .map(|(path, _)| path)
            .collect();
        return Err(format!("anyway {anyway}, taken {taken}: not as before: {lost:?}"));
    }
    let mut look = home::git(&state.main, state.root.path());
    let found = output_of(look.args(["cat-file", "--batch-check"]), commits.join("\n").as_bytes())?;
    let is_there = |(said, commit): (&str, &String)| said.starts_with(&format!("{commit} commit "));
    if found.lines().count() != commits.len() || !found.lines().zip(&commits).all(is_there) {
        return Err(format!("anyway {anyway}, taken {taken}: commits are gone: {found}"));
    }
    Ok(taken)
}

impl State {
    fn git(&self, folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
        output_of(home::git(folder, self.root.path()).args(arguments), &[])
    }

    /// git in the worktree, whether that goes in the state it is in or not.
    fn try_git(&self, arguments: &[&str]) {
        drop(self.git(&self.worktree, arguments));
    }

    fn make_repository(&mut self, bases: &Bases) -> Result<(), Failure> {
        let base = if self.random.once_in(6) { &bases.with_attributes } else { &bases.plain };
        copy(base, &self.main).map_err(|error| error.to_string())?;
        // Written as `git config` writes them, all at once.
        let mut settings = String::new();
        if self.random.once_in(5) {
            settings.push_str("[status]\n\tshowUntrackedFiles = no\n");
        }
        if self.random.once_in(6) {
            settings.push_str("[core]\n\tautocrlf = true\n");
        }
        if self.random.once_in(6) {
            settings.push_str("[filter \"upper\"]\n\tclean = tr a-z A-Z\n");
        }
        if self.random.once_in(6) {
            let ran = self.root.path().join("ran");
            settings.push_str(&format!("[core]\n\tfsmonitor = touch {}\n", ran.display()));
        }
        let config = fs::OpenOptions::new().append(true).open(self.main.join(".git/config"));
        config.and_then(|mut config| config.write_all(settings.as_bytes())).map_err(|error| error.to_string())
    }

    /// A name that nothing else has, odd ones among them.
    fn name(&mut self) -> OsString {
        let number = self.random.below(1000);
        let plain = format!("file-{number}");
        match self.random.below(8) {
            0 => OsString::from(format!("-{plain}")),
            1 => OsString::from(format!("{plain}\nwith a line")),
            2 => OsString::from(format!("{plain} 🎉 ü")),
            3 => OsString::from_vec([plain.as_bytes(), b"\xff\xfe"].concat()),
            4 => OsString::from(format!("\"{plain}\"*?[a]")),
            _ => OsString::from(plain),
        }
    }

    fn write(&mut self, folder: &str) {
        let (folder, name) = (self.worktree.join(folder), self.name());
        let size = if self.random.once_in(10) { 200_000 } else { self.random.below(300) };
        let content: Vec<u8> = (0..size).map(|_| b"abc\r\n\0xyz"[self.random.below(9) as usize]).collect();
        let path = folder.join(name);
        drop(fs::create_dir_all(&folder).and_then(|()| fs::write(&path, content)));
        if self.random.once_in(5) {
            drop(fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
        }
    }

    /// Something that an agent, or a person, may have done there.
    fn change(&mut self) {
        match self.random.below(24) {
            0 => self.write(""),
            1 => self.write("deep/er"),
            2 => {
                self.write("");
                self.try_git(&["add", "-A"]);
            }
            3 | 4 => {
                self.write("src");
                self.try_git(&["add", "-A"]);
                self.try_git(&["commit", "-q", "-m", "work"]);
            }
            5 => drop(fs::write(self.worktree.join("README.md"), "edited\n")),
            6 => drop(fs::remove_file(self.worktree.join("src/a.rs"))),
            7 => drop(fs::write(self.worktree.join("secret.env"), format!("KEY={}\n", self.random.next()))),
            8 => self.write("data"),
            9 => self.write("target/debug"),
            10 => drop(fs::create_dir_all(self.worktree.join("empty/folder"))),
            11 => drop(symlink("/etc/passwd", self.worktree.join("a link"))),
            12 => {
                let flag = if self.random.once_in(2) { "--assume-unchanged" } else { "--skip-worktree" };
                self.try_git(&["update-index", flag, "src/b.rs"]);
                drop(fs::write(self.worktree.join("src/b.rs"), "hidden\n"));
            }
            13 => {
                self.try_git(&["checkout", "-q", "--detach"]);
                self.write("");
                self.try_git(&["add", "-A"]);
                self.try_git(&["commit", "-q", "-m", "detached"]);
            }
            14 => self.try_git(&["commit", "-q", "--amend", "-m", "amended", "--allow-empty"]),
            15 => {
                self.write("src");
                self.try_git(&["add", "-A"]);
                self.try_git(&["commit", "-q", "-m", "thrown away"]);
                self.try_git(&["reset", "-q", "--hard", "HEAD~1"]);
            }
            16 => {
                // A merge that stops in a conflict.
                self.try_git(&["branch", "other", "main"]);
                drop(fs::write(self.worktree.join("README.md"), "ours\n"));
                self.try_git(&["commit", "-qam", "ours"]);
                drop(fs::write(self.main.join("README.md"), "theirs\n"));
                drop(self.git(&self.main, &["commit", "-qam", "theirs"]));
                let how = if self.random.once_in(2) { "merge" } else { "rebase" };
                self.try_git(&[how, "main"]);
            }
            17 => {
                // A repository within.
                let within = self.worktree.join("nested");
                drop(fs::create_dir_all(&within));
                drop(self.git(&within, &["init", "-q"]));
                drop(fs::write(within.join("file"), "nested\n"));
                drop(self.git(&within, &["add", "-A"]));
                drop(self.git(&within, &["commit", "-q", "-m", "nested"]));
            }
            18 => drop(self.git(&self.main, &["merge", "-q", "--no-edit", "orchestra/work"])),
            19 => {
                drop(self.git(&self.main, &["merge", "-q", "--squash", "orchestra/work"]));
                drop(self.git(&self.main, &["commit", "-q", "-m", "squashed"]));
            }
            20 => self.try_git(&["stash", "-q", "-u"]),
            21 => {
                self.try_git(&["update-ref", "refs/worktree/own", "HEAD"]);
            }
            22 => drop(fs::write(self.worktree.join("x.pyc"), "made anew\n")),
            _ => {
                self.try_git(&["add", "-A"]);
                self.try_git(&["commit", "-q", "-m", "everything"]);
            }
        }
    }

    /// Every commit that the worktree knows.
    fn commits(&self) -> Vec<String> {
        let mut commits = Vec::new();
        let refs = ["for-each-ref", "--format=%(objectname)", "refs/heads/orchestra/work", "refs/worktree"];
        for arguments in
            [&["rev-parse", "--verify", "HEAD"][..], &["log", "-g", "--format=%H", "HEAD", "--"], &refs]
        {
            let said = self.git(&self.worktree, arguments).unwrap_or_default();
            commits.extend(said.lines().map(str::to_owned));
        }
        commits.sort();
        commits.dedup();
        commits
    }
}

/// Everything below a folder but git's own file at its top.
fn manifest(folder: &Path) -> Result<Manifest, Failure> {
    let mut found = Manifest::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).map_err(|error| format!("{}: {error}", next.display()))? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).as_os_str().to_owned();
            let data = fs::symlink_metadata(&path).map_err(|error| error.to_string())?;
            let content = if name == ".git" {
                continue;
            } else if data.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else if data.is_symlink() {
                fs::read_link(&path)
                    .map(|target| target.as_os_str().as_bytes().to_vec())
                    .map_err(|error| error.to_string())?
            } else {
                let bytes = fs::read(&path).map_err(|error| error.to_string())?;
                Sha256::digest(bytes).to_vec()
            };
            found.insert(name, (data.permissions().mode(), content));
        }
    }
    Ok(found)
}
