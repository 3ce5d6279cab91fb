//! The made-up world: the variables with which a command means the demo and nothing else.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use orchestra_demo::Stage;

use super::Surroundings;
use crate::error::Failure;

/// Where commands run that belong to the demo.
pub(super) struct World {
    stage: Stage,
    program: PathBuf,
    path: OsString,
}

impl World {
    pub(super) fn new(surroundings: &Surroundings, stage: &Stage, program: PathBuf) -> Self {
        Self { path: surroundings.path_with(&stage.programs()), stage: stage.clone(), program }
    }

    /// This very program.
    pub(super) fn this_program() -> Result<PathBuf, Failure> {
        std::env::current_exe()
            .map_err(|error| Failure::new(format!("this program cannot find itself: {error}")))
    }

    pub(super) fn folder(&self) -> &Path {
        self.stage.folder()
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.stage.repository()
    }

    pub(super) fn programs(&self) -> PathBuf {
        self.stage.programs()
    }

    /// The folders that stand in for a person's own.
    pub(super) fn folders(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("ORCHESTRA_HOME", self.stage.state()),
            ("CLAUDE_CONFIG_DIR", self.stage.config()),
            ("XDG_CACHE_HOME", self.stage.cache()),
            ("XDG_CONFIG_HOME", self.stage.settings_folder()),
        ]
    }

    /// What a shell must have set for the commands to mean the demo.
    pub(super) fn variables(&self) -> Vec<(&'static str, OsString)> {
        let folders = self.folders().map(|(name, folder)| (name, folder.into_os_string()));
        folders.into_iter().chain([("PATH", self.path.clone())]).collect()
    }

    /// A command of this program in the demo. A person's home is not theirs there: paths are short, and git finds none of
    /// their settings.
    pub(super) fn orchestra(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.repository())
            .envs(self.variables())
            .env("HOME", self.folder())
            // Ctrl-C is this process' own: it ends the others in their order.
            .process_group(0);
        command
    }
}
