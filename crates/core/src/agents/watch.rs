//! Says when an agent appears, goes on, asks, ends or is cleared away, and what it is writing.
//!
//! One thread sleeps until the system reports that a log has grown, and reads only what was added. It holds the facts of
//! agents that are at work; of all others only how they were last told. A runner that was killed writes nothing, so
//! while agents are at work their locks are looked at now and then. Nothing here waits for whoever is told.
//!
//! A run whose journal grew is named and no more: what landed is told by git, and read by whoever shows it.
//!
//! A run with a plan has something to say of its agents, which depends on all of them and on its journal: `remarks` keeps
//! that, apart from what their own logs say.

mod remarks;

use std::{
    collections::{BTreeSet, HashMap},
    io,
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use orchestra_model::{Agent, AgentId, AgentState};

use super::{
    Agents,
    client::client_of,
    facts::{Facts, Writing},
    folder::{AgentFolder, FolderError, describe},
    log::LogReader,
    plan::Plan,
    runs::PLAN,
};
use crate::files::private_folder;
use remarks::KnownRemarks;

/// What an agent writes is told at most this often: a page cannot show more, and a phone should not have to.
const BETWEEN: Duration = Duration::from_millis(12);
/// That it goes on with what it did is told at most this often, and of one agent at a time: whoever shows it draws it all
/// anew, and many at once would hold up the words of all others.
const PROGRESS: Duration = Duration::from_secs(1);
/// How often agents at work are looked at when nothing is reported of them.
const LOOK: Duration = Duration::from_millis(500);

/// Something that happened to an agent, or to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentNews {
    /// It appeared or changed; this is how it is now.
    Changed(Box<Agent>),
    /// It is writing.
    Writes(Words),
    /// A run's journal grew: something of it was decided, checked or landed.
    Run(AgentId),
}

/// What an agent is writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Which agent.
    pub agent: AgentId,
    /// Which piece of text: words of another number are other words.
    pub number: u64,
    /// How many bytes at its beginning are left out.
    pub omitted: u64,
    /// The words so far; empty when they are said now, or nothing is being written.
    pub text: String,
}

