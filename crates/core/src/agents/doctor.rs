//! What is not as it should be with the agents of a machine, and what mends it without losing anything.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use orchestra_model::{Agent, AgentId, AgentState};
use rustix::process::Signal;
use serde::Serialize;

use super::{Agents, Control, ControlError, control::Command, harvest::lost_worktree};
use crate::{
    files::private_folder,
    process::{self, Process, answer_within},
    worktrees::{Git, Trash, marker_of},
};

/// The oldest git that can try a merge out.
const OLDEST_GIT: (u32, u32) = (2, 38);
/// The oldest client whose protocol is known.
const OLDEST_CLIENT: (u32, u32) = (2, 1);
/// How long a client may take to say its version.
const LONGEST_ANSWER: Duration = Duration::from_secs(15);
/// How long a process has to end after SIGTERM.
const AFTER_TERM: Duration = Duration::from_secs(3);

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What about: a program, a folder, an agent.
    pub subject: String,
    /// What is wrong, one sentence.
    pub what: String,
    /// What a person can do.
    pub advice: String,
    /// What mends it by itself, if something does.
    #[serde(skip)]
    pub fix: Option<Fix>,
    /// Whether something mends it by itself.
    pub can_be_fixed: bool,
}

/// What mends something; nothing is lost by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// End processes that outlived their agent.
    End(Vec<Process>),
    /// Finish putting a worktree into the trash, or bring it back.
    Restore(AgentId),
}

impl Finding {
    fn new(subject: impl Into<String>, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            what: what.into(),
            advice: advice.into(),
            fix: None,
            can_be_fixed: false,
        }
    }

    fn fixed_by(mut self, fix: Fix) -> Self {
        self.can_be_fixed = true;
        self.fix = Some(fix);
        self
    }
}

/// Looks at git, the client, the state folder and every agent.
pub fn examine(state: &Path, git: &Git, client: Option<&Path>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(examine_git(git));
    if client.is_none() {
        findings.push(about_client("it is not installed: spawn and resume need it".to_owned()));
    }
    if let Err(error) = private_folder(state).and_then(|()| {
        let probe = state.join(format!(".probe-{}", std::process::id()));
        // On a full disk an empty file can still be made.
        fs::write(&probe, [0; 4096])?;
        fs::remove_file(&probe)
    }) {
        let what = format!("it cannot be written: {error}");
        findings.push(Finding::new(state.display().to_string(), what, "ORCHESTRA_HOME names another folder"));
    }
    let agents = Agents::new(state);
    let (list, problems) = agents.list();
    findings.extend(problems.into_iter().map(|problem| {
        Finding::new(problem.path, problem.message, "its worktree and branch are as they were; look there")
    }));
    let trash = Trash::new(state, git);
    for agent in &list {
        findings.extend(examine_agent(&agents, &trash, agent));
    }
    findings.extend(agents.run_folders().iter().flat_map(|run| examine_run(&agents, run)));
    findings.extend(orphans(&list));
    findings.extend(strays(&state.join("worktrees"), &list));
    findings
}

/// A run that does not go on by itself, though it is not over.
fn examine_run(agents: &Agents, id: &AgentId) -> Vec<Finding> {
    let Ok(run) = agents.run(id) else { return Vec::new() };
    let subject = format!("run {id}");
    let rests = run.why_it_rests().filter(|_| agents.has_plan(id)).map(|why| {
        Finding::new(subject.clone(), why, format!("orchestra run --continue {id} goes on with it"))
    });
    let cut_off = run.was_landing_cut_off().unwrap_or_default().then(|| {
        let what = "its last landing was cut off; what landed until then has landed";
        Finding::new(subject, what, format!("orchestra land {id} goes on with the rest"))
    });
    rests.into_iter().chain(cut_off).collect()
}

fn about_client(what: String) -> Finding {
    Finding::new("claude", what, "npm install -g @anthropic-ai/claude-code")
}

/// The version that the client says it has, and what is wrong with that.
pub fn examine_client(program: &Path) -> (Option<String>, Option<Finding>) {
    let mut command = std::process::Command::new(program);
    command.arg("--version");
    let said = match answer_within(command, Vec::new(), LONGEST_ANSWER) {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => return (None, Some(about_client(format!("{} --version: {error}", program.display())))),
    };
    let mut numbers = said.split(|character: char| !character.is_ascii_digit()).map(str::parse::<u32>);
    let wrong = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < OLDEST_CLIENT => {
            let (least, and) = OLDEST_CLIENT;
            Some(format!("it is {said}; agents need {least}.{and}"))
        }
        (Some(Ok(_)), Some(Ok(_))) => None,
        _ => Some(format!("{} --version does not say a version", program.display())),
    };
    (Some(said).filter(|said| !said.is_empty()), wrong.map(about_client))
}

