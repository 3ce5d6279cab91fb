//! Whether the commits of a worktree are elsewhere too: in a branch that is not an agent's, or on a remote.

use super::{Inspection, Keep, Subject, run};
use crate::worktrees::{
    GitError, Programs,
    compare::{brings_nothing, commit_of},
    repository::branch_in,
};

/// How many branches, beginning with those that were committed to last, are asked whether they hold the same changes in
/// commits of their own.
const MOST_COMPARED: usize = 20;

/// Whether `HEAD` and the branch are elsewhere too: reachable, or in another branch as other commits.
pub(super) fn unmerged(subject: &Subject<'_>, found: &mut Inspection) -> Result<(), GitError> {
    let git = subject.repository.git();
    let own = found.marker.as_ref().map(|marker| marker.branch.clone()).unwrap_or_default();
    let mut tips = vec!["HEAD".to_owned()];
    let branch = format!("refs/heads/{own}");
    let exists = ["show-ref", "--verify", "--quiet", "--", &branch];
    if git.call(subject.worktree, Programs::None, exists)?.answer()?.status.success() {
        tips.push(branch);
    }
    let targets: Vec<String> = subject
        .targets
        .iter()
        .map(|target| format!("refs/heads/{target}"))
        .filter(|target| matches!(commit_of(subject.repository, target), Ok(Some(_))))
        .collect();
    let unsafe_ones = Unsafe::of(subject, &own)?;
    let mut most = 0;
    for tip in &tips {
        let mut arguments = vec!["rev-list", "--count", tip, "--not", "--remotes"];
        arguments.extend(unsafe_ones.excluded.iter().map(String::as_str));
        arguments.push("--branches");
        arguments.extend(targets.iter().map(String::as_str));
        let counted = String::from_utf8_lossy(&run(git, subject.worktree, &arguments)?).trim().parse::<u64>();
        let Ok(commits) = counted else {
            found.reasons.push(Keep::Unknown { what: "git does not count commits".to_owned() });
            return Ok(());
        };
        if commits > 0 && !is_in_any(subject, tip, &unsafe_ones.others(subject, &targets)?)? {
            most = most.max(commits);
        }
    }
    if most > 0 {
        let target =
            subject.targets.first().cloned().unwrap_or_else(|| "any other branch or remote".to_owned());
        found.reasons.push(Keep::Unmerged { commits: most, target });
    }
    Ok(())
}

/// Branches in which nothing is safe: its own, the one that is checked out there, and those of other agents, which may be
/// cleaned away as well.
struct Unsafe {
    /// By their short names.
    own: [String; 2],
    /// The folder of agents' branches, with its slash; empty when there is none.
    agents: String,
    /// Arguments that leave them out of `--branches`.
    excluded: Vec<String>,
}

impl Unsafe {
    fn of(subject: &Subject<'_>, own: &str) -> Result<Self, GitError> {
        let here = branch_in(subject.repository.git(), subject.worktree)?.unwrap_or_default();
        let agents = own.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let patterns = [own.to_owned(), here.clone(), agents.replace('/', "/*")];
        let named = patterns.into_iter().filter(|pattern| !pattern.is_empty());
        let excluded = named.map(|pattern| format!("--exclude={pattern}")).collect();
        Ok(Self { own: [own.to_owned(), here], agents, excluded })
    }

    fn is_safe(&self, branch: &str) -> bool {
        let is_agents = !self.agents.is_empty() && branch.starts_with(&self.agents);
        !is_agents && !self.own.iter().any(|own| own == branch)
    }

    /// The targets, and the branches that are safe and were committed to last.
    fn others(&self, subject: &Subject<'_>, targets: &[String]) -> Result<Vec<String>, GitError> {
        let arguments = ["for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/heads/"];
        let listed = run(subject.repository.git(), subject.worktree, &arguments)?;
        let listed = String::from_utf8_lossy(&listed);
        let is_safe =
            |name: &&str| name.strip_prefix("refs/heads/").is_some_and(|branch| self.is_safe(branch));
        let mut others = targets.to_vec();
        let safe = listed.lines().filter(is_safe).take(MOST_COMPARED);
        others.extend(safe.filter(|name| !targets.iter().any(|target| target == name)).map(str::to_owned));
        Ok(others)
    }
}

/// Whether a branch holds the same changes: each commit as another, or all of them as one.
fn is_in_any(subject: &Subject<'_>, tip: &str, branches: &[String]) -> Result<bool, GitError> {
    let git = subject.repository.git();
    for branch in branches {
        let picked = run(git, subject.worktree, &["cherry", branch, tip])?;
        let is_picked = picked.split(|byte| *byte == b'\n').all(|line| !line.starts_with(b"+"));
        // `git cherry` does not list merges, which may hold changes of their own.
        let merges = format!("{branch}..{tip}");
        let has_merges =
            !run(git, subject.worktree, &["rev-list", "--merges", "--max-count=1", &merges])?.is_empty();
        if is_picked && !has_merges {
            return Ok(true);
        }
        if brings_nothing(git, subject.worktree, branch, tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}
