//! One session as a list shows it: drawn, with what it is found, arranged and kept live by.

use orchestra_model::{LiveStatus, SessionId, SessionKind};
use serde::{Deserialize, Serialize};

use crate::text;

/// One session.
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
    /// Who held it.
    pub kind: SessionKind,
    /// The way to the agent that holds it, drawn; empty when none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleaned: bool,
    /// The session it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SessionId>,
    /// What it shares with its forks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// What it is found by, in lower case.
    pub words: String,
    /// The drawing. Empty when the page holds it already, see [`super::Carried`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
}

impl SessionRow {
    /// The row of a session, with what hides in its texts shown; `day_of` says which day a moment is in.
    #[cfg(feature = "ssr")]
    pub fn of_session(session: &orchestra_model::Session, day_of: impl FnOnce(i64) -> i32) -> Self {
        let visible = |text: &String| orchestra_core::render::visible(text).into_owned();
        let active_at = session.last_active_at.or(session.started_at);
        let active_ms = active_at.map_or(0, |at| at.as_millisecond());
        let model = session.model.as_deref().map(text::short_model).unwrap_or_default();
        let last_prompt = session.last_prompt.as_ref().filter(|prompt| **prompt != session.title);
        let last_prompt = last_prompt.map(|prompt| text::cut_in_the_middle(prompt, 160)).unwrap_or_default();
        let branch = session.branch.as_deref().unwrap_or_default();
        let words = [&session.title, &session.project, branch, &model, &last_prompt, session.id.as_str()];
        Self {
            id: session.id.clone(),
            title: visible(&session.title),
            project: visible(&session.project),
            project_dir: session.project_dir.clone().or_else(|| session.cwd.clone()),
            kind: session.kind,
            agent: crate::drawn::row::agent(session),
            status: session.status,
            started_ms: session.started_at.map(|at| at.as_millisecond()),
            active_ms,
            day: day_of(active_ms),
            order_ms: None,
            cleaned: session.path.is_none(),
            parent: session.forked_from.as_ref().map(|from| from.session_id.clone()),
            lineage: session.lineage.clone(),
            words: words.join("\n").to_lowercase(),
            html: crate::drawn::row::draw(session),
        }
    }

    /// Whether every word occurs in the row.
    pub fn matches(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.words.contains(word.as_str()))
    }

    /// The address of its page.
    pub fn href(&self) -> String {
        format!("/sessions/{}", self.id)
    }
}

/// The words of a query, in lower case.
pub fn words(query: &str) -> Vec<String> {
    lower_case(query).split_whitespace().map(str::to_owned).collect()
}

/// Browsers know the lower case of every letter already: a second table would only be loaded.
#[cfg(feature = "hydrate")]
fn lower_case(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(not(feature = "hydrate"))]
fn lower_case(text: &str) -> String {
    text.to_lowercase()
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
            kind: SessionKind::Human,
            agent: String::new(),
            status: None,
            started_ms: None,
            active_ms,
            day: text::day_of(active_ms, 0),
            order_ms: None,
            cleaned: false,
            parent: None,
            lineage: None,
            words: format!("title of {id}\n{project}\nmain").to_lowercase(),
            html: String::new(),
        }
    }

    #[test]
    fn every_word_must_occur_somewhere() {
        let row = row("abc", "Shop", 0);
        assert!(row.matches(&words("  sHOP main ")));
        assert!(row.matches(&words("")));
        assert!(!row.matches(&words("shop develop")));
    }
}
