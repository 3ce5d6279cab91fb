//! Where an agent works: its worktree with what the repository wants in it, or a folder as it is.

use std::{ffi::OsString, path::Path};

use super::{PIPES, Runner, Running, What};
use crate::{
    agents::{entry::Event, plan::Place, ports},
    worktrees::{self, Config, NewWorktree, Repository},
};

/// What runs a setup command.
const SHELL: &str = "/bin/sh";

impl Runner<'_> {
    /// Sees that the folder that the agent works in is there.
    pub(super) fn place(&mut self) -> Result<(), String> {
        if let Some(folder) = &self.journal.facts().folder {
            return if folder.is_dir() {
                Ok(())
            } else {
                Err(format!("{} is gone; `orchestra restore` may bring it back", folder.display()))
            };
        }
        let placed = match &self.plan.place {
            Place::Folder { folder } => Event::Placed {
                folder: folder.clone(),
                branch: None,
                notes: Vec::new(),
                setup: None,
                ports: Vec::new(),
            },
            Place::Worktree { repository, commit, .. } => self.make_worktree(repository, commit)?,
        };
        self.journal.event(placed);
        self.journal.sync();
        Ok(())
    }

    fn make_worktree(&self, repository: &Path, commit: &str) -> Result<Event, String> {
        let (Some(path), Some(branch)) = (self.plan.worktree(), self.plan.branch()) else {
            return Err("its plan has no worktree".to_owned());
        };
        let repository =
            Repository::open(&self.settings.git, repository).map_err(|error| error.to_string())?;
        // A runner that was killed may have made it and not said so.
        let is_made =
            worktrees::marker_of(&path).ok().flatten().is_some_and(|marker| marker.agent == self.plan.id);
        let mut notes = if is_made {
            Vec::new()
        } else {
            let new = NewWorktree { agent: &self.plan.id, path: &path, branch: &branch, commit };
            worktrees::create(&repository, &new).map_err(|error| error.to_string())?
        };
        let config = Config::read(&repository, commit).map_err(|error| error.to_string())?;
        if !repository.is_bare() {
            notes.extend(config.copy_files(repository.root(), &path));
        }
        let ports = ports::lease(self.folder.agents(), &self.plan.id, &config.ports)
            .map_err(|error| format!("no ports could be leased: {error}"))?;
        Ok(Event::Placed { folder: path, branch: Some(branch), notes, setup: config.setup, ports })
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
