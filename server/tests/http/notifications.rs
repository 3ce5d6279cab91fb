//! Notifications: what is pushed to whom, and what the routes around it take and refuse.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use orchestra_model::{Agent, Timestamp};
use orchestra_server::{DeviceId, NotifyConfig, Ntfy};
use serde_json::{Value, json};

use crate::push_service::PushService;
use crate::server::{Machine, Running};

/// An agent that runs, with some fields of its own.
fn agent(id: &str, fields: &Value) -> Agent {
    let now = Timestamp::now();
    let mut agent = json!({
        "id": id, "name": format!("name-of-{id}"), "provider": "claude", "task": "t", "run": "abcd2345", "state": "running",
        "failure": null, "attention": null, "doing": null, "repo": null, "worktree": null, "branch": null,
        "base": null, "session_id": "s", "model": null, "permission_mode": null, "pid": null, "created_at": now,
        "updated_at": now, "exit": null, "cost_usd": null, "tokens": orchestra_model::Usage::default(), "turns": 0,
        "diffstat": null, "queue": [], "requests": [], "is_cleaned": false, "notes": [], "sequence": 1,
    });
    for (name, value) in fields.as_object().unwrap() {
        agent[name] = value.clone();
    }
    serde_json::from_value(agent).unwrap()
}

/// An agent that asks for leave to run a command.
fn asking(id: &str, command: &str) -> Agent {
    let request = json!({
        "id": "r1", "kind": "permission", "tool": "Bash", "input": json!({ "command": command }).to_string(),
        "input_hash": "the-hash", "summary": command.replace('\n', " "), "reason": null, "questions": [], "plan": null,
        "suggestions": [], "at": Timestamp::now(), "decided": null,
    });
    agent(id, &json!({ "state": "waiting", "requests": [request] }))
}

/// An agent that goes on: nothing is asked any more.
fn working(id: &str) -> Agent {
    agent(id, &json!({}))
}

/// An agent whose turn is over.
fn done(id: &str) -> Agent {
    let attention =
        json!({ "kind": "done", "since": Timestamp::now(), "summary": "All tests pass.", "until": null });
    agent(id, &json!({ "state": "idle", "turns": 1, "attention": attention }))
}

/// Quiet hours around now, by the machine's clock.
fn quiet_now() -> Value {
    let clock = orchestra_app::ssr::Clock::system();
    let now = clock.now();
    let minute = (now.as_second() + i64::from(clock.offset_at(now))).div_euclid(60).rem_euclid(1440);
    let time = |minute: i64| format!("{:02}:{:02}", minute.rem_euclid(1440) / 60, minute.rem_euclid(60));
    json!({ "from": time(minute - 120), "to": time(minute + 120) })
}

fn devices_kept(machine: &Machine) -> usize {
    fs::read_dir(machine.state().join("server/push/devices")).unwrap().count()
}

async fn device(server: &Running, at: usize) -> DeviceId {
    server.devices.list().unwrap()[at].id.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_is_one_push_with_the_exact_command_and_withdrawn_when_answered_elsewhere() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    service.browser(&server, "phone").await;

    let command = "cargo test --all\necho \"done\"";
    server.notifier.agent_changed(&asking("a", command));
    let pushed = service.next().await;
    let message = &pushed.message;
    assert_eq!(message["body"], command);
    assert_eq!(message["title"], "name-of-a wants to use Bash");
    assert_eq!(message["actions"], json!(["allow", "deny"]));
    assert_eq!(message["url"], "/agents/a");
    let named = (&message["agent"], &message["request"], &message["input_hash"]);
    assert_eq!(named, (&"a".into(), &"r1".into(), &"the-hash".into()));
    assert_eq!((&pushed.headers["urgency"], pushed.to.as_str()), (&"high".parse().unwrap(), "phone"));

    // It changes, and what it asks stays: told already.
    server.notifier.agent_changed(&asking("a", command));
    service.assert_silence().await;

    server.notifier.agent_changed(&working("a"));
    let withdrawn = service.next().await;
    assert_eq!(withdrawn.message, json!({ "withdraw": message["tag"] }));
    assert_eq!(withdrawn.headers["topic"], pushed.headers["topic"], "the newer replaces the older");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_that_end_together_are_one_push() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    service.browser(&server, "phone").await;
    // The first start tells nothing of what was there; these end after it.
    for id in ["a", "b", "c"] {
        server.notifier.agent_changed(&done(id));
    }
    let pushed = service.next().await;
    assert_eq!(pushed.message["title"], "3 agents have finished");
    assert_eq!(pushed.headers["urgency"], "normal");
    service.assert_silence().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_hold_back_and_what_still_stands_is_told_when_they_end() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    let cookie = service.browser(&server, "phone").await;
    let settings = json!({ "quiet": quiet_now(), "needs": true, "failed": true, "finished": true });
    let reply = server.post_json("/push/settings", &cookie, &settings).await;
    assert_eq!((reply.status, reply.json()), (200, settings.clone()));

    server.notifier.agent_changed(&asking("a", "ls"));
    server.notifier.agent_changed(&asking("b", "pwd"));
    service.assert_silence().await;
    server.notifier.agent_changed(&working("b"));
    service.assert_silence().await;

    // Settings outlive the server, and so does what waits.
    server.stop().await;
    let server = machine.serve().await;
    let kept = server.get("/push/settings").header("Cookie", &rename(&cookie, &server)).send().await;
    assert_eq!(kept.json(), settings);
    server.notifier.agent_changed(&asking("a", "ls"));
    service.assert_silence().await;
    let open = json!({ "quiet": null, "needs": true, "failed": true, "finished": true });
    assert_eq!(server.post_json("/push/settings", &rename(&cookie, &server), &open).await.status, 200);
    assert_eq!(service.next().await.message["body"], "ls");
    service.assert_silence().await;
    server.stop().await;
}

