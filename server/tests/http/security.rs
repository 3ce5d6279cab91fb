//! The table of refusals, every row of it against every route that the server says it has.
//!
//! Each route is first called rightly ([`crate::calls`]), so that what is refused afterwards is refused for what a row
//! spoiled. Once over plain HTTP, once over TLS.

use orchestra_app::error::{AppError, AppErrorKind};
use orchestra_server::Access;

use crate::calls::{Rightly, rightly, with_a_code};
use crate::client::{Endpoint, Reply, Request};
use crate::server::{Machine, Running, SESSION, snapshot};

/// Addresses where nothing is, or which look like one where something is.
const NOWHERE: [&str; 15] = [
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
    "/logout?x=/pair",
];

/// What stands in a path or a query where an id should.
const BAD_IDS: [&str; 8] = [
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..",
    "a%00b",
    "%00",
    "--settings=%2Ftmp%2Fx",
    "-x",
];

fn has_no_data(reply: &Reply) -> bool {
    let text = reply.text();
    !text.contains("SECRET")
        && !text.contains("/home/ada")
        && !text.contains(SESSION)
        && !text.contains("root:")
}

/// Refused as it must be, with the headers that every answer has, and with nothing in it.
fn assert_refused(reply: &Reply, status: u16, request: &Request) {
    assert_eq!(reply.status, status, "{request:?}\n{}", reply.text());
    assert!(has_no_data(reply), "{request:?}\n{}", reply.text());
    // A cookie that is good for nothing may be taken back; none is given.
    let cookie = reply.header("set-cookie");
    assert!(
        cookie.is_none_or(|cookie| cookie.contains("=; ") && cookie.contains("Max-Age=0")),
        "{request:?}"
    );
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
    // A certificate that nobody vouches for must not bind a name for a year.
    assert_eq!(reply.header("strict-transport-security"), None, "{request:?}");
}

/// A row: what it is called, what comes of it, and what it does to a request that was right.
struct Row {
    status: u16,
    spoil: Box<dyn Fn(Request) -> Request>,
}

fn row(status: u16, spoil: impl Fn(Request) -> Request + 'static) -> Row {
    Row { status, spoil: Box::new(spoil) }
}

fn with(status: u16, name: &'static str, value: impl Into<String>) -> Row {
    let value = value.into();
    row(status, move |it| it.with(name, &value))
}

/// Whoever calls by another name, or is led here from elsewhere; whatever the method.
fn rows_of_any_request(endpoint: &Endpoint) -> Vec<Row> {
    let (scheme, port) = (endpoint.scheme(), endpoint.address.port());
    let other_scheme = if scheme == "http" { "https" } else { "http" };
    vec![
        with(421, "Host", "evil.com"),
        row(421, move |it| {
            let evil = format!("evil.com:{port}");
            it.with("Host", &evil).with("Origin", &format!("{scheme}://{evil}"))
        }),
        with(421, "Host", format!("127.0.0.1.nip.io:{port}")),
        with(421, "Host", format!("0.0.0.0:{port}")),
        with(421, "Host", format!("[::]:{port}")),
        with(421, "Host", "127.0.0.1"),
        with(421, "Host", ""),
        row(421, |it| it.header("Host", "evil.com")),
        row(421, |it| {
            let host = it.host();
            it.header("Host", &host)
        }),
        row(421, |it| it.without("Host")),
        // What a proxy might say changes nothing.
        with(421, "Host", "box.example.net"),
        row(421, |it| {
            let host = it.host();
            it.with("Host", "evil.com").header("X-Forwarded-Host", &host)
        }),
        with(403, "Origin", "null"),
        with(403, "Origin", format!("{scheme}://localhost.evil.com:{port}")),
        with(403, "Origin", "http://localhost.evil.com"),
        with(403, "Origin", format!("{scheme}://127.0.0.1:{}", port ^ 1)),
        with(403, "Origin", format!("{scheme}://localhost:{}", port ^ 1)),
        with(403, "Origin", format!("{other_scheme}://127.0.0.1:{port}")),
        row(403, move |it| {
            let origin = format!("{other_scheme}://127.0.0.1:{port}");
            it.with("Origin", &origin).header("X-Forwarded-Proto", other_scheme)
        }),
        with(403, "Sec-Fetch-Site", "cross-site"),
        with(403, "Sec-Fetch-Site", "same-site"),
        row(403, |it| it.with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "navigate")),
    ]
}

