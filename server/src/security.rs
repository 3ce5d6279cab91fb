//! The one layer before every route: whose request it is, where it comes from, and what the answer may do.
//!
//! [`protect`] puts it around the whole router, fallback included, so a new route is behind it without anyone
//! remembering. In this order, each before anything of the next is touched:
//!
//! 1. the request's head ([`request`]): a name of ours in `Host` ([`names`]), no other origin, no method or form we do
//!    not use;
//! 2. the device's cookie, for everything but what the route table declares public: the pairing page, the offline
//!    page, the service worker and the files of the site, which are the same for everyone and hold no data;
//! 3. the body, read whole within a size and a time, so that no handler waits on a sender.
//!
//! And on every answer, refusals included, the headers of [`headers`]. What a page may be asked for by whom is decided
//! here and nowhere else; what a route does is not known here.

pub(crate) mod headers;
pub(crate) mod names;
pub(crate) mod refusal;
pub(crate) mod request;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use leptos::server_fn::ServerFn;
use orchestra_app::api::send_command::SendCommand;
use orchestra_model::Timestamp;
use tower::{ServiceBuilder, ServiceExt};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use crate::devices::device_of;
use crate::reach::Scheme;
use crate::session_store::FileSessionStore;
use names::{Ours, Wire};
use refusal::Refusal;

/// How much of a body is read, in bytes, and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) most: usize,
    pub(crate) time: Duration,
}

/// Of any body.
const SHORT: Bounds = Bounds { most: 64 << 10, time: Duration::from_secs(10) };

/// Of a command: a task may be 4 MB long, and is three times as long where each of its bytes is escaped in a form. A phone
/// needs a while for that.
const LONG: Bounds = Bounds { most: 13 << 20, time: Duration::from_secs(60) };

impl Bounds {
    /// Those of a body that is sent to a path, as it stands in the request.
    pub(crate) fn at(path: &str) -> Self {
        if path == SendCommand::PATH { LONG } else { SHORT }
    }
}

/// How long a browser stays paired without a visit.
const DEVICE_LIFETIME: time::Duration = time::Duration::days(90);

/// What needs no cookie. Paths are compared as they stand in the request: an encoded one is not public.
#[derive(Debug, Default)]
pub(crate) struct PublicPaths {
    /// Whole paths.
    pub(crate) exact: HashSet<String>,
    /// Beginnings of paths.
    pub(crate) below: Vec<String>,
}

impl PublicPaths {
    fn contain(&self, path: &str) -> bool {
        self.exact.contains(path) || self.below.iter().any(|prefix| path.starts_with(prefix))
    }
}

#[derive(Debug)]
struct Gate {
    ours: Ours,
    public: PublicPaths,
}

/// The same routes behind two cookies: a browser that came encrypted has one that never travels plain.
#[derive(Clone)]
struct Doors {
    plain: Router,
    encrypted: Router,
}

/// Puts the layer around a router. Every request must bring the [`Wire`] it came over.
pub(crate) fn protect(router: Router, ours: Ours, public: PublicPaths, store: FileSessionStore) -> Router {
    let port = ours.port();
    let gate = Arc::new(Gate { ours, public });
    let behind = |scheme: Scheme| {
        let protected = ServiceBuilder::new()
            .layer(sessions(scheme, port, store.clone()))
            .layer(from_fn_with_state(Arc::clone(&gate), check_device))
            .layer(from_fn(read_body))
            .service(router.clone());
        Router::new().fallback_service(protected)
    };
    let doors = Doors { plain: behind(Scheme::Http), encrypted: behind(Scheme::Https) };
    let protected = ServiceBuilder::new()
        .layer(from_fn(add_headers))
        .layer(from_fn_with_state(gate, check_head))
        .service(Router::new().fallback(through_a_door).with_state(doors));
    Router::new().fallback_service(protected)
}

/// The cookie of paired browsers. Cookies are shared by all ports of a host: each server has a name of its own.
fn sessions(scheme: Scheme, port: u16, store: FileSessionStore) -> SessionManagerLayer<FileSessionStore> {
    let layer = SessionManagerLayer::new(store)
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(DEVICE_LIFETIME));
    match scheme {
        // Browsers take a cookie of this name only from this very host, and only encrypted.
        Scheme::Https => layer.with_name(format!("__Host-orchestra_{port}")).with_secure(true),
        // On the loopback interface there is no wire, and not every browser sends `Secure` cookies to it.
        Scheme::Http => layer.with_name(format!("orchestra_{port}")).with_secure(false),
    }
}

async fn through_a_door(
    State(doors): State<Doors>,
    Extension(scheme): Extension<Scheme>,
    request: Request,
) -> Response {
    let door = match scheme {
        Scheme::Http => doors.plain,
        Scheme::Https => doors.encrypted,
    };
    door.oneshot(request).await.into_response()
}

async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    headers::complete(response.headers_mut());
    response
}

async fn check_head(
    State(gate): State<Arc<Gate>>,
    Extension(wire): Extension<Wire>,
    request: Request,
    next: Next,
) -> Response {
    let (mut head, body) = request.into_parts();
    match request::check(&gate.ours, &head, wire) {
        Ok(scheme) => {
            head.extensions.insert(scheme);
            next.run(Request::from_parts(head, body)).await
        }
        Err(refusal) => {
            tracing::debug!(?refusal, method = %head.method, "refused a request");
            refusal.answer(&head.headers)
        }
    }
}

async fn check_device(
    State(gate): State<Arc<Gate>>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    if gate.public.contain(request.uri().path()) {
        return next.run(request).await;
    }
    match device_of(&session, Timestamp::now()).await {
        Ok(Some(device)) => {
            request.extensions_mut().insert(device);
            next.run(request).await
        }
        Ok(None) => Refusal::NotPaired.answer(request.headers()),
        Err(problem) => {
            tracing::error!(%problem, "cannot read the sessions of paired browsers");
            Refusal::NoStore.answer(request.headers())
        }
    }
}

async fn read_body(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if matches!(head.method, Method::GET | Method::HEAD) {
        return next.run(Request::from_parts(head, Body::empty())).await;
    }
    let Bounds { most, time } = Bounds::at(head.uri.path());
    match tokio::time::timeout(time, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Ok(Err(_)) => Refusal::TooLarge.answer(&head.headers),
        Err(_) => Refusal::TooSlow.answer(&head.headers),
    }
    .into_response()
}
