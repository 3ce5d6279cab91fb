//! `orchestra resume` with the real client at its prompt: the conversation goes on in the same file.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use orchestra_scripted_model::{
    RunningModel, Script, ScriptedModel,
    client::{Client, ClientSandbox, ClientVersion, Terminal},
};

const SESSION: &str = "0b5e3c6e-52f1-4a7e-9c1d-3f1f0a6d2e10";
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a check with each installed client; where one may be missing, says that it was left out.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]
pub(super) fn with_each_client(check: impl Fn(&Client)) {
    for version in ClientVersion::ALL {
        match version.for_test().unwrap_or_else(|error| panic!("{error}")) {
            Some(client) => check(&client),
            None => eprintln!("left out: Claude Code {version} is not installed (npm ci in end2end/clients)"),
        }
    }
}

/// A home with one session of one turn in `shop`, and the client on its path.
fn with_a_session(client: &Client) -> (RunningModel, ClientSandbox) {
    let model = ScriptedModel::start(Script::directives()).unwrap();
    let sandbox = ClientSandbox::new(model.base_url()).unwrap();
    let shop = sandbox.folder("shop").unwrap();
    let run = sandbox.headless(client, &shop).session_id(SESSION).run("Hello [[say First reply.]]").unwrap();
    assert!(run.succeeded(), "{run:?}");
    sandbox.install(client).unwrap();
    (model, sandbox)
}

/// Resumes in a terminal, asks something, and waits until the answer is in the transcript.
fn resume_and_ask(sandbox: &ClientSandbox, client: &Client, from: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchestra"));
    sandbox.apply_to(&mut command);
    command.args(["resume", &SESSION[..8]]).current_dir(from);
    let mut terminal = Terminal::start(command).unwrap();
    terminal.wait_for("First reply.").unwrap_or_else(|error| panic!("{}: {error}", client.version));
    let asked = Instant::now();
    terminal.send("And now? [[say Second reply.]]").unwrap();
    terminal.wait_for("[[say Second reply.]]").unwrap();
    terminal.send("\r").unwrap();
    while !told(sandbox).contains(&"Second reply.".to_owned()) {
        assert!(asked.elapsed() < PATIENCE, "{}: {}", client.version, terminal.text());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The model's words in the session's transcript, in file order.
fn told(sandbox: &ClientSandbox) -> Vec<String> {
    let lines = sandbox.transcript_lines(SESSION);
    let replies = lines.iter().filter(|line| line["type"] == "assistant");
    replies.filter_map(|line| Some(line["message"]["content"][0]["text"].as_str()?.to_owned())).collect()
}

#[test]
fn from_another_folder() {
    with_each_client(|client| {
        let (_model, sandbox) = with_a_session(client);
        let shop = sandbox.folder("shop").unwrap();
        sandbox.prepare_terminal(&[&shop]).unwrap();
        let before = sandbox.transcripts(SESSION);
        let elsewhere = sandbox.folder("elsewhere").unwrap();
        resume_and_ask(&sandbox, client, &elsewhere);
        assert_eq!(sandbox.transcripts(SESSION), before, "{}", client.version);
        assert_eq!(told(&sandbox), ["First reply.", "Second reply."], "{}", client.version);
    });
}

#[test]
fn after_its_folder_is_gone() {
    with_each_client(|client| {
        let (_model, sandbox) = with_a_session(client);
        let shop = sandbox.folder("shop").unwrap();
        fs::remove_dir_all(&shop).unwrap();
        sandbox.prepare_terminal(&[&sandbox.home(), &shop]).unwrap();
        let before = sandbox.transcripts(SESSION);
        let elsewhere = sandbox.folder("elsewhere").unwrap();
        resume_and_ask(&sandbox, client, &elsewhere);
        assert_eq!(sandbox.transcripts(SESSION), before, "{}", client.version);
        assert_eq!(told(&sandbox), ["First reply.", "Second reply."], "{}", client.version);
    });
}
