//! The certificate of a server that runs: for which names it is, and that it stays good.
//!
//! How certificates are read and made is [`crate::tls`]'s business.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;

use crate::machine::Machine;
use crate::notice::{Notice, Notices};
use crate::reach::{Encryption, Reach};
use crate::tls::{Certificate, Fingerprint, Source, TlsError};

/// How often it is looked at: a laptop is carried to another network, a certificate file is renewed.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// The certificate of one server.
#[derive(Debug)]
pub(crate) struct Encrypted {
    reach: Reach,
    listening: IpAddr,
    folder: PathBuf,
    certificate: Certificate,
}

impl Encrypted {
    /// Reads or makes the certificate of a server that listens there; its own is kept in the folder. Reads and writes
    /// files.
    pub(crate) fn open(
        reach: &Reach,
        listening: IpAddr,
        folder: &Path,
        machine: &Machine,
    ) -> Result<Self, TlsError> {
        let source = source(reach, listening, folder, machine);
        let certificate = Certificate::open(&source, OffsetDateTime::now_utc())?;
        Ok(Self { reach: reach.clone(), listening, folder: folder.to_owned(), certificate })
    }

    /// What encrypts connections, with whatever certificate is in force then.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        self.certificate.acceptor()
    }

    /// What browsers show of a certificate that no authority vouches for.
    pub(crate) fn self_made(&self) -> Option<Fingerprint> {
        match self.reach.encryption {
            Encryption::With { .. } => None,
            _ => self.certificate.fingerprint(),
        }
    }

    /// Looks after it for as long as it is polled.
    pub(crate) async fn look_after(self, notices: Notices) {
        let mut failing = false;
        loop {
            tokio::time::sleep(LOOK).await;
            let (certificate, reach, folder) =
                (self.certificate.clone(), self.reach.clone(), self.folder.clone());
            let listening = self.listening;
            let renewed = tokio::task::spawn_blocking(move || {
                let source = source(&reach, listening, &folder, &Machine::this());
                certificate.renew(&source, OffsetDateTime::now_utc())
            });
            let problem = match renewed.await {
                Ok(Ok(another)) => {
                    if let (true, Some(fingerprint)) = (another, self.self_made()) {
                        notices.tell(Notice::NewCertificate(fingerprint));
                    }
                    None
                }
                Ok(Err(problem)) => Some(problem.to_string()),
                Err(problem) => Some(problem.to_string()),
            };
            // Said when it begins to fail, not every time.
            if let (false, Some(problem)) = (failing, &problem) {
                notices.tell(Notice::CertificateNotRenewed(problem.clone()));
            }
            failing = problem.is_some();
        }
    }
}

fn source(reach: &Reach, listening: IpAddr, folder: &Path, machine: &Machine) -> Source {
    match &reach.encryption {
        Encryption::With { certificate, key } => {
            Source::Files { certificate: certificate.clone(), key: key.clone() }
        }
        Encryption::WhereOthersReach | Encryption::Always | Encryption::Never => {
            Source::Kept { folder: folder.to_owned(), names: names(reach, listening, machine) }
        }
    }
}

/// All that a browser may call the server, each once.
fn names(reach: &Reach, listening: IpAddr, machine: &Machine) -> Vec<String> {
    let listening = listening.to_canonical();
    let mut all: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    if listening.is_unspecified() {
        all.extend(machine.addresses.iter().map(IpAddr::to_string));
    } else {
        all.push(listening.to_string());
    }
    if !listening.is_loopback() {
        all.extend(machine.names.iter().cloned());
    }
    all.extend(reach.hosts.iter().map(|host| host.bare().to_owned()));
    let mut once = Vec::new();
    for name in all {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_every_name_that_a_browser_may_use() {
        let machine = Machine {
            names: vec!["box".to_owned(), "box.local".to_owned()],
            addresses: vec!["192.168.1.5".parse().unwrap(), "10.1.2.3".parse().unwrap()],
        };
        let hosts = ["box.example.net:8443", "[2001:db8::5]", "box.local"];
        let reach =
            Reach { hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(), ..Reach::default() };
        let names = |listening: &str| names(&reach, listening.parse().unwrap(), &machine).join(" ");
        let given = "box.example.net 2001:db8::5";
        assert_eq!(
            names("0.0.0.0"),
            format!("localhost 127.0.0.1 ::1 192.168.1.5 10.1.2.3 box box.local {given}")
        );
        assert_eq!(
            names("192.168.1.5"),
            format!("localhost 127.0.0.1 ::1 192.168.1.5 box box.local {given}")
        );
        assert_eq!(names("127.0.0.1"), format!("localhost 127.0.0.1 ::1 {given} box.local"));
    }
}
