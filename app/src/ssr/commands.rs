//! What a person commands from a page: read, carried out by the engine, and told in a sentence.
//!
//! Each comes with a key. A start, and whatever an agent is told, happens once under one key however often it comes,
//! whoever was killed in between; everything else does no harm when it comes twice.

mod spawn;
mod work;

use std::collections::BTreeMap;

use orchestra_core::agents::{
    ControlError, PlaceError, SendError, Tools,
    control::{self, Caller, Refusal},
    entry::Steering,
    runs::{RunError, WITH_ITS_RUN},
};
use orchestra_model::{Agent, AgentState, Decision, Limit, RequestKind, Timestamp};
use serde::Deserialize;

use self::spawn::Spawn;
use super::{AppContext, agents::find};
use crate::{
    data::agent::Outcome,
    error::{AppError, AppErrorKind},
};

/// Through which surface.
const BY: &str = "web";

/// A command, as a page carries it: texts only, since forms know nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Command {
    Allow {
        agent: String,
        request: String,
        input_hash: String,
        always: Option<String>,
        then_mode: Option<String>,
    },
    Deny {
        agent: String,
        request: String,
        input_hash: String,
        message: Option<String>,
    },
    Reply {
        agent: String,
        request: String,
        input_hash: String,
        #[serde(flatten)]
        fields: BTreeMap<String, String>,
    },
    Send {
        agent: String,
        text: String,
    },
    Nudge {
        agent: String,
        text: String,
        /// Since when it seemed stuck to whoever tapped.
        since: Timestamp,
    },
    Resume {
        agent: String,
    },
    Edit {
        agent: String,
        id: String,
        text: String,
    },
    Remove {
        agent: String,
        id: String,
    },
    Interrupt {
        agent: String,
    },
    Stop {
        agent: String,
    },
    StopRun {
        run: String,
    },
    /// A run goes on: with what it may use from now on, and its checks that were stopped run again.
    GoOn {
        run: String,
        usd: Option<String>,
        tokens: Option<String>,
        minutes: Option<String>,
    },
    Set {
        agent: String,
        model: Option<String>,
        mode: Option<String>,
    },
    Spawn(Box<Spawn>),
    Merge {
        agent: String,
        squash: Option<String>,
    },
    PullRequest {
        agent: String,
    },
    Clean {
        agent: String,
        anyway: Option<String>,
    },
    Restore {
        agent: String,
    },
    Unpark {},
    Choose {
        agent: String,
    },
    Land {
        run: String,
        /// Whether others go on when one is sent back.
        keep_going: Option<String>,
    },
    Revoke {
        device: String,
    },
}

/// Carries a command out.
///
/// # Errors
/// When it makes no sense, or is not done; then the page says what to do.
pub fn run(context: &AppContext, key: &str, command: &str) -> Result<Outcome, AppError> {
    let command: Command = serde_json::from_str(command).map_err(|error| {
        AppError::new(
            AppErrorKind::BadRequest,
            format!("This page asks for something that is not known here: {error}."),
            "Load the page again: Orchestra may have been updated meanwhile.",
        )
    })?;
    let caller = Caller { by: BY.to_owned(), key: Some(key.to_owned()) };
    let desk = Desk { context, tools: &context.tools, caller };
    desk.run(command)
}

struct Desk<'a> {
    context: &'a AppContext,
    tools: &'a Tools,
    caller: Caller,
}

fn said(words: impl Into<String>) -> Outcome {
    Outcome { said: words.into(), ..Outcome::default() }
}

fn refused(message: impl std::fmt::Display, next_step: impl Into<String>) -> AppError {
    AppError::new(AppErrorKind::Refused, sentence(&message.to_string()), next_step)
}

