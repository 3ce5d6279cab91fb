//! An agent waits for others. Meanwhile it does not count among those at work, so that whom it waits for can start.

use std::{
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentState, MessageKind, Report};
use serde::Serialize;

use super::{Member, Received, TogetherError, member::facts_of, report_for};
use crate::agents::{AgentFolder, control::Command, entry::Event, plan::Plan};

/// How often those that are waited for are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long a message may be on its way after the report that it tells of.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// One that was waited for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Awaited {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: AgentState,
    /// What it reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// What it said last, when it reported nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_words: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What it waits for or does, while it is at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doing: Option<String>,
    /// The branch that has its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// What came while it was waited.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct News {
    /// Those that have reported or ended.
    pub over: Vec<Awaited>,
    /// Those that have not.
    pub at_work: Vec<Awaited>,
    /// Messages that arrived; they are read now.
    pub messages: Vec<Received>,
}

impl Member {
    /// Waits until one of some agents has reported or ended, or all of them have; of none named, those that it started.
    /// With `for_messages` also until a message arrives. Answers in any case when the time is over, or it `is_called_off`:
    /// then it reads nothing.
    ///
    /// # Errors
    /// When one of them does not exist, or nobody is there to be waited for.
    pub fn wait(
        &self,
        names: &[String],
        (for_all, for_messages): (bool, bool),
        most: Duration,
        is_called_off: &dyn Fn() -> bool,
    ) -> Result<News, TogetherError> {
        let (folder, me) = self.me()?;
        let awaited = self.awaited(&me, names)?;
        if awaited.is_empty() && !for_messages {
            return Err(TogetherError::NobodyToWaitFor);
        }
        let until = Instant::now() + most;
        let mut is_noted = false;
        let news = loop {
            let (over, at_work) = look(&me, &awaited)?;
            let has_come = match for_all {
                true => at_work.is_empty() && !over.is_empty(),
                false => !over.is_empty(),
            };
            let is_told =
                for_messages && facts_of(&folder, &me)?.queue.iter().any(|prompt| prompt.from.is_some());
            if has_come || is_told || Instant::now() >= until || is_called_off() {
                break News { over, at_work, messages: Vec::new() };
            }
            if !is_noted {
                is_noted = true;
                self.note_waiting(&folder, &me, &awaited)?;
            }
            thread::sleep(LOOK);
        };
        if is_noted {
            let agents = Vec::new();
            self.note(&folder, Command::Await { agents: agents.clone() }, Event::Awaits { agents }, None)?;
        }
        // What stands in the news already is not told a second time, nor is what is about to arrive of it.
        let until = Instant::now() + ON_ITS_WAY;
        while !have_arrived(&folder, &me, &awaited, &news.over)? && Instant::now() < until {
            thread::sleep(LOOK / 5);
        }
        if is_called_off() {
            // Nobody hears this answer: messages wait on, and who ended unheard while it was waited is told of as one is
            // that nobody waits for.
            for (other, _) in &awaited {
                self.tools.tell_of_end(other, Timestamp::now())?;
            }
            return Ok(news);
        }
        let is_over = |name: &str| news.over.iter().any(|one| one.name == name);
        let mut messages = self.read(0)?;
        messages.retain(|message| message.kind == MessageKind::Message || !is_over(&message.from));
        Ok(News { messages, ..news })
    }

    /// Those that are named, else those that it started and that are at work, else all that it started.
    fn awaited(&self, me: &Plan, names: &[String]) -> Result<Vec<(AgentFolder, Plan)>, TogetherError> {
        if !names.is_empty() {
            return names.iter().map(|name| self.find(me, name)).collect();
        }
        let is_mine = |plan: &Plan| plan.started_by.as_ref().is_some_and(|starter| starter.agent == me.id);
        let mut mine: Vec<_> = self.members(me)?.into_iter().filter(|(_, plan)| is_mine(plan)).collect();
        let is_at_work = |folder: &AgentFolder| folder.agent().is_ok_and(|agent| !agent.rests());
        if mine.iter().any(|(folder, _)| is_at_work(folder)) {
            mine.retain(|(folder, _)| is_at_work(folder));
        }
        Ok(mine)
    }

    /// Notes that it only waits from here on, and has its run gone on with: there may be room for another now.
    fn note_waiting(
        &self,
        folder: &AgentFolder,
        me: &Plan,
        awaited: &[(AgentFolder, Plan)],
    ) -> Result<(), TogetherError> {
        let mut agents: Vec<_> = awaited.iter().map(|(_, plan)| plan.id.clone()).collect();
        if agents.is_empty() {
            // Whoever waits for a message waits for whoever may send one.
            agents =
                self.members(me)?.into_iter().map(|(_, plan)| plan.id).filter(|id| *id != me.id).collect();
        }
        self.note(folder, Command::Await { agents: agents.clone() }, Event::Awaits { agents }, None)?;
        self.move_on(folder, me, Vec::new())
    }
}

/// Whether the messages that tell of reports have come, too: a report is kept before whoever waits for it is told.
fn have_arrived(
    folder: &AgentFolder,
    me: &Plan,
    awaited: &[(AgentFolder, Plan)],
    over: &[Awaited],
) -> Result<bool, TogetherError> {
    let kept = facts_of(folder, me)?.mailbox.kept;
    let has_come = |one: &Awaited| {
        let mut from = awaited.iter().filter(|(_, plan)| {
            let tells_me = plan.started_by.as_ref().is_some_and(|starter| starter.agent == me.id);
            tells_me && plan.name == one.name
        });
        let (Some(report), Some((_, plan))) = (&one.report, from.next()) else { return true };
        // The log knows milliseconds.
        let since = report.at.as_millisecond();
        kept.iter().any(|kept| kept.from.agent() == Some(&plan.id) && kept.at.as_millisecond() >= since)
    };
    Ok(over.iter().all(has_come))
}

/// Those that have reported or ended, and those that have not.
fn look(me: &Plan, awaited: &[(AgentFolder, Plan)]) -> Result<(Vec<Awaited>, Vec<Awaited>), TogetherError> {
    let (mut over, mut at_work) = (Vec::new(), Vec::new());
    for (folder, plan) in awaited {
        let agent = folder.agent()?;
        let report = report_for(&me.id, &facts_of(folder, plan)?);
        let is_over = report.is_some() || agent.rests();
        let list = if is_over { &mut over } else { &mut at_work };
        list.push(told(agent, report, is_over));
    }
    Ok((over, at_work))
}

fn told(agent: Agent, report: Option<Report>, is_over: bool) -> Awaited {
    let asks = agent.requests.iter().find(|request| request.decided.is_none());
    let asks = asks.map(|request| format!("it asks a person: {}", request.summary));
    Awaited {
        last_words: agent.result.filter(|_| report.is_none() && is_over),
        name: agent.name,
        state: agent.state,
        report,
        failure: agent.failure,
        doing: asks.or(agent.waits).or(agent.doing).filter(|_| !is_over),
        branch: agent.branch.filter(|_| is_over),
    }
}
