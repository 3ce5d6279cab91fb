//! Runs: agents that were started together, in an order that a plan gives them.
//!
//! **There is no coordinator.** A run is a folder: `run.json`, its plan, written whole before anything is made and
//! never changed, and a journal in the runners' kind of log. [`step`](super::Tools::step) looks at both and at the
//! agents, does what is due, and returns; any process may call it at any time, one at a time under a lock: whoever
//! asked for the run, what follows an agent's end (`orchestra __step`, started again by the agent's guard when it is
//! killed), and whoever waits. What a step decides is written down before it is done, and doing it twice does no harm:
//! an agent's folder has an id from the plan, its runner takes a lock, a message carries a key, a check runs under a
//! lock of its own. So a step that is killed anywhere is gone on with by the next one, and no task is run twice. A
//! coordinator would have had to be watched and started again, with the same files to go on from: it would have added a
//! process and no promise.
//!
//! A run without a plan, what `spawn` makes, has only its members' plans; the rest here works for both.
//! What keeps a task from starting is never written down: it follows from how the others are.

mod check;
mod choose;
mod create;
mod file;
mod halt;
mod journal;
mod land;
mod landed;
mod markdown;
mod order;
pub(super) mod remark;
mod report;
mod sequence;
mod settle;
mod standing;
mod step;
mod worked;

use std::{fs, io, path::PathBuf};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId, AgentState, Limit};
use serde::{Deserialize, Serialize};

pub use choose::{ChooseError, Chosen};
pub use create::NewPlan;
pub use file::{NewTask, RunFile, RunFileError};
pub use halt::WITH_ITS_RUN;
pub(super) use halt::{BUDGET, SYSTEM};
pub use land::{LandError, LandNews, LandWish};
pub use markdown::markdown;
pub use step::{StepError, Stepped};

use super::{
    Agents, FindAgentError,
    folder::{AgentFolder, FolderError},
    is_near,
    plan::Plan,
};
use crate::files::{lock_file, private_folder};
use journal::Ledger;

/// A run and its plan.
#[derive(Clone, Debug)]
pub struct RunFolder {
    agents: Agents,
    path: PathBuf,
    plan: RunPlan,
}

/// What a run is to do: written once, before anything of it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunPlan {
    /// The run's id.
    pub id: AgentId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How many may be at work at once.
    pub max_parallel: Option<u32>,
    /// What it may use; the journal may say otherwise by now.
    #[serde(default)]
    pub limit: Limit,
    /// Its tasks; their places are what others name them by.
    pub tasks: Vec<PlannedTask>,
}

/// A task of a run, with the agent that is to do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// What it is called in the run.
    pub name: String,
    /// Its agent's plan.
    pub agent: Plan,
    /// The tasks that it comes after.
    #[serde(default)]
    pub after: Vec<u32>,
    /// The task on whose branch it starts; it comes after that too.
    #[serde(default)]
    pub from: Option<u32>,
    /// The command that its work is checked with.
    #[serde(default)]
    pub check: Option<String>,
    /// How often it is sent back by itself.
    #[serde(default)]
    pub retries: u32,
    /// Which attempt at the same task it is: the place of the first of them, and its number from 1.
    #[serde(default)]
    pub attempt: Option<(u32, u32)>,
}

impl PlannedTask {
    /// The task of an agent that comes after none.
    fn alone(agent: Plan) -> Self {
        Self {
            name: agent.name.clone(),
            agent,
            after: Vec::new(),
            from: None,
            check: None,
            retries: 0,
            attempt: None,
        }
    }

    /// The tasks that have to be done before it.
    fn comes_after(&self) -> impl Iterator<Item = u32> + '_ {
        self.after.iter().copied().chain(self.from)
    }
}

