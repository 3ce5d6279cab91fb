//! The runner of one agent: a process of its own that holds the agent's lock, log and client until the client has ended.
//!
//! One thread owns everything and handles one [`Message`] at a time; the others only wait: for the client's pipes, for
//! processes to end, for callers at the socket. Whatever a caller is told stands in the log first.

mod child;
mod ending;
mod guard;
mod journal;
mod orders;
mod parking;
mod place;
mod socket;
mod starting;

use std::{
    collections::HashMap,
    ffi::OsString,
    fs, io,
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::Exit;
use rustix::process::Signal;

pub(super) use child::end_with_parent;
pub use guard::guard;

use super::{
    Pace,
    client::{Client, Heard, client_of},
    control::{Answer, Caller, Command, Refusal},
    entry::{Event, Steering},
    facts::Wanted,
    folder::{AgentFolder, FolderError},
    plan::Plan,
    together,
};
use crate::{process::Process, worktrees::Git};
use child::{Child, Line};
use ending::{Ending, Step};
use journal::Journal;

/// How long a client may be silent after its start.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a client listens for a follow-up before it is let go.
const LINGER: Duration = Duration::from_secs(120);
/// How often the runner looks whether its socket and the agent's folder are still there.
const LOOK_AROUND: Duration = Duration::from_secs(5);
/// How long the pipes of a client that ended are read on.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The pipes that a process prints to.
const PIPES: u8 = 2;
/// The ticket of lines that nobody waits for.
const NO_TICKET: u64 = 0;
/// Who asks for what the runner does by itself.
const ITSELF: &str = "orchestra";

/// What a runner is started with: the edges know it, the engine does not.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// The agent's folder.
    pub folder: PathBuf,
    /// The git program.
    pub git: Git,
    /// Environment variables that the client must not inherit.
    pub scrubbed: Vec<OsString>,
    /// This very program.
    pub program: PathBuf,
    /// What it is told to serve an agent's tools; the file with the agent's key follows.
    pub serves_tools: Vec<OsString>,
    /// What it is told to go on with a run; the run follows, then agents to be woken.
    pub steps: Vec<OsString>,
    /// What its processes are told that outlive the agent that has them started: guards of others.
    pub spared: Vec<OsString>,
    /// The version of this program.
    pub version: String,
    /// How fast agents follow each other, and how long a limit lasts of which nobody says it.
    pub pace: Pace,
}

/// Why a runner did not take its agent.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The agent's folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Another runner has it.
    #[error("another runner has the agent")]
    Taken,
    /// The log or the socket cannot be opened.
    #[error("failed to open the agent's log or socket: {0}")]
    Open(#[from] io::Error),
}

/// What the runner's thread is told by the others.
#[derive(Debug)]
enum Message {
    /// The process printed lines.
    Lines(Vec<Line>),
    /// It printed this to its standard error.
    Errors(Vec<u8>),
    /// One of its pipes is at its end.
    PipeEnded,
    /// It has a line that was to be written, or will never.
    Written { ticket: u64, written: bool },
    /// A process ended.
    Ended { pid: u32, exit: Exit },
    /// A caller asks.
    Asked { command: Command, caller: Caller, answer: Sender<Answer> },
    /// A caller wants to be told when the log grows.
    Follows(Sender<Answer>),
    /// The system wants the runner to end.
    Terminate,
}

/// Runs an agent until its client has ended. Returns when nothing of it is left.
///
/// # Errors
/// When the agent cannot be taken; what goes wrong later is in its log.
pub fn run(settings: &RunnerSettings) -> Result<(), RunnerError> {
    let folder = AgentFolder::open(&settings.folder)?;
    let lock = folder.take_lock()?.ok_or(RunnerError::Taken)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(io::Error::from)?;
    let plan = folder.plan()?;
    let client = client_of(plan.provider);
    let facts = folder.facts(client)?;
    if facts.last_prompt > 0 && facts.queue.is_empty() && facts.parked.is_none() {
        // Whoever started it was killed before it was seen to run, and it was started a second time: what there was to do
        // was done while this runner waited for the lock.
        return Ok(());
    }
    let journal = Journal::open(&folder, client)?;
    let (sender, messages) = channel();
    socket::serve(folder.path(), &sender)?;
    on_termination(&sender)?;
    let mut runner = Runner {
        settings,
        client,
        journal,
        sender,
        child: None,
        asked: HashMap::new(),
        deliveries: HashMap::new(),
        next_ticket: NO_TICKET + 1,
        silent_until: None,
        nudged: None,
        linger_until: None,
        ending: None,
        goes_on_at: None,
        leaves: false,
        look_at: Instant::now() + LOOK_AROUND,
        folder,
        plan,
    };
    runner.begin();
    runner.attend(&messages);
    runner.journal.event(Event::RunnerEnded);
    runner.journal.close();
    drop(lock);
    Ok(())
}

