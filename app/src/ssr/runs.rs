//! Runs as their pages show them, and what can be done with one: going on, choosing, landing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use orchestra_core::{
    agents::runs::{ChooseError, LandError, LandNews, LandWish, RunError, RunFolder, markdown},
    worktrees::{FilePatch, MergeError, read_patch},
};
use orchestra_model::{
    Agent, AgentId, Landing, LandingOutcome, LandingStep, Limit, PastLanding, Results, Timestamp,
};

use super::{
    AppContext,
    agents::{self, MOST_LINES},
};
pub use crate::drawn::runs::Show;
use crate::{
    data::agent::Outcome,
    drawn::runs::{self, Known},
    error::{AppError, AppErrorKind},
    shell::PlainPage,
};

/// How many runs are listed, the newest.
const MOST_RUNS: usize = 100;
/// How much of one attempt's diff is drawn, in bytes.
const MOST_PATCH: u64 = 256 << 10;

/// How the landing of a run goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// What is done right now; `None` when it is over.
    pub(crate) doing: Option<String>,
    /// What became of each so far.
    pub(crate) steps: Vec<LandingStep>,
    /// How it ended.
    pub(crate) end: Option<Result<Landing, AppError>>,
    /// When.
    pub(crate) ended_at: Option<Timestamp>,
}

/// What a run's journal says of a landing that has ended, whoever did it.
impl From<PastLanding> for Progress {
    fn from(PastLanding { at, landing, failure }: PastLanding) -> Self {
        let steps = landing.steps.clone();
        let end = match failure {
            None => Ok(landing),
            Some(why) => Err(refused(why, "What landed until then has landed; Land goes on.")),
        };
        Self { doing: None, steps, end: Some(end), ended_at: Some(at) }
    }
}

impl Progress {
    fn take(&mut self, news: LandNews) {
        match news {
            LandNews::Tries { agent, place: (place, of) } => {
                self.doing = Some(format!("{place} of {of}: {agent}…"));
            }
            LandNews::Checks { agent, command } => {
                self.doing = Some(format!("Checking {agent}: {command}…"));
            }
            LandNews::Came(step) => self.steps.push(step),
        }
    }

    /// Whether what it says of some has come otherwise since: somebody landed them elsewhere.
    fn is_outdated(&self, results: &Results) -> bool {
        let has_landed = |step: &LandingStep| {
            matches!(step.outcome, LandingOutcome::Landed { .. } | LandingOutcome::Nothing)
        };
        let lands_now =
            |name: &str| results.tasks.iter().any(|task| task.agent_name == name && task.landed.is_some());
        self.doing.is_none() && self.steps.iter().any(|step| !has_landed(step) && lands_now(&step.agent))
    }
}

/// The landings that this server began. Clones share them.
#[derive(Clone, Default)]
pub struct Landings {
    known: Arc<Mutex<HashMap<AgentId, Progress>>>,
    listener: Arc<OnceLock<Listener>>,
}

type Listener = Box<dyn Fn(&AgentId) + Send + Sync>;

impl Landings {
    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Progress>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, run: &AgentId) -> Option<Progress> {
        self.lock().get(run).cloned()
    }

    /// Has whoever tells pages called when one begins, goes on or ends; the first to ask is.
    pub fn listen(&self, tell: impl Fn(&AgentId) + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(tell));
    }

    /// Changes what is known, then has it told.
    fn change<T>(&self, run: &AgentId, change: impl FnOnce(&mut HashMap<AgentId, Progress>) -> T) -> T {
        let changed = change(&mut self.lock());
        if let Some(tell) = self.listener.get() {
            tell(run);
        }
        changed
    }

    /// Takes note that one begins; `false` when one is on its way.
    fn begin(&self, run: &AgentId) -> bool {
        self.change(run, |known| {
            let is_free = known.get(run).is_none_or(|progress| progress.doing.is_none());
            if is_free {
                let doing = Some("Looking for the best order…".to_owned());
                known.insert(run.clone(), Progress { doing, ..Progress::default() });
            }
            is_free
        })
    }

    fn tell(&self, run: &AgentId, news: LandNews) {
        self.change(run, |known| known.entry(run.clone()).or_default().take(news));
    }

    fn end(&self, run: &AgentId, end: Result<Landing, AppError>) {
        self.change(run, |known| {
            let progress = known.entry(run.clone()).or_default();
            (progress.doing, progress.end, progress.ended_at) = (None, Some(end), Some(Timestamp::now()));
        });
    }

    /// Forgets one that never was: somebody else lands the run.
    fn forget(&self, run: &AgentId) {
        self.change(run, |known| drop(known.remove(run)));
    }
}
/// The run of an id.
pub(super) fn find(context: &AppContext, id: &str) -> Result<RunFolder, AppError> {
    let none = || {
        AppError::new(
            AppErrorKind::NotFound,
            format!("No run {} on this machine.", crate::text::cut_in_the_middle(id, 40)),
            "See those there are in the list of runs.",
        )
    };
    let id: AgentId = id.parse().map_err(|_| none())?;
    context.agents().run(&id).map_err(|error| match error {
        RunError::None | RunError::NoneHere { .. } | RunError::Unknown { .. } => none(),
        error => unreadable(error),
    })
}

