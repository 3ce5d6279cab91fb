//! How each route of the server is called rightly: what the table of refusals spoils.
//!
//! A route that is not here fails the test of [`crate::security`], so that nobody adds one whose refusals prove
//! nothing because even the right call was none.

use orchestra_server::{Access, Route};

use crate::client::Request;
use crate::server::{Machine, Running, SESSION, code_of};

/// The right call of a route.
pub(crate) struct Call {
    method: &'static str,
    path: &'static str,
    /// What is asked for, with `SESSION`, `WORKER` and `TEAM` for the ids of the session, the agent and the run that there
    /// are; the path when it is empty.
    target: &'static str,
    /// What is posted, JSON or a form, `CODE` standing for a pairing code that is good.
    body: &'static str,
    /// What comes back.
    status: u16,
}

const fn get(path: &'static str, target: &'static str, status: u16) -> Call {
    Call { method: "GET", path, target, body: "", status }
}

const fn post(path: &'static str, body: &'static str, status: u16) -> Call {
    Call { method: "POST", path, target: "", body, status }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A browser's subscription, its keys those of the example in RFC 8291.
const SUBSCRIPTION: &str = r#"{"endpoint":"https://push.example.com/x","keys":{"auth":"BTBZMqHH6r4Tts7J_aSIgg","p256dh":
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}}"#;

/// Every route that is there whether or not the site was built.
const CALLS: &[Call] = &[
    get("/pair", "", 200),
    post("/pair", "code=CODE", 303),
    get("/offline", "", 200),
    get("/plain.css", "", 200),
    post("/logout", "", 303),
    get("/events", "", 200),
    get("/palette", "/palette?agent=WORKER", 200),
    get("/runs", "", 200),
    get("/runs/{id}", "/runs/TEAM?show=graph", 200),
    get("/runs/{id}/report.md", "/runs/TEAM/report.md", 200),
    get("/sessions/{id}/images/{line_offset}/{index}", "/sessions/SESSION/images/0/0", 200),
    get("/sessions/{id}/export.txt", "/sessions/SESSION/export.txt", 200),
    get("/sessions/{id}/export.md", "/sessions/SESSION/export.md", 200),
    get("/sessions/{id}/export.json", "/sessions/SESSION/export.json", 200),
    get("/sessions/{id}/export.html", "/sessions/SESSION/export.html", 200),
    get("/push/key", "", 200),
    post("/push/subscribe", SUBSCRIPTION, 200),
    post("/push/unsubscribe", "{}", 200),
    // By now nothing is subscribed any more.
    post("/push/test", "{}", 409),
    // It asks nothing.
    post("/push/answer", r#"{"agent":"WORKER","request":"r","input_hash":"0","allow":true}"#, 409),
    get("/push/settings", "", 200),
    post("/push/settings", r#"{"quiet":null,"needs":true,"failed":true,"finished":true}"#, 200),
    get("/", "", 200),
    get("/new", "", 200),
    get("/settings", "", 200),
    get("/agents/{id}", "/agents/WORKER", 200),
    get("/api/list_agents", "", 200),
    get("/api/open_agent", "/api/open_agent?id=WORKER", 200),
    get("/api/get_work", "/api/get_work?id=WORKER&result=false", 200),
    get("/api/get_form", "", 200),
    get("/api/get_settings", "", 200),
    post("/api/send_command", "key=k&command=%7B%22do%22%3A%22unpark%22%7D", 200),
    get("/sessions", "", 200),
    get("/sessions/{id}", "/sessions/SESSION", 200),
    get("/sessions/{id}/agents/{agent}", "/sessions/SESSION/agents/AGENT", 200),
    get("/projects", "/projects?dir=%2Fhome%2Fada%2Fshop", 200),
    get("/api/list_sessions", "", 200),
    get("/api/list_projects", "", 200),
    get("/api/get_session", "/api/get_session?id=SESSION", 200),
    get("/api/get_block", "/api/get_block?id=SESSION&index=0", 200),
    get("/api/open_transcript", "/api/open_transcript?id=SESSION", 200),
];

/// A route with a request that it takes.
pub(crate) struct Rightly {
    pub(crate) route: Route,
    pub(crate) request: Request,
    pub(crate) status: u16,
}

/// Every route of a server, called rightly by the browser with this cookie; panics for one that nobody said how to
/// call, and for a call of a route that is gone.
pub(crate) fn rightly(server: &Running, cookie: &str) -> Vec<Rightly> {
    let is_of = |call: &Call, route: &Route| call.method == route.method && call.path == route.path;
    for call in CALLS {
        let there = server.routes.iter().any(|route| is_of(call, route));
        assert!(there, "{} {} is in calls.rs and nowhere else", call.method, call.path);
    }
    let files = files_of_the_site(server);
    server
        .routes
        .iter()
        .map(|route| {
            let (target, body, status) = match CALLS.iter().find(|call| is_of(call, route)) {
                Some(call) => {
                    let target = if call.target.is_empty() { call.path } else { call.target };
                    (target.to_owned(), call.body, call.status)
                }
                None => match files.iter().find(|(path, _, _)| *path == route.path) {
                    Some((_, target, status)) if route.method == "GET" => (target.clone(), "", *status),
                    _ => panic!("say in tests/http/calls.rs how {} {} is called", route.method, route.path),
                },
            };
            let filled = |text: &str| {
                let text = text.replace("SESSION", SESSION).replace("AGENT", Machine::SUBAGENT);
                text.replace("WORKER", Machine::AGENT).replace("TEAM", Machine::RUN)
            };
            let mut request = server.get(&filled(&target)).method(route.method.as_str());
            if route.method == "POST" {
                let kind = if body.starts_with('{') { JSON } else { FORM };
                request = request.sent_by_our_page().body(kind, filled(body));
            }
            if route.access == Access::Paired {
                request = request.header("Cookie", cookie);
            }
            Rightly { route: route.clone(), request, status }
        })
        .collect()
}

/// With a pairing code that is good, where one belongs.
pub(crate) fn with_a_code(server: &Running, request: &Request) -> Request {
    let link = server.links.new_link().unwrap();
    request.clone().form(&request.text().replace("CODE", code_of(&link)))
}

/// The files of the site, by route, target and answer: they are there when it was built.
fn files_of_the_site(server: &Running) -> Vec<(String, String, u16)> {
    let public = concat!(env!("CARGO_MANIFEST_DIR"), "/../public");
    let names = std::fs::read_dir(public).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<_> = names
        .map(|name| format!("/{}", name.to_str().unwrap()))
        .map(|path| (path.clone(), path, 200))
        .collect();
    let built = server.routes.iter().any(|route| route.path == "/icon.svg");
    let worker = files.iter_mut().find(|(path, _, _)| path == "/sw.js").expect("a service worker");
    worker.2 = if built { 200 } else { 404 };
    files.push(("/pkg/{*name}".to_owned(), "/pkg/nothing.js".to_owned(), 404));
    files
}
