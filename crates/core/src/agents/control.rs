//! How a runner is spoken to: one JSON value a line, both ways, through the socket in the agent's folder.
//!
//! Commands go in and their outcome comes back; whoever follows is told that the log has grown, and reads it there.
//! The socket carries nothing that is not in the log.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::{
        fd::AsRawFd,
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use orchestra_model::{AgentId, Decision, Report};
use serde::{Deserialize, Serialize};

use super::entry::{Letter, Steering};
use crate::render::visible;

/// The version of what is spoken here. A runner answers older and newer ones: what it does not know it refuses.
pub const VERSION: u32 = 1;
/// A line longer than this is not read, in bytes.
pub(super) const LONGEST_LINE: u64 = 16 << 20;
/// The socket's name in the agent's folder.
const SOCKET: &str = "control.sock";
/// How long a runner may take to answer before it counts as unresponsive.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked of a runner, and by whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The version that the sender speaks.
    pub version: u32,
    /// Who asks.
    #[serde(flatten)]
    pub caller: Caller,
    /// What.
    pub command: Command,
}

/// Who asks something of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Through which surface: `cli`, `web`.
    pub by: String,
    /// A name of this one wish. What changes the agent and comes twice under one key is done once, whoever was killed in
    /// between; the second time the answer is that of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl From<&str> for Caller {
    fn from(by: &str) -> Self {
        Self { by: by.to_owned(), key: None }
    }
}

/// What can be asked of a runner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Nothing: is it there?
    Hello,
    /// Take in a prompt.
    Send {
        /// What it says.
        text: String,
        /// The agent that sends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Letter>,
    },
    /// Hand out prompts of other agents that wait: the agent reads them now.
    Read {
        /// Their numbers.
        ids: Vec<u64>,
    },
    /// Note that the agent only waits for others from now on; of none, that it goes on.
    Await {
        /// Those.
        agents: Vec<AgentId>,
        /// Whether a message ends that, too.
        #[serde(default)]
        hears: bool,
        /// Ends that it heard of by waiting, by the keys of the messages that would tell of them.
        #[serde(default)]
        heard: Vec<String>,
    },
    /// Note what the agent says came out of its task.
    Report {
        /// What.
        report: Report,
    },
    /// Note that a branch took its work.
    Taken,
    /// Have the agent's run gone on with, by a process that does not end with the agent.
    Step {
        /// Agents that have got a message and have no runner.
        wake: Vec<AgentId>,
    },
    /// Take in a prompt, and end the turn that runs for it.
    Nudge {
        /// What it says.
        text: String,
        /// Only while it seems stuck since then: an agent that goes on by itself is not interrupted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// Change a prompt that waits.
    Edit {
        /// Its number.
        id: u64,
        /// What it shall say.
        text: String,
    },
    /// Take back a prompt that waits.
    Remove {
        /// Its number.
        id: u64,
    },
    /// Answer a request.
    Answer {
        /// The client's id of it.
        request: String,
        /// Hash of the input that was decided on.
        input_hash: String,
        /// What was decided.
        decision: Decision,
    },
    /// Steer it.
    Steer {
        /// How.
        how: Steering,
    },
    /// Say whenever the log has grown, until the connection is closed.
    Follow,
    /// What a newer version asks.
    #[serde(other)]
    Unknown,
}

/// What a runner answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is done, and in the log.
    Done {
        /// The number of the last record.
        sequence: u64,
        /// The number of the prompt that was taken in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prompt: Option<u64>,
    },
    /// It is not done, and nothing was changed.
    Refused {
        /// Why.
        why: Refusal,
    },
}

