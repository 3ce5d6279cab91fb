//! What the settings page and the service worker ask: subscribing, trying out, answering from a notification, settings.
//!
//! Bodies and answers are JSON; what goes wrong is `{message, next_step}`. Every route is for paired browsers.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use orchestra_core::agents::control::{Command, Refusal};
use orchestra_core::agents::{ControlError, FolderError};
use orchestra_model::{AgentId, Decision};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Notifier;
use super::settings::Settings;
use super::subscriptions::{BadSubscription, Subscription};
use crate::devices::DeviceId;

/// Through which surface an answer from a notification comes.
const BY: &str = "notification";

/// What went wrong, and what to do next.
#[derive(Debug, Serialize)]
pub(crate) struct Trouble {
    #[serde(skip)]
    status: StatusCode,
    message: String,
    next_step: String,
}

impl Trouble {
    fn new(status: StatusCode, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { status, message: message.into(), next_step: next_step.into() }
    }

    fn of_the_state_folder(problem: &dyn std::fmt::Display) -> Self {
        tracing::error!(%problem, "cannot read or write what is kept for notifications");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Orchestra cannot read or write its state folder.",
            "See that there is room on the disk and that the folder is yours, then try again.",
        )
    }

    /// From an error that says "what; what to do".
    fn of_words(status: StatusCode, words: &str, otherwise: &str) -> Self {
        let (what, to_do) = words.split_once("; ").unwrap_or((words, otherwise));
        Self::new(status, sentence(what), sentence(to_do))
    }
}

/// A fragment as a sentence.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

/// A body as what it should be.
fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|problem| {
        // The place in the body is of no use to a person.
        let words = problem.to_string();
        let what = words.split(" at line ").next().unwrap_or_default();
        Trouble::of_words(
            StatusCode::BAD_REQUEST,
            what,
            "Load the page again; if it stays, please report it.",
        )
    })
}

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Trouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|problem| Trouble::of_the_state_folder(&problem)),
        Err(lost) => Err(Trouble::of_the_state_folder(&lost)),
    }
}

/// `GET /push/key`: `{key, subscribed}`, the key that a browser subscribes with, and whether this one has.
pub(crate) async fn key(
    State(notifier): State<Notifier>,
    Extension(device): Extension<DeviceId>,
) -> Response {
    let subscribed = notifier.desk.subscriptions.of(&device).is_some();
    Json(json!({ "key": notifier.desk.push.keys.public(), "subscribed": subscribed })).into_response()
}

/// A subscription as browsers write it.
#[derive(Deserialize)]
struct Subscribing {
    endpoint: String,
    keys: BrowserKeys,
}

#[derive(Deserialize)]
struct BrowserKeys {
    p256dh: String,
    auth: String,
}

/// `POST /push/subscribe`: keeps where this device is reached; the body is the browser's `PushSubscription` as JSON.
pub(crate) async fn subscribe(
    State(notifier): State<Notifier>,
    Extension(device): Extension<DeviceId>,
    body: Bytes,
) -> Result<Response, Trouble> {
    let Subscribing { endpoint, keys: BrowserKeys { p256dh, auth } } = read(&body)?;
    let reach = notifier.desk.push.poster.reach();
    let subscription =
        Subscription::new(endpoint, p256dh, auth, reach).map_err(|problem: BadSubscription| {
            Trouble::new(
                StatusCode::BAD_REQUEST,
                sentence(&problem.to_string()),
                "Turn notifications off and on again; if it stays, please report it.",
            )
        })?;
    let desk = notifier.desk.clone();
    blocking(move || desk.subscriptions.keep(&device, subscription)).await?;
    Ok(Json(json!({ "subscribed": true })).into_response())
}

/// `POST /push/unsubscribe`: forgets where this device is reached.
pub(crate) async fn unsubscribe(
    State(notifier): State<Notifier>,
    Extension(device): Extension<DeviceId>,
) -> Result<Response, Trouble> {
    let desk = notifier.desk.clone();
    blocking(move || desk.subscriptions.forget(&device)).await?;
    Ok(Json(json!({ "subscribed": false })).into_response())
}