/// Keeps the watching going; it ends when this is dropped.
#[derive(Debug)]
pub struct AgentWatcher {
    stop: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for AgentWatcher {
    fn drop(&mut self) {
        let _ = self.stop.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

enum Signal {
    Stop,
    System(notify::Result<notify::Event>),
}

impl Agents {
    /// Calls back, on a thread of its own, with each agent there is, then for each change.
    ///
    /// # Errors
    /// When the agents' folder cannot be made, or no thread be started.
    pub fn watch(&self, tell: impl FnMut(AgentNews) + Send + 'static) -> io::Result<AgentWatcher> {
        let folders = [self.folder(), self.runs_folder()];
        for folder in &folders {
            private_folder(folder)?;
        }
        let (sender, receiver) = mpsc::channel();
        let to_thread = sender.clone();
        let system = notify::recommended_watcher(move |event| {
            let _ = to_thread.send(Signal::System(event));
        });
        let system = system.and_then(|mut system| {
            for folder in &folders {
                system.watch(folder, RecursiveMode::Recursive)?;
            }
            Ok(system)
        });
        let system = system
            .inspect_err(|error| tracing::warn!(%error, "agents cannot be watched; looking twice a second"))
            .ok();
        let watching = Watching {
            agents: self.clone(),
            tell: Box::new(tell),
            system,
            tails: HashMap::new(),
            told: HashMap::new(),
            to_tell: BTreeSet::new(),
            remarks: KnownRemarks::default(),
            runs: BTreeSet::new(),
            held_back: HashMap::new(),
        };
        let thread =
            std::thread::Builder::new().name("agent-watch".into()).spawn(move || watching.run(&receiver))?;
        Ok(AgentWatcher { stop: sender, thread: Some(thread) })
    }
}

struct Watching {
    agents: Agents,
    tell: Box<dyn FnMut(AgentNews) + Send>,
    /// `None` where the system cannot watch.
    system: Option<RecommendedWatcher>,
    /// Agents at work.
    tails: HashMap<AgentId, Tail>,
    /// Every agent, as it was last told, without what its run says of it.
    told: HashMap<AgentId, Agent>,
    /// Those that are to be told of now.
    to_tell: BTreeSet<AgentId>,
    /// What runs say of their agents.
    remarks: KnownRemarks,
    /// Runs whose journals grew, which are to be told of now.
    runs: BTreeSet<AgentId>,
    /// Agents of which progress was told, until when no more of it is.
    held_back: HashMap<AgentId, Instant>,
}

impl Watching {
    fn run(mut self, receiver: &Receiver<Signal>) {
        self.look_at_all();
        self.tell_all();
        let mut looked_at = Instant::now();
        loop {
            let is_settled = self.held_back.is_empty()
                && self.remarks.are_settled()
                && !self.told.values().any(may_change_unseen);
            let is_quiet = self.system.is_some() && is_settled;
            let is_one_due = self.held_back.values().any(|until| *until <= Instant::now());
            let signal = if is_quiet {
                receiver.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                receiver.recv_timeout(if is_one_due { Duration::ZERO } else { LOOK })
            };
            let mut dirty = BTreeSet::new();
            let mut is_lost = false;
            match signal {
                Ok(signal) => {
                    for signal in std::iter::once(signal).chain(receiver.try_iter()) {
                        match signal {
                            Signal::Stop => return,
                            Signal::System(Ok(event)) => {
                                is_lost |= event.need_rescan();
                                self.sort(&event, &mut dirty);
                            }
                            Signal::System(Err(error)) => {
                                tracing::debug!(%error, "a report of the system was an error");
                                is_lost = true;
                            }
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let begin = Instant::now();
            // Signals of others may come without a pause: neither what was held back nor a runner that was killed is to
            // wait for one.
            dirty.extend(take_due(&mut self.held_back, begin));
            if begin.duration_since(looked_at) >= LOOK {
                looked_at = begin;
                is_lost |= self.system.is_none();
                let unseen = self.told.values().filter(|agent| may_change_unseen(agent));
                dirty.extend(unseen.map(|agent| agent.id.clone()));
            }
            if is_lost {
                // Where the system reports nothing, this comes twice a second, and says nothing of runs.
                if self.system.is_some() {
                    self.runs.extend(self.told.values().map(|agent| agent.run.clone()));
                }
                self.look_at_all();
                self.remarks.doubt_all();
            } else {
                for id in &dirty {
                    self.look_at(id);
                }
            }
            let is_any_told = self.tell_all();
            if is_any_told || !dirty.is_empty() {
                std::thread::sleep(BETWEEN.saturating_sub(begin.elapsed()));
            }
        }
    }

    /// Notes which agents a report is about: those whose plan or log it names, or whose folder is new. The same for runs.
    fn sort(&mut self, event: &notify::Event, dirty: &mut BTreeSet<AgentId>) {
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        let (agents, runs) = (self.agents.folder(), self.agents.runs_folder());
        for path in &event.paths {
            if let Some(agent) = named(path, &agents, "agent.json") {
                dirty.insert(agent);
            } else if let Some(run) = named(path, &runs, PLAN) {
                self.remarks.doubt(run.clone());
                self.runs.insert(run);
            }
        }
    }

    fn look_at_all(&mut self) {
        for folder in self.agents.folders().unwrap_or_default() {
            if let Some(id) = folder.id() {
                self.look_at(&id);
            }
        }
    }

    /// Reads what is new of an agent and tells it.
    fn look_at(&mut self, id: &AgentId) {
        let read = match self.tails.remove(id) {
            Some(tail) => Ok(tail),
            None => self.agents.open(id).and_then(Tail::open),
        };
        let mut tail = match read {
            Ok(tail) => tail,
            // Not an agent, or not one yet: its plan comes last.
            Err(error) => return tracing::trace!(%error, "not an agent"),
        };
        if let Err(error) = tail.read_on() {
            tracing::warn!(%error, agent = %id, "an agent's log cannot be read");
        }
        let (is_held, now) = (tail.folder.is_held(), Timestamp::now());
        let agent = describe(tail.plan.clone(), tail.facts.clone(), is_held, now);
        if let Some(words) = tail.words(id) {
            (self.tell)(AgentNews::Writes(words));
        }
        let is_at_work = agent.state.is_live();
        let change = self.told.get(id).map_or(Change::News, |told| change(told, &agent));
        if change == Change::News || (change == Change::Progress && !self.held_back.contains_key(id)) {
            self.held_back.insert(id.clone(), Instant::now() + PROGRESS);
            if change == Change::News {
                self.remarks.doubt(agent.run.clone());
            }
            self.told.insert(id.clone(), agent);
            self.to_tell.insert(id.clone());
        }
        if is_at_work {
            self.tails.insert(id.clone(), tail);
        }
    }

    /// Tells of the agents that have changed, of those of which their runs say something else now, and of runs; whether
    /// there were any.
    fn tell_all(&mut self) -> bool {
        let others = self.remarks.look(&self.agents, &self.told, Instant::now());
        self.to_tell.extend(others);
        let to_tell = std::mem::take(&mut self.to_tell);
        for id in &to_tell {
            let Some(mut agent) = self.told.get(id).cloned() else { continue };
            self.remarks.add_to(&mut agent);
            (self.tell)(AgentNews::Changed(Box::new(agent)));
        }
        let runs = std::mem::take(&mut self.runs);
        let is_any = !to_tell.is_empty() || !runs.is_empty();
        for run in runs {
            (self.tell)(AgentNews::Run(run));
        }
        is_any
    }
}

/// The agent or run whose plan, log or new folder a path below their common folder is.
fn named(path: &Path, folder: &Path, plan: &str) -> Option<AgentId> {
    let mut parts = path.strip_prefix(folder).ok()?.iter();
    let id = parts.next()?.to_str()?.parse().ok()?;
    parts.next().is_none_or(|name| name == plan || name == "events").then_some(id)
}

/// Of the agents that were held back long enough, the one that waits longest.
fn take_due(held_back: &mut HashMap<AgentId, Instant>, now: Instant) -> Option<AgentId> {
    let due = held_back.iter().filter(|(_, until)| **until <= now).min_by_key(|(_, until)| **until);
    let id = due.map(|(id, _)| id.clone())?;
    held_back.remove(&id);
    Some(id)
}

/// Whether something of it may change without its log growing: its runner may be killed, or be about to start.
const fn may_change_unseen(agent: &Agent) -> bool {
    agent.state.is_live() || matches!(agent.state, AgentState::Queued)
}

/// What an agent is now beside what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// The same, apart from how far its log has come.
    None,
    /// It goes on with what it did: other words, a longer lane.
    Progress,
    /// Another.
    News,
}

fn change(told: &Agent, now: &Agent) -> Change {
    let Agent { sequence, updated_at, .. } = *told;
    let now = Agent { sequence, updated_at, ..now.clone() };
    if *told == now {
        return Change::None;
    }
    let (doing, score) = (told.doing.clone(), told.score.clone());
    if *told == (Agent { doing, score, ..now }) { Change::Progress } else { Change::News }
}

/// The end of an agent's log.
struct Tail {
    folder: AgentFolder,
    plan: Plan,
    facts: Facts,
    log: LogReader,
    /// What was last told of what it writes: the piece, and up to where.
    written: Option<(u64, u64)>,
}

impl Tail {
    fn open(folder: AgentFolder) -> Result<Self, FolderError> {
        let plan = folder.plan()?;
        let facts = folder.kept_facts();
        let log = LogReader::open(&folder.log(), facts.sequence);
        Ok(Self { folder, plan, facts, log, written: None })
    }

    fn read_on(&mut self) -> io::Result<()> {
        let client = client_of(self.plan.provider);
        while let Some(record) = self.log.next_record()? {
            self.facts.absorb(&record, client);
        }
        Ok(())
    }

    /// What it writes, if that is more or other than was told.
    fn words(&mut self, id: &AgentId) -> Option<Words> {
        let Writing { number, omitted, text } = &self.facts.writing;
        let now = (*number, omitted + text.len() as u64);
        if self.written.map_or(text.is_empty(), |told| told == now) {
            return None;
        }
        self.written = Some(now);
        Some(Words { agent: id.clone(), number: *number, omitted: *omitted, text: text.clone() })
    }
}

#[cfg(test)]
mod tests;
