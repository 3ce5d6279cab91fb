//! The stop ladder: what is done, and when, to end a client that does not end by itself.

use std::{
    ffi::OsString,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::process::{Process, descendants_but, is_own};

/// How long a client has to end its turn after it was interrupted.
const AFTER_INTERRUPT: Duration = Duration::from_millis(1500);
/// How long it has to end after its input was closed when it had nothing to do.
const AFTER_INPUT: Duration = Duration::from_secs(2);
/// How long it has to end after a result, when it was let go.
const AFTER_RESULT: Duration = Duration::from_secs(10);
/// How long it has after SIGINT.
const AFTER_INT: Duration = Duration::from_secs(1);
/// How long it has after SIGTERM.
const AFTER_TERM: Duration = Duration::from_secs(5);
/// How long what stems from it has after SIGTERM, once it has ended itself.
const AFTER_TERM_FOR_THE_REST: Duration = Duration::from_secs(2);
/// How long what is left has after SIGKILL before it is reported.
const AFTER_KILL: Duration = Duration::from_secs(2);
/// How often what is left is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Interrupt its turn.
    Interrupt,
    /// Tell it that nothing more will come.
    CloseInput,
    /// Send a signal: SIGINT to the client, others to its group.
    Signal(Signal),
}

/// Where on the ladder a client stands.
#[derive(Debug)]
pub(super) struct Ending {
    next: Option<Step>,
    at: Instant,
    is_stop: bool,
}

impl Ending {
    /// It shall stop now.
    pub(super) fn stop(is_busy: bool) -> Self {
        let next = Some(if is_busy { Step::Interrupt } else { Step::CloseInput });
        Self { next, at: Instant::now(), is_stop: true }
    }

    /// Its input has been closed after its last result.
    pub(super) fn finish() -> Self {
        Self { next: Some(Step::Signal(Signal::INT)), at: Instant::now() + AFTER_RESULT, is_stop: false }
    }

    /// Whether it was told to stop, and not only let go.
    pub(super) const fn is_stop(&self) -> bool {
        self.is_stop
    }

    /// When the next step is due, or the last one has had its time.
    pub(super) const fn deadline(&self) -> Instant {
        self.at
    }

    /// Whether every step was taken and had its time.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.next.is_none() && self.at <= now
    }

    /// The step that is due. An interrupted turn that has ended is not waited for any longer.
    pub(super) fn due(&mut self, now: Instant, is_busy: bool) -> Option<Step> {
        let is_early = self.at > now;
        if is_early && (self.next != Some(Step::CloseInput) || is_busy) {
            return None;
        }
        let step = self.next?;
        let (next, wait) = match step {
            Step::Interrupt => (Some(Step::CloseInput), AFTER_INTERRUPT),
            Step::CloseInput => (Some(Step::Signal(Signal::INT)), AFTER_INPUT),
            Step::Signal(Signal::INT) => (Some(Step::Signal(Signal::TERM)), AFTER_INT),
            Step::Signal(Signal::TERM) => (Some(Step::Signal(Signal::KILL)), AFTER_TERM),
            Step::Signal(_) => (None, AFTER_KILL),
        };
        self.next = next;
        self.at = now + wait;
        Some(step)
    }
}

/// Ends everything that stems from this process; answers what could not be ended.
pub(super) fn end_descendants(spared: &[OsString]) -> Vec<Process> {
    let left = end_with(Signal::TERM, AFTER_TERM_FOR_THE_REST, spared);
    if left.is_empty() { left } else { end_with(Signal::KILL, AFTER_KILL, spared) }
}

/// Sends a signal to everything that stems from this process, also to what is started meanwhile, until nothing is left or
/// the time is over. Spared is what this program was told to be with one of these words, and all that stems from it: agents
/// that this one had started.
pub(super) fn end_with(signal: Signal, most: Duration, spared: &[OsString]) -> Vec<Process> {
    let until = Instant::now() + most;
    let mut told: Vec<Process> = Vec::new();
    loop {
        let left = descendants_but(std::process::id(), |process| is_own(process, spared));
        for process in &left {
            if signal == Signal::KILL || !told.contains(process) {
                process.signal(signal);
                told.push(process.clone());
            }
        }
        if left.is_empty() || until <= Instant::now() {
            return left;
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_its_steps_in_order() {
        let mut ending = Ending::stop(true);
        let mut now = Instant::now();
        let mut steps = Vec::new();
        while let Some(step) = ending.due(now, true) {
            steps.push(step);
            now = ending.deadline();
            if steps.len() > 9 {
                break;
            }
        }
        let signals = [Signal::INT, Signal::TERM, Signal::KILL].map(Step::Signal);
        assert_eq!(steps, [vec![Step::Interrupt, Step::CloseInput], signals.to_vec()].concat());
    }

    #[test]
    fn a_turn_that_ends_is_not_waited_for() {
        let mut ending = Ending::stop(true);
        let now = Instant::now();
        assert_eq!(ending.due(now, true), Some(Step::Interrupt));
        assert_eq!(ending.due(now, true), None);
        assert_eq!(ending.due(now, false), Some(Step::CloseInput));
        assert_eq!(ending.due(now, false), None, "it has time to end");
    }
}
