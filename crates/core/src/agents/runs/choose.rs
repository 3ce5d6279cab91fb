//! Of several attempts at one task, keeping one: the others go into the trash, from where they come back.

use std::{
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState};

use super::{RunError, journal::RunEvent};
use crate::agents::{Control, Kept, Tools, control::Command, entry::Steering, harvest};

/// How long an agent may take to stop: its ladder is shorter.
const UNTIL_STOPPED: Duration = Duration::from_secs(30);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(20);

/// An attempt that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The others that are in the trash now, by name.
    pub cleaned: Vec<String>,
    /// Those that were kept all the same, by name, and why.
    pub kept: Vec<(String, Kept)>,
}

/// Why an attempt cannot be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// It is the only one.
    #[error("{name} has no other attempts beside it: there is nothing to choose from")]
    Only {
        /// The agent.
        name: String,
    },
    /// It is in the trash itself.
    #[error("{name} is in the trash itself")]
    Cleaned {
        /// The agent.
        name: String,
    },
    /// Its run cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Tools {
    /// Keeps an attempt and puts the others at its task into the trash. Those at work are stopped first.
    ///
    /// # Errors
    /// When it is no attempt among others; one that is kept all the same is in the answer.
    pub fn choose(&self, agent: &Agent, by: &str, now: Timestamp) -> Result<Chosen, ChooseError> {
        let name = || agent.name.clone();
        if agent.is_cleaned {
            return Err(ChooseError::Cleaned { name: name() });
        }
        let run = self.agents().run(&agent.run)?;
        let own = run.tasks().find(|(_, task)| task.agent.id == agent.id);
        let group = own.and_then(|(place, task)| Some((place, task.attempt?.0)));
        let (place, group) = group.ok_or_else(|| ChooseError::Only { name: name() })?;
        run.note_locked(RunEvent::Chosen { task: place, by: by.to_owned() })?;
        let mut chosen = Chosen { cleaned: Vec::new(), kept: Vec::new() };
        let others = run
            .tasks()
            .filter(|(other, task)| *other != place && task.attempt.is_some_and(|(first, _)| first == group));
        for (_, task) in others {
            let other = run.agent(task).and_then(|folder| folder.agent()).map_err(RunError::from)?;
            if other.is_cleaned {
                continue;
            }
            match self.let_go(&other, by, now) {
                Ok(()) => chosen.cleaned.push(other.name),
                Err(kept) => chosen.kept.push((other.name, kept)),
            }
        }
        Ok(chosen)
    }

    /// Stops an agent if it is at work, and clears it away; what is not merged comes back with `restore`.
    fn let_go(&self, agent: &Agent, by: &str, now: Timestamp) -> Result<(), Kept> {
        let because = Kept::because;
        let folder = self.agents().open(&agent.id).map_err(|error| because(&error))?;
        match agent.state {
            AgentState::Queued => {
                self.agents().cancel(&agent.id, by, now).map_err(|error| because(&error))?;
            }
            state if state.is_live() => {
                let stop = Command::Steer { how: Steering::Stop };
                // Should it have ended by itself, all the better.
                drop(Control::connect(folder.path()).and_then(|mut control| control.ask(stop, by)));
                let until = Instant::now() + UNTIL_STOPPED;
                while folder.is_held() && Instant::now() < until {
                    thread::sleep(LOOK);
                }
            }
            _ => {
                let run = self.agents().run(&agent.run).map_err(|error| because(&error))?;
                run.stop_checks(Some(&agent.id), by).map_err(|error| because(&error))?;
            }
        }
        let now_is = folder.agent().map_err(|error| because(&error))?;
        if now_is.worktree.is_none() {
            return harvest::clear(&folder, now).map_err(|error| because(&error));
        }
        self.clean(&now_is, true, by, now)
    }
}
