//! The list of projects, and what a project's page says of one.

use leptos::prelude::*;
use orchestra_model::{LiveStatus, Session};

use super::{parts, row};
use crate::{
    components::icon::Icon,
    data::{ServerClock, session_row::project_href},
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
    /// The branches that were seen in it, the newest first; those of agents come after all others.
    branches: Vec<String>,
    /// How many of them are not of agents.
    own_branches: usize,
}

/// Draws every project that these sessions were held in, the one active last first; the sessions come newest first.
pub(crate) fn draw(sessions: &[Session], clock: ServerClock) -> String {
    let cards = gather(sessions).into_iter().map(|card| card.draw(clock)).collect_view();
    view! { <ul class="rows projects">{cards}</ul> }.to_html()
}

/// Draws the branches that a project's sessions were on, the newest first.
pub(crate) fn branches(sessions: &[Session]) -> String {
    let mut branches = Vec::new();
    for session in sessions {
        add_branch(&mut branches, None, session);
    }
    let chips = branches.into_iter().map(|branch| view! { <li><Icon name="branch"/>{branch}</li> });
    view! { <ul class="branches" aria-label="Branches seen">{chips.collect_view()}</ul> }.to_html()
}

impl Card {
    fn draw(self, clock: ServerClock) -> impl IntoView {
        let Self { name, dir, sessions, live, waiting, active_ms, branches, .. } = self;
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
fn gather(sessions: &[Session]) -> Vec<Card> {
    let mut cards: Vec<Card> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for session in sessions {
        let dir = session.project_dir.as_ref().or(session.cwd.as_ref());
        let place = *places.entry(dir.unwrap_or(&session.project)).or_insert_with(|| {
            let active_at = session.last_active_at.or(session.started_at);
            cards.push(Card {
                name: parts::visible(&session.project),
                dir: dir.cloned(),
                sessions: 0,
                live: 0,
                waiting: 0,
                active_ms: active_at.map_or(0, |at| at.as_millisecond()),
                branches: Vec::new(),
                own_branches: 0,
            });
            cards.len() - 1
        });
        let Some(card) = cards.get_mut(place) else { continue };
        card.sessions += 1;
        card.live += usize::from(session.status.is_some());
        card.waiting += usize::from(session.status == Some(LiveStatus::Waiting));
        let place = session.agent.is_none().then_some(card.own_branches);
        let is_new = add_branch(&mut card.branches, place, session);
        card.own_branches += usize::from(is_new && session.agent.is_none());
    }
    cards
}

/// Adds the branch of a session at a place, or at the end; whether it is new.
fn add_branch(branches: &mut Vec<String>, place: Option<usize>, session: &Session) -> bool {
    let branch = row::branch(session).map(parts::visible).filter(|branch| !branches.contains(branch));
    let is_new = branch.is_some();
    if let Some(branch) = branch {
        branches.insert(place.unwrap_or(branches.len()), branch);
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::row::tests::session;

    #[test]
    fn sessions_gather_into_projects_by_folder() {
        let held = |dir: &str, branch: &str| Session {
            cwd: Some(dir.to_owned()),
            branch: Some(branch.to_owned()),
            status: None,
            ..session()
        };
        let waiting = Session { status: Some(LiveStatus::Waiting), ..held("/shop", "cart") };
        let agents = Session { agent: "aaaa2222".parse().ok(), ..held("/shop", "orchestra/x") };
        let cards = gather(&[agents, held("/shop", "main"), held("/api", "main"), waiting]);
        assert_eq!(cards.len(), 2);
        assert_eq!((cards[0].dir.as_deref(), cards[0].sessions, cards[0].waiting), (Some("/shop"), 3, 1));
        assert_eq!(cards[0].branches, ["main", "cart", "orchestra/x"]);
    }
}