/// `POST /push/test`: sends one notification to this device, and says what its push service said.
pub(crate) async fn test(
    State(notifier): State<Notifier>,
    Extension(device): Extension<DeviceId>,
) -> Result<Response, Trouble> {
    let Some(subscription) = notifier.desk.subscriptions.of(&device) else {
        return Err(Trouble::new(
            StatusCode::CONFLICT,
            "Notifications are off on this device.",
            "Turn them on, then try again.",
        ));
    };
    let bad_gateway =
        |message: String, next_step: &str| Trouble::new(StatusCode::BAD_GATEWAY, message, next_step);
    match notifier.send_a_test(&subscription).await {
        Ok(answer) if answer.status.is_success() => {
            Ok(Json(json!({ "message": "Sent; it should be here in a moment." })).into_response())
        }
        Ok(answer) if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) => {
            let desk = notifier.desk.clone();
            blocking(move || desk.subscriptions.forget_if(&device, &subscription)).await?;
            Err(bad_gateway(
                "The push service does not know this device any more.".to_owned(),
                "Turn notifications off and on again.",
            ))
        }
        Ok(answer) => Err(bad_gateway(
            format!("The push service does not take it ({}).", answer.status),
            "Try again later; if it stays, turn notifications off and on again.",
        )),
        Err(problem) => Err(bad_gateway(
            sentence(&problem.to_string()),
            "See that the machine Orchestra runs on reaches the internet, then try again.",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answering {
    agent: AgentId,
    request: String,
    input_hash: String,
    allow: bool,
}

/// `POST /push/answer`: decides what a notification asked, for exactly the input that it showed.
pub(crate) async fn answer(State(notifier): State<Notifier>, body: Bytes) -> Result<Response, Trouble> {
    let Answering { agent, request, input_hash, allow } = read(&body)?;
    let decision = if allow {
        Decision::Allow { always: None, answers: Vec::new() }
    } else {
        Decision::Deny { message: String::new(), interrupt: false }
    };
    let agents = notifier.desk.agents.clone();
    let decided = tokio::task::spawn_blocking(move || {
        let folder = agents.open(&agent).map_err(|error| of_folder(&error))?;
        let command = Command::Answer { request, input_hash, decision };
        folder.ask(command, BY).map(drop).map_err(|error| of_control(&error))
    })
    .await;
    decided.unwrap_or_else(|lost| Err(Trouble::of_the_state_folder(&lost)))?;
    let message = if allow { "Allowed." } else { "Denied." };
    Ok(Json(json!({ "message": message })).into_response())
}

fn of_folder(error: &FolderError) -> Trouble {
    match error {
        FolderError::NoAgent { .. } => Trouble::new(
            StatusCode::NOT_FOUND,
            "There is no such agent any more.",
            "Open Orchestra to see those there are.",
        ),
        error => Trouble::of_the_state_folder(error),
    }
}

fn of_control(error: &ControlError) -> Trouble {
    const LOOK: &str = "Open Orchestra to see what it asks now.";
    match error {
        ControlError::NotRunning => Trouble::new(
            StatusCode::CONFLICT,
            "The agent does not run any more, so nothing was decided.",
            "Open Orchestra to see how it ended.",
        ),
        ControlError::Refused(Refusal::AlreadyDecided { .. }) => {
            Trouble::of_words(StatusCode::CONFLICT, &error.to_string(), "There is nothing left to do.")
        }
        ControlError::Refused(Refusal::NoSuchRequest) => {
            Trouble::new(StatusCode::CONFLICT, "The agent does not ask that any more.", LOOK)
        }
        ControlError::Refused(refusal) => Trouble::of_words(StatusCode::CONFLICT, &refusal.to_string(), LOOK),
        ControlError::Unresponsive => Trouble::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The agent's runner does not answer.",
            "Try again in a moment; it may be busy with a slow disk.",
        ),
        error => {
            Trouble::of_words(StatusCode::SERVICE_UNAVAILABLE, &error.to_string(), "Try again in a moment.")
        }
    }
}

/// `GET /push/settings`: `{quiet: {from, to} or null, needs, failed, finished}`, times as `HH:MM` of this machine's clock.
pub(crate) async fn settings(State(notifier): State<Notifier>) -> Json<Settings> {
    Json(notifier.settings())
}

/// `POST /push/settings`: the same, kept for the whole install; says what is kept now.
pub(crate) async fn change_settings(
    State(notifier): State<Notifier>,
    body: Bytes,
) -> Result<Json<Settings>, Trouble> {
    let settings: Settings = read(&body)?;
    notifier
        .keep_settings(settings.clone())
        .await
        .map_err(|problem| Trouble::of_the_state_folder(&problem))?;
    Ok(Json(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_advises_becomes_the_next_step() {
        let trouble = of_control(&Refusal::InputChanged.into());
        assert_eq!(trouble.message, "The agent asks something else now.");
        assert_eq!(trouble.next_step, "Look again before you decide.");
        let first = of_control(&Refusal::AlreadyDecided { by: "cli".to_owned(), decision: None }.into());
        assert_eq!(first.message, "It was answered through cli already.");
        let bad = read::<Settings>(&Bytes::from_static(b"{\"quiet\":{\"from\":\"25:00\",\"to\":\"07:00\"}}"));
        assert_eq!(bad.unwrap_err().message, "A time of day is written like 22:30.");
    }
}
