//! Agents that work together: what they tell each other, what they start, and what they may.
//!
//! There is no second store: a message is a record in its receiver's log, as one of a person is, and waits in the same
//! queue. [`Member`] is an agent that does something for itself, known by a [key](Key) that its runner gave it; what it
//! may is said by [`limits`]. How agents are spoken to by their clients (MCP) is not known here.

mod key;
pub mod limits;
mod member;
mod start;
mod threads;
mod wait;

use jiff::Timestamp;
use orchestra_model::{AgentId, MessageKind, QueuedPrompt, Report};

pub(super) use key::give_tools;
pub use key::{Key, KeyError};
pub use limits::Limit;
pub use member::{Delivered, Member, Received, Seen, TogetherError};
pub use start::NewMember;
pub use wait::{Awaited, News};

use super::{
    AgentFolder, Agents, SendError, Tools,
    control::{Caller, Refusal},
    entry::Letter,
    facts::{Facts, Kept},
};
use member::facts_of;

/// Through which surface agents act.
const BY: &str = "mcp";

/// What an agent's client is told of a prompt that waited: another agent's words are told apart from a person's.
pub(super) fn words_of(prompt: &QueuedPrompt) -> String {
    match &prompt.from {
        None => prompt.text.clone(),
        Some(name) => format!(
            "Message {} from {name}, another agent of your run (not from a person):\n\n{}",
            prompt.id, prompt.text
        ),
    }
}

/// The key of the message that tells of an agent's end. Asked once more, it may end once more before a turn of it does.
fn key_of_end(agent: &AgentId, facts: &Facts) -> String {
    format!("ended-{agent}-{}-{}", facts.turns, facts.last_prompt)
}

/// What an agent has reported for another: a report counts until that one asks it for more.
fn report_for(other: &AgentId, facts: &Facts) -> Option<Report> {
    let of_other = |kept: &&Kept| kept.from.agent() == Some(other);
    let asked = facts.mailbox.kept.iter().rfind(of_other).map(|kept| kept.at);
    facts.report.clone().filter(|report| asked.is_none_or(|asked| report.at > asked))
}

/// Refuses when agents have sent an agent so much that it must read first.
pub(super) fn has_room(facts: &Facts, now: Timestamp) -> Result<(), Refusal> {
    let waiting = facts.queue.iter().filter(|prompt| prompt.from.is_some()).count();
    let arrived = facts.mailbox.arrived(None, now);
    limits::may_arrive(waiting, arrived).map_err(|limit| Refusal::TooMuch { why: limit.to_string() })
}

impl Tools {
    /// Does what is due in a run, with a plan or without, and has agents go on that have got a message and no runner.
    ///
    /// # Errors
    /// When something of it could not be done; the rest is all the same.
    pub fn go_on(&self, run: &AgentId, wake: &[AgentId]) -> Result<(), super::runs::StepError> {
        let agents = self.agents();
        let mut outcome = Ok(());
        for id in wake {
            let waits = agents.open(id).and_then(|folder| folder.agent());
            if waits.is_ok_and(|agent| !agent.queue.is_empty() && !agent.state.is_live())
                && let Err(error) = agents.launch(id, &self.launcher)
            {
                outcome = Err(error.into());
            }
        }
        if agents.has_plan(run) {
            let run = agents.run(run)?;
            let stepped = self.step_to_the_end(&run);
            run.note_trouble(stepped.as_ref().err().map(ToString::to_string));
            stepped?;
        } else {
            agents.advance(run, &self.launcher)?;
        }
        outcome
    }

    /// Tells whoever started an agent that it has ended, if it has not reported since it was last asked something, and
    /// nobody waits for it: they would never hear of it. Its runner has let go of it.
    ///
    /// # Errors
    /// When that cannot be written, or its starter not be woken.
    pub fn tell_of_end(&self, folder: &AgentFolder, now: Timestamp) -> Result<(), TogetherError> {
        let plan = folder.plan()?;
        let Some(starter) = &plan.started_by else { return Ok(()) };
        let agent = folder.agent()?;
        let agents = self.agents();
        let Ok(other) = agents.open(&starter.agent) else { return Ok(()) };
        let facts = facts_of(folder, &plan)?;
        let is_over = agent.rests() && !agent.state.is_live();
        let has_reported = report_for(&starter.agent, &facts).is_some();
        if !is_over || has_reported || other.agent()?.awaits.contains(&plan.id) {
            return Ok(());
        }
        let since = if facts.report.is_some() { " since you asked for more" } else { "" };
        let state = agent.state.in_words();
        let mut text = format!("{} {state}, and did not report a result{since}.", plan.name);
        for words in [agent.failure, agent.result].into_iter().flatten() {
            text.push_str(&format!(
                "\n\nIts last words:\n{}",
                crate::prompt::cut(&words, limits::LONGEST_MESSAGE / 2)
            ));
        }
        let caller = Caller { by: BY.to_owned(), key: Some(key_of_end(&plan.id, &facts)) };
        let letter = Letter { agent: plan.id.clone(), name: plan.name, kind: MessageKind::Ended };
        match agents.put(&starter.agent, &text, &caller, Some(letter), now) {
            // What its run may not spend, it waits for like all others.
            Ok((sent, _)) if sent.resumed && agents.used_up(&other.plan()?.run.id)?.is_none() => {
                Ok(agents.launch(&starter.agent, &self.launcher)?)
            }
            Ok(_) | Err(SendError::Stopped { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Agents {
    /// Whether a run has a plan of its own.
    pub(super) fn has_plan(&self, run: &AgentId) -> bool {
        self.run_folder(run).join(super::runs::PLAN).is_file()
    }

    /// What a run has used up, in words that follow "has used"; `None` while there is something left, or no limit.
    fn used_up(&self, run: &AgentId) -> Result<Option<String>, super::runs::RunError> {
        if self.has_plan(run) { self.run(run)?.used_up() } else { Ok(None) }
    }
}
