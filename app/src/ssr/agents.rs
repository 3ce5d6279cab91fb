//! Agents as their pages show them.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use orchestra_core::{
    agents::{Agents, Tools, harvest::Harvest},
    worktrees::{Trust, read_patch},
};
use orchestra_model::{Agent, AgentId, DiffStat, SessionFilter};

use super::{AppContext, transcripts};
use crate::{
    data::{AgentRow, AgentView, AgentsView, Blocks, LaneView},
    drawn::{self, agents::new::Spot, agents::result::Work},
    error::{AppError, AppErrorKind},
};

/// How much of a diff is drawn, in bytes.
const MOST_PATCH: u64 = 2 << 20;
/// How many lines of one file are drawn.
pub(super) const MOST_LINES: u32 = 400;
/// How many repositories are offered for new agents.
const MOST_SPOTS: usize = 40;

/// How much agents changed, as far as that was looked at. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct DiffStats {
    known: Arc<Mutex<HashMap<AgentId, (Moment, DiffStat)>>>,
}

/// What tells that an agent may have changed more since: its turns, its edits, its state.
type Moment = (u32, usize, &'static str);

fn moment(agent: &Agent) -> Moment {
    let edited = agent.score.edits.last().map_or(0, |edit| edit.at.as_millisecond() as usize);
    (agent.turns, edited, agent.state.name())
}

impl DiffStats {
    /// What is known of an agent.
    pub fn get(&self, id: &AgentId) -> Option<DiffStat> {
        self.lock().get(id).map(|(_, stat)| *stat)
    }

    /// Whether an agent should be looked at again.
    pub fn is_stale(&self, agent: &Agent) -> bool {
        agent.branch.is_some()
            && agent.worktree.is_some()
            && !agent.is_cleaned
            && self.lock().get(&agent.id).is_none_or(|(known, _)| *known != moment(agent))
    }

    /// Looks at an agent's work; answers whether it is another than was known.
    pub fn look(&self, tools: &Tools, agent: &Agent) -> bool {
        let (stat, before) =
            (tools.diffstat(agent).unwrap_or_default(), self.get(&agent.id).unwrap_or_default());
        self.lock().insert(agent.id.clone(), (moment(agent), stat));
        stat != before
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgentId, (Moment, DiffStat)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many agents each run has, as far as their rows were asked for. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Members {
    known: Arc<Mutex<HashMap<AgentId, HashSet<AgentId>>>>,
}

impl Members {
    /// Takes note of an agent; answers how many its run has.
    fn note(&self, agent: &Agent) -> usize {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let run = known.entry(agent.run.clone()).or_default();
        run.insert(agent.id.clone());
        run.len()
    }
}

/// The row of an agent.
pub fn row(context: &AppContext, agent: &Agent) -> AgentRow {
    let now = context.clock.now();
    let beside = drawn::agents::Beside {
        stat: context.stats.get(&agent.id),
        members: context.members.note(agent),
        offset_seconds: context.clock.offset_at(now),
        now: Some(now),
    };
    drawn::agents::row(agent, beside)
}

/// Every agent.
pub fn list(context: &AppContext) -> AgentsView {
    let (agents, _) = context.agents().list();
    // The first row of a run says already how many there are.
    for agent in &agents {
        context.members.note(agent);
    }
    let nothing = if agents.is_empty() { drawn::empty::no_agents() } else { String::new() };
    AgentsView { rows: agents.iter().map(|agent| row(context, agent)).collect(), nothing }
}

/// The agent of an id.
pub(super) fn find(agents: &Agents, id: &str) -> Result<Agent, AppError> {
    let found = id.parse().ok().and_then(|id: AgentId| agents.open(&id).ok()?.agent().ok());
    found.ok_or_else(|| {
        AppError::new(
            AppErrorKind::NotFound,
            format!("No agent {} on this machine.", crate::text::cut_in_the_middle(id, 40)),
            "See those there are on the page Now.",
        )
    })
}

/// One agent with the end of its conversation, or the turn asked for.
///
/// # Errors
/// When there is no such agent.
pub fn view(context: &AppContext, id: &str, at: Option<u32>) -> Result<AgentView, AppError> {
    let agents = context.agents();
    let agent = agents.with_remark(find(&agents, id)?);
    let session = agent.session_id.as_str();
    // Its client may not have written anything yet.
    let blocks = transcripts::opening(context, session, None, at).unwrap_or_default();
    let lane = match &blocks {
        Blocks { total: 0, .. } => LaneView::default(),
        _ => transcripts::head(context, session, None).map(|head| head.lane).unwrap_or_default(),
    };
    Ok(AgentView { row: row(context, &agent), task: drawn::agents::task(&agent), blocks, lane })
}

/// What the palette offers, with what the agent in front can be told.
pub fn palette(context: &AppContext, in_front: Option<&str>) -> String {
    let (agents, _) = context.agents().list();
    let sessions = context.catalog.list(&SessionFilter::default(), context.clock.now()).sessions;
    drawn::palette::draw(&drawn::palette::Known {
        in_front: in_front.and_then(|id| agents.iter().find(|agent| agent.id.as_str() == id)),
        agents: &agents,
        sessions: &sessions,
    })
}

pub(super) fn harvest(context: &AppContext, agent: &Agent) -> Result<Harvest, String> {
    let git = context.tools.git().map_err(|error| error.to_string())?;
    let folder = context.agents().open(&agent.id).map_err(|error| error.to_string())?;
    Harvest::of(&folder, git).map_err(|error| error.to_string())
}

/// What an agent changed, drawn.
///
/// # Errors
/// When there is no such agent, or its changes cannot be read.
pub fn changes(context: &AppContext, id: &str) -> Result<String, AppError> {
    let agent = find(&context.agents(), id)?;
    let unreadable = |why: String| {
        AppError::new(
            AppErrorKind::Unreadable,
            format!("The changes cannot be read: {why}."),
            "Try again in a moment.",
        )
    };
    let mut harvest = match harvest(context, &agent) {
        Ok(harvest) => harvest,
        // It works in a folder as it is, or has not begun.
        Err(why) => return Ok(drawn::agents::quiet(&why)),
    };
    harvest.look_back().map_err(|error| unreadable(error.to_string()))?;
    let changes = harvest.changes().map_err(|error| unreadable(error.to_string()))?;
    if changes.files.is_empty() && agent.is_cleaned {
        return Ok(drawn::agents::quiet(
            "What it had not committed is in the trash. Restore brings it back.",
        ));
    }
    if changes.files.is_empty() && harvest.gone_worktree().is_some() {
        let words = "Its worktree is gone, and with it what was not committed there.";
        return Ok(drawn::agents::quiet(words));
    }
    let mut patch = Vec::new();
    let is_all =
        harvest.write_patch(&mut patch, MOST_PATCH).map_err(|error| unreadable(error.to_string()))?;
    Ok(drawn::agents::changes::draw(&changes, &read_patch(&patch, MOST_LINES), !is_all))
}

/// What an agent came to, drawn.
///
/// # Errors
/// When there is no such agent.
pub fn result(context: &AppContext, id: &str) -> Result<String, AppError> {
    let agents = context.agents();
    let agent = find(&agents, id)?;
    let work = harvest(context, &agent).and_then(|mut harvest| {
        harvest.look_back().map_err(|error| error.to_string())?;
        let others: Vec<Harvest> = agents
            .list()
            .0
            .iter()
            .filter(|other| other.id != agent.id && other.repo == agent.repo && !other.is_cleaned)
            .filter_map(|other| self::harvest(context, other).ok())
            .collect();
        work(&agent, &harvest, &others).map_err(|error| error.to_string())
    });
    Ok(drawn::agents::result::draw(&agent, &work, context.clock.offset_at(context.clock.now())))
}

fn work(
    agent: &Agent,
    harvest: &Harvest,
    others: &[Harvest],
) -> Result<Work, orchestra_core::agents::harvest::HarvestError> {
    let (commits, unpushed) = harvest.commits()?;
    Ok(Work {
        branch: harvest.branch().to_owned(),
        target: harvest.target().map(str::to_owned),
        commits,
        unpushed,
        uncommitted: harvest.uncommitted()?,
        is_taken: harvest.is_taken()?,
        conflicts: if agent.is_cleaned { Vec::new() } else { harvest.conflicts(others)? },
        would_lose: if agent.is_cleaned { Vec::new() } else { harvest.would_lose()? },
    })
}

/// The form that starts agents, drawn.
///
/// # Errors
/// When it shall go on with a session that is not there.
pub fn new(
    context: &AppContext,
    folder: Option<&str>,
    text: Option<&str>,
    session: Option<&str>,
) -> Result<String, AppError> {
    let session = match session {
        Some(id) => {
            Some(context.catalog.find(id, context.clock.now()).map_err(|_| AppError::no_session(id))?)
        }
        None => None,
    };
    let own = session.as_ref().and_then(|session| session.project_dir.as_deref().or(session.cwd.as_deref()));
    let spots = spots(context, own.or(folder));
    Ok(drawn::agents::new::draw(&drawn::agents::new::Opening {
        spots: &spots,
        folder: own.or(folder),
        text,
        session: session.as_ref(),
        has_client: context.tools.client.is_some(),
    }))
}

/// The repositories that sessions were seen in, the one seen last first, and the one that is asked for before all.
fn spots(context: &AppContext, asked: Option<&str>) -> Vec<Spot> {
    let listing = context.catalog.list(&SessionFilter::default(), context.clock.now());
    let seen = listing
        .sessions
        .iter()
        .filter_map(|session| session.project_dir.as_deref().or(session.cwd.as_deref()));
    let known = context.agents().list().0;
    let known = known.iter().filter_map(|agent| agent.repo.as_deref());
    let mut folders: Vec<&str> = Vec::new();
    for folder in asked.into_iter().chain(known).chain(seen) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    let trust = Trust::new(&context.tools.state);
    let spot = |folder: &str| {
        let path = Path::new(folder);
        let git = context.tools.git.as_ref()?;
        // A cheap look first: most folders that sessions were seen in are repositories.
        let repository = orchestra_core::worktrees::Repository::open(git, path).ok()?;
        Some(Spot {
            folder: folder.to_owned(),
            name: path.file_name()?.to_string_lossy().into_owned(),
            is_trusted: trust.is_trusted(repository.common_dir()),
        })
    };
    folders.into_iter().filter_map(spot).take(MOST_SPOTS).collect()
}
