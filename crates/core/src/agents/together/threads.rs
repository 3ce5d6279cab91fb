//! All that was said in a run, as conversations: read from what is kept of its agents' logs.

use std::{collections::HashMap, io};

use orchestra_model::{
    AgentId, AgentMessage, MessageKind, MessageState, Messages, Sender, Talker, Thread, ThreadKind,
};

use crate::agents::{Agents, client::client_of, facts::Mailbox, plan::Plan};

/// How many messages of a run are told of; the newest are.
const MOST_TOLD: usize = 2000;

impl Agents {
    /// What was said in a run so far, also by people; what an agent was started with by another is the first message of
    /// their thread. Of one agent about 200 messages are known, of the run 2,000; long ones are shortened.
    ///
    /// # Errors
    /// When the agents' folder cannot be read. An agent that cannot be is left out.
    pub fn messages(&self, run: &AgentId) -> io::Result<Messages> {
        let mut members: Vec<(Plan, Mailbox, Talker)> = Vec::new();
        for folder in self.folders()? {
            let Ok(plan) = folder.plan() else { continue };
            if plan.run.id != *run {
                continue;
            }
            let Ok(facts) = folder.facts(client_of(plan.provider)) else { continue };
            let talker = Talker {
                id: plan.id.clone(),
                name: plan.name.clone(),
                started_by: plan.started_by.as_ref().map(|starter| starter.agent.clone()),
                depth: plan.started_by.as_ref().map_or(0, |starter| starter.depth),
                report: facts.report,
            };
            members.push((plan, facts.mailbox, talker));
        }
        members.sort_by(|(one, ..), (other, ..)| {
            (one.created_at, one.run.index).cmp(&(other.created_at, other.run.index))
        });
        Ok(told(members))
    }
}

/// What members' mailboxes say, as threads.
fn told(members: Vec<(Plan, Mailbox, Talker)>) -> Messages {
    let plans: HashMap<&AgentId, &Plan> = members.iter().map(|(plan, ..)| (&plan.id, plan)).collect();
    let mut left_out = 0;
    let mut all: Vec<AgentMessage> = Vec::new();
    for (plan, mailbox, _) in &members {
        left_out += mailbox.left_out;
        all.extend(task(plan));
        all.extend(mailbox.kept.iter().map(|kept| AgentMessage {
            number: kept.number,
            sequence: kept.sequence,
            from: kept.from.clone(),
            to: plan.id.clone(),
            to_name: plan.name.clone(),
            kind: kept.kind,
            text: kept.text.clone(),
            is_cut: kept.is_cut,
            at: kept.at,
            state: kept.state,
        }));
    }
    all.sort_by_key(|message| message.at);
    let too_many = all.len().saturating_sub(MOST_TOLD);
    left_out += too_many as u64;
    let mut threads: Vec<Thread> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for message in all.into_iter().skip(too_many) {
        let (id, kind, between) = thread_of(&message, &plans);
        let place = *places.entry(id.clone()).or_insert_with(|| {
            threads.push(Thread { id, kind, between, messages: Vec::new() });
            threads.len() - 1
        });
        threads[place].messages.push(message);
    }
    threads.sort_by_key(|thread| std::cmp::Reverse(thread.messages.last().map(|message| message.at)));
    Messages { agents: members.into_iter().map(|(.., talker)| talker).collect(), threads, left_out }
}

/// What an agent was started with by another, as the first message of their thread.
fn task(plan: &Plan) -> Option<AgentMessage> {
    let starter = plan.started_by.as_ref()?;
    let text = crate::prompt::cut(&plan.task, LONGEST_TASK);
    Some(AgentMessage {
        number: 1,
        sequence: 1,
        from: Sender::Agent { id: starter.agent.clone(), name: starter.name.clone() },
        to: plan.id.clone(),
        to_name: plan.name.clone(),
        kind: MessageKind::Task,
        text: text.to_owned(),
        is_cut: text.len() < plan.task.len(),
        at: plan.created_at,
        state: MessageState::Delivered,
    })
}

/// How much of a task is told, in bytes.
const LONGEST_TASK: usize = 4 << 10;

/// The thread that a message belongs to: its name, what holds it together, and who talks.
fn thread_of(message: &AgentMessage, plans: &HashMap<&AgentId, &Plan>) -> (String, ThreadKind, [String; 2]) {
    let to = &message.to;
    let Sender::Agent { id: from, name } = &message.from else {
        let between = ["you".to_owned(), message.to_name.clone()];
        return (format!("person-{to}"), ThreadKind::Person, between);
    };
    let started = |one: &AgentId, other: &AgentId| {
        let starter = plans.get(one).and_then(|plan| plan.started_by.as_ref());
        starter.filter(|starter| starter.agent == *other).cloned()
    };
    let kind = |is_handoff| if is_handoff { ThreadKind::Handoff } else { ThreadKind::Assignment };
    if let Some(starter) = started(to, from) {
        let between = [name.clone(), message.to_name.clone()];
        return (format!("task-{to}"), kind(starter.is_handoff), between);
    }
    if let Some(starter) = started(from, to) {
        let between = [message.to_name.clone(), name.clone()];
        return (format!("task-{from}"), kind(starter.is_handoff), between);
    }
    let mut pair = [(from, name), (to, &message.to_name)];
    pair.sort();
    let [(one, one_name), (other, other_name)] = pair;
    (format!("pair-{one}-{other}"), ThreadKind::Pair, [one_name.clone(), other_name.clone()])
}
