use orchestra_model::{Agent, AgentState, DiffStat};

use super::*;

/// An agent that asks to run a command.
pub(crate) fn agent() -> Agent {
    serde_json::from_str(
        r#"{"id":"abcd2345","name":"build-auth","provider":"claude","run":"abcd2345","task":"Build <auth>\u202e","state":"waiting",
        "failure":null,"attention":{"kind":"permission","since":"2026-11-25T10:00:00Z","summary":"rm <script>","until":null},
        "doing":null,"repo":"/home/ada/shop","worktree":"/w/abcd2345","branch":"orchestra/build-auth","base":"main",
        "session_id":"11111111-1111-4111-8111-111111111111","model":"claude-opus-5-5","permission_mode":"default","pid":7,
        "created_at":"2026-11-25T09:59:00Z","updated_at":"2026-11-25T10:00:00Z","exit":null,"cost_usd":0.4,
        "tokens":{"input":1000,"output":200,"cache_read":0,"cache_write_5m":0,"cache_write_1h":0},"turns":1,"diffstat":null,
        "queue":[],"is_cleaned":false,"notes":[],"result":null,"tested":null,"sequence":9,
        "requests":[{"id":"r-1","kind":"permission","tool":"Bash","input":"{\"command\":\"rm <script>\"}","input_hash":"ab12",
        "summary":"rm <script>","reason":null,"questions":[],"plan":null,
        "suggestions":[{"rule":"allow Bash(rm:*)","destination":"localSettings","kept":"in this project"}],"at":"2026-11-25T10:00:00Z","decided":null}]}"#,
    )
    .unwrap()
}

#[test]
fn what_is_asked_is_shown_whole_and_nothing_in_it_is_markup() {
    let row = row(
        &agent(),
        Beside {
            stat: Some(DiffStat { files: 2, insertions: 24, deletions: 3 }),
            members: 3,
            ..Beside::default()
        },
    );
    for part in [
        "<span class=\"f\">rm</span>",
        "&lt;",
        "Allow",
        "Deny",
        "Always",
        "allow Bash(rm:*)",
        "in this project",
    ] {
        assert!(row.asks.contains(part), "{part}: {}", row.asks);
    }
    for part in
        ["build-auth", "waiting", "+24", "−3", "1.2k", "$0.40", "run of 3", "Build &lt;auth&gt;⟨U+202E⟩"]
    {
        assert!(row.card.contains(part), "{part}: {}", row.card);
    }
    assert!(row.desk.contains("Interrupt") && row.desk.contains("Stop"));
    assert!(
        ![&row.asks, &row.card, &row.desk]
            .iter()
            .any(|html| html.contains("<script") || html.contains("<auth>"))
    );
}

#[test]
fn one_that_seems_stuck_needs_somebody_and_is_nudged_with_one_tap() {
    let mut agent = agent();
    agent.state = AgentState::Running;
    agent.requests.clear();
    assert!(row(&agent, Beside::default()).asks.is_empty());
    let wants = agent.attention.as_mut().unwrap();
    (wants.kind, wants.nudge) = (AttentionKind::Stuck, Some("Say <why>.".to_owned()));
    let row = row(&agent, Beside::default());
    assert_eq!(row.section, Section::Needs);
    assert!(row.asks.contains("Say &lt;why&gt;.") && !row.asks.contains("<why>"), "{}", row.asks);
    for part in ["&quot;do&quot;:&quot;nudge&quot;", "&quot;agent&quot;:&quot;abcd2345&quot;"] {
        assert!(row.asks.contains(part), "{part}: {}", row.asks);
    }
}

#[test]
fn leave_is_given_for_exactly_what_was_asked() {
    let row = row(&agent(), Beside::default());
    let allow: serde_json::Value = serde_json::from_str(row.allow.as_deref().unwrap()).unwrap();
    assert_eq!(
        allow,
        serde_json::json!({ "do": "allow", "agent": "abcd2345", "request": "r-1", "input_hash": "ab12" })
    );
    assert_eq!(row.same.as_deref(), Some("/home/ada/shop:Bash:ab12 rm <script> · shop"));
}

#[test]
fn who_waits_longest_comes_first_and_of_others_who_came_last() {
    let of = |minute: u32, state, attention: bool| {
        let mut agent = agent();
        let at = format!("2026-11-25T10:{minute:02}:00Z").parse().unwrap();
        (agent.state, agent.created_at, agent.updated_at) = (state, at, at);
        agent.requests.clear();
        match &mut agent.attention {
            Some(wants) if attention => wants.since = at,
            _ => agent.attention = None,
        }
        row(&agent, Beside::default())
    };
    let sorted = |rows: [AgentRow; 2]| rows.map(|row| (row.section, row.rank));
    let [one, two] = sorted([of(1, AgentState::Waiting, true), of(2, AgentState::Waiting, true)]);
    assert!(one < two && one.0 == Section::Needs);
    let [one, two] = sorted([of(1, AgentState::Done, false), of(2, AgentState::Done, false)]);
    assert!(two < one && one.0 == Section::Finished);
    assert_eq!(of(1, AgentState::Running, false).section, Section::Running);
    assert_eq!(of(1, AgentState::Queued, false).section, Section::Queued);
}
