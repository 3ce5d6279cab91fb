//! How the dashboard is reached: where it listens, by which names it is called, and whether the wire is encrypted.
//!
//! Decisions only: nothing is opened here. What is asked for comes from the command line, and what cannot be meant is
//! refused with what to do instead.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::config::ServeError;

/// Where a server listens and how it is called.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Where to listen.
    pub listen: Listen,
    /// Whether to encrypt.
    pub encryption: Encryption,
    /// Names by which browsers call it besides its own addresses: those of a proxy, of `tailscale serve`, of a DNS.
    pub hosts: Vec<HostName>,
    /// Whether one proxy on this machine is believed when it says by which name and scheme it was called. Only for
    /// [`Reach::hosts`].
    pub trust_proxy: bool,
}

/// Where to listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listen {
    /// [`crate::DEFAULT_PORT`] of 127.0.0.1, or the next free port when something else has it.
    #[default]
    Here,
    /// Every IPv4 interface, at this port; without one, as [`Listen::Here`] chooses it.
    Everywhere(Option<u16>),
    /// There and nowhere else; port 0 is any free one.
    At(SocketAddr),
}

/// Whether the server itself speaks TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Where others can reach it, with a certificate that is made and kept in the state folder.
    #[default]
    WhereOthersReach,
    /// Everywhere, with the same certificate.
    Always,
    /// Everywhere, with this certificate and its key, both PEM.
    With {
        /// The certificate, and after it those that lead to the authority.
        certificate: PathBuf,
        /// Its key, without a passphrase.
        key: PathBuf,
    },
    /// Never: the network does it. Needs a name in [`Reach::hosts`] where others can reach it, so that nobody says it
    /// by accident.
    Never,
}

/// How a browser speaks to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// As an address begins.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that browsers leave out.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// A host and a port as a browser writes them in `Host` and `Origin`.
    pub(crate) fn authority(self, name: &str, port: u16) -> String {
        if port == self.port() { name.to_owned() } else { format!("{name}:{port}") }
    }
}

impl Reach {
    /// Only this address, and no other name.
    pub fn at(address: SocketAddr) -> Self {
        Self { listen: Listen::At(address), ..Self::default() }
    }

    /// Whether other machines can open a connection.
    fn is_open(&self) -> bool {
        match self.listen {
            Listen::Here => false,
            Listen::Everywhere(_) => true,
            Listen::At(address) => !address.ip().to_canonical().is_loopback(),
        }
    }

    /// Refuses what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), ServeError> {
        if self.is_open() && self.encryption == Encryption::Never && self.hosts.is_empty() {
            return Err(ServeError::OpenWithoutTls);
        }
        if self.trust_proxy && self.hosts.is_empty() {
            return Err(ServeError::ProxyWithoutHost);
        }
        Ok(())
    }

    /// What the server itself speaks.
    pub(crate) fn scheme(&self) -> Scheme {
        let encrypted = match self.encryption {
            Encryption::WhereOthersReach => self.is_open(),
            Encryption::Always | Encryption::With { .. } => true,
            Encryption::Never => false,
        };
        if encrypted { Scheme::Https } else { Scheme::Http }
    }

    /// The address to open, without a slash at its end: the first name that was given, else one of the machine's
    /// addresses that the server listens on.
    pub(crate) fn base_url(&self, listening: SocketAddr, first_address: Option<IpAddr>) -> String {
        let own = self.scheme();
        let Some(host) = self.hosts.first() else {
            let address = if listening.ip().is_unspecified() {
                first_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
            } else {
                listening.ip()
            };
            return format!("{}://{}", own.name(), own.authority(&name_of(address), listening.port()));
        };
        // A name that leads to a loopback address leads through something that listens elsewhere.
        let through_a_proxy = self.trust_proxy || (own == Scheme::Http && !self.is_open());
        let scheme = if self.trust_proxy { Scheme::Https } else { own };
        let port = match host.port {
            Some(port) => port,
            None if through_a_proxy => scheme.port(),
            None => listening.port(),
        };
        format!("{}://{}", scheme.name(), scheme.authority(&host.name, port))
    }
}

/// An address as it stands in `Host`: IPv6 in brackets.
pub(crate) fn name_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// A name by which browsers call the server, with the port if it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    /// In lower case; an IPv6 address in brackets.
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
}

/// A text is no name of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a name as it stands in the browser's address bar: box.example.net, or box.example.net:8443")]
pub struct NoHostName;

impl HostName {
    /// The name as a certificate has it: an IPv6 address without brackets.
    pub(crate) fn bare(&self) -> &str {
        self.name.trim_start_matches('[').trim_end_matches(']')
    }
}

impl FromStr for HostName {
    type Err = NoHostName;

