//! The certificate that Orchestra makes for itself, and keeps.
//!
//! It is kept because a browser that was told to believe it believes only that one. So it is made anew as rarely as
//! can be: when it nears its end, or when the machine has a name or an address that is not in it. The new one has the
//! former names too, so a laptop that goes between two networks asks for trust once in each.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use super::{TlsError, certificates_in, key_in, provider};

/// The certificate and its key, one after the other, so that the two are replaced together.
const FILE_NAME: &str = "tls.pem";

/// How long a certificate is good: as long as phones accept.
const LIFETIME: Duration = Duration::days(397);

/// How long before its end it is made anew.
const RENEWAL: Duration = Duration::days(30);

/// A clock that is behind on the other side must not refuse a new certificate.
const LEEWAY: Duration = Duration::days(1);

/// The most names in a certificate: what was added last falls out.
const MOST_NAMES: usize = 32;

/// Reads the kept certificate of a folder; makes it when there is none that is good for all these names.
pub(super) fn load(folder: &Path, names: &[String], now: OffsetDateTime) -> Result<CertifiedKey, TlsError> {
    let path = folder.join(FILE_NAME);
    let pem = match fs::read(&path) {
        Ok(pem) => pem,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(TlsError::Unreadable { path, source }),
    };
    let found = Found::in_pem(&pem, &path);
    if let Some(found) = &found
        && found.is_good_for(names, now)
        && let Ok(certified) = certified(&pem, &path)
    {
        return Ok(certified);
    }
    let mut all = names.to_vec();
    all.extend(found.into_iter().flat_map(|found| found.names).filter(|name| !names.contains(name)));
    all.truncate(MOST_NAMES.max(names.len()));
    let pem = make(all, now)?;
    keep(&path, &pem).map_err(|source| TlsError::NotKept { path: path.clone(), source })?;
    tracing::info!("made a certificate");
    certified(pem.as_bytes(), &path)
}

/// What a kept certificate says of itself.
struct Found {
    names: Vec<String>,
    /// Seconds since 1970.
    from: i64,
    until: i64,
}

impl Found {
    /// Nothing, when there is no certificate or it is damaged: then there will be a new one.
    fn in_pem(pem: &[u8], path: &Path) -> Option<Self> {
        let chain = certificates_in(pem, path).ok()?;
        let (_, parsed) = parse_x509_certificate(chain.first()?).ok()?;
        let names = parsed.subject_alternative_name().ok()??.value.general_names.iter();
        Some(Self {
            names: names.filter_map(text_of).collect(),
            from: parsed.validity().not_before.timestamp(),
            until: parsed.validity().not_after.timestamp(),
        })
    }

    fn is_good_for(&self, names: &[String], now: OffsetDateTime) -> bool {
        now.unix_timestamp() >= self.from
            && (now + RENEWAL).unix_timestamp() < self.until
            && names.iter().all(|name| self.names.contains(name))
    }
}

fn text_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let address: IpAddr = match **bytes {
                [a, b, c, d] => [a, b, c, d].into(),
                ref long => <[u8; 16]>::try_from(long).ok()?.into(),
            };
            Some(address.to_string())
        }
        _ => None,
    }
}

fn certified(pem: &[u8], path: &Path) -> Result<CertifiedKey, TlsError> {
    Ok(CertifiedKey::from_der(certificates_in(pem, path)?, key_in(pem, path)?, &provider())?)
}

/// A new key and a certificate for these names, as one PEM text.
fn make(names: Vec<String>, now: OffsetDateTime) -> Result<String, TlsError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Orchestra");
    params.not_before = now - LEEWAY;
    params.not_after = now - LEEWAY + LIFETIME;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

/// Replaces the file whole, so that a crash leaves the one before; nobody else may read it.
fn keep(path: &Path, pem: &str) -> io::Result<()> {
    let draft: PathBuf = path.with_extension("new");
    match fs::remove_file(&draft) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
        _ => {}
    }
    // A file that is there already would keep its mode.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::Fingerprint;
    use super::*;

    fn names(more: &[&str]) -> Vec<String> {
        ["localhost", "127.0.0.1", "::1"].iter().chain(more).map(|name| (*name).to_owned()).collect()
    }

    /// Which certificate a folder gives on a day.
    fn given(folder: &Path, names: &[String], day: i64) -> Fingerprint {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000 + day);
        Fingerprint::of(&load(folder, names, now).unwrap().cert[0])
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let path = folder.join(FILE_NAME);
        Found::in_pem(&fs::read(&path).unwrap(), &path).unwrap().names
    }

    #[test]
    fn a_certificate_is_kept_until_it_nears_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let first = given(folder.path(), &names(&["box.local"]), 0);
        assert_eq!(names_in(folder.path()), names(&["box.local"]));
        assert_eq!(given(folder.path(), &names(&["box.local"]), 365), first);
        let second = given(folder.path(), &names(&["box.local"]), 367);
        assert_ne!(second, first);
        assert_eq!(given(folder.path(), &names(&["box.local"]), 368), second);
        // A clock that was set back by years finds a certificate that is not good yet.
        assert_ne!(given(folder.path(), &names(&["box.local"]), -1000), second);
    }

    #[test]
    fn a_new_address_makes_a_new_one_and_going_back_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (home, work) = (names(&["192.168.1.5"]), names(&["10.1.2.3"]));
        let first = given(folder.path(), &home, 0);
        let second = given(folder.path(), &work, 1);
        assert_ne!(second, first);
        assert_eq!(names_in(folder.path()), names(&["10.1.2.3", "192.168.1.5"]));
        assert_eq!(given(folder.path(), &home, 2), second);
        assert_eq!(given(folder.path(), &work, 3), second);
        for last in 0..100 {
            given(folder.path(), &names(&[&format!("10.0.0.{last}")]), 4);
        }
        assert_eq!(names_in(folder.path()).len(), MOST_NAMES);
    }

    #[test]
    fn its_key_is_its_owners_alone_and_damage_makes_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::write(path.with_extension("new"), "what a crash left").unwrap();
        let mut before = given(folder.path(), &names(&[]), 0);
        let whole = fs::read_to_string(&path).unwrap();
        for damaged in ["", "nonsense", &whole[..whole.len() / 2], &whole.replace("PRIVATE", "PUBLIC")] {
            fs::write(&path, damaged).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let after = given(folder.path(), &names(&[]), 0);
            assert_ne!(after, before, "{damaged}");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
            before = after;
        }
    }
}
