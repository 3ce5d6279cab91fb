//! The results of a run, side by side: for pages, for programs, and as Markdown for a pull request.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId, Conflict, LandingState, Results, RunList, TaskResult, TaskState};

use super::{
    PlannedTask, RunError, RunFolder,
    journal::{Landed, Ledger},
    standing::Standing,
};
use crate::{
    agents::{
        Tools,
        folder::AgentFolder,
        harvest::{Harvest, HarvestError},
        log::LogReader,
        plan::Place,
    },
    worktrees,
};

/// How much of a final text stands in a report, in lines.
const LINES: usize = 30;
/// How many files a report names for each.
const FILES: usize = 30;

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
    // Cut off after the last one had landed, it is over.
    Ok(tasks.iter().any(TaskResult::can_land).then_some(LandingState::CutOff))
}

impl Tools {
    /// What came out of a run so far.
    ///
    /// # Errors
    /// When it cannot be read. Work that git cannot show is left out.
    pub fn results(&self, run: &RunFolder) -> Result<Results, RunError> {
        self.results_with(run, true)
    }

    /// How far a run is: the same without asking git, so without changes, commits and conflicts.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn overview(&self, run: &RunFolder) -> Result<Results, RunError> {
        self.results_with(run, false)
    }

    /// The runs of several agents, the newest first, so many at most.
    pub fn runs(&self, most: usize) -> RunList {
        let (agents, _) = self.agents().list();
        let mut counts: HashMap<&AgentId, usize> = HashMap::new();
        for agent in &agents {
            *counts.entry(&agent.run).or_default() += 1;
        }
        let mut seen = HashSet::new();
        let several =
            agents.iter().map(|agent| &agent.run).filter(|run| counts[run] > 1 && seen.insert(*run));
        let several: Vec<&AgentId> = several.collect();
        let overview = |run: &&AgentId| self.overview(&self.agents().run(run).ok()?).ok();
        RunList {
            runs: several.iter().take(most).filter_map(overview).collect(),
            more: several.len().saturating_sub(most),
            alone: counts.values().filter(|count| **count == 1).count(),
        }
    }

    fn results_with(&self, run: &RunFolder, with_work: bool) -> Result<Results, RunError> {
        let run = &self.agents().run(run.id())?;
        let ledger = run.ledger()?;
        let look = |id: &_| self.agents().open(id).and_then(|folder| folder.agent()).ok();
        let standings = run.standings(&ledger, true, &look);
        let mut tasks = Vec::new();
        let mut work: Vec<Option<Worked>> = Vec::new();
        for ((place, task), standing) in run.tasks().zip(&standings.all) {
            let mut result = self.result(run, &ledger, (place, task), standing);
            let landed = ledger.landed.get(&place).filter(|landed| {
                // Without asking git of each, whoever did not work on since has made nothing more.
                let is_asked = with_work || landed.may_be_outdated(result.turns);
                !is_asked || self.is_landed(run, task, landed)
            });
            result.landed = landed.map(|landed| landed.commit.clone());
            let before = landed.map(|landed| landed.from.as_str());
            let worked = with_work.then(|| self.worked(run, task, before, &mut result));
            tasks.push(result);
            // A harvest that cannot be read has no conflicts to be told.
            work.push(worked.and_then(Result::ok).flatten());
        }
        self.compare(run, &work, &mut tasks);
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
        let folder = self.agents().open(&task.agent.id).ok();
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
            files: Vec::new(),
            commits: Vec::new(),
            uncommitted: Vec::new(),
            check,
            tested: agent.and_then(|agent| agent.tested.clone()),
            seconds: folder.zip(agent).and_then(|(folder, agent)| seconds(&folder, agent)),
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
        let mut harvest = Harvest::of(&run.agent(task)?, git)?;
        if let Some(before) = before_landing {
            harvest.compare_with(before);
        }
        let is_taken = harvest.look_back()?;
        let changes = harvest.changes()?;
        let (commits, _) = harvest.commits()?;
        let paths =
            changes.files.iter().flat_map(|file| [Some(&file.path), file.old_path.as_ref()]).flatten();
        let paths = paths.cloned().collect();
        result.branch = Some(harvest.branch().to_owned());
        result.uncommitted = harvest.uncommitted()?;
        result.diffstat = Some(changes.stat);
        result.files = changes.files;
        result.commits = commits;
        if is_taken || before_landing.is_some() {
            return Ok(None);
        }
        let tip = harvest.tip()?;
        Ok(Some(Worked { harvest, tip, paths }))
    }

    /// Fills in what does not go together.
    fn compare(&self, run: &RunFolder, work: &[Option<Worked>], tasks: &mut [TaskResult]) {
        let attempt = |place: usize| run.plan.tasks.get(place).and_then(|task| task.attempt);
        for (one, worked) in work.iter().enumerate() {
            let Some(worked) = worked.as_ref().filter(|worked| !worked.paths.is_empty()) else { continue };
            let repository = worked.harvest.repository();
            if let Some(target) = worked.harvest.target() {
                let files = worktrees::conflicts(repository, &format!("refs/heads/{target}"), &worked.tip);
                if let Ok(files) = files
                    && !files.is_empty()
                {
                    tasks[one].conflicts.push(Conflict { with: target.to_owned(), files });
                }
            }
            for (other, rival) in work.iter().enumerate().skip(one + 1) {
                let Some(rival) = rival else { continue };
                // Attempts at one task are chosen from, not put together; only what changes the same files can conflict.
                let are_rivals = attempt(one)
                    .is_some_and(|(first, _)| attempt(other).is_some_and(|(of_other, _)| first == of_other));
                if are_rivals || worked.paths.is_disjoint(&rival.paths) {
                    continue;
                }
                let Ok(files) = worktrees::conflicts(repository, &worked.tip, &rival.tip) else { continue };
                if !files.is_empty() {
                    let conflict =
                        |with: &TaskResult| Conflict { with: with.agent_name.clone(), files: files.clone() };
                    let (with_one, with_other) = (conflict(&tasks[other]), conflict(&tasks[one]));
                    tasks[one].conflicts.push(with_one);
                    tasks[other].conflicts.push(with_other);
                }
            }
        }
    }
}

