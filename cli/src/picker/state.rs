//! What the picker knows: the sessions, the filter, the selection. Pure, without a terminal.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use orchestra_model::Session;

use crate::output::text;

/// The picker between two keys.
pub(super) struct State {
    sessions: Vec<Session>,
    /// What each session is searched by.
    haystacks: Vec<String>,
    complete: bool,
    query: String,
    /// Indices of the sessions that match, best first.
    matches: Vec<usize>,
    selected: usize,
    /// Why the last choice could not be taken.
    notice: Option<String>,
    matcher: Matcher,
}

impl State {
    /// An empty picker with a filter.
    pub(super) fn new(query: &str) -> Self {
        Self {
            sessions: Vec::new(),
            haystacks: Vec::new(),
            complete: false,
            query: query.to_owned(),
            matches: Vec::new(),
            selected: 0,
            notice: None,
            matcher: Matcher::new(Config::DEFAULT),
        }
    }

    /// Takes sessions, newest first, in place of those it had; the selection stays on its session.
    pub(super) fn set_sessions(&mut self, sessions: Vec<Session>, complete: bool) {
        let at_top = self.selected == 0;
        let selected = self.selected().map(|session| session.id.clone());
        self.haystacks = sessions.iter().map(haystack).collect();
        self.sessions = sessions;
        self.complete = complete;
        self.filter();
        let same = self.matches.iter().position(|at| Some(&self.sessions[*at].id) == selected.as_ref());
        self.selected = if at_top { 0 } else { same.unwrap_or(0) };
    }

    fn filter(&mut self) {
        if self.query.trim().is_empty() {
            self.matches = (0..self.sessions.len()).collect();
        } else {
            let pattern = Pattern::parse(&self.query, CaseMatching::Smart, Normalization::Smart);
            let mut buffer = Vec::new();
            let mut scored: Vec<(u32, usize)> = self
                .haystacks
                .iter()
                .enumerate()
                .filter_map(|(at, haystack)| {
                    let haystack = Utf32Str::new(haystack, &mut buffer);
                    pattern.score(haystack, &mut self.matcher).map(|score| (score, at))
                })
                .collect();
            scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
            self.matches = scored.into_iter().map(|(_, at)| at).collect();
        }
        self.selected = 0;
    }

    /// Changes the filter.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.query);
        self.notice = None;
        self.filter();
    }

    /// Moves the selection down, or up when negative; stops at both ends.
    pub(super) fn move_by(&mut self, rows: isize) {
        let last = self.matches.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(rows).min(last);
        self.notice = None;
    }

    /// The session that Enter would take.
    pub(super) fn selected(&self) -> Option<&Session> {
        self.matches.get(self.selected).map(|at| &self.sessions[*at])
    }

    /// The selected session, when it can be continued so; else says why not.
    pub(super) fn take_selected(&mut self, fork: bool) -> Option<Session> {
        let session = self.selected()?;
        if session.path.is_none() {
            self.notice = Some("Claude Code has deleted this transcript: nothing to continue".to_owned());
            return None;
        }
        if let (Some(live), false) = (&session.live, fork) {
            self.notice = Some(format!("Open in process {}: Ctrl-F continues a copy", live.pid));
            return None;
        }
        Some(session.clone())
    }

    /// The filter as it is typed.
    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// Why the last choice could not be taken.
    pub(super) fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Whether every session has been listed.
    pub(super) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// How many match, and of how many.
    pub(super) const fn counts(&self) -> (usize, usize) {
        (self.matches.len(), self.sessions.len())
    }

    /// The rows to show in so many lines, and which of them is selected.
    pub(super) fn window(&self, lines: usize) -> (Vec<&Session>, usize) {
        let first = (self.selected + 1).saturating_sub(lines.max(1));
        let rows = self.matches.iter().skip(first).take(lines).map(|at| &self.sessions[*at]).collect();
        (rows, self.selected - first)
    }
}

fn haystack(session: &Session) -> String {
    let parts = [
        Some(session.title.as_str()),
        Some(session.project.as_str()),
        session.branch.as_deref(),
        session.last_prompt.as_deref().filter(|prompt| *prompt != session.title),
        Some(session.id.as_str()),
    ];
    parts.into_iter().flatten().map(text::one_line).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use orchestra_model::LiveProcess;

    use super::*;
    use crate::output::session_table::made_up;

    fn with(titles: &[&str]) -> State {
        let mut state = State::new("");
        state.set_sessions(sessions(titles), true);
        state
    }

    fn sessions(titles: &[&str]) -> Vec<Session> {
        titles.iter().map(|title| made_up::session(&title.replace(' ', "-"), title)).collect()
    }

    fn shown(state: &State) -> Vec<&str> {
        state.window(100).0.iter().map(|session| session.title.as_str()).collect()
    }

    #[test]
    fn typing_filters_and_the_best_comes_first() {
        let mut state = with(&["list of going things", "rename cart", "fix the login page"]);
        state.edit(|query| query.push_str("login"));
        assert_eq!(shown(&state), ["fix the login page", "list of going things"]);
        state.edit(|query| query.push_str(" xyz"));
        assert!(shown(&state).is_empty());
        assert!(state.selected().is_none());
        state.edit(String::clear);
        assert_eq!(state.counts(), (3, 3));
    }

    #[test]
    fn the_selection_stays_inside_and_in_sight() {
        let mut state = with(&["a", "b", "c", "d"]);
        state.move_by(-1);
        assert_eq!(state.selected().unwrap().title, "a");
        state.move_by(3);
        let (rows, selected) = state.window(2);
        assert_eq!((rows[0].title.as_str(), rows[1].title.as_str(), selected), ("c", "d", 1));
        state.move_by(100);
        assert_eq!(state.selected().unwrap().title, "d");
    }

    #[test]
    fn more_sessions_do_not_move_the_selection() {
        let mut state = with(&["a", "b"]);
        state.move_by(1);
        state.set_sessions(sessions(&["a", "x", "b", "c"]), true);
        assert_eq!(state.selected().unwrap().title, "b");
    }

    #[test]
    fn what_cannot_be_continued_is_said_and_not_taken() {
        let mut sessions = sessions(&["live", "cleaned"]);
        sessions[0].live = Some(LiveProcess { pid: 7, version: None, since: None });
        sessions[1].path = None;
        let mut state = State::new("");
        state.set_sessions(sessions, true);
        assert!(state.take_selected(false).is_none());
        assert!(state.notice().unwrap().contains("process 7"));
        assert!(state.take_selected(true).is_some());
        state.move_by(1);
        assert_eq!(state.notice(), None);
        assert!(state.take_selected(true).is_none());
    }
}
