//! Taking a branch into another: tried out first, so that a conflict changes nothing.
//!
//! The commit is made beside every checkout; then the target moves to it in one step, from exactly where it stood.

use std::{fs::File, path::PathBuf};

use super::{
    GitError, Programs, Repository,
    compare::{Tried, commit_of, is_ancestor, tree_of, try_merge},
    git::failed,
    porcelain, under_way,
};

mod in_the_way;

/// A branch to be taken into another.
#[derive(Clone, Debug)]
pub struct Merge<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The branch to be taken, or a commit.
    pub branch: &'a str,
    /// The local branch that takes it.
    pub into: &'a str,
    /// Whether it becomes one commit without a trace of its own.
    pub squash: bool,
    /// What the commit says, where one is made.
    pub message: &'a str,
}

/// What a merge did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// There was nothing to take.
    Nothing,
    /// The target went forward to the branch.
    FastForward {
        /// Where it stands now.
        commit: String,
    },
    /// A commit was made.
    Commit {
        /// It.
        commit: String,
    },
}

impl Merged {
    /// Where the target stands then; `None` when there was nothing to take.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::FastForward { commit } | Self::Commit { commit } => Some(commit),
        }
    }
}

/// A merge that was made and has not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Where the target stood.
    pub from: String,
    /// What it would become.
    pub merged: Merged,
}

/// Why a branch was not taken. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// There is no such branch to take it.
    #[error("there is no branch {branch:?} to merge into")]
    NoTarget {
        /// What was asked for.
        branch: String,
    },
    /// There is nothing of that name to take.
    #[error("there is no branch {branch:?} to merge")]
    NoBranch {
        /// What was asked for.
        branch: String,
    },
    /// Both changed the same.
    #[error("{branch} and {into} change the same lines of {}", .files.join(", "))]
    Conflict {
        /// The branch.
        branch: String,
        /// The target.
        into: String,
        /// The files.
        files: Vec<String>,
    },
    /// The target is checked out, and files there are in the way.
    #[error("{} has changes of its own that are in the way: {}", .folder.display(), .files.join(", "))]
    InTheWay {
        /// The checkout.
        folder: PathBuf,
        /// The files.
        files: Vec<String>,
    },
    /// The target is being rebased or bisected, or something is under way where it is checked out.
    #[error("{branch} cannot move: {what} is under way in {}", .folder.display())]
    UnderWay {
        /// The target.
        branch: String,
        /// The checkout.
        folder: PathBuf,
        /// What: a rebase, a merge and the like.
        what: &'static str,
    },
    /// The target moved meanwhile.
    #[error("{branch} was changed meanwhile")]
    Moved {
        /// The target.
        branch: String,
    },
    /// Something is under way where the work is, or files there are in conflict: a commit would take it half done.
    #[error("in {} {what}", .folder.display())]
    Unfinished {
        /// The worktree.
        folder: PathBuf,
        /// What, as the rest of the sentence.
        what: String,
    },
    /// There are repositories within the worktree that are no submodules: a commit would only name them.
    #[error(
        "{} holds git repositories of its own, whose commits would stay behind: {}; add each as a submodule of where it is published, or remove its .git so that its files are taken",
        .folder.display(),
        .paths.join(", ")
    )]
    Embedded {
        /// The worktree.
        folder: PathBuf,
        /// Where.
        paths: Vec<String>,
    },
    /// Submodules of the worktree are at commits that nobody else has, which the target would name.
    #[error(
        "in {} the submodule {} is at a commit that was not pushed: nobody else could check it out",
        .folder.display(),
        .paths.join(", ")
    )]
    Unpushed {
        /// The worktree.
        folder: PathBuf,
        /// Where.
        paths: Vec<String>,
    },
    /// git does not know who commits.
    #[error("git does not know who you are, and a commit needs a name and an address")]
    NoIdentity,
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl MergeError {
    /// Of a commit that git did not make.
    pub(super) fn of_commit(error: GitError) -> Self {
        match &error {
            GitError::Failed { words, .. }
                if words.contains("user.email") || words.contains("empty ident") =>
            {
                Self::NoIdentity
            }
            _ => error.into(),
        }
    }
}

