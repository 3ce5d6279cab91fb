//! The loopback server around a script.
//!
//! It runs on a thread and runtime of its own, so that plain tests, async tests and a command-line program start it
//! the same way. It binds nothing but 127.0.0.1.

use crate::{Reply, Request, Script, events, events::Frame};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderName, Method, StatusCode, Uri},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use std::{
    collections::{HashSet, VecDeque},
    convert::Infallible,
    hash::{BuildHasher, RandomState},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{oneshot, watch};

/// The largest request that is read: a long conversation with images.
const BODY_LIMIT_BYTES: usize = 256 << 20;
/// How many requests are kept for [`RunningModel::requests`]; older ones are forgotten.
const REQUESTS_KEPT: usize = 2000;

/// Why the scripted model did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or loopback cannot be bound.
    #[error("failed to listen on 127.0.0.1 port {port}; choose another port, or 0 for any free one")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused a thread or a runtime.
    #[error("failed to start the scripted model's thread; free some memory or processes and try again")]
    Thread(#[source] io::Error),
}

/// Starts scripted models.
#[derive(Debug)]
pub struct ScriptedModel;

impl ScriptedModel {
    /// Serves a script on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When loopback cannot be bound or the thread cannot be started.
    pub fn start(script: Script) -> Result<RunningModel, StartError> {
        Self::start_on(0, script)
    }

    /// Serves a script on this port of 127.0.0.1; 0 is any free one.
    ///
    /// # Errors
    /// When the port is taken or the thread cannot be started.
    pub fn start_on(port: u16, script: Script) -> Result<RunningModel, StartError> {
        let listen = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;

        let shared = Arc::new(Shared::new(script));
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
            .with_state(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("scripted-model".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                        return;
                    };
                    tokio::select! {
                        _ = axum::serve(listener, routes) => {}
                        _ = stopped => {}
                    }
                });
                // Streams that still wait end with the runtime, not with their clients' patience.
                runtime.shutdown_background();
            })
            .map_err(StartError::Thread)?;
        Ok(RunningModel { address, shared, stop: Some(stop), thread: Some(thread) })
    }
}

/// A scripted model that is being served; dropping it ends it.
#[derive(Debug)]
pub struct RunningModel {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningModel {
    /// What to put in `ANTHROPIC_BASE_URL`, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests().iter().cloned().collect()
    }

    /// The requests that were steps of an agent's turn.
    #[must_use]
    pub fn turns(&self) -> Vec<Request> {
        self.shared.requests().iter().filter(|request| request.is_turn()).cloned().collect()
    }

    /// Waits for a request that fits; none when the limit passed first.
    #[must_use]
    pub fn wait_for(&self, limit: Duration, fits: impl Fn(&Request) -> bool) -> Option<Request> {
        let deadline = Instant::now() + limit;
        let mut requests = self.shared.requests();
        loop {
            if let Some(found) = requests.iter().find(|request| fits(request)) {
                return Some(found.clone());
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            requests =
                self.shared.arrived.wait_timeout(requests, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets every reply go on that waits at this name (`[[hold NAME]]`), now and later.
    pub fn release(&self, name: &str) {
        self.shared.released.send_modify(|names| {
            names.insert(name.to_owned());
        });
    }

    /// Ends it: connections are closed, replies under way are cut.
    pub fn shutdown(mut self) {
        self.stop_and_join();
    }

    fn stop_and_join(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for RunningModel {
    fn drop(&mut self) {
        self.stop_and_join();
    }
}

/// What the routes and the handle share.
#[derive(Debug)]
struct Shared {
    script: Script,
    requests: Mutex<VecDeque<Request>>,
    arrived: Condvar,
    released: watch::Sender<HashSet<String>>,
    /// Identifiers must differ between runs too: readers count a `message.id` once across all transcripts.
    seed: RandomState,
    made: AtomicU64,
}

impl Shared {
    fn new(script: Script) -> Self {
        Self {
            script,
            requests: Mutex::default(),
            arrived: Condvar::new(),
            released: watch::Sender::new(HashSet::new()),
            seed: RandomState::new(),
            made: AtomicU64::new(0),
        }
    }

    fn requests(&self) -> MutexGuard<'_, VecDeque<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, request: Request) {
        let mut requests = self.requests();
        if requests.len() == REQUESTS_KEPT {
            requests.pop_front();
        }
        requests.push_back(request);
        self.arrived.notify_all();
    }

    fn make_id(&self, prefix: &str) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let hash = self.seed.hash_one(number);
        format!("{prefix}_{hash:016x}{number:08x}")
    }

    async fn wait_for_release(&self, name: &str) {
        let mut released = self.released.subscribe();
        // It fails only when the sender is gone, and the sender lives in self.
        let _ = released.wait_for(|names| names.contains(name)).await;
    }
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let request = Request {
        method: method.to_string(),
        path: uri.path().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    shared.record(request.clone());
    let response = match (method.as_str(), uri.path()) {
        ("POST", "/v1/messages") => message(&shared, &request),
        ("POST", "/v1/messages/count_tokens") => {
            axum::Json(json!({"input_tokens": request.approximate_tokens()})).into_response()
        }
        ("GET", "/v1/models") => {
            axum::Json(json!({"data": [], "has_more": false, "first_id": null, "last_id": null}))
                .into_response()
        }
        ("HEAD" | "GET", "/") => StatusCode::OK.into_response(),
        _ => refuse(404, "The scripted model has no such address."),
    };
    let id = HeaderName::from_static("request-id");
    ([(id, shared.make_id("req"))], response).into_response()
}

fn message(shared: &Arc<Shared>, request: &Request) -> Response {
    if !request.body.is_object() {
        return refuse(400, "The request's body is not a JSON object.");
    }
    let make_id = &mut |prefix: &str| shared.make_id(prefix);
    match shared.script.reply_to(request) {
        Reply::Failure(failure) => refused(&failure),
        Reply::Message(message) if request.wants_stream() => {
            let frames = events::frames(&message, request.model(), make_id);
            Sse::new(play(Arc::clone(shared), frames)).into_response()
        }
        Reply::Message(message) => {
            axum::Json(events::body(&message, request.model(), make_id)).into_response()
        }
    }
}

fn refuse(status: u16, message: &str) -> Response {
    refused(&crate::Failure { status, message: message.to_owned(), retry_after: None })
}

fn refused(failure: &crate::Failure) -> Response {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(events::error_body(failure))).into_response();
    if let Some(seconds) = failure.retry_after {
        response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Sends the events one after the other, waiting where the frames say so.
fn play(shared: Arc<Shared>, frames: Vec<Frame>) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::iter(frames).filter_map(move |frame| {
        let shared = Arc::clone(&shared);
        async move {
            match frame {
                Frame::Pause(pause) => {
                    tokio::time::sleep(pause).await;
                    None
                }
                Frame::Hold(name) => {
                    shared.wait_for_release(&name).await;
                    None
                }
                Frame::Event(value) => {
                    let name = value["type"].as_str().unwrap_or("message").to_owned();
                    Some(Ok(Event::default().event(name).data(value.to_string())))
                }
            }
        }
    })
}
