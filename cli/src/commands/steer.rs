//! `orchestra send`, `answer` and `interrupt`: how a person steers an agent.

use std::{io::Write, time::Duration};

use jiff::Timestamp;
use orchestra_core::agents::{Agents, SendError, Sent, Started, control::Command, entry::Steering};
use orchestra_model::{Agent, AgentState, Decision, Question, Request, RequestKind};
use serde::Serialize;

use super::{Context, agent, status};
use crate::{
    cli::{AgentArguments, AnswerArguments, SendArguments},
    error::Failure,
    output::{Out, text},
};

/// How long a resumed agent may take to be heard; its runner gives up before.
const UNTIL_STARTED: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Message {
    prompt: Option<u64>,
    sequence: u64,
}

/// Sends a message, changes one that waits, or takes it back.
pub(super) fn send(context: &Context, arguments: &SendArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let found = agent::find(&agents, &arguments.agent)?;
    let name = &found.name;
    let words = arguments.text.as_deref().map(agent::text_or_stdin).transpose()?;
    let (words, since) = match words {
        None if arguments.nudge => suggested(&found)?,
        words => (words.unwrap_or_default(), None),
    };
    let model = arguments.model.clone().map(|model| Steering::Model { model });
    let mode = arguments.permission_mode.clone().map(|mode| Steering::Mode { mode });
    let mut set = None;
    for how in [model, mode].into_iter().flatten() {
        set = Some(agent::ask(&agents, &found, Command::Steer { how })?.0);
    }
    if let (Some(sequence), None, false) = (set, &arguments.text, arguments.nudge) {
        let sent = Message { prompt: None, sequence };
        return report(context, arguments.json, &sent, &format!("{name} is told."));
    }
    if arguments.remove.is_none() && words.trim().is_empty() {
        return Err(Failure::usage("the message is empty").hint("say what the agent shall do"));
    }
    let (sent, sentence) = match (arguments.edit, arguments.remove) {
        (_, Some(id)) => {
            let (sequence, _) = agent::ask(&agents, &found, Command::Remove { id })?;
            (
                Message { prompt: Some(id), sequence },
                format!("Message {id} is taken back; {name} will not get it."),
            )
        }
        (Some(id), None) => {
            let (sequence, _) = agent::ask(&agents, &found, Command::Edit { id, text: words })?;
            (Message { prompt: Some(id), sequence }, format!("Message {id} is changed."))
        }
        (None, None)
            if arguments.nudge && matches!(found.state, AgentState::Running | AgentState::Waiting) =>
        {
            let nudge = Command::Nudge { text: words.clone(), since };
            let (sequence, prompt) = agent::ask(&agents, &found, nudge)?;
            (Message { prompt, sequence }, format!("{name} is interrupted and told: {words}"))
        }
        (None, None) => {
            let launcher = agent::launcher(context)?;
            let sent = agents.send(&found.id, &words, &agent::BY.into(), &launcher, context.now.timestamp());
            let Sent { sequence, prompt, resumed } = sent.map_err(|error| match error {
                SendError::NotStarted { .. } => Failure::new(error.to_string())
                    .hint("send it when it has; orchestra status shows how far they are"),
                SendError::Cleaned { .. } => {
                    Failure::new(error.to_string()).hint(format!("orchestra restore {name} brings it back"))
                }
                SendError::Start(error) => agent::not_started(error),
                error => Failure::new(error.to_string()),
            })?;
            if resumed {
                see_that_it_started(context, &agents, &found)?;
            }
            let number = prompt.unwrap_or_default();
            let sentence = match found.state {
                AgentState::Parked => format!("{name} is parked; it gets message {number} when it goes on."),
                _ if resumed => format!("{name} is resumed and gets it."),
                AgentState::Idle => format!("{name} has it."),
                _ => format!(
                    "Message {number} waits until {name}'s turn is over (--edit {number} or --remove {number} till then)."
                ),
            };
            (Message { prompt, sequence }, sentence)
        }
    };
    report(context, arguments.json, &sent, &sentence)
}

/// What is suggested to be said to an agent that seems stuck, and since when it does.
fn suggested(agent: &Agent) -> Result<(String, Option<Timestamp>), Failure> {
    let stuck = agent.attention.as_ref().and_then(|wants| Some((wants.nudge.clone()?, Some(wants.since))));
    stuck.ok_or_else(|| {
        let state = agent.state.in_words();
        Failure::new(format!("{} does not seem stuck (it {state})", agent.name))
            .hint(format!("orchestra send {} --nudge \"…\" interrupts it and says that", agent.name))
    })
}

