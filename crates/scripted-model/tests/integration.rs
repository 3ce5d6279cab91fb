//! The scripted model over real HTTP, and the real client against it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy knows only the test functions themselves as tests, not their helpers"
)]

use orchestra_scripted_model::{
    Reply, Request, RunningModel, Script, ScriptedModel,
    client::{Client, ClientSandbox, ClientVersion, Terminal},
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(60);
const SESSION: &str = "0b5e3c6e-52f1-4a7e-9c1d-3f1f0a6d2e10";

/// The whole answer to one request, status line and headers included.
fn ask(model: &RunningModel, method: &str, path: &str, body: &str) -> String {
    let address = model.base_url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn turn(prompt: &str) -> String {
    json!({
        "model": "claude-opus-4-8",
        "stream": true,
        "messages": [{"role": "user", "content": prompt}],
        "tools": [{"name": "Bash"}],
    })
    .to_string()
}

#[test]
fn streams_events_over_http() {
    let model = ScriptedModel::start(Script::directives()).unwrap();
    assert!(model.base_url().starts_with("http://127.0.0.1:"));
    let answer = ask(&model, "POST", "/v1/messages?beta=true", &turn("[[bash ls]]"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-type: text/event-stream"), "{answer}");
    let names: Vec<&str> = answer.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, expected);
    assert_eq!(model.turns().len(), 1);
    assert_eq!(model.turns()[0].prompt(), "[[bash ls]]");
}

#[test]
fn answers_the_rest_of_the_api() {
    let model = ScriptedModel::start(Script::replies([Reply::failure(529)])).unwrap();
    let whole = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
    for (method, path, body, status, part) in [
        ("POST", "/v1/messages/count_tokens?beta=true", whole, "200", r#"{"input_tokens":"#),
        ("POST", "/v1/messages", whole, "200", r#""type":"message""#),
        ("POST", "/v1/messages", turn("x").as_str(), "529", "overloaded_error"),
        ("POST", "/v1/messages", "not json", "400", "invalid_request_error"),
        ("GET", "/v1/models", "", "200", r#""data":[]"#),
        ("GET", "/elsewhere", "", "404", "not_found_error"),
        ("HEAD", "/", "", "200", ""),
    ] {
        let answer = ask(&model, method, path, body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {answer}");
        assert!(answer.contains(part), "{method} {path}: {answer}");
    }
    assert_eq!(model.requests().len(), 7);
}

#[test]
fn a_held_reply_waits_for_its_release() {
    let model = ScriptedModel::start(Script::directives()).unwrap();
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| ask(&model, "POST", "/v1/messages", &turn("[[hold gate]] [[say free]]")));
        assert!(model.wait_for(PATIENCE, Request::is_turn).is_some());
        assert!(!answer.is_finished());
        model.release("gate");
        assert!(answer.join().unwrap().contains("free"));
    });
}

#[test]
fn ending_the_model_cuts_what_waits() {
    let model = ScriptedModel::start(Script::directives()).unwrap();
    let address = model.base_url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    let body = turn("[[hold for ever]]");
    write!(stream, "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    assert!(model.wait_for(PATIENCE, Request::is_turn).is_some());
    model.shutdown();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(TcpStream::connect(&address).is_err());
}

/// Runs a check with each installed client; where one may be missing, says that it was left out.
fn with_each_client(check: impl Fn(&Client)) {
    for version in ClientVersion::ALL {
        match version.for_test().unwrap_or_else(|error| panic!("{error}")) {
            Some(client) => check(&client),
            None => eprintln!("left out: Claude Code {version} is not installed (npm ci in end2end/clients)"),
        }
    }
}

fn start() -> (RunningModel, ClientSandbox) {
    let model = ScriptedModel::start(Script::directives()).unwrap();
    let sandbox = ClientSandbox::new(model.base_url()).unwrap();
    (model, sandbox)
}

fn run(sandbox: &ClientSandbox, client: &Client, cwd: &Path, resume: bool, prompt: &str) -> Value {
    let run = sandbox.headless(client, cwd).permission_mode("acceptEdits").allow_tools("Bash");
    let run = if resume { run.resume(SESSION) } else { run.session_id(SESSION) };
    let finished = run.run(prompt).unwrap();
    assert!(finished.succeeded(), "{}: {finished:?}", client.version);
    finished.result()
}

/// The text blocks and tool names of the assistant lines, the prompts, and the tool results, in file order.
fn story(lines: &[Value]) -> Vec<String> {
    let mut story = Vec::new();
    for line in lines {
        let content = &line["message"]["content"];
        match (line["type"].as_str(), content) {
            (Some("user"), Value::String(prompt)) => story.push(format!("prompt {}", prompt.trim())),
            (Some("user" | "assistant"), Value::Array(blocks)) => {
                story.extend(blocks.iter().map(|block| match block["type"].as_str() {
                    Some("text") => format!("text {}", block["text"].as_str().unwrap()),
                    Some("tool_use") => format!("tool {}", block["name"].as_str().unwrap()),
                    Some("tool_result") => format!("result error={}", block["is_error"] == true),
                    other => format!("{other:?}"),
                }));
            }
            _ => {}
        }
    }
    story
}

#[test]
fn the_client_does_a_turn_of_two_tools_and_resumes_it() {
    with_each_client(|client| {
        let (model, sandbox) = start();
        let shop = sandbox.folder("shop").unwrap();
        let file = shop.join("cart.rs");
        let first = format!("Add a cart. [[write {} pub struct Cart;]] [[bash ls -1]]", file.display());
        let result = run(&sandbox, client, &shop, false, &first);
        assert_eq!(result["session_id"], SESSION);
        assert_eq!(result["result"], "Done: the task is complete.");
        assert_eq!(std::fs::read_to_string(&file).unwrap().trim_end(), "pub struct Cart;");
        assert_eq!(model.turns().len(), 3, "{}", client.version);

        let [transcript] = sandbox.transcripts(SESSION).try_into().unwrap();
        let lines = sandbox.transcript_lines(SESSION);
        let expected = [
            format!("prompt {first}"),
            "text I will write the file.".to_owned(),
            "tool Write".to_owned(),
            "result error=false".to_owned(),
            "tool Bash".to_owned(),
            "result error=false".to_owned(),
            "text Done: the task is complete.".to_owned(),
        ];
        assert_eq!(story(&lines), expected, "{}", client.version);
        let prompt = lines.iter().find(|line| line["type"] == "user").unwrap();
        assert_eq!(prompt["cwd"], shop.to_str().unwrap());
        assert_eq!(prompt["version"], client.version.as_str());

        run(&sandbox, client, &shop, true, "And now? [[say Nothing is left.]]");
        assert_eq!(sandbox.transcripts(SESSION), [transcript]);
        let lines = sandbox.transcript_lines(SESSION);
        let resumed = [
            expected.as_slice(),
            &["prompt And now? [[say Nothing is left.]]".to_owned(), "text Nothing is left.".to_owned()],
        ]
        .concat();
        assert_eq!(story(&lines), resumed, "{}", client.version);
        sandbox.close().unwrap();
    });
}

#[test]
fn the_client_tries_again_after_a_refusal() {
    with_each_client(|client| {
        let (model, sandbox) = start();
        let shop = sandbox.folder("shop").unwrap();
        let result = run(&sandbox, client, &shop, false, "[[fail 529]] [[think hm]] [[say Up again.]]");
        assert_eq!(result["result"], "Up again.");
        assert_eq!(model.turns().len(), 2, "{}", client.version);
    });
}

#[test]
fn the_client_runs_a_subagent() {
    with_each_client(|client| {
        let (_model, sandbox) = start();
        let shop = sandbox.folder("shop").unwrap();
        run(&sandbox, client, &shop, false, "Look around. [[agent List the files {{bash ls -1}}]]");
        let told = story(&sandbox.transcript_lines(SESSION));
        assert_eq!(told[1..], ["tool Agent", "result error=false", "text Done: the task is complete."]);

        let [transcript] = sandbox.transcripts(SESSION).try_into().unwrap();
        let files: Vec<PathBuf> = std::fs::read_dir(transcript.with_extension("").join("subagents"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(files.iter().any(|file| file.to_string_lossy().ends_with(".meta.json")), "{files:?}");
        let own = files.iter().find(|file| file.extension().is_some_and(|end| end == "jsonl")).unwrap();
        let own = std::fs::read_to_string(own).unwrap();
        let lines: Vec<Value> = own.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let expected = [
            "prompt List the files {{bash ls -1}}",
            "tool Bash",
            "result error=false",
            "text Done: the task is complete.",
        ];
        assert_eq!(story(&lines), expected, "{}", client.version);
    });
}

#[test]
fn a_client_that_is_killed_leaves_its_record_behind() {
    with_each_client(|client| {
        let (model, sandbox) = start();
        let shop = sandbox.folder("shop").unwrap();
        let run = sandbox.headless(client, &shop).session_id(SESSION).start("Wait. [[hold gate]]").unwrap();
        assert!(model.wait_for(PATIENCE, Request::is_turn).is_some(), "{}", client.version);
        let record = sandbox.claude_folder().join("sessions").join(format!("{}.json", run.id()));
        run.kill();
        let record: Value = serde_json::from_str(&std::fs::read_to_string(record).unwrap()).unwrap();
        assert_eq!(record["sessionId"], SESSION, "{}", client.version);
    });
}

#[test]
fn a_client_in_a_terminal_starts_at_its_prompt() {
    with_each_client(|client| {
        let (model, sandbox) = start();
        let shop = sandbox.folder("shop").unwrap();
        sandbox.prepare_terminal(&[&shop]).unwrap();
        let mut command = sandbox.command(client, &shop);
        command.arg("--session-id").arg(SESSION);
        let mut terminal = Terminal::start(command).unwrap();
        terminal.wait_for("❯").unwrap();
        terminal.send("[[hold gate]] [[slow 3 0]]").unwrap();
        terminal.wait_for("[[slow 3 0]]").unwrap();
        terminal.send("\r").unwrap();
        let asked = model.wait_for(PATIENCE, |request| request.prompt().contains("[[hold gate]]"));
        assert!(asked.is_some(), "{}: {}", client.version, terminal.text());
        let live = sandbox.claude_folder().join("sessions").join(format!("{}.json", terminal.id()));
        assert!(live.is_file(), "{}: no {live:?}", client.version);
        model.release("gate");
        terminal.wait_for("word 3").unwrap();
    });
}
