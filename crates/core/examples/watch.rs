//! How long after an append the watcher says so: `cargo run --release -p orchestra-core --example watch`.
//!
//! Appends a line to each of some transcripts in a folder of its own, many times, and prints the median and the 99th
//! percentile of the time from the end of the write to the event, beside that of a plain channel between two threads.

#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant},
};

use orchestra_core::sessions::{Catalog, CatalogEvent, Places, Root};

const TRANSCRIPTS: usize = 20;
const APPENDS: usize = 400;

fn main() -> io::Result<()> {
    let root = std::env::temp_dir().join(format!("orchestra-watch-{}", std::process::id()));
    let measured = measure(root.clone());
    fs::remove_dir_all(root)?;
    let (watcher, mut channel) = (measured?, channel());
    print_figures("from the append to the event      (meant: 20 ms)", watcher);
    print_figures("reference: a channel between threads", std::mem::take(&mut channel));
    Ok(())
}

fn measure(root: PathBuf) -> io::Result<Vec<Duration>> {
    let bucket = root.join("projects/-home-ada-shop");
    fs::create_dir_all(&bucket)?;
    let line = |number: usize| {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"u{number}\",\"parentUuid\":null,\"timestamp\":\"2026-11-23T07:00:00Z\",\
             \"entrypoint\":\"cli\",\"message\":{{\"content\":\"prompt {number}\"}}}}\n"
        )
    };
    let paths: Vec<PathBuf> =
        (0..TRANSCRIPTS).map(|number| bucket.join(format!("s{number}.jsonl"))).collect();
    for path in &paths {
        fs::write(path, line(0))?;
    }
    let catalog = Catalog::new(Places {
        roots: vec![Root { path: root, asked_for: true, is_default: true }],
        cache_dir: None,
        state_dir: None,
    });
    let (sender, events) = mpsc::channel();
    let _watcher = catalog.watch(move |event| {
        let _ = sender.send((Instant::now(), event));
    });
    let mut times = Vec::with_capacity(APPENDS);
    for number in 1..=APPENDS {
        let mut file = OpenOptions::new().append(true).open(&paths[number % TRANSCRIPTS])?;
        file.write_all(line(number).as_bytes())?;
        let written = Instant::now();
        let wanted = format!("prompt {number}");
        loop {
            let (at, event) = events.recv_timeout(Duration::from_secs(10)).map_err(io::Error::other)?;
            if matches!(event, CatalogEvent::Changed { session, .. } if session.title == wanted) {
                times.push(at.saturating_duration_since(written));
                break;
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(times)
}

fn channel() -> Vec<Duration> {
    let (sender, receiver) = mpsc::channel::<Instant>();
    let receiving =
        std::thread::spawn(move || receiver.iter().map(|sent| sent.elapsed()).collect::<Vec<_>>());
    for _ in 0..APPENDS {
        let _ = sender.send(Instant::now());
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(sender);
    receiving.join().unwrap_or_default()
}

fn print_figures(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    println!("{name:<58} median {:.2} ms, p99 {:.2} ms", ms(at(50)), ms(at(99)));
}