/// Waits until a resumed agent has been heard.
fn see_that_it_started(context: &Context, agents: &Agents, agent: &Agent) -> Result<(), Failure> {
    let wait = || agents.wait_for_start(&agent.id, UNTIL_STARTED);
    let started = context.words.while_working(|| Some(format!("Resuming {}…", agent.name)), wait);
    match started.map_err(agent::not_started)? {
        Started::Failed(now) | Started::Silent(now) => {
            Err(Failure::new(format!("{} could not be resumed: {}", now.name, agent::why_not(&now)))
                .hint("the message waits; it is delivered once the agent can be resumed"))
        }
        Started::Heard(_) | Started::Queued(_) => Ok(()),
    }
}

#[derive(Serialize)]
struct Answered<'a> {
    request: &'a str,
    decision: &'a Decision,
    sequence: u64,
}

/// Answers what an agent asks.
pub(super) fn answer(context: &Context, arguments: &AnswerArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let found = agent::find(&agents, &arguments.agent)?;
    let request = request(&agents, &found, arguments)?;
    let decision = decision(&found, request, arguments)?;
    let command = Command::Answer {
        request: request.id.clone(),
        input_hash: request.input_hash.clone(),
        decision: decision.clone(),
    };
    let (sequence, _) = agent::ask(&agents, &found, command)?;
    let asked = text::one_line(&format!("{} {}", request.tool, request.summary));
    let sentence = match &decision {
        Decision::Allow { answers, .. } if !answers.is_empty() => {
            format!("Answered: {}.", answers.join(", "))
        }
        Decision::Allow { always: Some(index), .. } => {
            let rule = request
                .suggestions
                .get(*index)
                .map(|suggestion| suggestion.rule.as_str())
                .unwrap_or_default();
            format!("Allowed: {asked}. Written for good: {rule}.")
        }
        Decision::Allow { .. } => format!("Allowed: {asked}"),
        Decision::Deny { .. } => format!("Denied: {asked}"),
    };
    report(
        context,
        arguments.json,
        &Answered { request: &request.id, decision: &decision, sequence },
        &sentence,
    )
}

/// The request that is meant: the one that is named, else the oldest that nobody has answered.
fn request<'a>(
    agents: &Agents,
    agent: &'a Agent,
    arguments: &AnswerArguments,
) -> Result<&'a Request, Failure> {
    let decided = |beginning: &str| {
        let folder = agents.open(&agent.id).ok()?;
        let decided = folder.last_decision(|request| request.starts_with(beginning))?;
        Some(format!("{} through {}", decided.decision.in_words(), text::one_line(&decided.by)))
    };
    let nothing = || {
        let last = decided("").map(|what| format!("; what it asked last was {what}")).unwrap_or_default();
        Failure::new(format!("{} asks nothing (it {}){last}", agent.name, agent.state.in_words()))
            .hint(format!("orchestra send {} \"…\" tells it something", agent.name))
    };
    match &arguments.request {
        Some(id) => {
            let mut meant = agent.requests.iter().filter(|request| request.id.starts_with(id));
            match (meant.next(), meant.next()) {
                (Some(request), None) => Ok(request),
                (Some(_), Some(_)) => {
                    Err(Failure::usage(format!("more than one request begins with {id:?}")))
                }
                (None, _) => {
                    let why = match decided(id) {
                        Some(what) => format!("it was {what} already"),
                        None => format!("{} asks nothing with the id {id:?}", agent.name),
                    };
                    Err(Failure::new(why)
                        .hint(format!("orchestra status {} --json shows what it asks", agent.name)))
                }
            }
        }
        None => agent
            .requests
            .iter()
            .find(|request| request.decided.is_none())
            .or_else(|| agent.requests.first())
            .ok_or_else(nothing),
    }
}

/// What was decided, checked against what was asked.
fn decision(agent: &Agent, request: &Request, arguments: &AnswerArguments) -> Result<Decision, Failure> {
    let name = &agent.name;
    let word = match arguments.answers.as_slice() {
        [one] => one.as_str(),
        _ => "",
    };
    if word == "deny" {
        if arguments.always.is_some() {
            return Err(Failure::usage("--always goes with allow")
                .hint(format!("orchestra answer {name} allow --always, or deny --message \"…\"")));
        }
        return Ok(Decision::Deny {
            message: arguments.message.clone().unwrap_or_default(),
            interrupt: false,
        });
    }
    if arguments.message.is_some() {
        return Err(Failure::usage("--message goes with deny")
            .hint(format!("orchestra send {name} \"…\" tells it something besides")));
    }
    if request.kind == RequestKind::Question {
        return Ok(Decision::Allow { always: None, answers: answers(name, &request.questions, arguments)? });
    }
    if word != "allow" {
        return Err(Failure::usage(format!("{name} asks for leave: answer allow or deny"))
            .hint(format!("orchestra status {name} shows what it asks")));
    }
    let always = match arguments.always {
        None => None,
        Some(number) if number as usize <= request.suggestions.len() => Some(number as usize - 1),
        Some(number) => {
            let offered = text::count(request.suggestions.len(), "rule", "rules");
            return Err(Failure::usage(format!("there is no rule {number}: {name} offers {offered}"))
                .hint(format!("orchestra status {name} shows them")));
        }
    };
    Ok(Decision::Allow { always, answers: Vec::new() })
}

