//! The install's own key pair, by which push services know that a push comes from where the browser subscribed.
//!
//! Made once: with another key every subscription is void. Signatures follow RFC 8292.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orchestra_model::Timestamp;
use serde::{Deserialize, Serialize};
use web_push_native::p256::SecretKey;
use web_push_native::p256::ecdsa::signature::Signer as _;
use web_push_native::p256::ecdsa::{Signature, SigningKey};
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint as _;

use super::kept;

/// How long a signature holds, in seconds; push services take 24 hours at most.
const GOOD_FOR_SECONDS: i64 = 12 * 60 * 60;

/// How often bytes are drawn: nearly all are a key.
const DRAWS: u32 = 16;

/// The key pair.
#[derive(Clone)]
pub(crate) struct Keys {
    signing: Arc<SigningKey>,
    /// The public key as browsers take it: an uncompressed point in URL-safe base64.
    public: Arc<str>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keys").field("public", &self.public).finish_non_exhaustive()
    }
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Stored {
    private: String,
}

impl Keys {
    /// The key pair of a file, made when there is none.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if let Some(Stored { private }) = kept::read(path)? {
            let bytes = URL_SAFE_NO_PAD.decode(private).map_err(io::Error::other)?;
            return Ok(Self::of(&SecretKey::from_slice(&bytes).map_err(io::Error::other)?));
        }
        let key = draw()?;
        kept::write(path, &Stored { private: URL_SAFE_NO_PAD.encode(key.to_bytes()) })?;
        Ok(Self::of(&key))
    }

    fn of(key: &SecretKey) -> Self {
        let public = URL_SAFE_NO_PAD.encode(key.public_key().to_encoded_point(false).as_bytes());
        Self { signing: Arc::new(SigningKey::from(key)), public: public.into() }
    }

    /// The public key.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// What stands in `Authorization` of a push to this address.
    pub(crate) fn authorization(&self, endpoint: &Uri, contact: &str, now: Timestamp) -> String {
        let scheme = endpoint.scheme_str().unwrap_or_default();
        let authority = endpoint.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let header = serde_json::json!({ "typ": "JWT", "alg": "ES256" });
        let claims = serde_json::json!({
            "aud": format!("{scheme}://{authority}"),
            "exp": now.as_second() + GOOD_FOR_SECONDS,
            "sub": contact,
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature: Signature = self.signing.sign(signed.as_bytes());
        format!("vapid t={signed}.{}, k={}", URL_SAFE_NO_PAD.encode(signature.to_bytes()), self.public)
    }
}

/// A new key.
fn draw() -> io::Result<SecretKey> {
    for _ in 0..DRAWS {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return Ok(key);
        }
    }
    Err(io::Error::other("the system's random numbers make no key"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vapid.json");
        let first = Keys::open(&path).unwrap();
        assert_eq!(Keys::open(&path).unwrap().public(), first.public());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(URL_SAFE_NO_PAD.decode(first.public()).unwrap().len(), 65);
        assert!(!format!("{first:?}").contains("private"));
    }
}
