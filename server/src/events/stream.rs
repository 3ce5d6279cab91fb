//! `GET /events`: one listener's stream.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{StreamExt, unfold};
use orchestra_core::agents::Words;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::ear::{Ear, Told};
use super::{Events, Next};
use crate::devices::{DeviceId, Devices};
use crate::shutdown::Shutdown;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How often a quiet stream shows that it lives; a dead connection and a removed device are noticed then too.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How soon a browser comes back after a stream broke.
const RETRY: Duration = Duration::from_secs(2);

/// Where a listener is, for one that has no `Last-Event-ID` yet.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    after: Option<u64>,
    /// The agent whose words it shows; nobody's when that is empty, everybody's without it.
    words: Option<String>,
}

/// One listener.
struct Listener {
    events: Events,
    latest: watch::Receiver<u64>,
    devices: Devices,
    device: DeviceId,
    revocations: watch::Receiver<u64>,
    shutdown: Shutdown,
    heartbeat: tokio::time::Interval,
    greeted: bool,
    ear: Ear,
    /// What the agent whose words it wants is writing already, to be told first.
    first_words: Option<Arc<Words>>,
    /// Its place among the streams, given back when the stream is dropped.
    _permit: OwnedSemaphorePermit,
}

/// `GET /events`, resumed by `Last-Event-ID` or `?after=`; without either it begins with what happens next. `?words=` names
/// the agent whose words are shown: those of all others are no news to a phone.
pub(crate) async fn stream(
    State(events): State<Events>,
    State(devices): State<Devices>,
    State(shutdown): State<Shutdown>,
    Extension(device): Extension<DeviceId>,
    Query(asked): Query<Place>,
    headers: HeaderMap,
) -> Response {
    let Ok(permit) = events.shared.places.clone().try_acquire_owned() else {
        let words = "Too many pages listen already. Close some, and load this one again.";
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "30")], words).into_response();
    };
    let latest = events.shared.latest.subscribe();
    events.watch().await;
    let place = match headers.get(LAST_EVENT_ID) {
        // An id that is no number was never ours: as good as one from long ago.
        Some(id) => id.to_str().ok().and_then(|id| id.parse().ok()).unwrap_or(0),
        None => asked.after.unwrap_or_else(|| *latest.borrow()),
    };
    let first_words = asked.words.as_deref().and_then(|agent| events.words_of(agent));
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let revocations = devices.revocations();
    let listener = Listener {
        events,
        latest,
        devices,
        device,
        revocations,
        shutdown,
        heartbeat,
        greeted: false,
        ear: Ear::new(place, asked.words),
        first_words,
        _permit: permit,
    };
    let messages = unfold(listener, |mut listener| async move {
        let message = listener.next().await?;
        Some((Ok::<_, Infallible>(message), listener))
    });
    let mut response = Sse::new(messages.fuse()).into_response();
    response.headers_mut().insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

impl Listener {
    /// The next message, or `None` when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            return Some(self.greeting());
        }
        if let Some(first) = self.first_words.take().and_then(|words| self.ear.hear(&words)) {
            return Some(message(&first));
        }
        loop {
            if let Some(told) = self.ear.next(|place| self.events.next(place)) {
                return Some(message(&told));
            }
            tokio::select! {
                () = self.shutdown.requested() => return None,
                _ = self.revocations.changed() => {
                    if !self.is_paired().await {
                        return None;
                    }
                }
                changed = self.latest.changed() => changed.ok()?,
                _ = self.heartbeat.tick() => {
                    // The file of a device may also have been removed by hand.
                    return self.is_paired().await.then(|| Event::default().comment("alive"));
                }
            }
        }
    }

    /// Bytes at once, so that a browser knows it is connected: how soon to come back if it breaks, and to where. Without
    /// data it is no event to a page.
    fn greeting(&self) -> Event {
        let greeting = Event::default().retry(RETRY).comment("listening");
        match self.events.next(self.ear.place()) {
            Next::Lost(_) => greeting,
            Next::Event(..) | Next::Words(..) | Next::UpToDate => greeting.id(self.ear.place().to_string()),
        }
    }

    async fn is_paired(&self) -> bool {
        let (devices, device) = (self.devices.clone(), self.device.clone());
        let paired = tokio::task::spawn_blocking(move || devices.is_paired(&device)).await;
        matches!(paired, Ok(Ok(true)))
    }
}

/// An event as it goes over the line.
fn message(told: &Told) -> Event {
    Event::default().id(told.number.to_string()).data(&*told.json)
}
