//! The one error of every server function: a status, what happened, and what to do next.

use leptos::{prelude::FromServerFnError, server_fn::error::ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::api::codec::TextEncoding;

/// What went wrong, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct AppError {
    /// What kind of failure, for the page's status and picture.
    pub kind: AppErrorKind,
    /// What happened, one sentence.
    pub message: String,
    /// What to do next, one sentence.
    pub next_step: String,
}

/// The kinds of failure that a page tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppErrorKind {
    /// There is no such thing.
    NotFound,
    /// The request makes no sense.
    BadRequest,
    /// It is not done: something stands against it, which the message says.
    Refused,
    /// It is there and could not be read.
    Unreadable,
    /// The server could not be reached.
    Offline,
    /// A fault of ours.
    Internal,
}

impl AppError {
    /// An error of a kind.
    pub fn new(kind: AppErrorKind, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { kind, message: message.into(), next_step: next_step.into() }
    }

    /// A session that is nowhere on this machine.
    pub fn no_session(id: &str) -> Self {
        Self::new(
            AppErrorKind::NotFound,
            format!("No session {} on this machine.", crate::text::cut_in_the_middle(id, 40)),
            "It may have been cleaned up by its client. Look for it in the list of all sessions.",
        )
    }

    /// The status a page that shows this error answers with.
    pub const fn status(&self) -> u16 {
        match self.kind {
            AppErrorKind::NotFound => 404,
            AppErrorKind::BadRequest => 400,
            AppErrorKind::Refused => 409,
            AppErrorKind::Unreadable | AppErrorKind::Internal => 500,
            AppErrorKind::Offline => 503,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = TextEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::new(
                AppErrorKind::Offline,
                "Orchestra does not answer.",
                "See that orchestra web still runs on the computer, then try again.",
            ),
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) => Self::new(
                AppErrorKind::BadRequest,
                format!("The request makes no sense: {detail}."),
                "Go back and try again.",
            ),
            other => Self::new(
                AppErrorKind::Internal,
                format!("Something failed: {other}."),
                "Load the page again; if it stays, the server's terminal says more.",
            ),
        }
    }
}