impl Merge<'_> {
    /// The branch as people call it.
    fn short_name(&self) -> String {
        self.branch.strip_prefix("refs/heads/").unwrap_or(self.branch).to_owned()
    }

    /// Takes the branch.
    ///
    /// # Errors
    /// When that does not go; then nothing has changed.
    pub fn run(&self) -> Result<Made, MergeError> {
        let _alone = self.alone();
        let made = self.make()?;
        self.move_to(&made)?;
        Ok(made)
    }

    /// Held while a branch moves. git reads what is staged in a checkout before it locks that: two merges at once would drop
    /// each other's files from it. Where the file system has no locks, it is as with git itself.
    fn alone(&self) -> Option<File> {
        let held = File::open(self.repository.common_dir()).ok()?;
        held.lock().ok()?;
        Some(held)
    }

    /// Makes what the target would become, which nothing points to yet.
    ///
    /// # Errors
    /// When the branch does not go into the target.
    pub fn make(&self) -> Result<Made, MergeError> {
        let (git, common) = (self.repository.git(), self.repository.common_dir());
        let target = format!("refs/heads/{}", self.into);
        let no_target = || MergeError::NoTarget { branch: self.into.to_owned() };
        if !self.repository.has_branch(self.into)? {
            return Err(no_target());
        }
        let ours = commit_of(self.repository, &target)?.ok_or_else(no_target)?;
        let theirs = commit_of(self.repository, self.branch)?
            .ok_or_else(|| MergeError::NoBranch { branch: self.short_name() })?;
        if is_ancestor(self.repository, &theirs, &ours)? {
            return Ok(Made { from: ours, merged: Merged::Nothing });
        }
        // Found out now, so that nothing is checked in vain.
        self.checkout_to_move(&target)?;
        let is_ahead = is_ancestor(self.repository, &ours, &theirs)?;
        let merged = if is_ahead && !self.squash {
            Merged::FastForward { commit: theirs }
        } else {
            let tree = match try_merge(git, common, &ours, &theirs)? {
                Tried::Tree(tree) => tree,
                Tried::Conflict(files) => {
                    let (branch, into) = (self.short_name(), self.into.to_owned());
                    return Err(MergeError::Conflict { branch, into, files });
                }
            };
            if self.squash && tree_of(git, common, &ours)? == tree {
                return Ok(Made { from: ours, merged: Merged::Nothing });
            }
            Merged::Commit { commit: self.commit(&tree, &ours, &theirs)? }
        };
        Ok(Made { from: ours, merged })
    }

    /// Sees whether the target's checkout, if it has one, could go to what was made. It stays as it is.
    ///
    /// # Errors
    /// When files there are in the way.
    pub fn see_that_it_arrives(&self, made: &Made) -> Result<(), MergeError> {
        let checkout = self.checkout_to_move(&format!("refs/heads/{}", self.into))?;
        let (Some(folder), Some(commit)) = (checkout, made.merged.commit()) else { return Ok(()) };
        match in_the_way::in_the_way(self.repository.git(), &folder, &made.from, commit)? {
            Some(files) => Err(MergeError::InTheWay { folder, files }),
            None => Ok(()),
        }
    }

    /// Moves the target to what was made, from exactly where it stood then.
    ///
    /// # Errors
    /// When it was moved meanwhile, or what is in its checkout is in the way; then nothing has changed.
    pub fn arrive(&self, made: &Made) -> Result<(), MergeError> {
        let _alone = self.alone();
        self.move_to(made)
    }

    fn move_to(&self, made: &Made) -> Result<(), MergeError> {
        match made.merged.commit() {
            Some(commit) => self.go_to(&format!("refs/heads/{}", self.into), &made.from, commit),
            None => Ok(()),
        }
    }

    /// Makes the commit, which nothing points to yet.
    fn commit(&self, tree: &str, ours: &str, theirs: &str) -> Result<String, MergeError> {
        let mut arguments = vec!["commit-tree", tree, "-p", ours];
        if !self.squash {
            arguments.extend(["-p", theirs]);
        }
        let call = self.repository.git().call(self.repository.common_dir(), Programs::None, arguments)?;
        call.input(self.message.as_bytes().to_vec()).text().map_err(MergeError::of_commit)
    }

    /// Moves the target, in its checkout if it has one.
    fn go_to(&self, target: &str, from: &str, to: &str) -> Result<(), MergeError> {
        let (git, common) = (self.repository.git(), self.repository.common_dir());
        let moved = || MergeError::Moved { branch: self.into.to_owned() };
        let Some(folder) = self.checkout_to_move(target)? else {
            let message = format!("orchestra merge {}", self.branch);
            let arguments = ["update-ref", "-m", &message, target, to, from];
            let output = git.call(common, Programs::None, arguments)?.answer()?;
            return if output.status.success() { Ok(()) } else { Err(moved()) };
        };
        if commit_of(self.repository, target)?.as_deref() != Some(from) {
            return Err(moved());
        }
        // A person's own checkout: its files get their filters, and git itself sees that nothing there is lost, what it
        // ignores neither. What the branch's settings say of merges is not for this one.
        let arguments =
            ["merge", "--ff-only", "--no-squash", "--no-autostash", "--no-overwrite-ignore", "--quiet", to];
        let output = git.call(&folder, Programs::Filters, arguments)?.answer()?;
        let stands = commit_of(self.repository, target)?;
        if output.status.success() && stands.as_deref() == Some(to) {
            return Ok(());
        }
        if stands.as_deref() != Some(from) {
            return Err(moved());
        }
        // git names each on a line of its own.
        let words = String::from_utf8_lossy(&output.stderr);
        let files: Vec<String> =
            words.lines().filter_map(|line| line.strip_prefix('\t')).map(str::to_owned).collect();
        match files.as_slice() {
            [] => {
                // git changes the files before the branch, and leaves them so when that cannot move.
                drop(git.call(&folder, Programs::Filters, ["read-tree", "-m", "-u", to, from])?.answer()?);
                Err(failed("merge".to_owned(), &output).into())
            }
            _ => Err(MergeError::InTheWay { folder, files }),
        }
    }

    /// Where the target is checked out, if it is, and nothing is under way that would move it back or has to end first.
    fn checkout_to_move(&self, target: &str) -> Result<Option<PathBuf>, MergeError> {
        let (git, common) = (self.repository.git(), self.repository.common_dir());
        let under_way =
            |folder, what| Err(MergeError::UnderWay { branch: self.into.to_owned(), folder, what });
        if let Some((folder, what)) = under_way::where_held(self.repository, target) {
            return under_way(folder, what);
        }
        let list = git.call(common, Programs::None, ["worktree", "list", "--porcelain", "-z"])?.bytes()?;
        // One that was removed by hand has no files to keep up to date.
        let Some(folder) = porcelain::checkout_of(&list, target).filter(|folder| folder.is_dir()) else {
            return Ok(None);
        };
        match under_way::what_in(git, &folder)? {
            Some(what) => under_way(folder, what),
            None => Ok(Some(folder)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::worktrees::{conflicts, has_all, testing::Sandbox};

    struct World {
        sandbox: Sandbox,
        main: PathBuf,
        side: PathBuf,
    }

    impl World {
        fn new() -> Self {
            let sandbox = Sandbox::new();
            let main = sandbox.repository("shop");
            sandbox.commit(&main, "a", "1\n2\n3\n");
            sandbox.run(&main, &["worktree", "add", "-q", "-b", "side", "../side"]);
            let side = sandbox.path("side");
            Self { sandbox, main, side }
        }

        fn merge(&self, into: &str, squash: bool) -> Result<Merged, MergeError> {
            let repository = Repository::open(&self.sandbox.git, &self.main).unwrap();
            Merge { repository: &repository, branch: "side", into, squash, message: "taken\n" }
                .run()
                .map(|made| made.merged)
        }

        /// Everything that a merge could change.
        fn all(&self) -> String {
            let refs = self.sandbox.run(&self.main, &["for-each-ref"]);
            let status = self.sandbox.run(&self.main, &["status", "--porcelain"]);
            format!("{refs}\n{status}\n{}", self.sandbox.run(&self.main, &["rev-parse", "HEAD"]))
        }
    }

    #[test]
    fn forward_when_that_goes_else_a_merge() {
        let world = World::new();
        assert_eq!(world.merge("main", false).unwrap(), Merged::Nothing);
        let tip = world.sandbox.commit(&world.side, "b", "b\n");
        // Work of a person's own that is not in the way stays.
        fs::write(world.main.join("own"), "own\n").unwrap();
        fs::write(world.main.join("README.md"), "changed\n").unwrap();
        assert_eq!(world.merge("main", false).unwrap(), Merged::FastForward { commit: tip });
        assert_eq!(fs::read_to_string(world.main.join("b")).unwrap(), "b\n");
        assert_eq!(world.sandbox.run(&world.main, &["status", "--porcelain"]), " M README.md\n?? own");
        world.sandbox.commit(&world.main, "c", "c\n");
        world.sandbox.commit(&world.side, "d", "d\n");
        let Merged::Commit { commit } = world.merge("main", false).unwrap() else { panic!("no commit") };
        assert_eq!(world.sandbox.run(&world.main, &["rev-parse", "HEAD"]), commit);
        let parents = world.sandbox.run(&world.main, &["log", "-1", "--format=%P %s"]);
        assert_eq!(parents.split(' ').count(), 3, "{parents}");
        assert!(world.main.join("d").exists());
    }

    #[test]
    fn squashed_into_a_branch_that_nobody_has_checked_out() {
        let world = World::new();
        world.sandbox.run(&world.main, &["branch", "release"]);
        world.sandbox.commit(&world.side, "b", "b\n");
        world.sandbox.commit(&world.side, "c", "c\n");
        let before = world.sandbox.run(&world.main, &["status", "--porcelain", "-b"]);
        let Merged::Commit { commit } = world.merge("release", true).unwrap() else { panic!("no commit") };
        assert_eq!(world.sandbox.run(&world.main, &["rev-parse", "release"]), commit);
        assert_eq!(world.sandbox.run(&world.main, &["log", "-1", "--format=%s", "release"]), "taken");
        assert_eq!(world.sandbox.run(&world.main, &["rev-list", "--count", "main..release"]), "1");
        assert_eq!(world.sandbox.run(&world.main, &["status", "--porcelain", "-b"]), before);
        assert_eq!(world.merge("release", true).unwrap(), Merged::Nothing, "it is all there");
        let repository = Repository::open(&world.sandbox.git, &world.main).unwrap();
        assert!(has_all(&repository, "release", "side").unwrap());
        assert!(!has_all(&repository, "main", "side").unwrap());
        world.sandbox.run(&world.side, &["checkout", "-q", "--orphan", "elsewhere"]);
        world.sandbox.commit(&world.side, "d", "d\n");
        assert!(!has_all(&repository, "main", "elsewhere").unwrap(), "they have nothing in common");
    }

    #[test]
    fn what_conflicts_or_is_in_the_way_changes_nothing() {
        let world = World::new();
        world.sandbox.commit(&world.side, "same", "both\n");
        world.sandbox.commit(&world.side, "a", "1\nside\n3\n");
        fs::write(world.main.join("a"), "1\nown\n3\n").unwrap();
        fs::write(world.main.join("same"), "both\n").unwrap();
        world.sandbox.run(&world.main, &["add", "same"]);
        let before = world.all();
        let error = world.merge("main", false).unwrap_err();
        assert!(matches!(&error, MergeError::InTheWay { files, .. } if files == &["a"]), "{error}");
        assert_eq!(world.all(), before);
        world.sandbox.run(&world.main, &["commit", "-qam", "own"]);
        let before = world.all();
        for squash in [false, true] {
            let error = world.merge("main", squash).unwrap_err();
            assert!(matches!(&error, MergeError::Conflict { files, .. } if files == &["a"]), "{error}");
        }
        assert_eq!(world.all(), before);
        let repository = Repository::open(&world.sandbox.git, &world.main).unwrap();
        assert_eq!(conflicts(&repository, "side", "main").unwrap(), ["a"]);
        assert!(matches!(world.merge("nope", false), Err(MergeError::NoTarget { .. })));
        assert!(matches!(world.merge("--all", false), Err(MergeError::NoTarget { .. })));
    }

    #[test]
    fn merges_at_once_do_not_undo_each_other() {
        let world = World::new();
        let World { sandbox, main, .. } = &world;
        let branches: Vec<String> = (0..6).map(|number| format!("side-{number}")).collect();
        for branch in &branches {
            let place = format!("../{branch}");
            sandbox.run(main, &["worktree", "add", "-q", "-b", branch, &place]);
            sandbox.commit(&sandbox.path(branch), branch, "1\n");
        }
        std::thread::scope(|scope| {
            for branch in &branches {
                scope.spawn(|| {
                    let repository = Repository::open(&sandbox.git, main).unwrap();
                    let merge = Merge {
                        repository: &repository,
                        branch,
                        into: "main",
                        squash: false,
                        message: "taken\n",
                    };
                    merge.run().unwrap();
                });
            }
        });
        assert_eq!(sandbox.run(main, &["status", "--porcelain"]), "");
        assert!(branches.iter().all(|branch| main.join(branch).exists()));
    }

    #[test]
    fn a_branch_that_cannot_move_leaves_its_checkout_as_it_was() {
        let world = World::new();
        let World { sandbox, main, side } = &world;
        sandbox.commit(side, "new", "n\n");
        sandbox.commit(side, "a", "1\nside\n3\n");
        fs::write(main.join("README.md"), "own\n").unwrap();
        fs::write(main.join("staged"), "own\n").unwrap();
        sandbox.run(main, &["add", "staged"]);
        let before = world.all();
        let lock = main.join(".git/refs/heads/main.lock");
        fs::write(&lock, "").unwrap();
        let error = world.merge("main", false).unwrap_err();
        assert!(matches!(&error, MergeError::Git(_)), "{error}");
        assert_eq!(world.all(), before);
        fs::remove_file(lock).unwrap();
        world.merge("main", false).unwrap();
        assert_eq!(sandbox.run(main, &["status", "--porcelain"]), " M README.md\nA  staged");
    }

    #[test]
    fn what_git_ignores_is_not_written_over() {
        let world = World::new();
        let World { sandbox, main, side } = &world;
        sandbox.commit(main, ".gitignore", ".env\nbuild/\n");
        sandbox.run(side, &["merge", "-q", "main"]);
        fs::write(side.join(".env"), "the agent's\n").unwrap();
        sandbox.run(side, &["add", "--force", ".env"]);
        sandbox.commit(side, "build", "a file\n");
        fs::write(main.join(".env"), "the only copy\n").unwrap();
        fs::create_dir(main.join("build")).unwrap();
        fs::write(main.join("build/notes"), "mine\n").unwrap();
        let before = world.all();
        let repository = Repository::open(&sandbox.git, main).unwrap();
        let merge = Merge {
            repository: &repository,
            branch: "side",
            into: "main",
            squash: false,
            message: "taken\n",
        };
        let error = merge.see_that_it_arrives(&merge.make().unwrap()).unwrap_err();
        assert!(
            matches!(&error, MergeError::InTheWay { files, .. } if files == &[".env", "build/notes"]),
            "{error}"
        );
        let error = world.merge("main", false).unwrap_err();
        assert!(matches!(&error, MergeError::InTheWay { .. }), "{error}");
        assert_eq!(world.all(), before);
        assert_eq!(fs::read_to_string(main.join(".env")).unwrap(), "the only copy\n");
        assert_eq!(fs::read_to_string(main.join("build/notes")).unwrap(), "mine\n");
        fs::remove_dir_all(main.join("build")).unwrap();
        fs::remove_file(main.join(".env")).unwrap();
        // What a person set for merges of that branch is not for this one.
        sandbox.run(main, &["config", "branch.main.mergeOptions", "--squash --no-commit"]);
        let merged = world.merge("main", false).unwrap();
        assert_eq!(Some(sandbox.run(main, &["rev-parse", "main"]).as_str()), merged.commit());
    }

    #[test]
    fn a_target_that_is_rebased_bisected_or_merged_into_stays_where_it_is() {
        let world = World::new();
        let World { sandbox, main, side } = &world;
        sandbox.run(main, &["branch", "upstream"]);
        sandbox.commit(main, "own", "main\n");
        sandbox.run(main, &["checkout", "-q", "upstream"]);
        sandbox.commit(main, "own", "upstream\n");
        sandbox.run(main, &["checkout", "-q", "main"]);
        sandbox.commit(side, "b", "b\n");
        for (begin, what, end) in [
            (["rebase", "-q", "upstream"].as_slice(), "a rebase", ["rebase", "--abort"]),
            (&["merge", "-q", "upstream"], "a merge", ["merge", "--abort"]),
            (&["cherry-pick", "upstream"], "a cherry-pick", ["cherry-pick", "--abort"]),
            (&["bisect", "start", "main", "main~1"], "a bisect", ["bisect", "reset"]),
        ] {
            drop(sandbox.plain(main).args(begin).output().unwrap());
            let before = world.all();
            for squash in [false, true] {
                let error = world.merge("main", squash).unwrap_err();
                assert!(
                    matches!(&error, MergeError::UnderWay { what: found, .. } if *found == what),
                    "{error}"
                );
                assert_eq!(
                    error.to_string(),
                    format!("main cannot move: {what} is under way in {}", main.display())
                );
            }
            assert_eq!(world.all(), before);
            sandbox.run(main, &end);
        }
        // It began after the merge was made.
        let repository = Repository::open(&sandbox.git, main).unwrap();
        let merge =
            Merge { repository: &repository, branch: "side", into: "main", squash: false, message: "m\n" };
        let made = merge.make().unwrap();
        drop(sandbox.plain(main).args(["rebase", "-q", "upstream"]).output().unwrap());
        assert!(matches!(merge.arrive(&made), Err(MergeError::UnderWay { .. })));
        sandbox.run(main, &["rebase", "--abort"]);
        merge.arrive(&made).unwrap();
        assert!(main.join("b").exists());
    }

    #[test]
    fn a_merge_driver_of_the_repository_loses_nothing() {
        let world = World::new();
        let ran = world.sandbox.path("ran");
        world.sandbox.run(&world.main, &["config", "merge.ours.driver", &format!("touch {}", ran.display())]);
        world.sandbox.commit(&world.main, ".gitattributes", "a merge=ours\n");
        world.sandbox.commit(&world.main, "a", "1\nmain\n3\n");
        world.sandbox.commit(&world.side, ".gitattributes", "a merge=ours\n");
        world.sandbox.commit(&world.side, "a", "1\nside\n3\n");
        assert!(matches!(world.merge("main", false), Err(MergeError::Conflict { .. })));
        assert!(!ran.exists());
    }
}
