//! From what was read to what is shown.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use orchestra_model::{Forked, Provider, Session, SessionFilter, SessionId, SessionKind, TitleSource};

use super::{Root, facts::Facts, history::Remembered, live::Live, resume, scan::Found};
use crate::transcript;

/// A clock may be off by this much before a time is called wrong.
const TOLERATED_MS: i64 = 5 * 60 * 1000;
/// How long the client keeps transcripts unless told otherwise.
const DEFAULT_RETENTION_DAYS: u32 = 30;
const DAY_MS: i64 = 86_400_000;

/// What sessions are built with: the same for all of one listing.
pub(super) struct Builder<'a> {
    roots: &'a [Root],
    live: &'a Live,
    now_ms: i64,
    retention_days: HashMap<PathBuf, u32>,
    /// Which folders are there; many sessions share one.
    folders: HashMap<String, bool>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(roots: &'a [Root], live: &'a Live, now: Timestamp) -> Self {
        let retention_days =
            roots.iter().map(|root| (root.path.clone(), retention_days(&root.path))).collect();
        Self { roots, live, now_ms: now.as_millisecond(), retention_days, folders: HashMap::new() }
    }

    /// The time of the last activity: the last timestamp, unless the clock that wrote it was ahead.
    pub(super) fn active_ms(&self, last_time_ms: Option<i64>, modified_ns: i64) -> i64 {
        let modified_ms = modified_ns / 1_000_000;
        match last_time_ms {
            Some(active) if active <= self.now_ms + TOLERATED_MS => active,
            _ => modified_ms.min(self.now_ms),
        }
    }

    /// A session whose transcript is there.
    pub(super) fn session(&mut self, found: &Found, facts: &Facts) -> Session {
        let path = found.path();
        let cwd = facts.cwd().map(str::to_owned);
        let cwd_exists = cwd.as_deref().is_some_and(|cwd| self.folder_exists(cwd));
        let root = &found.bucket.root;
        let is_default = self.roots.iter().any(|known| known.path == *root && known.is_default);
        let config_dir = (!is_default).then(|| root.clone());
        let own_folder = cwd.as_deref().map(Path::new).filter(|_| cwd_exists);
        let resume = resume::command(found.id.as_str(), &path, own_folder, config_dir, false);
        let (status, live) = match self.live.get(&found.id) {
            Some((status, process)) => (Some(*status), Some(process.clone())),
            None => (None, None),
        };
        let active_ms = self.active_ms(facts.active_ms, found.stamp.modified_ns);
        let (title, title_source) = facts.title().unwrap_or((found.id.short(), TitleSource::Id));
        let kept_until = found.stamp.modified_ns / 1_000_000
            + i64::from(self.retention_days.get(root).copied().unwrap_or(DEFAULT_RETENTION_DAYS)) * DAY_MS;
        let expires_in_days = u32::try_from((kept_until - self.now_ms).max(0) / DAY_MS).ok();
        let project_dir = cwd.as_deref().map(project_folder);
        Session {
            id: found.id.clone(),
            provider: Provider::Claude,
            title: title.to_owned(),
            title_source,
            project: project_dir.as_deref().map_or_else(|| found.bucket.name.clone(), last_part),
            project_dir,
            cwd,
            branch: facts.branch.clone(),
            model: facts.model.clone(),
            kind: facts.kind(),
            status,
            live,
            started_at: facts.started_ms.and_then(timestamp),
            last_active_at: timestamp(active_ms),
            path: Some(path.to_string_lossy().into_owned()),
            size_bytes: found.stamp.size,
            resume_command: resume.shell_line(),
            root: root.to_string_lossy().into_owned(),
            lineage: facts.lineage.clone(),
            forked_from: facts.forked_from.as_ref().and_then(|(session_id, message_uuid)| {
                Some(Forked { session_id: session_id.parse().ok()?, message_uuid: message_uuid.clone() })
            }),
            subagents: if found.has_folder { transcript::count_subagents(&path) } else { 0 },
            expires_in_days,
            last_prompt: facts.prompt().map(str::to_owned),
            agent: None,
            damaged_lines: facts.damaged,
        }
    }

    /// A session that only the prompt history knows.
    pub(super) fn remembered(&self, id: SessionId, known: &Remembered, root: &Path) -> Session {
        let project_dir = known.project.as_deref().map(project_folder);
        let (title, title_source) = match (&known.last_prompt, &known.first_prompt) {
            (Some(last), _) => (last.clone(), TitleSource::LastPrompt),
            (None, Some(first)) => (first.clone(), TitleSource::FirstPrompt),
            (None, None) => (id.short().to_owned(), TitleSource::Id),
        };
        Session {
            provider: Provider::Claude,
            title,
            title_source,
            project: project_dir.as_deref().map_or_else(|| "unknown".to_owned(), last_part),
            project_dir,
            cwd: known.project.clone(),
            branch: None,
            model: None,
            kind: SessionKind::Human,
            status: None,
            live: None,
            started_at: timestamp(known.first_ms),
            last_active_at: timestamp(known.last_ms.min(self.now_ms)),
            path: None,
            size_bytes: 0,
            resume_command: String::new(),
            root: root.to_string_lossy().into_owned(),
            lineage: None,
            forked_from: None,
            subagents: 0,
            expires_in_days: None,
            last_prompt: known.last_prompt.clone(),
            agent: None,
            damaged_lines: 0,
            id,
        }
    }

    fn folder_exists(&mut self, folder: &str) -> bool {
        if let Some(known) = self.folders.get(folder) {
            return *known;
        }
        let exists = Path::new(folder).is_absolute() && Path::new(folder).is_dir();
        self.folders.insert(folder.to_owned(), exists);
        exists
    }
}

