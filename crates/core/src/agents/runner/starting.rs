//! What a runner starts: the client, with the tools to talk to others, and what goes on with its run.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use orchestra_model::AgentId;

use super::{
    NO_TICKET, PIPES, Runner, Running, SILENCE, What,
    child::{Child, Program},
};
use crate::agents::{
    client::Opening,
    entry::Event,
    plan::{Conversation, Talks},
    together,
};

/// What a client may spend of what its agent may, of which the clients before it used some. A person that has one go on
/// after all of it was used lets it have as much again.
fn left_of(most: f64, used: Option<f64>) -> f64 {
    let left = most - used.unwrap_or_default();
    if left >= most / 100.0 { left } else { most }
}

impl Runner<'_> {
    /// Starts the setup command if that is still to be run, else the client.
    pub(super) fn start_what_is_next(&mut self) -> Result<(), String> {
        match self.journal.facts().setup.clone() {
            Some(setup) => self.start_setup(setup),
            None => self.start_client(),
        }
    }

    pub(super) fn start_client(&mut self) -> Result<(), String> {
        if let Some(limited) = self.limited() {
            self.park(limited);
            return Ok(());
        }
        let known = self.journal.facts().session.clone();
        let opening = match (&known, &self.plan.conversation) {
            (Some(session), _) => Opening::Resume(session),
            (None, Conversation::New { session }) => Opening::New(session),
            (None, Conversation::Fork { of, session }) => Opening::Fork { of, session },
            (None, Conversation::Continue { of, .. }) => Opening::Continue(of),
        };
        let resumes = known.is_some();
        let mut settings = self.plan.settings.clone();
        let facts = self.journal.facts();
        settings.model = facts.chosen_model.clone().or(settings.model);
        settings.permission_mode = facts.chosen_mode.clone().or(settings.permission_mode);
        settings.max_budget_usd = settings.max_budget_usd.map(|most| left_of(most, facts.cost_usd()));
        let tools = self.give_tools()?;
        let arguments = self.client.arguments(&settings, opening, tools.as_deref());
        let program = self.plan.client.clone();
        let child = self.start(What::Client, &program, arguments).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                format!("{} is not there; install the client, then try again", program.display())
            }
            _ => format!("{} could not be started: {error}", program.display()),
        })?;
        self.journal.event(Event::ClientStarted { process: child.process.clone(), program, resumes });
        for line in self.client.greeting() {
            child.write(NO_TICKET, line);
        }
        self.child = Some(Running { child, what: What::Client, exit: None, open_pipes: PIPES });
        self.silent_until = Some(Instant::now() + SILENCE);
        Ok(())
    }

    /// Gives the client the tools to talk to other agents, with a key that is this agent's own: the file that says so.
    fn give_tools(&self) -> Result<Option<PathBuf>, String> {
        if self.plan.settings.talks == Talks::Nobody {
            return Ok(None);
        }
        let settings = &self.settings;
        let given =
            together::give_tools(&self.folder, self.client, &settings.program, &settings.serves_tools);
        given.map(Some).map_err(|error| format!("its tools could not be written down: {error}"))
    }

    /// Has the run gone on with by a process of its own, with the surroundings that this one has.
    pub(super) fn step(&self, wake: &[AgentId]) {
        let mut step = Command::new(&self.settings.program);
        step.args(&self.settings.steps).arg(self.plan.run.id.as_str());
        step.args(wake.iter().map(AgentId::as_str)).current_dir("/");
        step.stdin(Stdio::null()).stdout(Stdio::null());
        // Collected with all others that end. One that cannot be started is missed by nobody: the next one does it.
        let _ = step.spawn();
    }

    pub(super) fn start(&self, what: What, program: &Path, arguments: Vec<OsString>) -> io::Result<Child> {
        let mut given: Vec<(OsString, OsString)> = vec![
            ("ORCHESTRA_AGENT".into(), self.plan.id.as_str().into()),
            ("ORCHESTRA_REPOSITORY".into(), self.plan.place.origin().into()),
        ];
        given.extend(
            self.journal.facts().ports.iter().map(|(name, port)| (name.into(), port.to_string().into())),
        );
        let program = Program {
            program,
            arguments,
            folder: &self.work_folder(),
            scrubbed: &self.settings.scrubbed,
            given,
            prints_lines: what == What::Client,
            spill: self.folder.spill(),
        };
        Child::start(program, &self.sender)
    }
}
