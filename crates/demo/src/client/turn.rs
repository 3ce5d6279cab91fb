//! One turn: a piece is played, step by step, at the pace of a person who reads along.

use std::{
    fs,
    io::Write,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Client, Stop, crew, filled, first_line, leave::Verdict, repertoire};
use crate::{
    hands::{self, Place},
    piece::{Change, Kind, Step},
    tools::{self, Answer},
    transcript::{CLIENT_VERSION, Tokens, id},
};

/// Seconds for a word that is said.
const WORD: f64 = 0.045;
/// Seconds before a tool is used, and after it.
const TOOL: f64 = 0.7;
/// How many lines of a file are read.
const LINES: usize = 60;
/// What is planned when a plan is wanted and the piece has none.
const PLAN: Step<'_> = Step {
    kind: Kind::Plan,
    about: "",
    body: "1. Look at what is there\n2. Make the change, as small as it can be\n3. Run `./test.sh`",
};
/// What is said when that is not wanted.
const NO_PLAN: Step<'_> = Step { kind: Kind::Denied, about: "", body: "I have changed nothing. {reason}" };

/// What a person said that a piece repeats.
#[derive(Default)]
struct Words {
    prompt: String,
    note: String,
    answer: String,
    reason: String,
}

impl Words {
    fn fill(&self, text: &str) -> String {
        filled(
            text,
            &[
                ("{prompt}", &self.prompt),
                ("{note}", &self.note),
                ("{answer}", &self.answer),
                ("{reason}", &self.reason),
            ],
        )
    }
}

/// How a step ended.
enum Done {
    On,
    /// A person did not let it.
    Denied,
}

/// How a turn ended, as its last line tells.
enum End {
    Success,
    Interrupted,
    Error(String),
}