/// Whoever posts without our page, or what our page never posts; to whatever address.
fn rows_of_posts() -> Vec<Row> {
    fn from_elsewhere(it: Request) -> Request {
        it.without("Origin").without("Sec-Fetch-Site")
    }
    vec![
        row(403, |it| from_elsewhere(it).form("code=x")),
        row(403, |it| from_elsewhere(it).body("application/json", "{}")),
        row(403, |it| from_elsewhere(it).form("code=x").header("Sec-Fetch-Site", "none")),
        row(403, |it| from_elsewhere(it).body("text/plain", "x").header("Origin", "http://evil.com")),
        row(403, |it| from_elsewhere(it).form("x=y").header("Origin", "http://evil.com")),
        row(403, |it| {
            from_elsewhere(it).body("multipart/form-data; boundary=x", "--x--").header("Origin", "null")
        }),
        row(415, |it| it.sent_by_our_page().body("text/plain", "{}")),
        row(415, |it| it.sent_by_our_page().body("multipart/form-data; boundary=x", "--x--")),
        row(413, |it| it.sent_by_our_page().form("x").with("Content-Length", "1073741824")),
        row(413, |it| {
            let most = if it.what().starts_with("/api/send_command") { 13 << 20 } else { 65_536 };
            it.sent_by_our_page().form("x").with("Content-Length", &(most + 1).to_string())
        }),
        row(403, |it| {
            from_elsewhere(it)
                .method("OPTIONS")
                .header("Origin", "http://evil.com")
                .header("Access-Control-Request-Method", "POST")
        }),
        row(405, |it| it.sent_by_our_page().method("OPTIONS")),
        row(405, |it| it.sent_by_our_page().method("PUT")),
        row(405, |it| it.sent_by_our_page().method("DELETE")),
        row(405, |it| it.sent_by_our_page().method("PATCH")),
        row(405, |it| it.sent_by_our_page().method("TRACE")),
    ]
}

/// What a browser that is not paired may bring instead of a cookie.
fn wrong_cookies(endpoint: &Endpoint, paired: &str, revoked: &str) -> Vec<Option<String>> {
    let name = endpoint.cookie_name();
    let secret = paired.split_once('=').unwrap().1;
    // The cookie of the other scheme, by the same secret.
    let other_name = match name.strip_prefix("__Host-") {
        Some(plain) => plain.to_owned(),
        None => format!("__Host-{name}"),
    };
    let mut cookies = vec![None, Some(revoked.to_owned()), Some(format!("{other_name}={secret}"))];
    for value in ["AAAAAAAAAAAAAAAAAAAAAA", "x", "../../x", ""] {
        cookies.push(Some(format!("{name}={value}")));
    }
    cookies
}

/// Every route is called as it should be, and answers.
async fn call_rightly(server: &Running, calls: &[Rightly]) {
    for Rightly { route, request, status } in calls {
        let request = match (route.method.as_str(), route.path.as_str()) {
            ("POST", "/pair") => with_a_code(server, request),
            // It takes the cookie it was called with.
            ("POST", "/logout") => request.clone().with("Cookie", &server.pair().await),
            _ => request.clone(),
        };
        // An event stream has no end.
        assert_eq!(request.status().await, *status, "{request:?}");
    }
}

