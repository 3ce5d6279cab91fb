//! What the event stream says: how a session's or an agent's row is now, which one is gone, what is being written, that
//! something became of a run, or to fetch again.

use orchestra_model::{AgentId, SessionId};
use serde::{Deserialize, Serialize};

use super::{AgentRow, SessionRow};

/// One event of the stream. One that names nothing asks to fetch again, as does every kind of event that an older page does
/// not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Its number, growing by one.
    pub sequence: u64,
    /// A session that appeared or changed, as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Box<SessionRow>>,
    /// Whether its transcript grew: a page that shows it fetches the turns it lacks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub appended: bool,
    /// A session whose transcript is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<SessionId>,
    /// An agent that appeared or changed, as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<AgentRow>>,
    /// Words that an agent is writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// A run of which something was decided, checked or landed: its page fetches itself again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// Words that an agent is writing: what was added to those that a page has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The agent.
    pub agent: String,
    /// Which piece of text; another number is another text.
    pub number: u64,
    /// Where in the text this belongs, in bytes; a page that has less of it takes this as all there is.
    pub at: u64,
    /// The words; when the piece has just ended, none.
    pub text: String,
}

impl News {
    /// An agent appeared or changed.
    pub fn of_agent(row: AgentRow) -> Self {
        Self { agent: Some(Box::new(row)), ..Self::default() }
    }

    /// An agent wrote.
    pub fn of_words(written: Written) -> Self {
        Self { written: Some(written), ..Self::default() }
    }

    /// Something became of a run.
    pub fn of_run(run: &AgentId) -> Self {
        Self { run: Some(run.to_string()), ..Self::default() }
    }

    /// A session appeared or changed.
    pub fn changed(row: SessionRow, appended: bool) -> Self {
        Self { row: Some(Box::new(row)), appended, ..Self::default() }
    }

    /// A session's transcript is gone.
    pub fn removed(id: SessionId) -> Self {
        Self { removed: Some(id), ..Self::default() }
    }

    /// Events were lost: fetch again what is shown.
    pub fn resync() -> Self {
        Self::default()
    }

    /// The same with its number.
    #[must_use]
    pub fn numbered(self, sequence: u64) -> Self {
        Self { sequence, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::session_row::tests::row;

    #[test]
    fn news_survives_its_journey() {
        let told = [
            News::changed(row("a", "shop", 9), true),
            News::removed("b".parse().unwrap()),
            News::of_run(&"runrun22".parse().unwrap()),
            News::resync(),
        ];
        for news in told.map(|news| news.numbered(7)) {
            let text = serde_json::to_string(&news).unwrap();
            assert_eq!(serde_json::from_str::<News>(&text).unwrap(), news, "{text}");
        }
    }

    #[test]
    fn a_later_kind_of_event_asks_to_fetch_again() {
        let news: News = serde_json::from_str(r#"{"sequence":1,"orchestra":{"spoke":true}}"#).unwrap();
        assert_eq!(news, News::resync().numbered(1));
    }
}
