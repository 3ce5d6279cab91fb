//! One receiver's line: what is sent goes in order, is tried again when that may help, and gives way to what is newer.
//!
//! A withdrawal that overtook its notice would leave the notice standing, so a line sends one thing at a time. Each line
//! is a task of its own: a receiver that does not answer delays nobody else.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::outbox::Delivery;

/// How much a line holds; a receiver that is so far behind gets the newest.
const LONGEST_LINE: usize = 64;

/// How often one thing is tried, and the longest wait between two tries: about half an hour of trying in all.
const MOST_TRIES: u32 = 36;
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is settled: sent, or never to be sent.
    Settled,
    /// It may work later: after this long, if the receiver said so.
    Later(Option<Duration>),
    /// There is no receiver any more.
    Gone,
}

/// A way to a receiver.
pub(crate) trait Way: Send + 'static {
    /// Tries once.
    fn send(&mut self, delivery: &Delivery) -> impl Future<Output = Outcome> + Send;
}

/// A line; it ends when it is dropped, with what it holds.
#[derive(Debug)]
pub(crate) struct Line {
    sender: mpsc::Sender<Delivery>,
    task: AbortHandle,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// A line over a way, with the wait before the second try; each further wait is twice as long.
    pub(crate) fn new(way: impl Way, first_wait: Duration) -> Self {
        let (sender, receiver) = mpsc::channel(LONGEST_LINE);
        let task = tokio::spawn(run(way, receiver, first_wait)).abort_handle();
        Self { sender, task }
    }

    /// Puts something in the line, without waiting.
    pub(crate) fn push(&self, delivery: Delivery) {
        if let Err(problem) = self.sender.try_send(delivery) {
            tracing::warn!(%problem, "a notification was left out");
        }
    }

    /// Whether its receiver is gone.
    pub(crate) fn is_over(&self) -> bool {
        self.sender.is_closed()
    }
}

/// What is in a line, and how it fared so far.
struct Held {
    delivery: Delivery,
    tried: u32,
    /// How long is waited before it is tried again.
    wait: Duration,
}

async fn run(mut way: impl Way, mut receiver: mpsc::Receiver<Delivery>, first_wait: Duration) {
    let hold = |delivery| Held { delivery, tried: 0, wait: first_wait };
    let mut line = VecDeque::new();
    loop {
        if line.is_empty() {
            let Some(delivery) = receiver.recv().await else { return };
            join(&mut line, hold(delivery));
        }
        while let Ok(delivery) = receiver.try_recv() {
            join(&mut line, hold(delivery));
        }
        let Some(mut held) = line.pop_front() else { continue };
        let asked = match way.send(&held.delivery).await {
            Outcome::Settled => continue,
            Outcome::Gone => return,
            Outcome::Later(_) if held.tried + 1 >= MOST_TRIES => {
                tracing::warn!("a notification could not be sent in half an hour and is given up");
                continue;
            }
            Outcome::Later(asked) => asked.unwrap_or(held.wait).min(LONGEST_WAIT),
        };
        tokio::select! {
            () = tokio::time::sleep(asked) => {
                held.tried += 1;
                held.wait = held.wait.saturating_mul(2);
                line.push_front(held);
            }
            // What is new is told at once, and then this is tried again, if that is not about the same.
            Some(newer) = receiver.recv() => {
                line.push_front(held);
                join(&mut line, hold(newer));
                line.rotate_right(1);
            }
        }
    }
}

/// Puts something at the end, in place of what is about the same.
fn join(line: &mut VecDeque<Held>, joining: Held) {
    line.retain(|held| held.delivery.tag() != joining.delivery.tag());
    if line.len() >= LONGEST_LINE {
        line.pop_front();
    }
    line.push_back(joining);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A way that writes down what it was asked to send, and answers what it is told to.
    struct Written {
        sent: mpsc::UnboundedSender<String>,
        answer: fn(u32) -> Outcome,
        tries: Arc<AtomicU32>,
    }

    impl Way for Written {
        async fn send(&mut self, delivery: &Delivery) -> Outcome {
            let _ = self.sent.send(delivery.tag().to_owned());
            (self.answer)(self.tries.fetch_add(1, Ordering::Relaxed) + 1)
        }
    }

    fn line(answer: fn(u32) -> Outcome) -> (Line, mpsc::UnboundedReceiver<String>, Arc<AtomicU32>) {
        let (sent, written) = mpsc::unbounded_channel();
        let tries = Arc::default();
        let way = Written { sent, answer, tries: Arc::clone(&tries) };
        (Line::new(way, Duration::from_secs(1)), written, tries)
    }

    fn about(tag: &str) -> Delivery {
        Delivery::Withdraw { tag: tag.to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_tried_again_later_and_not_for_ever() {
        let (line, mut written, tries) = line(|_| Outcome::Later(None));
        let start = tokio::time::Instant::now();
        line.push(about("a"));
        for _ in 0..MOST_TRIES {
            assert_eq!(written.recv().await.unwrap(), "a");
        }
        let minutes = start.elapsed().as_secs() / 60;
        assert!((25..40).contains(&minutes), "{minutes}");
        line.push(about("b"));
        assert_eq!(written.recv().await.unwrap(), "b");
        assert_eq!(tries.load(Ordering::Relaxed), MOST_TRIES + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_receivers_own_time_is_kept_within_reason() {
        let (line, mut written, _) = line(|try_number| match try_number {
            1 => Outcome::Later(Some(Duration::from_secs(30))),
            2 => Outcome::Later(Some(Duration::from_secs(1_000_000))),
            _ => Outcome::Settled,
        });
        line.push(about("a"));
        let start = tokio::time::Instant::now();
        for elapsed in [0, 30, 90] {
            assert_eq!(written.recv().await.unwrap(), "a");
            assert_eq!(start.elapsed().as_secs(), elapsed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_newer_takes_the_place_of_what_could_not_be_sent() {
        let (line, mut written, _) = line(|_| Outcome::Later(None));
        line.push(about("a"));
        assert_eq!(written.recv().await.unwrap(), "a");
        line.push(about("b"));
        line.push(about("a"));
        // Not `a` a second time before `b`: the newer `a` stands behind `b`.
        assert_eq!(written.recv().await.unwrap(), "b");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_new_does_not_wait_for_what_could_not_be_sent() {
        let (line, mut written, _) = line(|try_number| match try_number {
            1..=3 => Outcome::Later(Some(Duration::from_secs(50))),
            _ => Outcome::Settled,
        });
        line.push(about("a"));
        for elapsed in [0, 50, 100] {
            assert_eq!(written.recv().await.unwrap(), "a", "at {elapsed} s");
        }
        let start = tokio::time::Instant::now();
        line.push(about("b"));
        for tag in ["b", "a"] {
            assert_eq!((written.recv().await.unwrap().as_str(), start.elapsed().as_secs()), (tag, 0));
        }
    }

    #[tokio::test]
    async fn a_line_without_a_receiver_is_over() {
        let (line, mut written, _) = line(|_| Outcome::Gone);
        line.push(about("a"));
        assert_eq!(written.recv().await.unwrap(), "a");
        assert_eq!(written.recv().await, None);
        assert!(line.is_over());
    }
}
