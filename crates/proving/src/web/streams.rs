//! Event streams: many that hear nothing, and one that hears when what was written.

use std::time::Duration;

use orchestra_fake_claude::home::Failure;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};

use super::server::{Line, Visitor};
use crate::measure::now_ns;

/// Listeners, until they are dropped.
pub(crate) struct Listeners(Vec<JoinHandle<()>>);

impl Listeners {
    /// Opens so many streams; each has been greeted.
    pub(crate) async fn open(visitor: &Visitor, count: usize) -> Result<Self, Failure> {
        let mut listening = Vec::new();
        for _ in 0..count {
            let mut line = Line::open(visitor).await?;
            let mut answer = line.ask("/events").await?;
            answer.next().await?;
            listening.push(tokio::spawn(async move {
                // The connection lives as long as the line.
                let _line = line;
                while let Ok(Some(_)) = answer.next().await {}
            }));
        }
        Ok(Self(listening))
    }

    /// How many still listen.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().filter(|one| !one.is_finished()).count()
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Connections that asked once and then wait, as a browser keeps them.
pub(crate) async fn keep_connections(
    visitor: &Visitor,
    path: &str,
    count: usize,
) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for _ in 0..count {
        let mut line = Line::open(visitor).await?;
        line.load(path).await?;
        lines.push(line);
    }
    Ok(lines)
}

/// Listens for a time after the first word; answers how long each line of the clients' was on its way, in ms, the
/// shortest first.
pub(crate) async fn follow(visitor: &Visitor, time: Duration) -> Result<Vec<f64>, Failure> {
    let mut line = Line::open(visitor).await?;
    let mut answer = line.ask("/events").await?;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let reading = tokio::spawn(async move {
        let mut heard = Vec::new();
        while let Ok(Some(piece)) = answer.next().await {
            let now = now_ns();
            heard.extend_from_slice(&piece);
            while let Some(end) = heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = heard.drain(..=end).collect();
                for sent in sent_in(&line) {
                    let _ = sender.send(now.saturating_sub(sent) as f64 / 1e6);
                }
            }
        }
    });
    let mut times = Vec::new();
    times.extend(receiver.recv().await);
    let until = tokio::time::Instant::now() + time;
    while let Ok(Some(time)) = tokio::time::timeout_at(until, receiver.recv()).await {
        times.push(time);
    }
    reading.abort();
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// When the words of an event were written, see `::tick` of the fake client.
fn sent_in(line: &[u8]) -> Vec<u64> {
    let Some(data) = line.strip_prefix(b"data: ") else { return Vec::new() };
    let news: Value = serde_json::from_slice(data).unwrap_or_default();
    let words = news["written"]["text"].as_str().unwrap_or_default();
    let stamps = words.split("\"sent_ns\":").skip(1);
    stamps.filter_map(|rest| rest.split('}').next()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_in_the_words_of_an_event() {
        let line = br#"data: {"sequence":7,"written":{"agent":"a","number":0,"at":0,"text":"{\"n\":1,\"sent_ns\":12}{\"n\":2,\"sent_ns\":34}"}}"#;
        assert_eq!(sent_in(line), [12, 34]);
        assert!(sent_in(b": alive").is_empty());
    }
}
