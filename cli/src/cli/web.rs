//! `web` as clap reads it, and what its arguments ask of the server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use clap::Args;
use orchestra_server::{Encryption, HostName, Listen, Reach};

use crate::error::Failure;

const WEB_EXAMPLES: &str = "\
Examples:
  orchestra web --open              serve it and open it in the browser
  orchestra web --addr 8080         on another port
  orchestra web --lan               for your phone in the same network
  orchestra web --host box.tail1234.ts.net --trust-proxy
                                    for `tailscale serve 4600`, or a proxy here
  orchestra web --lan --tls-cert box.pem --tls-key box.key --host box.my.net
                                    with a certificate that browsers know

Without any of these only this machine can reach it. A browser is let in once it
has been paired: the link that is printed does that, once, within ten minutes;
Enter prints a new one. A phone reads it from the square beside it.

What other machines can reach is encrypted. Orchestra makes the certificate and
keeps it; no browser knows it, so each warns once: compare the fingerprint that
is printed. A proxy on this machine must pass on the name it was called by (Host
or X-Forwarded-Host) and set X-Forwarded-Proto; both count for the names that
--host gives and only with --trust-proxy.

Sessions and agents do not depend on it: stop it with Ctrl-C whenever you like.";

/// Arguments of `web`.
#[derive(Debug, Args)]
#[command(after_help = WEB_EXAMPLES)]
pub(crate) struct WebArguments {
    /// A port, or an address of this machine with a port [default: 127.0.0.1:4600, or the next free]
    #[arg(long, value_name = "ADDR", value_parser = parse_place)]
    pub(crate) addr: Option<Place>,

    /// Let other devices in the network reach it
    #[arg(long)]
    pub(crate) lan: bool,

    /// A name it is called by besides its own addresses (may be given more than once)
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<HostName>,

    /// Believe one proxy on this machine when it says how it was called
    #[arg(long, requires = "hosts")]
    pub(crate) trust_proxy: bool,

    /// A certificate of your own, PEM, for every address
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "no_tls")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its key
    #[arg(long, value_name = "FILE", requires = "tls_cert", conflicts_with = "no_tls")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Do not encrypt: the network does it. Where others can reach it, --host is needed
    #[arg(long)]
    pub(crate) no_tls: bool,

    /// Open it in the browser
    #[arg(long)]
    pub(crate) open: bool,

    /// For a program that holds it: a line of JSON when it is ready, another with a new link for each line on standard
    /// input, and an end with that.
    #[arg(long, hide = true, conflicts_with = "open")]
    pub(crate) held: bool,
}

/// Where to listen, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A port of whatever address.
    Port(u16),
    /// An address and a port.
    Address(SocketAddr),
}

impl WebArguments {
    /// What is asked of the server.
    pub(crate) fn reach(&self) -> Result<Reach, Failure> {
        let listen = match (self.lan, self.addr) {
            (false, None) => Listen::Here,
            (false, Some(Place::Port(port))) => Listen::At(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            (false, Some(Place::Address(address))) => Listen::At(address),
            (true, None) => Listen::Everywhere(None),
            (true, Some(Place::Port(port))) => Listen::Everywhere(Some(port)),
            (true, Some(Place::Address(_))) => {
                return Err(Failure::usage("--lan listens at every address, and --addr names one")
                    .hint("give --addr a port alone, or leave out --lan"));
            }
        };
        let encryption = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Encryption::With { certificate: certificate.clone(), key: key.clone() }
            }
            _ if self.no_tls => Encryption::Never,
            _ => Encryption::WhereOthersReach,
        };
        Ok(Reach { listen, encryption, hosts: self.hosts.clone(), trust_proxy: self.trust_proxy })
    }

    /// Whether it is meant for other devices too.
    pub(crate) fn is_for_a_phone(&self) -> bool {
        let elsewhere = match self.addr {
            Some(Place::Address(address)) => !address.ip().to_canonical().is_loopback(),
            Some(Place::Port(_)) | None => false,
        };
        self.lan || elsewhere || !self.hosts.is_empty()
    }

    /// Whether what it says goes through a network that the server does not encrypt it for.
    pub(crate) fn is_open_without_tls(&self) -> bool {
        let elsewhere = Self { hosts: Vec::new(), addr: self.addr, tls_cert: None, tls_key: None, ..*self };
        self.no_tls && elsewhere.is_for_a_phone()
    }
}