/// Passes on that the system wants the runner to end: a shutdown, or the guard that died.
fn on_termination(messages: &Sender<Message>) -> io::Result<()> {
    let mut signals =
        signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])?;
    let messages = messages.clone();
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if messages.send(Message::Terminate).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// What a line that is being written was for.
enum Delivery {
    Decision { request: String },
}

struct Runner<'a> {
    settings: &'a RunnerSettings,
    folder: AgentFolder,
    plan: Plan,
    client: &'static dyn Client,
    journal: Journal,
    sender: Sender<Message>,
    child: Option<Running>,
    /// The lines that asked, by the request's id.
    asked: HashMap<String, Vec<u8>>,
    deliveries: HashMap<u64, Delivery>,
    next_ticket: u64,
    silent_until: Option<Instant>,
    /// Since when it seemed stuck when it was last nudged, in milliseconds.
    nudged: Option<i64>,
    linger_until: Option<Instant>,
    ending: Option<Ending>,
    /// When a parked agent goes on, once its limit has lifted.
    goes_on_at: Option<Instant>,
    /// Whether the system wants the runner away, and another goes on with its parked agent.
    leaves: bool,
    look_at: Instant,
}

/// The process that runs now.
struct Running {
    child: Child,
    what: What,
    /// How it ended, while its last words are read.
    exit: Option<(Exit, Instant)>,
    /// Pipes that may bring more.
    open_pipes: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Setup,
    Client,
}