async fn refuse_the_whole_table(machine: &Machine, server: Running) {
    let cookie = server.pair().await;
    let revoked = server.pair().await;
    let revoking = server.post("/logout").sent_by_our_page().header("Cookie", &revoked);
    assert_eq!(revoking.send().await.status, 303);
    let calls = rightly(&server, &cookie);
    assert!(calls.len() > 15, "the table of routes is nearly empty");
    call_rightly(&server, &calls).await;

    let before = snapshot(&machine.state());
    let endpoint = &server.endpoint;
    let (of_any, of_posts) = (rows_of_any_request(endpoint), rows_of_posts());
    let nowhere = NOWHERE.iter().flat_map(|target| {
        let asked = server.get(target).header("Cookie", &cookie);
        let posted = server.post(target).sent_by_our_page().form("code=x").header("Cookie", &cookie);
        [asked.clone(), asked.method("HEAD"), posted].map(|request| (request, Access::Paired))
    });
    let all = calls.iter().map(|call| (call.request.clone(), call.route.access)).chain(nowhere);
    for (request, access) in all {
        for Row { status, spoil } in &of_any {
            let request = spoil(request.clone());
            assert_refused(&request.send().await, *status, &request);
        }
        for Row { status, spoil } in &of_posts {
            let request = spoil(request.clone().method("POST"));
            assert_refused(&request.send().await, *status, &request);
        }
        for wrong in wrong_cookies(endpoint, &cookie, &revoked) {
            let mut request = request.clone().without("Cookie");
            if let Some(wrong) = wrong {
                request = request.header("Cookie", &wrong);
            }
            match access {
                Access::Paired => assert_refused(&request.send().await, 401, &request),
                Access::Public => {
                    let reply = request.send().await;
                    assert!(has_no_data(&reply) && reply.status != 401, "{request:?}");
                    assert_headers(&reply, &request);
                }
            }
        }
        assert_eq!(snapshot(&machine.state()), before, "{request:?}");
    }

    // Bad ids, by a browser that is paired: wherever one stands, and in every hole of a path.
    for Rightly { route, request, .. } in &calls {
        for target in with_bad_ids(&route.path, request.what()) {
            let request = request.clone().target(&target);
            let reply = request.send().await;
            // The app's router resolves dots as browsers do before they ask: that leads to another page of the app.
            let another_page = target.contains("/..") || target.contains("/%2e%2e");
            let is_page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
            if !(reply.status == 200 && another_page && is_page) {
                // A server function says what is wrong in its body, whatever it is, under one status.
                let refused = 400..=if target.starts_with("/api/") { 500 } else { 499 };
                assert!(refused.contains(&reply.status), "{request:?}: {}", reply.status);
            }
            // A page that is not there shows the list beside it, to a browser that may see it.
            assert!(is_page || !reply.text().contains("SECRET"), "{request:?}");
            assert!(!reply.text().contains("root:"), "{request:?}");
            assert_headers(&reply, &request);
        }
    }
    assert_eq!(snapshot(&machine.state()), before);
    assert_eq!(server.get("/").header("Cookie", &cookie).send().await.status, 200);
    server.stop().await;
}

/// A target with each of its ids replaced by each of the bad ones.
fn with_bad_ids(path: &str, target: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for bad in BAD_IDS {
        for (index, hole) in path.split('/').enumerate() {
            if hole.starts_with('{') {
                let parts = target.split('/').enumerate();
                let spoilt = parts.map(|(at, part)| if at == index { bad } else { part });
                targets.push(spoilt.collect::<Vec<_>>().join("/"));
            }
        }
        if target.contains(&format!("id={SESSION}")) {
            targets.push(target.replace(SESSION, bad));
        }
    }
    targets
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_refused_at_every_route_and_changes_nothing() {
    let machine = Machine::with_an_agent();
    let server = machine.serve().await;
    refuse_the_whole_table(&machine, server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_refused_at_every_route_over_tls_too() {
    let machine = Machine::with_an_agent();
    let server = machine.serve_encrypted().await;
    refuse_the_whole_table(&machine, server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paired_browser_gets_its_pages_by_every_name_of_ours() {
    let machine = Machine::with_an_agent();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    for name in ["127.0.0.1", "localhost", "LocalHost", "[::1]"] {
        let host = format!("{name}:{}", server.address.port());
        for page in ["/", &format!("/sessions/{SESSION}")] {
            let request = server.get(page).header("Cookie", &cookie).with("Host", &host);
            let reply = request.header("Sec-Fetch-Site", "none").send().await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert!(reply.header("content-security-policy").unwrap().contains("'nonce-"));
        }
    }
    assert_eq!(server.get("/nowhere").header("Cookie", &cookie).send().await.status, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_to_do_to_people_and_to_programs() {
    let machine = Machine::with_an_agent();
    let server = machine.serve().await;
    let page = server.get("/").header("Accept", "text/html,*/*").send().await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.text().contains("orchestra web"));
    let program = server.get("/").send().await;
    assert_eq!(program.header("content-type"), Some("application/json"));
    let said: AppError = serde_json::from_slice(&program.body).unwrap();
    assert_eq!((said.kind, said.message.as_str()), (AppErrorKind::Refused, "This browser is not paired."));
    assert!(said.next_step.contains("orchestra web"));
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
