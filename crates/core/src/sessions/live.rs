//! Which sessions a live process owns, from the records that the client keeps of its processes.
//!
//! A record outlives a killed process, and its process id may have been given to another since. So a record counts
//! only while a process of that id runs that began when the record says.

use std::{collections::HashMap, fs, path::Path};

use jiff::Timestamp;
use orchestra_model::{LiveProcess, LiveStatus, SessionId};
use serde::Deserialize;

use super::Root;
use crate::{
    jsonl::lenient::{Number, Text},
    process,
};

/// A record larger than this is none.
const LARGEST_RECORD: u64 = 64 << 10;

/// What a live process does, and which it is.
pub(super) type Live = HashMap<SessionId, (LiveStatus, LiveProcess)>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record<'a> {
    pid: Number,
    #[serde(borrow)]
    session_id: Text<'a>,
    #[serde(borrow)]
    proc_start: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    status_updated_at: Number,
}

/// The live sessions of all roots.
pub(super) fn live_sessions(roots: &[Root]) -> Live {
    let mut live = Live::new();
    for root in roots {
        let Ok(entries) = fs::read_dir(root.path.join("sessions")) else { continue };
        for entry in entries.flatten() {
            if let Some((id, status, process)) = read_record(&entry.path()) {
                live.insert(id, (status, process));
            }
        }
    }
    live
}

fn read_record(path: &Path) -> Option<(SessionId, LiveStatus, LiveProcess)> {
    if path.extension()? != "json" || fs::metadata(path).ok()?.len() > LARGEST_RECORD {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let record: Record<'_> = serde_json::from_slice(&bytes).ok()?;
    let pid = u32::try_from(record.pid.0?).ok()?;
    let start = process::start_of(pid)?;
    // Elsewhere than on Linux the form of the recorded start is not known.
    let recorded = record.proc_start.as_str().filter(|_| cfg!(target_os = "linux"));
    if recorded.is_some_and(|recorded| recorded != start) {
        return None;
    }
    let status = match record.status.as_str() {
        Some("busy") => LiveStatus::Busy,
        Some("idle") => LiveStatus::Idle,
        Some("waiting") => LiveStatus::Waiting,
        _ => LiveStatus::Live,
    };
    let since = record.status_updated_at.0.and_then(|ms| i64::try_from(ms).ok());
    let since = since.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let process = LiveProcess { pid, version: record.version.non_empty(), since };
    Some((record.session_id.as_str()?.parse().ok()?, status, process))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn record(root: &Path, pid: u32, start: &str, status: &str) {
        let folder = root.join("sessions");
        fs::create_dir_all(&folder).unwrap();
        let json = serde_json::json!({
            "pid": pid, "sessionId": "88888888-8888-4888-8888-888888888888", "procStart": start,
            "version": "2.1.197", "status": status, "statusUpdatedAt": 1_795_417_896_008_u64,
        });
        fs::write(folder.join(format!("{pid}.json")), json.to_string()).unwrap();
    }

    #[test]
    fn a_record_counts_while_its_process_runs() {
        let folder = tempfile::tempdir().unwrap();
        let roots = [Root { path: folder.path().to_owned(), asked_for: true, is_default: false }];
        assert!(live_sessions(&roots).is_empty());

        let pid = std::process::id();
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let start = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().to_owned();
        record(folder.path(), pid, &start, "waiting");
        let live = live_sessions(&roots);
        let (status, process) = live.values().next().unwrap();
        assert_eq!((*status, process.pid), (LiveStatus::Waiting, pid));

        record(folder.path(), pid, &start, "pondering");
        assert_eq!(live_sessions(&roots).values().next().unwrap().0, LiveStatus::Live);

        record(folder.path(), pid, "1", "busy");
        assert!(live_sessions(&roots).is_empty(), "the pid was given to another process");
    }

    #[test]
    fn nonsense_is_no_record() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("sessions")).unwrap();
        for (name, text) in [("1.json", "{"), ("2.json", "[]"), ("3.txt", "{}"), ("4.json", "{\"pid\":-1}")] {
            fs::write(folder.path().join("sessions").join(name), text).unwrap();
        }
        let roots = [Root { path: folder.path().to_owned(), asked_for: true, is_default: false }];
        assert!(live_sessions(&roots).is_empty());
    }
}
