//! An agent's work as a pull request: pushed, and opened with GitHub's program where there is one.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use orchestra_model::Agent;

use super::{PlaceError, Tools, harvest::Harvest, harvest::HarvestError};
use crate::worktrees;

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
}

/// Why there is no pull request.
#[derive(Debug, thiserror::Error)]
pub enum PullRequestError {
    /// There is nowhere to push to.
    #[error("there is no remote to push to")]
    NoRemote,
    /// The remote did not take it.
    #[error("{error}")]
    NotPushed {
        /// What was pushed.
        branch: String,
        /// Where to.
        remote: String,
        /// What git says.
        error: worktrees::GitError,
    },
    /// There is no git.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The work cannot be committed or read.
    #[error(transparent)]
    Harvest(#[from] HarvestError),
    /// git failed.
    #[error(transparent)]
    Git(#[from] worktrees::GitError),
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
        harvest.commit()?;
        let branch = harvest.branch();
        worktrees::push(repository, branch, &remote).map_err(|error| PullRequestError::NotPushed {
            branch: branch.to_owned(),
            remote: remote.clone(),
            error,
        })?;
        let url = worktrees::url_of(repository, &remote)?;
        let opened = self.gh.as_ref().and_then(|gh| {
            let mut command = Command::new(gh);
            command.current_dir(repository.root()).args(["pr", "create", "--head", branch]);
            if let Some(base) = base {
                command.args(["--base", base]);
            }
            open(command, &agent.task)
        });
        let is_open = opened.is_some();
        Ok(PullRequest {
            url: opened.or_else(|| worktrees::pull_request_url(&url, branch, base)),
            branch: branch.to_owned(),
            base: base.map(str::to_owned),
            remote,
            is_open,
        })
    }
}

/// Has `gh` open a pull request; its address, if that went well. The task travels on its standard input.
fn open(mut command: Command, task: &str) -> Option<String> {
    let title: String = task.trim().lines().next().unwrap_or_default().chars().take(LONGEST_TITLE).collect();
    command.arg(format!("--title={title}")).arg("--body-file=-");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut body = child.stdin.take()?;
    body.write_all(task.as_bytes()).ok()?;
    drop(body);
    let output = child.wait_with_output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let url = said.lines().rev().find(|line| line.starts_with("https://"));
    output.status.success().then(|| url.unwrap_or_default().to_owned())
}
