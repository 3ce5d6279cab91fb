//! The transcripts that are open: an index is made once and refreshed, not made anew for every page of a reader.

use std::{
    mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use orchestra_core::transcript::{Transcript, TranscriptError};
use orchestra_model::{AgentState, LiveStatus, Score, Session, Timestamp, TranscriptInfo};

use super::AppContext;
use crate::{
    data::{
        Block, Blocks, SessionRow, TranscriptHead,
        transcript::{TURNS_PER_BLOCK, first_blocks},
    },
    drawn::{
        self,
        details::Known,
        turns::{self, Manuscript},
    },
    error::{AppError, AppErrorKind},
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
    if matches!(error, TranscriptError::NoSuchSubagent(_)) {
        return AppError::new(
            AppErrorKind::NotFound,
            "This session has no such subagent.",
            "Its transcript may have been cleaned up. Go back to the session and load it again.",
        );
    }
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
    let clock = context.clock.reading(context.clock.now());
    let row = SessionRow::of_session(&session, |ms| context.clock.day_of(ms));
    let mut read = match session.path.as_deref().map(Path::new) {
        None => None,
        Some(path) => Some(read_around(context, path, agent)?),
    };
    let waits = if agent.is_none() { waits_since(context, &session) } else { None };
    if let (Some(since), Some(read)) = (waits, &mut read) {
        let turn = read.info.turns.saturating_sub(1);
        read.score = mem::take(&mut read.score).with_wait(since, context.clock.now(), turn);
    }
    let lane =
        read.as_ref().map(|read| drawn::lane::draw(&read.score, read.info.turns, clock.offset_seconds));
    let lane = lane.unwrap_or_default();
    let info = read.as_ref().map(|read| &read.info);
    let details = drawn::details::draw(&Known {
        session: &session,
        row: &row,
        info,
        is_agent: agent.is_some(),
        lane: &lane.words,
        offset_seconds: clock.offset_seconds,
    });
    let silence = match info {
        None => Some(drawn::silence::cleaned_up(session.last_prompt.as_deref())),
        Some(info) => (info.turns == 0).then(drawn::silence::nothing_said),
    };
    Ok(TranscriptHead { row, agent: read.and_then(|read| read.agent), lane, details, silence, clock })
}

/// Since when it has been waiting for its owner: its transcript says nothing of that until it goes on.
fn waits_since(context: &AppContext, session: &Session) -> Option<Timestamp> {
    match &session.agent {
        Some(id) => {
            let agent = context.agents().open(id).ok()?.agent().ok()?;
            agent.attention.filter(|_| agent.state == AgentState::Waiting).map(|attention| attention.since)
        }
        None => session.last_active_at.filter(|_| session.status == Some(LiveStatus::Waiting)),
    }
}

/// What is read around a conversation.
struct Around {
    info: TranscriptInfo,
    score: Score,
    /// What the subagent was for, when it is a subagent's.
    agent: Option<String>,
}

fn read_around(context: &AppContext, path: &Path, agent: Option<&str>) -> Result<Around, AppError> {
    let (info, score) = context
        .transcripts
        .read(path, agent, |transcript| Ok((transcript.info(), transcript.score())))
        .map_err(|error| unreadable(&error))?;
    let agent = agent.map(|agent| {
        let family = context.transcripts.read(path, None, |parent| Ok(parent.info().subagents));
        let one = family.unwrap_or_default().into_iter().find(|one| one.id == agent);
        one.as_ref().map_or_else(|| "A subagent".to_owned(), drawn::details::description)
    });
    Ok(Around { info, score, agent })
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