impl<W: Write> Client<'_, W> {
    /// Plays the turn of a prompt.
    pub(super) fn play_turn(&mut self, prompt: &str) -> Result<(), Stop> {
        let begin = Instant::now();
        self.turn = Tokens::default();
        (self.steps, self.said) = (0, String::new());
        let folder = self.folder.to_string_lossy().into_owned();
        let model = self.transcript.model.clone();
        self.voice.init(&folder, &model, &self.mode, CLIENT_VERSION);
        // A transcript that cannot be written costs the history a line, and the agent nothing: so everywhere here.
        let _ = self.transcript.prompt(Timestamp::now(), prompt);
        let task = self.first.get_or_insert_with(|| prompt.to_owned());
        let part = repertoire::part(task, attempt(&hands::branch(&self.folder)), self.prompts);
        let is_first = self.prompts == 0;
        self.prompts += 1;
        let mut steps = part.steps;
        if !self.rest.is_empty() {
            steps = repertoire::going_on();
            steps.append(&mut self.rest);
        }
        if self.mode == "plan" && !steps.iter().any(|step| step.kind == Kind::Plan) {
            steps.splice(0..0, [PLAN, NO_PLAN]);
        }
        let mut words = Words { prompt: first_line(prompt), note: note(prompt), ..Words::default() };
        let outcome = self.play_steps(&steps, &mut words);
        let end = match outcome {
            Err(Stop::Over) => return Err(Stop::Over),
            Err(Stop::Interrupted) => {
                let text = "[Request interrupted by user]";
                self.voice.user(text);
                let _ = self.transcript.interrupted(Timestamp::now(), text);
                End::Interrupted
            }
            Err(Stop::Failed) => End::Error(self.said.clone()),
            Ok(()) => End::Success,
        };
        if is_first {
            let title = if part.title.is_empty() { &words.prompt } else { part.title };
            let _ = self.transcript.title(title, false);
        }
        let _ = self.transcript.last_prompt(prompt);
        self.cost += self.turn.cost();
        let result = self.result(&end, begin.elapsed());
        self.voice.result(result);
        if matches!(end, End::Error(_)) { Err(Stop::Failed) } else { Ok(()) }
    }

    fn play_steps(&mut self, steps: &[Step<'static>], words: &mut Words) -> Result<(), Stop> {
        let mut denied = None;
        for (number, step) in steps.iter().enumerate() {
            if step.kind == Kind::Denied {
                match denied.take() {
                    None => continue,
                    Some(Kind::Plan) => return self.say(&words.fill(step.body), true),
                    Some(_) => self.say(&words.fill(step.body), number + 1 == steps.len())?,
                }
                continue;
            }
            let is_last = steps[number + 1..].iter().all(|step| step.kind == Kind::Denied);
            match self.step(step, words, is_last) {
                Ok(Done::On) => denied = None,
                Ok(Done::Denied) => denied = Some(step.kind),
                Err(Stop::Interrupted) => {
                    self.rest = steps[number..].to_vec();
                    return Err(Stop::Interrupted);
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step<'static>, words: &mut Words, is_last: bool) -> Result<Done, Stop> {
        let (about, body) = (words.fill(step.about), words.fill(step.body));
        match step.kind {
            Kind::Say => self.say(&body, is_last)?,
            Kind::Think => self.think(&body)?,
            Kind::Pause => self.pause(about.parse().unwrap_or(1.0))?,
            Kind::Error => {
                let _ = self.transcript.failed(Timestamp::now(), &body);
                self.said = body;
                return Err(Stop::Failed);
            }
            Kind::Read => {
                let place = Place::new(&self.folder, &about);
                let text = fs::read_to_string(&place.path).unwrap_or_default();
                let from = place.line.saturating_sub(1);
                let part: Vec<&str> = text.lines().skip(from).take(LINES).collect();
                let answer = tools::has_read(&place.name(), &part.join("\n"), place.line);
                return self.tool("Read", &tools::read(&place.name()), words, |_, _| Ok(answer));
            }
            Kind::Run | Kind::RunFails => {
                let folder = self.folder.clone();
                return self.tool("Bash", &tools::run(&about), words, |_, _| {
                    let (output, code) = hands::run(&folder, &about);
                    Ok(tools::has_run(&output, code))
                });
            }
            Kind::Edit => {
                let (path, change) = (Place::new(&self.folder, &about).path, Change::of(&body));
                let name = path.to_string_lossy().into_owned();
                return self.tool("Edit", &tools::edit(&name, &change), words, |_, _| {
                    Ok(match hands::edit(&path, &change) {
                        Ok(Some(line)) => tools::has_edited(&name, &change, line),
                        Ok(None) => Answer::bad("String to replace not found in file."),
                        Err(error) => Answer::bad(&error.to_string()),
                    })
                });
            }
            Kind::Write => {
                let path = Place::new(&self.folder, &about).path;
                let name = path.to_string_lossy().into_owned();
                return self.tool("Write", &tools::write(&name, &body), words, |_, _| {
                    Ok(match hands::write(&path, &body) {
                        Ok(()) => tools::has_written(&name, &body),
                        Err(error) => Answer::bad(&error.to_string()),
                    })
                });
            }
            Kind::Question => {
                let (input, _) = tools::question(&about, &body);
                return self.tool("AskUserQuestion", &input, words, |_, allowed| {
                    Ok(tools::has_answered(allowed, &allowed["answers"]))
                });
            }
            Kind::Plan => {
                let done = self.tool("ExitPlanMode", &tools::plan(&body), words, |_, _| {
                    Ok(tools::has_approved(&body))
                })?;
                if matches!(done, Done::On) && self.mode != "bypassPermissions" {
                    self.set_mode("acceptEdits");
                }
                return Ok(done);
            }
            Kind::Call => {
                let (name, input) = (format!("{}{about}", crew::TOOLS), crew::input(&body));
                let mut report = None;
                let done = self.tool(&name, &input, words, |client, input| {
                    let answer = client.call(&about, input)?;
                    report = crew::report_in(&answer);
                    Ok(answer)
                })?;
                words.answer = report.unwrap_or_default();
                return Ok(done);
            }
            Kind::Ask
            | Kind::Denied
            | Kind::Task
            | Kind::Compact
            | Kind::Interrupt
            | Kind::Then
            | Kind::Heading => {}
        }
        Ok(Done::On)
    }

    /// Says something, word by word first.
    fn say(&mut self, text: &str, is_last: bool) -> Result<(), Stop> {
        for word in text.split_inclusive(' ') {
            self.voice.delta("text_delta", word);
            self.pause(WORD)?;
        }
        let model = self.transcript.model.clone();
        self.voice.assistant(&model, &json!({ "type": "text", "text": text }));
        let used = self.transcript.said(Timestamp::now(), text, is_last).unwrap_or_default();
        self.turn.add(used);
        self.steps += 1;
        text.clone_into(&mut self.said);
        Ok(())
    }

    fn think(&mut self, text: &str) -> Result<(), Stop> {
        for word in text.split_inclusive(' ') {
            self.voice.delta("thinking_delta", word);
            self.pause(WORD)?;
        }
        let model = self.transcript.model.clone();
        self.voice.assistant(&model, &json!({ "type": "thinking", "thinking": text, "signature": "" }));
        let used = self.transcript.thought(Timestamp::now(), text).unwrap_or_default();
        self.turn.add(used);
        Ok(())
    }

    /// Uses a tool, if a person lets it; `act` does what it does with the input as it was allowed.
    fn tool(
        &mut self,
        tool: &str,
        input: &Value,
        words: &mut Words,
        act: impl FnOnce(&mut Self, &Value) -> Result<Answer, Stop>,
    ) -> Result<Done, Stop> {
        self.pause(TOOL)?;
        let call = id(&mut self.random, "toolu");
        let model = self.transcript.model.clone();
        let block = json!({ "type": "tool_use", "id": call, "name": tool, "input": input });
        self.voice.assistant(&model, &block);
        let used = self.transcript.called(Timestamp::now(), &call, tool, input).unwrap_or_default();
        self.turn.add(used);
        self.steps += 1;
        let (answer, done) = match self.leave(&call, tool, input) {
            Ok(Verdict::Allowed(allowed)) => {
                let answers = allowed["answers"].as_object().into_iter().flatten();
                if let Some(answer) = answers.filter_map(|(_, answer)| answer.as_str()).next() {
                    answer.clone_into(&mut words.answer);
                }
                match act(self, &allowed) {
                    Ok(answer) => (answer, Ok(Done::On)),
                    Err(stop) => (Answer::refused(""), Err(stop)),
                }
            }
            Ok(Verdict::Denied(reason)) => {
                let answer = Answer::refused(&reason);
                words.reason = reason;
                (answer, Ok(Done::Denied))
            }
            Err(stop) => (Answer::refused(""), Err(stop)),
        };
        // What was called has an answer, whatever happens.
        self.voice.returned(&call, &answer.content, answer.is_error, &answer.noted);
        let _ =
            self.transcript.returned(Timestamp::now(), &call, answer.content, answer.is_error, answer.noted);
        let done = done?;
        self.pause(TOOL)?;
        Ok(done)
    }

    fn result(&self, end: &End, elapsed: Duration) -> Value {
        let mut result = json!({
            "type": "result", "subtype": "success", "is_error": false, "num_turns": self.steps, "result": self.said,
            "duration_ms": u64::try_from(elapsed.as_millis()).unwrap_or_default(),
            "total_cost_usd": self.cost, "usage": self.turn.to_json(), "permission_denials": [],
        });
        match end {
            End::Success => {}
            End::Interrupted => {
                result["subtype"] = json!("error_during_execution");
                result["is_error"] = json!(true);
                result["terminal_reason"] = json!("aborted_streaming");
            }
            End::Error(words) => {
                result["subtype"] = json!("error_during_execution");
                result["is_error"] = json!(true);
                result["errors"] = json!([words]);
            }
        }
        result
    }
}

/// Which attempt at its task an agent is, by the number at the end of its branch; 0 for the first.
fn attempt(branch: &str) -> usize {
    let number = branch.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
    number.map_or(0, |number: usize| number.saturating_sub(1))
}

/// What a note about a task is called.
fn note(prompt: &str) -> String {
    let words: Vec<String> = prompt
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(4)
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() { "note".to_owned() } else { words.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_called_after_its_task_and_lies_in_its_folder() {
        assert_eq!(note("Teach the kettle to sing, please"), "teach-the-kettle-to");
        assert_eq!(note("../../etc/passwd"), "etc-passwd");
        assert_eq!(note("名前"), "note");
    }

    #[test]
    fn an_attempt_is_known_by_its_branch() {
        for (branch, number) in
            [("orchestra/show-prices-1", 0), ("orchestra/show-prices-3", 2), ("main", 0), ("", 0)]
        {
            assert_eq!(attempt(branch), number, "{branch}");
        }
    }
}