fn timestamp(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

/// How many days a root keeps transcripts, from the person's own settings.
fn retention_days(root: &Path) -> u32 {
    #[derive(Default, serde::Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Settings {
        cleanup_period_days: crate::jsonl::lenient::Number,
    }
    let text = std::fs::read(root.join("settings.json")).unwrap_or_default();
    let settings: Settings = serde_json::from_slice(&text).unwrap_or_default();
    settings.cleanup_period_days.0.and_then(|days| u32::try_from(days).ok()).unwrap_or(DEFAULT_RETENTION_DAYS)
}

/// The folder a session's project is grouped by: its own, or the repository of a worktree that the client made in it.
fn project_folder(cwd: &str) -> String {
    let cwd = if cwd.len() > 1 { cwd.trim_end_matches('/') } else { cwd };
    match cwd.find("/.claude/worktrees/") {
        Some(at) if at > 0 => cwd[..at].to_owned(),
        _ => cwd.to_owned(),
    }
}

fn last_part(folder: &str) -> String {
    folder.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(folder).to_owned()
}

/// Whether a session lies in a folder or below it.
pub(super) fn is_in_project(session: &Session, folder: &str) -> bool {
    let within =
        |path: &Option<String>| path.as_deref().is_some_and(|path| Path::new(path).starts_with(folder));
    within(&session.project_dir) || within(&session.cwd)
}

/// Whether all the words of a query occur in what a person knows a session by.
pub(super) fn matches_query(session: &Session, filter: &SessionFilter) -> bool {
    let Some(query) = filter.query.as_deref().filter(|query| !query.trim().is_empty()) else { return true };
    let optional = [&session.branch, &session.last_prompt, &session.cwd];
    let mut text = format!("{}\n{}\n{}", session.title, session.project, session.id).to_lowercase();
    for part in optional.into_iter().flatten() {
        text.push('\n');
        text.push_str(&part.to_lowercase());
    }
    query.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worktree_belongs_to_its_repository() {
        assert_eq!(project_folder("/a/shop/.claude/worktrees/calm-fox"), "/a/shop");
        assert_eq!(project_folder("/a/shop/"), "/a/shop");
        assert_eq!(project_folder("/"), "/");
        assert_eq!(last_part("/a/shop"), "shop");
        assert_eq!(last_part("/"), "/");
    }
}
