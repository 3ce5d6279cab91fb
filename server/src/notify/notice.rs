//! What is told: one need of one agent, in words that fit on a lock screen, and as the JSON that travels.
//!
//! Nothing of an agent is trusted here: what hides in a text is made visible, and everything has a length.

use orchestra_core::render::visible;
use orchestra_model::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest title and body, in characters.
const LONGEST_TITLE: usize = 120;
const LONGEST_BODY: usize = 1_000;

/// The longest JSON of a notice, in bytes: a push service takes 4,096 with everything around it.
const LONGEST_JSON: usize = 3_000;

/// What a notice is about. The name is what `kind` says in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// An agent asks for leave to use a tool.
    Permission,
    /// An agent asks a question.
    Question,
    /// An agent asks whether to carry out its plan.
    Plan,
    /// An agent failed or was lost.
    Error,
    /// An agent gets nowhere.
    Stuck,
    /// The model is not to be had for a while.
    RateLimit,
    /// An agent has a result.
    Done,
    /// Nothing happened: somebody wanted to see whether notices arrive.
    Test,
}

impl Kind {
    /// The kind's name as JSON and the environment of a command have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Question => "question",
            Self::Plan => "plan",
            Self::Error => "error",
            Self::Stuck => "stuck",
            Self::RateLimit => "rate_limit",
            Self::Done => "done",
            Self::Test => "test",
        }
    }

    /// Whether an agent waits for its owner until this is dealt with.
    pub(crate) const fn is_need(self) -> bool {
        matches!(self, Self::Permission | Self::Question | Self::Plan)
    }

    /// Whether several of this kind are told as one: agents of a run end together, and share one limit.
    pub(crate) const fn is_gathered(self) -> bool {
        matches!(self, Self::Done | Self::RateLimit)
    }
}

/// What an agent asked: a decision names both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The client's id of the request.
    pub(crate) id: String,
    /// Hash of the whole input.
    pub(crate) input_hash: String,
}

/// Something to tell a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Names the need: a notice replaces what was shown under the same tag, and is withdrawn by it.
    pub(crate) tag: String,
    /// What it is about.
    pub(crate) kind: Kind,
    /// Whose it is; `None` when it is about several, or about nobody.
    pub(crate) agent: Option<AgentId>,
    /// The agent's name.
    pub(crate) name: String,
    /// One line.
    pub(crate) title: String,
    /// The command, the question, the error, the result.
    pub(crate) body: String,
    /// Whether the body is all that there is to see; what cannot be seen whole is not to be allowed unseen.
    pub(crate) is_whole: bool,
    /// What can be answered from the notice itself.
    pub(crate) request: Option<Asked>,
    /// The page to open, from the server's root.
    pub(crate) url: String,
    /// When the need arose.
    pub(crate) at: Timestamp,
}

/// A notice as it travels.
#[derive(Debug, Serialize)]
struct Payload<'a> {
    kind: &'static str,
    tag: &'a str,
    title: &'a str,
    body: &'a str,
    url: String,
    agent: Option<&'a str>,
    request: Option<&'a str>,
    input_hash: Option<&'a str>,
    actions: &'static [&'static str],
    at: Timestamp,
}

impl Notice {
    /// The notice as JSON of at most 3,000 bytes: `kind, tag, title, body, url, agent, request, input_hash, actions, at`;
    /// the URL begins with `base`.
    pub(crate) fn json(&self, base: &str) -> Vec<u8> {
        let mut shown = self.clone();
        let mut most = LONGEST_BODY;
        loop {
            let json = shown.payload(base);
            if json.len() <= LONGEST_JSON {
                return json;
            }
            // Without its last words it cannot be answered unseen; without room for its body it cannot be answered at all.
            (shown.body, shown.is_whole) = (shortened(&self.body, most).0, false);
            if most == 0 {
                shown.request = None;
                shown.title = shortened(&self.title, LONGEST_TITLE).0;
                return shown.payload(base);
            }
            most /= 2;
        }
    }