fn unreadable(error: impl std::fmt::Display) -> AppError {
    AppError::new(
        AppErrorKind::Unreadable,
        format!("The run cannot be read: {error}."),
        "Try again in a moment.",
    )
}

/// The page of all runs.
pub fn list(context: &AppContext) -> PlainPage {
    let sequence = context.last_event();
    let list = context.tools.runs(MOST_RUNS);
    let offset = context.clock.offset_at(context.clock.now());
    let body = runs::list::draw(&list, &context.agents().list().0, offset);
    PlainPage { title: "Runs".to_owned(), body, path: "/runs".to_owned(), sequence }
}

/// A part of a run's page; the error's page when there is no such run.
pub fn page(context: &AppContext, id: &str, show: Show) -> (PlainPage, u16) {
    let sequence = context.last_event();
    let path = format!("/runs/{id}");
    match known(context, id, show) {
        Ok(known) => {
            let (title, body) = (runs::title(&known), runs::draw(&known, show));
            (PlainPage { title, body, path, sequence }, 200)
        }
        Err(error) => {
            let body = runs::trouble(&error);
            (PlainPage { title: "Run".to_owned(), body, path, sequence }, error.status())
        }
    }
}

fn known(context: &AppContext, id: &str, show: Show) -> Result<Known, AppError> {
    let run = find(context, id)?;
    // Read before the results: a page that says that it is over shows all that came of it.
    let landing = context.landings.get(run.id());
    let tools = &context.tools;
    let results = match show {
        Show::Results => tools.results(&run),
        _ => tools.overview(&run),
    };
    let mut results = results.map_err(unreadable)?;
    // Whether there is anything to land is known also where git was not asked.
    for task in &mut results.tasks {
        task.diffstat = task.diffstat.or_else(|| context.stats.get(&task.agent));
    }
    let now = context.clock.now();
    let members = context.agents().list().0.into_iter().filter(|agent| agent.run == *run.id());
    let agents: Vec<Agent> = members
        .map(|agent| Agent { score: crate::drawn::agents::lane::until(&agent, Some(now)), ..agent })
        .collect();
    let diffs = if show == Show::Diffs { diffs(context, &results, &agents) } else { Vec::new() };
    Ok(Known {
        messages: context.agents().messages(run.id()).unwrap_or_default(),
        landing: newest(landing, results.last_landing.clone())
            .filter(|landing| !landing.is_outdated(&results)),
        offset_seconds: context.clock.offset_at(now),
        results,
        agents,
        diffs,
    })
}

/// The landing to be told of: one that goes on, else the last one, of which this server may know better why it failed.
fn newest(own: Option<Progress>, past: Option<PastLanding>) -> Option<Progress> {
    let is_newer = |own: &Progress| {
        let failed_at = own.ended_at.filter(|_| matches!(own.end, Some(Err(_))));
        own.doing.is_some()
            || failed_at.is_some_and(|at| {
                past.as_ref().is_none_or(|past| past.at.as_millisecond() <= at.as_millisecond())
            })
    };
    own.filter(is_newer).or(past.map(Progress::from))
}

/// The diffs of attempts that are not in the trash.
fn diffs(context: &AppContext, results: &Results, agents: &[Agent]) -> Vec<(AgentId, Vec<FilePatch>, bool)> {
    let attempts = results.tasks.iter().filter(|task| task.attempt.is_some() && !task.is_cleaned);
    let diff = |id: &AgentId| {
        let agent = agents.iter().find(|agent| agent.id == *id)?;
        let mut patch = Vec::new();
        let is_all = agents::harvest(context, agent).ok()?.write_patch(&mut patch, MOST_PATCH).ok()?;
        Some((id.clone(), read_patch(&patch, MOST_LINES), !is_all))
    };
    attempts.filter_map(|task| diff(&task.agent)).collect()
}

/// The report to paste into a pull request, as Markdown.
///
/// # Errors
/// When there is no such run, or it cannot be read.
pub fn report(context: &AppContext, id: &str) -> Result<String, AppError> {
    let run = find(context, id)?;
    context.tools.results(&run).map(|results| markdown(&results)).map_err(unreadable)
}

fn refused(message: impl std::fmt::Display, next_step: &str) -> AppError {
    AppError::new(AppErrorKind::Refused, super::commands::sentence(&message.to_string()), next_step)
}

