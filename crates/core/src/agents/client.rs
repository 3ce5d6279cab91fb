//! What a runner needs to know of a client, whichever it is. Nothing outside an implementation knows its protocol.

use std::{ffi::OsString, path::Path};

use jiff::Timestamp;
use orchestra_model::{Decision, Provider, Request, SessionId, Usage};

use super::{claude::ClaudeCode, entry::Steering, plan::Settings};

/// A client that reads lines on its standard input and prints lines on its standard output.
pub trait Client: Send + Sync {
    /// The arguments it is started with. Never a prompt among them.
    ///
    /// `tools` is the file of [`Client::tools`], when it is given any.
    fn arguments(&self, settings: &Settings, opening: Opening<'_>, tools: Option<&Path>) -> Vec<OsString>;

    /// What stands in the file that gives it Orchestra's tools: how their server is started.
    fn tools(&self, program: &Path, arguments: &[OsString]) -> Vec<u8>;

    /// Lines that are written before any other.
    fn greeting(&self) -> Vec<Vec<u8>>;

    /// The line that hands it a prompt.
    fn prompt(&self, text: &str) -> Vec<u8>;

    /// The line that answers a request, given the line that asked; `None` when that is none.
    fn answer(&self, asked: &[u8], decision: &Decision) -> Option<Vec<u8>>;

    /// The line that steers it, under an id that its answer will carry; `None` when it is not steered by a line.
    fn steer(&self, how: &Steering, id: &str) -> Option<Vec<u8>>;

    /// What a line that it printed says. What is not known is [`Heard::Unknown`], never an error.
    fn read(&self, line: &[u8]) -> Vec<Heard>;

    /// Whether a line too long to be kept must be read all the same, judged by its beginning.
    fn is_of_consequence(&self, beginning: &[u8]) -> bool;
}

/// How a conversation is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening<'a> {
    /// A new one.
    New(&'a SessionId),
    /// A copy of the one in a transcript.
    Fork {
        /// The transcript.
        of: &'a Path,
        /// The id of the copy.
        session: &'a SessionId,
    },
    /// One that the client knows from before.
    Resume(&'a SessionId),
    /// One that the client may know from another folder, by its transcript.
    Continue(&'a Path),
}

/// The client of a provider.
pub const fn client_of(provider: Provider) -> &'static dyn Client {
    match provider {
        Provider::Claude => &ClaudeCode,
    }
}

/// What a client said with a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// It is there and holds a session.
    Ready {
        /// The session.
        session: Option<SessionId>,
        /// The model that answers.
        model: Option<String>,
        /// How it asks for leave.
        mode: Option<String>,
        /// Its version.
        version: Option<String>,
    },
    /// It answers what it was told by a line.
    Answered {
        /// The id that the line carried.
        id: String,
        /// Why it did not do it.
        error: Option<String>,
    },
    /// Words on their way, as far as they are there.
    Writing {
        /// What was added.
        text: String,
    },
    /// It says something.
    Said {
        /// What.
        text: String,
        /// Whether a subagent says it.
        is_aside: bool,
    },
    /// It thinks.
    Thought {
        /// What.
        text: String,
    },
    /// It uses a tool.
    Called {
        /// The call's id.
        id: String,
        /// The tool.
        tool: String,
        /// One line: the command, the file.
        summary: String,
        /// The plan that it will ask leave for, when that is what the tool does.
        plan: Option<String>,
        /// What it is about to do with it.
        deed: Deed,
        /// Whether a subagent uses it.
        is_aside: bool,
    },
    /// A tool has answered.
    Returned {
        /// The call's id.
        id: String,
        /// Whether it failed.
        is_error: bool,
        /// What it answered.
        text: String,
    },
    /// It asks for leave or an answer.
    Asked(Box<Request>),
    /// It does not ask any more: somebody else answered, or the turn is over.
    Withdrawn {
        /// The request's id.
        request: String,
    },
    /// The model has used tokens.
    Used {
        /// For which of its answers.
        answer: String,
        /// How many for that so far that no cache served, in and out.
        tokens: u64,
    },
    /// A turn is over.
    TurnEnded(TurnEnd),
    /// The model could not be asked; the client tries again by itself.
    TriesAgain {
        /// Why.
        words: String,
    },
    /// A limit is reached: the model is not to be had for a while.
    Held {
        /// Until when, if it was said.
        until: Option<Timestamp>,
        /// Why.
        words: String,
    },
    /// It goes on in another way of asking for leave.
    Mode {
        /// The mode.
        mode: String,
    },
    /// Something a person should know.
    Notice {
        /// What.
        words: String,
    },
    /// Something that this version does not know.
    Unknown {
        /// Its type.
        kind: String,
    },
}

/// What a tool does, as far as a list cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Deed {
    /// It changes a file.
    Edits,
    /// It runs a command.
    Runs {
        /// The command.
        command: String,
    },
    /// Anything else.
    #[default]
    Other,
}

/// How a turn ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TurnEnd {
    /// The outcome.
    pub outcome: Outcome,
    /// The final text.
    pub text: String,
    /// What this process of the client cost so far, in USD.
    pub cost_usd: Option<f64>,
    /// Tokens of the turn.
    pub tokens: Usage,
}

/// The outcome of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It came to its end.
    #[default]
    Success,
    /// A person interrupted it.
    Interrupted,
    /// The budget is used up.
    Budget,
    /// The model is not to be had for a while; in the client's words.
    Limit(String),
    /// It failed; why.
    Error(String),
}
