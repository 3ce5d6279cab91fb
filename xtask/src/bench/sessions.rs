//! `cargo xtask bench sessions`: listing, the server's start, and the reading of a transcript.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::history::{self, Options};
use super::measure::{self, Run};
use crate::failure::Failure;
use crate::process;
use crate::project::Project;
use crate::start;

pub(super) fn bench(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    let options = Options::parse(arguments, &[2_000, 10_000])?;
    let program = start::build(project)?;
    for &sessions in &options.sessions {
        let folder = options.folder(sessions)?;
        let bench = Bench { program: &program, folder: folder.path(), runs: options.runs };
        history::make(folder.path(), sessions, options.seed)?;
        bench.listings()?;
        bench.server_start()?;
        bench.whole_transcript(project)?;
    }
    println!();
    process::run("the engine's watch example", &mut example(project, "watch"))
}

/// A program of the engine's that measures what only the inside can see.
fn example(project: &Project, name: &str) -> Command {
    let mut command = process::cargo();
    command.current_dir(&project.root).args(["run", "--release", "--quiet"]);
    command.args(["--package", "orchestra-core", "--example", name, "--"]);
    command
}

struct Bench<'a> {
    program: &'a Path,
    folder: &'a Path,
    runs: usize,
}

impl Bench<'_> {
    fn history(&self) -> PathBuf {
        history::root(self.folder)
    }

    fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// The program, seeing only the made-up history.
    fn orchestra(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(arguments)
            .env("CLAUDE_CONFIG_DIR", self.history())
            .env("HOME", self.folder)
            .env("XDG_CACHE_HOME", self.cache())
            .env("XDG_STATE_HOME", self.folder.join("state"))
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env_remove("ORCHESTRA_HOME");
        command
    }

    fn listings(&self) -> Result<(), Failure> {
        println!("{:<58} {:>10} {:>9}", "", "median", "peak");
        let none = |_: &Self| Ok(true);
        let forget = |bench: &Self| bench.forget().map(|()| true);
        let cold = |bench: &Self| Ok(measure::drop_page_cache() && bench.forget().is_ok());
        let cold_cached = |_: &Self| Ok(measure::drop_page_cache());
        let day = ["sessions", "--hours", "24"];
        let all = ["sessions", "--all"];
        self.reference_walk(false)?;
        self.row("24 hours, no cache, warm          (meant: 120 ms)", &day, &forget)?;
        self.row("24 hours, cache, warm", &day, &none)?;
        self.row("everything, no cache, warm", &all, &forget)?;
        self.row("everything, cache, warm           (meant: 90 ms)", &all, &none)?;
        self.row("everything of any kind, cache, warm", &["sessions", "--all", "--kind", "any"], &none)?;
        self.ripgrep(false)?;
        if measure::drop_page_cache() {
            self.reference_walk(true)?;
            self.row("everything, no cache, cold        (meant: 900 ms)", &all, &cold)?;
            self.row("everything, cache, cold", &all, &cold_cached)?;
            self.ripgrep(true)?;
        } else {
            println!("(the page cache may not be dropped here: nothing measured cold)");
        }
        Ok(())
    }

    fn forget(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(self.cache()) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::File { action: "remove", path: self.cache(), source })
            }
            _ => Ok(()),
        }
    }

    fn row(
        &self,
        name: &str,
        arguments: &[&str],
        prepare: &dyn Fn(&Self) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        // One run that does not count: it fills the caches that the row says are full.
        measure::run(&self.orchestra(arguments))?;
        let mut runs = Vec::new();
        for _ in 0..self.runs {
            prepare(self)?;
            runs.push(measure::run(&self.orchestra(arguments))?);
        }
        print_row(name, measure::median(runs));
        Ok(())
    }

    /// What any tool has to do: look at every name and ask for its metadata, on one thread.
    fn reference_walk(&self, cold: bool) -> Result<(), Failure> {
        let projects = self.history().join("projects");
        let mut times = Vec::new();
        let mut files = 0_u64;
        for _ in 0..self.runs {
            if cold {
                measure::drop_page_cache();
            }
            files = 0;
            let begun = Instant::now();
            for bucket in fs::read_dir(&projects).map_err(Failure::file("read", &projects))?.flatten() {
                for entry in fs::read_dir(bucket.path()).map_err(Failure::file("read", &projects))?.flatten()
                {
                    files += u64::from(entry.metadata().is_ok_and(|metadata| metadata.len() > 0));
                }
            }
            times.push(Run { time: begun.elapsed(), peak: 0 });
        }
        let temperature = if cold { "cold" } else { "warm" };
        print_row(&format!("reference: walk and stat {files} files, {temperature}"), measure::median(times));
        Ok(())
    }

    fn ripgrep(&self, cold: bool) -> Result<(), Failure> {
        let search = || {
            let mut command = Command::new("rg");
            command.args(["-c", "\"type\":\"user\""]).arg(self.history());
            command
        };
        if !process::answers(Command::new("rg").arg("--version")) {
            println!("reference: rg -c: ripgrep is not installed");
            return Ok(());
        }
        let mut runs = Vec::new();
        for _ in 0..self.runs.min(3) {
            if cold {
                measure::drop_page_cache();
            }
            runs.push(measure::run(&search())?);
        }
        print_row(
            if cold { "reference: rg -c, cold" } else { "reference: rg -c, warm" },
            measure::median(runs),
        );
        Ok(())
    }

    /// From starting `orchestra web` to the first byte of an answer.
    fn server_start(&self) -> Result<(), Failure> {
        let mut runs = Vec::new();
        for _ in 0..self.runs {
            let begun = Instant::now();
            let mut command = self.orchestra(&["web", "--addr", "127.0.0.1:0"]);
            let mut server = command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .map_err(|source| process::not_started(&command, source))?;
            let answered = server.stdout.take().map_or(Ok(()), |output| first_answer(BufReader::new(output)));
            let time = begun.elapsed();
            let _ = server.kill();
            let _ = server.wait();
            answered?;
            runs.push(Run { time, peak: 0 });
        }
        print_row("server: start to first answer     (meant: 150 ms)", measure::median(runs));
        Ok(())
    }

    /// The largest transcript of the history, read whole by the engine on one core.
    fn whole_transcript(&self, project: &Project) -> Result<(), Failure> {
        let Some(path) = largest(&self.history().join("projects")) else { return Ok(()) };
        println!("\nreading a whole transcript");
        process::run("the engine's parse example", example(project, "parse").arg(&path))
    }
}

