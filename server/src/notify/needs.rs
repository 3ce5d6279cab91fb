//! What of an agent is to be told: a need arises, and goes. Pure: an agent as it is now goes in, what changed comes out.
//!
//! A need is a request that nobody has answered, or else what the agent's attention says. Each has a tag of its own, so
//! it is told once however often its agent changes, and withdrawn when it is gone, whoever dealt with it. When it is
//! told, and whether at all, is not decided here.

use std::collections::HashMap;

use orchestra_model::{Agent, AgentId, AgentState, AttentionKind, Request, RequestKind, Timestamp};
use sha2::{Digest, Sha256};

use super::notice::{self, Asked, Kind, Notice};

/// What is to be done about an agent's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A need arose.
    Tell(Notice),
    /// The need of this tag is gone.
    Withdraw {
        /// The tag.
        tag: String,
    },
}

/// The needs that stand, by agent.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    standing: HashMap<AgentId, Vec<String>>,
}

/// All that one agent needs now. Small when it needs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    agent: AgentId,
    notices: Vec<Notice>,
}

impl Needs {
    /// Needs that were told before the server started: they are not told again, and withdrawn when they are gone.
    pub(crate) fn told_before<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needs = Self::default();
        for tag in tags {
            if let Some(agent) = agent_of(tag) {
                needs.standing.entry(agent).or_default().push(tag.to_owned());
            }
        }
        needs
    }

    /// Takes an agent as it is now.
    #[cfg(test)]
    pub(crate) fn take(&mut self, agent: &Agent) -> Vec<Act> {
        self.take_wanted(Wanted::of(agent))
    }

    /// Takes what an agent needs now.
    pub(crate) fn take_wanted(&mut self, wanted: Wanted) -> Vec<Act> {
        let Wanted { agent, notices } = wanted;
        let before = self.standing.remove(&agent).unwrap_or_default();
        let now: Vec<String> = notices.iter().map(|notice| notice.tag.clone()).collect();
        let gone = before.iter().filter(|tag| !now.contains(tag));
        let gone = gone.map(|tag| Act::Withdraw { tag: tag.clone() });
        let arisen = notices.into_iter().filter(|notice| !before.contains(&notice.tag)).map(Act::Tell);
        let acts = gone.chain(arisen).collect();
        if !now.is_empty() {
            self.standing.insert(agent, now);
        }
        acts
    }
}

impl Wanted {
    /// Whose needs these are.
    pub(crate) fn agent(&self) -> &AgentId {
        &self.agent
    }

    /// What an agent needs.
    pub(crate) fn of(agent: &Agent) -> Self {
        let mut notices = Vec::new();
        if !agent.is_cleaned {
            let open = agent.requests.iter().filter(|request| request.decided.is_none());
            notices.extend(open.map(|request| of_request(agent, request)));
            if notices.is_empty() {
                notices.extend(of_attention(agent));
            }
        }
        Self { agent: agent.id.clone(), notices }
    }
}

fn of_request(agent: &Agent, request: &Request) -> Notice {
    let name = &agent.name;
    let kind = match request.kind {
        RequestKind::Permission => Kind::Permission,
        RequestKind::Question => Kind::Question,
        RequestKind::Plan => Kind::Plan,
    };
    let (title, text) = match kind {
        Kind::Permission => (format!("{name} wants to use {}", request.tool), exactly_asked(request)),
        Kind::Plan => {
            let plan = request.plan.as_deref().unwrap_or(&request.summary);
            (format!("{name} has a plan"), (plan.to_owned(), true))
        }
        _ => (format!("{name} asks"), (request.summary.clone(), true)),
    };
    let what = [request.id.as_bytes(), &[0], request.input_hash.as_bytes()].concat();
    let mut notice = notice_of(agent, kind, &what, &title, &text.0, request.at);
    notice.is_whole &= text.1;
    notice.request = Some(Asked { id: request.id.clone(), input_hash: request.input_hash.clone() });
    notice
}

