//! One session as a row of a list shows it.

use orchestra_model::{LiveStatus, SessionId, SessionKind};
use serde::{Deserialize, Serialize};

use crate::text;

/// One session, without what only its own page needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// The session's id.
    pub id: SessionId,
    /// What to call it.
    pub title: String,
    /// The project's name.
    pub project: String,
    /// The project's folder, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_dir: Option<String>,
    /// The git branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The model's short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Who held it.
    pub kind: SessionKind,
    /// What its live process says it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<LiveStatus>,
    /// The first moment in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<i64>,
    /// The last moment in it; 0 when it has none.
    pub active_ms: i64,
    /// The day of the last moment, in the server's time zone.
    pub day: i32,
    /// Where it stands among the others, when that is not its last moment; see [`super::merge`].
    #[serde(skip)]
    pub order_ms: Option<i64>,
    /// Whether the transcript is gone and only the prompt history knows the session.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cleaned: bool,
    /// The transcript's size in bytes.
    pub size_bytes: u64,
    /// Whole days until the client deletes the transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
    /// How many subagents it had.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub subagents: u32,
    /// The session it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SessionId>,
    /// What it shares with its forks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// The last thing a person asked, unless it is the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_prompt: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// A transcript is worth a word about its deletion in its last days only.
const EXPIRY_WORTH_A_WORD: u32 = 5;
/// A transcript is worth a word about its size from here on.
const SIZE_WORTH_A_WORD: u64 = 10_000_000;

impl SessionRow {
    /// The row of a session, with what hides in its texts shown; `day_of` says which day a moment is in.
    #[cfg(feature = "ssr")]
    pub fn of_session(session: &orchestra_model::Session, day_of: impl FnOnce(i64) -> i32) -> Self {
        let visible = |text: &String| orchestra_core::render::visible(text).into_owned();
        let active_at = session.last_active_at.or(session.started_at);
        let active_ms = active_at.map_or(0, |at| at.as_millisecond());
        let last_prompt = session.last_prompt.as_ref().filter(|prompt| **prompt != session.title);
        Self {
            id: session.id.clone(),
            title: visible(&session.title),
            project: visible(&session.project),
            project_dir: session.project_dir.clone().or_else(|| session.cwd.clone()),
            branch: session.branch.as_ref().filter(|branch| *branch != "HEAD").map(visible),
            model: session.model.as_deref().map(text::short_model),
            kind: session.kind,
            status: session.status,
            started_ms: session.started_at.map(|at| at.as_millisecond()),
            active_ms,
            day: day_of(active_ms),
            order_ms: None,
            cleaned: session.path.is_none(),
            size_bytes: session.size_bytes,
            expires_in_days: session.expires_in_days,
            subagents: session.subagents,
            parent: session.forked_from.as_ref().map(|from| from.session_id.clone()),
            lineage: session.lineage.clone(),
            last_prompt: last_prompt.map(|prompt| visible(&text::cut_in_the_middle(prompt, 160))),
        }
    }

    /// Whether every word occurs in the row, in any case.
    pub fn matches(&self, words: &[String]) -> bool {
        let fields = [
            Some(self.title.as_str()),
            Some(self.project.as_str()),
            self.branch.as_deref(),
            self.model.as_deref(),
            self.last_prompt.as_deref(),
            Some(self.id.as_str()),
        ];
        let lower: Vec<String> = fields.into_iter().flatten().map(str::to_lowercase).collect();
        words.iter().all(|word| lower.iter().any(|field| field.contains(word.as_str())))
    }

    /// What deserves a word soon: a deletion near, a size that hurts.
    pub fn hint(&self) -> Option<String> {
        match self.expires_in_days {
            _ if self.cleaned => Some("transcript cleaned up".to_owned()),
            Some(0) => Some("deleted at the next start".to_owned()),
            Some(days) if days <= EXPIRY_WORTH_A_WORD => {
                Some(format!("deleted in {}", text::plural(days as usize, "day", "days")))
            }
            _ if self.size_bytes >= SIZE_WORTH_A_WORD => Some(text::size(self.size_bytes)),
            _ => None,
        }
    }

    /// The address of its page.
    pub fn href(&self) -> String {
        format!("/sessions/{}", self.id)
    }
}

/// The words of a query, in lower case.
pub fn words(query: &str) -> Vec<String> {
    query.split_whitespace().map(str::to_lowercase).collect()
}

/// The address of a project's page.
pub fn project_href(dir: &str) -> String {
    format!("/projects?dir={}", text::url_encode(dir))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A row to test with.
    pub(crate) fn row(id: &str, project: &str, active_ms: i64) -> SessionRow {
        SessionRow {
            id: id.parse().unwrap(),
            title: format!("Title of {id}"),
            project: project.to_owned(),
            project_dir: Some(format!("/home/ada/{project}")),
            branch: Some("main".to_owned()),
            model: None,
            kind: SessionKind::Human,
            status: None,
            started_ms: None,
            active_ms,
            day: text::day_of(active_ms, 0),
            order_ms: None,
            cleaned: false,
            size_bytes: 0,
            expires_in_days: None,
            subagents: 0,
            parent: None,
            lineage: None,
            last_prompt: None,
        }
    }

    #[test]
    fn every_word_must_occur_somewhere() {
        let row = row("abc", "Shop", 0);
        assert!(row.matches(&words("  sHOP main ")));
        assert!(row.matches(&words("")));
        assert!(!row.matches(&words("shop develop")));
    }

    #[test]
    fn a_hint_is_given_only_when_it_is_worth_a_word() {
        let mut row = row("abc", "shop", 0);
        assert_eq!(row.hint(), None);
        row.size_bytes = 48_000_000;
        assert_eq!(row.hint().unwrap(), "48 MB");
        row.expires_in_days = Some(1);
        assert_eq!(row.hint().unwrap(), "deleted in 1 day");
        row.cleaned = true;
        assert_eq!(row.hint().unwrap(), "transcript cleaned up");
    }
}
