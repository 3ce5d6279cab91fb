//! Making a run with a plan: the plan first and whole, then its agents, which any step makes that are missing.

use std::path::Path;

use jiff::Timestamp;
use orchestra_model::{Limit, Provider};

use super::{NewTask, PLAN, PlannedTask, RunError, RunFolder, RunPlan, journal::RunEvent};
use crate::{
    agents::{
        AgentFolder, FoundPlace, NewAgent, StartError, Tools, check_task,
        plan::{Place, Plan as AgentPlan, Run},
        start::{free_name, new_id, plan},
    },
    files::{private_folder, write_whole},
};

/// A run to be made.
#[derive(Clone, Debug, Default)]
pub struct NewPlan {
    /// Its tasks.
    pub tasks: Vec<NewTask>,
    /// How many may be at work at once.
    pub max_parallel: Option<u32>,
    /// What it may use.
    pub limit: Limit,
    /// The name of this one wish: asked for twice, it is made once.
    pub key: Option<String>,
}

impl NewPlan {
    /// The same tasks, each given to several agents.
    #[must_use]
    pub fn attempted(mut self, times: u32) -> Self {
        let tasks = std::mem::take(&mut self.tasks);
        for task in tasks {
            let first = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
            self.tasks.extend((1..=times).map(|number| NewTask {
                name: format!("{}-{number}", task.name),
                attempt: Some((first, number)),
                ..task.clone()
            }));
        }
        self
    }
}

impl Tools {
    /// Makes a run and its agents, without starting any: [`Tools::step`] does.
    ///
    /// # Errors
    /// When it cannot be made. Once its plan is written it is made: whoever is killed then has it gone on with.
    pub fn create_run(
        &self,
        found: &FoundPlace,
        client: &Path,
        new: NewPlan,
        now: Timestamp,
    ) -> Result<RunFolder, StartError> {
        new.tasks.iter().try_for_each(|task| check_task(&task.prompt))?;
        let agents = self.agents();
        let (_lock, known) = agents.known_names()?;
        if let Some(same) = known.iter().find(|plan| new.key.is_some() && plan.run.key == new.key) {
            return agents.run(&same.run.id).map_err(StartError::from);
        }
        let mut names: std::collections::HashSet<String> = known.into_iter().map(|plan| plan.name).collect();
        let id = new_id()?;
        let mut tasks: Vec<PlannedTask> = Vec::new();
        for (task, index) in new.tasks.into_iter().zip(0..) {
            let name = free_name(&task.name, |name| names.contains(name) || found.is_taken(name));
            names.insert(name.clone());
            let mut place = found.place.clone();
            if let (Place::Worktree { from, .. }, Some(other)) = (&mut place, task.from) {
                *from = tasks.get(other as usize).map(|other| other.agent.id.clone());
            }
            let agent = NewAgent {
                task: task.prompt,
                name: name.clone(),
                provider: Provider::Claude,
                client: client.to_owned(),
                place,
                goes_on: None,
                settings: task.settings,
                started_by: None,
            };
            let (key, max_parallel) = (new.key.clone(), new.max_parallel);
            let priority = task.priority;
            let run = Run { id: id.clone(), index, max_parallel, key, priority, has_plan: true };
            tasks.push(PlannedTask {
                name: if task.attempt.is_some() { name.clone() } else { task.name },
                agent: plan(agent, name, run, now)?,
                after: task.after,
                from: task.from,
                check: task.check,
                retries: task.retries,
                attempt: task.attempt,
            });
        }
        // One that starts on another's branch may stand before it in the file.
        let ids: Vec<_> = tasks.iter().map(|task| task.agent.id.clone()).collect();
        for task in &mut tasks {
            if let (Place::Worktree { from, .. }, Some(other)) = (&mut task.agent.place, task.from) {
                *from = ids.get(other as usize).cloned();
            }
        }
        let (max_parallel, limit) = (new.max_parallel, new.limit);
        let plan = RunPlan { id: id.clone(), created_at: now, max_parallel, limit, tasks };
        let path = agents.run_folder(&id);
        let json = serde_json::to_vec_pretty(&plan).unwrap_or_default();
        private_folder(&path)
            .and_then(|()| write_whole(&path.join(PLAN), &json, true))
            .map_err(|error| StartError::State { path: path.clone(), error })?;
        let run = RunFolder { agents, path, plan };
        run.make_agents()?;
        Ok(run)
    }
}

impl RunFolder {
    /// Takes an agent in that another of the run started: it is a task that comes after none. Written down before it is
    /// made, as all others are.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::agents) fn join(&self, agent: AgentPlan) -> Result<(), StartError> {
        let task = PlannedTask::alone(agent);
        self.note_locked(RunEvent::Joined { task: Box::new(task.clone()) })?;
        AgentFolder::complete(&self.agents.folder(), &task.agent)?;
        Ok(())
    }

    /// What the run has used up, in words that follow "has used"; `None` while there is something left.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(in crate::agents) fn used_up(&self) -> Result<Option<String>, RunError> {
        let ledger = self.ledger()?;
        let look = |id: &_| self.agents.open(id).and_then(|folder| folder.agent()).ok();
        Ok(self.standings(&ledger, false, &look).reached())
    }

    /// Makes the agents that are missing.
    pub(super) fn make_agents(&self) -> Result<(), StartError> {
        let folder = self.agents.folder();
        for (_, task) in self.tasks().filter(|(_, task)| task.agent.run.has_plan) {
            if self.agent(task).is_ok() {
                continue;
            }
            AgentFolder::complete(&folder, &task.agent)?;
        }
        Ok(())
    }
}
