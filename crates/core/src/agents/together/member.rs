//! An agent that does something for itself: looks who else is there, sends, reads and reports.

use std::{
    collections::VecDeque,
    io,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{AgentId, AgentState, MessageKind, Report, ReportOutcome, Sender};
use serde::Serialize;

use super::{BY, Key, KeyError, Limit, limits, wait::Wait};
use crate::{
    agents::{
        AgentFolder, Agents, Control, ControlError, FolderError, SendError, StartError, Tools,
        client::client_of,
        control::{Caller, Command, Refusal},
        entry::{Entry, Event, Letter},
        facts::Facts,
        facts::one_line,
        log::LogReader,
        plan::{Plan, Talks},
        runs::{RunError, StepError},
    },
    files::lock_file,
};

/// How long whoever sends waits for the runner of one that goes on with the message.
const UNTIL_TAKEN: Duration = Duration::from_secs(5);
/// How often it is looked whether it is there.
const LOOK: Duration = Duration::from_millis(20);

/// An agent, as its client acts for it. What it does, it does under its own name.
#[derive(Debug)]
pub struct Member {
    pub(super) tools: Tools,
    pub(super) key: Key,
    /// When it sent messages lately, as far as this process knows: a storm is refused without looking further.
    sent: Mutex<VecDeque<Timestamp>>,
    /// What its calls wait for now, as far as this process knows.
    pub(super) waits: Mutex<Vec<Wait>>,
}

/// Why an agent does not get what it wants. Its client reads these words.
#[derive(Debug, thiserror::Error)]
pub enum TogetherError {
    /// It is not who it says.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A person stopped it, or cleared it away.
    #[error("{name} was stopped; only a person can have it go on: do nothing more, end your turn")]
    Halted {
        /// Its own name.
        name: String,
    },
    /// A limit keeps it from that.
    #[error(transparent)]
    Limit(#[from] Limit),
    /// There is no such agent.
    #[error("there is no agent {asked:?} in your run; there are: {}", listed(.known))]
    Unknown {
        /// What was asked for.
        asked: String,
        /// The names of those that there are.
        known: Vec<String>,
    },
    /// A person stopped it.
    #[error("{name} was stopped or cleared away by a person, who alone has it go on; do its part yourself")]
    Stopped {
        /// Who.
        name: String,
    },
    /// It has not started.
    #[error("{name} has not started yet: others of the run are at work; wait_for it, then send again")]
    NotStarted {
        /// Who.
        name: String,
    },
    /// The run has used what it may.
    #[error(
        "the run has used {words}, so nobody starts; a person has been asked: do it yourself, or end your turn"
    )]
    UsedUp {
        /// What.
        words: String,
    },
    /// Nobody can be waited for.
    #[error("you have started nobody and named nobody; name agents, or wait for messages")]
    NobodyToWaitFor,
    /// Those that it would wait for wait for it.
    #[error(
        "{name} waits for you, so neither would ever go on; report_result gives it what it waits for: then wait for it"
    )]
    WaitsForYou {
        /// One of those.
        name: String,
    },
    /// What was reported is not JSON.
    #[error("data is not JSON: {0}; leave it out, or write an object")]
    Data(serde_json::Error),
    /// Its own runner refuses.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A message is refused.
    #[error(transparent)]
    Send(SendError),
    /// An agent cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// One cannot be made or started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The run cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The run cannot be gone on with.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The system refuses.
    #[error("Orchestra's folder cannot be used: {0}; try again")]
    State(#[from] io::Error),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none but you".to_owned() } else { names.join(", ") }
}

impl From<SendError> for TogetherError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotStarted { name } => Self::NotStarted { name },
            SendError::Stopped { name } => Self::Stopped { name },
            error => Self::Send(error),
        }
    }
}

/// Another agent, as one is told of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: AgentState,
    /// Its task, one line.
    pub task: String,
    /// What it does right now, or why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doing: Option<String>,
    /// Its branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The name of the agent that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// Whether that is who asks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_you: bool,
    /// Whether a person cleared it away: it takes no messages.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_in_trash: bool,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// To whom.
    pub to: String,
    /// Its number there.
    pub number: u64,
    /// Whether it waits until that one's turn is over.
    pub waits: bool,
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// Its number.
    pub number: u64,
    /// Who sent it.
    pub from: String,
    /// What kind of message.
    pub kind: MessageKind,
    /// What it says.
    pub text: String,
    /// Whether that is only the beginning of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// When it arrived.
    pub at: Timestamp,
}

impl Member {
    /// The agent of a key.
    ///
    /// # Errors
    /// When it is not its key.
    pub fn new(tools: Tools, key: Key) -> Result<Self, TogetherError> {
        let member = Self { tools, key, sent: Mutex::default(), waits: Mutex::default() };
        member.me()?;
        Ok(member)
    }

