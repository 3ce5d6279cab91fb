//! Agents in the event stream: their rows as they change, what they write, and how much they changed.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orchestra_app::data::News;
use orchestra_app::ssr::{self, AppContext};
use orchestra_core::agents::{AgentNews, AgentWatcher};
use orchestra_model::{Agent, AgentId};
use tokio::sync::watch;

use super::ring::{Current, Key, Ring};
use super::{encode, lock};
use crate::notify::Notifier;

/// Asking git how much was changed is put off for so long, so that a burst of edits is looked at once.
const PUT_OFF: Duration = Duration::from_millis(400);

/// What tells of agents.
#[derive(Clone)]
pub(super) struct Teller {
    pub(super) context: AppContext,
    pub(super) ring: Arc<Mutex<Ring>>,
    pub(super) latest: watch::Sender<u64>,
    pub(super) notifier: Notifier,
    pub(super) told: Arc<Mutex<Told>>,
}

/// How far each agent was when it was last told of.
#[derive(Debug, Default)]
pub(super) struct Told(HashMap<AgentId, u64>);

impl Told {
    /// Takes note of an agent that is about to be told of; `false` when it has gone on since it was read, and that was
    /// told. Who told the older state last would hide what an agent asks.
    fn is_next(&mut self, agent: &Agent) -> bool {
        let last = self.0.entry(agent.id.clone()).or_default();
        let is_next = agent.sequence >= *last;
        *last = agent.sequence.max(*last);
        is_next
    }
}

impl Teller {
    /// Watches agents for as long as what it returns is kept.
    pub(super) fn watch(self) -> Option<AgentWatcher> {
        let (stale, to_look_at) = channel();
        let looking = self.clone();
        std::thread::Builder::new()
            .name("agent-changes".into())
            .spawn(move || looking.look_at_changes(&to_look_at))
            .ok()?;
        let (ring, latest) = (Arc::clone(&self.ring), self.latest.clone());
        self.context.landings.listen(move |run| tell_of_run(&ring, &latest, run));
        let agents = self.context.agents();
        let watching = agents.watch(move |news| self.tell(news, &stale));
        watching.inspect_err(|problem| tracing::error!(%problem, "cannot watch agents")).ok()
    }

    fn tell(&self, news: AgentNews, stale: &Sender<AgentId>) {
        match news {
            AgentNews::Changed(agent) => {
                self.notifier.agent_changed(&agent);
                if self.context.stats.is_stale(&agent) {
                    let _ = stale.send(agent.id.clone());
                }
                self.tell_of(&agent);
            }
            AgentNews::Writes(words) => {
                let key = Key::Words(words.agent.to_string());
                let sequence = lock(&self.ring).replace(key, |_| Current::Words(Arc::new(words)));
                self.latest.send_replace(sequence);
            }
            AgentNews::Run(run) => tell_of_run(&self.ring, &self.latest, &run),
        }
    }

    /// Several threads tell of agents: one after the other, and never of one as it was before.
    fn tell_of(&self, agent: &Agent) {
        let mut told = lock(&self.told);
        if !told.is_next(agent) {
            return;
        }
        let news = News::of_agent(ssr::agents::row(&self.context, agent));
        let key = Key::Row(agent.id.to_string());
        let sequence =
            lock(&self.ring).replace(key, |sequence| Current::Event(encode(&news.numbered(sequence))));
        self.latest.send_replace(sequence);
    }

    /// Looks how much agents changed, one after the other, until nobody watches any more.
    fn look_at_changes(&self, stale: &Receiver<AgentId>) {
        while let Ok(first) = stale.recv() {
            std::thread::sleep(PUT_OFF);
            let mut ids: Vec<AgentId> = std::iter::once(first).chain(stale.try_iter()).collect();
            ids.sort();
            ids.dedup();
            for id in ids {
                let agents = self.context.agents();
                let read = || agents.open(&id).and_then(|folder| folder.agent());
                let Ok(agent) = read() else { continue };
                if self.context.stats.look(&self.context.tools, &agent)
                    // git takes its time, and the agent goes on meanwhile.
                    && let Ok(agent) = read()
                {
                    self.tell_of(&agents.with_remark(agent));
                }
            }
        }
    }
}

/// Something became of a run: its page shows that at once, whoever did it.
fn tell_of_run(ring: &Mutex<Ring>, latest: &watch::Sender<u64>, run: &AgentId) {
    let (news, key) = (News::of_run(run), Key::Run(run.to_string()));
    let sequence = lock(ring).replace(key, |sequence| Current::Event(encode(&news.numbered(sequence))));
    latest.send_replace(sequence);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::testing::agent;

    #[test]
    fn an_agent_is_never_told_of_as_it_was_before() {
        let at = |sequence| agent("abcd2345", json!({ "sequence": sequence }));
        let mut told = Told::default();
        assert!(told.is_next(&at(3)) && told.is_next(&at(7)));
        assert!(!told.is_next(&at(5)), "read before the other, told after it");
        assert!(told.is_next(&at(7)), "how much it changed is told of the same state");
        assert!(told.is_next(&agent("efgh2345", json!({ "sequence": 1 }))));
    }
}