/// From its first word to its last, or until now while it is at work.
fn seconds(folder: &AgentFolder, agent: &Agent) -> Option<u64> {
    let first = LogReader::open(&folder.log(), 0).next_record().ok().flatten()?;
    let is_at_work = agent.state.is_live() && agent.state != orchestra_model::AgentState::Idle;
    let last = if is_at_work { Timestamp::now() } else { agent.worked_until() };
    u64::try_from(last.duration_since(first.at).as_secs()).ok()
}

/// A report to paste into a pull request. Whoever reads it need not know Orchestra.
pub fn markdown(results: &Results) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_markdown(results, &mut out);
    out
}

fn write_markdown(results: &Results, out: &mut String) -> std::fmt::Result {
    let done = results.tasks.iter().filter(|task| task.state == TaskState::Done).count();
    writeln!(out, "## {done} of {} tasks done\n", results.tasks.len())?;
    writeln!(out, "| task | state | changes | check | time | turns | tokens | cost |")?;
    writeln!(out, "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: |")?;
    for task in &results.tasks {
        let state = if task.is_landed() { "landed" } else { task.state.name() };
        let changes = task.diffstat.map_or(String::new(), |stat| {
            let files = if stat.files == 1 { "file" } else { "files" };
            format!("{} {files}, +{} −{}", stat.files, stat.insertions, stat.deletions)
        });
        let time = task.seconds.map_or(String::new(), duration);
        let tokens = task.tokens.uncached();
        let cost = task.cost_usd.map_or(String::new(), |usd| format!("${usd:.2}"));
        writeln!(
            out,
            "| {} | {state} | {changes} | {} | {time} | {} | {tokens} | {cost} |",
            cell(&task.name),
            cell(&check_in_words(task)),
            task.turns
        )?;
    }
    for task in &results.tasks {
        writeln!(out, "\n### {}\n", task.name)?;
        writeln!(out, "{}\n", quoted(&task.prompt))?;
        for words in [&task.failure, &task.waits].into_iter().flatten() {
            writeln!(out, "**{}:** {}\n", capital(task.state.name()), line(words))?;
        }
        if let Some(result) = &task.result {
            let lines: Vec<&str> = result.trim().lines().collect();
            writeln!(out, "{}", lines.iter().take(LINES).copied().collect::<Vec<_>>().join("\n"))?;
            if lines.len() > LINES {
                writeln!(out, "…")?;
            }
            writeln!(out)?;
        }
        for file in task.files.iter().take(FILES) {
            let letter = file.kind.letter();
            writeln!(out, "- {letter} {} +{} −{}", code(&file.path), file.insertions, file.deletions)?;
        }
        if task.files.len() > FILES {
            writeln!(out, "- and {} more", task.files.len() - FILES)?;
        }
        for commit in &task.commits {
            let short = commit.id.get(..8).unwrap_or_default();
            writeln!(out, "- commit {short} {}", line(&commit.subject))?;
        }
        if !task.uncommitted.is_empty() {
            writeln!(out, "- not committed yet: {}", names(&task.uncommitted))?;
        }
        for conflict in &task.conflicts {
            writeln!(out, "- conflicts with {} in {}", line(&conflict.with), names(&conflict.files))?;
        }
    }
    Ok(())
}

fn names(files: &[String]) -> String {
    let shown: Vec<String> = files.iter().take(5).map(|file| code(file)).collect();
    let more = files.len().saturating_sub(5);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// How a task's work was checked, in a few words.
fn check_in_words(task: &TaskResult) -> String {
    let (command, passed, code_of, is_outdated) = match (&task.check, &task.tested) {
        (Some(check), _) => (&check.command, check.passed, check.exit_code, check.is_outdated),
        (None, Some(tested)) => (&tested.command, tested.passed, tested.exit_code, tested.is_outdated),
        (None, None) => return String::new(),
    };
    let how = match (passed, code_of) {
        (true, _) => "✓".to_owned(),
        (false, Some(exit)) => format!("✗ exit code {exit}"),
        (false, None) => "✗".to_owned(),
    };
    let old = if is_outdated { " (changed since)" } else { "" };
    format!("{how} {}{old}", code(&line(command)))
}

/// A text of others as code: nothing in it is markup.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(['\n', '\r'], " "))
}

/// A text on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

fn quoted(text: &str) -> String {
    text.trim().lines().map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A time in its shortest form.
fn duration(seconds: u64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
