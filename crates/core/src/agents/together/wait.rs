//! An agent waits for others. Meanwhile it does not count among those at work, so that whom it waits for can start.

use std::{
    collections::HashMap,
    sync::{MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use orchestra_model::{Agent, AgentId, AgentState, MessageKind, Report};
use serde::Serialize;

use super::{Member, Received, TogetherError, key_of_end, member::facts_of, report_for};
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
    /// The key of the message that would tell of its end.
    #[serde(skip)]
    end: Option<String>,
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

/// What one call of an agent's waits for.
#[derive(Debug)]
pub(super) struct Wait {
    number: u64,
    agents: Vec<AgentId>,
    /// Whether a message ends it, too.
    hears: bool,
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
        let mut begun = None;
        let is_over = |until| Instant::now() >= until || is_called_off();
        let (until, ends) = (Instant::now() + most, (for_all, for_messages));
        let watched = self.watch((&folder, &me), &awaited, ends, &|| is_over(until), &mut begun);
        let news = watched.and_then(|news| {
            // What stands in the news already is not told a second time, nor is what is about to arrive of it.
            let until = Instant::now() + ON_ITS_WAY;
            while !have_arrived(&folder, &me, &awaited, &news.over)? && !is_over(until) {
                thread::sleep(LOOK / 5);
            }
            Ok(news)
        });
        let is_heard = !is_called_off();
        let over = news.iter().flat_map(|news| &news.over).filter(|_| is_heard);
        let mut heard: Vec<String> = over.filter_map(|one| one.end.clone()).collect();
        let known = facts_of(&folder, &me)?;
        heard.retain(|key| known.wish(key).is_none());
        if let Some(number) = begun {
            self.waits().retain(|wait| wait.number != number);
        }
        if begun.is_some() || !heard.is_empty() {
            self.note_waits(&folder, heard)?;
        }
        let news = news?;
        if !is_heard {
            // What came is left for whoever asks next.
            self.have_ends_told(awaited.iter().map(|(_, plan)| &plan.id));
            return Ok(news);
        }
        let is_told = |name: &str| news.over.iter().any(|one| one.name == name);
        let mut messages = self.read(0)?;
        messages.retain(|message| message.kind == MessageKind::Message || !is_told(&message.from));
        Ok(News { messages, ..news })
    }

    /// Looks until what is waited for has come, or it `is_over`. What it notes of that has a number in `begun`, to be taken
    /// back in any case.
    fn watch(
        &self,
        (folder, me): (&AgentFolder, &Plan),
        awaited: &[(AgentFolder, Plan)],
        (for_all, for_messages): (bool, bool),
        is_over: &dyn Fn() -> bool,
        begun: &mut Option<u64>,
    ) -> Result<News, TogetherError> {
        loop {
            let (over, at_work) = look(me, awaited)?;
            let has_come = match for_all {
                true => at_work.is_empty() && !over.is_empty(),
                false => !over.is_empty(),
            };
            let is_told =
                for_messages && facts_of(folder, me)?.queue.iter().any(|prompt| prompt.from.is_some());
            if has_come || is_told || is_over() {
                return Ok(News { over, at_work, messages: Vec::new() });
            }
            if begun.is_none() {
                *begun = Some(self.begin(me, awaited, for_messages)?);
                self.note_waits(folder, Vec::new())?;
                // Only now: of two that begin at once, one sees the other.
                if !for_messages {
                    self.refuse_endless(me, awaited, for_all)?;
                }
                // There may be room for another of the run now.
                self.move_on(folder, me, Vec::new())?;
            }
            thread::sleep(LOOK);
        }
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

    fn waits(&self) -> MutexGuard<'_, Vec<Wait>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a wait; answers its number.
    fn begin(&self, me: &Plan, awaited: &[(AgentFolder, Plan)], hears: bool) -> Result<u64, TogetherError> {
        let mut agents: Vec<_> = awaited.iter().map(|(_, plan)| plan.id.clone()).collect();
        if agents.is_empty() {
            // Whoever waits for a message waits for whoever may send one.
            agents =
                self.members(me)?.into_iter().map(|(_, plan)| plan.id).filter(|id| *id != me.id).collect();
        }
        let mut waits = self.waits();
        let number = waits.last().map_or(0, |last| last.number + 1);
        waits.push(Wait { number, agents, hears });
        Ok(number)
    }

    /// Notes that it only waits, as long as one of its calls does, and which ends it heard of.
    fn note_waits(&self, folder: &AgentFolder, heard: Vec<String>) -> Result<(), TogetherError> {
        // Held meanwhile: the last note is that of the last change.
        let waits = self.waits();
        let mut agents: Vec<AgentId> = waits.iter().flat_map(|wait| wait.agents.clone()).collect();
        agents.sort();
        agents.dedup();
        let hears = waits.iter().any(|wait| wait.hears);
        let (command, event) = (
            Command::Await { agents: agents.clone(), hears, heard: heard.clone() },
            Event::Awaits { agents, hears, heard },
        );
        self.note(folder, command, event, None)
    }

    /// Takes back that it waits, when that was noted by a process that was ended in the middle of it.
    pub(super) fn take_back_what_was_left(
        &self,
        folder: &AgentFolder,
        awaits: &[AgentId],
    ) -> Result<(), TogetherError> {
        if awaits.is_empty() || !self.waits().is_empty() {
            return Ok(());
        }
        self.note_waits(folder, Vec::new())?;
        self.have_ends_told(awaits.iter());
        Ok(())
    }

    /// Has it told of those that it started and that ended unheard while it waited for them, as of all that it does not
    /// wait for.
    fn have_ends_told<'a>(&self, agents: impl Iterator<Item = &'a AgentId>) {
        for folder in agents.filter_map(|id| self.agents().open(id).ok()) {
            let starter = folder.plan().ok().and_then(|plan| plan.started_by);
            if starter.is_some_and(|starter| starter.agent == *self.key.agent()) {
                // What cannot be told is no reason not to do what was asked for now.
                let _ = self.tools.tell_of_end(&folder, Timestamp::now());
            }
        }
    }

    /// Refuses a wait that only its own end could end: one for those that wait in turn for it, and hear no messages.
    fn refuse_endless(
        &self,
        me: &Plan,
        awaited: &[(AgentFolder, Plan)],
        for_all: bool,
    ) -> Result<(), TogetherError> {
        let waits = |id: &AgentId| {
            let Ok(folder) = self.agents().open(id) else { return Vec::new() };
            // Whoever has no runner does not wait, whatever its log says last.
            let facts = folder.is_held().then(|| folder.plan().and_then(|plan| facts_of(&folder, &plan)));
            facts
                .and_then(Result::ok)
                .filter(|facts| !facts.hears)
                .map(|facts| facts.awaits)
                .unwrap_or_default()
        };
        let mut known = HashMap::new();
        let hanging: Vec<&Plan> = awaited
            .iter()
            .map(|(_, plan)| plan)
            .filter(|plan| hangs_on(&plan.id, &me.id, &waits, &mut known))
            .collect();
        let is_endless = if for_all { !hanging.is_empty() } else { hanging.len() == awaited.len() };
        match hanging.first() {
            Some(first) if is_endless => Err(TogetherError::WaitsForYou { name: first.name.clone() }),
            _ => Ok(()),
        }
    }
}

/// Whether all that an agent waits for is another one, or hangs on that in turn.
fn hangs_on(
    one: &AgentId,
    other: &AgentId,
    waits: &dyn Fn(&AgentId) -> Vec<AgentId>,
    known: &mut HashMap<AgentId, bool>,
) -> bool {
    if let Some(known) = known.get(one) {
        return *known;
    }
    // Those that go round without the other do not hang on it.
    known.insert(one.clone(), false);
    let awaits = waits(one);
    let hangs =
        !awaits.is_empty() && awaits.iter().all(|next| next == other || hangs_on(next, other, waits, known));
    known.insert(one.clone(), hangs);
    hangs
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
        let facts = facts_of(folder, plan)?;
        let report = report_for(&me.id, &facts);
        let is_over = report.is_some() || agent.rests();
        let is_mine = plan.started_by.as_ref().is_some_and(|starter| starter.agent == me.id);
        let end = (is_mine && is_over && report.is_none()).then(|| key_of_end(&plan.id, &facts));
        let list = if is_over { &mut over } else { &mut at_work };
        list.push(Awaited { end, ..told(agent, report, is_over) });
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
        end: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hangs(one: &str, waits: &[(&str, &[&str])]) -> bool {
        let id = |name: &str| -> AgentId { name.parse().unwrap() };
        let waits = |one: &AgentId| {
            let found = waits.iter().find(|(name, _)| *name == one.as_str());
            found.map(|(_, names)| names.iter().map(|name| id(name)).collect()).unwrap_or_default()
        };
        hangs_on(&id(one), &id("me"), &waits, &mut HashMap::new())
    }

    #[test]
    fn only_what_waits_for_nobody_else_hangs_on_one() {
        assert!(hangs("a", &[("a", &["me"])]));
        assert!(hangs("a", &[("a", &["b", "me"]), ("b", &["me"])]), "through another");
        assert!(hangs("a", &[("a", &["b", "c"]), ("b", &["c"]), ("c", &["me"])]), "on two ways");
        assert!(!hangs("a", &[]), "it works");
        assert!(!hangs("a", &[("a", &["b"]), ("b", &[])]), "what it waits for works");
        assert!(!hangs("a", &[("a", &["me", "b"])]), "one of those works");
        assert!(!hangs("a", &[("a", &["b"]), ("b", &["a"])]), "round without one");
    }
}
