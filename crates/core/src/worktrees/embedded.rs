//! Repositories within a worktree that are no submodules of it: made there, or cloned.
//!
//! git would take one for the name of a commit that nobody else has, and fails at one that has no commit. Here they are
//! found, so that they can be left out and a person hears of them. Nothing is changed.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{Git, GitError, Programs, porcelain};

/// Where they are, by the top of a worktree. Not looked at is what git ignores.
///
/// # Errors
/// When git fails.
pub fn embedded(git: &Git, worktree: &Path) -> Result<Vec<Vec<u8>>, GitError> {
    let run = |arguments: &[&str]| git.call(worktree, Programs::None, arguments)?.bytes();
    let mut found = porcelain::repositories(&run(&["ls-files", "--others", "--exclude-standard", "-z"])?);
    let index = run(&["ls-files", "--stage", "-z"])?;
    // Added by whoever made it, as git advises against: a submodule's own lies with the repository that it is one of.
    let is_whole = |path: &&[u8]| {
        let within = worktree.join(OsStr::from_bytes(path)).join(".git");
        fs::symlink_metadata(within).is_ok_and(|found| found.is_dir())
    };
    let added: Vec<&[u8]> = porcelain::submodules(&index).filter(is_whole).collect();
    if !added.is_empty() {
        let paths = ["config", "-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"];
        // One that is not there names none.
        let named = git.call(worktree, Programs::None, paths)?.answer()?.stdout;
        let named: Vec<&[u8]> = porcelain::values(&named).collect();
        found.extend(added.into_iter().filter(|path| !named.contains(path)).map(<[u8]>::to_vec));
    }
    Ok(found)
}

/// The same for what git ignores: whatever lies in files and folders that it lists as ignored.
///
/// # Errors
/// When git cannot be run.
pub(super) fn embedded_in(git: &Git, worktree: &Path, ignored: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, GitError> {
    let mut found = Vec::new();
    let path = |path: &Vec<u8>| PathBuf::from(OsStr::from_bytes(path.strip_suffix(b"/").unwrap_or(path)));
    let mut open: Vec<PathBuf> = ignored.iter().map(path).collect();
    while let Some(next) = open.pop() {
        let folder = worktree.join(&next);
        if !fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
            continue;
        }
        let own = folder.join(".git");
        if fs::symlink_metadata(&own).is_ok() {
            let arguments = ["rev-parse".as_ref(), "--resolve-git-dir".as_ref(), own.as_os_str()];
            if git.call(worktree, Programs::None, arguments)?.answer()?.status.success() {
                found.push(next.into_os_string().as_bytes().to_vec());
                continue;
            }
        }
        // What cannot be read cannot be added either, and git says so.
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        open.extend(entries.map(|entry| next.join(entry.file_name())));
    }
    Ok(found)
}

/// How `git add` is told paths: it reads [`pathspecs`].
pub(super) const ADD: [&str; 3] = ["--sparse", "--pathspec-from-file=-", "--pathspec-file-nul"];

/// Paths, by the top of a worktree, without those that are left out.
pub(super) fn pathspecs(paths: &[Vec<u8>], left_out: &[Vec<u8>]) -> Vec<u8> {
    let line = |magic: &str, path: &Vec<u8>| [magic.as_bytes(), path, b"\0"].concat();
    let paths = paths.iter().map(|path| line(":(top,literal)", path));
    paths.chain(left_out.iter().map(|path| line(":(top,exclude,literal)", path))).flatten().collect()
}

/// All that a worktree holds, without the repositories within it.
///
/// # Errors
/// When git fails.
pub(super) fn all_of(git: &Git, worktree: &Path) -> Result<Vec<u8>, GitError> {
    // Its top is all of it.
    Ok(pathspecs(&[Vec::new()], &embedded(git, worktree)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktrees::testing::Sandbox;

    #[test]
    fn what_was_made_or_cloned_is_found_and_a_submodule_is_none() {
        let sandbox = Sandbox::new();
        let main = sandbox.repository("shop");
        sandbox.repository("library");
        sandbox.run(
            &main,
            &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "sub"],
        );
        sandbox.run(&main, &["commit", "-qm", "sub"]);
        fs::write(main.join(".gitignore"), "data/\n").unwrap();
        sandbox.run(&main, &["init", "-q", "a/b*[c]/\u{fc}"]);
        sandbox.run(&main, &["clone", "-q", "../library", "added"]);
        sandbox.run(&main, &["add", "added"]);
        sandbox.run(&main, &["init", "-q", "data/deep/er"]);
        fs::create_dir_all(main.join("data/none/.git")).unwrap();
        let text = |paths: Vec<Vec<u8>>| -> Vec<String> {
            paths.into_iter().map(|path| String::from_utf8(path).unwrap()).collect()
        };
        assert_eq!(text(embedded(&sandbox.git, &main).unwrap()), ["a/b*[c]/\u{fc}", "added"]);
        let ignored = [b"data/".to_vec(), b"nowhere".to_vec()];
        assert_eq!(text(embedded_in(&sandbox.git, &main, &ignored).unwrap()), ["data/deep/er"]);
    }
}
