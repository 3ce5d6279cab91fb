//! Where an agent works: its worktree with what the repository wants in it, or a folder as it is.

use std::{ffi::OsString, path::Path};

use orchestra_model::AgentId;

use super::{PIPES, Runner, Running, What};
use crate::{
    agents::{
        AgentFolder,
        entry::Event,
        harvest::{Harvest, HarvestError},
        plan::Place,
        ports,
    },
    worktrees::{self, Config, NewWorktree, Repository},
};

/// What runs a setup command.
const SHELL: &str = "/bin/sh";

impl Runner<'_> {
    /// Sees that the folder that the agent works in is there.
    pub(super) fn place(&mut self) -> Result<(), String> {
        let (facts, name) = (self.journal.facts(), &self.plan.name);
        if facts.is_cleaned {
            return Err(format!("it was cleaned away; `orchestra restore {name}` brings it back"));
        }
        match (&facts.folder, &self.plan.place) {
            (Some(folder), _) if folder.is_dir() => return Ok(()),
            (Some(folder), Place::Folder { .. }) => return Err(format!("{} is gone", folder.display())),
            (Some(folder), Place::Worktree { .. }) => {
                return Err(format!(
                    "{} is gone; `orchestra restore {name}` makes it anew",
                    folder.display()
                ));
            }
            (None, _) => {}
        }
        let placed = match &self.plan.place {
            Place::Folder { folder } => Event::Placed {
                folder: folder.clone(),
                branch: None,
                notes: Vec::new(),
                setup: None,
                ports: Vec::new(),
                commit: None,
            },
            Place::Worktree { repository, commit, from: None, .. } => {
                self.make_worktree(repository, commit, None)?
            }
            Place::Worktree { repository, from: Some(other), .. } => {
                let commit = self.tip_of(other)?;
                self.make_worktree(repository, &commit, Some(commit.clone()))?
            }
        };
        self.journal.event(placed);
        self.journal.sync();
        Ok(())
    }

    /// Where the branch of another agent stands.
    fn tip_of(&self, other: &AgentId) -> Result<String, String> {
        let other = AgentFolder::open(&self.folder.agents().join(other.as_str()))
            .map_err(HarvestError::from)
            .and_then(|folder| Harvest::of(&folder, &self.settings.git))
            .map_err(|error| error.to_string())?;
        let (name, branch) = (&other.agent().name, other.branch());
        let tip = worktrees::commit_of(other.repository(), &format!("refs/heads/{branch}"));
        tip.map_err(|error| error.to_string())?.ok_or_else(|| {
            format!("the branch of {name} is gone: {branch}; `orchestra restore` may bring it back")
        })
    }

    fn make_worktree(
        &self,
        repository: &Path,
        commit: &str,
        started_from: Option<String>,
    ) -> Result<Event, String> {
        let (Some(path), Some(branch)) = (self.plan.worktree(), self.plan.branch()) else {
            return Err("its plan has no worktree".to_owned());
        };
        let repository =
            Repository::open(&self.settings.git, repository).map_err(|error| error.to_string())?;
        // First what may be refused: a worktree that nobody tells of should not be left behind.
        let config = Config::read(&repository, commit).map_err(|error| error.to_string())?;
        let ports = ports::lease(self.folder.agents(), &self.plan.id, &config.ports)
            .map_err(|error| format!("no ports could be leased: {error}"))?;
        // A runner that was killed may have made it and not said so.
        let is_made =
            worktrees::marker_of(&path).ok().flatten().is_some_and(|marker| marker.agent == self.plan.id);
        let mut notes = if is_made {
            Vec::new()
        } else {
            let new = NewWorktree { agent: &self.plan.id, path: &path, branch: &branch, commit };
            worktrees::create(&repository, &new).map_err(|error| error.to_string())?
        };
        if !repository.is_bare() {
            notes.extend(config.copy_files(repository.root(), &path));
        }
        let setup = config.setup;
        Ok(Event::Placed { folder: path, branch: Some(branch), notes, setup, ports, commit: started_from })
    }

    /// Starts the repository's setup command in the agent's folder.
    pub(super) fn start_setup(&mut self, command: String) -> Result<(), String> {
        let arguments: Vec<OsString> = vec!["-c".into(), command.clone().into()];
        self.journal.event(Event::SetupStarted { command });
        let child = self
            .start(What::Setup, Path::new(SHELL), arguments)
            .map_err(|error| format!("the setup command could not be started: {error}"))?;
        self.child = Some(Running { child, what: What::Setup, exit: None, open_pipes: PIPES });
        Ok(())
    }
}