    fn from_str(text: &str) -> Result<Self, NoHostName> {
        let (name, port) = match text.rsplit_once(':') {
            // The colons of an IPv6 address are inside its brackets.
            Some((name, port)) if !port.ends_with(']') => {
                let port = port.parse().ok().filter(|port| *port != 0).ok_or(NoHostName)?;
                (name, Some(port))
            }
            _ => (text, None),
        };
        let name = name.to_ascii_lowercase();
        let good = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inside) => inside.parse::<Ipv6Addr>().is_ok_and(|address| !address.is_unspecified()),
            None => is_name(&name),
        };
        if good { Ok(Self { name, port }) } else { Err(NoHostName) }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// Whether a text can be a name in the DNS, or an IPv4 address that is one machine's.
pub(crate) fn is_name(text: &str) -> bool {
    let labels_are_good = text.split('.').all(|label| {
        let inside = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (1..=63).contains(&label.len()) && inside && !label.starts_with('-') && !label.ends_with('-')
    });
    // What ends in a number is an IPv4 address to a browser, in whatever form.
    let ends_in_a_number =
        text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let is_an_address = text.parse::<Ipv4Addr>().is_ok_and(|address| !address.is_unspecified());
    text.len() <= 253 && labels_are_good && (!ends_in_a_number || is_an_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostName {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Reach {
        Reach::at(text.parse().unwrap())
    }

    #[test]
    fn names_are_taken_as_the_address_bar_shows_them() {
        for (text, kept) in [
            ("box.example.net", "box.example.net"),
            ("Box.Tail1234.ts.net:8443", "box.tail1234.ts.net:8443"),
            ("box", "box"),
            ("203.0.113.5:4600", "203.0.113.5:4600"),
            ("[2001:DB8::5]", "[2001:db8::5]"),
            ("[2001:db8::5]:4600", "[2001:db8::5]:4600"),
        ] {
            assert_eq!(host(text).to_string(), kept);
        }
        for text in [
            "",
            ".",
            "a..b",
            "-x",
            "--settings=x",
            "https://box",
            "box/",
            "box:",
            "box:0",
            "box:99999",
            "box:x",
            "a b",
            "*",
            "*.example.net",
            "user@box",
            "0.0.0.0",
            "[::]",
            "1.2.3",
            "999.1.1.1",
            "2001:db8::5",
            "é",
            "box,evil",
        ] {
            assert_eq!(text.parse::<HostName>(), Err(NoHostName), "{text:?}");
        }
    }

    #[test]
    fn tls_is_spoken_where_others_reach_unless_someone_says_otherwise() {
        for (address, scheme) in [
            ("127.0.0.1:1", Scheme::Http),
            ("[::1]:1", Scheme::Http),
            ("[::ffff:127.0.0.1]:1", Scheme::Http),
            ("0.0.0.0:1", Scheme::Https),
            ("[::]:1", Scheme::Https),
            ("192.168.1.5:1", Scheme::Https),
        ] {
            assert_eq!(at(address).scheme(), scheme, "{address}");
            let never = Reach { encryption: Encryption::Never, ..at(address) };
            assert_eq!(never.scheme(), Scheme::Http);
            assert_eq!(
                never.check().is_ok(),
                scheme == Scheme::Http,
                "{address}: open and plain needs a name"
            );
            let named = Reach { hosts: vec![host("box")], ..never };
            assert!(named.check().is_ok());
        }
        assert_eq!(Reach { listen: Listen::Everywhere(None), ..Reach::default() }.scheme(), Scheme::Https);
        assert!(Reach { trust_proxy: true, ..Reach::default() }.check().is_err());
    }

    #[test]
    fn the_address_that_is_shown_is_one_that_a_phone_can_open() {
        let url = |reach: Reach, listening: &str| {
            reach.base_url(listening.parse().unwrap(), Some("192.168.1.5".parse().unwrap()))
        };
        let everywhere = Reach { listen: Listen::Everywhere(None), ..Reach::default() };
        assert_eq!(url(Reach::default(), "127.0.0.1:4600"), "http://127.0.0.1:4600");
        assert_eq!(url(everywhere.clone(), "0.0.0.0:4600"), "https://192.168.1.5:4600");
        assert_eq!(url(everywhere.clone(), "0.0.0.0:443"), "https://192.168.1.5");
        assert_eq!(url(at("[2001:db8::5]:4600"), "[2001:db8::5]:4600"), "https://[2001:db8::5]:4600");
        let named = |reach: Reach, name: &str| Reach { hosts: vec![host(name), host("other")], ..reach };
        assert_eq!(url(named(everywhere.clone(), "box.local"), "0.0.0.0:4600"), "https://box.local:4600");
        assert_eq!(url(named(everywhere, "box.local:1"), "0.0.0.0:4600"), "https://box.local:1");
        let plain = named(Reach::default(), "box");
        assert_eq!(url(plain.clone(), "127.0.0.1:4600"), "http://box");
        let proxied = Reach { trust_proxy: true, ..plain };
        assert_eq!(url(proxied, "127.0.0.1:4600"), "https://box");
        let proxied = Reach { trust_proxy: true, ..named(Reach::default(), "box:8443") };
        assert_eq!(url(proxied, "127.0.0.1:4600"), "https://box:8443");
    }
}
