//! A session as a row of a list: its title leads to it; branch, model and what deserves a word follow.
//!
//! The moment it was last active is not in the drawing, since it changes with every line that an agent writes.

use leptos::prelude::*;
use orchestra_model::{LiveStatus, Session, SessionKind};

use super::parts;
use crate::{components::icon::Icon, text};

/// A transcript is worth a word about its deletion in its last days only.
const EXPIRY_WORTH_A_WORD: u32 = 5;
/// A transcript is worth a word about its size from here on.
const SIZE_WORTH_A_WORD: u64 = 10_000_000;

/// Draws what stands in a row.
pub(crate) fn draw(session: &Session) -> String {
    let title = parts::visible(&session.title);
    let branch = branch(session).map(|branch| {
        let branch = parts::visible(branch);
        view! { <span class="row-branch" title=branch.clone()><Icon name="branch"/><span>{text::cut_in_the_middle(&branch, 40)}</span></span> }
    });
    let model = session
        .model
        .as_deref()
        .map(|model| view! { <span class="row-model">{text::short_model(model)}</span> });
    let kind = match &session.agent {
        Some(agent) => Some(
            view! { <a class="row-agent" href=format!("/agents/{agent}")><Icon name="agent"/>"agent"</a> }
                .into_any(),
        ),
        None => (session.kind != SessionKind::Human)
            .then(|| view! { <span class="row-kind">{session.kind.name()}</span> }.into_any()),
    };
    let agents = (session.subagents > 0).then(|| {
        let count = text::plural(session.subagents as usize, "agent", "agents");
        view! { <span class="row-agents">{count}</span> }
    });
    let hint = hint(session).map(|hint| view! { <span class="row-hint">{hint}</span> });
    view! {
        <a class="row-link" href=format!("/sessions/{}", session.id) title=title.clone()>
            <span class="row-fork"><Icon name="fork"/><span class="visually-hidden">"fork: "</span></span>
            <span class="row-title">{parts::name(&title)}</span>
            {session.status.map(mark)}
        </a>
        <p class="row-facts">{branch} " " {model} " " <span class="row-extras">{kind} " " {agents} " " {hint}</span></p>
    }
    .to_html()
}

/// The way to the agent that holds a session, for the head of its page; nothing for one that no agent holds.
pub(crate) fn agent(session: &Session) -> String {
    let link = session.agent.as_ref().map(|agent| {
        view! { <a class="chip" href=format!("/agents/{agent}")><Icon name="agent"/> "Agent"</a> }.to_html()
    });
    link.unwrap_or_default()
}

/// The branch, unless git stood on none.
pub(crate) fn branch(session: &Session) -> Option<&str> {
    session.branch.as_deref().filter(|branch| *branch != "HEAD")
}

/// The state of a live session: a shape, a word and a colour, always together.
fn mark(status: LiveStatus) -> impl IntoView {
    let (class, icon) = crate::components::live_mark::look(status);
    view! { <span class=class><Icon name=icon/>{status.name()}</span> }
}

/// What deserves a word soon: a deletion near, a size that hurts.
fn hint(session: &Session) -> Option<String> {
    match session.expires_in_days {
        _ if session.path.is_none() => Some("transcript cleaned up".to_owned()),
        Some(0) => Some("deleted at the next start".to_owned()),
        Some(days) if days <= EXPIRY_WORTH_A_WORD => {
            Some(format!("deleted in {}", text::plural(days as usize, "day", "days")))
        }
        _ if session.size_bytes >= SIZE_WORTH_A_WORD => Some(text::size(session.size_bytes)),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A session to test with.
    pub(crate) fn session() -> Session {
        serde_json::from_str(
            r#"{"id":"abc","provider":"claude","title":"Fix <login>\u202e","title_source":"custom","cwd":"/home/ada/shop",
            "project":"shop","project_dir":null,"branch":"HEAD","model":"claude-opus-4-8","kind":"human","status":"waiting",
            "live":null,"started_at":"2026-11-23T12:02:03.5Z","last_active_at":"2026-11-23T12:04:03Z","path":"/x.jsonl",
            "size_bytes":7,"resume_command":"claude","root":"/r","lineage":"u","forked_from":null,"subagents":0,
            "expires_in_days":null,"last_prompt":"why?","damaged_lines":0}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_row_says_what_matters_and_nothing_in_it_is_markup() {
        let row = draw(&session());
        for part in ["Fix &lt;login&gt;⟨U+202E⟩", "opus 4.8", "waiting", r#"href="/sessions/abc""#] {
            assert!(row.contains(part), "{part}: {row}");
        }
        assert!(!row.contains("HEAD") && !row.contains("row-kind"), "{row}");
    }

    #[test]
    fn a_session_that_orchestra_runs_leads_to_its_agent() {
        let mut session = session();
        (session.kind, session.agent) = (SessionKind::Agent, "abcd2345".parse().ok());
        let row = draw(&session);
        assert!(row.contains(r#"href="/agents/abcd2345""#) && !row.contains("row-kind"), "{row}");
    }

    #[test]
    fn a_hint_is_given_only_when_it_is_worth_a_word() {
        let mut session = session();
        assert_eq!(hint(&session), None);
        session.size_bytes = 48_000_000;
        assert_eq!(hint(&session).unwrap(), "48 MB");
        session.expires_in_days = Some(1);
        assert_eq!(hint(&session).unwrap(), "deleted in 1 day");
        session.path = None;
        assert_eq!(hint(&session).unwrap(), "transcript cleaned up");
    }
}
