//! The event stream: who may listen, what is heard, and when it ends.

use orchestra_core::agents::log::LogWriter;
use orchestra_model::Timestamp;
use tokio::io::AsyncReadExt;

use crate::client::{PATIENCE, Request, Wire, unchunk};
use crate::server::{Machine, Running, SESSION};

/// An open stream.
pub(crate) struct Listening {
    stream: Box<dyn Wire>,
    heard: Vec<u8>,
}

impl Listening {
    pub(crate) async fn start(request: &Request) -> Self {
        let mut listening = Self { stream: request.open().await, heard: Vec::new() };
        listening.hear(": listening").await;
        listening
    }

    /// Waits until something was said; returns all that was.
    pub(crate) async fn hear(&mut self, wanted: &str) -> String {
        let waiting = async {
            loop {
                let said = self.said();
                if said.contains(wanted) {
                    return said;
                }
                assert!(self.read().await > 0, "it ended without {wanted:?}: {said}");
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never heard {wanted:?}"))
    }

    async fn read(&mut self) -> usize {
        let mut piece = [0; 4096];
        let length = self.stream.read(&mut piece).await.unwrap_or(0);
        self.heard.extend_from_slice(&piece[..length]);
        length
    }

    fn said(&self) -> String {
        let Some(end) = self.heard.windows(4).position(|four| four == b"\r\n\r\n") else {
            return String::new();
        };
        let head = String::from_utf8_lossy(&self.heard[..end]).into_owned();
        head + "\n" + &String::from_utf8_lossy(&unchunk(&self.heard[end + 4..]))
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) {
        tokio::time::timeout(PATIENCE, async { while self.read().await > 0 {} }).await.expect("an end");
    }
}

fn listen(server: &Running, cookie: &str) -> Request {
    server.get("/events").header("Cookie", cookie)
}

/// Whether an event was said that names nothing: fetch again.
fn asks_to_fetch_again(said: &str) -> bool {
    let mut events = said.lines().filter_map(|line| line.strip_prefix("data: "));
    events.any(|event| !event.contains("\"row\"") && !event.contains("\"removed\""))
}

/// The number of the last event in what was said.
fn last_number(said: &str) -> u64 {
    said.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_appended_is_heard_and_a_listener_goes_on_where_it_was() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let mut first = Listening::start(&listen(&server, &cookie).header("Accept-Encoding", "gzip, br")).await;
    assert!(first.said().contains("text/event-stream") && first.said().contains("x-accel-buffering: no"));
    assert!(!first.said().contains("content-encoding"), "{}", first.said());

    machine.append(SESSION, &Machine::prompt(1, "first words"));
    let said = first.hear("first words").await;
    assert!(said.contains("\"row\":{\"id\":") && said.contains("\"appended\":true"), "{said}");
    let place = last_number(&said);
    drop(first);

    machine.append(SESSION, &Machine::prompt(2, "second words"));
    // Whoever was there before is told what came since, by either way of saying where it was.
    for request in [
        listen(&server, &cookie).header("Last-Event-ID", &place.to_string()),
        server.get(&format!("/events?after={place}")).header("Cookie", &cookie),
    ] {
        let said = Listening::start(&request).await.hear("second words").await;
        assert!(!asks_to_fetch_again(&said), "{said}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_run_elsewhere_is_heard() {
    let machine = Machine::with_an_agent();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let mut listening = Listening::start(&listen(&server, &cookie)).await;
    // As `orchestra land` in a terminal writes it.
    let folder = machine.state().join("runs").join(Machine::RUN);
    std::fs::create_dir_all(&folder).unwrap();
    let mut journal = LogWriter::open(&folder.join("events")).unwrap();
    for number in 0..2 {
        let event = format!(r#"{{"event":"sent_back","task":0,"why":"{number}"}}"#);
        journal.append(Timestamp::now(), event.as_bytes()).unwrap();
        let said = listening.hear(&format!("\"run\":\"{}\"}}", Machine::RUN)).await;
        let place = last_number(&said);
        listening =
            Listening::start(&listen(&server, &cookie).header("Last-Event-ID", &place.to_string())).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_place_is_told_to_fetch_again() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    for place in ["0", "1", "18446744073709551615", "nonsense", ""] {
        let request = listen(&server, &cookie).header("Last-Event-ID", place);
        let said = Listening::start(&request).await.hear("}\n\n").await;
        assert!(asks_to_fetch_again(&said), "{said}");
        assert!(last_number(&said) > 1, "{said}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_misses_nothing_between_its_rendering_and_its_stream() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let place = async || {
        let page = server.get("/sessions").header("Cookie", &cookie).send().await.text();
        let (_, rest) =
            page.split_once("data-sequence=\"").expect("the page says at which event it was rendered");
        rest.split('"').next().unwrap().to_owned()
    };
    let after = |place: &str| server.get(&format!("/events?after={place}")).header("Cookie", &cookie);
    // The first page there is, before anyone listens.
    let rendered = place().await;
    machine.append(SESSION, &Machine::prompt(1, "words in between"));
    let said = Listening::start(&after(&rendered)).await.hear("words in between").await;
    assert!(!asks_to_fetch_again(&said), "{said}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_without_a_cookie_or_from_elsewhere() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    assert_eq!(server.get("/events").send().await.status, 401);
    for (name, value) in [("Origin", "http://evil.com"), ("Origin", "null"), ("Sec-Fetch-Site", "same-site")]
    {
        assert_eq!(listen(&server, &cookie).header(name, value).send().await.status, 403);
    }
    assert_eq!(listen(&server, &cookie).with("Host", "evil.com").send().await.status, 421);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_ends_with_its_device_and_with_the_server() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let (leaving, revoked, staying) = (server.pair().await, server.pair().await, server.pair().await);
    let left = Listening::start(&listen(&server, &leaving)).await;
    let cut = Listening::start(&listen(&server, &revoked)).await;
    let mut stays = Listening::start(&listen(&server, &staying)).await;

    assert_eq!(server.post("/logout").sent_by_our_page().header("Cookie", &leaving).send().await.status, 303);
    left.end().await;
    assert_eq!(listen(&server, &leaving).send().await.status, 401);

    // The one of the others that was paired first.
    let mut devices = server.devices.list().unwrap();
    devices.sort_by_key(|device| device.created_at);
    server.devices.revoke(&devices[0].id).unwrap();
    cut.end().await;

    machine.append(SESSION, &Machine::prompt(1, "still here"));
    stays.hear("still here").await;
    server.stop().await;
    stays.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_capped_and_pages_still_answer() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let request = listen(&server, &cookie);
    let mut open = Vec::new();
    let refused = loop {
        let mut stream = request.open().await;
        let mut start = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut start)).await.unwrap().unwrap();
        if &start == b"HTTP/1.1 503" {
            break open.len();
        }
        assert_eq!(&start, b"HTTP/1.1 200");
        open.push(stream);
        assert!(open.len() <= 1024, "no cap");
    };
    assert!(refused > 0);
    assert_eq!(server.get("/").header("Cookie", &cookie).send().await.status, 200);
    // A place that is given back can be taken.
    open.truncate(refused / 2);
    let again = async { while request.status().await == 503 {} };
    tokio::time::timeout(PATIENCE, again).await.expect("a place");
    drop(open);
    server.stop().await;
}
