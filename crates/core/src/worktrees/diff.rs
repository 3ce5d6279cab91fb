//! What a worktree holds against its base: commits, what is staged, what is not, and files that git does not track yet.
//!
//! The worktree stays as it is: an index beside its own takes what is untracked in.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use orchestra_model::{Changes, DiffStat};

use super::{
    Git, GitError, Programs,
    create::admin_dir_of,
    embedded::{ADD, all_of},
    git::Call,
    porcelain,
};

/// Work to be compared with what it started from.
#[derive(Clone, Debug)]
pub struct Work<'a> {
    /// The git program.
    pub git: &'a Git,
    /// The folder that all worktrees of the repository share.
    pub common_dir: &'a Path,
    /// The worktree, while there is one.
    pub worktree: Option<&'a Path>,
    /// Its branch, or commit.
    pub branch: &'a str,
    /// What it is compared with: the branch that it goes back to, or the commit that it started from.
    pub base: &'a str,
}

/// Why work could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The copy of the index could not be made, or the outcome not be written.
    #[error("the changes could not be read: {0}")]
    Io(#[from] io::Error),
}

/// An index that can be written to without anybody noticing; removed with the value.
pub(super) struct ScratchIndex(pub(super) PathBuf);

impl ScratchIndex {
    /// A copy of a worktree's index, which knows what was not changed since.
    fn of(worktree: &Path) -> io::Result<Self> {
        Self::copy_of(&admin_dir_of(worktree)?.join("index"))
    }

    /// A copy of an index, beside it.
    pub(super) fn copy_of(index: &Path) -> io::Result<Self> {
        let folder = index.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let scratch = Self(tempfile_beside(folder));
        let written = match fs::metadata(index).and_then(|metadata| metadata.modified()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(scratch),
            written => written?,
        };
        fs::copy(index, &scratch.0)?;
        // What was changed in the second in which the index was written may look as it did then: git looks closer when
        // a file is no older than its index.
        File::options().write(true).open(&scratch.0)?.set_modified(written)?;
        Ok(scratch)
    }
}

fn tempfile_beside(admin: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    admin.join(format!("orchestra-index-{}-{number}", std::process::id()))
}

impl Drop for ScratchIndex {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        // git's own, should it have been killed in between.
        let _ = fs::remove_file(self.0.with_extension("lock"));
    }
}

/// A commit of everything that a worktree holds, on top of its `HEAD`, which nothing points to: what committing it all
/// would give. The worktree and its index stay as they are. A repository within it is left out.
///
/// # Errors
/// When git fails.
pub fn preview_commit(git: &Git, worktree: &Path) -> Result<String, DiffError> {
    let scratch = ScratchIndex::of(worktree)?;
    let call = |arguments: &[&str]| -> Result<Call, GitError> {
        // As it would be committed: large files as their pointers.
        git.call_with_index(&scratch.0, worktree, Programs::Filters, arguments)
    };
    call(&[&["add", "--all"], &ADD[..]].concat())?.input(all_of(git, worktree)?).bytes()?;
    let tree = call(&["write-tree"])?.text()?;
    let mut commit = call(&["commit-tree", &tree, "-p", "HEAD", "-m", "preview"])?;
    for who in ["AUTHOR", "COMMITTER"] {
        commit = commit
            .env(&format!("GIT_{who}_NAME"), "Orchestra")
            .env(&format!("GIT_{who}_EMAIL"), "orchestra@localhost");
    }
    Ok(commit.text()?)
}

