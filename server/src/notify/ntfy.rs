//! ntfy: a notice as a message to a topic of the owner's choice.
//!
//! What stands in headers is encoded, so a name with a line break or an umlaut neither breaks nor adds one. Withdrawals
//! are not sent: a topic has no way to take a message back.

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::{BadEndpoint, Reach, check};
use super::line::{Outcome, Way};
use super::notice::{Kind, Notice};
use super::outbox::Delivery;
use super::poster::Poster;

/// A topic to send to, and with what right.
#[derive(Clone)]
pub struct Ntfy {
    topic: Uri,
    token: Option<HeaderValue>,
}

impl std::fmt::Debug for Ntfy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever knows a topic can read it.
        formatter.debug_struct("Ntfy").finish_non_exhaustive()
    }
}

/// Why a topic cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNtfy {
    /// It is no address of a topic.
    #[error("an ntfy topic is an address like https://ntfy.sh/your-topic")]
    Topic,
    /// It is no token.
    #[error("an ntfy token is letters and digits, like tk_…")]
    Token,
}

impl From<BadEndpoint> for BadNtfy {
    fn from(_: BadEndpoint) -> Self {
        Self::Topic
    }
}

impl Ntfy {
    /// A topic by its whole address, on any server; with a token if the server wants one.
    ///
    /// # Errors
    /// When either is not one.
    pub fn new(topic: &str, token: Option<&str>) -> Result<Self, BadNtfy> {
        let topic = check(topic, Reach::Anywhere)?;
        if topic.query().is_some() || topic.path().rsplit('/').next().is_none_or(str::is_empty) {
            return Err(BadNtfy::Topic);
        }
        let token = token.map(|token| {
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(BadNtfy::Token);
            }
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| BadNtfy::Token)?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Self { topic, token: token.transpose()? })
    }

    fn request(&self, notice: &Notice, base: &str) -> Result<Request<Body>, axum::http::Error> {
        let priority = match notice.kind {
            kind if kind.is_need() => "4",
            Kind::Error | Kind::Stuck => "4",
            _ => "3",
        };
        let mut request = Request::post(self.topic.clone())
            .header(HeaderName::from_static("title"), in_header(&notice.title))
            .header(HeaderName::from_static("priority"), priority)
            .header(HeaderName::from_static("click"), in_header(&format!("{base}{}", notice.url)));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        request.body(Body::from(notice.body.clone()))
    }
}

/// A text as it may stand in a header: as it is when it is plain, else as an encoded word (RFC 2047), which ntfy reads.
fn in_header(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !text.contains("=?");
    if is_plain { text.trim().to_owned() } else { format!("=?UTF-8?B?{}?=", STANDARD.encode(text)) }
}

/// The way to a topic.
pub(crate) struct NtfyWay {
    pub(crate) ntfy: Ntfy,
    pub(crate) base: String,
    pub(crate) poster: Poster,
}

impl Way for NtfyWay {
    async fn send(&mut self, delivery: &Delivery) -> Outcome {
        let Delivery::Show(notice) = delivery else { return Outcome::Settled };
        let request = match self.ntfy.request(notice, &self.base) {
            Ok(request) => request,
            Err(problem) => {
                tracing::warn!(%problem, "a message to ntfy cannot be made");
                return Outcome::Settled;
            }
        };
        match self.poster.post(request).await {
            Ok(answer) if answer.status.is_success() => Outcome::Settled,
            Ok(answer)
                if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS =>
            {
                Outcome::Later(answer.retry_after)
            }
            Ok(answer) => {
                tracing::warn!(status = %answer.status, "ntfy does not take a message; see `ntfy` and `ntfy_token` in config.toml");
                Outcome::Settled
            }
            Err(problem) => {
                tracing::debug!(%problem, "ntfy cannot be reached yet");
                Outcome::Later(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_a_whole_address_and_a_token_one_word() {
        assert!(Ntfy::new("https://ntfy.sh/orchestra", Some("tk_abc")).is_ok());
        assert!(Ntfy::new("http://192.168.1.5:8080/ntfy/orchestra", None).is_ok());
        for bad in
            ["ntfy.sh/x", "https://ntfy.sh", "https://ntfy.sh/", "https://ntfy.sh/x?y=z", "ftp://a/b", "x"]
        {
            assert_eq!(Ntfy::new(bad, None).map(drop), Err(BadNtfy::Topic), "{bad}");
        }
        for bad in ["", "a b", "a\nb", "é"] {
            assert_eq!(Ntfy::new("https://ntfy.sh/x", Some(bad)).map(drop), Err(BadNtfy::Token), "{bad:?}");
        }
        assert!(!format!("{:?}", Ntfy::new("https://ntfy.sh/x", Some("tk_abc")).unwrap()).contains("tk_abc"));
    }

    #[test]
    fn headers_hold_any_text() {
        assert_eq!(in_header("build auth has finished"), "build auth has finished");
        for text in ["größer", "a\r\nX-Evil: 1", "=?UTF-8?B?eA==?=", "💥"] {
            let encoded = in_header(text);
            let inner = encoded.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=").unwrap();
            assert_eq!(STANDARD.decode(inner).unwrap(), text.as_bytes());
            assert!(HeaderValue::from_str(&encoded).is_ok());
        }
    }
}
