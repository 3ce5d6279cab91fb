//! Posting to somebody else's server: over TLS, within a time, without following anyone anywhere.
//!
//! The answer's body is not read: only what the status says is of use.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use tower::Service;

use super::endpoint::{BadEndpoint, Reach, check, is_public};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

type Posting = Client<HttpsConnector<HttpConnector<Resolver>>, Body>;

/// Posts. Clones share connections; the machine's root certificates are read when they are first needed.
#[derive(Clone, Debug)]
pub(crate) struct Poster {
    reach: Reach,
    client: Arc<OnceLock<Posting>>,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// After how long to try again, if the server says so.
    pub(crate) retry_after: Option<Duration>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    /// Nothing is sent there.
    #[error("nothing is sent there: {0}")]
    Refused(#[from] BadEndpoint),
    /// The machine trusts nobody.
    #[error("the machine's root certificates cannot be read ({0}); install them (`ca-certificates`)")]
    NoRoots(io::Error),
    /// The server cannot be reached.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server does not answer.
    #[error("the server does not answer")]
    TooSlow,
}

impl PostError {
    /// Whether it may be otherwise later.
    pub(crate) const fn may_pass(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

impl Poster {
    /// One that speaks to whom it may.
    pub(crate) fn new(reach: Reach) -> Self {
        Self { reach, client: Arc::default() }
    }

    /// To whom it may speak.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    fn client(&self) -> Result<&Posting, PostError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut http = HttpConnector::new_with_resolver(Resolver::new(self.reach));
        http.enforce_http(false);
        http.set_connect_timeout(Some(PATIENCE));
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(PostError::NoRoots)?;
        let builder = match self.reach {
            Reach::Public => builder.https_only(),
            Reach::Anywhere => builder.https_or_http(),
        };
        let connector = builder.enable_http1().wrap_connector(http);
        Ok(self.client.get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// Posts one request.
    ///
    /// # Errors
    /// When no answer came.
    pub(crate) async fn post(&self, request: Request<Body>) -> Result<Answer, PostError> {
        check(&request.uri().to_string(), self.reach)?;
        let answer = tokio::time::timeout(PATIENCE, self.client()?.request(request));
        let answer = answer.await.map_err(|_| PostError::TooSlow)?;
        let answer = answer.map_err(|error| PostError::Unreachable(with_sources(&error)))?;
        let retry_after =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(Answer { status: answer.status(), retry_after: retry_after.map(Duration::from_secs) })
    }
}

/// An error with what lies under it, which is what says what is wrong.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(": ");
        words.push_str(&error.to_string());
        source = error.source();
    }
    words
}

/// The system's resolver, without the addresses that may not be spoken to.
#[derive(Clone, Debug)]
struct Resolver {
    reach: Reach,
    system: GaiResolver,
}

impl Resolver {
    fn new(reach: Reach) -> Self {
        Self { reach, system: GaiResolver::new() }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.system.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (reach, found) = (self.reach, self.system.call(name));
        Box::pin(async move {
            let mut addresses: Vec<SocketAddr> = found.await?.collect();
            if reach == Reach::Public {
                addresses.retain(|address| is_public(address.ip()));
            }
            if addresses.is_empty() {
                return Err(io::Error::other("the name leads to no address of the internet"));
            }
            Ok(addresses.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_home_leads_nowhere() {
        let resolve = |reach| async move { Resolver::new(reach).call("localhost".parse().unwrap()).await };
        assert!(resolve(Reach::Anywhere).await.unwrap().next().unwrap().ip().is_loopback());
        assert!(resolve(Reach::Public).await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_may_not_be_spoken_to_is_not_spoken_to() {
        let request = Request::post("https://127.0.0.1/").body(Body::empty()).unwrap();
        let refused = Poster::new(Reach::Public).post(request).await.unwrap_err();
        assert!(matches!(refused, PostError::Refused(BadEndpoint::Private)), "{refused}");
        assert!(!refused.may_pass());
    }
}
