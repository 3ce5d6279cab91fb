//! `orchestra diff`, `merge` and `pr`: taking an agent's work.

use std::io::{self, Write};

use orchestra_core::{
    agents::{
        PullRequest, PullRequestError,
        harvest::{Harvest, HarvestError, Taken},
    },
    worktrees::{MergeError, Merged},
};
use orchestra_model::{Agent, AgentState, Changes};
use serde::Serialize;

use super::{Context, agent, git};
use crate::{
    cli::{DiffArguments, MergeArguments, PrArguments},
    error::Failure,
    output::{Out, Paint, patch, style, text},
};

/// How much of a diff is printed, in bytes.
const MOST_PATCH: u64 = 64 << 20;

/// An agent's work, from what a person typed.
pub(super) fn harvest(context: &Context, asked: &str) -> Result<Harvest, Failure> {
    let agents = agent::agents(context)?;
    let found = agent::find(&agents, asked)?;
    if found.is_cleaned {
        let name = &found.name;
        return Err(Failure::new(format!("{name} is in the trash"))
            .hint(format!("orchestra restore {name} brings it back")));
    }
    let folder = agents.open(&found.id).map_err(|error| Failure::new(error.to_string()))?;
    Harvest::of(&folder, &git::find(&context.surroundings)?).map_err(|error| not_taken(&found, error))
}

/// Refuses an agent that has not begun, as its diff does: there is no branch to take yet.
fn see_that_it_began(agent: &Agent) -> Result<(), Failure> {
    if agent.state == AgentState::Queued {
        return Err(not_taken(agent, HarvestError::NotBegun { name: agent.name.clone() }));
    }
    Ok(())
}

/// Why an agent's work was not taken, and what to do.
pub(super) fn not_taken(agent: &Agent, error: HarvestError) -> Failure {
    no_work(Some(agent), &error)
}

