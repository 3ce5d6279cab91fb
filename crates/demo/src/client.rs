//! The scripted client: it speaks Claude Code's protocol as `claude -p` does, and plays pieces instead of asking a model.
//!
//! What it says is made up; what it does is real: it changes files in the folder that it was started in, runs commands
//! there, asks for leave, and writes its session's transcript into the demo's configuration folder. It serves a demo and
//! nothing else: without the demo's folder it does nothing, and it ends when the demo does.

mod crew;
mod ears;
mod leave;
mod opening;
mod repertoire;
mod turn;
mod voice;

use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, Write},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::{
    Stage,
    piece::Step,
    transcript::{CLIENT_VERSION, Tokens, Transcript},
};
use ears::Heard;
use opening::{Opened, Opening};
use voice::Voice;

/// The model that answers when none is asked for.
const MODEL: &str = "claude-opus-5-5";
/// What is said to whoever starts it in a terminal.
const NO_TERMINAL: &str = "This is the scripted client of `orchestra demo`. It holds no conversation in a terminal; \
                           `orchestra spawn \"build auth\"` lets it work as an agent.";

/// What it was started with.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The demo that it serves, when it could be found.
    pub stage: Option<&'a Stage>,
    /// Its arguments.
    pub arguments: &'a [String],
    /// The folder that it works in.
    pub folder: &'a Path,
}

impl Call<'_> {
    fn has(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| argument == name)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.arguments.iter().rev().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Why a turn does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// A person interrupted it.
    Interrupted,
    /// Nobody is there any more: to answer, or to hold the demo.
    Over,
    /// It failed and ends.
    Failed,
}

/// Plays until the input ends.
///
/// # Errors
/// When the conversation cannot be opened, or a piece ends with a failure; says why.
pub fn play(call: &Call<'_>, input: impl BufRead + Send + 'static, output: impl Write) -> Result<(), String> {
    let mut voice = Voice::new(output);
    if call.has("--version") {
        voice.plain(&format!("{CLIENT_VERSION} (scripted, of orchestra demo)"));
        return Ok(());
    }
    let Some(stage) = call.stage.filter(|_| call.has("-p")) else {
        voice.plain(NO_TERMINAL);
        return Ok(());
    };
    let opened = Opening::of(call).open(&stage.config(), call.folder, stage.settings().seed)?;
    let Opened { transcript, session, first, prompts, random } = opened;
    voice.set_session(&session);
    let (sender, heard) = channel();
    let listener = sender.clone();
    thread::spawn(move || ears::listen(input, &listener));
    let watched = stage.clone();
    thread::spawn(move || ears::watch(&watched, &sender));
    let mut client = Client {
        stage,
        folder: call.folder.to_owned(),
        crew: call.value("--mcp-config").map(PathBuf::from),
        voice,
        heard,
        transcript,
        random,
        mode: call.value("--permission-mode").unwrap_or("default").to_owned(),
        waiting: VecDeque::new(),
        is_input_over: false,
        first,
        prompts,
        rest: Vec::new(),
        rules: leave::kept_rules(stage),
        said: String::new(),
        turn: Tokens::default(),
        cost: 0.0,
        steps: 0,
        number: 0,
    };
    if let Some(model) = call.value("--model") {
        client.set_model(model);
    }
    client.serve()
}

/// The client at work.
struct Client<'a, W> {
    stage: &'a Stage,
    folder: PathBuf,
    /// Where it is written which server has Orchestra's tools.
    crew: Option<PathBuf>,
    voice: Voice<W>,
    heard: Receiver<Heard>,
    transcript: Transcript<File>,
    random: Rng,
    /// How it asks for leave.
    mode: String,
    /// Prompts that came during a turn.
    waiting: VecDeque<String>,
    is_input_over: bool,
    /// What the conversation began with.
    first: Option<String>,
    /// How many prompts it has had.
    prompts: usize,
    /// What an interrupt left undone.
    rest: Vec<Step<'static>>,
    /// What need not be asked any more.
    rules: Vec<String>,
    /// What was said last.
    said: String,
    /// What the turn used so far.
    turn: Tokens,
    /// What everything cost so far, in USD.
    cost: f64,
    /// How many replies the turn has had.
    steps: u32,
    number: u64,
}

impl<W: Write> Client<'_, W> {
    fn serve(&mut self) -> Result<(), String> {
        loop {
            let prompt = match self.waiting.pop_front() {
                Some(prompt) => prompt,
                None if self.is_input_over => return Ok(()),
                None => {
                    let Ok(heard) = self.heard.recv() else { return Ok(()) };
                    match self.attend(heard) {
                        // There is no turn to be interrupted.
                        Ok(()) | Err(Stop::Interrupted) => continue,
                        Err(_) => return Ok(()),
                    }
                }
            };
            match self.play_turn(&prompt) {
                Ok(()) | Err(Stop::Interrupted) => {}
                Err(Stop::Over) => return Ok(()),
                Err(Stop::Failed) => return Err(self.said.clone()),
            }
        }
    }

    /// Does what can be done at any time.
    fn attend(&mut self, heard: Heard) -> Result<(), Stop> {
        match heard {
            Heard::Prompt(prompt) => self.waiting.push_back(prompt),
            Heard::Asked { id, request } => {
                let subtype = request["subtype"].as_str().unwrap_or_default();
                let answer = match subtype {
                    "initialize" => {
                        json!({ "commands": [], "models": [{ "value": MODEL, "displayName": "Scripted" }], "account": {} })
                    }
                    _ => json!({}),
                };
                self.voice.line(&json!({
                    "type": "control_response",
                    "response": { "subtype": "success", "request_id": id, "response": answer },
                }));
                match subtype {
                    "interrupt" => return Err(Stop::Interrupted),
                    "set_permission_mode" => {
                        self.set_mode(request["mode"].as_str().unwrap_or("default"));
                    }
                    "set_model" => self.set_model(request["model"].as_str().unwrap_or(MODEL)),
                    _ => {}
                }
            }
            // Nothing was asked.
            Heard::Answer(_) => {}
            Heard::InputOver => self.is_input_over = true,
            Heard::DemoOver => return Err(Stop::Over),
        }
        Ok(())
    }

    /// Waits so long as a person would see it go by, at the demo's speed; what is heard meanwhile is attended to.
    fn pause(&mut self, seconds: f64) -> Result<(), Stop> {
        let speed = self.stage.settings().speed.max(0.01);
        let until = Instant::now() + Duration::from_secs_f64(seconds / speed);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.heard.recv_timeout(left) {
                Ok(heard) => self.attend(heard)?,
                Err(_) => return Ok(()),
            }
        }
    }

    fn set_mode(&mut self, mode: &str) {
        mode.clone_into(&mut self.mode);
        self.voice.line(&json!({ "type": "system", "subtype": "status", "permissionMode": mode }));
    }

    fn set_model(&mut self, model: &str) {
        // As people shorten it.
        let model = match model {
            "opus" | "default" => MODEL,
            "sonnet" => "claude-sonnet-5-5",
            "haiku" => "claude-haiku-5-5",
            model => model,
        };
        model.clone_into(&mut self.transcript.model);
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.number += 1;
        format!("{kind}-{}-{}", std::process::id(), self.number)
    }
}

/// A text with what a person said in its places.
fn filled(text: &str, of: &[(&str, &str)]) -> String {
    of.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// A text's first line, shortened for a sentence.
fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

/// What a value of a line holds as text.
fn text_in(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        _ => String::new(),
    }
}
