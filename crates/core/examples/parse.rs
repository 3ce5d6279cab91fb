//! How fast a transcript is read: `cargo run --release --example parse -- FILE` prints megabytes a second.
//!
//! The file is read whole several times; of each part the middle and the best are printed, beside plain reading of the
//! same bytes into memory.

use std::{
    env,
    error::Error,
    fs,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use orchestra_core::transcript::Transcript;

const ROUNDS: usize = 9;

/// The time that this thread really ran, where the system tells (Linux); else the time that passed.
fn clock(begun: Instant) -> Duration {
    let busy = || {
        let schedule = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        schedule.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    busy().unwrap_or_else(|| begun.elapsed())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for name in env::args().skip(1) {
        let path = Path::new(&name);
        let megabytes = fs::metadata(path)?.len() as f64 / 1e6;
        let (mut bytes, mut opens, mut turns) = (Vec::new(), Vec::new(), Vec::new());
        let mut count = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let mut last = clock(begun);
            let mut lap = || {
                let now = clock(begun);
                megabytes / (now - std::mem::replace(&mut last, now)).as_secs_f64()
            };
            drop(fs::read(path)?);
            bytes.push(lap());
            let transcript = Transcript::open(path)?;
            opens.push(lap());
            count = transcript.turns().filter(Result::is_ok).count();
            turns.push(lap());
        }
        writeln!(
            out,
            "{megabytes:.1} MB, {count} turns; MB a second of one core, median and best of {ROUNDS}"
        )?;
        for (what, speeds) in [
            ("index", &mut opens),
            ("every turn                        (meant: 500 MB/s)", &mut turns),
            ("reference: reading its bytes", &mut bytes),
        ] {
            speeds.sort_by(f64::total_cmp);
            let (median, best) = (speeds[ROUNDS / 2], speeds[ROUNDS - 1]);
            writeln!(out, "{what:<58} {median:>5.0} MB/s {best:>5.0} MB/s")?;
        }
    }
    Ok(())
}
