//! The table of refusals, against every route that the server says it has and some that it has not.

use orchestra_server::Access;

use crate::client::{Reply, Request};
use crate::server::{Machine, Running, SESSION, snapshot};

/// A route's path with something in its holes.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{id}" | "{agent}" => SESSION,
            "{line_offset}" | "{index}" => "0",
            hole if hole.starts_with('{') => "anything",
            word => word,
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Every route of the server and some addresses where nothing is, as method, target and whether anyone may ask.
fn everything(server: &Running) -> Vec<(String, String, Access)> {
    let mut all: Vec<_> = server
        .routes
        .iter()
        .map(|route| (route.method.to_string(), filled(&route.path), route.access))
        .collect();
    assert!(all.len() > 15, "the table of routes is nearly empty: {all:?}");
    for unknown in [
        "/nowhere",
        "/api/nowhere",
        "/pkgs",
        "/assets.json",
        "/pair/",
        "/PAIR",
        "//pair",
        "/%70air",
        "/events/",
        "/sessions/../events",
        "/sessions/%2e%2e/export.md",
        "/sessions/--settings=x/export.md",
        "/sessions/a%00b",
        "/pair%2f..%2fevents",
    ] {
        for method in ["GET", "HEAD", "POST"] {
            all.push((method.to_owned(), unknown.to_owned(), Access::Paired));
        }
    }
    all
}

fn has_no_data(reply: &Reply) -> bool {
    let text = reply.text();
    !text.contains("SECRET") && !text.contains("/home/ada") && !text.contains(SESSION)
}

/// Refused as it must be, with the headers that every answer has, and with nothing in it.
fn assert_refused(reply: &Reply, status: u16, request: &Request) {
    assert_eq!(reply.status, status, "{request:?}\n{}", reply.text());
    assert!(has_no_data(reply), "{request:?}\n{}", reply.text());
    assert_eq!(reply.header("set-cookie"), None, "{request:?}");
    assert_headers(reply, request);
}

