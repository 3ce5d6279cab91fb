//! What a request's head must look like before anything else is done with it.
//!
//! Pure: headers in, a word out. Cookies and bodies are not looked at.
//!
//! Three doors are closed here. A page on a name that was rebound to this machine sends its own name as `Host`. A page
//! of another site, or of another port, sends its `Origin` or says `cross-site` or `same-site` in `Sec-Fetch-Site`;
//! that holds for navigations too: a link on another page leads to a refusal that offers the same address as a link
//! of our own, one tap away. And a form of another site would need a method and a type that we take.

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};

use super::Bounds;
use super::names::{Called, Ours, Wire};
use super::refusal::Refusal;
use crate::reach::Scheme;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The forms of body that our own pages send.
const CONTENT_TYPES: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// Checks a request's head; says what the browser speaks.
pub(crate) fn check(ours: &Ours, head: &Parts, wire: Wire) -> Result<Scheme, Refusal> {
    let headers = &head.headers;
    let called = ours.called(headers, wire)?;
    // `GET http://elsewhere/ HTTP/1.1`: the target may name a host too, which must be the one in `Host`.
    let said_twice = head.uri.authority().is_some_and(|named| {
        headers.get(HOST).is_none_or(|host| !named.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()))
    });
    if said_twice {
        return Err(Refusal::Host);
    }

    let same_origin = match only(headers, &ORIGIN) {
        Only::None => false,
        Only::One(origin) if is_origin_of(origin, called) => true,
        _ => return Err(Refusal::Origin),
    };
    let from_our_page = match only(headers, &SEC_FETCH_SITE) {
        Only::None | Only::One("none") => false,
        Only::One("same-origin") => true,
        _ => return Err(Refusal::Site),
    };

    match head.method {
        Method::GET | Method::HEAD => {}
        Method::POST if same_origin || from_our_page => check_body(headers, Bounds::at(head.uri.path()))?,
        Method::POST => return Err(Refusal::Origin),
        _ => return Err(Refusal::Method),
    }
    Ok(called.scheme)
}

/// Whether an origin is that of the server as a request called it.
fn is_origin_of(origin: &str, called: Called<'_>) -> bool {
    let host = origin.strip_prefix(called.scheme.name()).and_then(|rest| rest.strip_prefix("://"));
    host.is_some_and(|host| host.eq_ignore_ascii_case(called.host))
}

/// What is said of a body before it comes.
fn check_body(headers: &HeaderMap, bounds: Bounds) -> Result<(), Refusal> {
    let length = match only(headers, &CONTENT_LENGTH) {
        Only::None => None,
        Only::One(length) => Some(length.parse::<u64>().map_err(|_| Refusal::TooLarge)?),
        Only::Many => return Err(Refusal::TooLarge),
    };
    if length.is_some_and(|length| length > bounds.most as u64) {
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
pub(super) enum Only<'head> {
    None,
    One(&'head str),
    /// More than once, or not text.
    Many,
}

pub(super) fn only<'head>(headers: &'head HeaderMap, name: &HeaderName) -> Only<'head> {
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
    use crate::machine::Machine;
    use crate::reach::Reach;

    fn verdict(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let address = "127.0.0.1:4600".parse().unwrap();
        let ours = Ours::new(address, &Reach::at(address), &Machine::default());
        verdict_of(&ours, method, target, headers)
    }

    fn verdict_of(ours: &Ours, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let here = std::net::Ipv4Addr::LOCALHOST.into();
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let head = request.body(()).unwrap().into_parts().0;
        check(ours, &head, Wire { peer: here, local: here }).map(drop)
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:4600");
    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn every_name_of_ours_is_taken() {
        for host in ["127.0.0.1:4600", "localhost:4600", "LOCALHOST:4600", "[::1]:4600"] {
            assert_eq!(verdict("GET", "/", &[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn behind_a_trusted_proxy_that_encrypts_the_origin_is_encrypted_too() {
        let address = "127.0.0.1:4600".parse().unwrap();
        let reach = Reach {
            hosts: vec!["box.example.net".parse().unwrap(), "box.example.net:8443".parse().unwrap()],
            trust_proxy: true,
            ..Reach::at(address)
        };
        let trusting = Ours::new(address, &reach, &Machine::default());
        let wary = Ours::new(address, &Reach { trust_proxy: false, ..reach }, &Machine::default());
        for name in ["box.example.net", "box.example.net:8443"] {
            let (secure, plain) = (format!("https://{name}"), format!("http://{name}"));
            let posted = |ours: &Ours, origin: &str, site: &str| {
                let head = [("host", name), ("x-forwarded-proto", "https"), ("origin", origin)];
                verdict_of(ours, "POST", "/", &[&head[..], &[("sec-fetch-site", site)]].concat())
            };
            assert_eq!(posted(&trusting, &secure, "same-origin"), Ok(()));
            assert_eq!(posted(&trusting, &plain, "same-origin"), Err(Refusal::Origin));
            assert_eq!(posted(&trusting, &secure, "same-site"), Err(Refusal::Site));
            assert_eq!(posted(&trusting, "https://127.0.0.1:4600", "same-origin"), Err(Refusal::Origin));
            // Who does not trust the proxy expects what the server itself speaks.
            assert_eq!(posted(&wary, &secure, "same-origin"), Err(Refusal::Origin));
            assert_eq!(posted(&wary, &plain, "same-origin"), Ok(()));
        }
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
        // A command may hold a long task.
        for (target, most) in [("/", 65_536_u64), ("/api/send_command", 13 << 20)] {
            for (length, is_taken) in [(most, true), (most + 1, false)] {
                let length = length.to_string();
                let said = verdict("POST", target, &[HOST, ours, JSON, ("content-length", &length)]);
                assert_eq!(said.is_ok(), is_taken, "{target}: {length}");
            }
        }
    }
}
