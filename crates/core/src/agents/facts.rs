//! What a log says of its agent: every record adds to it, in their order, and nothing else does.
//!
//! Kept beside the log as `state.json`, so that a list need not read whole logs. What stands there can be made again
//! from the log at any time. What it amounts to (its state, why, what it wants of a person) stands in `facts/standing.rs`.

mod mailbox;
mod proof;
mod score;
mod standing;
pub(super) use standing::USED_UP;
mod stuck;

use std::{collections::VecDeque, path::PathBuf};

use jiff::Timestamp;
use orchestra_model::{
    AgentId, Decided, Exit, MessageState, QueuedPrompt, Report, Request, RequestKind, SessionId, SpanKind,
    Usage,
};
use serde::{Deserialize, Serialize};

use super::{
    client::{Client, Heard, Outcome, TurnEnd},
    entry::{Entry, Event, Steering},
    log::Record,
};
use crate::{process::Process, prompt, render};
pub(super) use mailbox::{Kept, Mailbox};
use proof::Proof;
use score::Lane;
use stuck::Trail;

/// How much of what a client printed to its standard error is remembered, in bytes.
const LAST_ERRORS: usize = 4 << 10;
/// How long a line about what it does may be, in characters.
const LONGEST_DOING: usize = 200;
/// How much of what is being written is remembered, in bytes: the end of it, and up to twice as much.
const LONGEST_WRITING: usize = 32 << 10;
/// How much of a result is remembered, in bytes.
const LONGEST_RESULT: usize = 16 << 10;
/// How many wishes are remembered, so that none is fulfilled twice.
const MOST_WISHES: usize = 256;

/// What is known of an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The number of the last record that this tells of.
    pub sequence: u64,
    /// When that was written.
    pub updated_at: Option<Timestamp>,
    /// The runner that has it; `None` once it let go.
    pub runner: Option<Process>,
    /// The client's process; `None` once it ended.
    pub client: Option<Process>,
    /// Where it works.
    pub folder: Option<PathBuf>,
    /// Its branch.
    pub branch: Option<String>,
    /// The commit that its worktree was made from, where the plan could not say that.
    pub started_from: Option<String>,
    /// What is still to be run there before the client is.
    pub setup: Option<String>,
    /// Whether that runs now.
    pub is_setting_up: bool,
    /// Ports that are its own, by the variables that name them.
    pub ports: Vec<(String, u16)>,
    /// The session that its client said it holds.
    pub session: Option<SessionId>,
    /// Whether the client has been heard since it was started.
    pub is_ready: bool,
    /// The model that answers.
    pub model: Option<String>,
    /// How it asks for leave.
    pub permission_mode: Option<String>,
    /// The model that a person chose since, for when the client is started again.
    pub chosen_model: Option<String>,
    /// The way of asking for leave that a person chose since.
    pub chosen_mode: Option<String>,
    /// Whether a turn runs.
    pub is_busy: bool,
    /// What it does right now; `None` as well while it writes, see [`Facts::writing`].
    pub doing: Option<String>,
    /// The words that are being written.
    pub writing: Writing,
    /// Wishes that were taken in, by their keys, with the number of the prompt if it was one.
    pub wishes: VecDeque<(String, Option<u64>)>,
    /// Prompts that it has not got.
    pub queue: VecDeque<QueuedPrompt>,
    /// The number of the last prompt.
    pub last_prompt: u64,
    /// The last of what it was told.
    pub mailbox: Mailbox,
    /// What it reported last.
    pub report: Option<Report>,
    /// The agents whose end it waits for.
    pub awaits: Vec<AgentId>,
    /// Whether a message ends that, too.
    pub hears: bool,
    /// What it asked and was not told.
    pub requests: Vec<Request>,
    /// How many turns ended.
    pub turns: u32,
    /// What it said last when a turn ended well.
    pub result: Option<String>,
    /// Whether it tried what it made.
    pub proof: Proof,
    /// What it did when.
    pub lane: Lane,
    /// What shows whether it is stuck.
    pub trail: Trail,
    /// What it cost before the client was last started, and since, in USD.
    pub cost: (f64, Option<f64>),
    /// Tokens of all turns.
    pub tokens: Usage,
    /// The plan that it may ask leave for.
    pub plan: Option<String>,
    /// Whether a person interrupted the turn that runs.
    pub is_interrupted: bool,
    /// How the last turn ended, and when.
    pub last_end: Option<(Timestamp, Ending)>,
    /// Whether the client has been given a prompt since it was started.
    pub has_prompt: bool,
    /// Why the model is not to be had, since when and until when.
    pub held: Option<Hold>,
    /// That it waits, without a client, until a limit lifts.
    pub parked: Option<Parked>,
    /// Whether a turn was cut off by that, and nobody told it to go on yet.
    pub is_cut_off: bool,
    /// How often in a row that was so, without a turn that came to its end.
    pub parkings: u32,
    /// How the client ended; `None` while it runs or before it was started.
    pub exit: Option<Exit>,
    /// What a person wanted of its end.
    pub wanted: Option<Wanted>,
    /// Through what it was asked to stop.
    #[serde(default)]
    pub stopped_by: Option<String>,
    /// Why it could not start or go on.
    pub failure: Option<(Timestamp, String)>,
    /// Processes that stem from it and could not be ended.
    pub survivors: Vec<Process>,
    /// The last of what was printed to the standard error.
    pub last_errors: String,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Whether a person cleared it away.
    pub is_cleaned: bool,
    /// When a branch last took its work.
    pub merged_at: Option<Timestamp>,
    /// Lines and bytes that the log does not hold.
    pub left_out: (u64, u64),
}

