//! The figures of the dashboard, each beside what is meant and a reference of the same run.
//!
//! One server with a long history and twenty agents answers many connections, then keeps many listeners that hear nothing,
//! then tells what ten agents write; a browser of a phone's size measures the last up to the pixel.

mod browser;
mod load;
mod server;
mod streams;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use orchestra_fake_claude::home::{Failure, Home};
use serde_json::Value;

use crate::{
    Programs,
    measure::{percentile, row},
};
use load::{Served, serve};
use server::{Line, Server, Visitor};
use streams::{Listeners, follow, keep_connections};

/// Agents of the machine.
const AGENTS: usize = 20;
/// Those of them that write.
const WRITERS: usize = 10;
/// What is sent as it lies there.
const FILE: &str = "/icon.svg";
const CONNECTIONS: usize = 50;
const STREAMS: usize = 1_000;
/// The size of the transcript whose page is measured, about that of an afternoon's session, in bytes.
const USUAL_TRANSCRIPT: u64 = 250_000;
/// Descriptors of a connection, a stream and whatever else is open.
const DESCRIPTORS: u64 = 8 * STREAMS as u64;

/// What is measured, and how long.
struct Wish {
    history: PathBuf,
    /// The folder with the browser's part, when there is a browser.
    end_to_end: Option<PathBuf>,
    time: Duration,
    /// Whether only the way to the pixel is measured.
    only_phone: bool,
}

impl Wish {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let (mut history, mut end_to_end, mut time) = (None, None, Duration::from_secs(10));
        let mut only_phone = false;
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            match name.as_str() {
                "--phone" => only_phone = true,
                "--quick" => time = Duration::from_secs(3),
                "--history" => history = rest.next().map(PathBuf::from),
                "--browser" => end_to_end = rest.next().map(PathBuf::from),
                _ => return Err(format!("there is no option {name}")),
            }
        }
        let history = history.ok_or("--history names the folder with sessions")?;
        Ok(Self { history, end_to_end, time, only_phone })
    }
}

pub(crate) fn run(programs: &Programs, arguments: &[String]) -> Result<(), Failure> {
    let wish = Wish::parse(arguments)?;
    raise_descriptors();
    let home = programs.home("shop")?;
    home.git(&home.path("shop"), &["init", "-q", "-b", "main"])?;
    home.git(&home.path("shop"), &["commit", "-q", "--allow-empty", "-m", "first"])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(measure(&home, &wish))
}

/// As many as the system lets this process have: the server that it starts may have as many.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.unwrap_or(u64::MAX);
    if now.current.is_some_and(|current| current < DESCRIPTORS) {
        // When it may not, fewer streams are opened, and that is said.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS.min(most)), ..now });
    }
}

async fn measure(home: &Home, wish: &Wish) -> Result<(), Failure> {
    let transcripts = Transcripts::of(&wish.history)?;
    let agents = start_agents(home)?;
    println!(
        "{:<52} {:>14}   beside it",
        format!("{} sessions, {AGENTS} agents", transcripts.0.len()),
        "Orchestra"
    );
    // Each part has a server of its own: what one part took and gave back is no figure of the next.
    if !wish.only_phone {
        without_browser(home, wish, &transcripts, &agents).await?;
    }
    let (mut server, _) = start(home, wish).await?;
    match &wish.end_to_end {
        Some(folder) => browser::measure(home, &mut server, folder, &agents, wish),
        None => {
            println!("There is no Chromium here: the way to the pixel is not measured.");
            Ok(())
        }
    }
}

async fn without_browser(
    home: &Home,
    wish: &Wish,
    transcripts: &Transcripts,
    agents: &[Known],
) -> Result<(), Failure> {
    let (server, visitor) = start(home, wish).await?;
    memory(&server, &visitor, transcripts, agents).await?;
    pages(&server, &visitor, &transcripts.page_of(transcripts.usual()), wish.time).await?;
    drop(server);
    let (server, visitor) = start(home, wish).await?;
    idle(&server, &visitor).await?;
    drop(server);
    let (_server, visitor) = start(home, wish).await?;
    events(home, &visitor, agents, wish.time).await
}

