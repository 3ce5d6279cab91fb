//! An agent's log as a person reads it: what it was told, said, did and was allowed.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use anstyle::Style;
use orchestra_core::agents::{
    Scene,
    client::{Heard, Outcome},
    entry::{Entry, Event, Steering},
};
use orchestra_model::{Decision, RequestKind};

use super::{Paint, agent_table, style, text, wrap};

/// How many lines of what a tool answered are shown.
const RESULT_LINES: usize = 6;
/// How far what belongs to a line above is indented.
const INDENT: usize = 2;

/// Writes one scene after the other.
pub(crate) struct Teller {
    width: usize,
    paint: Paint,
    /// The texts of prompts that were not handed over yet.
    prompts: HashMap<u64, String>,
    /// What requests ask, in a line.
    requests: HashMap<String, String>,
}

impl Teller {
    /// For a terminal, or a pipe, of this width.
    pub(crate) fn new(width: usize, paint: Paint) -> Self {
        Self { width, paint, prompts: HashMap::new(), requests: HashMap::new() }
    }

    /// Writes what a scene tells; most tell nothing that a person wants to read.
    pub(crate) fn tell(&mut self, scene: &Scene, out: &mut dyn Write) -> io::Result<()> {
        match &scene.entry {
            Entry::Output(_) => scene.heard.iter().try_for_each(|heard| self.heard(heard, out)),
            Entry::Errors(bytes) => {
                let errors = String::from_utf8_lossy(bytes);
                errors.lines().try_for_each(|line| self.line(INDENT, style::SOFT, line, out))
            }
            Entry::Event(event) => self.event(event, out),
        }
    }

