//! The browser's part: a phone with a slow processor shows an agent that writes. What is done there stands in
//! `end2end/bench/phone.mjs`; here it is started, told when, and what it says is printed.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use orchestra_fake_claude::home::{Failure, Home};
use serde_json::{Value, json};

use super::{Known, Transcripts, Wish, are_sent, have_written, server::Server};
use crate::measure::{now_ns, row};

/// How long agents write beyond what is measured: until each has begun, and between the parts.
const SETTING_UP: Duration = Duration::from_secs(15);

/// The browser with its page, until the value goes.
struct Phone {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Phone {
    fn start(folder: &Path) -> Result<Self, Failure> {
        let mut command = Command::new("node");
        command.arg(folder.join("bench/phone.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("node does not start: {error}"))?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, input, output })
    }

    fn tell(&mut self, what: &Value) -> Result<(), Failure> {
        writeln!(self.input, "{what}").map_err(|error| error.to_string())
    }

    fn hear(&mut self) -> Result<Value, Failure> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        serde_json::from_str(&line).map_err(|_| format!("the browser's part said {line:?}"))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // It has said all, or shall not go on.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A conversation for an agent, in the history until the value goes: the fake client writes none.
struct Conversation(PathBuf);

impl Conversation {
    fn of(session: &str, transcripts: &Transcripts) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| error.to_string();
        let (_, model) = transcripts.0.get(transcripts.usual()).ok_or("no transcript")?;
        let id = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(model).map_err(failed)?.replace(&id, session);
        let path = model.with_file_name(format!("{session}.jsonl"));
        fs::write(&path, text).map_err(failed)?;
        Ok(Self(path))
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// From a client's write to the pixel, and how a page scrolls meanwhile, beside the same page while nobody writes.
pub(super) fn measure(
    home: &Home,
    server: &mut Server,
    folder: &Path,
    agents: &[Known],
    wish: &Wish,
) -> Result<(), Failure> {
    let agent = agents.first().ok_or("no agent")?;
    for Known { name, .. } in agents {
        home.wait(name, |agent| agent["state"] != "running")?;
    }
    let _conversation = Conversation::of(&agent.session, &Transcripts::of(&wish.history)?)?;
    let mut phone = Phone::start(folder)?;
    phone.tell(&json!({
        "link": server.new_link()?,
        "path": format!("/agents/{}", agent.id),
        "clockOffset": clock_offset(),
        "seconds": wish.time.as_secs(),
    }))?;
    let quiet = phone.hear()?;
    are_sent(have_written(home, agents, wish.time * 2 + SETTING_UP)?)?;
    phone.tell(&json!("go"))?;
    let busy = phone.hear()?;
    let pair = |times: &Value| format!("{} ms, p99 {} ms", number(&times["p50"]), number(&times["p99"]));
    row(
        "a line to the pixel, processor 4x slower",
        &format!("{} ms", number(&busy["pixel"]["p50"])),
        &format!(
            "p99 {} ms of {} lines; the page's own words: {}; meant: p99 100 ms",
            number(&busy["pixel"]["p99"]),
            busy["pixel"]["count"],
            pair(&busy["own"])
        ),
    );
    row(
        "  the same while it is scrolled",
        &format!("{} ms", number(&busy["scrollPixel"]["p50"])),
        &format!("p99 {} ms", number(&busy["scrollPixel"]["p99"])),
    );
    row(
        "frames a second while it is scrolled",
        &number(&busy["scrollFrames"]),
        &format!(
            "a frame: {}; while nobody writes {} ({}); meant: 50",
            pair(&busy["scrollFrame"]),
            number(&quiet["scrollFrames"]),
            pair(&quiet["scrollFrame"])
        ),
    );
    row(
        "frames a second at rest",
        &number(&busy["frames"]),
        &format!("while nobody writes {}", number(&quiet["frames"])),
    );
    Ok(())
}

/// What is added to the time of the clients' clock, in ms, to have the browser's: the one that hangs on the wall.
fn clock_offset() -> f64 {
    let wall = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    wall.tv_sec as f64 * 1e3 + wall.tv_nsec as f64 / 1e6 - now_ns() as f64 / 1e6
}

fn number(figure: &Value) -> String {
    figure.as_f64().map_or_else(|| "?".to_owned(), |figure| format!("{figure:.1}"))
}