    pub(super) fn agents(&self) -> Agents {
        self.tools.agents()
    }

    /// Its folder and plan. Asked each time: a key may be none any more, and whom a person stopped does nothing more.
    pub(super) fn me(&self) -> Result<(AgentFolder, Plan), TogetherError> {
        let folder = self.key.open(&self.agents())?;
        let plan = folder.plan()?;
        let facts = facts_of(&folder, &plan)?;
        if facts.is_left_to_a_person() {
            return Err(TogetherError::Halted { name: plan.name });
        }
        self.take_back_what_was_left(&folder, &facts.awaits)?;
        Ok((folder, plan))
    }

    /// Those whom it may talk to, itself among them.
    pub(super) fn members(&self, me: &Plan) -> Result<Vec<(AgentFolder, Plan)>, TogetherError> {
        let all = self.agents().folders()?.into_iter();
        let plans = all.filter_map(|folder| Some((folder.plan().ok()?, folder)));
        let is_member = |plan: &Plan| plan.run.id == me.run.id || me.settings.talks == Talks::Any;
        let mut members: Vec<_> =
            plans.filter(|(plan, _)| is_member(plan)).map(|(plan, folder)| (folder, plan)).collect();
        members.sort_by_key(|(_, plan)| plan.created_at);
        Ok(members)
    }

    /// The one that is meant by a name or an id.
    pub(super) fn find(&self, me: &Plan, asked: &str) -> Result<(AgentFolder, Plan), TogetherError> {
        let is_meant = |plan: &Plan| plan.name == asked || plan.id.as_str() == asked;
        let members = self.members(me)?;
        let names = members.iter().map(|(_, plan)| plan.name.clone());
        let known: Vec<String> = names.filter(|name| *name != me.name).collect();
        if let Some(found) = members.into_iter().find(|(_, plan)| is_meant(plan)) {
            limits::may_talk(me, &found.1)?;
            return Ok(found);
        }
        let others = self.agents().folders()?.into_iter();
        if let Some(other) = others.filter_map(|folder| folder.plan().ok()).find(is_meant) {
            limits::may_talk(me, &other)?;
        }
        Err(TogetherError::Unknown { asked: limits::echo(asked), known })
    }

