//! The transcripts that are open: an index is made once and refreshed, not made anew for every page of a reader.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use orchestra_core::transcript::{Transcript, TranscriptError};
use orchestra_model::Session;

use super::AppContext;
use crate::{
    data::{
        Block, Blocks, LaneView, SessionRow, TranscriptHead,
        transcript::{AgentCard, TURNS_PER_BLOCK, first_blocks},
    },
    error::{AppError, AppErrorKind},
    text,
    turns::{self, Manuscript},
};

/// How many transcripts stay open.
const OPEN_AT_ONCE: usize = 8;

type Slot = Arc<Mutex<Option<Transcript>>>;

/// A few open transcripts, the least recently read one closed first. Cheap to clone.
#[derive(Clone, Default)]
pub struct Transcripts {
    slots: Arc<Mutex<Vec<(Key, Slot)>>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Key {
    path: PathBuf,
    agent: Option<String>,
}

impl Transcripts {
    /// Opens a transcript, or one of its subagents', as it is on disk now, and reads in it.
    ///
    /// # Errors
    /// When the file is gone or cannot be read.
    pub fn read<T>(
        &self,
        path: &Path,
        agent: Option<&str>,
        read: impl FnOnce(&Transcript) -> Result<T, TranscriptError>,
    ) -> Result<T, TranscriptError> {
        let slot = self.slot(Key { path: path.to_owned(), agent: agent.map(str::to_owned) });
        let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transcript) = held.as_mut() {
            transcript.refresh()?;
            return read(transcript);
        }
        let transcript = match agent {
            None => Transcript::open(path)?,
            Some(agent) => self.subagent(path, agent)?,
        };
        read(held.insert(transcript))
    }

    /// Apart from `read`, which would otherwise be made anew for a closure of its own without end.
    fn subagent(&self, path: &Path, agent: &str) -> Result<Transcript, TranscriptError> {
        self.read(path, None, |parent| parent.subagent(agent))
    }

    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let held = slots.iter().position(|(held, _)| *held == key).map(|at| slots.remove(at));
        let entry = held.unwrap_or_else(|| (key, Slot::default()));
        let slot = Arc::clone(&entry.1);
        slots.insert(0, entry);
        slots.truncate(OPEN_AT_ONCE);
        slot
    }
}

fn unreadable(error: &TranscriptError) -> AppError {
    AppError::new(
        AppErrorKind::Unreadable,
        format!("The transcript cannot be read: {error}."),
        "See that the file is there and yours to read, then load the page again.",
    )
}

fn find(context: &AppContext, id: &str) -> Result<Session, AppError> {
    context.catalog.find(id, context.clock.now()).map_err(|_| AppError::no_session(id))
}

/// Everything around a conversation.
///
/// # Errors
/// When there is no such session or its transcript cannot be read.
pub fn head(context: &AppContext, id: &str, agent: Option<&str>) -> Result<TranscriptHead, AppError> {
    let session = find(context, id)?;
    let now = context.clock.now();
    let clock = context.clock.reading(now);
    let mut head = TranscriptHead {
        row: SessionRow::of_session(&session, |ms| context.clock.day_of(ms)),
        agent: None,
        cwd: session.cwd.clone(),
        path: session.path.clone(),
        resume_command: session.resume_command.clone(),
        process: session.live.as_ref().map(|live| match &live.version {
            Some(version) => format!("process {}, version {version}", live.pid),
            None => format!("process {}", live.pid),
        }),
        turns: 0,
        prompts: 0,
        tool_calls: 0,
        usage: orchestra_model::Usage::default(),
        oddities: Vec::new(),
        agents: Vec::new(),
        lane: LaneView::default(),
        clock,
    };
    let Some(path) = session.path.as_deref().map(Path::new) else { return Ok(head) };
    let (info, score) = context
        .transcripts
        .read(path, agent, |transcript| Ok((transcript.info(), transcript.score())))
        .map_err(|error| unreadable(&error))?;
    if let Some(agent) = agent {
        let family = context.transcripts.read(path, None, |parent| Ok(parent.info().subagents));
        let card = family.unwrap_or_default().into_iter().find(|one| one.id == agent).map(AgentCard::from);
        head.agent = Some(card.unwrap_or_else(|| AgentCard {
            id: agent.to_owned(),
            kind: "agent".to_owned(),
            description: "A subagent".to_owned(),
            size_bytes: 0,
        }));
    }
    head.lane = LaneView::new(&score, info.turns, clock.offset_seconds);
    (head.turns, head.prompts, head.tool_calls) = (info.turns, info.prompts, info.tool_calls);
    head.usage = info.usage;
    head.oddities = oddities(&info);
    head.agents = info.subagents.into_iter().map(AgentCard::from).collect();
    Ok(head)
}

fn oddities(info: &orchestra_model::TranscriptInfo) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |number: u32, one: &str, many: &str| {
        if number > 0 {
            words.push(text::plural(number as usize, one, many));
        }
    };
    add(info.damaged_lines, "damaged line was read around", "damaged lines were read around");
    add(info.unknown_lines, "line is of a type not known yet", "lines are of types not known yet");
    add(
        info.abandoned_turns,
        "turn stands on a branch left by a rewind",
        "turns stand on branches left by a rewind",
    );
    words
}

impl From<orchestra_model::Subagent> for AgentCard {
    fn from(agent: orchestra_model::Subagent) -> Self {
        Self {
            kind: agent.agent_type.unwrap_or_else(|| "agent".to_owned()),
            description: agent.description.unwrap_or_else(|| "A subagent".to_owned()),
            size_bytes: agent.size_bytes,
            id: agent.id,
        }
    }
}

/// The blocks that a page opens with: around a turn, or the last ones.
///
/// # Errors
/// When there is no such session or its transcript cannot be read.
pub fn opening(
    context: &AppContext,
    id: &str,
    agent: Option<&str>,
    at: Option<u32>,
) -> Result<Blocks, AppError> {
    blocks(context, id, agent, |turns| first_blocks(turns, at))
}

/// Some blocks of a conversation, `choose`n by how many turns it has: the first one's index, and how many.
///
/// # Errors
/// When there is no such session or its transcript cannot be read.
pub fn blocks(
    context: &AppContext,
    id: &str,
    agent: Option<&str>,
    choose: impl FnOnce(u32) -> (u32, u32),
) -> Result<Blocks, AppError> {
    let session = find(context, id)?;
    let Some(path) = session.path.as_deref().map(Path::new) else { return Ok(Blocks::default()) };
    let manuscript = Manuscript {
        session: session.id.clone(),
        agent: agent.map(str::to_owned),
        folder: session.cwd.clone(),
        offset_seconds: context.clock.offset_at(context.clock.now()),
    };
    context
        .transcripts
        .read(path, agent, |transcript| {
            let total = transcript.len();
            let (first, count) = choose(total);
            let blocks = (first..first.saturating_add(count))
                .map(|index| {
                    let page = transcript.page(index.saturating_mul(TURNS_PER_BLOCK), TURNS_PER_BLOCK)?;
                    Ok(Block { index, items: turns::draw(&page.turns, &manuscript) })
                })
                .collect::<Result<Vec<_>, TranscriptError>>()?;
            Ok(Blocks { blocks, total })
        })
        .map_err(|error| unreadable(&error))
}