/// Words on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Writing {
    /// How many pieces of text were begun before: the words of another number are other words.
    pub number: u64,
    /// How many bytes at its beginning are not remembered.
    pub omitted: u64,
    /// The words so far; empty when nothing is being written.
    pub text: String,
}

impl Writing {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        if self.text.len() < 2 * LONGEST_WRITING {
            return;
        }
        let mut from = self.text.len().saturating_sub(LONGEST_WRITING);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        self.omitted += from as u64;
        self.text.drain(..from);
    }

    /// They are said, or will not be.
    fn end(&mut self) {
        if !self.text.is_empty() {
            *self = Self { number: self.number + 1, ..Self::default() };
        }
    }
}

/// How a turn ended, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Ending {
    /// Well, with the first line of the result.
    Success {
        /// The line.
        summary: String,
    },
    /// A person interrupted it.
    Interrupted,
    /// The budget is used up.
    Budget,
    /// It failed.
    Error {
        /// Why.
        words: String,
    },
}

/// The model is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Why.
    pub words: String,
}

/// The agent waits, without a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Since when.
    pub since: Timestamp,
    /// When it goes on.
    pub until: Timestamp,
    /// Why.
    pub why: String,
}

/// What a person wanted of an agent's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// That it stops.
    Stop,
    /// That it ends once it has nothing to do.
    Finish,
}

impl Facts {
    /// Adds what a record says.
    pub fn absorb(&mut self, record: &Record, client: &dyn Client) {
        let entry = Entry::decode(&record.payload);
        let heard = match &entry {
            Entry::Output(line) => client.read(line),
            Entry::Errors(_) | Entry::Event(_) => Vec::new(),
        };
        self.take_in(record.sequence, record.at, entry, heard);
    }

