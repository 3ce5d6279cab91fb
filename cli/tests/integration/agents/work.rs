//! What agents made: looked at, merged, pushed, cleared away and brought back.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use serde_json::{Value, json};

use super::world::{World, said};

#[test]
fn two_agents_work_side_by_side_and_are_merged() {
    let world = World::new();
    fs::write(world.shop().join("own"), "a person's\n").unwrap();
    let said = world.ok(&[
        "spawn",
        "--trust",
        "--wait",
        "Build auth\n::write auth 1",
        "Write tests\n::write tests 2",
    ]);
    assert!(said.words.contains("What is not committed here stays here"), "{}", said.words);
    assert_eq!(world.git(&["status", "--porcelain"]), "?? own");
    let diff = world.ok(&["diff", "build-auth"]).out;
    assert!(diff.contains("+++ b/auth") && !diff.contains("tests"), "{diff}");
    let changes: Value = serde_json::from_str(&world.ok(&["diff", "write-tests", "--json"]).out).unwrap();
    assert_eq!((&changes["files"][0]["path"], &changes["stat"]["insertions"]), (&"tests".into(), &1.into()));
    let said = world.ok(&["merge", "build-auth"]);
    assert!(
        said.words.starts_with("Committed first, since it was not: 1 file (auth).\nmain went forward"),
        "{}",
        said.words
    );
    let merged: Value =
        serde_json::from_str(&world.ok(&["merge", "write-tests", "--squash", "--json"]).out).unwrap();
    assert_eq!((&merged["merged"], &merged["into"]), (&"commit".into(), &"main".into()));
    assert_eq!(world.git(&["log", "--format=%s", "-2"]), "Write tests\nBuild auth");
    assert!(world.shop().join("auth").is_file() && world.shop().join("tests").is_file());
    // What they did is told on, wherever it is by now.
    let did = |world: &World| -> Vec<(Value, usize)> {
        let results: Value = serde_json::from_str(&world.ok(&["results", "--json"]).out).unwrap();
        let one =
            |task: &Value| (task["files"][0]["path"].clone(), task["commits"].as_array().unwrap().len());
        results["tasks"].as_array().unwrap().iter().map(one).collect()
    };
    let both = [("auth".into(), 1), ("tests".into(), 1)];
    assert_eq!(did(&world), both);
    assert_eq!(world.ok(&["diff", "build-auth"]).out, diff);
    let said = world.ok(&["clean"]);
    assert_eq!(said.out, "build-auth   cleaned\nwrite-tests  cleaned\n");
    assert_eq!(world.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(world.git(&["branch", "--list"]), "* main");
    assert_eq!(world.ok(&["status"]).out, "");
    assert_eq!(world.ok(&["status", "--all"]).out.lines().count(), 2);
    assert_eq!(did(&world), both);
    world.ok(&["restore", "build-auth"]);
    assert!(world.worktree("build-auth").join("auth").is_file());
    world.ok(&["send", "build-auth", "::say again"]);
    world.wait("build-auth", |agent| agent["turns"] == 2);
}

#[test]
fn work_on_another_branch_is_taken_and_what_is_on_none_is_not() {
    let world = World::new();
    world.ok(&[
        "spawn",
        "--trust",
        "--wait",
        "One\n::write one 1",
        "Two\n::write two 2",
        "Three\n::write three 3",
    ]);
    let tree = world.worktree("one");
    world.git_in(&tree, &["checkout", "-q", "-b", "feature/one"]);
    world.git_in(&tree, &["add", "one"]);
    world.git_in(&tree, &["commit", "-qm", "one"]);
    assert_eq!(world.task("one")["branch"], "feature/one");
    fs::write(tree.join("more"), "1\n").unwrap();
    world.ok(&["merge", "one"]);
    assert!(world.shop().join("one").is_file() && world.shop().join("more").is_file());
    assert_eq!(world.git(&["rev-parse", "feature/one"]), world.git(&["rev-parse", "main"]));
    assert_eq!(world.ok(&["clean", "one"]).out, "one  cleaned\n");
    assert_eq!(
        world.git(&["branch", "--list", "feature/one"]).trim(),
        "feature/one",
        "it is not Orchestra's"
    );

    let tree = world.worktree("two");
    world.git_in(&tree, &["checkout", "-q", "--detach"]);
    let before = world.git_in(&tree, &["status", "--porcelain"]);
    let said = world.run(&["merge", "two"]);
    assert!(said.code == 1 && said.words.contains("HEAD is on no branch"), "{said:?}");
    assert_eq!(world.git_in(&tree, &["status", "--porcelain"]), before);

    // A branch of somebody's that it only looks at is not its work.
    let tree = world.worktree("three");
    world.git_in(&tree, &["add", "three"]);
    world.git_in(&tree, &["commit", "-qm", "three"]);
    world.git(&["branch", "somebodys", "main~1"]);
    world.git_in(&tree, &["checkout", "-q", "somebodys"]);
    assert_eq!(world.task("three")["branch"], "orchestra/three");
    world.ok(&["merge", "three"]);
    assert!(world.shop().join("three").is_file());

    // A merge that stopped at a conflict is nobody's work yet.
    world.ok(&["spawn", "--trust", "--wait", "Four\n::write README.md four"]);
    let tree = world.worktree("four");
    world.git_in(&tree, &["commit", "-qam", "four"]);
    fs::write(world.shop().join("README.md"), "main\n").unwrap();
    world.git(&["commit", "-qam", "main"]);
    let merge = Command::new("git").current_dir(&tree).args(["merge", "-q", "main"]).output().unwrap();
    assert!(!merge.status.success());
    let main = world.git(&["rev-parse", "main"]);
    let said = world.run(&["merge", "four"]);
    assert!(said.code == 1 && said.words.contains("README.md is in conflict and not resolved"), "{said:?}");
    let said = world.run(&["land"]);
    assert!(said.out.contains("four  waits: in its worktree README.md is in conflict"), "{said:?}");
    assert_eq!(world.git(&["rev-parse", "main"]), main);
}

#[test]
fn a_conflict_changes_nothing_and_goes_back_to_the_agent() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "Change it\n::write README.md theirs"]);
    fs::write(world.shop().join("README.md"), "ours\n").unwrap();
    let state = || {
        let refs = world.git(&["for-each-ref"]);
        (refs, world.git_in(&world.worktree("change-it"), &["status", "--porcelain"]))
    };
    let before = state();
    let said = world.run(&["merge", "change-it"]);
    assert!(
        said.code == 1 && said.words.contains("changes of its own that are in the way: README.md"),
        "{said:?}"
    );
    let why = |merged: &str| {
        let said = world.run(&["merge", "change-it", "--json"]);
        let report: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(said.code, 1);
        assert_eq!(
            (&report["merged"], &report["into"], &report["files"]),
            (&json!(merged), &json!("main"), &json!(["README.md"]))
        );
    };
    why("in_the_way");
    assert_eq!(state(), before);
    world.git(&["commit", "-qam", "ours"]);
    let before = state();
    for arguments in [vec!["merge", "change-it"], vec!["merge", "change-it", "--squash"]] {
        let said = world.run(&arguments);
        assert!(said.code == 1 && said.words.contains("change the same lines of README.md"), "{said:?}");
    }
    why("conflict");
    let said = world.run(&["merge", "change-it", "--into", "nope"]);
    assert!(said.code == 1 && said.words.contains("there is no branch \"nope\""), "{said:?}");
    assert_eq!(state(), before);
    assert_eq!(before.1, " M README.md");
    world.git_in(&world.worktree("change-it"), &["commit", "-qam", "theirs"]);
    // It takes in what came meanwhile, which is no work of its own, also once all of it is taken.
    fs::write(world.shop().join("elsewhere"), "others\n").unwrap();
    world.git(&["add", "elsewhere"]);
    world.git(&["commit", "-qm", "elsewhere"]);
    world.git_in(&world.worktree("change-it"), &["merge", "-q", "-X", "ours", "main"]);
    world.ok(&["merge", "change-it"]);
    let changes: Value = serde_json::from_str(&world.ok(&["diff", "change-it", "--json"]).out).unwrap();
    let files: Vec<&Value> = changes["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(files, ["README.md"]);
}

