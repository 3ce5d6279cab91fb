//! `orchestra demo`: the whole product on a made-up history and repository, in a folder that goes when it ends.
//!
//! Nothing here imitates a command: the dashboard is `orchestra web`, the agents come from `orchestra spawn`, both run in
//! a made-up world ([`world`]). This process makes that world, holds it, and takes it away, whatever happens meanwhile.

mod told;
mod world;

use std::{
    io::{self, BufRead, BufReader, IsTerminal, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use orchestra_demo::{DemoError, Git, Held, Making, Settings, left_behind, stop_agents};
use serde::Deserialize;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{Context, git, web};
use crate::{cli::DemoArguments, error::Failure, places::Surroundings};
use world::World;

/// What the agents are asked, and how each is set.
const AGENTS: [(&[&str], &[&str]); 8] = [
    (&["--permission-mode", "acceptEdits"], &["build auth"]),
    (&["--model", "sonnet"], &["write tests"]),
    (&["--permission-mode", "plan"], &["optimise queries"]),
    (&["--permission-mode", "bypassPermissions", "--model", "haiku"], &["update the docs"]),
    (&["--permission-mode", "bypassPermissions"], &["find the flaky test"]),
    (
        &["--permission-mode", "bypassPermissions", "--attempts", "2", "--check", "./test.sh"],
        &["show prices by the kilo"],
    ),
    (&["--permission-mode", "bypassPermissions"], &["prepare the release"]),
    (
        &["--permission-mode", "bypassPermissions", "--max-parallel", "1"],
        &["translate the shop into German", "add a dark theme"],
    ),
];
/// How long the dashboard may take to end.
const UNTIL_ENDED: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(20);

/// What may happen while the demo runs.
enum Event {
    /// The system, or a person with Ctrl-C, wants it to end.
    Signal(i32),
    /// The dashboard has a link.
    Link(Link),
    /// The dashboard has ended.
    WebEnded,
    /// The shell has ended.
    ShellEnded,
}

/// Where the dashboard is, as it says itself.
#[derive(Clone, Debug, Deserialize)]
struct Link {
    url: String,
    pairing_url: String,
}

/// Makes the demo, shows it, and takes it away.
pub(super) fn run(context: &Context, arguments: &DemoArguments) -> Result<(), Failure> {
    let (sender, events) = channel();
    // Before anything is made: from here on no signal leaves something behind.
    listen_for_signals(&sender)?;
    take_away_what_is_left(context);
    let making = Making {
        git: Git {
            program: git::program(&context.surroundings)?,
            path: context.surroundings.path.clone().unwrap_or_default(),
        },
        program: World::this_program()?,
        now: context.now.clone(),
        settings: Settings { speed: arguments.speed, ..Settings::default() },
    };
    let held = match &arguments.keep {
        Some(folder) => Held::keep(folder, &making),
        None => Held::create(&context.surroundings.temporary, &making),
    };
    let held = held.map_err(|error| not_made(&error))?;
    let world = World::new(&context.surroundings, held.stage(), making.program);
    let mut web = None;
    let shown = show(context, arguments, &world, held.is_new(), &mut web, (&sender, &events));
    let ended = end(context, held, web);
    shown.and(ended)
}

fn not_made(error: &DemoError) -> Failure {
    let hint = match error {
        DemoError::NotEmpty { .. } => "name a folder that is new, or one that an earlier demo kept",
        DemoError::Taken { .. } => "end that one first, or name another folder",
        DemoError::Git(_) => "does git work here? `git --version` says so",
        _ => "TMPDIR names another folder for what does not stay; --keep takes a folder of yours",
    };
    Failure::new(error.to_string()).hint(hint)
}

fn listen_for_signals(events: &Sender<Event>) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::new(format!("signals cannot be listened for: {error}")))?;
    let events = events.clone();
    thread::spawn(move || {
        for signal in signals.forever() {
            // The first ends the demo; while it ends, others are heard and not heeded.
            let _ = events.send(Event::Signal(signal));
        }
    });
    Ok(())
}

/// Takes away what demos left behind that were killed.
fn take_away_what_is_left(context: &Context) {
    for left in left_behind(&context.surroundings.temporary) {
        let folder = left.stage().folder().display().to_string();
        match stop_agents(&left.stage().state()).and_then(|()| left.end()) {
            Ok(()) => {
                context.words.murmur(&format!("A demo that was killed had left {folder}; it is gone now."))
            }
            Err(error) => context.words.warn(&format!("an earlier demo left something behind: {error}")),
        }
    }
}

