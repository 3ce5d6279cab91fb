//! How fast a transcript is read: `cargo run --release --example parse -- FILE` prints megabytes a second.

use std::{
    env,
    error::Error,
    fs,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use orchestra_core::transcript::Transcript;

/// Time that this thread really ran, where the system tells (Linux); else the time that passed.
struct Stopwatch {
    wall: Instant,
    busy: Option<Duration>,
}

fn busy() -> Option<Duration> {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    schedule.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

impl Stopwatch {
    fn start() -> Self {
        Self { wall: Instant::now(), busy: busy() }
    }

    fn elapsed(&self) -> Duration {
        self.busy.zip(busy()).map_or_else(|| self.wall.elapsed(), |(from, to)| to - from)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for name in env::args().skip(1) {
        let path = Path::new(&name);
        let megabytes = fs::metadata(path)?.len() as f64 / 1e6;
        let start = Stopwatch::start();
        let mut transcript = Transcript::open(path)?;
        let opened = start.elapsed();
        let start = Stopwatch::start();
        transcript.refresh()?;
        let refreshed = start.elapsed();
        let start = Stopwatch::start();
        let turns = transcript.turns().filter(Result::is_ok).count();
        let told = start.elapsed();
        let start = Stopwatch::start();
        let page = transcript.page(transcript.len().saturating_sub(50), 50)?;
        let paged = start.elapsed();
        let start = Stopwatch::start();
        let score = transcript.score();
        let scored = start.elapsed();
        let speed = |seconds: f64| megabytes / seconds;
        writeln!(
            out,
            "{name}: {megabytes:.1} MB, {turns} turns; open {:.0} MB/s, turns {:.0} MB/s, refresh {refreshed:?}, \
             last page of {} in {paged:?}, score of {} spans in {scored:?}",
            speed(opened.as_secs_f64()),
            speed(told.as_secs_f64()),
            page.turns.len(),
            score.spans.len(),
        )?;
    }
    Ok(())
}
