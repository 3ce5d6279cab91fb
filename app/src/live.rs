//! What changes while a page is open: one keyed store, fed by one event stream.
//!
//! Pages fetch what they show and lay the store's entries over it; they never subscribe to the stream themselves.

mod stream;

use leptos::prelude::*;
use orchestra_model::SessionId;

use crate::data::{News, SessionRow};

/// What is known beyond what pages have fetched. One store, whose parts are signals: a `reactive_stores` store would do
/// the same with 20 KB more of WebAssembly.
#[derive(Clone, Copy, Debug, Default)]
pub struct Live {
    /// The sessions that changed, each once.
    pub changes: RwSignal<Vec<Change>>,
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
    Effect::new(move |_| stream::open(live));
}

/// The store.
pub fn use_live() -> Live {
    expect_context()
}

/// Takes one event in.
fn take(live: Live, news: News) {
    let News { sequence, row, appended, removed } = news;
    live.sequence.set(sequence);
    match (row, removed) {
        (Some(row), _) => record(live, row.id.clone(), sequence, Some(*row), appended),
        (None, Some(id)) => record(live, id, sequence, None, false),
        (None, None) => resync(live),
    }
}

/// Forgets every change and asks pages to fetch again.
fn resync(live: Live) {
    live.changes.set(Vec::new());
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
