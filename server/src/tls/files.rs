//! The owner's own certificate, from two files that something else renews.

use std::fs;
use std::path::Path;

use time::OffsetDateTime;
use tokio_rustls::rustls;
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::parse_x509_certificate;

use super::{TlsError, certificates_in, key_in, provider};

/// Reads both files and sees that a browser will take them now.
pub(super) fn load(certificate: &Path, key: &Path, now: OffsetDateTime) -> Result<CertifiedKey, TlsError> {
    let read =
        |path: &Path| fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source });
    let chain = certificates_in(&read(certificate)?, certificate)?;
    let secret = key_in(&read(key)?, key)?;
    if let Some((_, parsed)) = chain.first().and_then(|first| parse_x509_certificate(first).ok()) {
        let validity = parsed.validity();
        let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        let not_good = |when: String| TlsError::NotGoodNow { path: certificate.to_owned(), when };
        if now.unix_timestamp() > until {
            return Err(not_good(format!("only until {}", validity.not_after.to_datetime().date())));
        }
        if now.unix_timestamp() < from {
            return Err(not_good(format!("only from {}", validity.not_before.to_datetime().date())));
        }
    }
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|problem| match problem {
        rustls::Error::InconsistentKeys(_) => {
            TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
        }
        rustls::Error::InvalidCertificate(_) => TlsError::NoCertificate(certificate.to_owned()),
        _ => TlsError::NoKey(key.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair};
    use time::Duration;

    use super::*;

    struct Files {
        folder: tempfile::TempDir,
    }

    impl Files {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn write(&self, name: &str, content: &str) -> PathBuf {
            let path = self.folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        }

        /// A certificate that is good for so many days around now, and its key.
        fn make(&self, from: i64, until: i64) -> (PathBuf, PathBuf) {
            let mut params = CertificateParams::new(vec!["box.example.net".to_owned()]).unwrap();
            params.not_before = OffsetDateTime::now_utc() + Duration::days(from);
            params.not_after = OffsetDateTime::now_utc() + Duration::days(until);
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let name = format!("{from}-{until}");
            (
                self.write(&format!("{name}.pem"), &certificate.pem()),
                self.write(&format!("{name}.key"), &key.serialize_pem()),
            )
        }
    }

    fn problem(certificate: &Path, key: &Path) -> TlsError {
        let problem = load(certificate, key, OffsetDateTime::now_utc()).unwrap_err();
        assert!(problem.to_string().contains("; "), "says what to do: {problem}");
        problem
    }

    #[test]
    fn a_certificate_and_its_key_are_taken() {
        let files = Files::new();
        let (certificate, key) = files.make(-1, 1);
        assert_eq!(load(&certificate, &key, OffsetDateTime::now_utc()).unwrap().cert.len(), 1);
    }

    #[test]
    fn what_cannot_work_is_said_before_a_phone_finds_out() {
        let files = Files::new();
        let (certificate, key) = files.make(-1, 1);
        let (_, other_key) = files.make(-2, 2);
        let missing = files.folder.path().join("missing.pem");
        let garbage =
            files.write("garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        let locked = files.write(
            "locked",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
        assert!(matches!(problem(&missing, &key), TlsError::Unreadable { .. }));
        assert!(matches!(problem(&certificate, &missing), TlsError::Unreadable { .. }));
        assert!(matches!(problem(&key, &key), TlsError::NoCertificate(_)));
        assert!(matches!(problem(&garbage, &key), TlsError::NoCertificate(_)));
        assert!(matches!(problem(&certificate, &certificate), TlsError::NoKey(_)));
        assert!(matches!(problem(&certificate, &locked), TlsError::NoKey(_)));
        assert!(matches!(problem(&certificate, &other_key), TlsError::Mismatch { .. }));
    }

    #[test]
    fn a_certificate_that_is_not_good_now_is_refused_with_its_day() {
        let files = Files::new();
        for (from, until, words) in [(-10, -1, "only until 2"), (1, 10, "only from 2")] {
            let (certificate, key) = files.make(from, until);
            let said = problem(&certificate, &key).to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
