//! Whether a checkout could go forward to a commit, found out without touching it.

use std::path::Path;

use crate::worktrees::{Git, GitError, Programs, diff::ScratchIndex, uncommitted};

/// What is in the way of a checkout's going from one commit to another: the files, or what git says; `None` when nothing is
/// known to be. What cannot be tried here is found out when it is done.
pub(super) fn in_the_way(
    git: &Git,
    folder: &Path,
    from: &str,
    to: &str,
) -> Result<Option<Vec<String>>, GitError> {
    let answer = |arguments: &[&str]| git.call(folder, Programs::None, arguments)?.answer();
    let index = answer(&["rev-parse", "--path-format=absolute", "--git-path", "index"])?.stdout;
    let index = String::from_utf8_lossy(&index).trim_end_matches('\n').to_owned();
    let Ok(scratch) = ScratchIndex::copy_of(Path::new(&index)) else { return Ok(None) };
    // A person's own checkout: what its files hold is told with their filters.
    let call = |arguments: &[&str]| git.call_with_index(&scratch.0, folder, Programs::Filters, arguments);
    call(&["update-index", "-q", "--refresh"])?.answer()?;
    let tried = call(&["read-tree", "--dry-run", "-m", "-u", from, to])?.answer()?;
    if tried.status.success() {
        return Ok(None);
    }
    let changed = answer(&["diff", "--name-only", "--no-renames", "-z", from, to, "--"])?.stdout;
    let changed = String::from_utf8_lossy(&changed);
    let is_changed = |file: &String| changed.split('\0').any(|path| is_in_the_way(file, path));
    let files: Vec<String> = uncommitted(git, folder)?.into_iter().filter(is_changed).collect();
    let words = String::from_utf8_lossy(&tried.stderr).trim().trim_start_matches("error: ").to_owned();
    Ok(Some(if files.is_empty() { vec![words] } else { files }))
}

/// Whether one of two paths is the other, or a folder that it lies in.
fn is_in_the_way(one: &str, other: &str) -> bool {
    let is_within = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (one, other) = (one.trim_end_matches('/'), other.trim_end_matches('/'));
    !one.is_empty() && !other.is_empty() && (is_within(one, other) || is_within(other, one))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn a_path_is_in_the_way_of_itself_and_of_what_lies_in_it() {
        for (one, other, is_so) in [
            ("a", "a", true),
            ("a/b", "a", true),
            ("a", "a/b", true),
            ("a/", "a", true),
            ("ab", "a", false),
            ("a", "ab", false),
            ("", "a", false),
            ("a", "", false),
        ] {
            assert_eq!(is_in_the_way(one, other), is_so, "{one:?} {other:?}");
        }
    }

    #[test]
    fn it_says_what_git_would_and_touches_nothing() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.commit(&main, ".gitignore", "ignored\n");
        let from = sandbox.commit(&main, "a", "a\n");
        sandbox.run(&main, &["checkout", "-q", "-b", "side"]);
        sandbox.commit(&main, "a", "other\n");
        sandbox.commit(&main, "new", "n\n");
        fs::write(main.join("ignored"), "committed\n").unwrap();
        sandbox.run(&main, &["add", "--force", "ignored"]);
        let to = sandbox.commit(&main, "deep/er", "d\n");
        sandbox.run(&main, &["checkout", "-q", "main"]);
        let say = || in_the_way(&sandbox.git, &main, &from, &to).unwrap().map(|files| files.join(", "));
        let git = |arguments: &[&str]| sandbox.run(&main, arguments);
        // What is not in the way, what git ignores, and a file that is only younger than its index.
        fs::write(main.join("README.md"), "edited\n").unwrap();
        fs::write(main.join("own"), "o\n").unwrap();
        fs::write(main.join("ignored"), "i\n").unwrap();
        fs::write(main.join("a"), "a\n").unwrap();
        let index = fs::read(main.join(".git/index")).unwrap();
        assert_eq!(say(), None);
        assert_eq!(fs::read(main.join(".git/index")).unwrap(), index);
        let left = fs::read_dir(main.join(".git")).unwrap().flatten();
        assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("orchestra")));
        fs::write(main.join("a"), "edited\n").unwrap();
        fs::write(main.join("new"), "own\n").unwrap();
        fs::write(main.join("deep"), "a file where a folder would be\n").unwrap();
        assert_eq!(say().as_deref(), Some("a, deep, new"));
        fs::remove_file(main.join("new")).unwrap();
        fs::remove_file(main.join("deep")).unwrap();
        // Staged as it will be: that is not in the way.
        git(&["checkout", "-q", "side", "--", "a"]);
        assert_eq!(say(), None);
    }
}
