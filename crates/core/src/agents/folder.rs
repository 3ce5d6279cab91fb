//! The folder of one agent: its plan, log, state, lock and socket, and who may write what.
//!
//! The plan is written once, before anything is started, and where its work went by whoever took it. Everything
//! else is written by the runner that holds the lock; whether the lock is free is the only proof of whether there is one.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId, MessageKind};

use super::{
    client::{Client, client_of},
    control::ControlError,
    entry::{Entry, Event, Letter},
    facts::Facts,
    log::{LogReader, LogWriter},
    plan::{Place, Plan},
    start::SendError,
    story::Story,
    together::has_room,
};
use crate::files::{private_folder, write_whole};

/// How often a runner tries to take a lock that a look of others may hold for a moment.
const TRIES: u32 = 50;
/// How long it waits between them.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The file that says where the branch stood that took its work.
const TAKEN_FROM: &str = "taken-from";

/// An agent's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFolder {
    path: PathBuf,
}

/// Why an agent's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no plan in it.
    #[error("{path} holds no agent")]
    NoAgent {
        /// The folder.
        path: PathBuf,
    },
    /// The plan cannot be understood.
    #[error(
        "the agent in {path} cannot be read ({error}); it may have been made by a newer version of Orchestra"
    )]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// The system refuses.
    #[error("{path} cannot be used: {error}")]
    Refused {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Held while an agent is run, by its runner and by nobody else.
#[derive(Debug)]
pub(super) struct RunLock {
    _file: File,
}

impl AgentFolder {
    /// An agent's folder that is there.
    ///
    /// # Errors
    /// When it is not.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let folder = Self { path: path.to_owned() };
        match fs::symlink_metadata(folder.plan_file()) {
            Ok(_) => Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(FolderError::NoAgent { path: folder.path })
            }
            Err(error) => Err(folder.refused(error)),
        }
    }

    /// Makes the folder of a new agent among others, with its plan: all of it, or nothing.
    ///
    /// # Errors
    /// When it cannot be written, or when there is an agent of this id.
    pub fn create(agents: &Path, plan: &Plan) -> Result<Self, FolderError> {
        let folder = Self { path: agents.join(plan.id.as_str()) };
        let make = || {
            private_folder(agents)?;
            DirBuilder::new().mode(0o700).create(&folder.path)?;
            let mut plan = serde_json::to_vec_pretty(plan)?;
            plan.push(b'\n');
            write_whole(&folder.plan_file(), &plan, true)
        };
        match make() {
            Ok(()) => Ok(folder),
            Err(error) => {
                if error.kind() != io::ErrorKind::AlreadyExists {
                    // Nothing but what was made just now, and only if it is empty.
                    let _ = fs::remove_dir(&folder.path);
                }
                Err(folder.refused(error))
            }
        }
    }

    /// Makes the folder of an agent whose plan stands elsewhere too, however far somebody who was killed had come.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn complete(agents: &Path, plan: &Plan) -> Result<Self, FolderError> {
        let folder = Self { path: agents.join(plan.id.as_str()) };
        let make = || {
            private_folder(&folder.path)?;
            let mut plan = serde_json::to_vec_pretty(plan)?;
            plan.push(b'\n');
            write_whole(&folder.plan_file(), &plan, true)
        };
        make().map_err(|error| folder.refused(error))?;
        Ok(folder)
    }

    /// Takes a folder back that was made just now and that nobody has used.
    pub(super) fn take_back(&self) {
        let _ = fs::remove_file(self.plan_file()).and_then(|()| fs::remove_dir(&self.path));
    }

    fn refused(&self, error: io::Error) -> FolderError {
        FolderError::Refused { path: self.path.clone(), error }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The agent's id, which is the folder's name.
    pub fn id(&self) -> Option<AgentId> {
        self.path.file_name()?.to_str()?.parse().ok()
    }

    fn plan_file(&self) -> PathBuf {
        self.path.join("agent.json")
    }

    fn state_file(&self) -> PathBuf {
        self.path.join("state.json")
    }

    /// The folder of the log.
    pub fn log(&self) -> PathBuf {
        self.path.join("events")
    }

    /// The folder of lines that are too long for the log.
    pub fn spill(&self) -> PathBuf {
        self.path.join("spill")
    }

    /// How large the log is, in bytes.
    pub(super) fn log_size(&self) -> io::Result<u64> {
        match fs::read_dir(self.log()) {
            Ok(entries) => entries.map(|entry| Ok(entry?.metadata()?.len())).sum(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// What the agent is to do.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn plan(&self) -> Result<Plan, FolderError> {
        let bytes = fs::read(self.plan_file()).map_err(|error| self.refused(error))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| FolderError::Unreadable { path: self.path.clone(), error })
    }

    /// The folder of all agents, this one among them.
    pub(super) fn agents(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// What the log says, all of it: what was kept of it earlier, and what came since.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(super) fn facts(&self, client: &dyn Client) -> io::Result<Facts> {
        let mut facts = self.kept_facts();
        let mut log = LogReader::open(&self.log(), facts.sequence);
        while let Some(record) = log.next_record()? {
            facts.absorb(&record, client);
        }
        Ok(facts)
    }

    /// What was kept of what the log says; nothing when that cannot be read.
    pub(super) fn kept_facts(&self) -> Facts {
        let kept = fs::read(self.state_file()).ok();
        kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// The log as it is told, after a record; after 0 comes everything.
    ///
    /// # Errors
    /// When the plan cannot be read.
    pub fn story(&self, after: u64) -> Result<Story, FolderError> {
        Ok(Story::of(&self.log(), after, self.plan()?.provider))
    }

    /// Keeps what the log says, so that it need not be read whole the next time.
    pub(super) fn write_facts(&self, facts: &Facts) -> io::Result<()> {
        write_whole(&self.state_file(), &serde_json::to_vec(facts)?, false)
    }

    /// Takes the agent; `None` when another has it.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub(super) fn take_lock(&self) -> Result<Option<RunLock>, FolderError> {
        let file = self.lock_file(true).map_err(|error| self.refused(error))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Some(RunLock { _file: file })),
                Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
                Err(TryLockError::Error(error)) => return Err(self.refused(error)),
            }
        }
        Ok(None)
    }

    /// The number of the last prompt that was taken in.
    pub(super) fn last_prompt(&self) -> Result<u64, FolderError> {
        let client = client_of(self.plan()?.provider);
        Ok(self.facts(client).map_err(|error| self.refused(error))?.last_prompt)
    }

    /// Whether it goes on with another agent's message. Whom a person stopped is told of results once the person has it
    /// go on; all else is refused.
    pub(super) fn goes_on_with(&self, letter: &Letter) -> Result<bool, SendError> {
        let plan = self.plan()?;
        let facts = self.facts(client_of(plan.provider)).map_err(|error| self.refused(error))?;
        let is_result = matches!(letter.kind, MessageKind::Report | MessageKind::Ended);
        match facts.is_left_to_a_person() {
            true if facts.is_cleaned || !is_result => Err(SendError::Stopped { name: plan.name }),
            is_left => Ok(!is_left),
        }
    }

    /// Refuses another agent's message when agents sent so much that it must read first.
    pub(super) fn has_room(&self, now: Timestamp) -> Result<(), SendError> {
        let client = client_of(self.plan()?.provider);
        let facts = self.facts(client).map_err(|error| self.refused(error))?;
        has_room(&facts, now).map_err(|why| ControlError::from(why).into())
    }

    /// Whether a wish was taken in already, and the prompt's number if it was one.
    pub(super) fn wish(&self, key: &str) -> Result<Option<Option<u64>>, FolderError> {
        let client = client_of(self.plan()?.provider);
        Ok(self.facts(client).map_err(|error| self.refused(error))?.wish(key))
    }

    /// Through what it was stopped, when it was.
    pub(super) fn stopped_by(&self) -> Result<Option<String>, FolderError> {
        let client = client_of(self.plan()?.provider);
        Ok(self.facts(client).map_err(|error| self.refused(error))?.stopped_by)
    }

    /// Whether it was cut off in the middle of a turn.
    pub(super) fn is_half_done(&self) -> Result<bool, FolderError> {
        let client = client_of(self.plan()?.provider);
        Ok(self.facts(client).map_err(|error| self.refused(error))?.is_half_done())
    }

    /// The commit that its worktree was made from, where the plan could not say that.
    pub(super) fn started_from(&self) -> Result<Option<String>, FolderError> {
        let client = client_of(self.plan()?.provider);
        Ok(self.facts(client).map_err(|error| self.refused(error))?.started_from)
    }

    /// Where the branch stood, before, that took its work last.
    pub(super) fn taken_from(&self) -> Option<String> {
        let commit = fs::read_to_string(self.path.join(TAKEN_FROM)).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| !commit.is_empty())
    }

    /// Notes where a branch stood that takes its work now.
    pub(super) fn note_taken_from(&self, commit: &str) -> io::Result<()> {
        write_whole(&self.path.join(TAKEN_FROM), commit.as_bytes(), true)
    }

    /// Ports that are the agent's own, by the variables that name them.
    pub(super) fn ports(&self) -> Vec<(String, u16)> {
        self.kept_facts().ports
    }

    /// Adds an event to the log of an agent that no runner has.
    pub(super) fn add_event(
        &self,
        _lock: &RunLock,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), FolderError> {
        let add = || {
            let mut log = LogWriter::open(&self.log())?;
            log.append(now, &Entry::Event(event.clone()).encode())?;
            log.sync()
        };
        add().map_err(|error| self.refused(error))
    }

    /// Whether a runner has the agent.
    pub fn is_held(&self) -> bool {
        let Ok(file) = self.lock_file(false) else { return false };
        // Lookers do not keep each other out, and a runner tries more than once.
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    fn lock_file(&self, create: bool) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(create)
            .create(create)
            .truncate(false)
            .mode(0o600)
            .open(self.path.join("run.lock"))
    }

    /// The agent as it is now.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn agent(&self) -> Result<Agent, FolderError> {
        // In this order: what a runner writes before it lets go is read after it let go.
        let is_held = self.is_held();
        self.agent_given(is_held)
    }

    /// The agent as it is for whoever knows whether a runner has it.
    pub(super) fn agent_given(&self, is_held: bool) -> Result<Agent, FolderError> {
        let plan = self.plan()?;
        let client = client_of(plan.provider);
        let facts = self.facts(client).map_err(|error| self.refused(error))?;
        Ok(describe(plan, facts, is_held, Timestamp::now()))
    }
}