#[test]
fn what_could_be_lost_is_kept_and_can_be_let_go() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "Keep me\n::write a 1"]);
    let said = world.run(&["clean", "keep-me"]);
    assert_eq!((said.code, said.out.as_str()), (1, "keep-me  kept: not committed: a\n"));
    assert_eq!(world.ok(&["clean"]).out, "keep-me  kept: not committed: a\n");
    assert_eq!(world.run(&["clean", "--anyway"]).code, 2);
    world.ok(&["clean", "keep-me", "--anyway"]);
    assert!(!world.worktree("keep-me").exists());
    let said = world.run(&["send", "keep-me", "again"]);
    assert!(said.code == 1 && said.words.contains("orchestra restore"), "{said:?}");
    world.ok(&["restore", "keep-me"]);
    assert_eq!(fs::read_to_string(world.worktree("keep-me").join("a")).unwrap(), "1\n");
    // What was refused is not in its log: it is said again.
    world.ok(&["send", "keep-me", "again"]);
    world.wait("keep-me", |agent| agent["turns"] == 2 && agent["attention"]["summary"] == "done: again");
    let said = world.run(&["restore", "keep-me"]);
    assert!(said.code == 1 && said.words.contains("is not in the trash"), "{said:?}");
}

#[test]
fn a_repository_within_is_named_and_not_taken() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "Clone it\n::write a 1"]);
    let worktree = world.worktree("clone-it");
    world.git_in(&worktree, &["init", "-q", "lib"]);
    fs::write(worktree.join("lib/file"), "1\n").unwrap();
    for has_commit in [false, true] {
        if has_commit {
            world.git_in(&worktree.join("lib"), &["add", "file"]);
            world.git_in(&worktree.join("lib"), &["commit", "-q", "-m", "only here"]);
        }
        let said = world.ok(&["diff", "clone-it", "--stat"]);
        assert!(said.out.starts_with("A a ") && said.words.contains("not in the diff: lib"), "{said:?}");
        let refs = world.git(&["for-each-ref"]);
        let said = world.run(&["merge", "clone-it"]);
        assert!(said.code == 1 && said.words.contains("would stay behind: lib; add each"), "{said:?}");
        let landed = world.run(&["land"]);
        assert!(landed.out.contains("it made git repositories of its own"), "{landed:?}");
        assert_eq!(world.git(&["for-each-ref"]), refs);
        let said = world.run(&["clean", "clone-it"]);
        let kept = "clone-it  kept: it holds git repositories of its own: lib; not committed: a\n";
        assert_eq!((said.code, said.out.as_str()), (1, kept));
        world.ok(&["clean", "clone-it", "--anyway"]);
        world.ok(&["restore", "clone-it"]);
    }
    assert_eq!(world.git_in(&worktree.join("lib"), &["log", "--format=%s"]), "only here");
    fs::remove_dir_all(worktree.join("lib/.git")).unwrap();
    world.ok(&["merge", "clone-it"]);
    assert_eq!(fs::read_to_string(world.shop().join("lib/file")).unwrap(), "1\n");
}

