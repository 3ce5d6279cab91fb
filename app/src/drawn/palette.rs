//! What the palette offers: what the agent in front can be told, then agents, pages, sessions and projects.
//!
//! Each is an option of a list box, as a link or as a button with a command. `public/palette.js` puts them in place, finds
//! among them and moves through them.

use leptos::prelude::*;
use orchestra_model::{Agent, AgentState, Session};

use super::{
    agents::{command, mark},
    parts, row,
};
use crate::{
    components::{
        frame::{PLACES, SETTINGS},
        icon::Icon,
    },
    data::session_row::project_href,
};

/// How many sessions and projects are offered, the last ones; the pages of both find all of them.
const MOST_SESSIONS: usize = 200;
const MOST_PROJECTS: usize = 60;

/// What is on the machine.
pub(crate) struct Known<'a> {
    /// The agent that the page is about.
    pub(crate) in_front: Option<&'a Agent>,
    /// Every agent, newest first.
    pub(crate) agents: &'a [Agent],
    /// Sessions, newest first.
    pub(crate) sessions: &'a [Session],
}

/// Draws all of it.
pub(crate) fn draw(known: &Known<'_>) -> String {
    let mut options = Options::default();
    let orders = known.in_front.map(|agent| (parts::visible(&agent.name), options.orders(agent)));
    let agents = known.agents.iter().filter(|agent| !agent.is_cleaned);
    let agents: Vec<_> = agents.map(|agent| options.agent(agent)).collect();
    let places = PLACES.iter().copied().chain([("/runs", "Runs", "fork")]);
    let places: Vec<_> = places.map(|(href, name, icon)| options.place(href, name, icon)).collect();
    let sessions = known.sessions.iter().take(MOST_SESSIONS);
    let sessions: Vec<_> = sessions.map(|session| options.session(session)).collect();
    let projects = options.projects(known.sessions);
    let groups = orders.into_iter().chain([
        ("Agents".to_owned(), agents),
        ("Pages".to_owned(), places),
        ("Sessions".to_owned(), sessions),
        ("Projects".to_owned(), projects),
    ]);
    groups.filter(|(_, options)| !options.is_empty()).map(|(name, options)| group(&name, options)).collect()
}

fn group(name: &str, options: Vec<AnyView>) -> String {
    let label = name.to_owned();
    view! {
        <div role="group" aria-label=label class="palette-group">
            <p class="palette-group-name" aria-hidden="true">{name.to_owned()}</p>
            {options}
        </div>
    }
    .to_html()
}

/// Gives each option an id of its own.
#[derive(Default)]
struct Options(u32);

impl Options {
    fn id(&mut self) -> String {
        self.0 += 1;
        format!("palette-{}", self.0)
    }

    fn link(&mut self, href: String, icon: &'static str, words: AnyView, whole: bool) -> AnyView {
        let rel = whole.then_some("external");
        view! {
            <a role="option" class="palette-option" tabindex="-1" id=self.id() href=href rel=rel><Icon name=icon/> {words}</a>
        }
        .into_any()
    }

    fn order(&mut self, command: String, icon: &'static str, words: &'static str) -> AnyView {
        view! {
            <button type="button" role="option" class="palette-option" tabindex="-1" id=self.id() data-command=command>
                <Icon name=icon/> <span class="palette-name">{words}</span>
            </button>
        }
        .into_any()
    }

    /// What an agent can be told now, as its own page offers it.
    fn orders(&mut self, agent: &Agent) -> Vec<AnyView> {
        let about = [("agent", agent.id.as_str())];
        let mut orders = Vec::new();
        let mut order = |name: &str, icon, words| orders.push(self.order(command(name, &about), icon, words));
        match agent.state {
            _ if agent.is_cleaned => order("restore", "restore", "Restore its worktree"),
            AgentState::Running | AgentState::Waiting => {
                order("interrupt", "pause", "Interrupt its turn");
                order("stop", "stop", "Stop it");
            }
            AgentState::Starting | AgentState::Queued | AgentState::Parked => {
                order("stop", "stop", "Stop it")
            }
            state => {
                if state == AgentState::Idle {
                    order("stop", "stop", "Stop it");
                } else if matches!(state, AgentState::Stopped | AgentState::Failed | AgentState::Lost) {
                    order("resume", "resume", "Resume it");
                }
                order("merge", "branch", "Merge its work");
                order("pull_request", "fork", "Open a pull request with its work");
                order("clean", "close", "Clean its worktree away, if nothing would be lost");
            }
        }
        let squash = command("merge", &[about[0], ("squash", "true")]);
        if orders.len() > 2 {
            orders.insert(orders.len() - 2, self.order(squash, "branch", "Squash its work into one commit"));
        }
        let parts = [
            ("", "agent", "Its conversation"),
            ("?tab=changes", "plan", "Its changes"),
            ("?tab=result", "done", "Its result"),
        ];
        orders.extend(parts.map(|(tab, icon, words)| {
            let words = view! { <span class="palette-name">{words}</span> }.into_any();
            self.link(format!("/agents/{}{tab}", agent.id), icon, words, false)
        }));
        orders
    }

