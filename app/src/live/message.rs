//! A message of the event stream, read for what the dashboard shows and no more.
//!
//! The same words as [`orchestra_model::LiveEvent`], whose reader brings a calendar along: too much for a browser that
//! needs two times as numbers. A test holds the two together.

use orchestra_model::{LiveStatus, SessionId, SessionKind};
use serde::Deserialize;

use crate::{
    data::{SessionRow, session_row::Parts},
    text,
};

/// A message.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) sequence: u64,
    event: String,
    session: Option<Fields>,
    #[serde(default)]
    appended: bool,
    id: Option<SessionId>,
}

/// What a message says.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    Changed {
        row: Box<SessionRow>,
        appended: bool,
    },
    Removed {
        id: SessionId,
    },
    /// Fetch again; also what a message of a kind not known yet comes to.
    Resync,
}

/// A session, as far as a row shows it.
#[derive(Debug, Deserialize)]
struct Fields {
    id: SessionId,
    title: String,
    cwd: Option<String>,
    project: String,
    project_dir: Option<String>,
    branch: Option<String>,
    model: Option<String>,
    kind: SessionKind,
    status: Option<LiveStatus>,
    started_at: Option<String>,
    last_active_at: Option<String>,
    path: Option<String>,
    size_bytes: u64,
    lineage: Option<String>,
    forked_from: Option<Parent>,
    subagents: u32,
    expires_in_days: Option<u32>,
    last_prompt: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Parent {
    session_id: SessionId,
}

impl Message {
    /// Reads a message's data.
    pub(super) fn read(data: &str) -> Option<Self> {
        serde_json::from_str(data).ok()
    }

    /// What it says.
    pub(super) fn news(self) -> News {
        match (self.event.as_str(), self.session, self.id) {
            ("session_changed", Some(session), _) => {
                News::Changed { row: Box::new(session.into_row()), appended: self.appended }
            }
            ("session_removed", _, Some(id)) => News::Removed { id },
            _ => News::Resync,
        }
    }
}

impl Fields {
    /// The row; its day is set where the server's time zone is known.
    fn into_row(self) -> SessionRow {
        let time = |text: Option<String>| text.as_deref().and_then(text::parse_rfc3339);
        let parts = Parts {
            id: self.id,
            title: self.title,
            project: self.project,
            project_dir: self.project_dir.or(self.cwd),
            branch: self.branch,
            model: self.model,
            kind: self.kind,
            status: self.status,
            started_ms: time(self.started_at),
            active_ms: time(self.last_active_at),
            is_cleaned: self.path.is_none(),
            size_bytes: self.size_bytes,
            expires_in_days: self.expires_in_days,
            subagents: self.subagents,
            parent: self.forked_from.map(|parent| parent.session_id),
            lineage: self.lineage,
            last_prompt: self.last_prompt,
        };
        SessionRow::new(parts, |ms| text::day_of(ms, 0))
    }
}

#[cfg(test)]
mod tests {
    use orchestra_model::{LiveEvent, LiveEventKind, Session};

    use super::*;

    const SESSION: &str = r#"{"id":"abc","provider":"claude","title":"Fix login","title_source":"custom",
        "cwd":"/home/ada/shop","project":"shop","project_dir":null,"branch":"main","model":"claude-opus-5-5",
        "kind":"human","status":"busy","live":null,"started_at":"2026-11-23T12:02:03.5Z",
        "last_active_at":"2026-11-23T12:04:03Z","path":"/x.jsonl","size_bytes":7,"resume_command":"claude","root":"/r",
        "lineage":"u","forked_from":{"session_id":"parent","message_uuid":null},"subagents":2,"expires_in_days":3,
        "last_prompt":"why?","damaged_lines":0}"#;

    fn told(kind: LiveEventKind) -> News {
        let data = serde_json::to_string(&LiveEvent { sequence: 9, kind }).unwrap();
        let message = Message::read(&data).unwrap();
        assert_eq!(message.sequence, 9);
        message.news()
    }

    #[test]
    fn the_engine_s_events_are_understood() {
        let session: Session = serde_json::from_str(SESSION).unwrap();
        let row = SessionRow::of_session(&session, |ms| text::day_of(ms, 0));
        assert_eq!(row.started_ms, Some(1_795_435_323_500));
        let changed = told(LiveEventKind::SessionChanged { session: Box::new(session), appended: true });
        assert_eq!(changed, News::Changed { row: Box::new(row), appended: true });
        let id: SessionId = "abc".parse().unwrap();
        assert_eq!(told(LiveEventKind::SessionRemoved { id: id.clone() }), News::Removed { id });
        assert_eq!(told(LiveEventKind::Resync), News::Resync);
    }

    #[test]
    fn a_later_kind_of_event_asks_to_fetch_again() {
        assert_eq!(Message::read(r#"{"sequence":1,"event":"agent_spoke"}"#).unwrap().news(), News::Resync);
        assert!(Message::read("{").is_none());
    }
}
