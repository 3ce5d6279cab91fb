//! What an agent is to do, as it was asked for: written once, before anything is started, and never changed.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use orchestra_model::{AgentId, Provider, SessionId};
use serde::{Deserialize, Serialize};

/// The plan of one agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: AgentId,
    /// Its name, unique among agents when it was given.
    pub name: String,
    /// Whose client it runs.
    pub provider: Provider,
    /// The client's program.
    pub client: PathBuf,
    /// What it is asked first.
    pub task: String,
    /// Where it works.
    pub place: Place,
    /// The conversation it holds.
    pub conversation: Conversation,
    /// How its client is set.
    #[serde(default)]
    pub settings: Settings,
    /// The run it belongs to.
    pub run: Run,
    /// The agent that started it; `None` when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<Starter>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// The agent that started another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starter {
    /// Its id.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// How many agents stand between the one that was started and a person, this one among them: 1 or more.
    pub depth: u32,
    /// Whether it waits for the result.
    #[serde(default)]
    pub is_handoff: bool,
}

/// Where an agent works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Place {
    /// In a worktree of its own, which its runner makes.
    Worktree {
        /// The repository, by a folder of it.
        repository: PathBuf,
        /// The folder that the worktree is made in, under the agent's id.
        worktrees: PathBuf,
        /// What the branch starts from, as it was asked for.
        base: Option<String>,
        /// The commit that was meant, when it was asked for.
        commit: String,
        /// The branch that the work goes back to, when one was meant.
        target: Option<String>,
        /// The agent of the same run on whose branch it starts instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<AgentId>,
    },
    /// In a folder as it is.
    Folder {
        /// The folder.
        folder: PathBuf,
    },
}

impl Plan {
    /// Where its worktree is to be; `None` when it has none.
    pub fn worktree(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Worktree { worktrees, .. } => Some(worktrees.join(self.id.as_str())),
            Place::Folder { .. } => None,
        }
    }

    /// What its branch is called; `None` when it has none.
    pub fn branch(&self) -> Option<String> {
        match &self.place {
            Place::Worktree { .. } => Some(branch_of(&self.name)),
            Place::Folder { .. } => None,
        }
    }
}

/// What the branches of all agents begin with.
pub const BRANCHES: &str = "orchestra";

/// The branch of an agent of this name.
pub fn branch_of(name: &str) -> String {
    format!("{BRANCHES}/{name}")
}

impl Place {
    /// The folder or repository that was pointed at.
    pub fn origin(&self) -> &Path {
        match self {
            Self::Worktree { repository, .. } => repository,
            Self::Folder { folder } => folder,
        }
    }
}

/// Which conversation an agent holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Conversation {
    /// A new one.
    New {
        /// Its id.
        session: SessionId,
    },
    /// A copy of another.
    Fork {
        /// The transcript of the other.
        of: PathBuf,
        /// The copy's id.
        session: SessionId,
    },
    /// Another, as itself: nobody else may hold it meanwhile.
    Continue {
        /// Its transcript.
        of: PathBuf,
        /// Its id.
        session: SessionId,
    },
}

impl Conversation {
    /// The id of the session that the agent holds.
    pub const fn session(&self) -> &SessionId {
        match self {
            Self::New { session } | Self::Fork { session, .. } | Self::Continue { session, .. } => session,
        }
    }
}

/// How a client is set. What is absent is the client's own default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The model.
    pub model: Option<String>,
    /// How it asks for leave, in the client's words.
    pub permission_mode: Option<String>,
    /// What it may cost in USD until it ends.
    pub max_budget_usd: Option<f64>,
    /// More arguments for the client, as a person gave them.
    pub arguments: Vec<OsString>,
    /// Whom it may talk to.
    pub talks: Talks,
}

/// Whom an agent may talk to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Talks {
    /// The agents of its run.
    #[default]
    Run,
    /// Every agent on this machine.
    Any,
    /// Nobody: it is not given the tools for it.
    Nobody,
}

/// The run that an agent belongs to: what was spawned together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name.
    pub id: AgentId,
    /// The agent's place in it, from 0.
    pub index: u32,
    /// How many of the run's agents may be at work at once.
    pub max_parallel: Option<u32>,
    /// The wish that it was asked for with, see [`Caller`](super::control::Caller).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Who gives way first when not all can have the model: those with the smaller number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// Whether the run has a plan: others may wait for the agent's end, so it is let go once it has nothing to do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_plan: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(number: &i32) -> bool {
    *number == 0
}