/// Keeps an attempt; the others go to the trash.
pub(super) fn choose(context: &AppContext, agent: &Agent, by: &str) -> Result<Outcome, AppError> {
    let chosen = context.tools.choose(agent, by, context.clock.now()).map_err(|error| {
        let next = match error {
            ChooseError::Only { .. } => "Merge its work on its own page.",
            ChooseError::Cleaned { .. } => "Restore it first.",
            ChooseError::Run(_) => "Load the page again.",
        };
        refused(error, next)
    })?;
    let name = &agent.name;
    let mut said = match chosen.cleaned.as_slice() {
        [] => format!("{name} is kept."),
        [one] => format!("{name} is kept; {one} is in the trash for 14 days, and Restore brings it back."),
        others => format!(
            "{name} is kept; {} are in the trash for 14 days, and Restore brings each back.",
            others.join(", ")
        ),
    };
    for (other, kept) in &chosen.kept {
        said.push_str(&format!(" {other} is still there: {kept}."));
    }
    Ok(Outcome { said, ..Outcome::default() })
}

/// Has a run go on, with a limit of what it may use raised to what is wanted. Asked for twice, it is raised once.
pub(super) fn go_on(context: &AppContext, id: &str, wanted: &Limit, by: &str) -> Result<Outcome, AppError> {
    let run = find(context, id)?;
    let now = context.tools.limit(&run).map_err(unreadable)?;
    let raised = now.raised_to(wanted);
    if raised != now {
        context.tools.set_limit(&run, raised, by).map_err(unreadable)?;
    }
    let is_revived = run.revive(by).map_err(unreadable)?;
    if !is_revived && raised == now {
        let said = "Nothing of it was stopped with it. A message has one go on.".to_owned();
        return Ok(Outcome { said, ..Outcome::default() });
    }
    let tools = context.tools.clone();
    // It may run checks, which take their time; what of it cannot be done is shown by the tasks that wait.
    let goes_on = move || drop(tools.step(&run));
    let begun = std::thread::Builder::new().name("run".to_owned()).spawn(goes_on);
    begun.map_err(|error| refused(format!("it could not go on: {error}"), "Try again."))?;
    Ok(Outcome { said: "It goes on.".to_owned(), ..Outcome::default() })
}

/// Begins to land a run; its page tells how far it is. Asked for twice, it is landed once.
pub(super) fn land(context: &AppContext, id: &str, keep_going: bool) -> Result<Outcome, AppError> {
    let run = find(context, id)?;
    // The server's own, and what is landed through another surface.
    if run.is_being_landed().map_err(unreadable)? || !context.landings.begin(run.id()) {
        let said = "It is being landed already; what lands is shown here.".to_owned();
        return Ok(Outcome { said, ..Outcome::default() });
    }
    let (landings, tools) = (context.landings.clone(), context.tools.clone());
    let of_thread = run.id().clone();
    let wish = LandWish { keep_going, ..LandWish::default() };
    let begun = std::thread::Builder::new().name("landing".to_owned()).spawn(move || {
        let id = of_thread;
        match tools.land(&run, &wish, &mut |news| landings.tell(&id, news)) {
            // Somebody was faster: what becomes of it is theirs to tell.
            Err(LandError::Busy) => landings.forget(&id),
            landed => landings.end(&id, landed.map_err(not_landed)),
        }
    });
    match begun {
        Ok(_) => Ok(Outcome::default()),
        Err(error) => {
            let trouble = refused(format!("it could not begin: {error}"), "Try again.");
            if let Ok(id) = id.parse() {
                context.landings.end(&id, Err(trouble.clone()));
            }
            Err(trouble)
        }
    }
}

fn not_landed(error: LandError) -> AppError {
    let next = match &error {
        LandError::Busy => "Wait until that is over.",
        LandError::NoTarget => "On the computer: orchestra land --into BRANCH.",
        LandError::NoBranches => "Their changes are in that folder already.",
        LandError::NotTrusted { .. } => "On the computer: orchestra spawn --trust says once that it is.",
        LandError::Merge(MergeError::UnderWay { .. }) => "Finish or abort that on the computer first.",
        LandError::Setup(_) | LandError::Config(_) => "Nothing was changed by it. Is .orchestra.toml right?",
        _ => "What landed until then has landed; Land goes on.",
    };
    refused(error, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_as_a_landing_begins_goes_on_and_ends() {
        let (landings, run) = (Landings::default(), "runrun22".parse::<AgentId>().unwrap());
        let told: Arc<Mutex<Vec<AgentId>>> = Arc::default();
        let heard = Arc::clone(&told);
        landings.listen(move |run| heard.lock().unwrap().push(run.clone()));
        assert!(landings.begin(&run) && !landings.begin(&run));
        landings.tell(&run, LandNews::Tries { agent: "api".into(), place: (1, 1) });
        assert_eq!(landings.get(&run).unwrap().doing.as_deref(), Some("1 of 1: api…"));
        landings.end(&run, Err(refused("it is over", "Try again.")));
        assert!(landings.get(&run).is_some_and(|progress| progress.doing.is_none()));
        landings.forget(&run);
        assert!(landings.get(&run).is_none(), "one that was somebody else's leaves nothing");
        let told = told.lock().unwrap();
        assert!(told.len() >= 4 && told.iter().all(|one| *one == run), "{told:?}");
    }
}