/// Answers to questions, one each: a number means the choice of that number.
fn answers(name: &str, questions: &[Question], arguments: &AnswerArguments) -> Result<Vec<String>, Failure> {
    if questions.len() != arguments.answers.len() {
        let asked = text::count(questions.len(), "question", "questions");
        let given = text::count(arguments.answers.len(), "answer", "answers");
        return Err(Failure::usage(format!("it asks {asked}, here {given}"))
            .hint("give one answer a question; put one that has spaces in quotes"));
    }
    if arguments.answers.iter().any(|answer| answer.trim().is_empty()) {
        return Err(
            Failure::usage("an answer is empty").hint(format!("orchestra status {name} shows what it asks"))
        );
    }
    let meant = |(question, answer): (&Question, &String)| {
        one_answer(question, answer).map_err(|number| {
            let offered = text::count(question.options.len(), "choice", "choices");
            Failure::usage(format!("there is no choice {number}: {name} offers {offered}")).hint(format!(
                "orchestra status {name} shows them; an answer of your own takes more than a number"
            ))
        })
    };
    questions.iter().zip(&arguments.answers).map(meant).collect()
}

/// The label of a number; where many may be chosen, of numbers with commas. Everything else is an answer as it is.
///
/// # Errors
/// The number that no choice has, when there is nothing but numbers.
fn one_answer<'a>(question: &Question, answer: &'a str) -> Result<String, &'a str> {
    let label = |number: &str| {
        let number: usize = number.trim().parse().ok()?;
        Some(question.options.get(number.checked_sub(1)?)?.label.clone())
    };
    let parts: Vec<&'a str> = if question.many { answer.split(',').collect() } else { vec![answer] };
    let labels: Option<Vec<String>> = parts.iter().copied().map(label).collect();
    if let Some(labels) = labels {
        return Ok(labels.join(", "));
    }
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_label = question.options.iter().any(|choice| choice.label == answer);
    let is_text = question.options.is_empty() || is_label || !parts.iter().all(|part| is_number(part.trim()));
    match parts.iter().copied().find(|part| label(part.trim()).is_none()) {
        Some(number) if !is_text => Err(number.trim()),
        _ => Ok(answer.to_owned()),
    }
}

/// Ends an agent's turn.
pub(super) fn interrupt(context: &Context, arguments: &AgentArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let found = agent::find(&agents, &arguments.agent)?;
    agent::ask(&agents, &found, Command::Steer { how: Steering::Interrupt })?;
    let sentence = match found.state {
        AgentState::Idle => format!("{} had nothing to do.", found.name),
        _ => format!("{} is interrupted; it listens for a message.", found.name),
    };
    status::tell(context, &agents, &found, arguments.json, &sentence)
}

fn report(context: &Context, json: bool, outcome: &impl Serialize, sentence: &str) -> Result<(), Failure> {
    if !json {
        context.words.say(&text::lines(sentence));
        return Ok(());
    }
    let mut out = Out::standard(&context.surroundings);
    serde_json::to_writer(&mut out, outcome)?;
    writeln!(out)?;
    out.finish()
}

#[cfg(test)]
mod tests {
    use orchestra_model::Choice;

    use super::*;

    #[test]
    fn a_number_means_a_choice_and_a_text_itself() {
        let choice = |label: &str| Choice { label: label.to_owned(), description: None };
        let mut question = Question {
            text: "Which?".into(),
            header: None,
            options: vec![choice("SQLite"), choice("Postgres")],
            many: false,
        };
        for (answer, meant) in [("2", "Postgres"), ("MySQL", "MySQL"), ("1,2", "1,2"), ("3 GB", "3 GB")] {
            assert_eq!(one_answer(&question, answer), Ok(meant.to_owned()));
        }
        for number in ["0", "3", "17", "99999999999999999999999"] {
            assert_eq!(one_answer(&question, number), Err(number));
        }
        question.many = true;
        for (answer, meant) in [("1,2", "SQLite, Postgres"), ("2", "Postgres"), ("1,x", "1,x")] {
            assert_eq!(one_answer(&question, answer), Ok(meant.to_owned()));
        }
        assert_eq!(one_answer(&question, "1, 17"), Err("17"));
        // What is called by a number, and a question without choices.
        question.many = false;
        question.options.push(choice("17"));
        assert_eq!(one_answer(&question, "17"), Ok("17".to_owned()));
        question.options.clear();
        assert_eq!(one_answer(&question, "4"), Ok("4".to_owned()));
    }
}