impl Runner<'_> {
    /// Takes the agent: its first prompt, its folder, then what is to be run there.
    fn begin(&mut self) {
        let process = Process::current();
        self.journal.event(Event::RunnerStarted { process, version: self.settings.version.clone() });
        if self.journal.facts().last_prompt == 0 {
            let text = self.plan.task.clone();
            self.journal.event(Event::PromptQueued {
                id: 1,
                text,
                by: ITSELF.to_owned(),
                key: None,
                from: None,
                first: false,
            });
        }
        self.journal.sync();
        // A parked agent goes on when its time has come.
        let is_parked = self.is_parked();
        let start = |runner: &mut Self| if is_parked { Ok(()) } else { runner.start_what_is_next() };
        if let Err(why) = self.place().and_then(|()| start(self)) {
            self.fail(why);
        }
    }

    fn fail(&mut self, why: String) {
        self.journal.event(Event::Failed { why });
    }

    fn work_folder(&self) -> PathBuf {
        self.journal.facts().folder.clone().unwrap_or_else(|| self.plan.place.origin().to_owned())
    }

    /// Handles one message after the other until nothing runs any more.
    fn attend(&mut self, messages: &Receiver<Message>) {
        while self.child.is_some() || self.is_parked() {
            let now = Instant::now();
            match messages.recv_timeout(self.next_deadline(now).saturating_duration_since(now)) {
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.keep_time(Instant::now());
        }
        // Whoever asks in the last moment is told.
        for message in messages.try_iter() {
            if let Message::Asked { answer, .. } = message {
                let _ = answer.send(Answer::Refused { why: Refusal::Ending });
            }
        }
    }

    fn next_deadline(&self, now: Instant) -> Instant {
        let last_words = self.child.as_ref().and_then(|running| running.exit).map(|(_, at)| at + LAST_WORDS);
        [
            self.journal.deadline(now),
            self.silent_until,
            self.linger_until,
            self.ending.as_ref().filter(|_| self.child.is_some()).map(Ending::deadline),
            self.parked_deadline(now),
            last_words,
        ]
        .into_iter()
        .flatten()
        .fold(self.look_at, Instant::min)
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Lines(lines) => {
                let number = lines.len();
                lines.into_iter().for_each(|line| self.hear(line));
                self.took_lines(number);
            }
            Message::Errors(bytes) => self.journal.errors(bytes),
            Message::PipeEnded => {
                if let Some(running) = &mut self.child {
                    running.open_pipes = running.open_pipes.saturating_sub(1);
                }
            }
            Message::Written { ticket, written } => self.written(ticket, written),
            Message::Ended { pid, exit } => {
                if let Some(running) = &mut self.child
                    && running.child.process.pid == pid
                {
                    running.exit = Some((exit, Instant::now()));
                    self.silent_until = None;
                    self.linger_until = None;
                }
            }
            Message::Asked { command, caller, answer } => {
                let reply = self.answer(command, caller);
                let _ = answer.send(reply);
            }
            Message::Follows(follower) => self.journal.follow(follower),
            Message::Terminate if self.journal.facts().parked.is_some() => self.leaves = true,
            Message::Terminate => {
                if self.ending.is_none() {
                    self.stop(Steering::Stop, super::runs::SYSTEM.to_owned());
                }
            }
        }
    }

    fn hear(&mut self, line: Line) {
        let line = match line {
            Line::Whole(line) => line,
            Line::Spilled { file, bytes, beginning } => {
                let is_of_consequence = self.client.is_of_consequence(&beginning);
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.journal.event(Event::Spilled { file: name, bytes, beginning });
                let whole = is_of_consequence.then(|| fs::read(&file).ok()).flatten();
                let Some(line) = whole.filter(|line| line.len() as u64 == bytes) else { return };
                line
            }
        };
        for heard in self.journal.output(line.clone()) {
            // What is not of the protocol does not say that it works.
            if !matches!(heard, Heard::Unknown { .. }) {
                self.silent_until = None;
            }
            match heard {
                Heard::Asked(request) => {
                    // Nobody is asked what could be forgotten.
                    self.journal.sync();
                    self.asked.insert(request.id, line.clone());
                }
                Heard::Withdrawn { request } => {
                    self.asked.remove(&request);
                }
                Heard::TurnEnded(_) => {
                    self.asked.clear();
                    self.journal.sync();
                }
                _ => {}
            }
        }
        self.go_on();
    }

    fn took_lines(&mut self, number: usize) {
        if self.journal.is_stuck() {
            // The process waits with what follows until there is room for them.
            self.journal.owe_credit(number);
        } else if let Some(running) = &self.child {
            running.child.took_lines(number);
        }
    }

    /// Hands the client its next prompt if it listens, and lets it go once there is nothing more for it.
    fn go_on(&mut self) {
        let facts = self.journal.facts();
        let listens = facts.is_ready && !facts.is_busy && facts.requests.is_empty();
        if !listens
            || self.ending.is_some()
            || self.child.as_ref().is_none_or(|running| running.what != What::Client)
        {
            self.linger_until = None;
            return;
        }
        let (refuses, next) = (facts.refuses(), facts.queue.front().cloned());
        let is_let_go = facts.wanted == Some(Wanted::Finish) || self.others_wait();
        if refuses {
            self.finish();
        } else if let Some(limited) = self.own_limit() {
            self.park(limited);
        } else if let Some(limited) = next.as_ref().and_then(|_| self.limited()) {
            self.park(limited);
        } else if let Some(prompt) = next {
            let words = self.with_what_was_cut_off(together::words_of(&prompt));
            let words = self.with_task(prompt.id, words);
            let line = self.client.prompt(&words);
            self.linger_until = None;
            if self.journal.event(Event::PromptDelivered { id: prompt.id }) {
                self.journal.sync();
                self.write(line, None);
            }
        } else if is_let_go {
            self.finish();
        } else if self.linger_until.is_none() {
            self.linger_until = Some(Instant::now() + LINGER);
        }
    }

    /// What a new conversation begins with: the task, also when a client that got it died before it had said a word. Who
    /// is told only to go on would not know with what.
    fn with_task(&self, prompt: u64, words: String) -> String {
        match self.journal.facts().session {
            None if prompt > 1 => format!("{}\n\n{words}", self.plan.task),
            _ => words,
        }
    }

    /// Whether others of the run wait for its end, so that a client that only listens would keep them from their turn.
    const fn others_wait(&self) -> bool {
        self.plan.run.max_parallel.is_some() || self.plan.run.has_plan || self.plan.started_by.is_some()
    }

    /// Tells the client that nothing more will come; the stop ladder follows if it does not end.
    fn finish(&mut self) {
        self.linger_until = None;
        if let Some(running) = &mut self.child {
            running.child.close_input();
        }
        self.ending.get_or_insert_with(Ending::finish);
    }

    fn write(&mut self, line: Vec<u8>, delivery: Option<Delivery>) {
        let Some(running) = &self.child else { return };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        if let Some(delivery) = delivery {
            self.deliveries.insert(ticket, delivery);
        }
        running.child.write(ticket, line);
    }

    fn written(&mut self, ticket: u64, written: bool) {
        if let Some(Delivery::Decision { request }) = self.deliveries.remove(&ticket)
            && written
        {
            self.journal.event(Event::DecisionDelivered { request });
        }
    }

    /// Begins to end the client; what was logged already is not logged again.
    fn stop(&mut self, how: Steering, by: String) {
        if self.journal.facts().wanted.is_none() {
            self.journal.event(Event::Steered { how: how.clone(), by, key: None });
            self.journal.sync();
        }
        match how {
            Steering::Finish => self.go_on(),
            // Asked twice, it is not given twice the time.
            _ if self.ending.as_ref().is_some_and(Ending::is_stop) => {}
            _ => self.ending = Some(Ending::stop(self.journal.facts().is_busy)),
        }
    }

    /// Does what is due.
    fn keep_time(&mut self, now: Instant) {
        let number = self.journal.keep_time(now);
        if let Some(running) = self.child.as_ref().filter(|_| number > 0) {
            running.child.took_lines(number);
        }
        if self.silent_until.is_some_and(|until| until <= now) {
            self.silent_until = None;
            let seconds = SILENCE.as_secs();
            self.fail(format!("the client said nothing for {seconds} seconds after its start"));
            self.ending = Some(Ending::stop(false));
        }
        if self.linger_until.is_some_and(|until| until <= now) {
            self.finish();
        }
        if self.look_at <= now {
            self.look_at = now + LOOK_AROUND;
            self.look_around();
        }
        let is_busy = self.journal.facts().is_busy;
        if let Some(step) = self.ending.as_mut().and_then(|ending| ending.due(now, is_busy)) {
            self.take_step(step);
        }
        let outlived = self.ending.as_ref().is_some_and(|ending| ending.is_over(now));
        let exit = self.child.as_ref().and_then(|running| match running.exit {
            Some((exit, at)) => (running.open_pipes == 0 || at + LAST_WORDS <= now).then_some(exit),
            None => outlived.then_some(Exit { code: None, signal: None }),
        });
        if let Some(exit) = exit {
            self.end(exit);
        }
        self.keep_parked(now);
    }

    fn take_step(&mut self, step: Step) {
        let Some(running) = &mut self.child else { return };
        match step {
            Step::Interrupt => {
                if let Some(line) = self.client.steer(&Steering::Interrupt, "orchestra-stop") {
                    running.child.write(NO_TICKET, line);
                }
            }
            Step::CloseInput => running.child.close_input(),
            Step::Signal(signal) => running.child.signal(signal, signal != Signal::INT),
        }
    }

    /// Takes the end of the process down, after all that stems from it has ended too.
    fn end(&mut self, exit: Exit) {
        let was_setup = self.child.take().is_some_and(|running| running.what == What::Setup);
        if was_setup {
            self.journal.event(Event::SetupEnded { exit });
            if self.ending.is_none() && exit.code == Some(0) {
                if let Err(why) = self.start_client() {
                    self.fail(why);
                }
                return;
            }
            if self.ending.is_none() {
                self.fail(format!(
                    "the setup command failed{}",
                    self.journal.facts().how_with_last_words(exit)
                ));
            }
        }
        let survivors = ending::end_descendants(&self.settings.spared);
        self.asked.clear();
        self.deliveries.clear();
        self.journal.event(Event::ClientExited { exit, survivors });
        self.journal.sync();
        if self.is_parked() {
            self.ending = None;
        }
    }

    /// When the minutes of its run are over, if it stops then. All else that a run may use is looked at when a turn ends.
    fn run_stops_at(&self) -> Option<Timestamp> {
        let state = self.folder.agents().parent().filter(|_| self.plan.run.has_plan)?;
        super::Agents::new(state).run(&self.plan.run.id).ok()?.stops_at()
    }

    fn look_around(&mut self) {
        if !super::control::socket_in(self.folder.path()).exists() {
            // Whoever took it away did not end the agent; failing again, it is tried again.
            let _ = socket::serve(self.folder.path(), &self.sender);
        }
        if self.ending.is_none() && self.run_stops_at().is_some_and(|at| at <= Timestamp::now()) {
            self.stop(Steering::Stop, super::runs::BUDGET.to_owned());
        }
        self.heed_limit_of_others();
        if self.ending.is_none() && self.child.is_some() && !self.work_folder().is_dir() {
            self.fail("the folder it worked in was removed; its commits are still on its branch".to_owned());
            self.ending = Some(Ending::stop(self.journal.facts().is_busy));
        }
    }
}
