//! Behind a proxy: names that were given on the command line, and one hop that is believed, or none.

use orchestra_server::Reach;

use crate::client::Request;
use crate::server::{Machine, Running, code_of};

const NAME: &str = "box.tail1234.ts.net";

async fn serve(machine: &Machine, trust_proxy: bool) -> Running {
    let address = "127.0.0.1:0".parse().unwrap();
    let hosts = vec![NAME.parse().unwrap(), "other.example.net:8443".parse().unwrap()];
    machine.serve_as(Reach { hosts, trust_proxy, ..Reach::at(address) }).await
}

/// A pairing as a browser sends it to a proxy, and as that passes it on.
fn pairing(server: &Running, origin: &str) -> Request {
    let link = server.links.new_link().unwrap();
    server
        .post("/pair")
        .form(&format!("code={}", code_of(&link)))
        .with("Host", NAME)
        .header("Origin", origin)
        .header("Sec-Fetch-Site", "same-origin")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_paired_through_a_trusted_proxy_and_its_cookie_never_travels_plain() {
    let machine = Machine::new();
    let server = serve(&machine, true).await;
    assert!(server.pairing_url.starts_with(&format!("https://{NAME}/pair?code=")), "{}", server.pairing_url);
    let secure = format!("https://{NAME}");
    let through = |request: Request| request.header("X-Forwarded-Proto", "https");
    let reply = through(pairing(&server, &secure)).header("X-Forwarded-Host", NAME).send().await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-orchestra_") && cookie.contains("Secure"), "{cookie}");
    let cookie = reply.cookie().unwrap();
    let page = || server.get("/").with("Host", NAME).header("Cookie", &cookie);
    assert_eq!(through(page()).send().await.status, 200);
    // The same cookie without the proxy's word for it, and a browser of this machine's own.
    assert_eq!(page().send().await.status, 401);
    let own = server.pair().await;
    assert!(own.starts_with("orchestra_"), "{own}");
    assert_eq!(server.get("/").header("Cookie", &own).send().await.status, 200);

    // A proxy that calls the server by its address, and says by which name it was called itself.
    let renamed = through(pairing(&server, &secure).with("Host", &server.address.to_string()));
    assert_eq!(renamed.clone().header("X-Forwarded-Host", NAME).send().await.status, 303);
    assert_eq!(renamed.send().await.status, 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_says_counts_once_and_for_given_names() {
    let machine = Machine::new();
    let server = serve(&machine, true).await;
    let secure = format!("https://{NAME}");
    let through = || pairing(&server, &secure).header("X-Forwarded-Proto", "https");
    let port = server.address.port();
    for (status, request) in [
        (421, through().header("X-Forwarded-Host", "evil.com")),
        (421, through().with("Host", "evil.com").header("X-Forwarded-Host", NAME)),
        (421, through().header("X-Forwarded-Host", NAME).header("X-Forwarded-Host", NAME)),
        (421, through().header("X-Forwarded-Host", &format!("{NAME}, {NAME}"))),
        (400, through().header("X-Forwarded-Proto", "https")),
        (400, through().with("X-Forwarded-Proto", "https, https")),
        (403, through().with("X-Forwarded-Proto", "http")),
        (403, through().with("Origin", "https://other.example.net:8443")),
        (403, through().with("Origin", &format!("http://{NAME}"))),
        (421, through().with("Host", "other.example.net")),
        // For the machine's own name nothing of it counts.
        (
            403,
            through()
                .with("Host", &format!("localhost:{port}"))
                .with("Origin", &format!("https://localhost:{port}")),
        ),
    ] {
        let reply = request.send().await;
        assert_eq!((reply.status, reply.header("set-cookie")), (status, None), "{request:?}");
    }
    assert!(server.devices.list().unwrap().is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_trust_nothing_that_a_proxy_says_counts() {
    let machine = Machine::new();
    let server = serve(&machine, false).await;
    assert!(server.pairing_url.starts_with(&format!("http://{NAME}/pair?code=")), "{}", server.pairing_url);
    let secure = format!("https://{NAME}");
    let claimed =
        pairing(&server, &secure).header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", NAME);
    assert_eq!(claimed.send().await.status, 403);
    let plain = pairing(&server, &format!("http://{NAME}"));
    let reply =
        plain.header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", "evil.com").send().await;
    assert_eq!(reply.status, 303);
    assert!(!reply.header("set-cookie").unwrap().contains("Secure"));
    server.stop().await;
}