fn examine_git(git: &Git) -> Option<Finding> {
    let (major, minor) = OLDEST_GIT;
    match git.version() {
        Ok(version) if version >= OLDEST_GIT => None,
        Ok((found, and)) => Some(Finding::new(
            "git",
            format!("it is {found}.{and}; merging needs {major}.{minor}"),
            "install a newer git",
        )),
        Err(error) => {
            Some(Finding::new("git", error.to_string(), format!("install git {major}.{minor} or later")))
        }
    }
}

fn examine_agent(agents: &Agents, trash: &Trash, agent: &Agent) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = &agent.name;
    let resume = || format!("orchestra send {name} \"go on\" resumes it");
    if agent.state == AgentState::Lost {
        let why = agent.failure.clone().unwrap_or_default();
        findings.push(Finding::new(name, format!("it is lost: {why}"), resume()));
    }
    if agent.state.is_live()
        && let Ok(folder) = agents.open(&agent.id)
    {
        let asked =
            Control::connect(folder.path()).and_then(|mut control| control.ask(Command::Hello, "doctor"));
        match asked {
            Ok(_) | Err(ControlError::Refused(_)) => {}
            // It may have ended in between.
            Err(_) if !folder.is_held() => {}
            Err(error) => findings.push(Finding::new(
                name,
                format!("its runner holds it and does not answer ({error})"),
                "give it a moment; its socket is made again within ten seconds",
            )),
        }
    }
    let in_trash = trash.entry(&agent.id);
    match (&agent.worktree, &in_trash) {
        (Some(worktree), None) if lost_worktree(agent).is_some() => {
            findings.push(Finding::new(
                name,
                format!("its worktree {worktree} is gone"),
                format!("orchestra restore {name} makes it anew from its branch"),
            ));
        }
        (_, Some(entry)) if !agent.is_cleaned => {
            let what = format!("putting {} into the trash was not finished", entry.worktree.display());
            let fix = Fix::Restore(agent.id.clone());
            findings.push(Finding::new(name, what, format!("orchestra restore {name}")).fixed_by(fix));
        }
        _ => {}
    }
    findings
}

/// Processes that say they belong to an agent that nothing runs any more.
fn orphans(agents: &[Agent]) -> Vec<Finding> {
    let live: HashSet<&str> =
        agents.iter().filter(|agent| agent.state.is_live()).map(|agent| agent.id.as_str()).collect();
    let known = |id: &str| agents.iter().find(|agent| agent.id.as_str() == id);
    let mut findings = Vec::new();
    for (id, processes) in process::by_variable("ORCHESTRA_AGENT") {
        let Some(agent) = known(&id).filter(|_| !live.contains(id.as_str())) else { continue };
        let pids: Vec<String> = processes.iter().map(|process| process.pid.to_string()).collect();
        findings.push(
            Finding::new(
                &agent.name,
                format!("processes of it still run: {}", pids.join(", ")),
                "orchestra doctor --fix ends them",
            )
            .fixed_by(Fix::End(processes)),
        );
    }
    findings
}

/// Worktrees of ours that no agent is known for.
fn strays(worktrees: &Path, agents: &[Agent]) -> Vec<Finding> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect()
    };
    folders(worktrees)
        .iter()
        .flat_map(|repository| folders(repository))
        .filter(|folder| {
            let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            !agents.iter().any(|agent| agent.id.as_str() == name)
        })
        .map(|folder| {
            let branch =
                marker_of(&folder).ok().flatten().map(|marker| format!(" (branch {})", marker.branch));
            Finding::new(
                folder.display().to_string(),
                format!("no agent is known for this worktree{}", branch.unwrap_or_default()),
                "look at what is in it; git worktree remove takes it away when it is clean",
            )
        })
        .collect()
}

/// Mends something; says whether that went.
pub fn fix(state: &Path, git: &Git, fix: &Fix) -> bool {
    match fix {
        Fix::End(processes) => {
            for (signal, most) in [(Signal::TERM, AFTER_TERM), (Signal::KILL, AFTER_TERM)] {
                for process in processes {
                    process.signal(signal);
                }
                let until = Instant::now() + most;
                while processes.iter().any(Process::is_running) && Instant::now() < until {
                    thread::sleep(Duration::from_millis(20));
                }
            }
            !processes.iter().any(Process::is_running)
        }
        Fix::Restore(agent) => Trash::new(state, git).restore(agent).is_ok(),
    }
}
