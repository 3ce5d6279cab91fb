//! The runner's hold on its log: what is written when, what is kept of too much, and who is told.
//!
//! While the disk is full nothing is lost: what could not be written waits, the client is held back behind it, and
//! callers are told that nothing can be promised to them.

use std::{
    collections::VecDeque,
    io,
    sync::mpsc::Sender,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::agents::{
    client::{Client, Heard},
    control::{Answer, Refusal},
    entry::{Entry, Event},
    facts::Facts,
    folder::AgentFolder,
    log::LogWriter,
};

/// How long what was written may wait until it outlives the machine.
const GROUP_TIME: Duration = Duration::from_millis(250);
/// How much may wait, in bytes.
const GROUP_SIZE: usize = 256 << 10;
/// How much a log holds until lines without consequence are left out, in bytes.
const LARGEST_LOG: u64 = 256 << 20;
/// How often the lines left out are counted in the log, in bytes left out.
const COUNTED_EVERY: u64 = 64 << 20;
/// How long after a failed write it is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// How long a runner that ends waits for room.
const LAST_WAIT: Duration = Duration::from_secs(60);

pub(super) struct Journal {
    folder: AgentFolder,
    client: &'static dyn Client,
    log: LogWriter,
    size: u64,
    facts: Facts,
    /// What could not be written yet, with what it says, and why.
    waiting: VecDeque<(Entry, Vec<Heard>)>,
    trouble: Option<(io::Error, Instant)>,
    /// Lines that were taken from the process and not given credit for.
    owed: usize,
    unsynced: usize,
    sync_at: Option<Instant>,
    left_out: (u64, u64),
    counted: u64,
    followers: Vec<Sender<Answer>>,
}

impl Journal {
    pub(super) fn open(folder: &AgentFolder, client: &'static dyn Client) -> io::Result<Self> {
        let facts = folder.facts(client)?;
        let log = LogWriter::open(&folder.log())?;
        let left_out = facts.left_out;
        Ok(Self {
            size: folder.log_size()?,
            folder: folder.clone(),
            client,
            log,
            facts,
            waiting: VecDeque::new(),
            trouble: None,
            owed: 0,
            unsynced: 0,
            sync_at: None,
            left_out,
            counted: left_out.1,
            followers: Vec::new(),
        })
    }

    pub(super) const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Whether something waits for room.
    pub(super) const fn is_stuck(&self) -> bool {
        self.trouble.is_some()
    }

    /// Notes that lines were taken that there is no room for.
    pub(super) const fn owe_credit(&mut self, lines: usize) {
        self.owed += lines;
    }

    /// Adds a line that the process printed; answers what it says.
    pub(super) fn output(&mut self, line: Vec<u8>) -> Vec<Heard> {
        let heard = self.client.read(&line);
        if self.size > LARGEST_LOG && heard.iter().all(is_without_consequence) {
            self.leave_out(line.len());
        } else {
            self.add(Entry::Output(line), heard.clone());
        }
        heard
    }

    /// Adds what the process printed to its standard error.
    pub(super) fn errors(&mut self, bytes: Vec<u8>) {
        if self.is_stuck() || self.size > LARGEST_LOG {
            self.leave_out(bytes.len());
        } else {
            self.add(Entry::Errors(bytes), Vec::new());
        }
    }

    fn leave_out(&mut self, bytes: usize) {
        self.left_out.0 += 1;
        self.left_out.1 += bytes as u64;
        if self.counted == 0 || self.left_out.1 - self.counted >= COUNTED_EVERY {
            self.counted = self.left_out.1;
            self.event(Event::LeftOut { lines: self.left_out.0, bytes: self.left_out.1 });
        }
    }

    /// Adds an event; says whether it is written already.
    pub(super) fn event(&mut self, event: Event) -> bool {
        self.add(Entry::Event(event), Vec::new())
    }

    /// Adds an event that a caller will be told is kept, or nothing at all.
    pub(super) fn promise(&mut self, event: Event) -> Result<(), Refusal> {
        let not_kept = |error: &io::Error| Refusal::NotKept { error: error.to_string() };
        self.write_waiting();
        if let Some((error, _)) = &self.trouble {
            return Err(not_kept(error));
        }
        let entry = Entry::Event(event);
        let (sequence, at) = self.write(&entry).map_err(|error| not_kept(&error))?;
        self.take_in(sequence, at, entry, Vec::new());
        self.sync();
        Ok(())
    }

    fn add(&mut self, entry: Entry, heard: Vec<Heard>) -> bool {
        self.waiting.push_back((entry, heard));
        if self.trouble.is_none() {
            self.write_waiting();
        }
        self.waiting.is_empty()
    }

    fn write_waiting(&mut self) {
        while let Some((entry, heard)) = self.waiting.pop_front() {
            match self.write(&entry) {
                Ok((sequence, at)) => self.take_in(sequence, at, entry, heard),
                Err(error) => {
                    self.waiting.push_front((entry, heard));
                    self.trouble = Some((error, Instant::now() + TRY_AGAIN));
                    return;
                }
            }
        }
        self.trouble = None;
    }

    /// Adds an entry to the log; says as which record, and when.
    fn write(&mut self, entry: &Entry) -> io::Result<(u64, Timestamp)> {
        let payload = entry.encode();
        let at = Timestamp::now();
        let sequence = self.log.append(at, &payload)?;
        self.size += payload.len() as u64;
        self.unsynced += payload.len();
        self.sync_at.get_or_insert_with(|| Instant::now() + GROUP_TIME);
        Ok((sequence, at))
    }

    /// Takes in what the log has taken.
    fn take_in(&mut self, sequence: u64, at: Timestamp, entry: Entry, heard: Vec<Heard>) {
        self.facts.take_in(sequence, at, entry, heard);
        self.followers.retain(|follower| follower.send(Answer::Done { sequence, prompt: None }).is_ok());
        if self.unsynced > GROUP_SIZE {
            self.sync();
        }
    }

    /// Sees that everything written so far outlives the machine, and that lists know of it.
    pub(super) fn sync(&mut self) {
        if self.sync_at.take().is_none() {
            return;
        }
        self.unsynced = 0;
        if let Err(error) = self.log.sync() {
            // Some systems tell of a full disk only now.
            self.trouble = Some((error, Instant::now() + TRY_AGAIN));
        }
        // A list that does not find it makes it again from the log.
        let _ = self.folder.write_facts(&self.facts);
    }

    /// Tells a caller from now on whenever the log has grown.
    pub(super) fn follow(&mut self, follower: Sender<Answer>) {
        if follower.send(Answer::Done { sequence: self.facts.sequence, prompt: None }).is_ok() {
            self.followers.push(follower);
        }
    }

    /// When something is due next.
    pub(super) fn deadline(&self, _now: Instant) -> Option<Instant> {
        let again = self.trouble.as_ref().map(|(_, at)| *at);
        [again, self.sync_at].into_iter().flatten().min()
    }

    /// Does what is due; answers for how many lines there is room now.
    pub(super) fn keep_time(&mut self, now: Instant) -> usize {
        if self.trouble.as_ref().is_some_and(|(_, at)| *at <= now) {
            self.trouble = None;
            self.write_waiting();
        }
        if self.sync_at.is_some_and(|at| at <= now) {
            self.sync();
        }
        if self.is_stuck() { 0 } else { std::mem::take(&mut self.owed) }
    }

    /// Writes what still waits, for as long as is sensible.
    pub(super) fn close(&mut self) {
        let until = Instant::now() + LAST_WAIT;
        while self.is_stuck() && Instant::now() < until {
            thread::sleep(TRY_AGAIN);
            self.trouble = None;
            self.write_waiting();
        }
        self.sync();
    }
}

/// Whether the log tells the same without it.
const fn is_without_consequence(heard: &Heard) -> bool {
    matches!(
        heard,
        Heard::Writing { .. }
            | Heard::Said { .. }
            | Heard::Thought { .. }
            | Heard::Called { .. }
            | Heard::Returned { .. }
            | Heard::Used { .. }
            | Heard::Notice { .. }
            | Heard::Unknown { .. }
    )
}