/// Why a run cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is none.
    #[error("there is no run yet")]
    None,
    /// There is none in the repository that one is in.
    #[error("no run was started here")]
    NoneHere {
        /// The newest of all.
        newest: AgentId,
        /// Where that was started.
        place: String,
    },
    /// There is none of that name.
    #[error("there is no run {asked:?}, and no agent is called so")]
    Unknown {
        /// What was asked for.
        asked: String,
    },
    /// More than one could be meant.
    #[error("{asked:?} could be any of {}", .candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// Those.
        candidates: Vec<String>,
    },
    /// An agent of it cannot be read.
    #[error(transparent)]
    Agent(#[from] FolderError),
    /// Its plan cannot be understood.
    #[error(
        "the run in {path} cannot be read ({error}); it may have been made by a newer version of Orchestra"
    )]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// The system refuses.
    #[error("{path} cannot be used: {error}")]
    Refused {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Agents {
    /// The folder of all runs' own files.
    pub(super) fn runs_folder(&self) -> PathBuf {
        self.state.join("runs")
    }

    /// The folder of a run's own files, which need not be there.
    pub(super) fn run_folder(&self, id: &AgentId) -> PathBuf {
        self.runs_folder().join(id.as_str())
    }

    /// The runs that have files of their own: a plan, or a journal.
    pub(super) fn run_folders(&self) -> Vec<AgentId> {
        let entries = fs::read_dir(self.runs_folder()).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    /// The agents of a run of which something runs, or would: to be stopped in this order. Those whose turn it was not come
    /// first, since it would be once others have ended.
    pub fn at_work(&self, run: &AgentId) -> Vec<Agent> {
        let (mut agents, _) = self.list();
        agents.retain(|agent| agent.run == *run);
        agents.retain(|agent| agent.state.is_live() || agent.state == AgentState::Queued);
        agents.sort_by_key(|agent| agent.state != AgentState::Queued);
        agents
    }

    /// A run, by its id.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn run(&self, id: &AgentId) -> Result<RunFolder, RunError> {
        self.run_of(id, || {
            let plans = self.folders().ok()?.into_iter().filter_map(|folder| folder.plan().ok());
            Some(plans.filter(|plan| plan.run.id == *id).collect())
        })
    }

    /// The same for whoever knows the plans of its agents; they are asked for only when the run has none of its own.
    fn run_of(
        &self,
        id: &AgentId,
        members: impl FnOnce() -> Option<Vec<Plan>>,
    ) -> Result<RunFolder, RunError> {
        let path = self.run_folder(id);
        let mut plan: RunPlan = match fs::read(path.join(PLAN)) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| RunError::Unreadable { path: path.clone(), error })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                plan_of_members(id, members().unwrap_or_default())?
            }
            Err(error) => return Err(RunError::Refused { path, error }),
        };
        let ledger = Ledger::read(&path).map_err(|error| RunError::Refused { path: path.clone(), error })?;
        plan.tasks.extend(ledger.joined);
        Ok(RunFolder { agents: self.clone(), path, plan })
    }

    /// The run that a person means: by one of its agents, its id, or the beginning of one; when nothing is named, the newest
    /// of the repository that they are in.
    ///
    /// # Errors
    /// When none is meant, or more than one could be.
    pub fn find_run(
        &self,
        asked: Option<&str>,
        near: Option<&std::path::Path>,
    ) -> Result<RunFolder, RunError> {
        let (agents, _) = self.list();
        let Some(asked) = asked else {
            if let Some(near) = agents.iter().find(|agent| is_near(agent, near)) {
                return self.run(&near.run);
            }
            let newest = agents.first().ok_or(RunError::None)?;
            let place = newest.repo.as_ref().or(newest.worktree.as_ref()).cloned().unwrap_or_default();
            return Err(RunError::NoneHere { newest: newest.run.clone(), place });
        };
        // A whole name means its agent, whatever a run's id begins with.
        if let Some(agent) = agents.iter().find(|agent| agent.name == asked) {
            return self.run(&agent.run);
        }
        let mut runs: Vec<&AgentId> = agents.iter().map(|agent| &agent.run).collect();
        runs.sort();
        runs.dedup();
        let begin = |run: &&&AgentId| !asked.is_empty() && run.as_str().starts_with(asked);
        match runs.iter().filter(begin).copied().collect::<Vec<_>>().as_slice() {
            [only] => return self.run(only),
            [] => {}
            several => {
                let candidates = several.iter().map(ToString::to_string).collect();
                return Err(RunError::Ambiguous { asked: asked.to_owned(), candidates });
            }
        }
        match self.find(asked, near) {
            Ok(agent) => self.run(&agent.run),
            Err(FindAgentError::Ambiguous { asked, candidates }) => {
                Err(RunError::Ambiguous { asked, candidates })
            }
            Err(FindAgentError::Unknown { asked }) => {
                // Whoever was killed before the first agent was made left only the plan.
                let id = asked.parse().map_err(|_| RunError::Unknown { asked: asked.clone() });
                id.and_then(|id| self.run(&id)).map_err(|error| match error {
                    RunError::Unknown { .. } => RunError::Unknown { asked },
                    error => error,
                })
            }
        }
    }
}

impl Agents {
    /// The task that is still to start from an agent's branch.
    pub(super) fn starts_from(&self, agent: &Agent) -> Option<String> {
        let run = self.run(&agent.run).ok()?;
        let (place, _) = run.tasks().find(|(_, task)| task.agent.id == agent.id)?;
        let is_to_start = |task: &PlannedTask| {
            let state = run.agent(task).and_then(|folder| folder.agent()).map(|agent| agent.state);
            state.is_ok_and(|state| state == AgentState::Queued)
        };
        let mut after = run.tasks().filter(|(_, task)| task.from == Some(place));
        after.find(|(_, task)| is_to_start(task)).map(|(_, task)| task.name.clone())
    }
}