/// Shows the demo until somebody wants it to end.
fn show(
    context: &Context,
    arguments: &DemoArguments,
    world: &World,
    is_new: bool,
    web: &mut Option<Web>,
    (sender, events): (&Sender<Event>, &Receiver<Event>),
) -> Result<(), Failure> {
    let mut link = None;
    if !arguments.no_web {
        let started = Web::start(world, arguments, sender)?;
        web.replace(started);
        link = match events.recv() {
            Ok(Event::Link(link)) => Some(link),
            Ok(Event::WebEnded) => return Err(Failure::new("the dashboard did not start")),
            _ => return Ok(()),
        };
    }
    if is_new {
        for (options, tasks) in AGENTS {
            spawn(world, options, tasks)?;
            if events.try_recv().is_ok() {
                return Ok(());
            }
        }
    }
    told::introduce(context, arguments, world, link.as_ref())?;
    if let Some(link) = link.as_ref().filter(|_| arguments.open) {
        web::open_in_browser(&link.pairing_url, context.words);
    }
    if arguments.shell {
        open_shell(context, world, sender)?;
    } else if let Some(input) = web.as_ref().and_then(|web| web.input.clone()) {
        offer_more_links(input);
    }
    for event in events {
        match event {
            // In a shell Ctrl-C is the shell's.
            Event::Signal(SIGINT) if arguments.shell => {}
            Event::Signal(_) | Event::ShellEnded => return Ok(()),
            Event::Link(link) => told::another_link(context, &link.pairing_url),
            Event::WebEnded => return Err(Failure::new("the dashboard ended by itself")),
        }
    }
    Ok(())
}

/// Lets agents begin, as a person would.
fn spawn(world: &World, options: &[&str], tasks: &[&str]) -> Result<(), Failure> {
    let mut command = world.orchestra();
    command.args(["spawn", "--trust", "--json"]).args(options).arg("--").args(tasks);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new(format!("the agents cannot be started: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("an agent of the demo did not start: {}", words.trim())))
}

/// The dashboard, held by this process: should it be killed, its input ends, and it ends with it.
struct Web {
    process: Child,
    /// Open for as long as this process lives.
    input: Option<Arc<ChildStdin>>,
}

impl Web {
    fn start(world: &World, arguments: &DemoArguments, events: &Sender<Event>) -> Result<Self, Failure> {
        let mut command = world.orchestra();
        command.args(["web", "--held"]);
        if let Some(address) = arguments.addr {
            command.arg("--addr").arg(address.to_string());
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("the dashboard cannot be started: {error}")))?;
        let (input, output) = (process.stdin.take().map(Arc::new), process.stdout.take());
        let events = events.clone();
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
            for link in lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()) {
                let _ = events.send(Event::Link(link));
            }
            let _ = events.send(Event::WebEnded);
        });
        Ok(Self { process, input })
    }

    /// Lets it end.
    fn end(mut self) {
        let process = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        let until = Instant::now() + UNTIL_ENDED;
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() >= until {
                let _ = self.process.kill();
            }
            thread::sleep(LOOK);
        }
    }
}

/// A new link for each line from the terminal.
fn offer_more_links(web: Arc<ChildStdin>) {
    if io::stdin().is_terminal() {
        thread::spawn(move || {
            let asked = |_| (&*web).write_all(b"\n");
            drop(io::stdin().lock().lines().map_while(Result::ok).try_for_each(asked));
        });
    }
}

/// A shell in which the commands mean the demo.
fn open_shell(context: &Context, world: &World, events: &Sender<Event>) -> Result<(), Failure> {
    let shell = context.surroundings.shell.clone().unwrap_or_else(|| "/bin/sh".into());
    let mut command = Command::new(&shell);
    command.current_dir(world.repository()).envs(world.variables());
    let mut shell = command
        .spawn()
        .map_err(|error| Failure::new(format!("{} cannot be started: {error}", shell.display())))?;
    let events = events.clone();
    thread::spawn(move || {
        let _ = shell.wait();
        let _ = events.send(Event::ShellEnded);
    });
    Ok(())
}

/// Ends what runs, then takes the folder away.
fn end(context: &Context, held: Held, web: Option<Web>) -> Result<(), Failure> {
    let state = held.stage().state();
    let folder = held.stage().folder().display().to_string();
    let how_far = || Some("Stopping the agents…".to_owned());
    let ended = context.words.while_working(how_far, || {
        if let Some(web) = web {
            web.end();
        }
        stop_agents(&state).and_then(|()| held.end())
    });
    ended.map_err(|error| {
        Failure::new(error.to_string())
            .hint(format!("{folder} holds all of the demo; see what still uses it"))
    })
}
