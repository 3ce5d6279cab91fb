//! Where a push may be sent: a browser names the address, so it may be any, and this server must not be led to knock at
//! doors that only it can reach.
//!
//! Two checks: of the address itself, before anything is kept or sent, and of what its name resolves to, at the moment
//! of connecting, so that a name cannot lead elsewhere the second time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::Uri;

/// The longest address that is kept, in bytes.
const LONGEST: usize = 2_048;

/// The port of push services.
const HTTPS: u16 = 443;

/// Why nothing is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadEndpoint {
    /// It is not an address.
    #[error("it is no address")]
    NoAddress,
    /// It is not reached over TLS, at the usual port.
    #[error("it is no https address at the usual port")]
    NotHttps,
    /// It is on this machine or in a private network.
    #[error("it leads into a private network")]
    Private,
}

/// Which addresses may be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those of the internet: whoever named them is not trusted.
    Public,
    /// Any: the machine's owner named them.
    Anywhere,
}

/// Checks the address that a browser names.
pub(crate) fn check(endpoint: &str, reach: Reach) -> Result<Uri, BadEndpoint> {
    let uri: Uri = endpoint.parse().map_err(|_| BadEndpoint::NoAddress)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(BadEndpoint::NoAddress);
    };
    let host = authority.host();
    if endpoint.len() > LONGEST || host.is_empty() || authority.as_str().contains('@') {
        return Err(BadEndpoint::NoAddress);
    }
    if reach == Reach::Anywhere {
        return if matches!(scheme, "http" | "https") { Ok(uri) } else { Err(BadEndpoint::NotHttps) };
    }
    if scheme != "https" || authority.port_u16().is_some_and(|port| port != HTTPS) {
        return Err(BadEndpoint::NotHttps);
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_public = match literal {
        Ok(address) => is_public(address),
        Err(_) => is_public_name(host),
    };
    if is_public { Ok(uri) } else { Err(BadEndpoint::Private) }
}

/// Whether a name may be one of the internet's. What it resolves to is checked besides.
fn is_public_name(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let of_networks_at_home = [".localhost", ".local", ".internal", ".lan", ".home", ".home.arpa", ".onion"];
    name.contains('.') && !of_networks_at_home.iter().any(|ending| name.ends_with(ending))
}

/// Whether an address is one of the internet's.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // This network; shared by carriers; protocols; benchmarks; reserved, with broadcast.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let parts = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Addresses that carry one of the old kind.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        // Documentation, and protocols that tunnel.
        [0x2001, second, ..] if second == 0xdb8 || second < 0x200 => false,
        // Global unicast, and nothing else.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_services_are_public() {
        for good in [
            "https://fcm.googleapis.com/fcm/send/abc:def",
            "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
            "https://web.push.apple.com/QGuQ",
            "https://push.example.com:443/x",
            "https://93.184.215.14/x",
            "https://[2606:2800:21f::1]/x",
            "https://[64:ff9b::5db8:d70e]/x",
        ] {
            assert!(check(good, Reach::Public).is_ok(), "{good}");
        }
    }

    #[test]
    fn nothing_private_is_knocked_at() {
        for (bad, why) in [
            ("https://127.0.0.1/x", BadEndpoint::Private),
            ("https://localhost/x", BadEndpoint::Private),
            ("https://LOCALHOST./x", BadEndpoint::Private),
            ("https://a.localhost/x", BadEndpoint::Private),
            ("https://router/x", BadEndpoint::Private),
            ("https://nas.local/x", BadEndpoint::Private),
            ("https://metadata.google.internal/x", BadEndpoint::Private),
            ("https://10.1.2.3/x", BadEndpoint::Private),
            ("https://172.31.0.1/x", BadEndpoint::Private),
            ("https://192.168.1.1/x", BadEndpoint::Private),
            ("https://169.254.169.254/latest", BadEndpoint::Private),
            ("https://100.100.100.100/x", BadEndpoint::Private),
            ("https://0.0.0.0/x", BadEndpoint::Private),
            ("https://255.255.255.255/x", BadEndpoint::Private),
            ("https://224.0.0.1/x", BadEndpoint::Private),
            ("https://2130706433/x", BadEndpoint::Private),
            ("https://[::1]/x", BadEndpoint::Private),
            ("https://[::]/x", BadEndpoint::Private),
            ("https://[::ffff:127.0.0.1]/x", BadEndpoint::Private),
            ("https://[64:ff9b::7f00:1]/x", BadEndpoint::Private),
            ("https://[2002:7f00:1::]/x", BadEndpoint::Private),
            ("https://[2001:db8::1]/x", BadEndpoint::Private),
            ("https://[fd00::1]/x", BadEndpoint::Private),
            ("https://[fe80::1]/x", BadEndpoint::Private),
            ("http://push.example.com/x", BadEndpoint::NotHttps),
            ("https://push.example.com:8443/x", BadEndpoint::NotHttps),
            ("https://push.example.com:22/x", BadEndpoint::NotHttps),
            ("ftp://push.example.com/x", BadEndpoint::NotHttps),
            ("https://push.example.com@127.0.0.1/x", BadEndpoint::NoAddress),
            ("file:///etc/passwd", BadEndpoint::NoAddress),
            ("/push", BadEndpoint::NoAddress),
            ("", BadEndpoint::NoAddress),
        ] {
            assert_eq!(check(bad, Reach::Public).map(drop), Err(why), "{bad}");
        }
        let long = format!("https://push.example.com/{}", "x".repeat(3_000));
        assert_eq!(check(&long, Reach::Public).map(drop), Err(BadEndpoint::NoAddress));
    }

    #[test]
    fn what_the_owner_names_may_be_at_home() {
        assert!(check("http://192.168.1.5:8080/orchestra", Reach::Anywhere).is_ok());
        assert_eq!(check("file:///x", Reach::Anywhere).map(drop), Err(BadEndpoint::NoAddress));
        assert_eq!(check("ftp://x/y", Reach::Anywhere).map(drop), Err(BadEndpoint::NotHttps));
    }
}
