//! Pictures and exports: what a transcript holds, served so that nothing in it runs.

use crate::server::{Machine, SESSION};

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_served_as_what_its_bytes_are() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    let get = |target: String| server.get(&target).header("Cookie", &cookie);
    let picture = get(format!("/sessions/{SESSION}/images/0/0")).send().await;
    // The transcript claims SVG, which could hold scripts.
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert!(picture.body.starts_with(b"\x89PNG"));
    assert!(picture.header("content-security-policy").unwrap().ends_with("sandbox"));
    for nowhere in [
        format!("/sessions/{SESSION}/images/0/1"),
        format!("/sessions/{SESSION}/images/7/0"),
        format!("/sessions/{SESSION}/images/99999999999/0"),
        format!("/sessions/{SESSION}/images/0/0?agent=nobody"),
        format!("/sessions/{SESSION}/images/0/0?agent=..%2F..%2Fx"),
        "/sessions/22222222-2222-4222-8222-222222222222/images/0/0".to_owned(),
        "/sessions/11111111/images/0/0".to_owned(),
        "/sessions/--settings=x/images/0/0".to_owned(),
        "/sessions/%2e%2e/images/0/0".to_owned(),
    ] {
        assert_eq!(get(nowhere.clone()).send().await.status, 404, "{nowhere}");
    }
    for nonsense in ["-1/0", "x/0", "0/4294967296"] {
        let reply = get(format!("/sessions/{SESSION}/images/{nonsense}")).send().await;
        assert_eq!(reply.status, 400, "{nonsense}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_exported_as_a_file_to_keep() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    for (ending, kind) in [
        ("md", "text/markdown; charset=utf-8"),
        ("json", "application/json"),
        ("html", "text/html; charset=utf-8"),
        ("txt", "text/plain; charset=utf-8"),
    ] {
        let target = format!("/sessions/{SESSION}/export.{ending}");
        let reply = server.get(&target).header("Cookie", &cookie).send().await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)));
        let name = format!("attachment; filename=\"shop-11111111.{ending}\"");
        assert_eq!(reply.header("content-disposition"), Some(name.as_str()));
        assert!(reply.header("content-security-policy").unwrap().ends_with("sandbox"));
        assert!(reply.text().contains("SECRET-PROMPT"), "{}", reply.text());

        let packed =
            server.get(&target).header("Cookie", &cookie).header("Accept-Encoding", "gzip").send().await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
    }
    let nowhere = server.get("/sessions/22222222/export.md").header("Cookie", &cookie).send().await;
    assert_eq!(nowhere.status, 404);
    server.stop().await;
}