/// An agent as it is now, from what it was to do and what its log says.
pub(super) fn describe(plan: Plan, facts: Facts, is_held: bool, now: Timestamp) -> Agent {
    let state = facts.state(is_held);
    let branch = plan.branch();
    let origin = plan.place.origin().display().to_string();
    let (repo, base) = match &plan.place {
        Place::Worktree { base, commit, target, .. } => {
            (Some(origin), base.as_ref().or(target.as_ref()).or(Some(commit)).cloned())
        }
        Place::Folder { .. } => (None, None),
    };
    Agent {
        id: plan.id,
        name: plan.name,
        provider: plan.provider,
        task: plan.task,
        run: plan.run.id,
        depth: plan.started_by.as_ref().map_or(0, |starter| starter.depth),
        started_by: plan.started_by.map(|starter| starter.agent),
        state,
        waits: None,
        failure: facts.why(state),
        attention: facts.attention(state, now),
        cost_usd: facts.cost_usd(),
        doing: facts.does().filter(|_| state.is_live()),
        repo,
        worktree: facts.folder.map(|folder| folder.display().to_string()),
        branch: facts.branch.or(branch),
        base,
        session_id: facts.session.unwrap_or_else(|| plan.conversation.session().clone()),
        model: facts.model.or(plan.settings.model),
        permission_mode: facts.permission_mode.or(plan.settings.permission_mode),
        pid: facts.client.map(|client| client.pid).filter(|_| is_held),
        created_at: plan.created_at,
        updated_at: facts.updated_at.unwrap_or(plan.created_at),
        exit: facts.exit,
        tokens: facts.tokens,
        turns: facts.turns,
        diffstat: None,
        awaits: facts.awaits,
        report: facts.report,
        queue: facts.queue.into(),
        requests: if is_held { facts.requests } else { Vec::new() },
        is_cleaned: facts.is_cleaned,
        merged_at: facts.merged_at,
        notes: facts.notes,
        result: facts.result,
        tested: facts.proof.last,
        score: facts.lane.score(plan.created_at, facts.updated_at, state),
        sequence: facts.sequence,
    }
}