/// The same where it may be the work of any.
pub(super) fn no_work(agent: Option<&Agent>, error: &HarvestError) -> Failure {
    let name = agent.map_or("AGENT", |agent| agent.name.as_str());
    let hint = match error {
        HarvestError::NoBranch { .. } => Some("git diff there shows what was changed".to_owned()),
        HarvestError::NotBegun { .. } => Some(format!("orchestra status {name} shows how far it is")),
        HarvestError::AtWork { .. } => Some(match agent.map(|agent| agent.state) {
            Some(AgentState::Waiting) => {
                format!("it waits for you: orchestra answer {name}, or orchestra stop {name}")
            }
            Some(AgentState::Parked) => {
                format!("it waits for the rate limit: orchestra unpark, or orchestra stop {name}")
            }
            _ => format!("wait until its turn is over (orchestra logs {name} -f), or orchestra stop {name}"),
        }),
        HarvestError::NoTarget { .. } => Some("name it: --into main".to_owned()),
        HarvestError::Merge(MergeError::Conflict { into, .. }) => Some(format!(
            "nothing was changed; orchestra send {name} \"merge {into} and resolve the conflicts\""
        )),
        HarvestError::Merge(MergeError::InTheWay { .. }) => {
            Some("nothing was changed; commit, stash or move them there first".to_owned())
        }
        HarvestError::Merge(MergeError::UnderWay { .. }) => {
            Some("nothing was changed; finish or abort that there first".to_owned())
        }
        HarvestError::Merge(MergeError::Unfinished { .. }) => Some(format!(
            "nothing was changed; finish or abort that there first, or orchestra send {name} \"finish what is under way, and commit\""
        )),
        HarvestError::Merge(MergeError::Embedded { .. }) => Some(format!(
            "nothing was changed; git submodule add URL PATH there, or orchestra send {name} \"these shall be plain files\""
        )),
        HarvestError::Merge(MergeError::Unpushed { .. }) => Some(format!(
            "nothing was changed; git push there, or orchestra send {name} \"push what you committed in the submodules\""
        )),
        HarvestError::Merge(MergeError::NoTarget { .. }) => Some("git branch lists the branches".to_owned()),
        HarvestError::Merge(MergeError::Moved { .. }) => Some("try again".to_owned()),
        HarvestError::Merge(MergeError::NoIdentity) => {
            Some("git config --global user.name \"…\" and user.email \"…\"".to_owned())
        }
        HarvestError::WorktreeGone { .. } => {
            Some(format!("orchestra restore {name} makes it anew from its branch"))
        }
        HarvestError::Repository(_) => {
            Some("was the repository moved? the work is still in the worktree".to_owned())
        }
        _ => None,
    };
    let failure = Failure::new(error.to_string());
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Prints what an agent changed.
pub(super) fn diff(context: &Context, arguments: &DiffArguments) -> Result<(), Failure> {
    let mut harvest = harvest(context, &arguments.agent)?;
    let looked = harvest.look_back();
    let failed = |error| not_taken(harvest.agent(), error);
    looked.map_err(failed)?;
    let mut out = Out::standard(&context.surroundings);
    if arguments.json || arguments.stat {
        let changes = harvest.changes().map_err(failed)?;
        if arguments.json {
            serde_json::to_writer(&mut out, &changes)?;
            writeln!(out)?;
        } else {
            let (width, paint) = (out.width, out.paint);
            write_stat(&changes, width, paint, &mut out)?;
        }
        out.finish()?;
    } else {
        let (paint, is_terminal) = (out.paint, out.terminal);
        let mut painter = patch::Painter::new(&mut out, paint, is_terminal);
        let is_all = harvest.write_patch(&mut painter, MOST_PATCH).map_err(failed);
        let written = painter.finish();
        let is_all = is_all?;
        written?;
        out.finish()?;
        if !is_all {
            context.words.warn("the diff is longer than 64 MB; --stat shows all files");
        }
    }
    let embedded = harvest.embedded().map_err(failed)?;
    if !embedded.is_empty() {
        let names = text::one_line(&embedded.join(", "));
        context
            .words
            .warn(&format!("it made git repositories of its own, which are not in the diff: {names}"));
    }
    if let Some(folder) = harvest.gone_worktree() {
        context.words.warn(&format!(
            "its worktree {} is gone: what was not committed there is not in the diff; orchestra restore {} makes it anew from its branch",
            folder.display(),
            harvest.agent().name
        ));
        return Ok(());
    }
    if !arguments.json && embedded.is_empty() && harvest.changes().map_err(failed)?.files.is_empty() {
        context.words.say(&format!("{} has changed nothing.", harvest.agent().name));
    }
    Ok(())
}

/// A line a file, and the sum.
fn write_stat(changes: &Changes, width: usize, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    const NUMBERS: usize = 16;
    for file in &changes.files {
        let name = match &file.old_path {
            Some(old) => format!("{old} → {}", file.path),
            None => file.path.clone(),
        };
        let name = text::one_line(&name);
        let name = text::cut_front(&name, width.saturating_sub(NUMBERS + 3));
        let numbers = if file.is_binary {
            "binary".to_owned()
        } else {
            format!(
                "{} {}",
                paint.on(style::DONE, format_args!("+{}", file.insertions)),
                paint.on(style::FAILED, format_args!("-{}", file.deletions))
            )
        };
        let padding = text::padding(&name, width.saturating_sub(NUMBERS + 3));
        writeln!(out, "{} {name}{padding} {numbers}", paint.on(style::SOFT, file.kind.letter()))?;
    }
    if !changes.files.is_empty() {
        let stat = changes.stat;
        let files = text::count(stat.files as usize, "file", "files");
        writeln!(out, "{files}, +{} -{}", stat.insertions, stat.deletions)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Report<'a> {
    agent: &'a str,
    branch: &'a str,
    into: &'a str,
    /// `nothing`, `fast_forward` or `commit`; `conflict` or `in_the_way` when nothing was changed.
    merged: &'static str,
    commit: Option<&'a str>,
    committed_first: &'a [String],
    /// Those that conflict or are in the way.
    files: &'a [String],
}

impl Report<'_> {
    fn print(&self, context: &Context) -> Result<(), Failure> {
        let mut out = Out::standard(&context.surroundings);
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)?;
        out.finish()
    }
}

