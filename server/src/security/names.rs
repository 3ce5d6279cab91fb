//! The names by which this server is called, and by which of them a request called it.
//!
//! A page on a name that was rebound to this machine sends its own name, so a name counts only when it was given on the
//! command line or is the machine's. Addresses count as they are: no name leads to a request whose `Host` is one.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName};

use super::refusal::Refusal;
use super::request::{Only, only};
use crate::machine::Machine;
use crate::reach::{Reach, Scheme, name_of};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    /// Who connected.
    pub(crate) peer: IpAddr,
    /// Where to.
    pub(crate) local: IpAddr,
}

/// How a request called the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Called<'head> {
    /// By which name, with its port unless it is the usual one.
    pub(crate) host: &'head str,
    /// What the browser speaks.
    pub(crate) scheme: Scheme,
}

/// The names by which this server is called.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    scheme: Scheme,
    port: u16,
    /// Names and addresses of this machine.
    own: Vec<String>,
    /// Whether it listens at every address the machine has, now or later.
    everywhere: bool,
    /// Names that were given on the command line.
    given: Vec<String>,
    trust_proxy: bool,
}

impl Ours {
    /// The names of a server that listens there.
    pub(crate) fn new(address: SocketAddr, reach: &Reach, machine: &Machine) -> Self {
        let (scheme, port) = (reach.scheme(), address.port());
        let listening = address.ip().to_canonical();
        let mut own: Vec<String> = ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).to_vec();
        if !listening.is_unspecified() {
            own.push(name_of(listening));
        }
        if !listening.is_loopback() {
            own.extend(machine.names.iter().cloned());
        }
        let own = own.iter().flat_map(|name| with_port(name, port, scheme)).collect();
        let given = reach.hosts.iter().flat_map(|host| match host.port {
            // Behind a proxy the port is the proxy's, which is the usual one unless it was given.
            None => vec![host.name.clone(), format!("{}:{port}", host.name)],
            Some(80 | 443) => vec![host.name.clone(), host.to_string()],
            Some(_) => vec![host.to_string()],
        });
        let given = given.collect();
        let everywhere = listening.is_unspecified();
        Self { scheme, port, own, everywhere, given, trust_proxy: reach.trust_proxy }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn is_own(&self, host: &str, wire: Wire) -> bool {
        is_among(host, &self.own)
            || (self.everywhere && is_among(host, &with_port(&name_of(wire.local), self.port, self.scheme)))
    }

    /// How a request's head calls the server.
    ///
    /// What a proxy says counts when proxies are trusted, it connected from this machine, and the name is one that was
    /// given; a header that stands there twice, or lists more than one, came through more than one proxy.
    pub(crate) fn called<'head>(
        &self,
        headers: &'head HeaderMap,
        wire: Wire,
    ) -> Result<Called<'head>, Refusal> {
        let Only::One(host) = only(headers, &HOST) else { return Err(Refusal::Host) };
        if !self.is_own(host, wire) && !is_among(host, &self.given) {
            return Err(Refusal::Host);
        }
        let direct = Called { host, scheme: self.scheme };
        if !self.trust_proxy || !wire.peer.is_loopback() {
            return Ok(direct);
        }
        let host = match only(headers, &X_FORWARDED_HOST) {
            Only::None => host,
            Only::One(named) if is_among(named, &self.given) => named,
            Only::One(_) | Only::Many => return Err(Refusal::Host),
        };
        if !is_among(host, &self.given) {
            return Ok(direct);
        }
        let scheme = match only(headers, &X_FORWARDED_PROTO) {
            Only::None => self.scheme,
            Only::One("https") => Scheme::Https,
            Only::One("http") => Scheme::Http,
            Only::One(_) | Only::Many => return Err(Refusal::Proxy),
        };
        Ok(Called { host, scheme })
    }
}

/// A name as browsers send it: with the port, which they leave out when it is the usual one.
fn with_port(name: &str, port: u16, scheme: Scheme) -> Vec<String> {
    let mut hosts = vec![format!("{name}:{port}")];
    if port == scheme.port() {
        hosts.push(name.to_owned());
    }
    hosts
}

