//! Faults, run as often as it is asked for. Each part counts what it tried and fails with the seed of what went wrong.

mod cleaning;
mod disk;
mod log;
mod processes;
mod runs;
mod soak;

use std::time::Instant;

use orchestra_fake_claude::home::Failure;

use crate::Programs;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
struct Counts {
    seed: u64,
    servers: u64,
    runners: u64,
    races: u64,
    log: u64,
    clean: u64,
    disk: u64,
    runs: u64,
    /// Minutes.
    soak: u64,
}

impl Counts {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut counts = Self {
            seed: 20_261_124,
            servers: 200,
            runners: 50,
            races: 2000,
            log: 64 << 10,
            clean: 500,
            disk: 1,
            runs: 1,
            soak: 0,
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let value = arguments.next().and_then(|value| value.parse().ok());
            let value: u64 = value.ok_or_else(|| format!("{name} needs a number"))?;
            match name.as_str() {
                "--seed" => counts.seed = value,
                "--servers" => counts.servers = value,
                "--runners" => counts.runners = value,
                "--races" => counts.races = value,
                "--log" => counts.log = value,
                "--clean" => counts.clean = value,
                "--disk" => counts.disk = value,
                "--runs" => counts.runs = value,
                "--soak" => counts.soak = value,
                _ => return Err(format!("there is no option {name}")),
            }
        }
        Ok(counts)
    }
}

/// One part: what it is about, how often, and what it found.
type Part<'a> = (&'a str, u64, &'a dyn Fn() -> Result<String, Failure>);

pub(crate) fn run(programs: &Programs, arguments: &[String]) -> Result<(), Failure> {
    let counts = Counts::parse(arguments)?;
    println!("seed {}", counts.seed);
    let parts: [Part<'_>; 8] = [
        ("log cut at every byte", counts.log, &|| log::cut(counts.log)),
        ("clean-up on random repository states", counts.clean, &|| cleaning::run(counts.seed, counts.clean)),
        ("disk full", counts.disk, &|| disk::fill(programs)),
        ("runner killed", counts.runners, &|| processes::kill_runners(programs, counts.seed, counts.runners)),
        ("stop and exit racing", counts.races, &|| processes::race(programs, counts.seed, counts.races)),
        ("server killed", counts.servers, &|| processes::kill_servers(programs, counts.seed, counts.servers)),
        ("runs of six tasks, killed 50 times each", counts.runs, &|| {
            runs::kill_steppers(programs, counts.seed, counts.runs)
        }),
        ("soak, minutes", counts.soak, &|| soak::run(programs, counts.seed, counts.soak)),
    ];
    for (what, times, part) in parts {
        if times == 0 {
            continue;
        }
        let begin = Instant::now();
        let found = part().map_err(|failure| format!("{what}: FAILED (seed {}): {failure}", counts.seed))?;
        let how_often = if times == 1 { "once".to_owned() } else { format!("{times} times") };
        println!("{what}: {how_often}, {found} ({:.1} s)", begin.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Runs something for each number, on as many threads as there are cores; stops at the first failure.
fn for_each<T: Send>(times: u64, act: impl Fn(u64) -> Result<T, Failure> + Sync) -> Result<Vec<T>, Failure> {
    use std::sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    };
    let next = AtomicU64::new(0);
    let outcomes: Mutex<Vec<Result<T, Failure>>> = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= times {
                        return;
                    }
                    let outcome = act(number);
                    if outcome.is_err() {
                        next.store(times, Ordering::Relaxed);
                    }
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}
