//! The last of what an agent was told, and how far each message is. What it holds is bounded; the log holds all of it.

use std::collections::VecDeque;

use jiff::Timestamp;
use orchestra_model::{AgentId, MessageKind, MessageState, Sender};
use serde::{Deserialize, Serialize};

use crate::{agents::entry::Letter, prompt};

/// How many messages are remembered of one agent.
const MOST_MESSAGES: usize = 200;
/// How much of their texts is remembered in all, in bytes.
const MOST_TEXT: usize = 64 << 10;
/// How much of one text is remembered, in bytes.
const LONGEST_TEXT: usize = 4 << 10;
/// How many arrivals are remembered, for the limits on them.
const MOST_ARRIVALS: usize = 256;
/// For how long those count, in seconds.
const COUNTS_FOR: i64 = 60;
/// Who told it what nobody else did.
const ITSELF: &str = "orchestra";

/// Messages to one agent, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mailbox {
    /// Those that are remembered.
    pub kept: VecDeque<Kept>,
    /// How many older ones are not.
    pub left_out: u64,
    /// When messages of agents arrived in the last minute, and from which.
    pub arrivals: VecDeque<(Timestamp, AgentId)>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// The number of its record.
    pub sequence: u64,
    /// Who sent it.
    pub from: Sender,
    /// What kind of message.
    pub kind: MessageKind,
    /// Its text, or the beginning of it.
    pub text: String,
    /// Whether there is more of it.
    pub is_cut: bool,
    /// When it arrived.
    pub at: Timestamp,
    /// How far it is.
    pub state: MessageState,
}

impl Mailbox {
    /// Takes a message in, by its number and that of its record. The first is the agent's task, which its plan tells.
    pub(super) fn take_in(
        &mut self,
        (number, sequence): (u64, u64),
        text: &str,
        by: &str,
        letter: Option<Letter>,
        at: Timestamp,
    ) {
        if number <= 1 {
            return;
        }
        let kind = letter.as_ref().map_or(MessageKind::Message, |letter| letter.kind);
        let from = match letter {
            Some(Letter { agent, name, .. }) => {
                self.arrivals.push_back((at, agent.clone()));
                Sender::Agent { id: agent, name }
            }
            None if by == ITSELF => Sender::Orchestra,
            None => Sender::Person { through: by.to_owned() },
        };
        let is_recent = |then: Timestamp| at.duration_since(then).as_secs() < COUNTS_FOR;
        while self.arrivals.len() > MOST_ARRIVALS
            || self.arrivals.front().is_some_and(|(then, _)| !is_recent(*then))
        {
            self.arrivals.pop_front();
        }
        let (text, is_cut) = shortened(text);
        let state = MessageState::Queued;
        self.kept.push_back(Kept { number, sequence, from, kind, text, is_cut, at, state });
        let mut size: usize = self.kept.iter().map(|kept| kept.text.len()).sum();
        while self.kept.len() > MOST_MESSAGES || size > MOST_TEXT {
            let Some(oldest) = self.kept.pop_front() else { break };
            size -= oldest.text.len();
            self.left_out += 1;
        }
    }

    pub(super) fn change(&mut self, number: u64, text: &str) {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.number == number) {
            (kept.text, kept.is_cut) = shortened(text);
        }
    }

    pub(super) fn remove(&mut self, number: u64) {
        self.kept.retain(|kept| kept.number != number);
    }

    pub(super) fn mark(&mut self, numbers: &[u64], state: MessageState) {
        for kept in self.kept.iter_mut().filter(|kept| numbers.contains(&kept.number)) {
            kept.state = state;
        }
    }

    /// How many messages of agents arrived in the minute before a time, of one agent or of all.
    pub(in crate::agents) fn arrived(&self, from: Option<&AgentId>, now: Timestamp) -> usize {
        let is_counted = |(at, agent): &&(Timestamp, AgentId)| {
            now.duration_since(*at).as_secs() < COUNTS_FOR && from.is_none_or(|from| from == agent)
        };
        self.arrivals.iter().filter(is_counted).count()
    }
}

fn shortened(text: &str) -> (String, bool) {
    let cut = prompt::cut(text, LONGEST_TEXT);
    (cut.to_owned(), cut.len() < text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_holds_the_last_of_many_messages_and_counts_the_rest() {
        let letter = Letter { agent: "abc".parse().unwrap(), name: "a".into(), kind: MessageKind::Message };
        let mut mailbox = Mailbox::default();
        for number in 1..=10_000 {
            let at = Timestamp::from_second(number as i64 / 10).unwrap();
            mailbox.take_in((number, number), &"long ".repeat(2000), "mcp", Some(letter.clone()), at);
        }
        let size: usize = mailbox.kept.iter().map(|kept| kept.text.len()).sum();
        assert!(size <= MOST_TEXT && mailbox.kept.iter().all(|kept| kept.is_cut));
        assert_eq!(mailbox.kept.back().map(|kept| kept.number), Some(10_000));
        assert_eq!(mailbox.left_out + mailbox.kept.len() as u64, 9_999, "the task is none of them");
        let now = Timestamp::from_second(1000).unwrap();
        assert_eq!(mailbox.arrived(None, now), MOST_ARRIVALS);
        assert_eq!(mailbox.arrived(Some(&"other".parse().unwrap()), now), 0);
        assert_eq!(mailbox.arrived(None, Timestamp::from_second(1061).unwrap()), 0, "a minute later");
    }
}