/// What a request would do, with the line breaks that its one-line summary has lost, and whether that is all of it.
///
/// The summary is one of the input's texts, folded; which one, only the client's module knows, so it is looked for. It is
/// all only when the input holds nothing else.
fn exactly_asked(request: &Request) -> (String, bool) {
    let input: serde_json::Value = serde_json::from_str(&request.input).unwrap_or_default();
    let fields = input.as_object().into_iter().flatten();
    let does: Vec<_> = fields.filter(|(field, _)| !says_nothing_more(&request.tool, field)).collect();
    let mut texts = does.iter().filter_map(|(_, value)| value.as_str());
    match texts.find(|text| is_summary_of(&request.summary, text)) {
        // What the field of a server's tool means, nobody here knows: its name would have to be shown as well.
        Some(text) => (text.to_owned(), does.len() == 1 && !request.tool.starts_with("mcp__")),
        None => (request.summary.clone(), false),
    }
}

/// Whether a field of a tool's input does not change what the tool does.
fn says_nothing_more(tool: &str, field: &str) -> bool {
    tool == "Bash" && matches!(field, "description" | "timeout")
}

/// Whether a summary is a text on one line, or the beginning of it.
fn is_summary_of(summary: &str, text: &str) -> bool {
    let folded = || text.split_whitespace().flat_map(|word| word.chars().chain([' ']));
    let (beginning, is_cut) = match summary.strip_suffix('…') {
        Some(beginning) => (beginning, true),
        None => (summary, false),
    };
    let mut rest = folded();
    let begins = beginning.chars().all(|character| rest.next() == Some(character));
    begins
        && !beginning.is_empty()
        && (is_cut || rest.next().is_none_or(|next| next == ' ') && rest.next().is_none())
}

fn of_attention(agent: &Agent) -> Option<Notice> {
    let attention = agent.attention.as_ref()?;
    let name = &agent.name;
    let (kind, title) = match attention.kind {
        AttentionKind::Error => (
            Kind::Error,
            match agent.state {
                AgentState::Lost => format!("{name} was lost"),
                AgentState::Failed => format!("{name} failed"),
                _ if agent.did_not_pass() => format!("{name}'s work did not pass"),
                _ => format!("{name} ran into an error"),
            },
        ),
        AttentionKind::RateLimit => (Kind::RateLimit, format!("{name} waits for the model")),
        AttentionKind::Limit => (Kind::RateLimit, format!("{name}'s run has used what it may")),
        AttentionKind::Stuck => (Kind::Stuck, format!("{name} seems stuck")),
        AttentionKind::Done => (Kind::Done, format!("{name} has finished")),
        // These are told by their requests.
        AttentionKind::Permission | AttentionKind::Question | AttentionKind::Plan => return None,
    };
    let what = match kind {
        // The moment of an error is that of the log's last word, which is still to come while the runner ends.
        Kind::Error => format!("error {}", agent.turns),
        _ => format!("{} {}", kind.name(), attention.since),
    };
    Some(notice_of(agent, kind, what.as_bytes(), &title, &attention.summary, attention.since))
}

fn notice_of(agent: &Agent, kind: Kind, what: &[u8], title: &str, text: &str, at: Timestamp) -> Notice {
    let (body, is_whole) = notice::body(text);
    Notice {
        tag: tag(&agent.id, what),
        kind,
        agent: Some(agent.id.clone()),
        name: notice::title(&agent.name),
        title: notice::title(title),
        body,
        is_whole,
        request: None,
        url: format!("/agents/{}", agent.id),
        at,
    }
}

/// A tag: the agent's id and a name of what it needs. What a client calls its requests may be anything, so it is hashed.
fn tag(agent: &AgentId, what: &[u8]) -> String {
    let hash: String = Sha256::digest(what)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{agent}.{hash}")
}

/// Whose need a tag names.
fn agent_of(tag: &str) -> Option<AgentId> {
    tag.split_once('.')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
