//! The list of projects, and what a project's page says of one.

use leptos::prelude::*;
use orchestra_model::Session;

use super::parts;
use crate::{
    components::icon::Icon,
    data::{ServerClock, SessionRow, session_row::project_href},
    text,
};

/// One project of the list of projects.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Card {
    /// Its name.
    name: String,
    /// Its folder.
    dir: Option<String>,
    /// How many sessions it has.
    sessions: usize,
    /// How many of them have a live process.
    live: usize,
    /// How many of them wait for their owner.
    waiting: usize,
    /// The last moment in it.
    active_ms: i64,
    /// The branches that were seen in it, the newest first.
    branches: Vec<String>,
}

/// Draws every project that these sessions were held in, the one active last first; the sessions come newest first.
pub(crate) fn draw(rows: &[SessionRow], clock: ServerClock) -> String {
    let cards = gather(rows).into_iter().map(|card| card.draw(clock)).collect_view();
    view! { <ul class="rows projects">{cards}</ul> }.to_html()
}

/// Draws the branches that a project's sessions were on, the newest first.
pub(crate) fn branches(sessions: &[Session]) -> String {
    let mut branches: Vec<&str> = Vec::new();
    for branch in sessions.iter().filter_map(|session| session.branch.as_deref()) {
        if branch != "HEAD" && !branches.contains(&branch) {
            branches.push(branch);
        }
    }
    let chips = branches.into_iter().map(|branch| view! { <li><Icon name="branch"/>{parts::visible(branch)}</li> });
    view! { <ul class="branches" aria-label="Branches seen">{chips.collect_view()}</ul> }.to_html()
}

impl Card {
    fn draw(self, clock: ServerClock) -> impl IntoView {
        let Self { name, dir, sessions, live, waiting, active_ms, branches } = self;
        let href = dir
            .as_deref()
            .map_or_else(|| format!("/sessions?since=all&q={}", text::url_encode(&name)), project_href);
        let more = branches.len().saturating_sub(3);
        let mut listed: Vec<String> =
            branches.iter().take(3).map(|branch| text::cut_in_the_middle(branch, 24)).collect();
        if more > 0 {
            listed.push(format!("and {more} more"));
        }
        let running = live - waiting;
        view! {
            <li class="row">
                <a class="row-link" href=href title=name.clone()>
                    <span class="row-title">{parts::name(&name)}</span>
                    {(waiting > 0).then(|| view! { <span class="mark is-waiting"><Icon name="waiting"/>{format!("{waiting} waiting")}</span> })}
                    {(running > 0).then(|| view! { <span class="mark is-running"><Icon name="live"/>{format!("{running} live")}</span> })}
                </a>
                <p class="row-facts">
                    <span class="row-count">{text::plural(sessions, "session", "sessions")}</span> " "
                    {dir.map(|dir| parts::path(&dir))} " "
                    <span class="row-branches">{listed.join(", ")}</span>
                </p>
                <span class="row-time">{parts::moment(active_ms, clock.offset_seconds)}</span>
            </li>
        }
    }
}

/// Gathers sessions into projects; the sessions come newest first.
fn gather(rows: &[SessionRow]) -> Vec<Card> {
    let mut cards: Vec<Card> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in rows {
        let key = row.project_dir.as_deref().unwrap_or(&row.project);
        let place = *places.entry(key).or_insert_with(|| {
            cards.push(Card {
                name: row.project.clone(),
                dir: row.project_dir.clone(),
                sessions: 0,
                live: 0,
                waiting: 0,
                active_ms: row.active_ms,
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
        let cards = gather(&[row("a", "shop", 9), row("b", "api", 7), other]);
        assert_eq!(cards.len(), 2);
        assert_eq!((cards[0].name.as_str(), cards[0].sessions, cards[0].waiting), ("shop", 2, 1));
        assert_eq!(cards[0].branches, ["main", "cart"]);
        assert_eq!(cards[0].active_ms, 9);
    }
}