impl Work<'_> {
    /// A `git diff` of the whole work with some more arguments, and what it needs while it runs.
    fn call(&self, arguments: &[&str]) -> Result<(Call, String, Option<ScratchIndex>), DiffError> {
        let folder = self.worktree.unwrap_or(self.common_dir);
        let head = if self.worktree.is_some() { "HEAD" } else { self.branch };
        let find = ["merge-base", "--end-of-options", self.base, head];
        let base = self.git.call(folder, Programs::None, find)?.text()?;
        // Read by programs too: what a person set for their own eyes is not for them.
        let mut all = vec![
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=none",
            "--no-color",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "-M",
        ];
        all.extend_from_slice(arguments);
        all.push(&base);
        let Some(worktree) = self.worktree else {
            all.extend([head, "--"]);
            return Ok((self.git.call(folder, Programs::None, all)?, base, None));
        };
        all.push("--");
        let scratch = ScratchIndex::of(worktree)?;
        let call =
            |arguments: &[&str]| self.git.call_with_index(&scratch.0, folder, Programs::None, arguments);
        call(&[&["add", "--intent-to-add"], &ADD[..]].concat())?
            .input(all_of(self.git, worktree)?)
            .bytes()?;
        let call = call(&all)?;
        Ok((call, base, Some(scratch)))
    }

    /// The files that were changed, and how much.
    ///
    /// # Errors
    /// When git fails.
    pub fn changes(&self) -> Result<Changes, DiffError> {
        let (call, base, _scratch) = self.call(&["--raw", "--numstat", "-z"])?;
        let files = porcelain::changes(&call.bytes()?);
        let stat = files.iter().fold(DiffStat::default(), |sum, file| DiffStat {
            files: sum.files + 1,
            insertions: sum.insertions + file.insertions,
            deletions: sum.deletions + file.deletions,
        });
        Ok(Changes { base, stat, files })
    }

    /// Writes the changes as a unified diff, at most so many bytes of it. Answers whether that was all.
    ///
    /// # Errors
    /// When git fails or the diff cannot be written.
    pub fn write_patch(&self, out: &mut dyn Write, most: u64) -> Result<bool, DiffError> {
        let (mut call, _, _scratch) = self.call(&["--patch"])?;
        let mut child = call.spawn()?;
        let Some(mut output) = child.stdout.take() else { return Ok(true) };
        let copied = io::copy(&mut (&mut output).take(most), out);
        let is_all = copied.as_ref().is_ok_and(|copied| *copied < most) || output.read(&mut [0])? == 0;
        // Who reads no further lets it end.
        drop(output);
        child.wait()?;
        copied?;
        Ok(is_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::{Repository, testing::Sandbox};

    fn changed(sandbox: &Sandbox, worktree: Option<&Path>) -> Changes {
        let main = Repository::open(&sandbox.git, &sandbox.path("shop")).unwrap();
        let work =
            Work { git: &sandbox.git, common_dir: main.common_dir(), worktree, branch: "side", base: "main" };
        let mut patch = Vec::new();
        assert!(work.write_patch(&mut patch, 1 << 20).unwrap());
        let changes = work.changes().unwrap();
        for file in &changes.files {
            let name = file.path.split(['\n', '\u{fffd}']).next().unwrap();
            assert!(memchr::memmem::find(&patch, name.as_bytes()).is_some(), "{file:?}");
        }
        assert!(!work.write_patch(&mut Vec::new(), 10).unwrap());
        changes
    }

    #[test]
    fn what_is_changed_in_the_second_of_its_commit_counts() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.run(&main, &["config", "core.trustctime", "false"]);
        sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
        let side = sandbox.path("side");
        // A file, the index that knows it, and its change, all of one second that is long over: only the content tells.
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
        let date_back =
            |file: &Path| File::options().write(true).open(file).unwrap().set_modified(then).unwrap();
        fs::write(side.join("count"), "1\n").unwrap();
        date_back(&side.join("count"));
        sandbox.run(&side, &["add", "count"]);
        sandbox.run(&side, &["commit", "-q", "-m", "count"]);
        fs::write(side.join("count"), "2\n").unwrap();
        date_back(&side.join("count"));
        date_back(&main.join(".git/worktrees/side/index"));
        let common_dir = &main.join(".git");
        let (git, worktree) = (&sandbox.git, Some(side.as_path()));
        let work = Work { git, common_dir, worktree, branch: "side", base: "side" };
        let mut patch = Vec::new();
        work.write_patch(&mut patch, 1 << 20).unwrap();
        let said = String::from_utf8(patch).unwrap();
        assert!(said.contains("-1\n+2\n"), "{said}");
        let preview = preview_commit(&sandbox.git, &side).unwrap();
        assert_eq!(sandbox.run(&side, &["show", &format!("{preview}:count")]), "2");
    }

    #[test]
    fn a_repository_within_is_left_out() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
        let side = sandbox.path("side");
        fs::create_dir(side.join("lib")).unwrap();
        fs::write(side.join("lib/plain"), "1\n").unwrap();
        sandbox.run(&side, &["init", "-q", "lib/without"]);
        fs::write(side.join("lib/without/file"), "1\n").unwrap();
        let with = sandbox.repository("side/with");
        sandbox.commit(&with, "file", "1\n");
        let changes = changed(&sandbox, Some(&side));
        let paths: Vec<&str> = changes.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["lib/plain"]);
        let preview = preview_commit(&sandbox.git, &side).unwrap();
        let tree = sandbox.run(&side, &["ls-tree", "-r", "--name-only", &preview]);
        assert_eq!(tree.lines().collect::<Vec<_>>(), ["README.md", "lib/plain"]);
    }

    #[test]
    fn everything_counts_and_nothing_is_touched() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.commit(&main, "old name", &"line\n".repeat(20));
        sandbox.commit(&main, "gone", "x\n");
        sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
        let side = sandbox.path("side");
        sandbox.commit(&side, "committed", "1\n2\n");
        // The base goes on meanwhile: that is no change of the worktree's.
        sandbox.commit(&main, "elsewhere", "1\n");
        sandbox.run(&side, &["mv", "old name", "new name"]);
        fs::write(side.join("staged"), "s\n").unwrap();
        sandbox.run(&side, &["add", "staged"]);
        fs::write(side.join("README.md"), "# Shop\nmore\n").unwrap();
        fs::remove_file(side.join("gone")).unwrap();
        fs::write(side.join("binary"), [0, 1, 2, 0]).unwrap();
        fs::write(side.join("-x\n\"ü\t🎉"), "odd\n").unwrap();
        fs::write(side.join(".gitignore"), "ignored\n").unwrap();
        fs::write(side.join("ignored"), "i\n").unwrap();
        let before = sandbox.run(&side, &["status", "--porcelain", "-z"]);
        let index = fs::read(main.join(".git/worktrees/side/index")).unwrap();
        let changes = changed(&sandbox, Some(&side));
        let said: Vec<String> = changes
            .files
            .iter()
            .map(|file| {
                format!("{}{} {:?}", file.kind.letter(), if file.is_binary { "b" } else { "" }, file.path)
            })
            .collect();
        assert_eq!(
            said,
            [
                "A \"-x\\n\\\"ü\\t🎉\"",
                "A \".gitignore\"",
                "M \"README.md\"",
                "Ab \"binary\"",
                "A \"committed\"",
                "D \"gone\"",
                "R \"new name\"",
                "A \"staged\"",
            ]
        );
        assert_eq!(changes.stat, DiffStat { files: 8, insertions: 6, deletions: 1 });
        assert_eq!(changes.files[6].old_path.as_deref(), Some("old name"));
        assert_eq!(sandbox.run(&side, &["status", "--porcelain", "-z"]), before);
        assert_eq!(fs::read(main.join(".git/worktrees/side/index")).unwrap(), index);
        let left = fs::read_dir(main.join(".git/worktrees/side")).unwrap().flatten();
        assert!(
            left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("orchestra-index"))
        );
        // Without its worktree, the branch's commits are what is left to compare.
        let branch = changed(&sandbox, None);
        assert_eq!(branch.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["committed"]);
    }
}
