//! Agents that Orchestra runs: each has a folder, a log, and while it works a runner of its own.
//!
//! Everything that is known of an agent stands in its folder; there is no daemon and no registry. [`Agents`] makes,
//! finds and starts them, [`run`] is what a runner does, and [`Control`] speaks to one. What a log says is told by
//! [`Facts`]; nothing but a [`client`]'s own module knows what its client prints.

mod ask;
mod claude;
pub mod client;
pub mod control;
pub mod doctor;
pub mod entry;
mod facts;
mod folder;
mod governor;
pub mod harvest;
pub mod log;
mod name;
pub mod plan;
mod ports;
mod pull_request;
mod runner;
pub mod runs;
mod spawn;
mod start;
mod story;
#[cfg(test)]
mod testing;
mod tidy;
mod together;
mod watch;

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use orchestra_model::{Agent, AgentId, Problem, ProblemKind, SessionId};

pub use ask::Decided;
pub use control::{Control, ControlError};
pub use facts::Facts;
pub use folder::{AgentFolder, FolderError};
pub use governor::Pace;
pub use name::slug;
pub use pull_request::{PullRequest, PullRequestError};
pub use runner::{RunnerError, RunnerSettings, guard, run};
pub use spawn::{FoundPlace, PlaceError, Tools, Wish, paragraphs};
pub use start::{GoesOn, Launcher, NewAgent, NewRun, SendError, Sent, StartError, Started, check_task};
pub use story::{Scene, Story};
pub use tidy::Kept;
pub use together::{
    Awaited, Delivered, Key, KeyError, Limit, Member, NewMember, News, Received, Seen, TogetherError, limits,
};
pub use watch::{AgentNews, AgentWatcher, Words};

/// All agents of a state folder. Cheap to make; it holds nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agents {
    state: PathBuf,
}

/// Who holds a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The agent.
    pub agent: AgentId,
    /// The repository or folder that it was pointed at.
    pub origin: PathBuf,
}

/// Why an agent could not be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindAgentError {
    /// None is called so.
    #[error("there is no agent {asked:?}")]
    Unknown {
        /// What was asked for.
        asked: String,
    },
    /// More than one could be meant.
    #[error("{asked:?} could be any of {}", .candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// The names of those.
        candidates: Vec<String>,
    },
}

/// Whether somebody is in the repository or the worktree of an agent.
fn is_near(agent: &Agent, near: Option<&Path>) -> bool {
    let mut folders = [&agent.repo, &agent.worktree].into_iter().flatten();
    near.is_some_and(|near| folders.any(|folder| near.starts_with(folder)))
}

impl Agents {
    /// The agents of a state folder, which need not be there.
    pub fn new(state: &Path) -> Self {
        Self { state: state.to_owned() }
    }

    /// The state folder.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The folder that holds the agents' folders.
    pub(crate) fn folder(&self) -> PathBuf {
        self.state.join("agents")
    }

    /// The folder of an agent.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(&self, id: &AgentId) -> Result<AgentFolder, FolderError> {
        AgentFolder::open(&self.folder().join(id.as_str()))
    }

    /// The folders of all agents, in no order.
    fn folders(&self) -> io::Result<Vec<AgentFolder>> {
        let entries = match fs::read_dir(self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        Ok(entries.flatten().filter_map(|entry| AgentFolder::open(&entry.path()).ok()).collect())
    }

    /// The sessions that agents hold, each with who holds it. Of several that went on with one, the last is meant.
    pub fn sessions(&self) -> HashMap<SessionId, Holder> {
        let folders = self.folders().unwrap_or_default();
        let mut plans: Vec<_> = folders.iter().filter_map(|folder| folder.plan().ok()).collect();
        plans.sort_by_key(|plan| plan.created_at);
        let holder =
            |plan: &plan::Plan| Holder { agent: plan.id.clone(), origin: plan.place.origin().to_owned() };
        plans.iter().map(|plan| (plan.conversation.session().clone(), holder(plan))).collect()
    }

    /// All agents, newest first, and what could not be read.
    pub fn list(&self) -> (Vec<Agent>, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut problem = |path: &Path, message: String| {
            let path = path.display().to_string();
            problems.push(Problem { path, kind: ProblemKind::Unreadable, message });
        };
        let folders = self.folders().unwrap_or_else(|error| {
            problem(&self.folder(), format!("failed to read {}: {error}", self.folder().display()));
            Vec::new()
        });
        let mut agents: Vec<Agent> = folders
            .iter()
            .filter_map(|folder| {
                folder.agent().map_err(|error| problem(folder.path(), error.to_string())).ok()
            })
            .collect();
        agents.sort_by(|one, other| {
            other.created_at.cmp(&one.created_at).then_with(|| one.name.cmp(&other.name))
        });
        self.add_remarks(&mut agents);
        (agents, problems)
    }

    /// The agent that a name, an id or the beginning of one means. Of several, one that is not cleared away is meant rather
    /// than one that is, and one of the repository that somebody is in rather than one of another.
    ///
    /// # Errors
    /// When none is meant, or more than one could be.
    pub fn find(&self, asked: &str, near: Option<&Path>) -> Result<Agent, FindAgentError> {
        let (agents, _) = self.list();
        let unknown = || FindAgentError::Unknown { asked: asked.to_owned() };
        let is_meant = |agent: &Agent| agent.id.as_str() == asked || agent.name == asked;
        if let Some(agent) = agents.iter().find(|agent| is_meant(agent)) {
            return Ok(agent.clone());
        }
        let may_be_meant =
            |agent: &Agent| agent.id.as_str().starts_with(asked) || agent.name.starts_with(asked);
        let mut candidates: Vec<Agent> =
            agents.into_iter().filter(|agent| !asked.is_empty() && may_be_meant(agent)).collect();
        let likelier: [&dyn Fn(&Agent) -> bool; 2] =
            [&|agent| !agent.is_cleaned, &|agent| is_near(agent, near)];
        for is_likelier in likelier {
            if candidates.iter().any(is_likelier) {
                candidates.retain(is_likelier);
            }
        }
        match candidates.len() {
            0 => Err(unknown()),
            1 => candidates.pop().ok_or_else(unknown),
            _ => Err(FindAgentError::Ambiguous {
                asked: asked.to_owned(),
                candidates: candidates.into_iter().map(|agent| agent.name).collect(),
            }),
        }
    }
}