/// An error of the engine as a sentence of its own. A name at its beginning stays as it is.
pub(super) fn sentence(fragment: &str) -> String {
    let is_name = fragment.split(' ').next().is_some_and(|word| word.contains(['/', '-', '_', '.']));
    let mut letters = fragment.chars();
    let first: String = match letters.next() {
        Some(first) if !is_name => first.to_uppercase().collect(),
        first => first.into_iter().collect(),
    };
    let end = if fragment.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

impl Desk<'_> {
    fn run(&self, command: Command) -> Result<Outcome, AppError> {
        match command {
            Command::Allow { agent, request, input_hash, always, then_mode } => {
                let always = always.and_then(|index| index.parse().ok());
                self.decide(&agent, request, input_hash, Decision::Allow { always, answers: Vec::new() })?;
                match then_mode {
                    Some(mode) => self.steer(&agent, Steering::Mode { mode }).map(|_| Outcome::default()),
                    None => Ok(Outcome::default()),
                }
            }
            Command::Deny { agent, request, input_hash, message } => {
                let message = message.unwrap_or_default();
                self.decide(&agent, request, input_hash, Decision::Deny { message, interrupt: false })
            }
            Command::Reply { agent, request, input_hash, fields } => {
                let answers = self.answers(&agent, &request, &fields)?;
                self.decide(&agent, request, input_hash, Decision::Allow { always: None, answers })
            }
            Command::Send { agent, text } => self.send(&agent, &text),
            Command::Nudge { agent, text, since } => self.nudge(&agent, text, since),
            Command::Resume { agent } => self.send(&agent, "Go on where you left off."),
            Command::Edit { agent, id, text } => {
                let id = number(&id)?;
                says_something(&text, "Take it back instead.")?;
                self.ask(&agent, control::Command::Edit { id, text }).map(|_| Outcome::default())
            }
            Command::Remove { agent, id } => {
                let id = number(&id)?;
                self.ask(&agent, control::Command::Remove { id }).map(|_| said("Taken back."))
            }
            Command::Interrupt { agent } => self.steer(&agent, Steering::Interrupt),
            Command::Stop { agent } => self.stop(&agent),
            Command::StopRun { run } => self.stop_run(&run),
            Command::GoOn { run, usd, tokens, minutes } => {
                let usd = usd.and_then(|usd| usd.parse().ok()).filter(|usd: &f64| usd.is_finite());
                let count = |text: Option<String>| text.and_then(|text| text.parse().ok());
                let wanted =
                    Limit { usd, tokens: count(tokens), minutes: count(minutes), ..Limit::default() };
                super::runs::go_on(self.context, &run, &wanted, BY)
            }
            Command::Set { agent, model, mode } => {
                let model = model.filter(|model| !model.is_empty()).map(|model| Steering::Model { model });
                let mode = mode.filter(|mode| !mode.is_empty()).map(|mode| Steering::Mode { mode });
                for how in [model, mode].into_iter().flatten() {
                    self.steer(&agent, how)?;
                }
                Ok(said("It is told."))
            }
            Command::Spawn(spawn) => self.spawn(*spawn),
            Command::Merge { agent, squash } => self.merge(&agent, squash.is_some()),
            Command::PullRequest { agent } => self.pull_request(&agent),
            Command::Clean { agent, anyway } => self.clean(&agent, anyway.is_some()),
            Command::Restore { agent } => self.restore(&agent),
            Command::Unpark {} => self.unpark(),
            Command::Choose { agent } => super::runs::choose(self.context, &self.find(&agent)?, BY),
            Command::Land { run, keep_going } => super::runs::land(self.context, &run, keep_going.is_some()),
            Command::Revoke { device } => self.revoke(&device),
        }
    }

    fn find(&self, id: &str) -> Result<Agent, AppError> {
        find(&self.tools.agents(), id)
    }

    fn ask(&self, id: &str, command: control::Command) -> Result<(u64, Option<u64>), AppError> {
        self.ask_as(self.caller.clone(), id, command)
    }

    fn ask_as(
        &self,
        caller: Caller,
        id: &str,
        command: control::Command,
    ) -> Result<(u64, Option<u64>), AppError> {
        let agent = self.find(id)?;
        let folder =
            self.tools.agents().open(&agent.id).map_err(|error| refused(error, "Load the page again."))?;
        folder.ask(command, caller).map_err(|error| not_asked(&agent, &error))
    }

    fn steer(&self, id: &str, how: Steering) -> Result<Outcome, AppError> {
        let caller = Caller { by: self.caller.by.clone(), key: key_of(self.caller.key.as_deref(), &how) };
        self.ask_as(caller, id, control::Command::Steer { how }).map(|_| Outcome::default())
    }

    fn decide(
        &self,
        id: &str,
        request: String,
        input_hash: String,
        decision: Decision,
    ) -> Result<Outcome, AppError> {
        let command = control::Command::Answer { request, input_hash, decision };
        self.ask(id, command).map(|_| Outcome::default())
    }

    /// One answer for each question: what was chosen, or what was written instead.
    fn answers(
        &self,
        id: &str,
        request: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, AppError> {
        let agent = self.find(id)?;
        let asked =
            agent.requests.iter().find(|asked| asked.id == request && asked.kind == RequestKind::Question);
        // One that is not asked any more is refused by the runner, which knows who answered it.
        let count = asked.map_or(1, |asked| asked.questions.len());
        (0..count)
            .map(|index| {
                let given = |name: &str| {
                    fields
                        .get(&format!("{name}-{index}"))
                        .map(|text| text.trim())
                        .filter(|text| !text.is_empty())
                };
                given("other").or_else(|| given("answer")).map(str::to_owned).ok_or_else(|| {
                    AppError::new(
                        AppErrorKind::BadRequest,
                        "A question is not answered.",
                        "Choose something, or write what you mean instead.",
                    )
                })
            })
            .collect()
    }

    fn send(&self, id: &str, text: &str) -> Result<Outcome, AppError> {
        says_something(text, "Say what the agent shall do.")?;
        let agent = self.find(id)?;
        let now = self.context.clock.now();
        let sent = self.tools.agents().send(&agent.id, text, &self.caller, &self.tools.launcher, now);
        match sent {
            Ok(sent) if sent.resumed => Ok(said(format!("{} is resumed.", agent.name))),
            Ok(_) => Ok(Outcome::default()),
            Err(error @ SendError::Cleaned { .. }) => Err(refused(error, "Restore it first.")),
            Err(SendError::Control(error)) => Err(not_asked(&agent, &error)),
            Err(error) => Err(refused(error, "Try again in a moment.")),
        }
    }

    fn nudge(&self, id: &str, text: String, since: Timestamp) -> Result<Outcome, AppError> {
        let agent = self.find(id)?;
        if !matches!(agent.state, AgentState::Running | AgentState::Waiting) {
            let why = format!("{} {} by now: nothing was said.", agent.name, agent.state.in_words());
            return Err(refused(why, "A message on its page reaches it all the same."));
        }
        let nudge = control::Command::Nudge { text, since: Some(since) };
        self.ask(id, nudge).map(|_| said("It is interrupted and told."))
    }

    fn unpark(&self) -> Result<Outcome, AppError> {
        match self.tools.agents().call_limit_off(self.context.clock.now()) {
            Ok(gone_on) if gone_on.is_empty() => Ok(said("No limit holds any more.")),
            Ok(_) => Ok(said("They go on, one after the other.")),
            Err(error) => Err(refused(error, "Free some space, then try again.")),
        }
    }

    fn stop(&self, id: &str) -> Result<Outcome, AppError> {
        let agent = self.find(id)?;
        if agent.state == AgentState::Queued {
            let cancelled =
                self.tools.agents().cancel(&agent.id, self.caller.clone(), self.context.clock.now());
            return cancelled
                .map(|()| said(format!("{} will not be started.", agent.name)))
                .map_err(|error| refused(error, "Try again in a moment."));
        }
        self.steer(id, Steering::Stop)
    }

    /// Stops all of a run.
    fn stop_run(&self, run: &str) -> Result<Outcome, AppError> {
        let run = super::runs::find(self.context, run)?;
        let agents = self.tools.agents().at_work(run.id());
        let of_run = Desk { caller: Caller { by: WITH_ITS_RUN.to_owned(), ..self.caller.clone() }, ..*self };
        let stop = |agent: &Agent| match of_run.stop(agent.id.as_str()) {
            // One that ended by itself at that moment is what was wanted.
            Err(_) if self.find(agent.id.as_str()).is_ok_and(|now| now.state.is_over()) => Ok(()),
            stopped => stopped.map(drop),
        };
        // All of them are stopped, also when that fails with one.
        let stopped: Vec<_> = agents.iter().map(stop).collect();
        let failed = |error: RunError| refused(error, "Try again.");
        let was_landing = run.stop_landing().map_err(failed)?;
        let unchecked = run.stop_checks(None, BY).map_err(failed)?;
        stopped.into_iter().collect::<Result<(), _>>()?;
        Ok(said(match (agents.len(), unchecked.len()) {
            (0, 0) if was_landing => "The landing is stopped. What has landed stays.".to_owned(),
            (0, 0) => "Nothing of it is at work.".to_owned(),
            (_, 0) => "All of it is stopped. A message resumes one.".to_owned(),
            _ => format!(
                "All of it is stopped. A message resumes one; on the computer orchestra run --continue {} runs its checks again.",
                run.id()
            ),
        }))
    }

    fn revoke(&self, device: &str) -> Result<Outcome, AppError> {
        match self.context.household.revoke(device) {
            Ok(_) => Ok(said("It has no access any more.")),
            Err(why) => Err(refused(why, "Try again.")),
        }
    }
}

/// The key under which an agent is steered. One wish may hold several things: a decision, a model, a mode.
fn key_of(key: Option<&str>, how: &Steering) -> Option<String> {
    let which = match how {
        Steering::Model { .. } => " model",
        Steering::Mode { .. } => " mode",
        Steering::Interrupt | Steering::Stop | Steering::Finish => "",
    };
    key.map(|key| format!("{key}{which}"))
}

fn number(text: &str) -> Result<u64, AppError> {
    text.parse().map_err(|_| {
        AppError::new(AppErrorKind::BadRequest, "No message has this number.", "Load the page again.")
    })
}

fn says_something(text: &str, next_step: &str) -> Result<(), AppError> {
    match text.trim() {
        "" => Err(AppError::new(AppErrorKind::BadRequest, "The message is empty.", next_step)),
        _ => Ok(()),
    }
}

fn not_asked(agent: &Agent, error: &ControlError) -> AppError {
    let next = match error {
        ControlError::NotRunning => {
            return refused(
                format!("{} {}: nothing of it runs", agent.name, agent.state.in_words()),
                "A message resumes it.",
            );
        }
        ControlError::Refused(refusal) => match refusal {
            Refusal::AlreadyDecided { .. } => "Nothing more is to be done.",
            Refusal::NoSuchRequest | Refusal::InputChanged | Refusal::NoSuchChoice => {
                "The page shows what it asks now."
            }
            Refusal::GoesOn => "Nothing was said to it.",
            Refusal::AlreadyDelivered | Refusal::NoSuchPrompt => "The page shows what waits for it now.",
            Refusal::TooMuch { why } => return refused(why, "Send again when it has read some."),
            Refusal::Ending => "Send again in a moment, which resumes it.",
            Refusal::NotKept { .. } => "Free some space on the computer, then try again.",
            Refusal::NotKnown => "Stop it, then send it a message, which resumes it.",
        },
        ControlError::Unresponsive | ControlError::Broken(_) => "Try again in a moment.",
    };
    // What the terminal would do next stands behind a semicolon; here it is another thing.
    let words = error.to_string();
    refused(words.split("; ").next().unwrap_or(&words), next)
}

fn no_place(error: &PlaceError) -> &'static str {
    match error {
        PlaceError::NoFolder { .. } => "Name the folder of a repository on the computer.",
        PlaceError::NoGit => "Install git on the computer, then start Orchestra again.",
        PlaceError::Open(_) => "Choose the folder of a git repository.",
        PlaceError::Base(_) => "Leave the base empty, or name a branch that is there.",
        PlaceError::BranchInTheWay => "On the computer: give the branch `orchestra` another name.",
        PlaceError::Git(_) => "Does `git status` work there?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn;

    #[test]
    fn commands_are_read_as_pages_carry_them() {
        let drawn = drawn::agents::command("allow", &[("agent", "a"), ("request", "r"), ("input_hash", "h")]);
        let read: Command = serde_json::from_str(&drawn).unwrap();
        assert!(matches!(read, Command::Allow { always: None, .. }));
        let drawn = drawn::agents::command(
            "nudge",
            &[("agent", "a"), ("text", "Say why."), ("since", "2026-11-30T08:00:00Z")],
        );
        assert!(
            matches!(serde_json::from_str(&drawn).unwrap(), Command::Nudge { text, .. } if text == "Say why.")
        );
        let form =
            r#"{"do":"spawn","tasks":"a\n\nb","folder":"/x","max_parallel":"2","how":"fork","unknown":"x"}"#;
        let Command::Spawn(spawn) = serde_json::from_str(form).unwrap() else { panic!() };
        assert_eq!((spawn.tasks.as_str(), spawn.max_parallel.as_str(), spawn.trust), ("a\n\nb", "2", None));
    }

    #[test]
    fn what_one_wish_holds_has_a_key_each() {
        let mode = Steering::Mode { mode: "plan".into() };
        let model = Steering::Model { model: "opus".into() };
        let keys = [&mode, &model, &Steering::Stop].map(|how| key_of(Some("k"), how).unwrap());
        assert_eq!(keys, ["k mode", "k model", "k"]);
    }

    #[test]
    fn what_the_engine_says_becomes_a_sentence() {
        assert_eq!(sentence("the task is empty"), "The task is empty.");
        assert_eq!(sentence("über alles?"), "Über alles?");
        assert_eq!(sentence(""), ".");
    }
}
