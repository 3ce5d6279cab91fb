//! Web Push: a notice encrypted for one browser, signed by this install, handed to the browser's push service.
//!
//! The encryption is RFC 8291's, from a crate. A notice and its withdrawal carry the same `Topic`, so a device that was
//! out of reach gets the newer one alone.
//!
//! Browsers want to see something for each push they wake a page for. A withdrawal shows nothing in the end: the service
//! worker closes what it is about. That is within what browsers tolerate when it is rare and recent, and the outbox sees
//! to it that it is.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderName, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orchestra_model::Timestamp;
use sha2::{Digest, Sha256};

use super::keys::Keys;
use super::line::{Outcome, Way};
use super::notice::Kind;
use super::outbox::Delivery;
use super::poster::{Answer, PostError, Poster};
use super::subscriptions::{Subscription, Subscriptions};
use crate::devices::{DeviceId, Devices};

/// How long a push service keeps what it cannot deliver, in seconds: a day.
const TTL: &str = "86400";

/// How many bytes of a tag's hash name its topic: as many as 32 characters hold.
const TOPIC_BYTES: usize = 24;

/// Sends pushes. Clones share keys and connections.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) keys: Keys,
    /// Whom a push service may write to about this install: a `mailto:` or `https:` address.
    pub(crate) contact: String,
    pub(crate) poster: Poster,
}

/// Why a push was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    /// Nothing came back.
    #[error(transparent)]
    Post(#[from] PostError),
    /// It cannot be made.
    #[error("the push cannot be made: {0}")]
    NotMade(String),
}

impl Push {
    /// Sends one push, once.
    ///
    /// # Errors
    /// When the push service did not answer.
    pub(crate) async fn send(
        &self,
        subscription: &Subscription,
        delivery: &Delivery,
    ) -> Result<Answer, PushError> {
        Ok(self.poster.post(self.request(subscription, delivery)?).await?)
    }

    fn request(&self, subscription: &Subscription, delivery: &Delivery) -> Result<Request<Body>, PushError> {
        let not_made = |what: &dyn std::fmt::Display| PushError::NotMade(what.to_string());
        let (public, auth) =
            subscription.keys().ok_or_else(|| not_made(&"the subscription's keys are damaged"))?;
        let (json, urgency) = match delivery {
            Delivery::Show(notice) => (
                notice.json(""),
                if notice.kind.is_need() || notice.kind == Kind::Test { "high" } else { "normal" },
            ),
            Delivery::Withdraw { tag } => {
                (serde_json::json!({ "withdraw": tag }).to_string().into_bytes(), "normal")
            }
        };
        let body = web_push_native::encrypt(json, &public, &auth).map_err(|error| not_made(&error))?;
        let endpoint = subscription.endpoint.parse().map_err(|error| not_made(&error))?;
        let topic = URL_SAFE_NO_PAD.encode(&Sha256::digest(delivery.tag())[..TOPIC_BYTES]);
        let authorization = self.keys.authorization(&endpoint, &self.contact, Timestamp::now());
        Request::post(endpoint)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(HeaderName::from_static("ttl"), TTL)
            .header(HeaderName::from_static("urgency"), urgency)
            .header(HeaderName::from_static("topic"), topic)
            .body(Body::from(body))
            .map_err(|error| not_made(&error))
    }
}

/// The way to one device.
pub(crate) struct PushWay {
    pub(crate) push: Push,
    pub(crate) device: DeviceId,
    pub(crate) devices: Devices,
    pub(crate) subscriptions: Subscriptions,
}

impl Way for PushWay {
    async fn send(&mut self, delivery: &Delivery) -> Outcome {
        let Some(subscription) = self.subscriptions.of(&self.device) else { return Outcome::Gone };
        // Each time: a device that was revoked, logged out or has expired is told nothing more.
        let (devices, device) = (self.devices.clone(), self.device.clone());
        let is_paired = tokio::task::spawn_blocking(move || devices.is_paired(&device)).await;
        match is_paired {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return self.forget(subscription).await,
            problem => {
                tracing::warn!(?problem, "cannot look up a paired browser");
                return Outcome::Later(None);
            }
        }
        match self.push.send(&subscription, delivery).await {
            Ok(answer) => match answer.status {
                status if status.is_success() => Outcome::Settled,
                StatusCode::NOT_FOUND | StatusCode::GONE => self.forget(subscription).await,
                StatusCode::TOO_MANY_REQUESTS => Outcome::Later(answer.retry_after),
                status if status.is_server_error() => Outcome::Later(answer.retry_after),
                status => {
                    tracing::warn!(%status, "a push service does not take a notification");
                    Outcome::Settled
                }
            },
            Err(PushError::Post(problem)) if problem.may_pass() => {
                tracing::debug!(%problem, "a notification could not be sent yet");
                Outcome::Later(None)
            }
            Err(problem) => {
                tracing::warn!(%problem, "a notification cannot be sent");
                Outcome::Settled
            }
        }
    }
}

impl PushWay {
    async fn forget(&self, subscription: Subscription) -> Outcome {
        let (subscriptions, device) = (self.subscriptions.clone(), self.device.clone());
        let forgotten =
            tokio::task::spawn_blocking(move || subscriptions.forget_if(&device, &subscription)).await;
        if !matches!(forgotten, Ok(Ok(()))) {
            tracing::warn!(?forgotten, "cannot forget where a browser was reached");
        }
        match self.subscriptions.of(&self.device) {
            // The browser has subscribed anew meanwhile.
            Some(_) => Outcome::Later(None),
            None => Outcome::Gone,
        }
    }
}