/// What agents without more of a plan amount to.
fn plan_of_members(id: &AgentId, mut members: Vec<Plan>) -> Result<RunPlan, RunError> {
    members.sort_by_key(|plan| plan.run.index);
    let first = members.first().ok_or_else(|| RunError::Unknown { asked: id.to_string() })?;
    let (created_at, max_parallel) = (first.created_at, first.run.max_parallel);
    let tasks = members.into_iter().map(PlannedTask::alone).collect();
    Ok(RunPlan { id: id.clone(), created_at, max_parallel, limit: Limit::default(), tasks })
}

/// The file that says why nobody could go on with a run.
const TROUBLE: &str = "trouble";
/// The lock that whoever lands a run holds.
const LAND_LOCK: &str = "land.lock";
/// The file of a run's plan.
pub(super) const PLAN: &str = "run.json";

impl RunFolder {
    /// The run's id.
    pub const fn id(&self) -> &AgentId {
        &self.plan.id
    }

    /// Whether a folder is in its repository, or in a worktree of one of its agents.
    pub fn is_near(&self, near: &std::path::Path) -> bool {
        let mut agents = self.tasks().filter_map(|(_, task)| self.agent(task).ok()?.agent().ok());
        agents.any(|agent| is_near(&agent, Some(near)))
    }

    /// What it is to do.
    pub const fn plan(&self) -> &RunPlan {
        &self.plan
    }

    /// Its tasks with their places.
    fn tasks(&self) -> impl Iterator<Item = (u32, &PlannedTask)> {
        (0..).zip(&self.plan.tasks)
    }

    fn task(&self, place: u32) -> Option<&PlannedTask> {
        self.plan.tasks.get(place as usize)
    }

    /// The task whose agent started a task's agent.
    fn starter_of(&self, place: u32) -> Option<u32> {
        let starter = self.task(place)?.agent.started_by.as_ref()?;
        self.tasks().find(|(_, task)| task.agent.id == starter.agent).map(|(place, _)| place)
    }

    /// The command that a task's work has to pass before it lands: its own, else that of whoever started it.
    fn check_of(&self, place: u32) -> Option<String> {
        let mut next = Some(place);
        // Agents that start agents do not go round in a circle; no plan has more steps than tasks.
        for _ in &self.plan.tasks {
            let place = next?;
            if let Some(check) = self.task(place)?.check.clone() {
                return Some(check);
            }
            next = self.starter_of(place);
        }
        None
    }

    /// How many may be at work at once.
    fn most_at_once(&self) -> usize {
        self.plan.max_parallel.map_or(usize::MAX, |most| most as usize)
    }

    /// The folder of a task's agent.
    fn agent(&self, task: &PlannedTask) -> Result<AgentFolder, FolderError> {
        self.agents.open(&task.agent.id)
    }

    /// What its journal says.
    ///
    /// # Errors
    /// When that cannot be read.
    fn ledger(&self) -> Result<Ledger, RunError> {
        Ledger::read(&self.path).map_err(|error| RunError::Refused { path: self.path.clone(), error })
    }

    /// Why nobody could go on with it the last time.
    fn trouble(&self) -> Option<String> {
        fs::read_to_string(self.path.join(TROUBLE)).ok().filter(|words| !words.is_empty())
    }

    /// Notes why nobody can go on with it, or that somebody could. Only what is told of it hangs on that.
    pub(super) fn note_trouble(&self, why: Option<String>) {
        let file = self.path.join(TROUBLE);
        drop(match why {
            Some(why) => fs::write(file, why),
            None => fs::remove_file(file),
        });
    }

    /// Whether somebody lands it right now, through whatever surface.
    ///
    /// # Errors
    /// When its folder cannot be used.
    pub fn is_being_landed(&self) -> Result<bool, RunError> {
        Ok(self.try_lock(LAND_LOCK)?.is_none())
    }

    /// Waits for a lock of the run's.
    fn lock(&self, name: &str) -> Result<fs::File, RunError> {
        let path = self.path.join(name);
        let refused = |error| RunError::Refused { path: path.clone(), error };
        private_folder(&self.path).map_err(refused)?;
        let file = lock_file(&path).map_err(refused)?;
        file.lock().map_err(refused)?;
        Ok(file)
    }

    /// Takes a lock of the run's, if nobody has it.
    fn try_lock(&self, name: &str) -> Result<Option<fs::File>, RunError> {
        let path = self.path.join(name);
        let refused = |error| RunError::Refused { path: path.clone(), error };
        private_folder(&self.path).map_err(refused)?;
        let file = lock_file(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(refused(error)),
        }
    }
}
