//! The table at the widths people have.

use orchestra_model::LiveStatus;

use super::*;

fn day_of_work() -> Vec<Session> {
    let at = |text: &str| Some(text.parse().unwrap());
    let mut busy = made_up::session(
        "11111111-1111-4111-8111-111111111111",
        "Rename Cart to Basket everywhere, tests included",
    );
    busy.status = Some(LiveStatus::Busy);
    busy.last_active_at = at("2026-11-23T10:58:00Z");
    busy.branch = Some("rename-cart-to-basket-everywhere".to_owned());
    let mut fork = made_up::session("11112222-2222-4222-8222-222222222222", "Rename Cart, the other way");
    fork.forked_from = Some(made_up::forked_from("33333333-3333-4333-8333-333333333333"));
    fork.last_active_at = at("2026-11-23T09:00:00Z");
    let mut waiting = made_up::session(
        "44444444-4444-4444-8444-444444444444",
        "修复登录页面的错误并添加测试用例以及更新文档说明",
    );
    waiting.status = Some(LiveStatus::Waiting);
    waiting.project = "api.v2-with-a-long-name".to_owned();
    waiting.last_active_at = at("2026-11-23T08:30:00Z");
    let mut parent =
        made_up::session("33333333-3333-4333-8333-333333333333", "Shop tour 👨‍👩‍👧‍👦 \u{1b}[31mred\u{202e}");
    parent.last_active_at = at("2026-11-23T07:00:00Z");
    let mut idle = made_up::session("55555555-5555-4555-8555-555555555555", "Fix login");
    idle.status = Some(LiveStatus::Idle);
    idle.branch = None;
    idle.last_active_at = at("2026-11-22T15:04:00Z");
    let mut expiring = made_up::session("66666666-6666-4666-8666-666666666666", "Old tour");
    expiring.expires_in_days = Some(2);
    expiring.model = None;
    expiring.last_active_at = at("2026-10-26T15:04:00Z");
    let mut cleaned = made_up::session("77777777-7777-4777-8777-777777777777", "Older tour");
    cleaned.path = None;
    cleaned.last_active_at = at("2025-10-26T15:04:00Z");
    let mut undated = made_up::session("88888888-8888-4888-8888-888888888888", "Nobody knows when");
    undated.last_active_at = None;
    vec![busy, fork, waiting, parent, idle, expiring, cleaned, undated]
}

fn now() -> ZonedDateTime {
    "2026-11-23T12:00:00+01:00[Europe/Berlin]".parse().unwrap()
}

fn table(sessions: &[Session], width: usize) -> String {
    let mut out = Vec::new();
    write_table(sessions, &shortest_prefixes(sessions), &now(), width, Paint::NONE, &mut out).unwrap();
    let table = String::from_utf8(out).unwrap();
    for line in table.lines() {
        assert!(text::width(line) <= width, "{line:?} in {width}");
        assert_eq!(line, line.trim_end());
    }
    table
}

#[test]
fn at_eighty_columns() {
    insta::assert_snapshot!(table(&day_of_work(), 80));
}

#[test]
fn at_a_hundred_and_forty_columns() {
    insta::assert_snapshot!(table(&day_of_work(), 140));
}

#[test]
fn on_a_phone() {
    insta::assert_snapshot!(table(&day_of_work(), 44));
}

#[test]
fn no_width_makes_it_fail() {
    for width in 30..220 {
        table(&day_of_work(), width);
    }
}

#[test]
fn columns_without_content_are_not_there() {
    let mut plain = made_up::session("11111111-1111-4111-8111-111111111111", "Fix login");
    plain.branch = None;
    plain.model = None;
    assert_eq!(table(&[plain], 80), "ID    WHEN  PROJECT  TITLE\nToday\n1111  1 h   shop     Fix login\n");
}

#[test]
fn into_a_pipe_every_session_is_one_line() {
    let mut out = Vec::new();
    write_lines(&day_of_work(), &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn candidates_fit_a_message() {
    insta::assert_snapshot!(candidates(&day_of_work()[..4], &now(), 80));
    let many = vec![made_up::session("11111111-1111-4111-8111-111111111111", "x"); 13];
    assert!(candidates(&many, &now(), 80).ends_with("\n  … and 3 more"));
}

#[test]
fn models_as_people_say_them() {
    assert_eq!(short_model("claude-opus-5-20260801"), "opus-5");
    assert_eq!(short_model("claude-opus-5-5[1m]"), "opus-5-5[1m]");
    assert_eq!(short_model("gpt-x"), "gpt-x");
}
