//! Load and slowness: bodies without end, heads that do not come, JSON that is deep.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::PATIENCE;
use crate::server::Machine;

const MEBIBYTE: usize = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_by_what_it_says_and_by_what_it_is() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    for target in ["/pair", "/logout", "/api/list_sessions", "/nowhere"] {
        let post = server.post(target).sent_by_our_page().header("Cookie", &cookie);
        let said = post.clone().form("x").with("Content-Length", "1073741824");
        assert_eq!(said.send().await.status, 413, "{target}");

        // Without end, and without saying how long: the server must hang up on it.
        let endless = post.with("Content-Type", "application/json").with("Transfer-Encoding", "chunked");
        let (mut reading, mut writing) = tokio::io::split(endless.open().await);
        let sending = async {
            let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
            for sent in 0..64 * MEBIBYTE / 0x1000 {
                if writing.write_all(&chunk).await.is_err() {
                    return sent;
                }
            }
            usize::MAX
        };
        let mut answer = Vec::new();
        let receiving = async {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = reading.read(&mut piece).await {
                answer.extend_from_slice(&piece[..length]);
            }
        };
        let (sent, ()) =
            tokio::time::timeout(PATIENCE, async { tokio::join!(sending, receiving) }).await.unwrap();
        assert_ne!(sent, usize::MAX, "{target}: all of it was taken");
        // The answer may be lost with the connection, but it is never another one.
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 413"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(server.get("/").header("Cookie", &cookie).send().await.status, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_is_refused_and_one_that_does_not_come_is_hung_up_on() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let long = server.get("/").header("X-Long", &"x".repeat(MEBIBYTE));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let head = long.head();
    let sending = async { writing.write_all(head.as_bytes()).await };
    let mut answer = Vec::new();
    let receiving = async { reading.read_to_end(&mut answer).await };
    let _ = tokio::time::timeout(PATIENCE, async { tokio::join!(sending, receiving) }).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));

    // Half a head, an idle connection: both end from the server's side.
    let mut waiting = Vec::new();
    for sent in ["GET / HTTP/1.1\r\nHost: ", ""] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    for mut stream in waiting {
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let request = server.post("/pair").sent_by_our_page().form("code").with("Content-Length", "60000");
    let reply = request.send().await;
    assert_eq!(reply.status, 408, "{}", reply.text());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_and_garbage_are_errors_and_nothing_more() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let functions: Vec<_> = server.routes.iter().filter(|route| route.path.starts_with("/api/")).collect();
    assert!(!functions.is_empty());
    let (deep, garbage) = ("[a]".repeat(20_000), "%00=%ff&id=..%2F..%2Fetc%2Fpasswd&&&===");
    for function in functions {
        let path = &function.path;
        let requests = if function.method == "POST" {
            let post = server.post(path).sent_by_our_page();
            vec![
                post.clone().body("application/json", "[".repeat(65_536)),
                post.clone().body("application/json", [0xff; 64]),
                post.clone().form(&format!("x{deep}=1")),
                post.form(garbage),
            ]
        } else {
            let deep = &deep[..20_000];
            vec![server.get(&format!("{path}?x{deep}=1")), server.get(&format!("{path}?{garbage}"))]
        };
        for request in requests {
            let reply = request.header("Cookie", &cookie).send().await;
            assert!((400..=500).contains(&reply.status) || reply.status == 200, "{path}: {}", reply.status);
            assert!(!reply.text().contains("root:"), "{}", reply.text());
        }
    }
    // A million deep is over the limit of a body: refused unread, whether or not the answer survives that.
    let deep = server.post("/pair").sent_by_our_page().body("application/json", "[".repeat(1_000_000));
    let mut answer = Vec::new();
    let reading = async { deep.open().await.read_to_end(&mut answer).await };
    let _ = tokio::time::timeout(PATIENCE, reading).await.expect("an end");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(server.get("/").header("Cookie", &cookie).send().await.status, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_many_ask_for_at_once_is_made_for_each() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let page = server.get("/").header("Cookie", &server.pair().await);
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        let page = page.clone();
        asking.spawn(async move {
            for _ in 0..10 {
                let reply = page.send().await;
                assert_eq!(reply.status, 200);
                assert!(reply.text().contains("<title>Now"), "{}", reply.text());
            }
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
    server.stop().await;
}
