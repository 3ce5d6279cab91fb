//! A list of sessions as a page shows it, with everything around the rows.

use orchestra_model::{LeftOut, Problem};
use serde::{Deserialize, Serialize};

use super::{SessionRow, Since, Strip};

/// What the sessions page and the project page are drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionsView {
    /// The sessions, newest first.
    pub rows: Vec<SessionRow>,
    /// How many match in all, shown or not.
    pub total: usize,
    /// How far back the list goes: as asked, or the nearest choice that shows enough.
    pub since: Since,
    /// Its score.
    pub strip: Strip,
    /// What the filter hid.
    pub left_out: LeftOut,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The server's clock.
    pub clock: ServerClock,
    /// The folders that were looked into, when nothing was found in them.
    pub looked_in: Vec<String>,
}

/// The server's clock when it answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerClock {
    /// Now, in milliseconds.
    pub now_ms: i64,
    /// The day it is there.
    pub today: i32,
    /// How far its time zone is from UTC.
    pub offset_seconds: i32,
}

/// One project of the list of projects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectCard {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub dir: Option<String>,
    /// How many sessions it has.
    pub sessions: usize,
    /// How many of them have a live process.
    pub live: usize,
    /// How many of them wait for their owner.
    pub waiting: usize,
    /// The last moment in it.
    pub active_ms: i64,
    /// The day of that moment.
    pub day: i32,
    /// The branches that were seen in it, the newest first.
    pub branches: Vec<String>,
}

/// What the list of projects is drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsView {
    /// The projects, the one active last first.
    pub projects: Vec<ProjectCard>,
    /// The server's clock.
    pub clock: ServerClock,
    /// The folders that were looked into, when nothing was found in them.
    pub looked_in: Vec<String>,
}

/// Gathers sessions into projects; the sessions come newest first.
pub fn projects(rows: &[SessionRow]) -> Vec<ProjectCard> {
    let mut cards: Vec<ProjectCard> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in rows {
        let key = row.project_dir.as_deref().unwrap_or(&row.project);
        let place = *places.entry(key).or_insert_with(|| {
            cards.push(ProjectCard {
                name: row.project.clone(),
                dir: row.project_dir.clone(),
                sessions: 0,
                live: 0,
                waiting: 0,
                active_ms: row.active_ms,
                day: row.day,
                branches: Vec::new(),
            });
            cards.len() - 1
        });
        let Some(card) = cards.get_mut(place) else { continue };
        card.sessions += 1;
        card.live += usize::from(row.status.is_some());
        card.waiting += usize::from(row.status == Some(orchestra_model::LiveStatus::Waiting));
        if let Some(branch) = row.branch.as_ref().filter(|branch| !card.branches.contains(branch)) {
            card.branches.push(branch.clone());
        }
    }
    cards
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::session_row::tests::row;

    #[test]
    fn sessions_gather_into_projects_by_folder() {
        let mut other = row("c", "shop", 5);
        other.branch = Some("cart".to_owned());
        other.status = Some(orchestra_model::LiveStatus::Waiting);
        let cards = projects(&[row("a", "shop", 9), row("b", "api", 7), other]);
        assert_eq!(cards.len(), 2);
        assert_eq!((cards[0].name.as_str(), cards[0].sessions, cards[0].waiting), ("shop", 2, 1));
        assert_eq!(cards[0].branches, ["main", "cart"]);
        assert_eq!(cards[0].active_ms, 9);
    }
}