fn print_row(name: &str, run: Option<Run>) {
    let Some(run) = run else { return };
    let peak = if run.peak == 0 { "-".to_owned() } else { format!("{:.1} MB", run.peak as f64 / 1e6) };
    println!("{name:<58} {:>7.1} ms {peak:>9}", run.time.as_secs_f64() * 1e3);
}

/// Reads the address that the server prints and asks it for a page.
fn first_answer(output: impl BufRead) -> Result<(), Failure> {
    let broken = |problem: String| Failure::Form { what: "what `orchestra web` printed", problem };
    for line in output.lines() {
        let line = line.map_err(|error| broken(error.to_string()))?;
        let Some((_, after)) = line.split_once("http://") else { continue };
        let address = after.split('/').next().unwrap_or_default();
        let mut stream =
            TcpStream::connect(address).map_err(|error| broken(format!("{address}: {error}")))?;
        let request = format!("GET /pair HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let limit = Some(Duration::from_secs(10));
        let mut first = [0; 12];
        return stream
            .set_read_timeout(limit)
            .and_then(|()| stream.write_all(request.as_bytes()))
            .and_then(|()| stream.read_exact(&mut first))
            .map_err(|error| broken(error.to_string()));
    }
    Err(broken("no address".to_owned()))
}

fn largest(projects: &Path) -> Option<PathBuf> {
    let buckets = fs::read_dir(projects).ok()?.flatten();
    let files = buckets.filter_map(|bucket| fs::read_dir(bucket.path()).ok()).flatten().flatten();
    let sizes = files.filter_map(|file| Some((file.metadata().ok()?.len(), file.path())));
    sizes.max().map(|(_, path)| path)
}
