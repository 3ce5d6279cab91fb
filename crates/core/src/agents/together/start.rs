//! An agent starts another: in the same run, on its own branch, never with more leave than it has itself.

use jiff::Timestamp;
use orchestra_model::Provider;

use super::{BY, Limit, Member, TogetherError, limits, member::facts_of};
use crate::{
    agents::{
        AgentFolder, NewAgent,
        plan::{Place, Plan, Run, Settings, Starter, branch_of},
        slug,
        start::{free_name, plan},
    },
    worktrees::Repository,
};

/// What an agent wants another to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewMember<'a> {
    /// What it shall do.
    pub task: &'a str,
    /// What it shall be called; made from the task otherwise.
    pub name: Option<&'a str>,
    /// The model; the same otherwise.
    pub model: Option<&'a str>,
    /// Whether its result is waited for.
    pub is_handoff: bool,
    /// The name of this one wish: asked for twice, it is started once.
    pub key: Option<&'a str>,
}

impl Member {
    /// Starts another agent; answers its plan. It may wait for its turn.
    ///
    /// # Errors
    /// When it may not, or it cannot be made.
    pub fn start(&self, new: NewMember<'_>) -> Result<Plan, TogetherError> {
        let (folder, me) = self.me()?;
        limits::may_be_said("the task", new.task, limits::LONGEST_TASK)?;
        let (key, model) = (limits::may_be_key(new.key)?, limits::may_be_model(new.model)?);
        let new = NewMember { key, model, ..new };
        let made = self.make(&folder, &me, new)?;
        // One that was asked for before may have been started by nobody yet.
        self.move_on(&folder, &me, Vec::new())?;
        Ok(made)
    }

    fn make(&self, folder: &AgentFolder, me: &Plan, new: NewMember<'_>) -> Result<Plan, TogetherError> {
        let agents = self.agents();
        // Whoever else makes agents waits: so the limits hold.
        let (_lock, mut known) = agents.known_names()?;
        let run = agents.has_plan(&me.run.id).then(|| agents.run(&me.run.id)).transpose()?;
        // Whoever was killed between writing one down and making its folder left it only in the run.
        let planned = run.iter().flat_map(|run| &run.plan().tasks).map(|task| &task.agent);
        let is_missing = |plan: &&Plan| known.iter().all(|known| known.id != plan.id);
        known.extend(planned.filter(is_missing).cloned().collect::<Vec<_>>());
        let key = new.key.map(|key| format!("{BY}-{}-{key}", me.id));
        if let Some(same) = known.iter().find(|plan| key.is_some() && plan.run.key == key) {
            if same.task != new.task {
                return Err(
                    Limit::KeyUsed { key: new.key.unwrap_or_default().to_owned(), what: "task" }.into()
                );
            }
            if agents.open(&same.id).is_err() {
                AgentFolder::complete(&agents.folder(), same)?;
            }
            return Ok(same.clone());
        }
        let members = || known.iter().filter(|plan| plan.run.id == me.run.id);
        let starters = members().filter_map(|plan| Some(&plan.started_by.as_ref()?.agent));
        let depth = limits::may_start(me, starters)?;
        if let Some(words) = agents.used_up(&me.run.id)? {
            return Err(TogetherError::UsedUp { words });
        }
        let wanted = slug(new.name.filter(|name| !name.trim().is_empty()).unwrap_or(new.task));
        let repository = match &me.place {
            Place::Worktree { repository, .. } => {
                self.tools.git.as_ref().and_then(|git| Repository::open(git, repository).ok())
            }
            Place::Folder { .. } => None,
        };
        let has_branch = |name: &str| {
            let repository = repository.as_ref();
            repository.is_some_and(|found| found.has_branch(&branch_of(name)).unwrap_or(true))
        };
        let is_taken = |name: &str| known.iter().any(|plan| plan.name == name) || has_branch(name);
        let name = free_name(&wanted, is_taken);
        let mut place = me.place.clone();
        if let Place::Worktree { from, .. } = &mut place {
            *from = Some(me.id.clone());
        }
        let agent = NewAgent {
            task: new.task.to_owned(),
            name: name.clone(),
            provider: Provider::Claude,
            client: me.client.clone(),
            place,
            goes_on: None,
            settings: self.settings(folder, me, new.model)?,
            started_by: Some(Starter {
                agent: me.id.clone(),
                name: me.name.clone(),
                depth,
                is_handoff: new.is_handoff,
            }),
        };
        let index = members().map(|plan| plan.run.index + 1).max().unwrap_or_default();
        let in_run = Run { index, key, ..me.run.clone() };
        let made = plan(agent, name, in_run, Timestamp::now())?;
        match run {
            Some(run) => run.join(made.clone())?,
            None => drop(AgentFolder::create(&agents.folder(), &made)?),
        }
        Ok(made)
    }

    /// How the other's client is set: as its own is now, so that it asks for leave at least as often.
    fn settings(
        &self,
        folder: &AgentFolder,
        me: &Plan,
        model: Option<&str>,
    ) -> Result<Settings, TogetherError> {
        let facts = facts_of(folder, me)?;
        // What a person chose may not have come to its client yet.
        let mode = facts.permission_mode.or(facts.chosen_mode);
        Ok(Settings {
            model: model.map(str::to_owned).or(facts.chosen_model).or_else(|| me.settings.model.clone()),
            permission_mode: mode.or_else(|| me.settings.permission_mode.clone()),
            ..me.settings.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::{
        Agents, Key, Launcher, Pace, Tools,
        client::client_of,
        entry::{Event, Steering},
        testing,
        together::give_tools,
    };

    #[test]
    fn another_gets_the_leave_that_its_starter_has_now_not_what_it_was_promised() {
        let state = tempfile::tempdir().unwrap();
        let agents = Agents::new(state.path());
        let me = testing::make(&agents, &["me"]).remove(0);
        let folder = agents.open(&me.id).unwrap();
        let client = client_of(me.provider);
        give_tools(&folder, client, "/nonexistent".as_ref(), &[]).unwrap();
        let launcher =
            Launcher { program: "/nonexistent".into(), arguments: Vec::new(), pace: Pace::default() };
        let (client, gh, git, scrubbed) = (None, None, None, Vec::new());
        let tools = Tools { state: state.path().into(), client, gh, git, launcher, scrubbed };
        let member = Member::new(tools, Key::read(&folder.path().join("tools.key")).unwrap()).unwrap();
        let mode = || member.settings(&folder, &me, None).unwrap().permission_mode;
        let lock = folder.take_lock().unwrap().unwrap();
        let note = |event: Event| folder.add_event(&lock, &event, Timestamp::UNIX_EPOCH).unwrap();
        let how = Steering::Mode { mode: "bypassPermissions".into() };
        note(Event::Steered { how, by: "cli".into(), key: None });
        assert_eq!(mode().as_deref(), Some("bypassPermissions"), "its client has not said anything");
        let mut facts = facts_of(&folder, &me).unwrap();
        facts.permission_mode = Some("default".into());
        folder.write_facts(&facts).unwrap();
        assert_eq!(mode().as_deref(), Some("default"));
    }
}