fn assert_headers(reply: &Reply, request: &Request) {
    let policy = reply.header("content-security-policy").unwrap_or_else(|| panic!("no policy: {request:?}"));
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for part in ["frame-ancestors 'none'", "base-uri 'none'", "form-action "] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    if let Some((_, scripts)) = policy.split_once("script-src ") {
        let scripts = scripts.split(';').next().unwrap();
        assert!(scripts.starts_with("'nonce-") && scripts.ends_with(" 'wasm-unsafe-eval'"), "{scripts}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{request:?}");
    }
    assert!(reply.header("cache-control").is_some() && reply.header("permissions-policy").is_some());
    assert!(!reply.headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{request:?}");
}

/// As our own page would ask, with a cookie that works: what each row then spoils.
fn good(server: &Running, cookie: &str, method: &str, target: &str) -> Request {
    let request = Request::new(server.address, method, target).header("Cookie", cookie);
    if method == "POST" { request.sent_by_our_page().form("code=x&query=x") } else { request }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_request_is_refused_at_every_route_and_changes_nothing() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let port = server.address.port();
    let before = snapshot(&machine.state());

    type Spoil = Box<dyn Fn(Request) -> Request>;
    let set =
        |name: &'static str, value: String| -> Spoil { Box::new(move |it: Request| it.with(name, &value)) };
    let rows: Vec<(u16, Spoil)> = vec![
        (421, set("Host", "evil.com".into())),
        (421, set("Host", format!("evil.com:{port}"))),
        (
            421,
            Box::new(move |it| {
                let evil = format!("evil.com:{port}");
                it.with("Host", &evil).with("Origin", &format!("http://{evil}"))
            }),
        ),
        (421, set("Host", format!("127.0.0.1.nip.io:{port}"))),
        (421, set("Host", format!("0.0.0.0:{port}"))),
        (421, set("Host", "127.0.0.1".into())),
        (421, Box::new(|it| it.header("Host", "evil.com"))),
        (421, Box::new(|it| it.without("Host"))),
        (403, set("Origin", "null".into())),
        (403, set("Origin", format!("http://localhost.evil.com:{port}"))),
        (403, set("Origin", "http://localhost.evil.com".into())),
        (403, set("Origin", format!("http://127.0.0.1:{}", port ^ 1))),
        (403, set("Origin", format!("https://127.0.0.1:{port}"))),
        (403, set("Sec-Fetch-Site", "cross-site".into())),
        (403, set("Sec-Fetch-Site", "same-site".into())),
        (403, Box::new(|it| it.with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "navigate"))),
    ];
    for (method, target, _) in everything(&server) {
        for (status, spoil) in &rows {
            let request = spoil(good(&server, &cookie, &method, &target));
            assert_refused(&request.send().await, *status, &request);
        }
    }
    assert_eq!(snapshot(&machine.state()), before);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_not_sent_by_our_page_is_refused_at_every_route() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let before = snapshot(&machine.state());
    for (_, target, _) in everything(&server) {
        let posted = Request::new(server.address, "POST", &target).header("Cookie", &cookie);
        for (status, request) in [
            (403, posted.clone().form("code=x")),
            (403, posted.clone().body("application/json", "{}")),
            (403, posted.clone().form("code=x").header("Sec-Fetch-Site", "none")),
            (403, posted.clone().body("text/plain", "x").header("Origin", "http://evil.com")),
            (403, posted.clone().body("multipart/form-data; boundary=x", "--x--").header("Origin", "null")),
            (415, posted.clone().sent_by_our_page().body("text/plain", "{}")),
            (415, posted.clone().sent_by_our_page().body("multipart/form-data; boundary=x", "--x--")),
        ] {
            assert_refused(&request.send().await, status, &request);
        }
        let preflight = Request::new(server.address, "OPTIONS", &target)
            .header("Origin", "http://evil.com")
            .header("Access-Control-Request-Method", "POST");
        assert_refused(&preflight.send().await, 403, &preflight);
        for method in ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"] {
            let request = good(&server, &cookie, method, &target).sent_by_our_page();
            assert_refused(&request.send().await, 405, &request);
        }
    }
    assert_eq!(snapshot(&machine.state()), before);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_paired_sees_nothing_that_is_not_public() {
    let machine = Machine::new();
    let server = machine.serve().await;
    server.pair().await;
    let before = snapshot(&machine.state());
    let name = format!("orchestra_{}", server.address.port());
    for (method, target, access) in everything(&server) {
        let mut request = Request::new(server.address, &method, &target);
        if method == "POST" {
            request = request.sent_by_our_page().form("query=x");
        }
        for cookie in [None, Some("AAAAAAAAAAAAAAAAAAAAAA"), Some("x"), Some("../../x"), Some("")] {
            let request = match cookie {
                Some(value) => request.clone().header("Cookie", &format!("{name}={value}")),
                None => request.clone(),
            };
            let reply = request.send().await;
            assert!(has_no_data(&reply), "{request:?}");
            assert_headers(&reply, &request);
            match access {
                Access::Paired => assert_eq!(reply.status, 401, "{request:?}\n{}", reply.text()),
                Access::Public => assert_ne!(reply.status, 401, "{request:?}"),
            }
        }
    }
    assert_eq!(snapshot(&machine.state()), before);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paired_browser_gets_its_pages_by_every_name_of_ours() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    for name in ["127.0.0.1", "localhost", "LocalHost", "[::1]"] {
        let host = format!("{name}:{}", server.address.port());
        for page in ["/", &format!("/sessions/{SESSION}")] {
            let request =
                good(&server, &cookie, "GET", page).with("Host", &host).header("Sec-Fetch-Site", "none");
            let reply = request.send().await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert_headers(&reply, &request);
            assert!(reply.header("content-security-policy").unwrap().contains("'nonce-"));
        }
    }
    let nowhere = good(&server, &cookie, "GET", "/nowhere");
    assert_eq!(nowhere.send().await.status, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_to_do_to_people_and_to_programs() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let page = server.get("/").header("Accept", "text/html,*/*").send().await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.text().contains("orchestra web"));
    let program = server.get("/").send().await;
    assert_eq!(program.header("content-type"), Some("application/json"));
    assert!(program.text().contains("orchestra web"));
    // A link on another page: refused, and offered as a link of our own.
    let led_here = server
        .get("/sessions")
        .header("Accept", "text/html")
        .header("Sec-Fetch-Site", "cross-site")
        .send()
        .await;
    assert_eq!(led_here.status, 403);
    assert!(led_here.text().contains("href=\"\""));
    server.stop().await;
}
