use super::*;
use crate::worktrees::{NewWorktree, create, testing::Sandbox};

struct World {
    sandbox: Sandbox,
    main: PathBuf,
    worktree: PathBuf,
    trash: Trash,
    agent: AgentId,
}

impl World {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.repository("shop");
        Self::within(sandbox)
    }

    /// The same in a repository of another format, where the system's git has that.
    fn in_format(format: &str) -> Option<Self> {
        let sandbox = Sandbox::new();
        let arguments = ["init", "-q", "-b", "main", format, "shop"];
        let made = sandbox.plain(&sandbox.path("")).args(arguments).output().unwrap();
        made.status.success().then(|| Self::within(sandbox))
    }

    fn within(sandbox: Sandbox) -> Self {
        let main = sandbox.path("shop");
        sandbox.commit(&main, "README.md", "# Shop\n");
        sandbox.commit(&main, ".gitignore", "target/\n.env\n");
        let agent: AgentId = "abcd2345".parse().unwrap();
        let worktree = sandbox.path("state/worktrees/shop/abcd2345");
        let repository = Repository::open(&sandbox.git, &main).unwrap();
        let commit = repository.resolve(None).unwrap().commit;
        let new = NewWorktree { agent: &agent, path: &worktree, branch: "orchestra/a", commit: &commit };
        create(&repository, &new).unwrap();
        let trash = Trash::new(&sandbox.path("state"), &sandbox.git);
        Self { sandbox, main, worktree, trash, agent }
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.run(&self.worktree, arguments)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.worktree.join(name), content).unwrap();
    }

    fn put(&self, anyway: bool) -> Result<Discarded, TrashError> {
        let repository = Repository::open(&self.sandbox.git, &self.main).unwrap();
        let targets = ["main".to_owned()];
        let subject = Subject {
            repository: &repository,
            worktree: &self.worktree,
            agent: &self.agent,
            targets: &targets,
        };
        self.trash.put(&subject, anyway, "2026-11-24T12:00:00Z".parse().unwrap())
    }

    /// The reasons for which it is kept; nothing has changed then.
    fn kept(&self) -> String {
        let before = self.git(&["for-each-ref"]);
        match self.put(false) {
            Err(TrashError::Kept { reasons }) => {
                assert!(self.worktree.is_dir() && self.git(&["for-each-ref"]) == before);
                reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_merged_goes_and_comes_back() {
    let world = World::new();
    world.sandbox.commit(&world.worktree, "work", "1\n");
    assert_eq!(world.kept(), "1 commit is not in main");
    world.sandbox.run(&world.main, &["merge", "-q", "orchestra/a"]);
    fs::create_dir(world.worktree.join("target")).unwrap();
    world.write("target/made", "anew\n");
    let entry = world.put(false).unwrap();
    assert!(!world.worktree.exists());
    let list = world.sandbox.run(&world.main, &["worktree", "list", "--porcelain"]);
    assert!(!list.contains("abcd2345"), "{list}");
    assert_eq!(world.sandbox.run(&world.main, &["branch", "--list", "orchestra/*"]), "");
    assert_eq!(world.trash.list(), [entry]);
    let restored = world.trash.restore(&world.agent).unwrap();
    assert_eq!((restored.branch.as_str(), restored.from), ("orchestra/a", Source::Folder));
    assert_eq!(world.git(&["status", "--porcelain", "-b"]), "## orchestra/a");
    assert!(world.worktree.join("target/made").is_file());
    assert!(world.trash.list().is_empty());
    assert_eq!(world.sandbox.run(&world.main, &["for-each-ref", "refs/orchestra"]), "");
    // And again.
    world.put(false).unwrap();
    world.trash.restore(&world.agent).unwrap();
}

#[test]
fn formats_that_libgit2_does_not_know_go_and_come_back_too() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let Some(world) = World::in_format(format) else { continue };
        world.sandbox.commit(&world.worktree, "work", "1\n");
        world.write("new", "n\n");
        assert_eq!(world.kept(), "not committed: new; 1 commit is not in main", "{format}");
        let entry = world.put(true).unwrap();
        let restored = world.trash.restore(&world.agent).unwrap();
        assert_eq!((restored.branch.as_str(), restored.from), ("orchestra/a", Source::Folder));
        assert_eq!(world.git(&["status", "--porcelain", "-b"]), "## orchestra/a\n?? new");
        // Merged, so that its branch goes with it, and with its folder lost.
        world.sandbox.commit(&world.worktree, "new", "n\n");
        world.sandbox.run(&world.main, &["merge", "-q", "orchestra/a"]);
        world.put(false).unwrap();
        assert_eq!(world.sandbox.run(&world.main, &["branch", "--list", "orchestra/*"]), "");
        fs::remove_dir_all(world.sandbox.path("state/trash/abcd2345/worktree")).unwrap();
        assert_eq!(world.trash.restore(&world.agent).unwrap().from, Source::Snapshot);
        assert_eq!(world.git(&["status", "--porcelain", "-b"]), "## orchestra/a");
        assert!(world.worktree.join("new").is_file() && entry.tip.is_some());
    }
}

#[test]
fn squashed_and_picked_work_counts_as_merged() {
    for how in ["--squash", "pick"] {
        let world = World::new();
        world.sandbox.commit(&world.worktree, "one", "1\n");
        world.sandbox.commit(&world.worktree, "two", "2\n");
        world.sandbox.commit(&world.main, "other", "o\n");
        if how == "pick" {
            world.sandbox.run(&world.main, &["cherry-pick", "orchestra/a~1", "orchestra/a"]);
        } else {
            world.sandbox.run(&world.main, &["merge", "-q", "--squash", "orchestra/a"]);
            world.sandbox.run(&world.main, &["commit", "-qm", "squashed"]);
        }
        let tip = world.git(&["rev-parse", "HEAD"]);
        world.put(false).unwrap();
        assert_eq!(world.sandbox.run(&world.main, &["branch", "--list", "orchestra/*"]), "", "{how}");
        world.trash.restore(&world.agent).unwrap();
        assert_eq!(world.git(&["rev-parse", "orchestra/a"]), tip);
    }
}

#[test]
fn everything_that_plain_git_would_lose_is_kept() {
    let world = World::new();
    world.write(".env", "SECRET=1\n");
    assert_eq!(world.kept(), "ignored by git, and nowhere else: .env");
    fs::write(world.main.join(".env"), "SECRET=2\n").unwrap();
    assert_eq!(world.kept(), "ignored by git, and nowhere else: .env", "the same name is not the same file");
    fs::remove_file(world.worktree.join(".env")).unwrap();
    world.git(&["config", "status.showUntrackedFiles", "no"]);
    world.write("new", "n\n");
    assert_eq!(world.kept(), "not committed: new");
    fs::remove_file(world.worktree.join("new")).unwrap();
    for flag in ["assume-unchanged", "skip-worktree"] {
        world.git(&["update-index", &format!("--{flag}"), "README.md"]);
        world.write("README.md", "edited\n");
        assert!(world.kept().starts_with("hidden from git"), "{flag}");
        world.git(&["update-index", &format!("--no-{flag}"), "README.md"]);
        world.git(&["checkout", "-q", "README.md"]);
    }
    world.git(&["checkout", "-q", "--detach"]);
    world.sandbox.commit(&world.worktree, "only", "here\n");
    assert_eq!(world.kept(), "1 commit is not in main");
    world.git(&["checkout", "-q", "orchestra/a"]);
    fs::create_dir(world.sandbox.path("shop/.git/worktrees/abcd2345/rebase-merge")).unwrap();
    assert_eq!(world.kept(), "a rebase is under way");
    fs::remove_dir(world.sandbox.path("shop/.git/worktrees/abcd2345/rebase-merge")).unwrap();
    world.sandbox.run(&world.main, &["worktree", "unlock", &world.worktree.display().to_string()]);
    world
        .sandbox
        .run(&world.main, &["worktree", "lock", "--reason", "mine", &world.worktree.display().to_string()]);
    assert_eq!(world.kept(), "somebody has locked it: mine");
    world.sandbox.run(&world.main, &["worktree", "unlock", &world.worktree.display().to_string()]);
    let mut child =
        std::process::Command::new("sleep").arg("60").current_dir(&world.worktree).spawn().unwrap();
    // It counts once it has become the program.
    while !world.kept_by("sleep") {}
    child.kill().unwrap();
    child.wait().unwrap();
    world.put(false).unwrap();
}

impl World {
    fn kept_by(&self, name: &str) -> bool {
        self.kept().contains(name)
    }
}

#[test]
fn what_a_person_lets_go_anyway_comes_back_too() {
    let world = World::new();
    world.sandbox.commit(&world.worktree, "work", "1\n");
    world.git(&["commit", "-q", "--amend", "-m", "amended"]);
    let before_reset = world.git(&["rev-parse", "HEAD"]);
    world.git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.write(".env", "SECRET=1\n");
    world.write("new", "n\n");
    world.write("README.md", "edited\n");
    world.put(false).unwrap_err();
    let entry = world.put(true).unwrap();
    let tree = world.sandbox.run(&world.main, &["ls-tree", "-r", "--name-only", &entry.snapshot]);
    assert_eq!(tree.lines().collect::<Vec<_>>(), [".env", ".gitignore", "README.md", "new"]);
    // What only the worktree's own log knew outlives git's clean-up.
    world.sandbox.run(&world.main, &["gc", "-q", "--prune=now"]);
    world.sandbox.run(&world.main, &["cat-file", "-e", &before_reset]);
    // Should the folder be lost, the snapshot has its content.
    fs::remove_dir_all(world.sandbox.path("state/trash/abcd2345/worktree")).unwrap();
    let restored = world.trash.restore(&world.agent).unwrap();
    assert_eq!(restored.from, Source::Snapshot);
    for (name, content) in [(".env", "SECRET=1\n"), ("new", "n\n"), ("README.md", "edited\n")] {
        assert_eq!(fs::read_to_string(world.worktree.join(name)).unwrap(), content);
    }
    world.sandbox.run(&world.main, &["cat-file", "-e", &before_reset]);
}

#[test]
fn a_repository_within_is_kept_and_goes_whole_when_a_person_says_so() {
    let world = World::new();
    let init = |name: &str| world.git(&["init", "-q", name]);
    init("without");
    assert_eq!(world.kept(), "it holds git repositories of its own: without");
    world.write("without/file", "1\n");
    // git ignores these.
    init(".env/deep");
    world.write(".env/plain", "p\n");
    let with = world.sandbox.repository("state/worktrees/shop/abcd2345/with");
    let only = world.sandbox.commit(&with, "file", "1\n");
    world.git(&["add", "with"]);
    world.git(&["commit", "-qm", "as a name that nobody knows"]);
    assert_eq!(
        world.kept(),
        "it holds git repositories of its own: without, with; ignored by git, and nowhere else: .env/; 1 commit is not in main"
    );
    let entry = world.put(true).unwrap();
    let tree = world.sandbox.run(&world.main, &["ls-tree", "-r", "--name-only", &entry.snapshot]);
    assert_eq!(tree.lines().collect::<Vec<_>>(), [".env/plain", ".gitignore", "README.md", "with"]);
    world.trash.restore(&world.agent).unwrap();
    assert!(world.worktree.join("without/file").is_file() && world.worktree.join(".env/deep/.git").is_dir());
    assert_eq!(world.sandbox.run(&with, &["rev-parse", "HEAD"]), only);
}

#[test]
fn what_a_submodule_alone_holds_keeps_the_worktree() {
    let world = World::new();
    let local = ["-c", "protocol.file.allow=always", "submodule", "--quiet"];
    let (deeper, library) = (world.sandbox.repository("deeper"), world.sandbox.repository("library"));
    world.sandbox.run(&library, &[&local[..], &["add", "../deeper", "deep"]].concat());
    world.sandbox.run(&library, &["commit", "-qm", "deep"]);
    // A tag of the remote's that no branch of it has.
    world.sandbox.run(&library, &["checkout", "-q", "--detach"]);
    world.sandbox.commit(&library, "tagged", "t\n");
    world.sandbox.run(&library, &["tag", "v1"]);
    world.sandbox.run(&library, &["checkout", "-q", "main"]);
    world.sandbox.run(&world.main, &[&local[..], &["add", &library.display().to_string(), "sub"]].concat());
    world.sandbox.run(&world.main, &["commit", "-qm", "sub"]);
    world.git(&["merge", "-q", "main"]);
    world.git(&[&local[..], &["update", "--init"]].concat());
    let (sub, deep) = (world.worktree.join("sub"), world.worktree.join("sub/deep"));
    world.sandbox.run(&sub, &["config", "submodule.deep.url", &deeper.display().to_string()]);
    world.sandbox.run(&sub, &[&local[..], &["update"]].concat());
    let git = |folder: &Path, arguments: &[&str]| world.sandbox.run(folder, arguments);
    for (folder, path) in [(&sub, "sub"), (&deep, "sub/deep")] {
        let kept = |why: &str| {
            let found = world.kept();
            assert!(found.contains(&format!("the submodule {path} has {why}")), "{why}: {found}");
        };
        fs::write(folder.join("README.md"), "stashed\n").unwrap();
        git(folder, &["stash", "-q"]);
        assert_eq!(world.kept(), format!("the submodule {path} has a stash"));
        git(folder, &["stash", "drop", "-q"]);
        git(folder, &["update-index", "--assume-unchanged", "README.md"]);
        fs::write(folder.join("README.md"), "hidden\n").unwrap();
        kept("files that are hidden from git");
        git(folder, &["update-index", "--no-assume-unchanged", "README.md"]);
        git(folder, &["checkout", "-q", "README.md"]);
        let admin = PathBuf::from(git(folder, &["rev-parse", "--absolute-git-dir"]));
        fs::create_dir(admin.join("rebase-merge")).unwrap();
        kept("a rebase under way");
        fs::remove_dir(admin.join("rebase-merge")).unwrap();
        git(folder, &["checkout", "-q", "--detach"]);
        world.sandbox.commit(folder, "only", "here\n");
        git(folder, &["tag", "own"]);
        git(folder, &["checkout", "-q", "HEAD~1"]);
        kept("commits that were not pushed");
        git(folder, &["tag", "-d", "own"]);
    }
    fs::write(deep.join("README.md"), "stashed\n").unwrap();
    git(&deep, &["stash", "-q"]);
    // A person may say that it goes: it comes back with all that its submodules hold.
    world.put(true).unwrap();
    world.trash.restore(&world.agent).unwrap();
    git(&deep, &["stash", "pop", "-q"]);
    assert_eq!(world.git(&["status", "--porcelain"]), " M sub");
    git(&deep, &["checkout", "-q", "README.md"]);
    world.put(false).unwrap();
}

#[test]
fn work_is_looked_for_wherever_it_may_have_gone() {
    for (how, kept) in [
        (&["checkout", "-q", "--detach"][..], None),
        (&["branch", "-m", "main", "trunk"], None),
        (&["branch", "release", "orchestra/a"], None),
        // Another agent's may be cleaned away itself.
        (
            &["branch", "orchestra/other", "orchestra/a"],
            Some("1 commit is not in any other branch or remote"),
        ),
    ] {
        let world = World::new();
        if how[0] == "branch" && how[1] != "-m" {
            world.sandbox.commit(&world.worktree, "work", "1\n");
        }
        world.sandbox.run(&world.main, how);
        let repository = Repository::open(&world.sandbox.git, &world.main).unwrap();
        let subject =
            Subject { repository: &repository, worktree: &world.worktree, agent: &world.agent, targets: &[] };
        let reasons = inspect::inspect(&subject);
        assert_eq!(reasons.first().map(ToString::to_string).as_deref(), kept, "{how:?}");
    }
    let world = World::new();
    world.sandbox.commit(&world.worktree, "work", "1\n");
    world.sandbox.run(&world.main, &["checkout", "-q", "-b", "release"]);
    world.sandbox.run(&world.main, &["merge", "-q", "--squash", "orchestra/a"]);
    world.sandbox.run(&world.main, &["commit", "-qm", "squashed"]);
    world.put(false).unwrap();
    world.trash.restore(&world.agent).unwrap();
    // On a branch of its own making, what it made is nowhere else.
    world.git(&["checkout", "-q", "-b", "mine"]);
    world.sandbox.commit(&world.worktree, "more", "1\n");
    assert_eq!(world.kept(), "2 commits are not in main");
}

#[test]
fn a_branch_that_is_other_work_now_keeps_its_name() {
    let world = World::new();
    world.put(false).unwrap();
    let other = world.sandbox.commit(&world.main, "other", "o\n");
    world.sandbox.run(&world.main, &["branch", "orchestra/a"]);
    let restored = world.trash.restore(&world.agent).unwrap();
    assert_eq!(restored.branch, "orchestra/a-restored");
    assert_eq!(world.git(&["status", "--porcelain", "-b"]), "## orchestra/a-restored");
    let is_untouched = || assert_eq!(world.sandbox.run(&world.main, &["rev-parse", "orchestra/a"]), other);
    is_untouched();
    // Its own is the other name from now on.
    world.put(false).unwrap();
    is_untouched();
    assert_eq!(world.trash.restore(&world.agent).unwrap().branch, "orchestra/a-restored");
    assert_eq!(world.git(&["status", "--porcelain", "-b"]), "## orchestra/a-restored");
}

#[test]
fn what_is_not_ours_or_was_exchanged_is_not_touched() {
    let world = World::new();
    let link = world.worktree.with_extension("real");
    fs::rename(&world.worktree, &link).unwrap();
    std::os::unix::fs::symlink(&link, &world.worktree).unwrap();
    assert!(world.kept().starts_with("it is not as Orchestra made it"));
    fs::remove_file(&world.worktree).unwrap();
    fs::rename(&link, &world.worktree).unwrap();
    fs::write(world.worktree.join(".git"), format!("gitdir: {}\n", world.main.join(".git").display()))
        .unwrap();
    let repository = Repository::open(&world.sandbox.git, &world.main).unwrap();
    let subject =
        Subject { repository: &repository, worktree: &world.worktree, agent: &world.agent, targets: &[] };
    assert!(matches!(inspect::inspect(&subject).as_slice(), [Keep::NotOurs { .. }]));
}

#[test]
fn whoever_is_stopped_half_way_can_go_on_or_back() {
    for goes_on in [true, false] {
        let world = World::new();
        let entry = world.put(false).unwrap();
        // As if it had been stopped before git's own part was moved.
        fs::rename(entry.aside(), entry.admin()).unwrap();
        if goes_on {
            world.put(false).unwrap();
            assert!(is_there(&entry.aside()));
        }
        world.trash.restore(&world.agent).unwrap();
        assert_eq!(world.git(&["status", "--porcelain", "-b"]), "## orchestra/a");
    }
}

#[test]
fn the_trash_is_emptied_after_two_weeks_and_not_before() {
    let world = World::new();
    let entry = world.put(false).unwrap();
    assert!(world.trash.purge("2026-12-08T11:59:59Z".parse().unwrap()).is_empty());
    assert_eq!(
        world.trash.purge("2026-12-08T12:00:00Z".parse().unwrap()),
        std::slice::from_ref(&world.agent)
    );
    assert!(!is_there(&entry.aside()) && world.trash.list().is_empty());
    assert_eq!(world.sandbox.run(&world.main, &["for-each-ref", "refs/orchestra"]), "");
    assert!(matches!(world.trash.restore(&world.agent), Err(TrashError::NotThere { .. })));
}
