//! What a request's head must look like before anything else is done with it.
//!
//! Pure: headers in, a word out. Cookies and bodies are not looked at.
//!
//! Three doors are closed here. A page on a name that was rebound to this machine sends its own name as `Host`. A page
//! of another site, or of another port, sends its `Origin` or says `cross-site` or `same-site` in `Sec-Fetch-Site`;
//! that holds for navigations too: a link on another page leads to a refusal that offers the same address as a link
//! of our own, one tap away. And a form of another site would need a method and a type that we take.

use std::net::SocketAddr;

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};

use super::BODY_LIMIT;
use super::refusal::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The forms of body that our own pages send.
const CONTENT_TYPES: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// The names by which this server is called.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    port: u16,
    hosts: Vec<String>,
}

impl Ours {
    /// The names of a server that listens on a loopback address.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let port = address.port();
        let mut names: Vec<String> = ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).to_vec();
        names.push(match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        });
        let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            // The one port that browsers leave out.
            hosts.extend(names);
        }
        Self { port, hosts }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn contain(&self, host: &str) -> bool {
        self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host))
    }
}

/// Checks a request's head.
pub(crate) fn check(ours: &Ours, head: &Parts) -> Result<(), Refusal> {
    let headers = &head.headers;
    let host = match only(headers, &HOST) {
        Only::One(host) if ours.contain(host) => host,
        _ => return Err(Refusal::Host),
    };
    // `GET http://elsewhere/ HTTP/1.1`: the target may name a host too.
    if head.uri.authority().is_some_and(|named| !named.as_str().eq_ignore_ascii_case(host)) {
        return Err(Refusal::Host);
    }

    let same_origin = match only(headers, &ORIGIN) {
        Only::None => false,
        Only::One(origin) if is_origin_of(origin, host) => true,
        _ => return Err(Refusal::Origin),
    };
    let from_our_page = match only(headers, &SEC_FETCH_SITE) {
        Only::None | Only::One("none") => false,
        Only::One("same-origin") => true,
        _ => return Err(Refusal::Site),
    };

    match head.method {
        Method::GET | Method::HEAD => Ok(()),
        Method::POST if same_origin || from_our_page => check_body(headers),
        Method::POST => Err(Refusal::Origin),
        _ => Err(Refusal::Method),
    }
}

/// Whether an origin is the one that a request's own host is of.
fn is_origin_of(origin: &str, host: &str) -> bool {
    origin.strip_prefix("http://").is_some_and(|name| name.eq_ignore_ascii_case(host))
}

/// What is said of a body before it comes.
fn check_body(headers: &HeaderMap) -> Result<(), Refusal> {
    let length = match only(headers, &CONTENT_LENGTH) {
        Only::None => None,
        Only::One(length) => Some(length.parse::<u64>().map_err(|_| Refusal::TooLarge)?),
        Only::Many => return Err(Refusal::TooLarge),
    };
    if length.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(Refusal::TooLarge);
    }
    match only(headers, &CONTENT_TYPE) {
        Only::One(full) => {
            let kind = full.split(';').next().unwrap_or_default().trim();
            let known = CONTENT_TYPES.iter().any(|ours| ours.eq_ignore_ascii_case(kind));
            if known { Ok(()) } else { Err(Refusal::ContentType) }
        }
        Only::None if length.unwrap_or(0) == 0 && !headers.contains_key(TRANSFER_ENCODING) => Ok(()),
        Only::None | Only::Many => Err(Refusal::ContentType),
    }
}

/// A header that may stand there once.
#[derive(PartialEq, Eq)]
enum Only<'head> {
    None,
    One(&'head str),
    /// More than once, or not text.
    Many,
}

