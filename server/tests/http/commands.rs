//! What pages command: long tasks arrive, and what is not done says so by its status.

use orchestra_app::error::{AppError, AppErrorKind};
use serde_json::{Value, json};

use crate::client::Reply;
use crate::server::{Machine, Running};

async fn command(server: &Running, cookie: &str, command: &Value) -> Reply {
    let escaped: String = command.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let post = server.post("/api/send_command").sent_by_our_page().header("Cookie", cookie);
    post.form(&format!("key=k&command={escaped}")).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_says_so_by_its_status() {
    let machine = Machine::with_an_agent();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    for (asked, status, kind) in [
        (json!({ "do": "levitate" }), 400, AppErrorKind::BadRequest),
        (json!({ "do": "send", "agent": Machine::AGENT, "text": " " }), 400, AppErrorKind::BadRequest),
        (json!({ "do": "interrupt", "agent": "none2345" }), 404, AppErrorKind::NotFound),
        (json!({ "do": "interrupt", "agent": Machine::AGENT }), 409, AppErrorKind::Refused),
    ] {
        let reply = command(&server, &cookie, &asked).await;
        let said: AppError = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((reply.status, said.kind), (status, kind), "{asked}: {said:?}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_may_be_as_long_as_the_engine_takes_it() {
    let machine = Machine::new();
    let server = machine.serve().await;
    let cookie = server.pair().await;
    // It arrives, and is found to be none because nothing is said of where.
    let reply = command(&server, &cookie, &json!({ "do": "spawn", "tasks": "x".repeat(4 << 20) })).await;
    assert_ne!(reply.status, 413, "{}", reply.text());
    assert!(serde_json::from_slice::<AppError>(&reply.body).is_ok(), "{}", reply.text());
    server.stop().await;
}
