//! What a refused request is told: one short page for people, for programs the JSON of every other error of the app, and
//! what to do.
//!
//! Nothing of the request is repeated, and it says the same whether or not there is anything at the address.

use axum::Json;
use axum::http::header::{ACCEPT, ALLOW, CONNECTION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use orchestra_app::error::{AppError, AppErrorKind};

use crate::plain::{self, Page};

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The host is not one of ours, or not said, or said twice.
    Host,
    /// A trusted proxy does not say clearly how it was called.
    Proxy,
    /// It comes from another origin, or changes something without saying from where.
    Origin,
    /// The browser says that another site or another port asks.
    Site,
    /// A method that nothing here has.
    Method,
    /// A body of a kind that nothing here takes.
    ContentType,
    /// A body over the limit.
    TooLarge,
    /// A body that does not come.
    TooSlow,
    /// No cookie of a paired browser.
    NotPaired,
    /// The cookies of paired browsers cannot be looked up.
    NoStore,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Proxy => StatusCode::BAD_REQUEST,
            Self::Origin | Self::Site => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotPaired => StatusCode::UNAUTHORIZED,
            Self::NoStore => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn kind(self) -> AppErrorKind {
        match self {
            Self::NoStore => AppErrorKind::Internal,
            _ => AppErrorKind::Refused,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Host => "This is not my name",
            Self::Proxy => "The proxy is not clear",
            Self::Origin | Self::Site => "Not from another page",
            Self::Method | Self::ContentType => "Not understood",
            Self::TooLarge => "Too much",
            Self::TooSlow => "Too slow",
            Self::NotPaired => "This browser is not paired",
            Self::NoStore => "Something is wrong with the state folder",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Host => {
                "Open Orchestra by the address that the terminal shows. If this name is its own, say so when you start \
                 it: `orchestra web --host NAME`."
            }
            Self::Proxy => {
                "One proxy in front of Orchestra must set X-Forwarded-Proto to http or https, once. Look at its settings."
            }
            Self::Origin => {
                "Orchestra does nothing at the request of other pages. Open it by its own address."
            }
            Self::Site => "Another page led here, and Orchestra does not show itself to other pages.",
            Self::Method => "Orchestra has no use for requests of this method.",
            Self::ContentType => "Orchestra takes JSON and simple forms only.",
            Self::TooLarge => {
                "That is more than Orchestra takes in one request. Put it into a file on its computer, and name that."
            }
            Self::TooSlow => "The request did not arrive in time. Try again.",
            Self::NotPaired => {
                "Open the link that the terminal shows, where `orchestra web` runs; press Enter there for a new one."
            }
            Self::NoStore => {
                "The paired browsers could not be looked up. The log of `orchestra web` says why; \
                 see that its state folder can be read and written."
            }
        }
    }

    /// The answer, in the form that the request's headers ask for.
    pub(crate) fn answer(self, request: &HeaderMap) -> Response {
        let wants_page = request
            .get(ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
        let mut response = if wants_page {
            let mut page = Page::new(self.title(), self.words());
            if self == Self::Site {
                // From here the same address is our own link.
                page = page.link("", "Open it");
            }
            plain::respond(&page)
        } else {
            Json(AppError::new(self.kind(), format!("{}.", self.title()), self.words())).into_response()
        };
        *response.status_mut() = self.status();
        if self == Self::Method {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        }
        if matches!(self, Self::TooLarge | Self::TooSlow) {
            // The rest of the body is not waited for.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