#[test]
fn what_works_in_a_worktree_keeps_it_unless_it_only_passes_through() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "Look around"]);
    let within = |seconds: &str| {
        Command::new("sleep").arg(seconds).current_dir(world.worktree("look-around")).spawn().unwrap()
    };
    let mut stays = within("600");
    let said = world.run(&["clean", "look-around"]);
    assert!(said.code == 1 && said.out.contains("kept: in use by sleep"), "{said:?}");
    stays.kill().and_then(|()| stays.wait()).unwrap();
    let mut passes = within("0.5");
    assert_eq!(world.ok(&["clean", "look-around"]).out, "look-around  cleaned\n");
    assert!(passes.wait().unwrap().success());
    assert!(!world.worktree("look-around").exists());
}

#[test]
fn a_commit_of_a_submodule_that_nobody_else_has_is_not_named() {
    let world = World::new();
    let library = world.home().join("library");
    let from = library.display().to_string();
    world.git_in(world.home(), &["init", "-q", "-b", "main", "library"]);
    world.git_in(&library, &["commit", "-q", "--allow-empty", "-m", "first"]);
    let local = ["-c", "protocol.file.allow=always", "submodule", "--quiet"];
    world.git(&[&local[..], &["add", &from, "lib"]].concat());
    world.git(&["commit", "-q", "-m", "lib"]);
    world.ok(&["spawn", "--trust", "--wait", "Deepen\n::write a 1"]);
    let lib = world.worktree("deepen").join("lib");
    world.git_in(&world.worktree("deepen"), &[&local[..], &["update", "--init"]].concat());
    world.git_in(&lib, &["commit", "-q", "--allow-empty", "-m", "only here"]);
    let refs = world.git(&["for-each-ref"]);
    let said = world.run(&["merge", "deepen"]);
    assert!(
        said.code == 1
            && said.words.contains("the submodule lib is at a commit that was not pushed")
            && said.words.contains("git push there"),
        "{said:?}"
    );
    let landed = world.run(&["land"]);
    assert!(landed.out.contains("its submodule lib is at a commit that was not pushed"), "{landed:?}");
    assert_eq!(world.git(&["for-each-ref"]), refs);
    world.git_in(&lib, &["push", "-q", "origin", "HEAD:refs/heads/deeper"]);
    world.ok(&["merge", "deepen"]);
    let named = world.git(&["rev-parse", "main:lib"]);
    assert_eq!(world.git_in(&library, &["rev-parse", "deeper"]), named);
}

#[test]
fn one_at_work_is_left_alone() {
    let world = World::new();
    let name = world.spawn("Busy", "::ask Bash wait");
    world.wait_for_request(&name);
    for command in ["merge", "clean"] {
        let said = world.run(&[command, &name]);
        assert!(
            said.code == 1 && format!("{}{}", said.out, said.words).contains("busy is at work"),
            "{said:?}"
        );
    }
    assert!(world.ok(&["clean"]).words.contains("There is nothing to clean"));
}

