//! The event stream: what changes on the machine, told to every page that listens.
//!
//! One watcher feeds a ring of the last events; each stream has a place of its own in the numbering and takes what
//! comes after it. So a browser that does not read costs nothing but its place, and one that comes back goes on where
//! it was; whoever asks for what the ring no longer holds is told to fetch again. The watcher starts with the first page
//! or listener. Events say what to fetch: nothing is acknowledged and nothing is kept on disk.

mod agents;
mod ear;
mod ring;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next as Handler;
use axum::response::Response;
use orchestra_app::data::{News, SessionRow};
use orchestra_app::ssr::{AppContext, Clock};
use orchestra_core::agents::{AgentWatcher, Words};
use orchestra_core::sessions::{CatalogEvent, Watcher};
use orchestra_model::Timestamp;
use tokio::sync::{OnceCell, Semaphore, watch};

use crate::notify::Notifier;
use agents::Teller;
use ring::Ring;
pub(crate) use stream::stream;

/// The most streams at once.
pub(crate) const MOST_STREAMS: usize = 1024;

/// The events of one server. Clones share it.
#[derive(Clone)]
pub(crate) struct Events {
    shared: Arc<Shared>,
}

struct Shared {
    context: AppContext,
    notifier: Notifier,
    sessions: OnceCell<Watcher>,
    agents: OnceCell<Option<AgentWatcher>>,
    ring: Arc<Mutex<Ring>>,
    /// The number of the last event.
    latest: watch::Sender<u64>,
    places: Arc<Semaphore>,
}

/// What a stream finds after its place.
pub(crate) enum Next {
    /// The event after it, as JSON, and its number.
    Event(u64, Arc<str>),
    /// What an agent is writing, and its number.
    Words(u64, Arc<Words>),
    /// Nothing yet.
    UpToDate,
    /// The ring does not go back that far, or the place was never there: go on from this number, and fetch again.
    Lost(u64),
}

/// The numbers of events as they grow: made before what needs to know them.
pub(crate) fn numbers() -> watch::Sender<u64> {
    // They go on over a restart, so that a place in the last server's numbering is not taken for one in ours.
    watch::Sender::new(u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0))
}

impl Events {
    /// The events of a machine's sessions and agents, for so many listeners at most.
    pub(crate) fn new(
        context: AppContext,
        notifier: Notifier,
        latest: watch::Sender<u64>,
        most_streams: usize,
    ) -> Self {
        let first = *latest.borrow();
        Self {
            shared: Arc::new(Shared {
                context,
                notifier,
                sessions: OnceCell::new(),
                agents: OnceCell::new(),
                ring: Arc::new(Mutex::new(Ring::after(first))),
                latest,
                places: Arc::new(Semaphore::new(most_streams.min(MOST_STREAMS))),
            }),
        }
    }

    /// Sees that the watchers run: whatever changes from here on is an event.
    async fn watch(&self) {
        let start = || {
            let (ring, latest) = (Arc::clone(&self.shared.ring), self.shared.latest.clone());
            let AppContext { catalog, clock, .. } = self.shared.context.clone();
            // It reads folders.
            tokio::task::spawn_blocking(move || {
                catalog.watch(move |event| publish(&ring, &latest, news(&event, &clock)))
            })
        };
        if let Err(problem) = self.shared.sessions.get_or_try_init(start).await {
            tracing::error!(%problem, "cannot watch for changes");
        }
        self.watch_agents().await;
    }

    /// Sees that agents are watched, also while no page is open: somebody may have asked to be told of them.
    pub(crate) async fn watch_agents(&self) {
        let start = || {
            let teller = Teller {
                context: self.shared.context.clone(),
                ring: Arc::clone(&self.shared.ring),
                latest: self.shared.latest.clone(),
                notifier: self.shared.notifier.clone(),
                told: Arc::default(),
            };
            tokio::task::spawn_blocking(move || teller.watch())
        };
        if let Err(problem) = self.shared.agents.get_or_try_init(start).await {
            tracing::error!(%problem, "cannot watch agents");
        }
    }

    /// What an agent is writing.
    fn words_of(&self, agent: &str) -> Option<Arc<Words>> {
        lock(&self.shared.ring).words_of(agent)
    }

    fn next(&self, after: u64) -> Next {
        lock(&self.shared.ring).next(after)
    }
}

/// Lets a page be made only when the watcher runs, so that no change is missed between the two.
pub(crate) async fn watch_first(State(events): State<Events>, request: Request, page: Handler) -> Response {
    events.watch().await;
    page.run(request).await
}

/// Numbers an event, keeps it and wakes the streams.
fn publish(ring: &Mutex<Ring>, latest: &watch::Sender<u64>, news: News) {
    let sequence = lock(ring).push(|sequence| encode(&news.numbered(sequence)));
    latest.send_replace(sequence);
}

fn encode(news: &News) -> Arc<str> {
    serde_json::to_string(news)
        .unwrap_or_else(|problem| {
            // A row has no key that is not text, so this does not come up; a listener would see the gap.
            tracing::error!(%problem, "cannot write an event");
            String::new()
        })
        .into()
}

/// An event of the catalog as pages hear it.
fn news(event: &CatalogEvent, clock: &Clock) -> News {
    match event {
        CatalogEvent::Changed { session, appended } => {
            News::changed(SessionRow::of_session(session, |ms| clock.day_of(ms)), *appended)
        }
        CatalogEvent::Removed { id } => News::removed(id.clone()),
        CatalogEvent::Resync => News::resync(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic left behind is whole: each change is one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
