//! What changes while a page is open: one keyed store, fed by one event stream.
//!
//! Pages fetch what they show and lay the store's entries over it; they never subscribe to the stream themselves.

mod stream;

use std::{collections::BTreeMap, sync::Arc};

use leptos::prelude::*;
use orchestra_model::SessionId;

use crate::{
    data::{AgentRow, News, SessionRow, Written},
    reactive::effect,
};

/// What is known beyond what pages have fetched. One store, whose parts are signals: a `reactive_stores` store would do
/// the same with 20 KB more of WebAssembly.
#[derive(Clone, Copy, Debug, Default)]
pub struct Live {
    /// The sessions that changed, each once.
    pub changes: RwSignal<Vec<Change>>,
    /// The agents that changed, by their ids, with the event that told so.
    pub agents: RwSignal<BTreeMap<String, (u64, Arc<AgentRow>)>>,
    /// What agents are writing, by their ids.
    pub words: RwSignal<BTreeMap<String, Words>>,
    /// Whose words are shown, by the agent's id: the stream tells of no others'.
    pub writing_of: RwSignal<String>,
    /// How the event stream is.
    pub connection: RwSignal<Connection>,
    /// How often events were lost: whoever shows something fetches it again when this grows.
    pub resyncs: RwSignal<u32>,
    /// The last event's number.
    pub sequence: RwSignal<u64>,
}

/// A session that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub id: SessionId,
    /// The event that told so.
    pub sequence: u64,
    /// How it looks now; none when its transcript is gone.
    pub row: Option<SessionRow>,
    /// How often its transcript grew.
    pub appends: u32,
}

/// The most bytes of one piece of text that are held: whoever connects later gets fewer.
const LONGEST: usize = 64 << 10;

/// What an agent is writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Which piece of text.
    pub number: u64,
    /// Where in it the text begins, in bytes.
    begin: u64,
    /// The text; empty when the piece has just ended.
    pub text: String,
}

impl Words {
    /// Takes in what was added; what this page lacks the beginning of is taken as all there is.
    pub fn add(&mut self, written: Written) {
        let Written { number, at, text, .. } = written;
        let end = self.begin + self.text.len() as u64;
        if number == self.number && at == end {
            self.text.push_str(&text);
            if self.text.len() > LONGEST {
                let mut cut = LONGEST / 2;
                while !self.text.is_char_boundary(cut) {
                    cut += 1;
                }
                self.text.drain(..cut);
                self.begin += cut as u64;
            }
        } else {
            *self = Self { number, begin: at, text };
        }
    }
}

/// How the event stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Not opened yet: the page may still be without scripts.
    #[default]
    Fresh,
    /// Open.
    Open,
    /// Lost; it is being opened again.
    Lost,
}

/// Provides the store, and opens the stream once the page is in a browser.
pub fn provide_live() {
    let live = Live::default();
    provide_context(live);
    effect(move || stream::open(live));
}

/// The store.
pub fn use_live() -> Live {
    expect_context()
}

/// Takes one event in.
fn take(live: Live, news: News) {
    let News { sequence, row, appended, removed, agent, written, run } = news;
    live.sequence.set(sequence);
    if let Some(row) = row {
        record(live, row.id.clone(), sequence, Some(*row), appended);
    } else if let Some(id) = removed {
        record(live, id, sequence, None, false);
    } else if let Some(agent) = agent {
        live.agents.write().insert(agent.id.clone(), (sequence, Arc::new(*agent)));
    } else if let Some(written) = written {
        live.words.write().entry(written.agent.clone()).or_default().add(written);
    } else if run.is_none() {
        // The pages of runs listen for themselves (`public/runs.js`).
        resync(live);
    }
}

impl Live {
    /// Takes in agents that were fetched, for pages that show one of them: what the stream told of later stays.
    pub fn lay(&self, as_of: u64, rows: &[AgentRow]) {
        let mut agents = self.agents.write();
        for row in rows {
            if agents.get(&row.id).is_none_or(|(sequence, _)| *sequence < as_of) {
                agents.insert(row.id.clone(), (as_of, Arc::new(row.clone())));
            }
        }
    }
}

/// Forgets every change of sessions and asks pages to fetch again. What is known of agents stays until it is known anew.
fn resync(live: Live) {
    live.changes.set(Vec::new());
    live.words.set(BTreeMap::new());
    *live.resyncs.write() += 1;
}

fn record(live: Live, id: SessionId, sequence: u64, row: Option<SessionRow>, appended: bool) {
    let mut changes = live.changes.write();
    match changes.iter_mut().find(|change| change.id == id) {
        Some(change) => {
            change.sequence = sequence;
            change.row = row;
            change.appends += u32::from(appended);
        }
        None => changes.push(Change { id, sequence, row, appends: u32::from(appended) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: u64, at: u64, text: &str) -> Written {
        Written { agent: "a".into(), number, at, text: text.into() }
    }

    #[test]
    fn words_grow_and_are_replaced_where_something_is_missing() {
        let mut words = Words::default();
        words.add(written(3, 0, "Hel"));
        words.add(written(3, 3, "lo"));
        assert_eq!(words.text, "Hello");
        words.add(written(3, 0, "Hello, you"));
        assert_eq!(words.text, "Hello, you", "after a new connection all of it comes again");
        words.add(written(3, 40, "the end"));
        assert_eq!(words.text, "the end");
        words.add(written(3, 47, "."));
        assert_eq!(words.text, "the end.");
        words.add(written(3, 48, &"é".repeat(LONGEST / 2)));
        assert!(words.text.len() <= LONGEST && words.text.ends_with('é'));
        words.add(written(3, 48 + LONGEST as u64, "!"));
        assert!(words.text.ends_with("é!"), "what is cut off at the beginning does not part it from its end");
        words.add(written(4, 0, ""));
        assert_eq!((words.number, words.text.as_str()), (4, ""));
    }
}