fn is_among(host: &str, names: &[String]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::reach::{Encryption, Listen};

    const HERE: Wire = Wire {
        peer: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        local: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    };

    fn lan(peer: &str) -> Wire {
        Wire { peer: peer.parse().unwrap(), local: "192.168.1.5".parse().unwrap() }
    }

    fn ours(address: &str, hosts: &[&str], trust_proxy: bool) -> Ours {
        let address: SocketAddr = address.parse().unwrap();
        let reach = Reach {
            listen: Listen::At(address),
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            trust_proxy,
            ..Reach::default()
        };
        let machine = Machine {
            names: vec!["box".to_owned(), "box.local".to_owned()],
            addresses: vec!["192.168.1.5".parse().unwrap()],
        };
        Ours::new(address, &reach, &machine)
    }

    fn called(ours: &Ours, wire: Wire, head: &[(&'static str, &str)]) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in head {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let called = ours.called(&headers, wire)?;
        Ok(format!("{}://{}", called.scheme.name(), called.host))
    }

    #[test]
    fn on_loopback_only_its_own_names_count() {
        let ours = ours("127.0.0.5:80", &[], false);
        for host in ["127.0.0.5", "127.0.0.5:80", "127.0.0.1", "localhost:80", "[::1]", "LOCALHOST"] {
            assert!(called(&ours, HERE, &[("host", host)]).is_ok(), "{host}");
        }
        for host in ["127.0.0.5:81", "box", "box.local:80", "192.168.1.5", "0.0.0.0", ""] {
            assert_eq!(called(&ours, HERE, &[("host", host)]), Err(Refusal::Host), "{host}");
        }
    }

    #[test]
    fn everywhere_the_machines_names_count_and_the_address_that_was_connected_to() {
        for listening in ["0.0.0.0:4600", "[::]:4600"] {
            let ours = ours(listening, &[], false);
            for host in ["192.168.1.5:4600", "box:4600", "BOX.local:4600", "localhost:4600"] {
                let wanted = Ok(format!("https://{host}"));
                assert_eq!(called(&ours, lan("192.168.1.9"), &[("host", host)]), wanted);
            }
            for host in ["192.168.1.6:4600", "0.0.0.0:4600", "[::]:4600", "192.168.1.5", "box", "evil:4600"] {
                let refused = called(&ours, lan("192.168.1.9"), &[("host", host)]);
                assert_eq!(refused, Err(Refusal::Host), "{host}");
            }
            assert!(called(&ours, HERE, &[("host", "192.168.1.5:4600")]).is_err(), "not at this address");
        }
        let one = ours("192.168.1.5:443", &[], false);
        for host in ["192.168.1.5", "192.168.1.5:443", "box", "box.local"] {
            assert!(called(&one, lan("192.168.1.9"), &[("host", host)]).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_given_name_counts_with_the_usual_port_the_servers_and_its_own() {
        let ours = ours(
            "127.0.0.1:4600",
            &["box.example.net", "other.example.net:8443", "[2001:db8::5]:443"],
            false,
        );
        for host in [
            "box.example.net",
            "box.example.net:4600",
            "Other.example.net:8443",
            "[2001:db8::5]",
            "127.0.0.1:4600",
        ] {
            assert!(called(&ours, HERE, &[("host", host)]).is_ok(), "{host}");
        }
        for host in
            ["box.example.net:8443", "other.example.net", "x.box.example.net", "example.net", "127.0.0.1"]
        {
            assert_eq!(called(&ours, HERE, &[("host", host)]), Err(Refusal::Host), "{host}");
        }
    }

    #[test]
    fn without_trust_what_a_proxy_says_changes_nothing() {
        let ours = ours("127.0.0.1:4600", &["box.example.net"], false);
        let head = [
            ("host", "box.example.net"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.com"),
            ("x-forwarded-host", "again"),
        ];
        assert_eq!(called(&ours, HERE, &head).unwrap(), "http://box.example.net");
    }

    #[test]
    fn one_trusted_proxy_on_this_machine_says_how_it_was_called() {
        let ours = ours("0.0.0.0:4600", &["box.example.net"], true);
        let (host, proto) = ("x-forwarded-host", "x-forwarded-proto");
        let name = "box.example.net";
        let through = |head: &[(&'static str, &str)]| called(&ours, HERE, head);
        let https = Ok(format!("https://{name}"));
        assert_eq!(through(&[("host", name), (proto, "https")]), https);
        assert_eq!(through(&[("host", "127.0.0.1:4600"), (host, name), (proto, "https")]), https);
        assert_eq!(through(&[("host", name), (host, name), (proto, "http")]), Ok(format!("http://{name}")));
        // For a name that was not given, and from another machine, nothing of it counts.
        assert_eq!(
            through(&[("host", "localhost:4600"), (proto, "http")]),
            Ok("https://localhost:4600".to_owned())
        );
        let elsewhere = [("host", "192.168.1.5:4600"), (host, name), (proto, "http")];
        assert_eq!(called(&ours, lan("192.168.1.9"), &elsewhere), Ok("https://192.168.1.5:4600".to_owned()));

        for (head, refusal) in [
            (vec![("host", name), (host, "evil.com")], Refusal::Host),
            (vec![("host", "evil.com"), (host, name)], Refusal::Host),
            (vec![("host", name), (host, "box.example.net, box.example.net")], Refusal::Host),
            (vec![("host", name), (host, name), (host, name)], Refusal::Host),
            (vec![("host", name), (proto, "https, http")], Refusal::Proxy),
            (vec![("host", name), (proto, "https"), (proto, "https")], Refusal::Proxy),
            (vec![("host", name), (proto, "HTTPS")], Refusal::Proxy),
            (vec![("host", name), (proto, "")], Refusal::Proxy),
        ] {
            assert_eq!(through(&head), Err(refusal), "{head:?}");
        }
    }

    #[test]
    fn plain_by_choice_is_plain_by_every_name() {
        let address: SocketAddr = "0.0.0.0:4600".parse().unwrap();
        let reach = Reach {
            listen: Listen::At(address),
            encryption: Encryption::Never,
            hosts: vec!["box".parse().unwrap()],
            trust_proxy: false,
        };
        let ours = Ours::new(address, &reach, &Machine::default());
        for host in ["box", "box:4600", "192.168.1.5:4600"] {
            let wanted = Ok(format!("http://{host}"));
            assert_eq!(called(&ours, lan("192.168.1.9"), &[("host", host)]), wanted);
        }
    }
}