    fn heard(&mut self, heard: &Heard, out: &mut dyn Write) -> io::Result<()> {
        match heard {
            Heard::Said { text, is_aside } => {
                writeln!(out)?;
                self.paragraph(if *is_aside { 2 * INDENT } else { 0 }, Style::new(), text, out)
            }
            Heard::Thought { text } => match text.lines().find(|line| !line.trim().is_empty()) {
                Some(line) => self.line(0, style::SOFT, &format!("thinks: {line}"), out),
                None => Ok(()),
            },
            Heard::Called { tool, summary, is_aside, .. } => {
                let indent = if *is_aside { 2 * INDENT } else { 0 };
                self.line(indent, style::RUNNING, &format!("● {tool}: {}", text::one_line(summary)), out)
            }
            Heard::Returned { text, is_error, .. } => {
                let style = if *is_error { style::FAILED } else { style::SOFT };
                let total = text.lines().count();
                for line in text.lines().take(RESULT_LINES) {
                    self.line(INDENT, style, line, out)?;
                }
                match total.saturating_sub(RESULT_LINES) {
                    0 => Ok(()),
                    more => self.line(
                        INDENT,
                        style::SOFT,
                        &format!("… {}", text::count(more, "more line", "more lines")),
                        out,
                    ),
                }
            }
            Heard::Asked(request) => {
                let asks = match request.kind {
                    RequestKind::Permission => format!("{}: {}", request.tool, request.summary),
                    RequestKind::Question => request.summary.clone(),
                    RequestKind::Plan => "go on with this plan?".to_owned(),
                };
                self.line(0, style::WAITING, &format!("◆ asks: {}", text::one_line(&asks)), out)?;
                self.requests.insert(request.id.clone(), asks);
                Ok(())
            }
            Heard::Withdrawn { request } => match self.requests.remove(request) {
                Some(asked) => {
                    self.line(INDENT, style::SOFT, &format!("asks no more: {}", text::one_line(&asked)), out)
                }
                None => Ok(()),
            },
            Heard::TurnEnded(end) => {
                let cost = end
                    .cost_usd
                    .map(|_| format!(" · {}", agent_table::cost(end.cost_usd)))
                    .unwrap_or_default();
                let (words, style) = match &end.outcome {
                    Outcome::Success => ("✓ turn ended".to_owned(), style::DONE),
                    Outcome::Interrupted => ("■ turn interrupted".to_owned(), style::SOFT),
                    Outcome::Budget => ("✗ the budget is used up".to_owned(), style::FAILED),
                    Outcome::Limit(why) | Outcome::Error(why) => {
                        (format!("✗ {}", text::one_line(why)), style::FAILED)
                    }
                };
                self.line(0, style, &format!("{words}{cost}"), out)
            }
            Heard::Held { words, .. } | Heard::TriesAgain { words } | Heard::Notice { words } => {
                self.line(0, style::SOFT, words, out)
            }
            Heard::Answered { error: Some(error), .. } => {
                self.line(0, style::FAILED, &format!("the client refuses: {}", text::one_line(error)), out)
            }
            Heard::Ready { .. }
            | Heard::Answered { .. }
            | Heard::Writing { .. }
            | Heard::Mode { .. }
            | Heard::Used { .. }
            | Heard::Unknown { .. } => Ok(()),
        }
    }

    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        match event {
            Event::Placed { folder, branch, notes, .. } => {
                let branch = branch.as_ref().map(|branch| format!(" on {branch}")).unwrap_or_default();
                self.line(0, style::SOFT, &format!("works in {}{branch}", folder.display()), out)?;
                notes.iter().try_for_each(|note| self.line(0, style::SOFT, note, out))
            }
            Event::SetupStarted { command } => {
                self.line(0, style::SOFT, &format!("setup: {}", text::one_line(command)), out)
            }
            Event::PromptQueued { id, text, from: Some(from), .. } => {
                self.prompts.insert(*id, format!("{}: {text}", from.name));
                Ok(())
            }
            Event::PromptQueued { id, text, .. } | Event::PromptEdited { id, text, .. } => {
                self.prompts.insert(*id, text.clone());
                Ok(())
            }
            Event::MessagesRead { ids } => {
                for id in ids {
                    let text = self.prompts.remove(id).unwrap_or_default();
                    self.paragraph(INDENT, style::SOFT, &format!("read: {text}"), out)?;
                }
                Ok(())
            }
            Event::Reported { report, .. } => {
                let words = format!("reported {}: {}", report.outcome.name(), report.summary);
                self.paragraph(0, style::STRONG, &words, out)
            }
            Event::PromptRemoved { id, .. } => {
                self.prompts.remove(id);
                Ok(())
            }
            Event::PromptDelivered { id } => {
                let text = self.prompts.remove(id).unwrap_or_default();
                writeln!(out)?;
                self.paragraph(0, style::STRONG, &format!("› {text}"), out)
            }
            Event::Decided { decision, by, .. } => {
                let what = match decision {
                    Decision::Allow { always: Some(_), .. } => "allowed for good".to_owned(),
                    Decision::Allow { answers, .. } if !answers.is_empty() => {
                        format!("answered: {}", text::one_line(&answers.join(", ")))
                    }
                    Decision::Allow { .. } => "allowed".to_owned(),
                    Decision::Deny { message, .. } if message.is_empty() => "denied".to_owned(),
                    Decision::Deny { message, .. } => format!("denied: {}", text::one_line(message)),
                };
                self.line(INDENT, style::SOFT, &format!("{what} (through {by})"), out)
            }
            Event::Steered { how, by, .. } => {
                let what = match how {
                    Steering::Interrupt => "interrupted".to_owned(),
                    Steering::Stop => "stopped".to_owned(),
                    Steering::Finish => "told to end when it is done".to_owned(),
                    Steering::Mode { mode } => format!("permission mode {mode}"),
                    Steering::Model { model } => format!("model {model}"),
                };
                self.line(0, style::SOFT, &format!("{} (through {by})", text::one_line(&what)), out)
            }
            Event::Taken => self.line(0, style::SOFT, "its work was merged", out),
            Event::Spilled { bytes, file, .. } => {
                self.line(0, style::SOFT, &format!("a line of {bytes} bytes lies in spill/{file}"), out)
            }
            Event::LeftOut { lines, bytes } => {
                let words = format!(
                    "the log is full: {lines} lines ({bytes} bytes) without consequence are left out"
                );
                self.line(0, style::SOFT, &words, out)
            }
            Event::ClientExited { exit, survivors } => {
                if !survivors.is_empty() {
                    let pids: Vec<String> = survivors.iter().map(|process| process.pid.to_string()).collect();
                    self.line(
                        0,
                        style::FAILED,
                        &format!("could not be ended: processes {}", pids.join(", ")),
                        out,
                    )?;
                }
                match (exit.code, exit.signal) {
                    (Some(0), _) => Ok(()),
                    (Some(code), _) => {
                        self.line(0, style::FAILED, &format!("the client ended with exit code {code}"), out)
                    }
                    (None, Some(signal)) => {
                        self.line(0, style::FAILED, &format!("the client was ended by signal {signal}"), out)
                    }
                    (None, None) => self.line(0, style::FAILED, "the client could not be ended", out),
                }
            }
            Event::Parked { until, why } => {
                let words = format!("parked until {}: {}", until.strftime("%H:%M UTC"), text::one_line(why));
                self.line(0, style::WAITING, &words, out)
            }
            Event::Unparked => self.line(0, style::SOFT, "goes on", out),
            Event::Failed { why } => self.line(0, style::FAILED, &format!("✗ {}", text::one_line(why)), out),
            Event::SetupEnded { exit } if exit.code != Some(0) => {
                self.line(0, style::FAILED, "the setup command failed", out)
            }
            Event::RunnerStarted { .. }
            | Event::Awaits { .. }
            | Event::SetupEnded { .. }
            | Event::ClientStarted { .. }
            | Event::DecisionDelivered { .. }
            | Event::RunnerEnded
            | Event::Cleaned
            | Event::Restored { .. }
            | Event::Unknown => Ok(()),
        }
    }

    fn paragraph(&self, indent: usize, style: Style, words: &str, out: &mut dyn Write) -> io::Result<()> {
        for line in wrap::wrapped(&text::lines(words), self.width.saturating_sub(indent)) {
            writeln!(out, "{:indent$}{}", "", self.paint.on(style, line))?;
        }
        Ok(())
    }

    /// One line, cut where it does not fit.
    fn line(&self, indent: usize, style: Style, words: &str, out: &mut dyn Write) -> io::Result<()> {
        let safe = text::lines(words);
        let line = text::cut_end(&safe, self.width.saturating_sub(indent));
        writeln!(out, "{:indent$}{}", "", self.paint.on(style, line))
    }
}
