//! TLS: the server's own certificate and the owner's, the cookie that never travels plain, and what is no handshake.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use orchestra_server::{Encryption, Reach, ServeError, TlsError};
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Endpoint, PATIENCE};
use crate::events::Listening;
use crate::server::{Machine, code_of};

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_of_an_encrypted_server_is_for_this_host_alone_and_never_travels_plain() {
    let machine = Machine::new();
    let server = machine.serve_encrypted().await;
    assert!(server.pairing_url.starts_with(&format!("https://{}/pair?code=", server.address)));
    let reply = server.hand_in(code_of(&server.pairing_url)).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("__Host-orchestra_{}=", server.address.port())), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let page = server.get("/").header("Cookie", &reply.cookie().unwrap()).send().await;
    assert_eq!(page.status, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_over_tls_ends_with_its_device() {
    let machine = Machine::new();
    let server = machine.serve_encrypted().await;
    let cookie = server.pair().await;
    let request = server.get("/events").header("Cookie", &cookie);
    let listening = Listening::start(&request).await;
    assert_eq!(server.post("/logout").sent_by_our_page().header("Cookie", &cookie).send().await.status, 303);
    listening.end().await;
    assert_eq!(request.send().await.status, 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_that_is_made_is_kept_and_its_owners_alone() {
    let machine = Machine::new();
    let first = machine.serve_encrypted().await;
    let fingerprint = first.ready.self_made.expect("a fingerprint");
    let words = fingerprint.to_string();
    assert_eq!(words.len(), 32 * 3 - 1);
    assert!(words.split(' ').all(|pair| u8::from_str_radix(pair, 16).is_ok() && pair.len() == 2), "{words}");
    first.stop().await;
    let mode = fs::metadata(machine.state().join("server/tls.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = machine.serve_encrypted().await;
    assert_eq!(second.ready.self_made, Some(fingerprint));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_at_an_encrypted_port_is_told_so_and_gets_nothing() {
    let machine = Machine::new();
    let server = machine.serve_encrypted().await;
    let plain = Endpoint::plain(server.address);
    let cookie = server.pair().await;
    let asked = crate::client::Request::new(&plain, "GET", "/").header("Cookie", &cookie).send().await;
    assert_eq!(asked.status, 400);
    assert!(asked.text().contains("https://") && asked.text().lines().count() == 1, "{}", asked.text());
    assert_eq!((asked.header("set-cookie"), asked.header("location")), (None, None));
    // What is neither, and what begins like TLS and is not.
    for sent in [&b"\x00\x01\x02"[..], b"PRI * HTTP/2.0\r\n\r\n", b"\x16\x03\x01\x00\x05hello"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
        assert!(!String::from_utf8_lossy(&answer).contains("SECRET"));
    }
    assert_eq!(server.get("/").header("Cookie", &cookie).send().await.status, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_is_hung_up_on() {
    let machine = Machine::new();
    let server = machine.serve_encrypted().await;
    let mut waiting = Vec::new();
    for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        waiting.push(stream);
    }
    for mut stream in waiting {
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_certificate_is_shown_and_a_wrong_one_is_refused_at_the_start() {
    let machine = Machine::new();
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (pem, secret) = (folder.path().join(name), folder.path().join(format!("{name}.key")));
        fs::write(&pem, certificate.pem()).unwrap();
        fs::write(&secret, key.serialize_pem()).unwrap();
        (pem, secret)
    };
    let ((certificate, key), (_, other_key)) = (make("one"), make("other"));
    let reach = |key: &std::path::Path| Reach {
        encryption: Encryption::With { certificate: certificate.clone(), key: key.to_owned() },
        ..Reach::at("127.0.0.1:0".parse().unwrap())
    };
    let bind = async |key| machine.bind(reach(key)).await.unwrap_err();
    let refused = bind(&other_key).await;
    assert!(matches!(refused, ServeError::Tls(TlsError::Mismatch { .. })), "{refused:?}");
    let refused = bind(&folder.path().join("missing")).await;
    assert!(matches!(refused, ServeError::Tls(TlsError::Unreadable { .. })), "{refused:?}");

    // The client believes no other.
    let server = machine.serve_as(reach(&key)).await;
    assert_eq!(server.ready.self_made, None, "its owner knows it");
    assert_eq!(server.get("/offline").send().await.status, 200);
    assert!(!machine.state().join("server/tls.pem").exists());
    server.stop().await;
}
