//! What the terminal is told while the server runs.
//!
//! Who tells it decides that it is worth a line; how it is said is the command line's business.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::tls::Fingerprint;

/// Something that the owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Someone tried so many wrong pairing codes that the last link is good for nothing now; a new one is.
    LinkSpoilt,
    /// The server shows another certificate from now on: the machine has another address, or the one before was old.
    NewCertificate(Fingerprint),
    /// The certificate cannot be renewed, and why; the one before stays.
    CertificateNotRenewed(String),
}

type Listener = Box<dyn Fn(Notice) + Send + Sync>;

/// Where notices go. Clones go to the same place; without a listener they go nowhere.
#[derive(Clone, Default)]
pub(crate) struct Notices(Arc<OnceLock<Listener>>);

impl Notices {
    /// Says who listens; only the first is heard of.
    pub(crate) fn listen(&self, listener: Listener) {
        // A second listener is a mistake of ours that costs nothing.
        let _ = self.0.set(listener);
    }

    pub(crate) fn tell(&self, notice: Notice) {
        tracing::warn!(?notice, "told the terminal");
        if let Some(listener) = self.0.get() {
            listener(notice);
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Notices").field(&self.0.get().is_some()).finish()
    }
}
