//! Notes from whoever watches agents to the task that tells of them: the newest of each agent, left without waiting.
//!
//! Not a channel: a full one would have to block the watcher or lose a need, and only the newest note of an agent counts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use orchestra_model::AgentId;
use tokio::sync::Notify;

use super::needs::Wanted;

/// The notes that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    notes: Mutex<HashMap<AgentId, Wanted>>,
    arrived: Notify,
}

impl Mailbox {
    /// Leaves a note, in place of the one before about the same agent.
    pub(crate) fn leave(&self, wanted: Wanted) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.insert(wanted.agent().clone(), wanted);
        self.arrived.notify_one();
    }

    /// Waits for notes, and takes them all. Nothing is lost when it is dropped while it waits.
    pub(crate) async fn notes(&self) -> Vec<Wanted> {
        loop {
            let notes = std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner));
            if !notes.is_empty() {
                return notes.into_values().collect();
            }
            self.arrived.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::testing::{agent, done};

    #[tokio::test]
    async fn the_newest_note_of_each_agent_is_there_and_waiting_loses_none() {
        let mailbox = Mailbox::default();
        for agent in [done("a", 1), agent("b", json!({})), done("a", 2)] {
            mailbox.leave(Wanted::of(&agent));
        }
        let mut notes = mailbox.notes().await;
        notes.sort_by_key(|wanted| wanted.agent().clone());
        assert_eq!(notes, [Wanted::of(&done("a", 2)), Wanted::of(&agent("b", json!({})))]);

        tokio::select! {
            biased;
            _ = mailbox.notes() => panic!("there was none"),
            () = std::future::ready(()) => mailbox.leave(Wanted::of(&done("c", 3))),
        }
        assert_eq!(mailbox.notes().await.len(), 1);
    }
}