    /// Adds a record that is known already: what it holds, and what a line in it says.
    pub(super) fn take_in(&mut self, sequence: u64, at: Timestamp, entry: Entry, heard: Vec<Heard>) {
        self.sequence = sequence;
        self.updated_at = Some(at);
        match entry {
            Entry::Output(_) => {
                self.trail.moved(at);
                heard.into_iter().for_each(|heard| self.hear(at, heard));
            }
            Entry::Errors(bytes) => self.note_errors(&bytes),
            Entry::Event(event) => self.note(at, event),
        }
        let now = match () {
            () if self.requests.iter().any(|request| request.decided.is_none()) => Some(SpanKind::Waiting),
            () if self.is_busy => Some(SpanKind::Running),
            () => None,
        };
        self.lane.go_on(at, now, self.turns);
    }

    fn note_errors(&mut self, bytes: &[u8]) {
        self.last_errors.push_str(&String::from_utf8_lossy(bytes));
        let mut from = self.last_errors.len().saturating_sub(LAST_ERRORS);
        while !self.last_errors.is_char_boundary(from) {
            from += 1;
        }
        self.last_errors.drain(..from);
    }

    fn note(&mut self, at: Timestamp, event: Event) {
        match event {
            Event::RunnerStarted { process, .. } => {
                // What the last runner left unsaid ended with it.
                self.end_client();
                self.runner = Some(process);
                self.wanted = None;
                self.stopped_by = None;
                self.failure = None;
                self.exit = None;
            }
            Event::Placed { folder, branch, notes, setup, ports, commit } => {
                self.folder = Some(folder);
                self.started_from = commit;
                self.branch = branch;
                self.setup = setup;
                self.ports = ports;
                self.notes.extend(notes);
            }
            Event::SetupStarted { command } => {
                self.is_setting_up = true;
                self.last_errors.clear();
                self.doing = Some(format!("setup: {}", one_line(&command)));
            }
            Event::SetupEnded { exit } => {
                self.is_setting_up = false;
                self.doing = None;
                if exit.code == Some(0) {
                    self.setup = None;
                }
            }
            Event::ClientStarted { process, .. } => {
                self.client = Some(process);
                self.is_ready = false;
                self.has_prompt = false;
                self.last_end = None;
                self.doing = None;
                self.last_errors.clear();
                self.cost = (self.cost.0 + self.cost.1.unwrap_or_default(), None);
            }
            Event::PromptQueued { id, text, key, by, from, first } => {
                self.last_prompt = self.last_prompt.max(id);
                let sender = from.as_ref().map(|letter| letter.name.clone());
                self.mailbox.take_in((id, self.sequence), &text, &by, from, at);
                // Never before the task itself.
                let is_task = self.queue.front().is_some_and(|prompt| prompt.id == 1);
                let place = if first { usize::from(is_task) } else { self.queue.len() };
                self.queue.insert(place, QueuedPrompt { id, text, at, from: sender });
                self.remember(key, Some(id));
            }
            Event::PromptEdited { id, text, key } => {
                self.remember(key, None);
                self.mailbox.change(id, &text);
                if let Some(prompt) = self.queue.iter_mut().find(|prompt| prompt.id == id) {
                    prompt.text = text;
                }
            }
            Event::PromptRemoved { id, key } => {
                self.remember(key, None);
                self.mailbox.remove(id);
                self.queue.retain(|prompt| prompt.id != id);
            }
            Event::MessagesRead { ids } => {
                self.mailbox.mark(&ids, MessageState::Read);
                self.queue.retain(|prompt| !ids.contains(&prompt.id));
            }
            Event::Awaits { agents, hears, heard } => {
                (self.awaits, self.hears) = (agents, hears);
                heard.into_iter().for_each(|key| self.remember(Some(key), None));
            }
            Event::Reported { report, key } => {
                self.report = Some(report);
                self.remember(key, None);
            }
            Event::PromptDelivered { id } => {
                self.mailbox.mark(&[id], MessageState::Delivered);
                self.queue.retain(|prompt| prompt.id != id);
                self.is_busy = true;
                self.is_interrupted = false;
                self.doing = None;
                self.plan = None;
                self.has_prompt = true;
                self.last_end = None;
                self.held = None;
                self.is_cut_off = false;
                self.trail.begin(at);
            }
            Event::Decided { request, decision, by, key } => {
                self.remember(key, None);
                if let Some(request) = self.requests.iter_mut().find(|known| known.id == request) {
                    request.decided = Some(Decided { decision, by, at, is_delivered: false });
                }
            }
            Event::DecisionDelivered { request } => {
                self.requests.retain(|known| known.id != request);
                self.trail.moved(at);
            }
            Event::Steered { how, key, by } => {
                self.remember(key, None);
                if how == Steering::Stop {
                    self.stopped_by = Some(by);
                }
                self.steer(how);
            }
            Event::LeftOut { lines, bytes } => self.left_out = (lines, bytes),
            Event::ClientExited { exit, survivors } => {
                self.end_client();
                self.exit = Some(exit);
                self.survivors = survivors;
            }
            Event::Parked { until, why } => {
                self.is_cut_off |= self.is_busy || self.refused().is_some();
                // Parked for longer, it is still the same wait.
                let since = self.parked.as_ref().map_or(at, |parked| parked.since);
                self.parkings += u32::from(self.parked.is_none());
                self.parked = Some(Parked { since, until, why });
            }
            Event::Unparked => {
                self.parked = None;
                self.held = None;
                self.exit = None;
                self.last_end = None;
            }
            Event::Failed { why } => self.failure = Some((at, why)),
            Event::RunnerEnded => {
                self.end_client();
                self.runner = None;
            }
            Event::Taken => self.merged_at = Some(at),
            Event::Cleaned => self.is_cleaned = true,
            Event::Restored { branch } => {
                self.is_cleaned = false;
                self.branch = branch.or(self.branch.take());
            }
            Event::Spilled { .. } | Event::Unknown => {}
        }
    }