/// A cookie for a server at another port: its name is the port's.
fn rename(cookie: &str, server: &Running) -> String {
    format!("orchestra_{}={}", server.address.port(), cookie.split_once('=').unwrap().1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_not_told_again_after_a_restart_and_is_withdrawn() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    service.browser(&server, "phone").await;
    let asks = asking("a", "ls");
    server.notifier.agent_changed(&asks);
    let tag = service.next().await.message["tag"].clone();
    server.stop().await;

    let server = machine.serve().await;
    server.notifier.agent_changed(&asks);
    service.assert_silence().await;
    server.notifier.agent_changed(&working("a"));
    assert_eq!(service.next().await.message, json!({ "withdraw": tag }));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_device_gets_one_and_a_revoked_one_none() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    service.browser(&server, "phone").await;
    let phone = device(&server, 0).await;
    let laptop = service.browser(&server, "laptop").await;
    server.notifier.agent_changed(&asking("a", "ls"));
    let mut reached = [service.next().await.to, service.next().await.to];
    reached.sort();
    assert_eq!(reached, ["laptop", "phone"]);
    assert_eq!(devices_kept(&machine), 2);

    assert!(server.devices.revoke(&phone).unwrap());
    server.notifier.agent_changed(&asking("b", "ls"));
    assert_eq!(service.next().await.to, "laptop");
    // One that logs out, too.
    let logged_out = server.post("/logout").sent_by_our_page().header("Cookie", &laptop).send().await;
    assert_eq!(logged_out.status, 303);
    server.notifier.agent_changed(&asking("c", "ls"));
    service.assert_silence().await;
    assert_eq!((service.tried("phone"), devices_kept(&machine)), (1, 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_gone_is_forgotten() {
    for status in [404, 410] {
        let machine = Machine::new();
        let server = machine.serve().await;
        let mut service = PushService::start().await;
        let cookie = service.browser(&server, "phone").await;
        service.answer("phone", &[status]);
        server.notifier.agent_changed(&asking("a", "ls"));
        service.assert_silence().await;
        assert_eq!((service.tried("phone"), devices_kept(&machine)), (1, 0), "{status}");
        let key = server.get("/push/key").header("Cookie", &cookie).send().await;
        assert_eq!(key.json()["subscribed"], false);
        server.notifier.agent_changed(&asking("b", "ls"));
        service.assert_silence().await;
        assert_eq!(service.tried("phone"), 1);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_service_that_fails_is_tried_again_and_one_that_refuses_is_not() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    service.browser(&server, "phone").await;
    service.answer("phone", &[503, 429, 500]);
    server.notifier.agent_changed(&asking("a", "ls"));
    assert_eq!(service.next().await.message["body"], "ls");
    assert_eq!(service.tried("phone"), 4);

    service.answer("phone", &[403]);
    server.notifier.agent_changed(&asking("b", "ls"));
    service.assert_silence().await;
    assert_eq!((service.tried("phone"), devices_kept(&machine)), (5, 1));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_to_the_device_that_asks_and_says_what_came_of_it() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    let phone = service.browser(&server, "phone").await;
    let laptop = service.browser(&server, "laptop").await;
    let sent = server.post_json("/push/test", &laptop, &json!({})).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let pushed = service.next().await;
    assert_eq!((pushed.to.as_str(), &pushed.message["kind"]), ("laptop", &"test".into()));

    let off = server.post_json("/push/unsubscribe", &phone, &json!({})).await;
    assert_eq!(off.json(), json!({ "subscribed": false }));
    let refused = server.post_json("/push/test", &phone, &json!({})).await;
    assert_eq!(refused.status, 409);
    assert!(refused.json()["next_step"].as_str().unwrap().contains("Turn them on"));

    service.answer("laptop", &[410]);
    let gone = server.post_json("/push/test", &laptop, &json!({})).await;
    assert_eq!((gone.status, devices_kept(&machine)), (502, 0), "{}", gone.text());
    service.assert_silence().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_paired_anew_is_reached_once() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let mut service = PushService::start().await;
    service.browser(&server, "phone").await;
    service.browser(&server, "phone").await;
    assert_eq!(devices_kept(&machine), 1);
    server.notifier.agent_changed(&asking("a", "ls"));
    service.next().await;
    service.assert_silence().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_not_what_they_should_be_are_refused_in_words() {
    let machine = Machine::new();
    // As it is started by people: only the internet's push services.
    let server = machine.serve_with(NotifyConfig::default()).await;
    let cookie = server.pair().await;
    let key = server.get("/push/key").header("Cookie", &cookie).send().await.json();
    assert_eq!(key["subscribed"], false);
    let keys = json!({ "p256dh": key["key"], "auth": "AAAAAAAAAAAAAAAAAAAAAA" });
    let with = |endpoint: &str| json!({ "endpoint": endpoint, "keys": keys });
    for (path, body) in [
        ("/push/subscribe", json!({})),
        ("/push/subscribe", json!([1, 2])),
        ("/push/subscribe", with("http://127.0.0.1:9/x")),
        ("/push/subscribe", with("https://127.0.0.1/x")),
        ("/push/subscribe", with("https://169.254.169.254/latest/meta-data")),
        ("/push/subscribe", with("https://localhost/x")),
        (
            "/push/subscribe",
            json!({ "endpoint": "https://push.example.com/x", "keys": { "p256dh": "", "auth": "" } }),
        ),
        ("/push/settings", json!({ "quiet": { "from": "25:00", "to": "07:00" } })),
        ("/push/settings", json!({ "volume": 11 })),
        ("/push/answer", json!({ "agent": "../a", "request": "r", "input_hash": "h", "allow": true })),
        ("/push/answer", json!({ "agent": "a", "request": "r", "allow": true })),
        ("/push/answer", json!({ "agent": "a", "request": "r", "input_hash": "h", "allow": "yes" })),
    ] {
        let reply = server.post_json(path, &cookie, &body).await;
        assert_eq!(reply.status, 400, "{path} {body}: {}", reply.text());
        for field in ["message", "next_step"] {
            assert!(
                reply.json()[field].as_str().is_some_and(|words| words.ends_with('.')),
                "{}",
                reply.text()
            );
        }
    }
    let unknown = json!({ "agent": "a", "request": "r", "input_hash": "h", "allow": true });
    assert_eq!(server.post_json("/push/answer", &cookie, &unknown).await.status, 404);
    let good = server.post_json("/push/subscribe", &cookie, &with("https://push.example.com/x")).await;
    assert_eq!(good.status, 200, "{}", good.text());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_kept_to_its_owner_and_the_key_stays() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let service = PushService::start().await;
    let cookie = service.browser(&server, "phone").await;
    let key = |server: &Running| server.get("/push/key").header("Cookie", &rename(&cookie, server));
    let first = key(&server).send().await.json();
    server.stop().await;
    let server = machine.serve().await;
    assert_eq!(key(&server).send().await.json(), first);
    assert_eq!(first["subscribed"], true);
    let folder = machine.state().join("server/push");
    for (path, _) in crate::server::snapshot(&folder) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ntfy_and_the_command_are_told_besides() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let machine = Machine::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let topic = format!("http://{}/my-topic", listener.local_addr().unwrap());
    let file = machine.state().with_file_name("told");
    let script = "cat > \"$1.new\" && mv \"$1.new\" \"$1\"";
    let mut config = NotifyConfig::for_tests();
    config.command = ["sh", "-c", script, "sh", file.to_str().unwrap()].map(str::to_owned).to_vec();
    config.ntfy = Some(Ntfy::new(&topic, Some("tk_secret")).unwrap());
    let server = machine.serve_with(config).await;
    server.notifier.agent_changed(&asking("a", "printf 'größer'"));

    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = String::new();
    while !request.ends_with("printf 'größer'") {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap();
        assert_ne!(length, 0, "{request}");
        request.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let head = request.to_ascii_lowercase();
    assert!(head.starts_with("post /my-topic http/1.1\r\n"), "{request}");
    for line in ["title: name-of-a wants to use bash", "priority: 4", "authorization: bearer tk_secret"] {
        assert!(head.lines().any(|known| known == line), "{line}\n{request}");
    }
    let click = format!("click: http://{}/agents/a", server.address);
    assert!(head.lines().any(|known| known == click), "{request}");

    let told = tokio::time::timeout(crate::client::PATIENCE, async {
        loop {
            if let Ok(told) = fs::read(&file) {
                return told;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    let told: Value = serde_json::from_slice(&told.await.unwrap()).unwrap();
    assert_eq!(told["body"], "printf 'größer'");
    assert_eq!(told["url"], format!("http://{}/agents/a", server.address));
    server.stop().await;
}
