//! One agent as pages show it: what it is arranged and kept live by, and its parts, drawn.

use serde::{Deserialize, Serialize};

use super::{Blocks, Drawings, LaneView};

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRow {
    /// The agent's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The session that its client holds.
    pub session: String,
    /// What it does, by the state's name.
    pub state: String,
    /// Where it stands on the page of agents.
    pub section: Section,
    /// Its place there: the smallest comes first.
    pub rank: i64,
    /// When it came to stand there, in milliseconds.
    pub since_ms: i64,
    /// Another number when it may have changed more files since.
    pub work: u64,
    /// What it asks leave for; agents that ask for the same can be answered together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same: Option<String>,
    /// The command that gives that leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<String>,
    /// Its line in a list, drawn.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub card: String,
    /// What it asks, drawn, each to be answered there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asks: String,
    /// What its own page has besides: its state, the messages that wait, what can be done with it; drawn.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub desk: String,
}

/// Where an agent stands on the page of agents, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// It waits for a person.
    Needs,
    /// It is at work.
    Running,
    /// It waits for others.
    Queued,
    /// It has nothing to do any more.
    Finished,
    /// It was cleared away.
    Away,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 5] = [Self::Needs, Self::Running, Self::Queued, Self::Finished, Self::Away];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Needs => "Needs you",
            Self::Running => "Running",
            Self::Queued => "Queued",
            Self::Finished => "Finished",
            Self::Away => "In the trash",
        }
    }
}

/// What the page of agents is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentsView {
    /// The agents, in no order.
    pub rows: Vec<AgentRow>,
    /// What stands in their place when there are none, drawn.
    pub nothing: String,
}

impl Drawings for AgentsView {
    fn without_drawings(&self) -> Self {
        let mut bare = self.clone();
        for row in &mut bare.rows {
            (row.card, row.asks, row.desk) = Default::default();
        }
        bare
    }
}

/// What an agent's page opens with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentView {
    /// The agent.
    pub row: AgentRow,
    /// The task, drawn: it stands where the conversation will be.
    pub task: String,
    /// The end of its conversation, or what was asked for.
    pub blocks: Blocks,
    /// Its conversation's lane.
    pub lane: LaneView,
}

impl Drawings for AgentView {
    fn without_drawings(&self) -> Self {
        let (card, asks, desk) = Default::default();
        let row = AgentRow { card, asks, desk, ..self.row.clone() };
        let lane = LaneView { picture: String::new(), ..self.lane.clone() };
        Self { row, lane, task: String::new(), blocks: self.blocks.without_drawings() }
    }
}

/// What came of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was done, one sentence; empty when the page shows it by itself.
    pub said: String,
    /// Where to go now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go: Option<String>,
    /// The command that takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}