    /// Who is there.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn list(&self) -> Result<Vec<Seen>, TogetherError> {
        let (_, me) = self.me()?;
        let mut seen = Vec::new();
        for (folder, plan) in self.members(&me)? {
            let agent = folder.agent()?;
            seen.push(Seen {
                is_you: plan.id == me.id,
                is_in_trash: agent.is_cleaned,
                started_by: plan.started_by.map(|starter| starter.name),
                name: agent.name,
                state: agent.state,
                task: one_line(&agent.task),
                doing: agent.failure.or(agent.waits).or(agent.doing),
                branch: agent.branch,
            });
        }
        Ok(seen)
    }

    /// Sends another agent a message. Sent twice under one key it is sent once.
    ///
    /// # Errors
    /// When it may not, or it cannot be taken in.
    pub fn send(&self, to: &str, text: &str, key: Option<&str>) -> Result<Delivered, TogetherError> {
        let (folder, me) = self.me()?;
        let (other, to) = self.find(&me, to)?;
        limits::may_be_said("the message", text, limits::LONGEST_MESSAGE)?;
        let key = limits::may_be_key(key)?;
        self.tell(&folder, &me, (&other, &to), text, MessageKind::Message, key)
    }

    fn tell(
        &self,
        folder: &AgentFolder,
        me: &Plan,
        (other, to): (&AgentFolder, &Plan),
        text: &str,
        kind: MessageKind,
        key: Option<&str>,
    ) -> Result<Delivered, TogetherError> {
        let wish = key.map(|key| format!("{BY}-{}-{key}", me.id));
        // One after the other, whoever else sends for this agent: so the limit holds.
        let lock = lock_file(&folder.path().join("send.lock"))?;
        lock.lock()?;
        let now = Timestamp::now();
        let known = wish.as_deref().map(|wish| other.wish(wish)).transpose()?.flatten();
        let is_known = known.is_some();
        let used_up = || self.agents().used_up(&to.run.id);
        match known {
            Some(number) => {
                let before = number.map(|number| words_sent(other, to, number)).transpose()?.flatten();
                if before.is_some_and(|before| before != text) {
                    let key = key.unwrap_or_default().to_owned();
                    return Err(Limit::KeyUsed { key, what: "message" }.into());
                }
            }
            None => {
                self.may_send(me, now)?;
                // Results are kept for one that has to wait; nobody starts for a message.
                if kind == MessageKind::Message
                    && !other.agent()?.state.is_live()
                    && let Some(words) = used_up()?
                {
                    return Err(TogetherError::UsedUp { words });
                }
            }
        }
        let caller = Caller { by: BY.to_owned(), key: wish };
        let letter = Letter { agent: me.id.clone(), name: me.name.clone(), kind };
        let (sent, waits) = self.agents().put(&to.id, text, &caller, Some(letter), now)?;
        if !is_known {
            self.count(now);
        }
        if sent.resumed && used_up()?.is_none() {
            let before = other.agent()?.sequence;
            self.move_on(folder, me, vec![to.id.clone()])?;
            until_taken(other, before)?;
        }
        Ok(Delivered { to: to.name.clone(), number: sent.prompt.unwrap_or_default(), waits })
    }

    /// Refuses when it sent too much within the last minute.
    fn may_send(&self, me: &Plan, now: Timestamp) -> Result<(), TogetherError> {
        if let Ok(mut sent) = self.sent.lock() {
            sent.retain(|at| now.duration_since(*at).as_secs() < 60);
            limits::may_send(sent.len())?;
        }
        let mut sent = 0;
        for (folder, plan) in self.members(me)? {
            sent += facts_of(&folder, &plan)?.mailbox.arrived(Some(&me.id), now);
        }
        Ok(limits::may_send(sent)?)
    }

    fn count(&self, now: Timestamp) {
        if let Ok(mut sent) = self.sent.lock() {
            sent.push_back(now);
        }
    }

    /// The messages of agents that wait for it, which it has read then; before them so many that it got earlier.
    ///
    /// # Errors
    /// When it cannot be kept that they are read.
    pub fn read(&self, earlier: usize) -> Result<Vec<Received>, TogetherError> {
        let (folder, me) = self.me()?;
        let facts = facts_of(&folder, &me)?;
        let waiting: Vec<_> = facts.queue.iter().filter(|prompt| prompt.from.is_some()).cloned().collect();
        let ids: Vec<u64> = waiting.iter().map(|prompt| prompt.id).collect();
        let kept = facts.mailbox.kept.iter();
        let before = kept.filter(|kept| !ids.contains(&kept.number)).map(|kept| Received {
            number: kept.number,
            from: match &kept.from {
                // "you" to people is another to agents.
                Sender::Person { .. } => "a person".to_owned(),
                other => other.name().to_owned(),
            },
            kind: kept.kind,
            text: kept.text.clone(),
            is_cut: kept.is_cut,
            at: kept.at,
        });
        let before: Vec<Received> = before.collect();
        let mut all = before[before.len().saturating_sub(earlier)..].to_vec();
        let kind = |id: u64| {
            let kept = facts.mailbox.kept.iter().find(|kept| kept.number == id);
            kept.filter(|kept| matches!(kept.from, Sender::Agent { .. }))
                .map_or(MessageKind::Message, |kept| kept.kind)
        };
        all.extend(waiting.into_iter().map(|prompt| Received {
            number: prompt.id,
            from: prompt.from.unwrap_or_default(),
            kind: kind(prompt.id),
            text: prompt.text,
            is_cut: false,
            at: prompt.at,
        }));
        if !ids.is_empty() {
            self.note(&folder, Command::Read { ids: ids.clone() }, Event::MessagesRead { ids }, None)?;
        }
        Ok(all)
    }

    /// Reports what came out of its task, and tells whoever started it: answers who was told, or why that one was not.
    /// Whoever waits for it is told by that in any case.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn report(
        &self,
        outcome: ReportOutcome,
        summary: &str,
        files: Vec<String>,
        data: Option<&serde_json::Value>,
        key: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), TogetherError> {
        let (folder, me) = self.me()?;
        limits::may_be_said("the summary", summary, limits::LONGEST_MESSAGE / 2)?;
        limits::may_be_named(&files)?;
        let key = limits::may_be_key(key)?;
        let data = data.map(serde_json::to_string).transpose().map_err(TogetherError::Data)?;
        let more = files.iter().map(String::len).sum::<usize>() + data.as_ref().map_or(0, String::len);
        if more > limits::LONGEST_MESSAGE / 2 {
            let (what, most) = ("what is beside the summary", limits::LONGEST_MESSAGE / 2);
            return Err(Limit::Long { what, bytes: more, most }.into());
        }
        let at = Timestamp::now();
        let report = Report { outcome, summary: summary.to_owned(), files, data, at };
        let wish = key.map(|key| format!("{BY}-{}-report-{key}", me.id));
        let facts = facts_of(&folder, &me)?;
        let is_known = wish.as_deref().and_then(|wish| facts.wish(wish)).is_some();
        if is_known && facts.report.as_ref().is_some_and(|before| Report { at, ..before.clone() } != report) {
            return Err(Limit::KeyUsed { key: key.unwrap_or_default().to_owned(), what: "report" }.into());
        }
        let replaces = facts.report.is_some() && !is_known;
        let replaces = replaces.then(|| "it replaces what you reported before".to_owned());
        let text = words_of(&report);
        let event = Event::Reported { report: report.clone(), key: wish.clone() };
        self.note(&folder, Command::Report { report }, event, wish)?;
        let Some(starter) = &me.started_by else { return Ok((None, replaces)) };
        let Ok(other) = self.agents().open(&starter.agent) else { return Ok((None, replaces)) };
        let to = other.plan()?;
        let key = format!("report-{}", key.map_or_else(|| at.to_string(), str::to_owned));
        let told = self.tell(&folder, &me, (&other, &to), &text, MessageKind::Report, Some(&key));
        let name = &starter.name;
        let now = other.agent()?;
        let (told, note) = match told {
            Ok(_) if !now.state.is_live() && !now.queue.is_empty() => {
                let is_left = facts_of(&other, &to)?.is_left_to_a_person();
                let how = if is_left { "was stopped by a person" } else { "may not go on now" };
                (None, Some(format!("it is kept; {name} {how}, and is told when it goes on")))
            }
            Ok(_) => (Some(name.clone()), None),
            Err(TogetherError::Stopped { .. }) => {
                (None, Some(format!("it is kept; {name} was cleared away by a person, and is not told")))
            }
            Err(why) => (None, Some(format!("it is kept, but {name} was not told: {why}"))),
        };
        let notes: Vec<String> = [replaces, note].into_iter().flatten().collect();
        Ok((told, (!notes.is_empty()).then(|| notes.join("; "))))
    }

    /// Writes something down about itself: through its runner, or into the log when there is none.
    pub(super) fn note(
        &self,
        folder: &AgentFolder,
        command: Command,
        event: Event,
        key: Option<String>,
    ) -> Result<(), TogetherError> {
        let caller = Caller { by: BY.to_owned(), key };
        match Control::connect(folder.path()).and_then(|mut control| control.ask(command, caller)) {
            Ok(_) => Ok(()),
            Err(ControlError::NotRunning | ControlError::Refused(Refusal::Ending)) => {
                let lock = folder.take_lock()?.ok_or(ControlError::Unresponsive)?;
                Ok(folder.add_event(&lock, &event, Timestamp::now())?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Has its run gone on with: by its runner, whose surroundings a person's command had; by this process when there is
    /// none.
    pub(super) fn move_on(
        &self,
        folder: &AgentFolder,
        me: &Plan,
        wake: Vec<AgentId>,
    ) -> Result<(), TogetherError> {
        let step = Command::Step { wake: wake.clone() };
        match Control::connect(folder.path()).and_then(|mut control| control.ask(step, BY)) {
            Ok(_) => Ok(()),
            Err(_) => Ok(self.tools.go_on(&me.run.id, &wake)?),
        }
    }
}

/// What a message of an agent's said when it was sent, if that is still known.
fn words_sent(folder: &AgentFolder, plan: &Plan, number: u64) -> Result<Option<String>, TogetherError> {
    let kept = facts_of(folder, plan)?.mailbox.kept;
    let Some(kept) = kept.into_iter().find(|kept| kept.number == number) else { return Ok(None) };
    // A person may have changed it since, and of a long one only the beginning is remembered.
    let record = LogReader::open(&folder.log(), kept.sequence.saturating_sub(1)).next_record()?;
    Ok(record.and_then(|record| match Entry::decode(&record.payload) {
        Entry::Event(Event::PromptQueued { id, text, .. }) if id == number => Some(text),
        _ => None,
    }))
}

/// Waits until an agent's runner has taken it: whoever waits for it from then on does not take it for the dead that it was.
fn until_taken(folder: &AgentFolder, before: u64) -> Result<(), FolderError> {
    let until = Instant::now() + UNTIL_TAKEN;
    loop {
        let agent = folder.agent()?;
        if agent.state.is_live() || agent.sequence > before || Instant::now() >= until {
            return Ok(());
        }
        thread::sleep(LOOK);
    }
}

/// What is known of an agent.
pub(super) fn facts_of(folder: &AgentFolder, plan: &Plan) -> Result<Facts, FolderError> {
    let refused = |error| FolderError::Refused { path: folder.path().to_owned(), error };
    folder.facts(client_of(plan.provider)).map_err(refused)
}

/// A report as whoever started its agent reads it.
fn words_of(report: &Report) -> String {
    let mut words = format!("Result ({}): {}", report.outcome.name(), report.summary);
    if !report.files.is_empty() {
        words.push_str(&format!("\n\nFiles: {}", report.files.join(", ")));
    }
    if let Some(data) = &report.data {
        words.push_str(&format!("\n\nData: {data}"));
    }
    words
}
