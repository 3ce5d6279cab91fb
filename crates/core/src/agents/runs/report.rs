//! The results of a run, side by side: for pages and for programs.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId, Conflict, LandingState, Results, RunList, SpanKind, TaskResult};

use super::{
    PlannedTask, RunError, RunFolder,
    journal::{Landed, Ledger},
    sequence::MOST_PAIRS,
    standing::Standing,
};
use crate::{
    agents::{
        Tools,
        harvest::{Harvest, HarvestError},
        plan::{Place, Plan},
    },
    worktrees,
};

/// One's work, as far as it can be looked at.
struct Worked {
    harvest: Harvest,
    tip: String,
    paths: HashSet<String>,
}

/// Whether a landing has not ended: the lock says whether anybody is at it.
fn landing_of(
    run: &RunFolder,
    ledger: &Ledger,
    tasks: &[TaskResult],
) -> Result<Option<LandingState>, RunError> {
    if !ledger.is_landing {
        return Ok(None);
    }
    if run.is_being_landed()? {
        return Ok(Some(LandingState::UnderWay));
    }
    // It may have ended since the journal was read.
    if !run.was_landing_cut_off()? {
        return Ok(None);
    }
    // Cut off after the last one had landed, it is over.
    Ok(tasks.iter().any(TaskResult::can_land).then_some(LandingState::CutOff))
}

impl Tools {
    /// What came out of a run so far.
    ///
    /// # Errors
    /// When it cannot be read. Work that git cannot show is left out.
    pub fn results(&self, run: &RunFolder) -> Result<Results, RunError> {
        self.results_with(&self.agents().run(run.id())?, true)
    }

