//! The demo, run by the built program: what it shows, what its scripted client does, and that nothing of it stays.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take here; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(90);
/// So fast that nobody waits for a word.
const FAST: &str = "1000";

/// A demo that runs, in a home and a temporary folder of its own.
struct Demo {
    place: TempDir,
    process: Child,
    told: Value,
}

fn command(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchestra"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", place.join("home"))
        .env("TMPDIR", place.join("tmp"))
        .current_dir(place)
        .stdin(Stdio::null());
    command
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        for name in ["home", "tmp"] {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        Self::start_in(place, arguments)
    }

    fn start_in(place: TempDir, arguments: &[&str]) -> Self {
        let mut all = vec!["demo", "--json"];
        all.extend(arguments);
        let mut process = command(place.path(), &all).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap();
        Self { place, process, told }
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(self.told["folder"].as_str().unwrap())
    }

    /// A command that means the demo, as somebody types it in a second terminal.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let env: BTreeMap<String, String> = serde_json::from_value(self.told["env"].clone()).unwrap();
        let mut command = command(self.place.path(), arguments);
        command.envs(env).current_dir(self.told["repository"].as_str().unwrap());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let (code, out, words) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {words}");
        out
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    #[track_caller]
    fn wait(&self, name: &str, state: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let agent = self.json(&["status", name, "--json"])["agents"][0].clone();
            if agent["state"] == state {
                return agent;
            }
            assert!(Instant::now() < until, "{agent:#}\n{}", self.ok(&["logs", name]));
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Ends it, and sees that nothing is left: no file, no process.
    #[track_caller]
    fn end(mut self, signal: Signal) {
        let folder = self.folder();
        self.signal(signal);
        assert!(self.process.wait().unwrap().success());
        assert_eq!(processes_of(&folder), Vec::<String>::new());
        assert_eq!(files_in(&self.place.path().join("tmp")), Vec::<PathBuf>::new());
        assert_eq!(files_in(&self.place.path().join("home")), Vec::<PathBuf>::new());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // A test that failed leaves no demo behind.
        if matches!(self.process.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
            drop(self.process.wait());
        }
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// What runs with a folder in its command line or its environment.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| {
            String::from_utf8_lossy(&fs::read(process.path().join(name)).unwrap_or_default())
                .replace('\0', " ")
        };
        let (line, environment) = (read("cmdline"), read("environ"));
        if line.contains(folder) || environment.contains(folder) {
            found.push(line);
        }
    }
    found
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "{what} does not come to hold");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn it_shows_everything_and_leaves_nothing_behind() {
    let demo = Demo::start(&["--addr", "0", "--speed", FAST]);
    let url = demo.told["url"].as_str().unwrap();
    let address = url.strip_prefix("http://").unwrap().strip_suffix('/').unwrap();
    assert!(demo.told["pairing_url"].as_str().unwrap().starts_with(&format!("{url}pair?code=")));
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");

    let sessions = demo.json(&["sessions", "--all", "--json"]);
    let titles: Vec<&str> = sessions["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["title"].as_str().unwrap())
        .collect();
    assert!(titles.len() > 28 && titles.contains(&"Refund only what was paid"), "{titles:?}");
    assert_eq!(sessions["problems"], serde_json::json!([]));
    let agents = demo.json(&["status", "--json"]);
    assert!(agents["agents"].as_array().unwrap().len() >= 10, "{agents:#}");
    let refund = demo.json(&["sessions", "refund", "--all", "--json"])["sessions"][0]["id"].clone();
    assert!(demo.ok(&["show", refund.as_str().unwrap()]).contains("Twelve cents smells of rounding"));
    demo.end(Signal::INT);
}

#[test]
fn agents_ask_wait_fail_and_are_merged() {
    let demo = Demo::start(&["--no-web", "--speed", FAST]);
    assert_eq!(demo.told["url"], Value::Null);

    let auth = demo.wait("build-auth", "waiting");
    assert_eq!(
        (&auth["attention"]["kind"], &auth["requests"][0]["summary"]),
        (&"permission".into(), &"./test.sh".into())
    );
    demo.ok(&["answer", "build-auth", "allow"]);
    demo.wait("build-auth", "idle");
    assert!(
        demo.ok(&["logs", "build-auth"]).contains("ok    every route has its handler"),
        "{}",
        demo.ok(&["logs", "build-auth"])
    );
    let changed = demo.json(&["diff", "build-auth", "--json"]);
    let paths: Vec<&str> =
        changed["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, [".env.example", "src/auth.ts", "src/config.ts", "src/routes.ts"]);

    // A question, then leave for an edit, which is given for good.
    let tests = demo.wait("write-tests", "waiting");
    assert_eq!(tests["attention"]["kind"], "question");
    demo.ok(&["answer", "write-tests", "2"]);
    until("the next request", || {
        demo.json(&["status", "write-tests", "--json"])["agents"][0]["requests"][0]["tool"] == "Write"
    });
    demo.ok(&["answer", "write-tests", "allow", "--always"]);
    until("the last request", || {
        demo.json(&["status", "write-tests", "--json"])["agents"][0]["requests"][0]["tool"] == "Bash"
    });
    demo.ok(&["answer", "write-tests", "deny", "--message", "run them in CI"]);
    demo.wait("write-tests", "idle");
    let log = demo.ok(&["logs", "write-tests"]);
    assert!(
        log.contains("**Postgres** it is") && log.contains("I have not run them. run them in CI"),
        "{log}"
    );

    // A plan, then work that does not fit the other's.
    let plan = demo.wait("optimise-queries", "waiting");
    assert_eq!(plan["attention"]["kind"], "plan");
    demo.ok(&["answer", "optimise-queries", "allow"]);
    until("the request behind the plan", || {
        demo.json(&["status", "optimise-queries", "--json"])["agents"][0]["requests"][0]["tool"] == "Bash"
    });
    demo.ok(&["answer", "optimise-queries", "allow", "--always"]);
    demo.wait("optimise-queries", "idle");

    demo.wait("update-the-docs", "idle");
    assert!(demo.ok(&["logs", "update-the-docs"]).contains("Docs: all routes"));
    let failed = demo.wait("find-the-flaky-test", "failed");
    assert!(failed["failure"].as_str().unwrap().contains("Internal server error"), "{failed:#}");
    demo.wait("add-a-dark-theme", "done");

    demo.ok(&["merge", "build-auth"]);
    let (code, _, words) = demo.run(&["merge", "optimise-queries"]);
    assert_eq!((code, words.contains("src/routes.ts")), (1, true), "{words}");
    demo.end(Signal::TERM);
}

#[test]
fn a_conversation_goes_on_after_its_end_and_its_transcript_holds_all_of_it() {
    let demo = Demo::start(&["--no-web", "--speed", FAST]);
    let docs = demo.wait("update-the-docs", "idle");
    demo.ok(&["send", "update-the-docs", "also the texts"]);
    until("a second turn", || demo.json(&["status", "update-the-docs", "--json"])["agents"][0]["turns"] == 2);
    demo.ok(&["stop", "update-the-docs"]);
    // Resumed: another process goes on with the same session.
    demo.ok(&["send", "update-the-docs", "and once more"]);
    until("a third turn", || demo.json(&["status", "update-the-docs", "--json"])["agents"][0]["turns"] == 3);
    let shown = demo.json(&["show", docs["session_id"].as_str().unwrap(), "--json"]);
    let text = shown.to_string();
    for words in ["update the docs", "also the texts", "and once more", "Committed on my branch"] {
        assert!(text.contains(words), "{words}: {shown:#}");
    }
    assert!(text.contains("\"old_start\":"), "changes are there with their lines");
    let sessions = demo.json(&["sessions", "--all", "--kind", "agent", "--json"]);
    assert!(sessions["sessions"].as_array().unwrap().iter().any(|session| session["id"]
        == docs["session_id"]
        && session["damaged_lines"] == 0
        && session["project"] == "shop"
        && session["agent"] == docs["id"]));
    // One that failed goes on where it was cut off, and a session of the history as a copy.
    demo.ok(&["send", "find-the-flaky-test", "try again"]);
    until("its second turn", || {
        demo.ok(&["logs", "find-the-flaky-test"]).contains("no longer depends on where the server stands")
    });
    let refund = demo.json(&["sessions", "refund", "--all", "--json"])["sessions"][0]["id"].clone();
    let task = [
        "spawn",
        "--json",
        "--permission-mode",
        "bypassPermissions",
        "--session",
        refund.as_str().unwrap(),
        "what else?",
    ];
    let copy = demo.json(&task)["agents"][0].clone();
    demo.wait(copy["name"].as_str().unwrap(), "idle");
    let shown = demo.json(&["show", copy["session_id"].as_str().unwrap(), "--json"]).to_string();
    assert!(shown.contains("Twelve cents smells of rounding") && shown.contains("notes/what-else.md"));
    demo.end(Signal::TERM);
}

#[test]
fn a_turn_is_interrupted_and_gone_on_with() {
    let demo = Demo::start(&["--no-web"]);
    let name = "translate-the-shop-into";
    demo.wait(name, "running");
    let queued = demo.json(&["status", "add-a-dark-theme", "--json"])["agents"][0]["state"].clone();
    assert_eq!(queued, "queued");
    demo.ok(&["send", name, "--model", "haiku", "--permission-mode", "acceptEdits"]);
    demo.ok(&["send", name, "go on"]);
    demo.ok(&["interrupt", name]);
    until("it goes on", || demo.ok(&["logs", name]).contains("Going on where I was"));
    let agent = demo.wait(name, "running");
    assert_eq!((&agent["permission_mode"], &agent["turns"]), (&"acceptEdits".into(), &1.into()), "{agent:#}");
    demo.end(Signal::HUP);
}

#[test]
fn what_a_killed_demo_leaves_ends_by_itself_and_is_taken_away_by_the_next() {
    let mut demo = Demo::start(&["--addr", "0", "--speed", FAST]);
    let folder = demo.folder();
    demo.wait("build-auth", "waiting");
    demo.signal(Signal::KILL);
    demo.process.wait().unwrap();
    until("its processes end", || processes_of(&folder).is_empty());
    assert!(folder.exists());
    let place = std::mem::replace(&mut demo.place, tempfile::tempdir().unwrap());
    let next = Demo::start_in(place, &["--no-web", "--speed", FAST]);
    assert!(!folder.exists() && next.folder() != folder);
    next.end(Signal::TERM);
}

#[test]
fn the_client_alone_does_nothing() {
    let place = tempfile::tempdir().unwrap();
    let client = place.path().join("claude");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_orchestra"), &client).unwrap();
    let said = |arguments: &[&str]| {
        let output = Command::new(&client)
            .args(arguments)
            .env_clear()
            .env("HOME", place.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(said(&["--version"]).starts_with("2."));
    assert!(said(&[]).contains("scripted client"));
    assert!(said(&["-p", "--session-id=11111111-1111-4111-8111-111111111111"]).contains("scripted client"));
    assert_eq!(files_in(place.path()), [client]);
}
