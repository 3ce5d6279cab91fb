//! The subagents of a session: files in a folder beside its transcript.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use orchestra_model::Subagent;
use serde::Deserialize;

use crate::jsonl::lenient::Text;

/// More than anybody started in one session.
const MOST: usize = 10_000;
/// A description of a subagent takes a few hundred bytes.
const LONGEST_DESCRIPTION: u64 = 64 << 10;
/// Groups are one folder deep; one more is forgiven.
const DEPTH: usize = 2;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Description<'a> {
    #[serde(borrow)]
    agent_type: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    tool_use_id: Text<'a>,
}

/// Whether a text is a subagent's id, and so cannot leave its folder.
pub(super) fn is_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn folder(transcript: &Path) -> PathBuf {
    if id_of(transcript).is_some() {
        // A subagent's own subagents stand beside it.
        return transcript.parent().map(Path::to_path_buf).unwrap_or_default();
    }
    transcript.with_extension("").join("subagents")
}

/// The id in a name `agent-<id>.jsonl`.
fn id_of(path: &Path) -> Option<&str> {
    let id = path.file_name()?.to_str()?.strip_prefix("agent-")?.strip_suffix(".jsonl")?;
    is_id(id).then_some(id)
}

/// The files of the subagents of a transcript, in the order of their names.
fn files(transcript: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![(folder(transcript), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten().take(MOST) {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH => folders.push((path, depth + 1)),
                Ok(kind) if kind.is_file() && id_of(&path).is_some() && path != transcript => {
                    found.push(path)
                }
                _ => {}
            }
        }
    }
    found.sort();
    found.truncate(MOST);
    found
}

/// How many subagents a transcript has, without a look into their files.
pub(crate) fn count(transcript: &Path) -> u32 {
    u32::try_from(files(transcript).len()).unwrap_or(u32::MAX)
}

/// The subagents of a transcript.
pub(super) fn list(transcript: &Path) -> Vec<Subagent> {
    let files = files(transcript);
    files.iter().filter_map(|path| Some(describe(path, id_of(path)?))).collect()
}

fn describe(path: &Path, id: &str) -> Subagent {
    let mut text = Vec::new();
    if let Ok(file) = File::open(path.with_extension("meta.json")) {
        // A description that cannot be read leaves the subagent without one.
        let _ = file.take(LONGEST_DESCRIPTION).read_to_end(&mut text);
    }
    let description: Description<'_> = serde_json::from_slice(&text).unwrap_or_default();
    Subagent {
        id: id.to_owned(),
        agent_type: description.agent_type.non_empty(),
        description: description.description.non_empty(),
        tool_use_id: description.tool_use_id.non_empty(),
        size_bytes: std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default(),
    }
}

/// The transcript of one subagent.
pub(super) fn find(transcript: &Path, id: &str) -> Option<PathBuf> {
    if !is_id(id) {
        return None;
    }
    let name = format!("agent-{id}.jsonl");
    let has_name = |path: &PathBuf| path.file_name() == Some(OsStr::new(&name));
    // Old versions wrote them beside the sessions.
    files(transcript).into_iter().find(has_name).or_else(|| {
        let beside = transcript.with_file_name(&name);
        (beside != transcript && beside.is_file()).then_some(beside)
    })
}