    /// How far a run is: the same without asking git, so without changes, commits and conflicts.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn overview(&self, run: &RunFolder) -> Result<Results, RunError> {
        self.results_with(&self.agents().run(run.id())?, false)
    }

    /// The runs of several agents, the newest first, so many at most.
    pub fn runs(&self, most: usize) -> RunList {
        let (agents, _) = self.agents().list();
        let mut members: HashMap<AgentId, Vec<Plan>> = HashMap::new();
        for plan in self.agents().folders().unwrap_or_default().iter().filter_map(|folder| folder.plan().ok())
        {
            members.entry(plan.run.id.clone()).or_default().push(plan);
        }
        let mut seen = HashSet::new();
        let all: Vec<&AgentId> =
            agents.iter().map(|agent| &agent.run).filter(|run| seen.insert(*run)).collect();
        let count = |run: &AgentId| members.get(run).map_or(0, Vec::len);
        let several: Vec<&AgentId> = all.iter().copied().filter(|run| count(run) > 1).collect();
        let overview = |run: &&AgentId| {
            let run = self.agents().run_of(run, || members.get(run).cloned()).ok()?;
            self.results_with(&run, false).ok()
        };
        RunList {
            runs: several.iter().take(most).filter_map(overview).collect(),
            more: several.len().saturating_sub(most),
            alone: all.len() - several.len(),
        }
    }

    fn results_with(&self, run: &RunFolder, with_work: bool) -> Result<Results, RunError> {
        let ledger = run.ledger()?;
        let look = |id: &_| self.agents().open(id).and_then(|folder| folder.agent()).ok();
        let standings = run.standings(&ledger, true, &look);
        let all: Vec<_> = run.tasks().zip(&standings.all).collect();
        let look = |((place, task), standing): &((u32, &PlannedTask), &Standing)| {
            let mut result = self.result(run, &ledger, (*place, task), standing);
            let landed = ledger.landed.get(place).filter(|landed| {
                // Without asking git of each, whoever did not work on since has made nothing more.
                let is_asked = with_work || landed.may_be_outdated(result.turns);
                !is_asked || self.is_landed(run, task, landed)
            });
            result.landed = landed.map(|landed| landed.commit.clone());
            let before = landed.map(|landed| landed.from.as_str());
            let worked = with_work.then(|| self.worked(run, task, before, &mut result));
            // A harvest that cannot be read has no conflicts to be told.
            match worked {
                None | Some(Err(HarvestError::NotBegun { .. })) => (result, None),
                Some(Ok(worked)) => (result, worked),
                Some(Err(error)) => {
                    result.unreadable = Some(error.to_string());
                    (result, None)
                }
            }
        };
        // Most of it is waiting for git.
        let (mut tasks, work): (Vec<_>, Vec<_>) = at_once(&all, look).into_iter().unzip();
        let uncompared = self.compare(run, &work, &mut tasks);
        let first = run.plan.tasks.first().map(|task| &task.agent.place);
        let (repo, target) = match first {
            Some(Place::Worktree { repository, target, .. }) => {
                (Some(repository.display().to_string()), target.clone())
            }
            _ => (None, None),
        };
        Ok(Results {
            run: run.id().clone(),
            created_at: run.plan.created_at,
            repo,
            target,
            is_over: standings.is_over(),
            max_parallel: run.plan.max_parallel,
            limit: standings.limit,
            spent: standings.spent,
            landing: landing_of(run, &ledger, &tasks)?,
            last_landing: ledger.last_landing,
            uncompared,
            trouble: run.trouble(),
            tasks,
        })
    }

    fn result(
        &self,
        run: &RunFolder,
        ledger: &Ledger,
        (place, task): (u32, &PlannedTask),
        standing: &Standing,
    ) -> TaskResult {
        let name = |place: u32| run.task(place).map(|task| task.name.clone());
        let agent = standing.agent.as_ref();
        let check = ledger.checks.get(&place).map(|(turns, check)| orchestra_model::Check {
            is_outdated: agent.is_some_and(|agent| agent.turns != *turns),
            ..check.clone()
        });
        TaskResult {
            name: task.name.clone(),
            agent: task.agent.id.clone(),
            agent_name: task.agent.name.clone(),
            prompt: task.agent.task.clone(),
            after: task.after.iter().filter_map(|place| name(*place)).collect(),
            from: task.from.and_then(name),
            attempt: task.attempt.map(|(_, number)| number),
            state: standing.state,
            agent_state: agent.map_or(orchestra_model::AgentState::Queued, |agent| agent.state),
            waits: standing.waits.clone(),
            failure: standing.failure.clone(),
            result: agent.and_then(|agent| agent.result.clone()),
            branch: agent.and_then(|agent| agent.branch.clone()),
            diffstat: None,
            unreadable: None,
            files: Vec::new(),
            commits: Vec::new(),
            uncommitted: Vec::new(),
            check,
            tested: agent.and_then(|agent| agent.tested.clone()),
            seconds: agent.and_then(seconds),
            turns: agent.map_or(0, |agent| agent.turns),
            tokens: agent.map(|agent| agent.tokens).unwrap_or_default(),
            cost_usd: agent.and_then(|agent| agent.cost_usd),
            retries: ledger.retries(place),
            conflicts: Vec::new(),
            landed: None,
            is_cleaned: agent.is_some_and(|agent| agent.is_cleaned),
        }
    }

    /// Whether what landed of a task is all that there is of it. What git cannot show is believed.
    fn is_landed(&self, run: &RunFolder, task: &PlannedTask, landed: &Landed) -> bool {
        let Some(git) = &self.git else { return true };
        let harvest =
            run.agent(task).map_err(HarvestError::from).and_then(|folder| Harvest::of(&folder, git));
        harvest.and_then(|harvest| landed.is_all_of(&harvest)).unwrap_or(true)
    }

    /// Fills in what an agent changed; `None` when it has no work of its own that is still to be taken.
    fn worked(
        &self,
        run: &RunFolder,
        task: &PlannedTask,
        before_landing: Option<&str>,
        result: &mut TaskResult,
    ) -> Result<Option<Worked>, HarvestError> {
        let Some(git) = &self.git else { return Ok(None) };
        if matches!(task.agent.place, Place::Folder { .. }) {
            return Ok(None);
        }
        let mut harvest = Harvest::of(&run.agent(task)?, &git.for_one_look())?;
        if let Some(before) = before_landing {
            harvest.compare_with(before);
        }
        if let Some(gone) = harvest.gone_worktree() {
            result.unreadable = Some(format!("its worktree {} is gone", gone.display()));
        }
        let is_taken = harvest.look_back()?;
        let changes = harvest.changes()?;
        let paths =
            changes.files.iter().flat_map(|file| [Some(&file.path), file.old_path.as_ref()]).flatten();
        let paths = paths.cloned().collect();
        result.branch = Some(harvest.branch().to_owned());
        result.uncommitted = harvest.uncommitted()?;
        result.diffstat = Some(changes.stat);
        result.files = changes.files;
        result.commits = harvest.own_commits()?;
        if is_taken || before_landing.is_some() {
            return Ok(None);
        }
        let tip = harvest.tip_with(&result.uncommitted)?;
        let commit = worktrees::commit_of(harvest.repository(), &tip)?;
        let tip = commit.unwrap_or(tip);
        Ok(Some(Worked { harvest, tip, paths }))
    }

    /// Fills in what does not go together: with the target each, then with each other. Answers how many pairs were not
    /// tried out because there are too many.
    fn compare(&self, run: &RunFolder, work: &[Option<Worked>], tasks: &mut [TaskResult]) -> usize {
        let Some(repository) = work.iter().flatten().next().map(|worked| worked.harvest.repository()) else {
            return 0;
        };
        let group = |place: usize| run.plan.tasks.get(place).and_then(|task| Some(task.attempt?.0));
        // Attempts at one task are chosen from, not put together.
        let are_rivals = |one: usize, other: usize| group(one).is_some() && group(one) == group(other);
        let with_work = || {
            let worked =
                work.iter().enumerate().filter_map(|(place, worked)| Some((place, worked.as_ref()?)));
            worked.filter(|(_, worked)| !worked.paths.is_empty())
        };
        let mut asked: Vec<(usize, Option<usize>)> = with_work().map(|(place, _)| (place, None)).collect();
        let targets = asked.len();
        for (one, worked) in with_work() {
            let others = with_work().skip_while(|(other, _)| *other <= one);
            // Only what changes the same files can conflict.
            let near = others
                .filter(|(other, rival)| !are_rivals(one, *other) && !worked.paths.is_disjoint(&rival.paths));
            asked.extend(near.map(|(other, _)| (one, Some(other))));
        }
        let left_out = asked.len().saturating_sub(targets + MOST_PAIRS);
        asked.truncate(targets + MOST_PAIRS);
        let tip = |place: usize| work[place].as_ref().map(|worked| worked.tip.clone()).unwrap_or_default();
        let target = |place: usize| {
            let name = work[place].as_ref()?.harvest.target()?;
            Some((name.to_owned(), worktrees::commit_of(repository, &format!("refs/heads/{name}")).ok()??))
        };
        let target = asked.first().and_then(|(place, _)| target(*place));
        let of_target = target.as_ref().map(|(_, commit)| commit.clone()).unwrap_or_default();
        if target.is_none() {
            asked.retain(|(_, other)| other.is_some());
        }
        let pairs: Vec<(String, String)> = asked
            .iter()
            .map(|(one, other)| (tip(*one), other.map_or_else(|| of_target.clone(), tip)))
            .collect();
        let Ok(found) = worktrees::conflicts_of(repository, &pairs) else { return 0 };
        for ((one, other), files) in asked.into_iter().zip(found).filter(|(_, files)| !files.is_empty()) {
            match other {
                None => {
                    let with = target.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
                    tasks[one].conflicts.push(Conflict { with, files });
                }
                Some(other) => {
                    let with = tasks[other].agent_name.clone();
                    tasks[one].conflicts.push(Conflict { with, files: files.clone() });
                    let with = tasks[one].agent_name.clone();
                    tasks[other].conflicts.push(Conflict { with, files });
                }
            }
        }
        left_out
    }
}

/// How long it was at work, in seconds.
fn seconds(agent: &Agent) -> Option<u64> {
    let now = Timestamp::now();
    let is_at_work = agent.state == orchestra_model::AgentState::Running;
    let spans = &agent.score.spans;
    let (last, milliseconds) =
        spans.iter().filter(|span| span.kind == SpanKind::Running).fold((None, 0_i64), |(_, sum), span| {
            let length = span.to.as_millisecond().saturating_sub(span.from.as_millisecond());
            (Some(span.to), sum.saturating_add(length))
        });
    let open = last.filter(|_| is_at_work).map_or(0, |last| now.as_millisecond() - last.as_millisecond());
    let has_begun = agent.turns > 0 || !spans.is_empty();
    has_begun.then(|| u64::try_from(milliseconds.saturating_add(open.max(0)) / 1000).unwrap_or_default())
}

/// What comes of each, in its order, worked out by as many threads as there are processors.
fn at_once<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(all.len());
    let each = all.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let work = &work;
        let parts: Vec<_> = all
            .chunks(each)
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()))
            .collect();
        // Whoever panics takes all of it down, as in one thread.
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