fn only<'head>(headers: &'head HeaderMap, name: &HeaderName) -> Only<'head> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Only::None,
        (Some(value), None) => value.to_str().map_or(Only::Many, Only::One),
        (Some(_), Some(_)) => Only::Many,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn ours() -> Ours {
        Ours::new("127.0.0.1:4600".parse().unwrap())
    }

    fn verdict(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&ours(), &request.body(()).unwrap().into_parts().0)
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:4600");
    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn every_name_of_ours_is_taken() {
        for host in ["127.0.0.1:4600", "localhost:4600", "LOCALHOST:4600", "[::1]:4600"] {
            assert_eq!(verdict("GET", "/", &[("host", host)]), Ok(()), "{host}");
        }
        let other = Ours::new("127.0.0.5:80".parse().unwrap());
        assert!(
            other.contain("127.0.0.5") && other.contain("127.0.0.5:80") && !other.contain("127.0.0.5:81")
        );
    }

    #[test]
    fn every_other_name_is_refused() {
        for host in [
            "evil.com",
            "evil.com:4600",
            "127.0.0.1.nip.io:4600",
            "127.0.0.1",
            "127.0.0.1:4601",
            "localhost",
            "0.0.0.0:4600",
            "user@127.0.0.1:4600",
            "127.0.0.1:4600, evil.com",
            "127.1:4600",
            "",
        ] {
            assert_eq!(verdict("GET", "/", &[("host", host)]), Err(Refusal::Host), "{host:?}");
        }
        assert_eq!(verdict("GET", "/", &[]), Err(Refusal::Host));
        assert_eq!(verdict("GET", "/", &[HOST, HOST]), Err(Refusal::Host));
        assert_eq!(verdict("GET", "http://evil.com/", &[HOST]), Err(Refusal::Host));
        assert_eq!(verdict("GET", "http://127.0.0.1:4600/", &[HOST]), Ok(()));
    }

    #[test]
    fn an_origin_must_be_the_hosts_own_on_every_method() {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "PUT"] {
            for origin in [
                "null",
                "http://evil.com",
                "http://localhost.evil.com",
                "http://localhost.evil.com:4600",
                "http://127.0.0.1:4601",
                "http://127.0.0.1",
                "https://127.0.0.1:4600",
                "http://localhost:4600",
                "http://127.0.0.1:4600/",
                "",
            ] {
                let refused = verdict(method, "/", &[HOST, ("origin", origin)]);
                assert_eq!(refused, Err(Refusal::Origin), "{method} {origin:?}");
            }
        }
        let ours = ("origin", "http://127.0.0.1:4600");
        assert_eq!(verdict("GET", "/", &[HOST, ours]), Ok(()));
        assert_eq!(verdict("GET", "/", &[HOST, ours, ours]), Err(Refusal::Origin));
    }

    #[test]
    fn other_sites_and_other_ports_are_refused_navigations_too() {
        for site in ["cross-site", "same-site", "", "none, same-origin"] {
            let navigation = [HOST, ("sec-fetch-site", site), ("sec-fetch-mode", "navigate")];
            assert_eq!(verdict("GET", "/", &navigation), Err(Refusal::Site), "{site:?}");
        }
        for site in ["none", "same-origin"] {
            assert_eq!(verdict("GET", "/", &[HOST, ("sec-fetch-site", site)]), Ok(()), "{site}");
        }
    }

    #[test]
    fn a_change_must_say_that_it_comes_from_our_page() {
        assert_eq!(verdict("POST", "/", &[HOST, JSON]), Err(Refusal::Origin));
        assert_eq!(verdict("POST", "/", &[HOST, JSON, ("sec-fetch-site", "none")]), Err(Refusal::Origin));
        assert_eq!(verdict("POST", "/", &[HOST, JSON, ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(verdict("POST", "/", &[HOST, JSON, ("origin", "http://127.0.0.1:4600")]), Ok(()));
    }

    #[test]
    fn only_the_methods_and_forms_we_use() {
        let ours = ("origin", "http://127.0.0.1:4600");
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            assert_eq!(verdict(method, "/", &[HOST, ours, JSON]), Err(Refusal::Method), "{method}");
        }
        for kind in ["text/plain", "multipart/form-data; boundary=x", "application/jsonx", "text/html", ""] {
            let post = [HOST, ours, ("content-type", kind)];
            assert_eq!(verdict("POST", "/", &post), Err(Refusal::ContentType), "{kind:?}");
        }
        assert_eq!(verdict("POST", "/", &[HOST, ours]), Ok(()));
        for body in [("content-length", "3"), ("transfer-encoding", "chunked")] {
            assert_eq!(verdict("POST", "/", &[HOST, ours, body]), Err(Refusal::ContentType));
        }
        for length in ["65537", "1073741824", "99999999999999999999999", "-1"] {
            let post = [HOST, ours, JSON, ("content-length", length)];
            assert_eq!(verdict("POST", "/", &post), Err(Refusal::TooLarge), "{length}");
        }
        assert_eq!(verdict("POST", "/", &[HOST, ours, JSON, ("content-length", "65536")]), Ok(()));
    }
}
