//! The site's files: in the smallest form the browser takes, and once.
//!
//! What the site holds depends on whether it was built, so these look at what the server itself says it has.

use std::collections::{BTreeMap, BTreeSet};

use orchestra_server::Access;

use crate::server::{Machine, Running};

/// The paths of the site's files, as far as it was built.
fn plain_files(server: &Running) -> Vec<String> {
    let fixed = ["/pair", "/offline", "/plain.css", "/sw.js"];
    server
        .routes
        .iter()
        .filter(|route| route.access == Access::Public && !route.path.contains('{'))
        .map(|route| route.path.clone())
        .filter(|path| !fixed.contains(&path.as_str()))
        .collect()
}

/// The files with hashes in their names that a page asks for.
async fn package_files(server: &Running) -> Vec<String> {
    let cookie = server.pair().await;
    let page = server.get("/").header("Cookie", &cookie).send().await.text();
    let mut files: Vec<String> =
        page.split('"').filter(|part| part.starts_with("/pkg/")).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_compressed_once_and_are_known_again() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let hashed = package_files(&server).await;
    for (path, for_ever) in
        hashed.iter().map(|path| (path, true)).chain(plain_files(&server).iter().map(|path| (path, false)))
    {
        let whole = server.get(path).send().await;
        assert_eq!(whole.status, 200, "{path}");
        assert_eq!(whole.header("content-encoding"), None);
        assert_eq!(whole.header("vary"), Some("accept-encoding"));
        let caching = whole.header("cache-control").unwrap();
        assert_eq!(caching.contains("immutable"), for_ever, "{path}: {caching}");

        let mut tags = BTreeMap::from([(None, whole.header("etag").unwrap().to_owned())]);
        for (accepted, encoding) in [("gzip, br", "br"), ("br;q=0.1, gzip", "gzip"), ("br;q=0, gzip", "gzip")]
        {
            let reply = server.get(path).header("Accept-Encoding", accepted).send().await;
            assert_eq!(reply.status, 200);
            // What does not get smaller is not compressed.
            if let Some(found) = reply.header("content-encoding") {
                assert_eq!(found, encoding, "{path}");
                assert!(reply.body.len() < whole.body.len(), "{path}");
                tags.insert(Some(encoding), reply.header("etag").unwrap().to_owned());
            }
            assert_eq!(reply.header("content-type"), whole.header("content-type"));
            let tag = reply.header("etag").unwrap();
            let known = server.get(path).header("Accept-Encoding", accepted).header("If-None-Match", tag);
            let known = known.send().await;
            assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
            assert_eq!(known.header("etag"), Some(tag));
        }
        // The same file in another form is another file.
        assert_eq!(tags.values().collect::<BTreeSet<_>>().len(), tags.len(), "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_of_the_site_is_not_served() {
    let machine = Machine::new();
    let server = machine.serve().await;
    for path in [
        "/pkg/nothing.js",
        "/pkg/../assets.json",
        "/pkg/..%2fassets.json",
        "/pkg/%2e%2e/%2e%2e/Cargo.toml",
        "/pkg/..%5c..%5cCargo.toml",
        "/pkg/a%00",
        "/pkg//etc/passwd",
        "/pkg/%2fetc%2fpasswd",
    ] {
        assert_eq!(server.get(path).send().await.status, 404, "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_without_the_app_are_there_for_anyone() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let offline = server.get("/offline").send().await;
    assert_eq!(offline.status, 200);
    let policy = offline.header("content-security-policy").unwrap();
    let nonce = policy.split_once("'nonce-").unwrap().1.split('\'').next().unwrap();
    assert!(offline.text().contains(&format!("<script nonce=\"{nonce}\">")));
    let again = server.get("/offline").send().await;
    assert_ne!(again.header("content-security-policy"), Some(policy), "a nonce is used once");
    let style = server.get("/plain.css").header("Accept-Encoding", "gzip").send().await;
    assert_eq!((style.status, style.header("content-encoding")), (200, Some("gzip")));
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    let worker = server.get("/sw.js").send().await;
    if worker.status == 200 {
        assert!(worker.text().starts_with("self.orchestra = {\"build\":\""));
        assert_eq!(worker.header("cache-control"), Some("no-cache"));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_compressed_as_they_are_made() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    for (accepted, encoding) in [("br, gzip", Some("gzip")), ("gzip", Some("gzip")), ("identity", None)] {
        let page = server.get("/").header("Cookie", &cookie).header("Accept-Encoding", accepted).send().await;
        assert_eq!((page.status, page.header("content-encoding")), (200, encoding));
        assert_eq!(page.header("cache-control"), Some("private, no-cache"));
    }
    server.stop().await;
}