#[test]
fn a_branch_is_pushed_and_a_pull_request_opened() {
    let world = World::new();
    world.ok(&["spawn", "--trust", "--wait", "Push me\n::write a 1"]);
    let said = world.run(&["pr", "push-me"]);
    assert!(said.code == 1 && said.words.contains("there is no remote"), "{said:?}");
    world.git_in(world.home(), &["init", "-q", "--bare", "github.com"]);
    world.git(&["remote", "add", "origin", "../github.com"]);
    let said = world.ok(&["pr", "push-me"]);
    assert_eq!(said.words, "orchestra/push-me is pushed to origin.\n");
    let far = world.home().join("github.com");
    assert_eq!(world.git_in(&far, &["log", "--format=%s", "-1", "orchestra/push-me"]), "Push me");
    // Somebody else may have committed to it there.
    world.git_in(world.home(), &["clone", "-q", "-b", "orchestra/push-me", "github.com", "theirs"]);
    let theirs = world.home().join("theirs");
    world.git_in(&theirs, &["commit", "-q", "--allow-empty", "-m", "theirs"]);
    world.git_in(&theirs, &["push", "-q"]);
    world.git_in(&world.worktree("push-me"), &["commit", "-q", "--allow-empty", "-m", "ours"]);
    let said = world.run(&["pr", "push-me"]);
    assert!(
        said.code == 1
            && said.words.contains("orchestra/push-me at origin has commits that are not here")
            && said.words.contains("git pull --no-rebase origin orchestra/push-me"),
        "{said:?}"
    );
    world.git_in(
        &world.worktree("push-me"),
        &["pull", "-q", "--no-rebase", "--no-edit", &far.display().to_string(), "orchestra/push-me"],
    );
    world.ok(&["pr", "push-me"]);
    // Pushed is enough to be cleaned.
    world.ok(&["clean", "push-me"]);
    world.ok(&["restore", "push-me"]);
    let gh = world.home().join("bin/gh");
    fs::write(
        &gh,
        "#!/bin/sh\necho \"$@\" > ../gh-said; cat >> ../gh-said; echo https://github.com/ada/shop/pull/1\n",
    )
    .unwrap();
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
    let said = world.ok(&["pr", "push-me"]);
    assert_eq!(said.out, "https://github.com/ada/shop/pull/1\n");
    let told = fs::read_to_string(world.home().join("gh-said")).unwrap();
    assert!(
        told.starts_with(
            "pr create --head orchestra/push-me --base main --title=Push me --body-file=-\nPush me"
        ),
        "{told}"
    );
}

#[test]
fn a_worktree_that_was_taken_away_is_told_of_and_made_anew() {
    let world = World::new();
    let name = world.spawn("Lose me", "::write a 1");
    world.wait_for_state(&name, "idle");
    fs::remove_dir_all(world.worktree(&name)).unwrap();
    let said = world.ok(&["diff", &name]);
    assert!(said.words.contains("is gone") && !said.words.contains("has changed nothing"), "{said:?}");
    let said = world.run(&["merge", &name]);
    assert!(said.code == 1 && said.words.contains("orchestra restore lose-me"), "{said:?}");
    // Its client still listens.
    world.ok(&["restore", &name]);
    assert!(world.worktree(&name).join("README.md").exists());
    assert!(world.ok(&["merge", &name]).words.contains("already"));
}

#[test]
fn one_that_never_came_to_a_worktree_or_has_no_repository_any_more_can_be_cleared() {
    let world = World::new();
    fs::write(world.shop().join(".orchestra.toml"), "bogus = 1\n").unwrap();
    assert_eq!(world.run(&["spawn", "--trust", "Never begun"]).code, 1);
    world.ok(&["clean", "never-begun"]);
    world.ok(&["restore", "never-begun"]);
    world.ok(&["clean", "never-begun"]);
    fs::remove_file(world.shop().join(".orchestra.toml")).unwrap();

    world.ok(&["spawn", "--trust", "--wait", "Stay behind\n::write a 1"]);
    let moved = world.home().join("moved");
    fs::rename(world.shop(), &moved).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.current_dir(world.home());
        said(command)
    };
    let kept = command(&["clean", "stay-behind"]);
    assert!(
        kept.code == 1 && kept.out.contains("is not there") && kept.words.contains("--anyway"),
        "{kept:?}"
    );
    let cleared = command(&["clean", "stay-behind", "--anyway"]);
    assert_eq!(cleared.code, 0, "{cleared:?}");
    let back = command(&["restore", "stay-behind"]);
    assert_eq!(back.code, 0, "{back:?}");
    fs::rename(&moved, world.shop()).unwrap();
    assert_eq!(fs::read_to_string(world.worktree("stay-behind").join("a")).unwrap(), "1\n");
    world.ok(&["merge", "stay-behind"]);
}