/// Takes an agent's work into a branch.
pub(super) fn merge(context: &Context, arguments: &MergeArguments) -> Result<(), Failure> {
    let harvest = harvest(context, &arguments.agent)?;
    see_that_it_began(harvest.agent())?;
    let (name, branch) = (&harvest.agent().name, harvest.branch());
    let taken = match harvest.merge(arguments.into.as_deref(), arguments.squash) {
        Ok(taken) => taken,
        Err(error) => {
            let why = match &error {
                HarvestError::Merge(MergeError::Conflict { files, .. }) => Some(("conflict", files)),
                HarvestError::Merge(MergeError::InTheWay { files, .. }) => Some(("in_the_way", files)),
                _ => None,
            };
            if let Some((merged, files)) = why.filter(|_| arguments.json) {
                let into = arguments.into.as_deref().or(harvest.target()).unwrap_or_default();
                let report =
                    Report { agent: name, branch, into, merged, commit: None, committed_first: &[], files };
                report.print(context)?;
            }
            return Err(not_taken(harvest.agent(), error));
        }
    };
    let (merged, commit) = match &taken.merged {
        Merged::Nothing => ("nothing", None),
        Merged::FastForward { commit } => ("fast_forward", Some(commit.as_str())),
        Merged::Commit { commit } => ("commit", Some(commit.as_str())),
    };
    if arguments.json {
        let (into, committed_first) = (taken.into.as_str(), taken.committed.as_slice());
        let report = Report { agent: name, branch, into, merged, commit, committed_first, files: &[] };
        return report.print(context);
    }
    say_committed(context, &taken);
    let short = commit.and_then(|commit| commit.get(..8)).unwrap_or_default();
    context.words.say(&match &taken.merged {
        Merged::Nothing => format!("{} has all of {name}'s work already.", taken.into),
        Merged::FastForward { .. } => format!("{} went forward to {name}'s work ({short}).", taken.into),
        Merged::Commit { .. } if arguments.squash => {
            format!("{name}'s work is one commit on {} ({short}).", taken.into)
        }
        Merged::Commit { .. } => format!("{name}'s work is merged into {} ({short}).", taken.into),
    });
    context.words.murmur(&format!("orchestra clean {name} puts its worktree into the trash."));
    Ok(())
}

fn say_committed(context: &Context, taken: &Taken) {
    if !taken.committed.is_empty() {
        let files = text::count(taken.committed.len(), "file", "files");
        let names = taken.committed.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if taken.committed.len() > 3 { ", …" } else { "" };
        context.words.say(&format!("Committed first, since it was not: {files} ({names}{more})."));
    }
}

#[derive(Serialize)]
struct Pushed<'a> {
    agent: &'a str,
    branch: &'a str,
    base: Option<&'a str>,
    remote: &'a str,
    /// Where it is, or where to open it; `null` for a host whose pages are not known.
    url: Option<&'a str>,
    is_open: bool,
    /// Why `gh` opened none, in its words.
    refusal: Option<&'a str>,
}

/// Pushes an agent's branch and opens a pull request, or says where that is done.
pub(super) fn pr(context: &Context, arguments: &PrArguments) -> Result<(), Failure> {
    let tools = agent::tools(context)?;
    let found = agent::find(&tools.agents(), &arguments.agent)?;
    see_that_it_began(&found)?;
    let name = &found.name;
    let push = || tools.pull_request(&found, arguments.base.as_deref());
    let pushed = context
        .words
        .while_working(|| Some(format!("Pushing the work of {name}…")), push)
        .map_err(|error| not_pushed(&found, error))?;
    let PullRequest { branch, base, remote, url, is_open, refusal } = &pushed;
    if arguments.json {
        let mut out = Out::standard(&context.surroundings);
        let (base, url, refusal, is_open) = (base.as_deref(), url.as_deref(), refusal.as_deref(), *is_open);
        let pushed = Pushed { agent: name, branch, base, remote, url, is_open, refusal };
        serde_json::to_writer(&mut out, &pushed)?;
        writeln!(out)?;
        return out.finish();
    }
    if let Some(refusal) = refusal {
        context.words.say(&format!("gh opened no pull request: {refusal}"));
    }
    context.words.say(&match url {
        Some(_) if *is_open => "The pull request is open:".to_owned(),
        Some(_) => format!("{branch} is pushed to {remote}. Open the pull request here:"),
        None => format!("{branch} is pushed to {remote}."),
    });
    let mut out = Out::standard(&context.surroundings);
    if let Some(url) = url {
        writeln!(out, "{url}")?;
    }
    out.finish()
}

fn not_pushed(agent: &Agent, error: PullRequestError) -> Failure {
    match error {
        PullRequestError::NoRemote => {
            Failure::new(error.to_string()).hint("git remote add origin URL, then try again")
        }
        PullRequestError::NoBase { .. } => Failure::new(error.to_string()).hint("--base takes a branch"),
        PullRequestError::Ahead { ref branch, ref remote } => Failure::new(error.to_string()).hint(format!(
            "orchestra send {} \"merge {remote}'s {branch} into your work: git pull --no-rebase {remote} {branch}\"",
            agent.name
        )),
        PullRequestError::NotPushed { branch, remote, error } => Failure::new(error.to_string())
            .hint(format!("does `git push {remote} {branch}` work in your shell?")),
        PullRequestError::Harvest(error) => not_taken(agent, error),
        PullRequestError::Place(_) | PullRequestError::Git(_) => Failure::new(error.to_string()),
    }
}
