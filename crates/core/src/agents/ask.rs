//! Asking something of an agent's runner, and of its log what no runner knows any more: what was asked before, and who
//! decided.

use orchestra_model::Decision;

use super::{
    AgentFolder, Control, ControlError,
    control::{Caller, Command, Refusal},
    entry::Event,
};

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub decision: Decision,
    /// Through which surface.
    pub by: String,
}

impl AgentFolder {
    /// Asks something of the agent's runner: the number of the last record, and of the prompt if it was one. What was done
    /// under the caller's key before the runner went is not refused; whoever answers too late is told who was first.
    ///
    /// # Errors
    /// When it is refused, or no runner answers.
    pub fn ask(
        &self,
        command: Command,
        caller: impl Into<Caller>,
    ) -> Result<(u64, Option<u64>), ControlError> {
        let caller = caller.into();
        let key = caller.key.clone();
        let request = match &command {
            Command::Answer { request, .. } => Some(request.clone()),
            _ => None,
        };
        let asked = Control::connect(self.path()).and_then(|mut runner| runner.ask(command, caller));
        let Err(error) = asked else { return asked };
        if matches!(error, ControlError::NotRunning)
            && let Some(done) = key.and_then(|key| self.done(&key))
        {
            return Ok(done);
        }
        // A runner remembers a decision until the client has it.
        let forgets = matches!(
            error,
            ControlError::NotRunning | ControlError::Refused(Refusal::NoSuchRequest | Refusal::Ending)
        );
        let request = request.filter(|_| forgets);
        match request.and_then(|request| self.last_decision(|asked| asked == request)) {
            Some(Decided { decision, by }) => {
                Err(Refusal::AlreadyDecided { by, decision: Some(decision) }.into())
            }
            None => Err(error),
        }
    }

    /// What the answer was to what was done under a key.
    fn done(&self, key: &str) -> Option<(u64, Option<u64>)> {
        let prompt = self.wish(key).ok()??;
        Some((self.agent().ok()?.sequence, prompt))
    }

    /// The last decision, as the log has it, on a request whose id is meant.
    pub fn last_decision(&self, is_meant: impl Fn(&str) -> bool) -> Option<Decided> {
        let mut story = self.story(0).ok()?;
        let mut last = None;
        while let Ok(Some(scene)) = story.next_scene() {
            if let Some(Event::Decided { request, decision, by, .. }) = scene.event()
                && is_meant(request)
            {
                last = Some(Decided { decision: decision.clone(), by: by.clone() });
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::agents::{Agents, entry::Steering, testing::run};

    #[test]
    fn without_a_runner_the_log_says_who_was_first_and_what_was_done() {
        let state = tempfile::tempdir().unwrap();
        let agents = Agents::new(state.path());
        let id = agents.create(run(None, &["task"]), |_| false, Timestamp::UNIX_EPOCH).unwrap().remove(0).id;
        let folder = agents.open(&id).unwrap();
        let lock = folder.take_lock().unwrap().unwrap();
        let decision = Decision::Deny { message: String::new(), interrupt: false };
        let decided =
            Event::Decided { request: "r-1".into(), decision: decision.clone(), by: "web".into(), key: None };
        let stopped = Event::Steered { how: Steering::Stop, by: "web".into(), key: Some("k-1".into()) };
        for event in [decided, stopped] {
            folder.add_event(&lock, &event, Timestamp::UNIX_EPOCH).unwrap();
        }
        drop(lock);
        let answer = |request: &str| {
            let decision = Decision::Allow { always: None, answers: Vec::new() };
            let command = Command::Answer { request: request.into(), input_hash: "h".into(), decision };
            folder.ask(command, "cli").unwrap_err()
        };
        assert_eq!(answer("r-1").to_string(), "it was denied through web already");
        assert!(matches!(answer("r-2"), ControlError::NotRunning));
        let stop = |key: &str| {
            let caller = Caller { by: "web".into(), key: Some(key.into()) };
            folder.ask(Command::Steer { how: Steering::Stop }, caller)
        };
        assert_eq!(stop("k-1").unwrap(), (2, None));
        assert!(matches!(stop("k-2"), Err(ControlError::NotRunning)));
    }
}
