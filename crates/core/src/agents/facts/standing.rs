//! What the facts of an agent amount to: its state, why it is in it, and what it wants of a person.

use jiff::Timestamp;
use orchestra_model::{AgentState, Attention, AttentionKind, Exit, RequestKind};

use super::{Ending, Facts, Hold, Wanted, one_line, stuck::Stuck};

/// How often in a row an agent is parked before it is left to a person: no limit that lifts is met that often.
pub(super) const MOST_PARKINGS: u32 = 20;

/// Why an agent failed that has spent what it may.
pub(in crate::agents) const USED_UP: &str = "its budget is used up";

impl Facts {
    /// Whether the client complained before it was asked anything: nobody is logged in, most likely.
    pub(in crate::agents) const fn refuses(&self) -> bool {
        !self.has_prompt && matches!(self.last_end, Some((_, Ending::Error { .. })))
    }

    /// What the agent waits for, when its last turn was refused and it is to be parked: not for ever.
    pub(in crate::agents) fn refused(&self) -> Option<&Hold> {
        let is_refused = matches!(self.last_end, Some((_, Ending::Error { .. })));
        self.held.as_ref().filter(|_| is_refused && self.parkings < MOST_PARKINGS)
    }

    /// Whether only a person has it go on: it was told to stop, or cleared away.
    pub(in crate::agents) fn is_left_to_a_person(&self) -> bool {
        self.wanted == Some(Wanted::Stop) || self.is_cleaned
    }

    /// What the agent does, given whether a runner holds its lock.
    pub fn state(&self, is_held: bool) -> AgentState {
        // Also without a runner: it is not lost, another one goes on with it.
        if self.parked.is_some() && self.failure.is_none() {
            return AgentState::Parked;
        }
        // A runner that has seen its client's end has only to let go.
        if is_held && self.runner.is_some() && self.exit.is_none() {
            return match () {
                () if !self.is_ready => AgentState::Starting,
                () if self.requests.iter().any(|request| request.decided.is_none()) => AgentState::Waiting,
                // About to be parked, it does not rest.
                () if self.is_busy || self.refused().is_some() => AgentState::Running,
                // Between what it was told and its first word.
                () if self.last_end.is_none() && self.turns == 0 => AgentState::Starting,
                () => AgentState::Idle,
            };
        }
        let Some(exit) = self.exit else {
            return match (&self.runner, &self.failure) {
                (_, Some(_)) => AgentState::Failed,
                (None, None) if self.sequence == 0 => AgentState::Queued,
                (None, None) if self.wanted == Some(Wanted::Stop) => AgentState::Stopped,
                _ => AgentState::Lost,
            };
        };
        match (self.wanted, &self.last_end) {
            _ if self.failure.is_some() => AgentState::Failed,
            (Some(Wanted::Stop), _) => AgentState::Stopped,
            // It has its result; how its client ended afterwards is beside the point.
            (_, Some((_, Ending::Success { .. }))) => AgentState::Done,
            (_, Some((_, Ending::Interrupted))) if exit.code == Some(0) => AgentState::Done,
            _ => AgentState::Failed,
        }
    }

    /// Whether it was cut off in the middle of a turn: what it has written by then may be half of something.
    pub(in crate::agents) const fn is_half_done(&self) -> bool {
        self.has_prompt && !matches!(self.last_end, Some((_, Ending::Success { .. })))
    }

    /// Why the agent is in a state that somebody should know the reason of.
    pub fn why(&self, state: AgentState) -> Option<String> {
        match state {
            AgentState::Lost => Some(match &self.runner {
                Some(runner) if runner.is_of_another_boot() => "interrupted by a reboot".to_owned(),
                _ => "its runner was killed".to_owned(),
            }),
            AgentState::Failed => Some(match (&self.failure, &self.last_end, self.exit) {
                (Some((_, why)), _, _) => why.clone(),
                (None, Some((_, Ending::Error { words })), _) => words.clone(),
                (None, Some((_, Ending::Budget)), _) => USED_UP.to_owned(),
                (None, _, exit) => {
                    let how = exit.map(|exit| self.how_with_last_words(exit)).unwrap_or_default();
                    format!("ended without a result{how}")
                }
            }),
            _ => None,
        }
    }

