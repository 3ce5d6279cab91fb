//! Making agents and starting their runners.
//!
//! An agent is made before it is started, so that whoever is killed in between leaves one that is queued, never two for
//! one task: a runner that finds its agent taken goes away. Of a run with a limit, the rest waits as folders without a
//! process; whoever sees that there is room starts the next.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{self, Stdio},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId, AgentState, Attention, AttentionKind, Provider, SessionId};

use super::{
    Agents, Control, ControlError, Pace,
    control::{Caller, Command, Refusal},
    entry::{Event, Letter, Steering},
    folder::{AgentFolder, FolderError},
    plan::{Conversation, Place, Plan, Run, Settings, Starter},
};
use crate::files::{lock_file, private_folder};

/// How long a runner may take until it holds its agent.
const UNTIL_HELD: Duration = Duration::from_secs(10);
/// How often it is looked whether an agent has come further.
const LOOK: Duration = Duration::from_millis(5);
/// The longest task, in bytes.
const LONGEST_TASK: usize = 4 << 20;

/// What is spawned together.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The agents, in their order.
    pub agents: Vec<NewAgent>,
    /// How many may be at work at once.
    pub max_parallel: Option<u32>,
    /// The wish that they come with: asked for again under the same key, they are those that were made then.
    pub key: Option<String>,
}

/// An agent to be made.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// What it is to do.
    pub task: String,
    /// What it shall be called; a number is added when that is taken.
    pub name: String,
    /// Whose client.
    pub provider: Provider,
    /// The client's program.
    pub client: PathBuf,
    /// Where it works.
    pub place: Place,
    /// The conversation that it goes on with; a new one otherwise.
    pub goes_on: Option<GoesOn>,
    /// How its client is set.
    pub settings: Settings,
    /// The agent that starts it; `None` when a person does.
    pub started_by: Option<Starter>,
}

/// A conversation that an agent goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoesOn {
    /// A copy of the one in this transcript.
    Copy(PathBuf),
    /// The very one, which nobody else may hold.
    Itself {
        /// Its transcript.
        of: PathBuf,
        /// Its id.
        session: SessionId,
    },
}

/// How runners are started: this very program.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// What it is told; the agent's folder follows.
    pub arguments: Vec<OsString>,
    /// How fast they follow each other.
    pub pace: Pace,
}

/// Why agents could not be made or started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nothing to do.
    #[error("the task is empty; say what the agent shall do")]
    EmptyTask,
    /// A task is too long.
    #[error("the task is {} MB long; at most {} MB can be handed to an agent: put it into a file and name that", .bytes.div_ceil(1 << 20), LONGEST_TASK >> 20)]
    LongTask {
        /// Its length.
        bytes: usize,
    },
    /// A folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Orchestra's own folder cannot be used.
    #[error("{path} cannot be used: {error}; Orchestra keeps its agents there")]
    State {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The run that it belongs to cannot be used.
    #[error(transparent)]
    Run(#[from] super::runs::RunError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// A runner cannot be started.
    #[error("a runner cannot be started: {0}")]
    Launch(io::Error),
    /// A runner was started and did not take its agent.
    #[error("the runner of {name} did not start; {log} says why")]
    NotTaken {
        /// The agent.
        name: String,
        /// Where its words are.
        log: PathBuf,
    },
}

/// How far an agent has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Started {
    /// Its client has been heard.
    Heard(Agent),
    /// It waits for others of its run, or until a limit lifts.
    Queued(Agent),
    /// It did not start.
    Failed(Agent),
    /// It has not been heard within the time.
    Silent(Agent),
}

/// A message that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The number of its log record.
    pub sequence: u64,
    /// Its number within the agent.
    pub prompt: Option<u64>,
    /// Whether a runner was started for it.
    pub resumed: bool,
}

