//! Agents for tests, made and never started.

use jiff::Timestamp;
use orchestra_model::Provider;

use super::{
    Agents, NewAgent, NewRun,
    plan::{Place, Plan, Settings},
};

/// A run of agents that are called like their tasks.
pub(super) fn run(key: Option<&str>, tasks: &[&str]) -> NewRun {
    let new = |task: &&str| NewAgent {
        task: (*task).to_owned(),
        name: (*task).to_owned(),
        provider: Provider::Claude,
        client: "/nonexistent".into(),
        place: Place::Folder { folder: "/".into() },
        goes_on: None,
        settings: Settings::default(),
        started_by: None,
    };
    NewRun { agents: tasks.iter().map(new).collect(), max_parallel: None, key: key.map(str::to_owned) }
}

/// Makes such a run.
pub(super) fn make(agents: &Agents, tasks: &[&str]) -> Vec<Plan> {
    agents.create(run(None, tasks), |_| false, Timestamp::UNIX_EPOCH).unwrap()
}