    fn payload(&self, base: &str) -> Vec<u8> {
        let can_be_answered = self.kind == Kind::Permission && self.is_whole && self.request.is_some();
        let payload = Payload {
            kind: self.kind.name(),
            tag: &self.tag,
            title: &self.title,
            body: &self.body,
            url: format!("{base}{}", self.url),
            agent: self.agent.as_ref().map(AgentId::as_str),
            request: self.request.as_ref().map(|asked| asked.id.as_str()),
            input_hash: self.request.as_ref().map(|asked| asked.input_hash.as_str()),
            actions: if can_be_answered { &["allow", "deny"] } else { &[] },
            at: self.at,
        };
        // Texts and numbers are always JSON.
        serde_json::to_vec(&payload).unwrap_or_default()
    }

    /// Several notices of one kind as one.
    pub(crate) fn of_several(notices: &[Self]) -> Option<Self> {
        let first = notices.first()?;
        let count = notices.len();
        let names: Vec<&str> = notices.iter().map(|notice| notice.name.as_str()).collect();
        let title = match first.kind {
            Kind::RateLimit => format!("{count} agents wait for the model"),
            _ => format!("{count} agents have finished"),
        };
        let (body, is_whole) = shortened(&names.join(", "), LONGEST_BODY);
        Some(Self {
            // One of them stands for all: the notices of others are withdrawn with the last of them.
            tag: format!("{}.all", first.tag),
            kind: first.kind,
            agent: None,
            name: String::new(),
            title,
            body,
            is_whole,
            request: None,
            url: "/".to_owned(),
            at: first.at,
        })
    }

    /// A notice that only says that notices arrive.
    pub(crate) fn of_a_test(now: Timestamp) -> Self {
        Self {
            tag: "test".to_owned(),
            kind: Kind::Test,
            agent: None,
            name: String::new(),
            title: "Notifications arrive here".to_owned(),
            body: "This is how Orchestra tells you when an agent needs you.".to_owned(),
            is_whole: true,
            request: None,
            url: "/".to_owned(),
            at: now,
        }
    }
}

/// A title: what hides in it made visible, and not too long.
pub(crate) fn title(text: &str) -> String {
    shortened(&visible(text), LONGEST_TITLE).0
}

/// A body, and whether it is the whole text.
pub(crate) fn body(text: &str) -> (String, bool) {
    shortened(visible(text).trim(), LONGEST_BODY)
}

/// A text of at most so many characters, and whether that is all of it.
fn shortened(text: &str, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        None => (text.to_owned(), true),
        Some((at, _)) => (format!("{}…", text[..at].trim_end()), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(body: &str) -> Notice {
        let (body, is_whole) = super::body(body);
        Notice {
            tag: "a.1".to_owned(),
            kind: Kind::Permission,
            agent: Some("a".parse().unwrap()),
            name: "write-tests".to_owned(),
            title: title("write-tests wants to use Bash"),
            body,
            is_whole,
            request: Some(Asked { id: "r1".to_owned(), input_hash: "0".repeat(64) }),
            url: "/agents/a".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn read(notice: &Notice) -> serde_json::Value {
        let json = notice.json("");
        assert!(json.len() <= LONGEST_JSON, "{}", json.len());
        serde_json::from_slice(&json).unwrap()
    }

    #[test]
    fn what_is_seen_whole_can_be_answered() {
        let read = read(&notice("cargo test --all\n\techo done"));
        assert_eq!(read["body"], "cargo test --all\n\techo done");
        assert_eq!(read["actions"], serde_json::json!(["allow", "deny"]));
        assert_eq!((&read["request"], &read["agent"]), (&"r1".into(), &"a".into()));
    }

    #[test]
    fn what_is_cut_cannot_be_allowed_unseen() {
        for text in ["x".repeat(2_000), "é".repeat(999), "\"".repeat(1_000), "💥".repeat(1_000)] {
            let read = read(&notice(&text));
            if read["body"] != text {
                assert_eq!(read["actions"], serde_json::json!([]), "{text}");
                assert!(read["body"].as_str().unwrap().ends_with('…'));
            }
        }
        let mut absurd = notice("true");
        absurd.request = Some(Asked { id: "r".repeat(10_000), input_hash: String::new() });
        assert_eq!(read(&absurd)["request"], serde_json::Value::Null);
    }

    #[test]
    fn what_hides_is_shown() {
        let read = read(&notice("rm \u{202e}txt.gpj\u{1b}[8m secret"));
        assert_eq!(read["body"], "rm ⟨U+202E⟩txt.gpj secret");
    }
}