    /// How a process ended and the last line that it complained with, in words that follow a phrase.
    pub(in crate::agents) fn how_with_last_words(&self, exit: Exit) -> String {
        let mut words = how(exit);
        if let Some(last) = self.last_errors.lines().rfind(|line| !line.trim().is_empty()) {
            words.push_str(": ");
            words.push_str(&one_line(last));
        }
        words
    }

    /// Since when the agent, which is at work, seems stuck, in milliseconds as the log keeps them; `None` when it does not.
    pub fn stuck_since(&self, now: Timestamp) -> Option<i64> {
        let attention = self.attention(self.state(true), now)?;
        (attention.kind == AttentionKind::Stuck).then(|| attention.since.as_millisecond())
    }

    /// What the agent wants from a person now, if anything: the oldest request first.
    pub fn attention(&self, state: AgentState, now: Timestamp) -> Option<Attention> {
        if self.is_cleaned {
            return None;
        }
        let of = |kind, since, summary: &str, until| {
            Some(Attention { kind, since, summary: summary.to_owned(), until, nudge: None })
        };
        if let Some(parked) = self.parked.as_ref().filter(|_| state == AgentState::Parked) {
            return of(AttentionKind::RateLimit, parked.since, &parked.why, Some(parked.until));
        }
        if let Some(request) = self.requests.iter().find(|request| request.decided.is_none()) {
            let kind = match request.kind {
                RequestKind::Permission => AttentionKind::Permission,
                RequestKind::Question => AttentionKind::Question,
                RequestKind::Plan => AttentionKind::Plan,
            };
            return of(kind, request.at, &request.summary, None);
        }
        if let Some(held) = self.held.as_ref().filter(|_| state != AgentState::Stopped) {
            return of(AttentionKind::RateLimit, held.since, &held.words, held.until);
        }
        let plans = self.permission_mode.as_deref() == Some("plan");
        if state == AgentState::Running
            && let Some(Stuck { since, summary, nudge }) = self.trail.stuck(now, plans)
        {
            let kind = AttentionKind::Stuck;
            return Some(Attention { kind, since, summary, until: None, nudge: Some(nudge) });
        }
        let updated_at = self.updated_at.unwrap_or_default();
        match (state, &self.last_end) {
            (AgentState::Failed | AgentState::Lost, _) => {
                let since = self.failure.as_ref().map_or(updated_at, |(at, _)| *at);
                of(AttentionKind::Error, since, &self.why(state).unwrap_or_default(), None)
            }
            (AgentState::Idle, Some((at, Ending::Error { words }))) => {
                of(AttentionKind::Error, *at, words, None)
            }
            (AgentState::Idle, Some((at, Ending::Budget))) => of(AttentionKind::Error, *at, USED_UP, None),
            (AgentState::Idle | AgentState::Done, Some((at, Ending::Success { summary }))) => {
                of(AttentionKind::Done, *at, summary, None)
            }
            _ => None,
        }
    }

    /// What it cost so far, in USD; `None` while the client has not said anything.
    pub fn cost_usd(&self) -> Option<f64> {
        let (before, since) = self.cost;
        (since.is_some() || before > 0.0).then(|| before + since.unwrap_or_default())
    }
}

/// How a process ended, in words that follow a phrase.
fn how(exit: Exit) -> String {
    match (exit.code, exit.signal) {
        (_, Some(signal)) => format!(" (killed by signal {signal})"),
        (Some(code), None) => format!(" (exit code {code})"),
        (None, None) => String::new(),
    }
}
