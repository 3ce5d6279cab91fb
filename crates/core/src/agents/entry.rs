//! What stands in the records of an agent's log.
//!
//! What the client prints is kept byte for byte, one record a line. Everything else is an [`Event`] of Orchestra's own,
//! as JSON. The first byte of a record says which it is. An event that a newer version wrote is [`Event::Unknown`].

use std::path::PathBuf;

use jiff::Timestamp;
use orchestra_model::{AgentId, Decision, Exit, MessageKind, Report};
use serde::{Deserialize, Serialize};

use crate::process::Process;

/// What a record holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A line that the client printed, without its end.
    Output(Vec<u8>),
    /// What the client, or a setup command, printed to its standard error.
    Errors(Vec<u8>),
    /// Something that Orchestra did or was told.
    Event(Event),
}

/// Something that Orchestra did or was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A runner took the agent.
    RunnerStarted {
        /// Its process.
        process: Process,
        /// Its version.
        version: String,
    },
    /// The folder that the agent works in is there.
    Placed {
        /// The folder.
        folder: PathBuf,
        /// Its branch.
        branch: Option<String>,
        /// What a person should know of it.
        #[serde(default)]
        notes: Vec<String>,
        /// What is to be run there before the client is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        setup: Option<String>,
        /// Ports that are the agent's own, by the variables that name them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ports: Vec<(String, u16)>,
        /// The commit that it was made from, where the plan could not say that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// The repository's setup command was started.
    SetupStarted {
        /// The command.
        command: String,
    },
    /// The setup command ended.
    SetupEnded {
        /// How.
        exit: Exit,
    },
    /// The client was started.
    ClientStarted {
        /// Its process.
        process: Process,
        /// The program.
        program: PathBuf,
        /// Whether it goes on with a conversation.
        resumes: bool,
    },
    /// A prompt was taken in; it waits for its turn.
    PromptQueued {
        /// Its number.
        id: u64,
        /// What it says.
        text: String,
        /// Through which surface it came.
        by: String,
        /// The wish that it came with, see [`Caller`](super::control::Caller).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// The agent that sent it; `None` when a person or Orchestra did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Letter>,
        /// Whether it goes before all that wait.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        first: bool,
    },
    /// The agent fetched prompts of other agents itself: they wait no more.
    MessagesRead {
        /// Their numbers.
        ids: Vec<u64>,
    },
    /// From here on the agent only waits for others; of none, it goes on.
    Awaits {
        /// Those.
        agents: Vec<AgentId>,
        /// Whether a message ends that, too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        hears: bool,
        /// Ends that it heard of by waiting, by the keys of the messages that would tell of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        heard: Vec<String>,
    },
    /// The agent says what came out of its task.
    Reported {
        /// What.
        report: Report,
        /// The wish that it came with, see [`Caller`](super::control::Caller).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A waiting prompt was changed.
    PromptEdited {
        /// Its number.
        id: u64,
        /// What it says now.
        text: String,
        /// The wish that it came with, see [`Caller`](super::control::Caller).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A waiting prompt was taken back.
    PromptRemoved {
        /// Its number.
        id: u64,
        /// The wish that it came with, see [`Caller`](super::control::Caller).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A prompt is being handed to the client.
    PromptDelivered {
        /// Its number.
        id: u64,
    },
    /// A person decided on a request.
    Decided {
        /// The client's id of the request.
        request: String,
        /// What was decided.
        decision: Decision,
        /// Through which surface.
        by: String,
        /// The wish that it came with, see [`Caller`](super::control::Caller).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// The client has been given the decision.
    DecisionDelivered {
        /// The client's id of the request.
        request: String,
    },
    /// The agent was interrupted, stopped or set otherwise.
    Steered {
        /// How.
        how: Steering,
        /// Through which surface.
        by: String,
        /// The wish that it came with, see [`Caller`](super::control::Caller).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A line was too long for a record and lies in a file beside the log.
    Spilled {
        /// The file's name.
        file: String,
        /// Its size in bytes.
        bytes: u64,
        /// How the line begins.
        #[serde(with = "serde_bytes")]
        beginning: Vec<u8>,
    },
    /// From here on, lines without consequence are not kept: the log is as large as it may be.
    LeftOut {
        /// How many lines were left out so far.
        lines: u64,
        /// How many bytes.
        bytes: u64,
    },
    /// The client's process ended.
    ClientExited {
        /// How.
        exit: Exit,
        /// Processes that stem from it and could not be ended.
        #[serde(default)]
        survivors: Vec<Process>,
    },
    /// The agent could not start, or could not go on; why, one sentence.
    Failed {
        /// Why.
        why: String,
    },
    /// The client is ended, or not started, since the model is not to be had; the session is kept.
    Parked {
        /// When the agent goes on by itself.
        until: Timestamp,
        /// Why the model is not to be had, as the client says.
        why: String,
    },
    /// The agent goes on.
    Unparked,
    /// The runner let go of the agent.
    RunnerEnded,
    /// A branch took its work.
    Taken,
    /// A person cleared the agent away; its worktree is in the trash.
    Cleaned,
    /// A person brought it back.
    Restored {
        /// Its branch, which may have another name now.
        branch: Option<String>,
    },
    /// What a newer version wrote.
    #[serde(other)]
    Unknown,
}

/// Which agent sent a prompt, and as what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its id.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// What kind of message.
    #[serde(default)]
    pub kind: MessageKind,
}

/// How a person steers an agent besides prompts and decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Steering {
    /// End the turn.
    Interrupt,
    /// End the client.
    Stop,
    /// End the client once its turn is over and nothing waits.
    Finish,
    /// Ask for leave otherwise from now on.
    Mode {
        /// The client's name of the mode.
        mode: String,
    },
    /// Let another model answer from now on.
    Model {
        /// The model.
        model: String,
    },
}

const OUTPUT: u8 = b'<';
const ERRORS: u8 = b'!';

impl Entry {
    /// The entry as a record's payload.
    pub fn encode(&self) -> Vec<u8> {
        let tagged = |tag: u8, bytes: &[u8]| [&[tag], bytes].concat();
        match self {
            Self::Output(line) => tagged(OUTPUT, line),
            Self::Errors(bytes) => tagged(ERRORS, bytes),
            // Begins with the brace that is the tag. Plain data always has a JSON form.
            Self::Event(event) => serde_json::to_vec(event).unwrap_or_default(),
        }
    }

    /// The entry of a record's payload; what cannot be read is unknown.
    pub fn decode(payload: &[u8]) -> Self {
        match payload.split_first() {
            Some((&OUTPUT, line)) => Self::Output(line.to_vec()),
            Some((&ERRORS, bytes)) => Self::Errors(bytes.to_vec()),
            _ => Self::Event(serde_json::from_slice(payload).unwrap_or(Event::Unknown)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let event = Event::Decided {
            request: "r-1".into(),
            decision: Decision::Deny { message: "use cargo".into(), interrupt: false },
            by: "cli".into(),
            key: Some("k-1".into()),
        };
        let entries = [
            Entry::Output(b"{\"type\":\"result\"}".to_vec()),
            Entry::Output(vec![0xff, 0, b'{']),
            Entry::Output(Vec::new()),
            Entry::Errors(b"no such file\n".to_vec()),
            Entry::Event(event),
            Entry::Event(Event::Steered {
                how: Steering::Interrupt,
                by: "web".into(),
                key: Some("k-2".into()),
            }),
            Entry::Event(Event::RunnerEnded),
        ];
        for entry in entries {
            assert_eq!(Entry::decode(&entry.encode()), entry);
        }
    }

    #[test]
    fn what_an_older_version_wrote_came_with_no_key() {
        let payload = br#"{"event":"steered","how":{"do":"interrupt"},"by":"web"}"#;
        let event = Event::Steered { how: Steering::Interrupt, by: "web".into(), key: None };
        assert_eq!(Entry::decode(payload), Entry::Event(event));
    }

    #[test]
    fn a_prompt_that_an_older_version_wrote_goes_behind_the_others() {
        let payload = br#"{"event":"prompt_queued","id":2,"text":"t","by":"cli"}"#;
        let (text, by) = ("t".into(), "cli".into());
        let event = Event::PromptQueued { id: 2, text, by, key: None, from: None, first: false };
        assert_eq!(Entry::decode(payload), Entry::Event(event));
    }

    #[test]
    fn what_a_newer_version_wrote_is_unknown_and_no_error() {
        for payload in ["", "{", r#"{"event":"levitated","height":3}"#, "\u{1}"] {
            assert_eq!(Entry::decode(payload.as_bytes()), Entry::Event(Event::Unknown), "{payload}");
        }
    }
}