async fn start(home: &Home, wish: &Wish) -> Result<(Server, Visitor), Failure> {
    let mut server = Server::start(home, &wish.history)?;
    let visitor = Visitor::pair(&server.new_link()?).await?;
    Ok((server, visitor))
}

/// The transcripts of a history with their sizes, the smallest first.
struct Transcripts(Vec<(u64, PathBuf)>);

impl Transcripts {
    fn of(history: &Path) -> Result<Self, Failure> {
        let projects = fs::read_dir(history.join("projects")).map_err(|error| error.to_string())?;
        let files =
            projects.flatten().filter_map(|bucket| fs::read_dir(bucket.path()).ok()).flatten().flatten();
        let sizes = files.filter_map(|file| Some((file.metadata().ok()?.len(), file.path())));
        let mut sizes: Vec<_> = sizes.collect();
        sizes.sort();
        if sizes.is_empty() { Err("the history is empty".to_owned()) } else { Ok(Self(sizes)) }
    }

    /// The place of the one of a usual size.
    fn usual(&self) -> usize {
        self.0.partition_point(|(size, _)| *size < USUAL_TRANSCRIPT).min(self.0.len() - 1)
    }

    fn page_of(&self, place: usize) -> String {
        let id = self.0.get(place).and_then(|(_, path)| path.file_stem()).unwrap_or_default();
        format!("/sessions/{}", id.display())
    }
}

/// How an agent is called.
#[derive(Debug)]
struct Known {
    name: String,
    id: String,
    session: String,
}

/// Starts the agents, which then have nothing to do; answers how they are called.
fn start_agents(home: &Home) -> Result<Vec<Known>, Failure> {
    for number in 0..AGENTS {
        home.spawn(&[], &format!("Agent {number}"), "::say Begun.\n::write begun.txt yes")?;
    }
    let said = home.run(&["status", "--json"])?;
    let status: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
    let agents = status["agents"].as_array().cloned().unwrap_or_default();
    let text = |agent: &Value, name: &str| agent[name].as_str().unwrap_or_default().to_owned();
    Ok(agents
        .iter()
        .map(|agent| Known {
            name: text(agent, "name"),
            id: text(agent, "id"),
            session: text(agent, "session_id"),
        })
        .collect())
}

/// What the server holds when everything has been looked at, one page after the other.
async fn memory(
    server: &Server,
    visitor: &Visitor,
    transcripts: &Transcripts,
    agents: &[Known],
) -> Result<(), Failure> {
    let fresh = server.memory();
    let mut line = Line::open(visitor).await?;
    let lists = [
        "/",
        "/sessions",
        "/sessions?since=all",
        "/sessions?since=all&q=merge",
        "/projects",
        "/new",
        "/settings",
    ];
    for page in lists {
        line.load(page).await?;
    }
    for Known { id, .. } in agents {
        line.load(&format!("/agents/{id}")).await?;
    }
    for place in (1..=10).map(|part| (transcripts.0.len() - 1) * part / 10) {
        line.load(&transcripts.page_of(place)).await?;
    }
    let now = server.memory();
    row(
        "memory of the server, every page looked at",
        &format!("{:.1} MB", now.resident),
        &format!("its part {:.1} MB; when just started {:.1} MB; meant: 40 MB", now.part, fresh.resident),
    );
    Ok(())
}

/// Pages at fifty connections, beside a file of the same server that is sent as it is.
async fn pages(server: &Server, visitor: &Visitor, transcript: &str, time: Duration) -> Result<(), Failure> {
    let print = |what: &str, served: &Served| {
        let Served { rate, bytes, work, .. } = served;
        let (median, high) = (served.median(), served.high());
        let kb = *bytes as f64 / 1e3;
        row(
            &format!("{what}, {CONNECTIONS} connections"),
            &format!("{rate:.0} a second"),
            &format!("p50 {median:.1} ms, p99 {high:.1} ms, {work:.2} ms of work and {kb:.0} KB each"),
        );
    };
    print("a file as it is", &serve(server, visitor, FILE, CONNECTIONS, time).await?);
    print("the page Now", &serve(server, visitor, "/", CONNECTIONS, time).await?);
    print("a transcript's page", &serve(server, visitor, transcript, CONNECTIONS, time).await?);
    for (what, page) in [("Now", "/"), ("a transcript's page", transcript)] {
        let alone = serve(server, visitor, page, 1, time / 3).await?;
        row(
            &format!("{what}, one connection"),
            &format!("{:.1} ms", alone.median()),
            &format!("p99 {:.1} ms", alone.high()),
        );
    }
    let now = server.memory();
    row(
        "memory of the server after that",
        &format!("{:.1} MB", now.resident),
        &format!("at most {:.1} MB", server.peak()),
    );
    Ok(())
}

