//! What branches and commits have of each other, and whether they go together: asked of git, and nothing is changed.

use std::path::Path;

use super::{Git, GitError, Programs, Repository, git::failed, porcelain};

/// What merging two commits would give: the tree, or the files that conflict.
pub(super) enum Tried {
    Tree(String),
    Conflict(Vec<String>),
}

pub(super) fn try_merge(git: &Git, folder: &Path, one: &str, other: &str) -> Result<Tried, GitError> {
    let arguments = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", one, other];
    let output = git.call(folder, Programs::None, arguments)?.answer()?;
    let (tree, files) = porcelain::merge_tree(&output.stdout);
    match output.status.code() {
        Some(0) => Ok(Tried::Tree(tree)),
        Some(1) => Ok(Tried::Conflict(files)),
        _ => Err(failed("merge-tree".to_owned(), &output)),
    }
}

/// Whether merging one commit into another would change nothing: it has the same changes already, in whatever commits.
pub(super) fn brings_nothing(git: &Git, folder: &Path, into: &str, commit: &str) -> Result<bool, GitError> {
    match try_merge(git, folder, into, commit) {
        Ok(Tried::Tree(tree)) => Ok(tree == tree_of(git, folder, into)?),
        // Histories that have nothing in common are not merged at all.
        Ok(Tried::Conflict(_)) | Err(GitError::Failed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn tree_of(git: &Git, folder: &Path, commit: &str) -> Result<String, GitError> {
    git.call(folder, Programs::None, ["rev-parse", "--verify", &format!("{commit}^{{tree}}")])?.text()
}

/// Whether a local branch has all that another one would bring it.
///
/// # Errors
/// When git fails, or there is no such branch.
pub fn has_all(repository: &Repository, branch: &str, other: &str) -> Result<bool, GitError> {
    let name = |branch: &str| format!("refs/heads/{branch}");
    brings_nothing(repository.git(), repository.common_dir(), &name(branch), &name(other))
}

/// Whether a local branch has a commit, or another branch, in its history.
///
/// # Errors
/// When git fails.
pub fn is_within(repository: &Repository, commit: &str, branch: &str) -> Result<bool, GitError> {
    is_ancestor(repository, commit, &format!("refs/heads/{branch}"))
}

/// Whether a local branch has the work of a commit, or of a branch by its full name: in its history, or as other commits.
///
/// # Errors
/// When git fails, or there is no such branch.
pub(crate) fn has_work(repository: &Repository, branch: &str, commit: &str) -> Result<bool, GitError> {
    let name = format!("refs/heads/{branch}");
    Ok(is_ancestor(repository, commit, &name)?
        || brings_nothing(repository.git(), repository.common_dir(), &name, commit)?)
}

/// Whether a commit, or a branch by its full name, is in the history of another.
///
/// # Errors
/// When git fails, or there is no such commit.
pub(crate) fn is_ancestor(repository: &Repository, one: &str, other: &str) -> Result<bool, GitError> {
    let arguments = ["merge-base", "--is-ancestor", one, other];
    repository.git().call(repository.common_dir(), Programs::None, arguments)?.says_yes()
}

/// The files that two branches, or commits, would conflict in; none when they go together.
///
/// # Errors
/// When git fails, or there is no such branch.
pub fn conflicts(repository: &Repository, one: &str, other: &str) -> Result<Vec<String>, GitError> {
    let commit = |name: &str| commit_of(repository, name);
    match (commit(one)?, commit(other)?) {
        (Some(one), Some(other)) => match try_merge(repository.git(), repository.common_dir(), &one, &other)?
        {
            Tried::Tree(_) => Ok(Vec::new()),
            Tried::Conflict(files) => Ok(files),
        },
        _ => Ok(Vec::new()),
    }
}

/// The files that each of several pairs of commits, by their ids, would conflict in: one git is asked of all.
///
/// # Errors
/// When git fails.
pub(crate) fn conflicts_of(
    repository: &Repository,
    pairs: &[(String, String)],
) -> Result<Vec<Vec<String>>, GitError> {
    let (git, folder) = (repository.git(), repository.common_dir());
    let mut found: Vec<Vec<String>> = Vec::new();
    while let Some(rest) = pairs.get(found.len()..).filter(|rest| !rest.is_empty()) {
        let asked: String = rest.iter().map(|(one, other)| format!("{one} {other}\n")).collect();
        let arguments = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "--stdin"];
        let output = git.call(folder, Programs::None, arguments)?.input(asked.into_bytes()).answer()?;
        found.extend(porcelain::merge_trees(&output.stdout).into_iter().take(rest.len()));
        if let Some((one, other)) = pairs.get(found.len()) {
            // It ends at a pair without a common history, and an older git knows no list at all.
            found.push(match try_merge(git, folder, one, other) {
                Ok(Tried::Conflict(files)) => files,
                Ok(Tried::Tree(_)) | Err(GitError::Failed { .. }) => Vec::new(),
                Err(error) => return Err(error),
            });
        }
    }
    Ok(found)
}

/// The commit that a name means; `None` when it means none.
pub(crate) fn commit_of(repository: &Repository, name: &str) -> Result<Option<String>, GitError> {
    let name = format!("{name}^{{commit}}");
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &name];
    let output = repository.git().call(repository.common_dir(), Programs::None, arguments)?.answer()?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}
