//! An agent's work as a pull request: pushed, and opened with GitHub's program where there is one.

use std::{process::Command, time::Duration};

use orchestra_model::Agent;

use super::{PlaceError, Tools, harvest::Harvest, harvest::HarvestError};
use crate::{
    process::answer_within,
    worktrees::{self, GitError},
};

/// How long a pull request's title gets, in characters.
const LONGEST_TITLE: usize = 200;

/// A branch that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// What was pushed.
    pub branch: String,
    /// The branch that shall take it.
    pub base: Option<String>,
    /// Where it was pushed to.
    pub remote: String,
    /// Where the pull request is, or where one is opened; `None` for a host whose pages are not known.
    pub url: Option<String>,
    /// Whether it is open already.
    pub is_open: bool,
    /// Why GitHub's program opened none, in its words.
    pub refusal: Option<String>,
}

/// What GitHub's program did.
enum Opened {
    /// It is open, at an address.
    At(String),
    /// It did not go.
    Not(String),
}

/// How long GitHub's program may take.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);

/// Why there is no pull request.
#[derive(Debug, thiserror::Error)]
pub enum PullRequestError {
    /// There is nowhere to push to.
    #[error("there is no remote to push to")]
    NoRemote,
    /// The branch that shall take it is neither here nor there.
    #[error("there is no branch {base}, here or at {remote}")]
    NoBase {
        /// The branch.
        base: String,
        /// Where it is to be.
        remote: String,
    },
    /// The remote's branch has commits that are not here, and a push would drop them.
    #[error("{branch} at {remote} has commits that are not here")]
    Ahead {
        /// What was to be pushed.
        branch: String,
        /// Where to.
        remote: String,
    },
    /// The remote did not take it.
    #[error("{error}")]
    NotPushed {
        /// What was pushed.
        branch: String,
        /// Where to.
        remote: String,
        /// What git says.
        error: GitError,
    },
    /// There is no git.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The work cannot be committed or read.
    #[error(transparent)]
    Harvest(#[from] HarvestError),
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Tools {
    /// Commits what an agent has not, pushes its branch and opens a pull request for it where that can be done from here.
    ///
    /// # Errors
    /// When it is at work, or cannot be pushed.
    pub fn pull_request(&self, agent: &Agent, base: Option<&str>) -> Result<PullRequest, PullRequestError> {
        let folder = self.agents().open(&agent.id).map_err(HarvestError::from)?;
        let harvest = Harvest::of(&folder, self.git()?)?;
        let base = base.or(harvest.target());
        let repository = harvest.repository();
        let remote = worktrees::remote_of(repository, base)?.ok_or(PullRequestError::NoRemote)?;
        if let Some(base) = base {
            let places = [format!("refs/heads/{base}"), format!("refs/remotes/{remote}/{base}")];
            let is_at = |place: &String| worktrees::commit_of(repository, place).ok().flatten().is_some();
            if !places.iter().any(is_at) {
                return Err(PullRequestError::NoBase { base: base.to_owned(), remote });
            }
        }
        harvest.commit()?;
        let branch = harvest.branch();
        worktrees::push(repository, branch, &remote).map_err(|error| {
            let (branch, remote) = (branch.to_owned(), remote.clone());
            match &error {
                GitError::Failed { words, .. } if words.contains("[rejected]") => {
                    PullRequestError::Ahead { branch, remote }
                }
                _ => PullRequestError::NotPushed { branch, remote, error },
            }
        })?;
        let url = worktrees::url_of(repository, &remote)?;
        let opened = self.gh.as_ref().map(|gh| {
            let mut command = Command::new(gh);
            command.current_dir(repository.root()).args(["pr", "create", "--head", branch]);
            if let Some(base) = base {
                command.args(["--base", base]);
            }
            open(command, &agent.task)
        });
        let (open, refusal) = match opened {
            Some(Opened::At(url)) => (Some(url), None),
            Some(Opened::Not(words)) => (None, Some(words)),
            None => (None, None),
        };
        let is_open = open.is_some();
        Ok(PullRequest {
            url: open.or_else(|| worktrees::pull_request_url(&url, branch, base)),
            branch: branch.to_owned(),
            base: base.map(str::to_owned),
            remote,
            is_open,
            refusal,
        })
    }
}

/// Has `gh` open a pull request. The task travels on its standard input.
fn open(mut command: Command, task: &str) -> Opened {
    let title: String = task.trim().lines().next().unwrap_or_default().chars().take(LONGEST_TITLE).collect();
    command.arg(format!("--title={title}")).arg("--body-file=-");
    // Nobody is there to answer it.
    command.env("GH_PROMPT_DISABLED", "1");
    match answer_within(command, task.as_bytes().to_vec(), LONGEST_ANSWER) {
        Ok(output) => understand(
            output.status.success(),
            &String::from_utf8_lossy(&output.stdout),
            &String::from_utf8_lossy(&output.stderr),
        ),
        Err(error) => Opened::Not(error.to_string()),
    }
}

fn understand(went_well: bool, said: &str, complained: &str) -> Opened {
    let address = |words: &str| {
        words.lines().rev().map(str::trim).find(|line| line.starts_with("https://")).map(str::to_owned)
    };
    if went_well {
        return Opened::At(address(said).unwrap_or_default());
    }
    match address(complained).filter(|_| complained.contains("already exists")) {
        Some(url) => Opened::At(url),
        None => {
            let words = complained.lines().map(str::trim).find(|line| !line.is_empty());
            Opened::Not(words.unwrap_or("it failed and said nothing").to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gh_says_is_told() {
        let words = |opened| match opened {
            Opened::At(url) => format!("at {url}"),
            Opened::Not(words) => format!("not: {words}"),
        };
        assert_eq!(
            words(understand(true, "\nhttps://github.com/a/b/pull/3\n", "")),
            "at https://github.com/a/b/pull/3"
        );
        let exists = "a pull request for branch \"x\" into branch \"main\" already exists:\nhttps://github.com/a/b/pull/2\n";
        assert_eq!(words(understand(false, "", exists)), "at https://github.com/a/b/pull/2");
        let login = "To get started with GitHub CLI, please run:  gh auth login\n";
        assert_eq!(
            words(understand(false, "", login)),
            "not: To get started with GitHub CLI, please run:  gh auth login"
        );
        assert_eq!(words(understand(false, "", "")), "not: it failed and said nothing");
    }
}