/// Why a runner does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such request, or not any more.
    #[error("the agent does not ask that any more; `orchestra status` shows what it asks now")]
    NoSuchRequest,
    /// Somebody else was first.
    #[error("it was {} through {} already", decision.as_ref().map_or("answered", Decision::in_words), visible(by))]
    AlreadyDecided {
        /// Through which surface.
        by: String,
        /// What was decided; an older runner does not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
    },
    /// What was decided on is not what is asked.
    #[error("the agent asks something else now; look again before you decide")]
    InputChanged,
    /// A suggestion or an answer is asked for that does not exist.
    #[error("there is no such choice; `orchestra status` shows the choices")]
    NoSuchChoice,
    /// It does not seem stuck any more, or with something else.
    #[error("the agent does not seem stuck with that any more; nothing was said")]
    GoesOn,
    /// The prompt does not wait any more.
    #[error("that message does not wait any more: the agent has got it, or it was taken back")]
    AlreadyDelivered,
    /// No prompt ever had that number.
    #[error("the agent has no message with that number")]
    NoSuchPrompt,
    /// Agents have sent it so much that it must read first.
    #[error("{why}")]
    TooMuch {
        /// What is too much, and what to do.
        why: String,
    },
    /// The agent is on its way out.
    #[error("the agent is ending; send again in a moment, which resumes it")]
    Ending,
    /// The log cannot be written.
    #[error("the agent's log cannot be written ({error}); free some space, then try again")]
    NotKept {
        /// What the system says.
        error: String,
    },
    /// An older runner does not know the command.
    #[error("the agent's runner is of an older version, which cannot do that; stop and resume the agent")]
    NotKnown,
}

/// Why a runner could not be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no runner.
    #[error("no runner holds the agent")]
    NotRunning,
    /// The runner is there and does not answer.
    #[error(
        "the agent's runner does not answer; it may be busy with a slow disk: try again, or `orchestra doctor`"
    )]
    Unresponsive,
    /// It answered, and not with yes.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection failed otherwise.
    #[error("the agent's runner could not be reached: {0}")]
    Broken(#[source] io::Error),
}

impl From<io::Error> for ControlError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::NotRunning,
            // It ended before it took the call, or while it was being asked: the same as a line that ends too early.
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::NotRunning,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Unresponsive,
            _ => Self::Broken(error),
        }
    }
}

/// Does something with the address of a folder's socket. Addresses of sockets are short: on Linux the folder is reached
/// through its descriptor, however deep it lies.
fn with_address<T>(folder: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if cfg!(target_os = "linux") {
        let held: File = OpenOptions::new().read(true).open(folder)?;
        act(&PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", held.as_raw_fd())))
    } else {
        act(&folder.join(SOCKET))
    }
}

/// Where the socket of an agent's folder lies.
pub(super) fn socket_in(folder: &Path) -> PathBuf {
    folder.join(SOCKET)
}

/// Listens at the socket of an agent's folder; whoever calls holds the agent's lock, so that one that is there is dead.
pub(super) fn listen(folder: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(socket_in(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    with_address(folder, |address| UnixListener::bind(address))
}

/// A connection to a runner.
#[derive(Debug)]
pub struct Control {
    stream: BufReader<UnixStream>,
    /// What has come of the next line.
    line: Vec<u8>,
}

impl Control {
    /// Connects to the runner of an agent's folder.
    ///
    /// # Errors
    /// When none listens there.
    pub fn connect(folder: &Path) -> Result<Self, ControlError> {
        let stream = with_address(folder, |address| UnixStream::connect(address))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), line: Vec::new() })
    }

    /// Asks something and waits for the answer: the number of the last record, and of the prompt if it was one.
    ///
    /// # Errors
    /// When it is refused, or the runner does not answer.
    pub fn ask(
        &mut self,
        command: Command,
        caller: impl Into<Caller>,
    ) -> Result<(u64, Option<u64>), ControlError> {
        let message = Message { version: VERSION, caller: caller.into(), command };
        let mut line = serde_json::to_vec(&message).map_err(io::Error::from)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line)?;
        match self.next_answer()? {
            Answer::Done { sequence, prompt } => Ok((sequence, prompt)),
            Answer::Refused { why } => Err(why.into()),
        }
    }

    fn next_answer(&mut self) -> Result<Answer, ControlError> {
        self.stream.read_until(b'\n', &mut self.line)?;
        if self.line.last() != Some(&b'\n') {
            return Err(ControlError::NotRunning);
        }
        let answer = serde_json::from_slice(&self.line).map_err(io::Error::from);
        self.line.clear();
        Ok(answer?)
    }

    /// Waits until the log has grown, after [`Command::Follow`]; `false` when nothing came within the time.
    ///
    /// # Errors
    /// When the runner has gone.
    pub fn wait(&mut self, most: Duration) -> Result<bool, ControlError> {
        self.stream.get_ref().set_read_timeout(Some(most.max(Duration::from_millis(1))))?;
        match self.next_answer() {
            Ok(_) => Ok(true),
            Err(ControlError::Unresponsive) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
