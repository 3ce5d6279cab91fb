//! TLS: which certificate the server shows, and how long.
//!
//! Either one that is made here and kept in the server's folder ([`kept`]), or the owner's own ([`files`]). rustls with
//! ring does the rest. Who may connect, and what is said then, is not decided here.

mod files;
mod kept;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

/// Why there is no certificate to show. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}; see that it is there and yours to read", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no certificate.
    #[error("there is no certificate in {path}; it must be PEM, with -----BEGIN CERTIFICATE-----", path = .0.display())]
    NoCertificate(PathBuf),
    /// A file holds no key.
    #[error("there is no usable key in {path}; it must be PEM, with -----BEGIN PRIVATE KEY-----, and have no passphrase", path = .0.display())]
    NoKey(PathBuf),
    /// A certificate and a key that are not of each other.
    #[error("the key in {key} is not that of the certificate in {certificate}; give the two that were made together", key = key.display(), certificate = certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// A certificate that is not good now.
    #[error("the certificate in {path} is good {when}, so browsers refuse it; renew it, or leave out --tls-cert and Orchestra makes its own", path = path.display())]
    NotGoodNow {
        /// The certificate's file.
        path: PathBuf,
        /// "only until" or "only from", and a day.
        when: String,
    },
    /// The certificate that is made here cannot be kept.
    #[error("cannot keep the certificate in {path}: {source}; see that the folder can be written", path = path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}; give one with --tls-cert and --tls-key")]
    NotMade(#[from] rcgen::Error),
    /// rustls takes none of it.
    #[error("cannot speak TLS: {0}; give another certificate with --tls-cert and --tls-key")]
    Refused(#[from] rustls::Error),
}

/// The SHA-256 of a certificate, as browsers show it: pairs of capital hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(formatter, "{gap}{byte:02X}")?;
        }
        Ok(())
    }
}

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// It is made for these names and addresses, and kept in this folder.
    Kept { folder: PathBuf, names: Vec<String> },
    /// It is the owner's.
    Files { certificate: PathBuf, key: PathBuf },
}

/// The certificate in force. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn get(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }
}

impl Certificate {
    /// Reads the certificate, or makes it. Reads and writes files.
    pub(crate) fn open(source: &Source, now: OffsetDateTime) -> Result<Self, TlsError> {
        let current = Current(RwLock::new(Arc::new(load(source, now)?)));
        Ok(Self { current: Arc::new(current) })
    }

    /// Looks at the source again and shows what is there from now on; says whether that is another one. Reads and
    /// writes files; after an error the one before stays in force.
    pub(crate) fn renew(&self, source: &Source, now: OffsetDateTime) -> Result<bool, TlsError> {
        let before = self.fingerprint();
        let new = Arc::new(load(source, now)?);
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(self.fingerprint() != before)
    }

    /// What a browser shows of it.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        self.current.get().cert.first().map(Fingerprint::of)
    }

    /// What turns connections into encrypted ones.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let resolver: Arc<Current> = Arc::clone(&self.current);
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn load(source: &Source, now: OffsetDateTime) -> Result<CertifiedKey, TlsError> {
    match source {
        Source::Kept { folder, names } => kept::load(folder, names, now),
        Source::Files { certificate, key } => files::load(certificate, key, now),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates in a PEM text; those after the first lead to the authority.
fn certificates_in(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(TlsError::NoCertificate(path.to_owned())),
    }
}

/// The key in a PEM text.
fn key_in(pem: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::NoKey(path.to_owned()))
}
