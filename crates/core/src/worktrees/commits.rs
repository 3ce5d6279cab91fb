//! The commits of a branch that its base does not have, and how many no remote has.

use orchestra_model::Commit;

use super::{GitError, Programs, Repository};

/// How many commits are listed at the most.
const MOST: &str = "--max-count=200";

/// The commits of a branch that a base does not have, newest first; at most two hundred.
///
/// # Errors
/// When git fails.
pub fn commits(repository: &Repository, base: &str, branch: &str) -> Result<Vec<Commit>, GitError> {
    let range = format!("{base}..{branch}");
    let arguments =
        ["log", MOST, "--no-show-signature", "-z", "--format=%H%x00%ct%x00%s", "--end-of-options", &range];
    let said = repository.git().call(repository.common_dir(), Programs::None, arguments)?.bytes()?;
    let said = String::from_utf8_lossy(&said);
    let fields: Vec<&str> = said.split('\0').collect();
    Ok(fields
        .chunks_exact(3)
        .filter_map(|fields| {
            let at = jiff::Timestamp::from_second(fields[1].parse().ok()?).ok()?;
            Some(Commit { id: fields[0].to_owned(), at, subject: fields[2].to_owned() })
        })
        .collect())
}

/// How many commits of a branch no remote has; `None` when there is no remote.
///
/// # Errors
/// When git fails.
pub fn unpushed(repository: &Repository, branch: &str) -> Result<Option<u32>, GitError> {
    let ask = |arguments: &[&str]| repository.git().call(repository.common_dir(), Programs::None, arguments);
    if ask(&["remote"])?.text()?.is_empty() {
        return Ok(None);
    }
    let count = ask(&["rev-list", "--count", "--end-of-options", branch, "--not", "--remotes"])?.text()?;
    Ok(count.parse().ok())
}
