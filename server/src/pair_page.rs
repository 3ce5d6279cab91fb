//! `/pair` and `/logout`: where a browser becomes a device, and stops being one.
//!
//! A `GET` changes nothing: it shows a form that hands the code back by `POST`. What a code is and when it works is
//! [`crate::pairing`]'s business.

use std::time::{Duration, Instant};

use axum::Extension;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::{RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use orchestra_model::Timestamp;
use serde::Deserialize;
use tower_sessions::Session;

use crate::devices::{self, DeviceId, Devices};
use crate::notice::{Notice, Notices};
use crate::pairing::{Pairing, PairingRefusal, looks_like_a_code};
use crate::plain::{self, Page};
use crate::security::refusal::Refusal;

/// Where a browser is paired.
pub(crate) const PATH: &str = "/pair";

/// Hands the code back at once; without JavaScript there is the button.
const SUBMIT: &str = "document.forms[0].submit();";

/// What a pairing link and its form carry.
#[derive(Debug, Deserialize)]
pub(crate) struct PairingFields {
    #[serde(default)]
    code: String,
    /// Where to go afterwards: a path of ours.
    next: Option<String>,
}

impl PairingFields {
    fn destination(&self) -> &str {
        self.next.as_deref().filter(|next| is_local_path(next)).unwrap_or("/")
    }
}

/// `GET /pair?code=…`.
pub(crate) async fn show(
    session: Session,
    headers: HeaderMap,
    Query(fields): Query<PairingFields>,
) -> Response {
    match devices::device_of(&session, Timestamp::now()).await {
        // Paired before: the code stays good for another browser.
        Ok(Some(_)) => return Redirect::to(fields.destination()).into_response(),
        Ok(None) => {}
        Err(problem) => return no_store(&problem, &headers),
    }
    if fields.code.is_empty() {
        return plain::respond(&ask_for_a_link("This browser is not paired"));
    }
    if !looks_like_a_code(&fields.code) {
        return with_status(StatusCode::BAD_REQUEST, &ask_for_a_link("This link is not whole"));
    }
    let page = Page::new(
        "Pair this browser",
        "It will show the sessions of this machine until you revoke it or leave it unused for 90 days.",
    )
    .form(PATH, &[("code", &fields.code), ("next", fields.destination())], "Pair")
    .script(SUBMIT);
    plain::respond(&page)
}

/// `POST /pair`.
pub(crate) async fn exchange(
    State(pairing): State<Pairing>,
    State(notices): State<Notices>,
    session: Session,
    headers: HeaderMap,
    Form(fields): Form<PairingFields>,
) -> Response {
    match pairing.redeem(&fields.code, Instant::now()) {
        Ok(()) => {}
        Err(PairingRefusal::Wrong) => {
            return with_status(StatusCode::FORBIDDEN, &ask_for_a_link("This link was used or is too old"));
        }
        Err(PairingRefusal::Spoilt) => {
            notices.tell(Notice::LinkSpoilt);
            return with_status(StatusCode::FORBIDDEN, &ask_for_a_link("Too many wrong links"));
        }
        Err(PairingRefusal::Locked(left)) => return locked(left),
    }
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    match devices::pair(&session, user_agent, Timestamp::now()).await {
        Ok(()) => {
            tracing::info!("paired a browser");
            Redirect::to(fields.destination()).into_response()
        }
        Err(problem) => no_store(&problem, &headers),
    }
}

/// `POST /logout`: this browser is a device no longer; its event streams end.
pub(crate) async fn log_out(
    State(devices): State<Devices>,
    Extension(device): Extension<DeviceId>,
    session: Session,
    headers: HeaderMap,
) -> Response {
    let revoked = tokio::task::spawn_blocking(move || devices.revoke(&device)).await;
    if let Ok(Ok(_)) = revoked {
        // The file is gone; this makes the answer take the cookie back.
        if let Err(problem) = session.flush().await {
            return no_store(&problem, &headers);
        }
        return Redirect::to(PATH).into_response();
    }
    tracing::error!(?revoked, "could not revoke a device");
    Refusal::NoStore.answer(&headers)
}

fn no_store(problem: &tower_sessions::session::Error, headers: &HeaderMap) -> Response {
    tracing::error!(%problem, "cannot read or write the sessions of paired browsers");
    Refusal::NoStore.answer(headers)
}

fn ask_for_a_link(title: &str) -> Page {
    Page::new(
        title,
        "Press Enter in the terminal where `orchestra web` runs, and open the new link it shows.",
    )
}

fn locked(left: Duration) -> Response {
    let page = Page::new(
        "Too many wrong links",
        "Wait a little, or press Enter in the terminal where `orchestra web` runs and open the new link it shows.",
    );
    let mut response = with_status(StatusCode::TOO_MANY_REQUESTS, &page);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
    response
}

fn with_status(status: StatusCode, page: &Page) -> Response {
    let mut response = plain::respond(page);
    *response.status_mut() = status;
    response
}

/// Whether a text leads to this server and nowhere else: one slash, then no second one in any disguise that browsers
/// know (`//evil`, `/\evil`, a tab between them).
fn is_local_path(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'/')
        && bytes.next() != Some(b'/')
        && text.len() <= 2048
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::session_store::FileSessionStore;

    #[tokio::test]
    async fn the_terminal_hears_of_a_link_that_was_guessed_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(FileSessionStore::open(folder.path().to_owned()).unwrap());
        let (pairing, notices) = (Pairing::default(), Notices::default());
        let heard: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let hears = Arc::clone(&heard);
        notices.listen(Box::new(move |notice| hears.lock().unwrap().push(notice)));

        // Locks grow to seconds: all wrong ones but the last came in the past hour.
        let now = Instant::now();
        let mut minutes = 60;
        let mut past = || {
            minutes -= 1;
            now.checked_sub(Duration::from_secs(60 * minutes)).unwrap()
        };
        let code = pairing.issue(past()).unwrap();
        for _ in 0..9 {
            assert_eq!(pairing.redeem("wrong", past()), Err(PairingRefusal::Wrong));
        }
        for (given, heard_then) in [("wrong", 1), (&code, 1), ("wrong", 1)] {
            let session = Session::new(None, Arc::clone(&store) as _, None);
            let form = Form(PairingFields { code: given.to_owned(), next: None });
            let answer =
                exchange(State(pairing.clone()), State(notices.clone()), session, HeaderMap::new(), form)
                    .await;
            assert!(answer.status().is_client_error(), "{}", answer.status());
            assert_eq!(*heard.lock().unwrap(), vec![Notice::LinkSpoilt; heard_then]);
        }
    }

    #[test]
    fn next_stays_here() {
        for good in ["/", "/sessions", "/sessions/a-1?at=5#x", "/projects?dir=/home/a//b"] {
            assert!(is_local_path(good), "{good}");
        }
        for bad in [
            "",
            "//evil",
            "///evil",
            "/\\evil",
            "\\\\evil",
            "/\t/evil",
            "/\n/evil",
            "https://evil",
            "evil",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x",
            "/é",
        ] {
            assert!(!is_local_path(bad), "{bad:?}");
        }
    }
}
