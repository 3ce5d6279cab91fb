//! Pairing: once, in time, and for as long as the device is not revoked.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::server::{Machine, code_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_exchanged_for_a_cookie_once() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let code = code_of(&server.pairing_url).to_owned();
    let target = server.pairing_url.split_once(&server.address.to_string()).unwrap().1;

    // Looking at the link changes nothing, however often.
    for _ in 0..3 {
        let page = server.get(target).send().await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("set-cookie"), None);
        assert!(page.text().contains(&format!("name=\"code\" value=\"{code}\"")));
        assert!(page.text().contains("method=\"post\""));
    }
    let reply = server.hand_in(&code).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let cookie = reply.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=7776000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains("Secure"), "{cookie}");

    let cookie = reply.cookie().unwrap();
    assert_eq!(server.get("/").header("Cookie", &cookie).send().await.status, 200);
    let again = server.hand_in(&code).await;
    assert_eq!((again.status, again.header("set-cookie")), (403, None));

    // A browser that is paired is sent on, and a new code stays good.
    let link = server.links.new_link().unwrap();
    let target = link.split_once(&server.address.to_string()).unwrap().1;
    assert_eq!(server.get(target).header("Cookie", &cookie).send().await.status, 303);
    assert_eq!(server.hand_in(code_of(&link)).await.status, 303);
    assert_eq!(server.devices.list().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_who_race_for_a_code_one_wins() {
    let machine = Machine::new();
    let server = Arc::new(machine.serve().await);
    let code = code_of(&server.pairing_url).to_owned();
    // As many at once as the fewest files that a system lets a process open allow.
    let places = Arc::new(Semaphore::new(50));
    let racers: Vec<_> = (0..1000)
        .map(|_| {
            let (server, code, places) = (Arc::clone(&server), code.clone(), Arc::clone(&places));
            tokio::spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                server.hand_in(&code).await
            })
        })
        .collect();
    let mut winners = 0;
    for racer in racers {
        let reply = racer.await.unwrap();
        match reply.status {
            303 => winners += 1,
            // Wrong, or locked: many wrong ones came.
            403 | 429 => assert_eq!(reply.header("set-cookie"), None),
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(server.devices.list().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_locks_whatever_address_is_claimed() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut locked = None;
    for guess in 0..20_u32 {
        let reply = server
            .post("/pair")
            .sent_by_our_page()
            .header("X-Forwarded-For", &format!("::ffff:10.0.0.{guess}"))
            .form(&format!("code={guess:022}"))
            .send()
            .await;
        if reply.status == 429 {
            locked = Some(reply);
            break;
        }
        assert_eq!(reply.status, 403);
    }
    let locked = locked.expect("a lock");
    assert!(locked.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(server.hand_in(code_of(&server.pairing_url)).await.status, 429);
    // The owner asks for a new link in the terminal, which is not locked out.
    server.pair().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn next_leads_to_this_server_only() {
    let machine = Machine::new();
    let server = machine.serve().await;
    for (next, wanted) in [
        ("%2Fsessions%3Fquery%3Dx", "/sessions?query=x"),
        ("%2F%2Fevil", "/"),
        ("%2F%5Cevil", "/"),
        ("%2F%09%2Fevil", "/"),
        ("https%3A%2F%2Fevil", "/"),
        ("%2Fa%0D%0ASet-Cookie%3A%20x", "/"),
    ] {
        let link = server.links.new_link().unwrap();
        let form = format!("code={}&next={next}", code_of(&link));
        let reply = server.post("/pair").sent_by_our_page().form(&form).send().await;
        assert_eq!((reply.status, reply.header("location")), (303, Some(wanted)), "{next}");
    }
    // A link that is not whole is not put into a page.
    let page = server.get("/pair?code=%22%3E%3Cscript%3E&next=%2F%2Fevil").send().await;
    assert_eq!(page.status, 400);
    assert!(!page.text().contains("<script>") && !page.text().contains("evil"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_stays_paired_over_a_restart_until_it_is_revoked() {
    let machine = Machine::new();
    let first = machine.serve().await;
    let address = first.address;
    let (kept, revoked) = (first.pair().await, first.pair().await);
    let old_link = first.links.new_link().unwrap();
    let secret = kept.split_once('=').unwrap().1.to_owned();
    for (path, content) in crate::server::snapshot(&machine.state()) {
        assert!(!path.to_string_lossy().contains(&secret), "{path:?}");
        assert!(!String::from_utf8_lossy(&content).contains(&secret), "{path:?}");
    }
    first.stop().await;

    let second = machine.serve_at(address).await;
    for cookie in [&kept, &revoked] {
        assert_eq!(second.get("/").header("Cookie", cookie).send().await.status, 200);
    }
    assert_eq!(second.hand_in(code_of(&old_link)).await.status, 403);

    let logout = second.post("/logout").sent_by_our_page().header("Cookie", &revoked).send().await;
    assert_eq!(logout.status, 303);
    assert!(logout.header("set-cookie").unwrap().contains("Max-Age=0"), "{:?}", logout.headers);
    assert_eq!(second.get("/").header("Cookie", &revoked).send().await.status, 401);
    assert_eq!(second.get("/").header("Cookie", &kept).send().await.status, 200);

    let devices = second.devices.list().unwrap();
    assert_eq!(devices.len(), 1);
    assert!(second.devices.revoke(&devices[0].id).unwrap());
    assert_eq!(second.get("/").header("Cookie", &kept).send().await.status, 401);
    second.stop().await;
}