    fn agent(&mut self, agent: &Agent) -> AnyView {
        let task = parts::visible(agent.task.lines().next().unwrap_or_default());
        let words = view! {
            <span class="palette-name">{parts::visible(&agent.name)}</span> <span class="palette-aside">{task}</span> {mark(agent)}
        };
        self.link(format!("/agents/{}", agent.id), "agent", words.into_any(), false)
    }

    fn place(&mut self, href: &str, name: &'static str, icon: &'static str) -> AnyView {
        let words = view! { <span class="palette-name">{name}</span> }.into_any();
        self.link(href.to_owned(), icon, words, href == SETTINGS)
    }

    fn session(&mut self, session: &Session) -> AnyView {
        let branch = row::branch(session).map(parts::visible).unwrap_or_default();
        let words = view! {
            <span class="palette-name">{parts::visible(&session.title)}</span>
            <span class="palette-aside">{parts::visible(&session.project)} " " {branch}</span>
        };
        self.link(format!("/sessions/{}", session.id), "sessions", words.into_any(), false)
    }

    fn projects(&mut self, sessions: &[Session]) -> Vec<AnyView> {
        let mut folders: Vec<&str> = Vec::new();
        for folder in sessions.iter().filter_map(|session| session.project_dir.as_deref()) {
            if !folders.contains(&folder) && folders.len() < MOST_PROJECTS {
                folders.push(folder);
            }
        }
        let one = |folder: &str| {
            let name = parts::visible(folder.trim_end_matches('/').rsplit('/').next().unwrap_or(folder));
            let words = view! { <span class="palette-name">{name}</span> <span class="palette-aside">{parts::visible(folder)}</span> };
            (project_href(folder), words.into_any())
        };
        folders.into_iter().map(one).map(|(href, words)| self.link(href, "projects", words, false)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::agents::tests::agent;

    #[test]
    fn the_agent_in_front_comes_first_with_what_it_can_be_told_now() {
        let agent = agent();
        let session = row::tests::session();
        let known = Known {
            in_front: Some(&agent),
            agents: std::slice::from_ref(&agent),
            sessions: std::slice::from_ref(&session),
        };
        let html = draw(&known);
        let at = |words: &str| html.find(words).unwrap_or_else(|| panic!("{words}: {html}"));
        assert!(
            at("Interrupt its turn") < at("aria-label=\"Agents\"")
                && at("/agents/abcd2345?tab=result") < at("Pages")
        );
        assert!(at("href=\"/settings\"") < at("Fix &lt;login&gt;⟨U+202E⟩"));
        // It is at work: there is nothing to take yet.
        assert!(!html.contains("Merge") && !html.contains("<login>"), "{html}");
        let ids: std::collections::HashSet<_> =
            html.match_indices("id=\"palette-").map(|(at, _)| &html[at..at + 16]).collect();
        assert_eq!(ids.len(), html.matches("role=\"option\"").count());
    }

    #[test]
    fn work_can_be_taken_when_its_turn_is_over() {
        let mut agent = agent();
        agent.state = AgentState::Idle;
        let html = draw(&Known { in_front: Some(&agent), agents: &[], sessions: &[] });
        for words in ["Stop it", "Merge its work", "Squash", "pull request", "Clean"] {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert!(!html.contains("Interrupt") && !html.contains("aria-label=\"Sessions\""), "{html}");
    }
}
