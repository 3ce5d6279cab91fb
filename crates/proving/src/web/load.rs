//! How many pages a server makes at how many connections, and how long each takes.

use std::time::{Duration, Instant};

use orchestra_fake_claude::home::Failure;
use tokio::task::JoinSet;

use super::server::{Line, Server, Visitor};
use crate::measure::percentile;

/// How one page was served.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// Pages a second.
    pub(crate) rate: f64,
    /// How long each took, in ms, the shortest first.
    times: Vec<f64>,
    /// How many bytes came for one.
    pub(crate) bytes: usize,
    /// How long the server worked for one, in ms: about the same however busy the machine is.
    pub(crate) work: f64,
}

impl Served {
    /// Half took no longer, in ms.
    pub(crate) fn median(&self) -> f64 {
        percentile(&self.times, 50)
    }

    /// All but one of a hundred took no longer, in ms.
    pub(crate) fn high(&self) -> f64 {
        percentile(&self.times, 99)
    }
}

/// Asks a server for a page over so many connections, each again as soon as it was answered, for a time.
pub(crate) async fn serve(
    server: &Server,
    visitor: &Visitor,
    path: &str,
    connections: usize,
    time: Duration,
) -> Result<Served, Failure> {
    // What is read for the first page of a kind is kept for the others.
    let bytes = Line::open(visitor).await?.load(path).await?;
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Line::open(visitor).await?);
    }
    let (begin, worked) = (Instant::now(), server.worked());
    let mut asking = JoinSet::new();
    for mut line in lines {
        let path = path.to_owned();
        asking.spawn(async move {
            let mut times = Vec::new();
            while begin.elapsed() < time {
                let asked = Instant::now();
                line.load(&path).await?;
                times.push(asked.elapsed().as_secs_f64() * 1e3);
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(asked) = asking.join_next().await {
        times.extend(asked.map_err(|error| error.to_string())??);
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    let work = (server.worked() - worked) / times.len().max(1) as f64;
    times.sort_by(f64::total_cmp);
    Ok(Served { rate, times, bytes, work })
}