/// Streams that hear nothing, beside connections that only wait.
async fn idle(server: &Server, visitor: &Visitor) -> Result<(), Failure> {
    let each = |before: f64, now: f64, count: usize| (now - before) * 1024.0 / count.max(1) as f64;
    let (some, before) = (Duration::from_secs(2), server.memory().resident);
    let alone = serve(server, visitor, "/", 1, some).await?;
    let lines = keep_connections(visitor, FILE, STREAMS).await?;
    let plain = each(before, server.memory().resident, STREAMS);
    drop(lines);
    let listeners = Listeners::open(visitor, STREAMS).await;
    let listeners = listeners
        .map_err(|why| format!("{STREAMS} streams cannot be opened ({why}); `ulimit -n` may be low"))?;
    let meanwhile = serve(server, visitor, "/", 1, some).await?;
    // Each has been told once that it lives.
    tokio::time::sleep(Duration::from_secs(16)).await;
    let count = listeners.count();
    row(
        &format!("memory of an event stream, {count} that hear nothing"),
        &format!("{:.1} KB", each(before, server.memory().resident, count)),
        &format!("a connection that waits: {plain:.1} KB"),
    );
    row(
        "  the page Now meanwhile",
        &format!("{:.1} ms", meanwhile.median()),
        &format!(
            "p99 {:.1} ms; without them {:.1} ms, p99 {:.1} ms; meant: 50 ms",
            meanwhile.high(),
            alone.median(),
            alone.high()
        ),
    );
    Ok(())
}

/// Has ten agents write twenty times a second for so long, beginning in three seconds: words, and now and then a file.
/// Does not wait until they have heard it.
fn have_written(home: &Home, agents: &[Known], time: Duration) -> Result<Vec<Child>, Failure> {
    let piece = "::tick 100 50\n::write notes.txt more\nSo far, so good.\n";
    let pieces = usize::try_from(time.as_secs() / 5).unwrap_or(1).max(1);
    let task = format!("::sleep 3000\n{}", piece.repeat(pieces));
    let send = |Known { name, .. }: &Known| {
        let sending = home.command(&["send", "--json", name, &task]).stdout(Stdio::null()).spawn();
        sending.map_err(|error| error.to_string())
    };
    agents.iter().take(WRITERS).map(send).collect()
}

/// Waits until messages are on their way.
fn are_sent(sending: Vec<Child>) -> Result<(), Failure> {
    for mut one in sending {
        let status = one.wait().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err("a message was not sent".to_owned());
        }
    }
    Ok(())
}

/// From a client's write to a listener, beside a request of the same moments.
async fn events(home: &Home, visitor: &Visitor, agents: &[Known], time: Duration) -> Result<(), Failure> {
    let time = time * 2;
    let listening = tokio::spawn({
        let visitor = visitor.clone();
        async move { follow(&visitor, time).await }
    });
    tokio::task::yield_now().await;
    let sending = have_written(home, agents, time + Duration::from_secs(5))?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut line = Line::open(visitor).await?;
    let mut asked = Vec::new();
    while !listening.is_finished() {
        let begin = tokio::time::Instant::now();
        line.load(FILE).await?;
        asked.push(begin.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    asked.sort_by(f64::total_cmp);
    let times = listening.await.map_err(|error| error.to_string())??;
    are_sent(sending)?;
    row(
        &format!("a line to a listener, {WRITERS} agents, 20 a second each"),
        &format!("{:.1} ms", percentile(&times, 50)),
        &format!(
            "p99 {:.1} ms of {} lines; a request meanwhile: {:.1} ms, p99 {:.1} ms",
            percentile(&times, 99),
            times.len(),
            percentile(&asked, 50),
            percentile(&asked, 99)
        ),
    );
    Ok(())
}