/// Why a message was not taken in, or could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It waits for others of its run.
    #[error("{name} has not started yet: others of its run are at work")]
    NotStarted {
        /// The agent.
        name: String,
    },
    /// Its worktree is in the trash.
    #[error("{name} was cleaned away")]
    Cleaned {
        /// The agent.
        name: String,
    },
    /// It is another agent that sends.
    #[error("{name} was stopped or cleared away by a person, who alone has it go on")]
    Stopped {
        /// The agent.
        name: String,
    },
    /// Its runner does not take it.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It cannot be resumed.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Agents {
    /// Makes the agents of a run, without starting any; `is_taken` says which names something else has.
    ///
    /// # Errors
    /// When one of them cannot be made: then none is.
    pub fn create(
        &self,
        run: NewRun,
        is_taken: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<Vec<Plan>, StartError> {
        run.agents.iter().try_for_each(|agent| check_task(&agent.task))?;
        let folder = self.folder();
        let (_lock, known) = self.known_names()?;
        let mut begun: Vec<Plan> = Vec::new();
        if run.key.is_some() {
            let mut same: Vec<Plan> = known.iter().filter(|plan| plan.run.key == run.key).cloned().collect();
            same.sort_by_key(|plan| plan.run.index);
            begun = same;
        }
        let mut names: HashSet<String> = known.into_iter().map(|plan| plan.name).collect();
        let id = begun.first().map_or_else(new_id, |plan| Ok(plan.run.id.clone()))?;
        let mut plans = Vec::new();
        for (agent, index) in run.agents.into_iter().zip(0..) {
            // Whoever made those was killed half-way.
            if begun.iter().any(|plan| plan.run.index == index) {
                continue;
            }
            let name = free_name(&agent.name, |name| names.contains(name) || is_taken(name));
            names.insert(name.clone());
            let run = Run {
                id: id.clone(),
                index,
                max_parallel: run.max_parallel,
                key: run.key.clone(),
                priority: 0,
                has_plan: false,
            };
            plans.push(plan(agent, name, run, now)?);
        }
        let mut made = Vec::new();
        for plan in &plans {
            match AgentFolder::create(&folder, plan) {
                Ok(folder) => made.push(folder),
                Err(error) => {
                    // Nobody knows of them yet, and nothing but their plans is in them.
                    made.iter().for_each(AgentFolder::take_back);
                    return Err(error.into());
                }
            }
        }
        plans.extend(begun);
        plans.sort_by_key(|plan| plan.run.index);
        Ok(plans)
    }

    /// The plans of all agents, and a lock that keeps them all: two that are asked for at once do not get one name.
    pub(super) fn known_names(&self) -> Result<(File, Vec<Plan>), StartError> {
        let folder = self.folder();
        let refused = |error| StartError::State { path: folder.clone(), error };
        private_folder(&folder).map_err(refused)?;
        let lock = lock_file(&folder.join("names.lock")).map_err(refused)?;
        lock.lock().map_err(refused)?;
        let known = self.folders().map_err(refused)?.iter().filter_map(|agent| agent.plan().ok()).collect();
        Ok((lock, known))
    }

    /// Starts the runner of an agent that none has, and waits until it has it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn launch(&self, id: &AgentId, launcher: &Launcher) -> Result<(), StartError> {
        let folder = self.open(id)?;
        if folder.is_held() {
            return Ok(());
        }
        let before = folder.agent_given(false)?.sequence;
        let log = folder.path().join("runner.log");
        let words = OpenOptions::new().create(true).append(true).mode(0o600).open(&log);
        let words = words.map_err(|error| StartError::State { path: log.clone(), error })?;
        let mut guard = process::Command::new(&launcher.program)
            .args(&launcher.arguments)
            .arg(folder.path())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(words)
            .spawn()
            .map_err(StartError::Launch)?;
        let until = Instant::now() + UNTIL_HELD;
        while Instant::now() < until {
            // The first thing a runner does is to say that it is there.
            let is_there = folder.agent_given(false)?.sequence > before;
            if is_there && folder.is_held() {
                // Whoever starts many and lives long would keep one entry of the process table for each.
                thread::spawn(move || guard.wait());
                return Ok(());
            }
            if matches!(guard.try_wait(), Ok(Some(_))) {
                // It may be done already; then the log says so.
                if is_there || folder.agent_given(false)?.sequence > before {
                    return Ok(());
                }
                break;
            }
            thread::sleep(LOOK);
        }
        let name = folder.plan()?.name;
        Err(StartError::NotTaken { name, log })
    }

    /// Starts those of a run without a plan that may be at work now; [`Tools::step`](super::Tools::step) does it for one
    /// with.
    ///
    /// # Errors
    /// When one of them does not start; the others are tried all the same.
    pub fn advance(&self, run: &AgentId, launcher: &Launcher) -> Result<(), StartError> {
        let folder = self.folder();
        let refused = |error| StartError::State { path: folder.clone(), error };
        let lock = lock_file(&folder.join(format!("run-{run}.lock"))).map_err(refused)?;
        lock.lock().map_err(refused)?;
        let mut members: Vec<(Plan, AgentFolder)> = self
            .folders()
            .map_err(refused)?
            .into_iter()
            .filter_map(|folder| Some((folder.plan().ok()?, folder)))
            // What a plan has wait for others is not for us to start.
            .filter(|(plan, _)| plan.run.id == *run && !plan.run.has_plan)
            .collect();
        let most = members.iter().filter_map(|(plan, _)| plan.run.max_parallel).min();
        // Those that somebody waits for come first: it goes on after them.
        let awaits = |folder: &AgentFolder| {
            let agent = folder.is_held().then(|| folder.agent().ok()).flatten();
            agent.map(|agent| agent.awaits).unwrap_or_default()
        };
        let with_awaits = members.iter().filter(|_| most.is_some());
        let awaited: HashSet<AgentId> = with_awaits.flat_map(|(_, folder)| awaits(folder)).collect();
        members.sort_by_key(|(plan, _)| (!awaited.contains(&plan.id), plan.run.index));
        // Whoever only waits for others takes no place.
        let works = |folder: &AgentFolder| folder.is_held() && (most.is_none() || awaits(folder).is_empty());
        let mut at_work = members.iter().filter(|(_, folder)| works(folder)).count();
        let (mut outcome, mut has_launched) = (Ok(()), false);
        for (plan, folder) in &members {
            if most.is_some_and(|most| at_work >= most as usize) {
                break;
            }
            if folder.is_held() || folder.agent()?.state != AgentState::Queued {
                continue;
            }
            if has_launched {
                self.pause_between(launcher);
            }
            has_launched = true;
            match self.launch(&plan.id, launcher) {
                Ok(()) => at_work += 1,
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// Lets a little time pass between two starts; more when a limit was seen lately.
    pub(super) fn pause_between(&self, launcher: &Launcher) {
        thread::sleep(self.governor().between_starts(Timestamp::now(), &launcher.pace));
    }

    /// Sees that an agent that waits for others of its run is never started. One that was started meanwhile stays as it
    /// is.
    ///
    /// # Errors
    /// When its log cannot be written.
    pub fn cancel(&self, id: &AgentId, caller: impl Into<Caller>, now: Timestamp) -> Result<(), StartError> {
        let folder = self.open(id)?;
        let Some(lock) = folder.take_lock()? else { return Ok(()) };
        if folder.agent_given(false)?.state == AgentState::Queued {
            let Caller { by, key } = caller.into();
            folder.add_event(&lock, &Event::Steered { how: Steering::Stop, by, key }, now)?;
        }
        Ok(())
    }

    /// Hands an agent a message: through its runner, or, when it has none, by writing it into its log and starting one.
    ///
    /// # Errors
    /// When it is refused, or no runner starts; a message that was written waits for the next one.
    pub fn send(
        &self,
        id: &AgentId,
        text: &str,
        caller: &Caller,
        launcher: &Launcher,
        now: Timestamp,
    ) -> Result<Sent, SendError> {
        let (sent, _) = self.put(id, text, caller, None, now)?;
        if sent.resumed {
            self.launch(id, launcher)?;
        }
        Ok(sent)
    }

    /// Puts a message into an agent's log, through its runner if it has one; answers with it whether it waits there. When
    /// it is to be resumed, that is still to be done: [`Agents::launch`].
    pub(super) fn put(
        &self,
        id: &AgentId,
        text: &str,
        caller: &Caller,
        from: Option<Letter>,
        now: Timestamp,
    ) -> Result<(Sent, bool), SendError> {
        let folder = self.open(id)?;
        let until = Instant::now() + UNTIL_HELD;
        loop {
            let send = Command::Send { text: text.to_owned(), from: from.clone() };
            let asked =
                Control::connect(folder.path()).and_then(|mut control| control.ask(send, caller.clone()));
            match asked {
                Ok((sequence, prompt)) => {
                    let queue = folder.agent_given(true)?.queue;
                    let waits = queue.iter().any(|waiting| Some(waiting.id) == prompt);
                    return Ok((Sent { sequence, prompt, resumed: false }, waits));
                }
                // Ending, it takes nothing in any more; soon there is none.
                Err(ControlError::NotRunning | ControlError::Refused(Refusal::Ending)) => {}
                Err(error) => return Err(error.into()),
            }
            let Some(lock) = folder.take_lock()? else {
                if Instant::now() >= until {
                    return Err(ControlError::Unresponsive.into());
                }
                continue;
            };
            let agent = folder.agent_given(false)?;
            if agent.state == AgentState::Queued {
                return Err(SendError::NotStarted { name: agent.name });
            }
            if agent.is_cleaned && from.is_none() {
                return Err(SendError::Cleaned { name: agent.name });
            }
            let Caller { by, key } = caller.clone();
            let goes_on = from.as_ref().map_or(Ok(true), |letter| folder.goes_on_with(letter))?;
            if let Some(prompt) = key.as_deref().map(|key| folder.wish(key)).transpose()?.flatten() {
                let waits = !agent.queue.is_empty();
                return Ok((Sent { sequence: agent.sequence, prompt, resumed: waits && goes_on }, waits));
            }
            if from.is_some() {
                folder.has_room(now)?;
            }
            let mut last = folder.last_prompt()?;
            if last == 0 {
                // Its runner was killed before it took the task in: that still comes first.
                let (text, by) = (agent.task.clone(), by.clone());
                let task = Event::PromptQueued { id: 1, text, by, key: None, from: None, first: false };
                folder.add_event(&lock, &task, now)?;
                last = 1;
            }
            let prompt = last + 1;
            let queued =
                Event::PromptQueued { id: prompt, text: text.to_owned(), by, key, from, first: false };
            folder.add_event(&lock, &queued, now)?;
            drop(lock);
            return Ok((Sent { sequence: agent.sequence + 1, prompt: Some(prompt), resumed: goes_on }, true));
        }
    }

    /// Waits until an agent's client has been heard, or it is clear that it will not be.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn wait_for_start(&self, id: &AgentId, most: Duration) -> Result<Started, StartError> {
        let folder = self.open(id)?;
        let until = Instant::now() + most;
        loop {
            let agent = folder.agent()?;
            match agent.state {
                AgentState::Queued | AgentState::Parked => return Ok(Started::Queued(agent)),
                AgentState::Starting if Instant::now() < until => thread::sleep(LOOK),
                AgentState::Starting => return Ok(Started::Silent(agent)),
                AgentState::Failed | AgentState::Lost | AgentState::Stopped => {
                    return Ok(Started::Failed(agent));
                }
                // Its first words are that it cannot: nobody is logged in, there is no such model.
                AgentState::Idle if agent.attention.as_ref().is_some_and(is_error) => {
                    return Ok(Started::Failed(agent));
                }
                _ => return Ok(Started::Heard(agent)),
            }
        }
    }
}

fn is_error(attention: &Attention) -> bool {
    attention.kind == AttentionKind::Error
}

/// Whether something can be a task.
///
/// # Errors
/// When it is empty, or longer than a client could take.
pub fn check_task(task: &str) -> Result<(), StartError> {
    match task.len() {
        _ if task.trim().is_empty() => Err(StartError::EmptyTask),
        bytes if bytes > LONGEST_TASK => Err(StartError::LongTask { bytes }),
        _ => Ok(()),
    }
}

pub(super) fn plan(
    agent: NewAgent,
    name: String,
    run: Run,
    created_at: Timestamp,
) -> Result<Plan, StartError> {
    let conversation = match agent.goes_on {
        Some(GoesOn::Copy(of)) => Conversation::Fork { of, session: new_session()? },
        Some(GoesOn::Itself { of, session }) => Conversation::Continue { of, session },
        None => Conversation::New { session: new_session()? },
    };
    Ok(Plan {
        id: new_id()?,
        name,
        provider: agent.provider,
        client: agent.client,
        task: agent.task,
        place: agent.place,
        conversation,
        settings: agent.settings,
        run,
        started_by: agent.started_by,
        created_at,
    })
}

/// What agents are not called: a person and Orchestra are, in messages.
const RESERVED: [&str; 3] = ["you", "person", "orchestra"];

/// The name, or the first number behind it that makes it free.
pub(super) fn free_name(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let is_taken = |name: &str| RESERVED.contains(&name) || is_taken(name);
    if !is_taken(wanted) {
        return wanted.to_owned();
    }
    let numbered = (2_u64..).map(|number| format!("{wanted}-{number}"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or_else(|| wanted.to_owned())
}

/// Letters and digits that are not taken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

pub(super) fn new_id() -> Result<AgentId, StartError> {
    let random = random::<8>()?;
    let id: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    id.parse().map_err(|error: orchestra_model::InvalidId| StartError::Random(error.to_string()))
}

/// A random UUID, which is what Claude Code wants a session's id to be.
fn new_session() -> Result<SessionId, StartError> {
    let id = uuid::Builder::from_random_bytes(random()?).into_uuid().to_string();
    id.parse().map_err(|error: orchestra_model::InvalidId| StartError::Random(error.to_string()))
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], StartError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| StartError::Random(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
