//! What callers ask of a runner: each is done and kept before it is said to be, or refused with nothing changed.

use jiff::Timestamp;
use orchestra_model::{Decided, Decision};

use super::{Delivery, Runner};
use crate::agents::{
    control::{Answer, Caller, Command, Refusal},
    entry::{Event, Steering},
    together,
};

impl Runner<'_> {
    /// Does what a caller asks, or says why not.
    pub(super) fn answer(&mut self, command: Command, caller: Caller) -> Answer {
        match self.obey(command, caller) {
            Ok(prompt) => Answer::Done { sequence: self.journal.facts().sequence, prompt },
            Err(why) => Answer::Refused { why },
        }
    }

    fn obey(&mut self, command: Command, Caller { by, key }: Caller) -> Result<Option<u64>, Refusal> {
        if let Some(prompt) = key.as_deref().and_then(|key| self.journal.facts().wish(key)) {
            return Ok(prompt);
        }
        let mut prompt = None;
        match command {
            Command::Hello | Command::Follow => {}
            Command::Unknown => return Err(Refusal::NotKnown),
            Command::Send { text, from } => {
                self.refuse_when_ending()?;
                if from.is_some() {
                    together::has_room(self.journal.facts(), Timestamp::now())?;
                }
                let id = self.journal.facts().last_prompt + 1;
                self.journal.promise(Event::PromptQueued { id, text, by, key, from, first: false })?;
                prompt = Some(id);
                self.go_on();
            }
            Command::Read { ids } => {
                let facts = self.journal.facts();
                let waits = |id: &u64| facts.queue.iter().any(|prompt| prompt.id == *id);
                if ids.iter().any(waits) {
                    self.journal.promise(Event::MessagesRead { ids })?;
                }
            }
            Command::Await { agents, hears, heard } => {
                let facts = self.journal.facts();
                if (&facts.awaits, facts.hears) != (&agents, hears) || !heard.is_empty() {
                    self.journal.promise(Event::Awaits { agents, hears, heard })?;
                }
            }
            Command::Report { report } => self.journal.promise(Event::Reported { report, key })?,
            Command::Taken => self.journal.promise(Event::Taken)?,
            Command::Step { wake } => self.step(&wake),
            Command::Nudge { text, since } => {
                self.refuse_when_ending()?;
                let now = Timestamp::now();
                // Until it has the words it seems stuck all the same: two who nudge it at once do so once.
                let stuck = self.journal.facts().stuck_since(now).filter(|since| self.nudged != Some(*since));
                if since.is_some_and(|since| stuck != Some(since.as_millisecond())) {
                    return Err(Refusal::GoesOn);
                }
                let id = self.journal.facts().last_prompt + 1;
                let is_busy = self.journal.facts().is_busy;
                let (by_whom, from) = (by.clone(), None);
                self.journal.promise(Event::PromptQueued {
                    id,
                    text,
                    by: by_whom,
                    key,
                    from,
                    first: true,
                })?;
                self.nudged = stuck.or(self.nudged);
                prompt = Some(id);
                if is_busy {
                    self.steer(Steering::Interrupt, by.as_str().into())?;
                } else {
                    self.go_on();
                }
            }
            Command::Edit { id, text } => {
                self.waiting_prompt(id)?;
                self.journal.promise(Event::PromptEdited { id, text, key })?;
            }
            Command::Remove { id } => {
                self.waiting_prompt(id)?;
                self.journal.promise(Event::PromptRemoved { id, key })?;
            }
            Command::Answer { request, input_hash, decision } => {
                self.decide(&request, &input_hash, decision, Caller { by, key })?;
            }
            Command::Steer { how: how @ (Steering::Stop | Steering::Finish) } => {
                self.journal.promise(Event::Steered { how: how.clone(), by: by.clone(), key })?;
                self.stop(how, by);
            }
            Command::Steer { how } => {
                self.refuse_when_ending()?;
                self.steer(how, Caller { by, key })?;
            }
        }
        Ok(prompt)
    }

    fn steer(&mut self, how: Steering, Caller { by, key }: Caller) -> Result<(), Refusal> {
        let line = self.client.steer(&how, &format!("orchestra-{}", self.next_ticket));
        let line = line.ok_or(Refusal::NotKnown)?;
        self.journal.promise(Event::Steered { how, by, key })?;
        self.write(line, None);
        Ok(())
    }

    fn refuse_when_ending(&self) -> Result<(), Refusal> {
        if self.is_parked() {
            // What it takes in waits with it.
            return Ok(());
        }
        let is_ending =
            self.ending.is_some() || self.child.as_ref().is_none_or(|running| running.exit.is_some());
        if is_ending { Err(Refusal::Ending) } else { Ok(()) }
    }

    fn waiting_prompt(&self, id: u64) -> Result<(), Refusal> {
        let facts = self.journal.facts();
        if facts.queue.iter().any(|prompt| prompt.id == id) {
            Ok(())
        } else if (1..=facts.last_prompt).contains(&id) {
            Err(Refusal::AlreadyDelivered)
        } else {
            Err(Refusal::NoSuchPrompt)
        }
    }

    /// Passes a decision on, once, for exactly what was asked.
    fn decide(
        &mut self,
        id: &str,
        input_hash: &str,
        decision: Decision,
        Caller { by, key }: Caller,
    ) -> Result<(), Refusal> {
        self.refuse_when_ending()?;
        let request = self.journal.facts().requests.iter().find(|request| request.id == id);
        let request = request.ok_or(Refusal::NoSuchRequest)?;
        if let Some(decided) = &request.decided {
            let Decided { by, decision, .. } = decided.clone();
            return Err(Refusal::AlreadyDecided { by, decision: Some(decision) });
        }
        if request.input_hash != input_hash {
            return Err(Refusal::InputChanged);
        }
        if let Decision::Allow { always: Some(index), .. } = &decision
            && request.suggestions.len() <= *index
        {
            return Err(Refusal::NoSuchChoice);
        }
        let asked = self.asked.get(id).ok_or(Refusal::NoSuchRequest)?;
        let line = self.client.answer(asked, &decision).ok_or(Refusal::NoSuchChoice)?;
        self.journal.promise(Event::Decided { request: id.to_owned(), decision, by, key })?;
        self.asked.remove(id);
        self.write(line, Some(Delivery::Decision { request: id.to_owned() }));
        Ok(())
    }
}