    fn steer(&mut self, how: Steering) {
        match how {
            Steering::Stop => {
                self.wanted = Some(Wanted::Stop);
                self.parked = None;
            }
            Steering::Finish => self.wanted = Some(Wanted::Finish),
            Steering::Interrupt => self.is_interrupted = self.is_busy,
            Steering::Model { model } => {
                self.model = Some(model.clone());
                self.chosen_model = Some(model);
            }
            Steering::Mode { mode } => self.chosen_mode = Some(mode),
        }
    }

    fn remember(&mut self, key: Option<String>, prompt: Option<u64>) {
        if let Some(key) = key {
            self.wishes.push_back((key, prompt));
            self.wishes.drain(..self.wishes.len().saturating_sub(MOST_WISHES));
        }
    }

    /// Whether a wish was taken in already, and the prompt's number if it was one.
    pub(super) fn wish(&self, key: &str) -> Option<Option<u64>> {
        self.wishes.iter().find(|(known, _)| known == key).map(|(_, prompt)| *prompt)
    }

    fn end_client(&mut self) {
        self.client = None;
        self.awaits.clear();
        self.writing.end();
        self.is_setting_up = false;
        self.is_ready = false;
        self.is_busy = false;
        self.doing = None;
        self.requests.clear();
    }

    /// What it does right now: of what is being written, the last line.
    pub(super) fn does(&self) -> Option<String> {
        let words = self.writing.text.trim_end();
        let last = words.rsplit('\n').next().filter(|line| !line.is_empty());
        self.doing.clone().or_else(|| last.map(brief))
    }

