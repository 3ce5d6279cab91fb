//! Whether a checkout could go forward to a commit, found out without touching it.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path};

use crate::worktrees::{Git, GitError, Programs, diff::ScratchIndex, uncommitted};

/// How many places are looked at: more names than that are no help, and arguments have an end.
const MOST_PLACES: usize = 1000;

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
    let ignored = untracked_in_place_of_new(git, folder, from, to)?;
    let tried = call(&["read-tree", "--dry-run", "-m", "-u", from, to])?.answer()?;
    if tried.status.success() {
        return Ok(Some(ignored).filter(|files| !files.is_empty()));
    }
    let changed = answer(&["diff", "--name-only", "--no-renames", "-z", from, to, "--"])?.stdout;
    let changed = String::from_utf8_lossy(&changed);
    let is_changed = |file: &String| changed.split('\0').any(|path| is_in_the_way(file, path));
    let mut files: Vec<String> = uncommitted(git, folder)?.into_iter().filter(is_changed).collect();
    files.extend(ignored);
    files.sort();
    files.dedup();
    let words = String::from_utf8_lossy(&tried.stderr).trim().trim_start_matches("error: ").to_owned();
    Ok(Some(if files.is_empty() { vec![words] } else { files }))
}

/// What git does not track and stands where a commit puts something new, ignored or not: a dry run does not look at what
/// is ignored.
fn untracked_in_place_of_new(
    git: &Git,
    folder: &Path,
    from: &str,
    to: &str,
) -> Result<Vec<String>, GitError> {
    let arguments = ["diff", "--name-only", "--no-renames", "--diff-filter=A", "-z", from, to, "--"];
    let new = git.call(folder, Programs::None, arguments)?.bytes()?;
    let mut places: Vec<&[u8]> =
        new.split(|byte| *byte == 0).filter_map(|path| what_stands(folder, path)).collect();
    places.sort_unstable();
    places.dedup();
    places.truncate(MOST_PLACES);
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = ["--literal-pathspecs", "ls-files", "--others", "-z", "--"].map(OsStr::new);
    let arguments = arguments.into_iter().chain(places.into_iter().map(OsStr::from_bytes));
    let found = git.call(folder, Programs::None, arguments)?.bytes()?;
    let found = found.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Ok(found.map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}

/// What there is on the way to a path: the path itself, or a file where it needs a folder.
fn what_stands<'a>(folder: &Path, path: &'a [u8]) -> Option<&'a [u8]> {
    let ends =
        path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([path.len()]);
    for end in ends {
        let place = &path[..end];
        let found = fs::symlink_metadata(folder.join(OsStr::from_bytes(place))).ok()?;
        if end == path.len() || !found.is_dir() {
            return Some(place).filter(|place| !place.is_empty());
        }
    }
    None
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
        // What is not in the way, and a file that is only younger than its index.
        fs::write(main.join("README.md"), "edited\n").unwrap();
        fs::write(main.join("own"), "o\n").unwrap();
        fs::write(main.join("a"), "a\n").unwrap();
        let index = fs::read(main.join(".git/index")).unwrap();
        assert_eq!(say(), None);
        // Ignored or not, it is somebody's.
        fs::write(main.join("ignored"), "i\n").unwrap();
        assert_eq!(say().as_deref(), Some("ignored"));
        fs::remove_file(main.join("ignored")).unwrap();
        fs::create_dir(main.join("ignored")).unwrap();
        assert_eq!(say(), None, "an empty folder is nothing");
        fs::write(main.join("ignored/notes"), "n\n").unwrap();
        assert_eq!(say().as_deref(), Some("ignored/notes"));
        fs::remove_dir_all(main.join("ignored")).unwrap();
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
