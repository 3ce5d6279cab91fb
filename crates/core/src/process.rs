//! Processes of this machine: which one it is, whether it still runs, and what stems from it.
//!
//! A process id alone proves nothing: ids are given out again, and a reboot gives out all of them anew. A process is
//! the same when its boot, its id and its start time are.

mod brief;

use std::{collections::BTreeMap, ffi::OsString, fs, os::unix::ffi::OsStrExt, path::Path};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

pub use brief::answer_within;

/// One process, told apart from every other that has or had its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// When it began, in the system's own unit; empty where the system does not say.
    pub start: String,
    /// The boot it belongs to; empty where the system does not say.
    pub boot: String,
}

impl Process {
    /// The process of an id as it is now; `None` when there is none.
    pub fn of(pid: u32) -> Option<Self> {
        let start = start_of(pid)?;
        Some(Self { pid, start, boot: boot() })
    }

    /// This very process.
    pub fn current() -> Self {
        let pid = std::process::id();
        Self { pid, start: start_of(pid).unwrap_or_default(), boot: boot() }
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| now == *self)
    }

    /// Whether the machine was started anew since.
    pub fn is_of_another_boot(&self) -> bool {
        self.boot != boot()
    }

    /// Sends it a signal if it still runs; says whether it did.
    pub fn signal(&self, signal: Signal) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        self.is_running() && pid.is_some_and(|pid| rustix::process::kill_process(pid, signal).is_ok())
    }
}

/// Names this boot of the machine.
#[cfg(target_os = "linux")]
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn boot() -> String {
    String::new()
}

/// When a process began; `None` when it does not run any more.
#[cfg(target_os = "linux")]
pub(crate) fn start_of(pid: u32) -> Option<String> {
    let stat = Stat::of(pid)?;
    (!stat.is_dead).then_some(stat.start)
}

/// Whether a process of this id runs; elsewhere than on Linux the form of its start is not known.
#[cfg(not(target_os = "linux"))]
pub(crate) fn start_of(pid: u32) -> Option<String> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    rustix::process::test_kill_process(pid).is_ok().then(String::new)
}

/// What the system says of a process.
#[cfg(target_os = "linux")]
struct Stat {
    is_dead: bool,
    parent: u32,
    start: String,
}

#[cfg(target_os = "linux")]
impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is a name in parentheses that may hold anything; the start time is the 22nd field.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let is_dead = matches!(fields.next()?, "Z" | "X");
        let parent = fields.next()?.parse().ok()?;
        Some(Self { is_dead, parent, start: fields.nth(17)?.to_owned() })
    }
}

/// The living processes that stem from one, nearest first: children, their children, and so on.
pub fn descendants(of: u32) -> Vec<Process> {
    descendants_but(of, |_| false)
}

/// Whether a process is this very program, told to be one of these.
#[cfg(target_os = "linux")]
pub(crate) fn is_own(process: &Process, told: &[OsString]) -> bool {
    let folder = Path::new("/proc").join(process.pid.to_string());
    let words = fs::read(folder.join("cmdline")).unwrap_or_default();
    let first = words.split(|byte| *byte == 0).nth(1).unwrap_or_default();
    // Linux adds a word to the name of a program that was replaced while it runs.
    let program = |folder: &Path| {
        let name = fs::read_link(folder.join("exe")).ok()?;
        Some(name.to_string_lossy().trim_end_matches(" (deleted)").to_owned())
    };
    let own = program(Path::new("/proc/self"));
    told.iter().any(|told| told.as_bytes() == first) && own.is_some() && own == program(&folder)
}

/// The same without those that are set apart, and without what stems from them.
#[cfg(target_os = "linux")]
pub(crate) fn descendants_but(of: u32, is_apart: impl Fn(&Process) -> bool) -> Vec<Process> {
    let boot = boot();
    let all: Vec<(Process, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = Stat::of(pid).filter(|stat| !stat.is_dead)?;
            Some((Process { pid, start: stat.start, boot: boot.clone() }, stat.parent))
        })
        .collect();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![of];
    while !parents.is_empty() {
        let children: Vec<Process> = all
            .iter()
            .filter(|(process, parent)| parents.contains(parent) && !found.contains(process))
            .filter(|(process, _)| !is_apart(process))
            .map(|(process, _)| process.clone())
            .collect();
        parents = children.iter().map(|process| process.pid).collect();
        found.extend(children);
    }
    found
}

/// Processes whose environment has a variable, by its value: those that this user may look at.
#[cfg(target_os = "linux")]
pub fn by_variable(name: &str) -> BTreeMap<String, Vec<Process>> {
    let prefix = format!("{name}=");
    let mut found: BTreeMap<String, Vec<Process>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // First who it is, then what it says: should the id be given out again in between, nobody is found.
        let Some(process) = Process::of(pid) else { continue };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let value = environment
            .split(|byte| *byte == 0)
            .find_map(|variable| variable.strip_prefix(prefix.as_bytes()));
        if let Some(value) = value {
            found.entry(String::from_utf8_lossy(value).into_owned()).or_default().push(process);
        }
    }
    found
}

/// Elsewhere than on Linux environments of others are not to be read.
#[cfg(not(target_os = "linux"))]
pub fn by_variable(_name: &str) -> BTreeMap<String, Vec<Process>> {
    BTreeMap::new()
}

/// Processes that work in a folder, or have something open there, with their names: those that this user may look at.
#[cfg(target_os = "linux")]
pub fn working_in(folder: &Path) -> Vec<(u32, String)> {
    let is_in = |link: &Path| fs::read_link(link).is_ok_and(|target| target.starts_with(folder));
    let mut found: Vec<(u32, String)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let process = entry.path();
            let open = || fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
            let works = is_in(&process.join("cwd")) || open().any(|descriptor| is_in(&descriptor.path()));
            let name = || fs::read_to_string(process.join("comm")).unwrap_or_default();
            works.then(|| (pid, name().trim().to_owned()))
        })
        .collect();
    found.sort_unstable();
    found
}

/// Elsewhere than on Linux this is not asked; the agent's own processes have ended before.
#[cfg(not(target_os = "linux"))]
pub fn working_in(_folder: &Path) -> Vec<(u32, String)> {
    Vec::new()
}

/// Elsewhere than on Linux nothing says what stems from a process once its parent is gone: less is promised there.
#[cfg(not(target_os = "linux"))]
pub(crate) fn descendants_but(_of: u32, _is_apart: impl Fn(&Process) -> bool) -> Vec<Process> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_own(_process: &Process, _told: &[OsString]) -> bool {
    false
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_more_than_its_id() {
        let this = Process::current();
        assert!(this.is_running());
        assert_eq!(Process::of(this.pid), Some(this.clone()));
        let reused = Process { start: "1".into(), ..this.clone() };
        assert!(!reused.is_running() && !reused.signal(Signal::KILL), "another process has its id now");
        let before = Process { boot: "another".into(), ..this };
        assert!(before.is_of_another_boot() && !before.signal(Signal::KILL));
    }

    #[test]
    fn children_of_children_are_found_and_the_dead_are_not() {
        let mut child = std::process::Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let family = || descendants(std::process::id());
        let of_child = || family().iter().any(|process| process.pid == child.id());
        assert!(of_child());
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while descendants(child.id()).is_empty() && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        for process in descendants(child.id()) {
            process.signal(Signal::KILL);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!family().iter().any(|process| process.pid == child.id()));
    }
}