/// A port of this machine, or an address as it is usually written.
pub(super) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    Ok(match parse_place(text)? {
        Place::Port(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Place::Address(address) => address,
    })
}

/// A port, or an address as it is usually written.
fn parse_place(text: &str) -> Result<Place, String> {
    if let Ok(port) = text.trim_start_matches(':').parse::<u16>() {
        return Ok(Place::Port(port));
    }
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = numeric.as_deref().unwrap_or(text).parse();
    address
        .map(Place::Address)
        .map_err(|_| "write a port, or an address and a port: 127.0.0.1:4600".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Command, CommandLine};

    fn arguments(line: &str) -> WebArguments {
        let words = ["orchestra", "web"].into_iter().chain(line.split_whitespace());
        match CommandLine::try_parse_from(words).unwrap().command {
            Some(Command::Web(arguments)) => arguments,
            _ => unreachable!("it was asked for"),
        }
    }

    #[test]
    fn addresses_as_people_write_them() {
        for (text, place) in [
            ("8080", Place::Port(8080)),
            (":8080", Place::Port(8080)),
            ("localhost:0", Place::Address("127.0.0.1:0".parse().unwrap())),
            ("127.0.0.2:1", Place::Address("127.0.0.2:1".parse().unwrap())),
            ("192.168.1.5:1", Place::Address("192.168.1.5:1".parse().unwrap())),
            ("[::1]:9", Place::Address("[::1]:9".parse().unwrap())),
        ] {
            assert_eq!(parse_place(text), Ok(place));
        }
        for text in ["", "web", "127.0.0.1", "99999", "example.com:80"] {
            assert!(parse_place(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_where_it_listens() {
        for (line, listen) in [
            ("", Listen::Here),
            ("--addr 8080", Listen::At("127.0.0.1:8080".parse().unwrap())),
            ("--addr 192.168.1.5:1", Listen::At("192.168.1.5:1".parse().unwrap())),
            ("--lan", Listen::Everywhere(None)),
            ("--lan --addr 8080", Listen::Everywhere(Some(8080))),
        ] {
            assert_eq!(arguments(line).reach().unwrap().listen, listen, "{line}");
        }
        assert!(arguments("--lan --addr 127.0.0.1:8080").reach().is_err());
    }

    #[test]
    fn who_can_reach_it_decides_what_is_said() {
        for (line, phone, open) in [
            ("", false, false),
            ("--addr 8080", false, false),
            ("--no-tls", false, false),
            ("--host box", true, false),
            ("--host box --no-tls", true, false),
            ("--lan", true, false),
            ("--lan --no-tls --host box", true, true),
            ("--addr 192.168.1.5:1 --no-tls --host box", true, true),
            ("--addr [::ffff:127.0.0.1]:1 --no-tls", false, false),
        ] {
            let arguments = arguments(line);
            assert_eq!(arguments.is_for_a_phone(), phone, "{line}");
            assert_eq!(arguments.is_open_without_tls(), open, "{line}");
        }
    }

    #[test]
    fn halves_and_contradictions_are_refused() {
        for line in [
            "--tls-cert a.pem",
            "--tls-key a.key",
            "--tls-cert a.pem --tls-key a.key --no-tls",
            "--trust-proxy",
            "--host https://box/",
            "--host",
        ] {
            let words = ["orchestra", "web"].into_iter().chain(line.split_whitespace());
            assert!(CommandLine::try_parse_from(words).is_err(), "{line}");
        }
    }
}