    /// Adds what the client said.
    fn hear(&mut self, at: Timestamp, heard: Heard) {
        self.is_ready |= !matches!(heard, Heard::Unknown { .. });
        match heard {
            Heard::Ready { session, model, mode, .. } => {
                self.session = session.or(self.session.take());
                self.model = model.or(self.model.take());
                self.permission_mode = mode.or(self.permission_mode.take());
            }
            Heard::Mode { mode } => self.permission_mode = Some(mode),
            Heard::Said { text, is_aside: false } => {
                self.busy();
                self.writing.end();
                self.doing = Some(brief(&text));
            }
            Heard::Called { id, tool, summary, plan, deed, is_aside } => {
                self.proof.call(&id, &deed);
                self.trail.call(&id, &tool, &summary, &deed);
                if is_aside {
                    return;
                }
                self.busy();
                self.plan = plan.or(self.plan.take());
                self.doing = Some(one_line(&format!("{tool}: {summary}")));
            }
            Heard::Thought { .. } => {
                self.busy();
                self.doing = Some("thinking".to_owned());
            }
            Heard::Writing { text } => {
                self.busy();
                self.writing.add(&text);
                self.doing = None;
            }
            Heard::Asked(mut request) => {
                // The same request asked again is the same request.
                self.requests.retain(|known| known.id != request.id);
                request.at = at;
                if request.kind == RequestKind::Plan {
                    request.plan = request.plan.take().or_else(|| self.plan.clone());
                    if let Some(plan) = &request.plan {
                        request.summary = brief(plan);
                    }
                }
                self.requests.push(*request);
            }
            Heard::Withdrawn { request } => self.requests.retain(|known| known.id != request),
            Heard::TurnEnded(end) => self.end_turn(at, end),
            Heard::TriesAgain { words } => {
                self.is_busy = true;
                self.doing = Some(one_line(&words));
            }
            Heard::Held { until, words } => self.hold(at, until, words),
            Heard::Returned { id, is_error, text } => {
                self.proof.come_back(&id, is_error, &text, at);
                // Not when it is called: whoever looks then finds the file as it was.
                if self.trail.come_back(&id, is_error, &text, at) {
                    self.lane.edit(at, self.turns);
                }
            }
            Heard::Used { answer, tokens } => self.trail.used(&answer, tokens, at),
            Heard::Said { .. } | Heard::Answered { .. } | Heard::Notice { .. } | Heard::Unknown { .. } => {}
        }
    }

    /// The model answers: a turn runs, and what held it is over.
    fn busy(&mut self) {
        self.is_busy = true;
        self.last_end = None;
        self.held = None;
    }

    fn hold(&mut self, at: Timestamp, until: Option<Timestamp>, words: String) {
        let (since, known) = self.held.as_ref().map_or((at, None), |held| (held.since, held.until));
        self.held = Some(Hold { since, until: until.or(known), words });
    }

    fn end_turn(&mut self, at: Timestamp, end: TurnEnd) {
        self.is_busy = false;
        self.awaits.clear();
        self.writing.end();
        self.doing = None;
        self.requests.clear();
        self.trail.begin(at);
        self.turns += 1;
        self.cost.1 = end.cost_usd.or(self.cost.1);
        self.tokens += end.tokens;
        let ending = match end.outcome {
            Outcome::Success => {
                self.parkings = 0;
                self.result = Some(prompt::cut(&end.text, LONGEST_RESULT).to_owned());
                Ending::Success { summary: brief(&end.text) }
            }
            Outcome::Interrupted => Ending::Interrupted,
            Outcome::Error(_) if self.is_interrupted => Ending::Interrupted,
            Outcome::Budget => Ending::Budget,
            Outcome::Limit(words) => {
                let words = one_line(&words);
                self.hold(at, None, words.clone());
                Ending::Error { words }
            }
            Outcome::Error(words) => Ending::Error { words: one_line(&words) },
        };
        if matches!(ending, Ending::Success { .. } | Ending::Interrupted) {
            self.held = None;
        }
        self.last_end = Some((at, ending));
    }
}

/// A text on one line, shortened.
pub(super) fn one_line(text: &str) -> String {
    prompt::one_line(text, LONGEST_DOING).unwrap_or_default()
}

/// What the model wrote on one line, shortened, without the marks of its Markdown.
fn brief(text: &str) -> String {
    render::brief(text, LONGEST_DOING)
}

#[cfg(test)]
mod tests;
