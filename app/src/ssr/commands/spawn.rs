//! Starting agents from a page.

use std::path::Path;

use orchestra_core::agents::{GoesOn, Wish, check_task, paragraphs, plan::Settings};
use serde::Deserialize;

use super::{Desk, no_place, refused};
use crate::{
    data::agent::Outcome,
    error::{AppError, AppErrorKind},
};

/// What the form of the page New says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Spawn {
    pub(super) tasks: String,
    folder: String,
    other_folder: String,
    base: String,
    model: String,
    mode: String,
    pub(super) max_parallel: String,
    pub(super) session: Option<String>,
    how: Option<String>,
    pub(super) trust: Option<String>,
}

impl Desk<'_> {
    pub(super) fn spawn(&self, spawn: Spawn) -> Result<Outcome, AppError> {
        let bad = |message: &str, next: &str| AppError::new(AppErrorKind::BadRequest, message, next);
        let client = self.tools.client.as_deref().ok_or_else(|| {
            refused(
                "Claude Code is not installed on the computer",
                "npm install -g @anthropic-ai/claude-code there, then start Orchestra again.",
            )
        })?;
        let goes_on =
            spawn.session.as_deref().map(|id| self.goes_on(id, spawn.how.as_deref())).transpose()?;
        let is_here = matches!(goes_on, Some(GoesOn::Itself { .. }));
        let tasks =
            if goes_on.is_some() { vec![spawn.tasks.trim().to_owned()] } else { paragraphs(&spawn.tasks) };
        if tasks.is_empty() {
            return Err(bad("There is no task.", "Say what the agents shall do, one paragraph for each."));
        }
        for task in &tasks {
            check_task(task).map_err(|error| refused(error, "Change the task, then try again."))?;
        }
        let folder =
            [&spawn.other_folder, &spawn.folder].into_iter().find(|folder| !folder.trim().is_empty());
        let folder =
            folder.ok_or_else(|| bad("No repository is chosen.", "Choose one, or name its folder."))?;
        let base = Some(spawn.base.trim()).filter(|base| !base.is_empty());
        let place = self
            .tools
            .find_place(Path::new(folder.trim()), base, is_here)
            .map_err(|error| refused(&error, no_place(&error)))?;
        if !place.is_trusted {
            if spawn.trust.is_none() {
                return Err(refused(
                    "This repository is not trusted yet",
                    "Its Claude Code settings, hooks and setup command would run unasked: tick that you trust it.",
                ));
            }
            self.tools
                .trust(&place, self.context.clock.now())
                .map_err(|error| refused(error, "Orchestra's own folder must be writable."))?;
        }
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let settings =
            Settings { model: some(&spawn.model), permission_mode: some(&spawn.mode), ..Settings::default() };
        let max_parallel =
            some(&spawn.max_parallel).and_then(|number| number.parse().ok()).filter(|most| *most > 0);
        let key = self.caller.key.clone();
        let wish = Wish { tasks, goes_on, settings, max_parallel, key };
        let not_started = |error| refused(error, "`orchestra doctor` looks for what may be wrong.");
        let plans = self.tools.create(&place, client, wish, self.context.clock.now()).map_err(not_started)?;
        if let Some(first) = plans.first() {
            self.tools.agents().advance(&first.run.id, &self.tools.launcher).map_err(not_started)?;
        }
        let go = match plans.as_slice() {
            [only] => format!("/agents/{}", only.id),
            _ => "/".to_owned(),
        };
        Ok(Outcome { go: Some(go), ..Outcome::default() })
    }

    fn goes_on(&self, id: &str, how: Option<&str>) -> Result<GoesOn, AppError> {
        let session =
            self.context.catalog.find(id, self.context.clock.now()).map_err(|_| AppError::no_session(id))?;
        let of = session.path.clone().ok_or_else(|| {
            refused("The session's transcript is gone", "There is nothing to go on from: start a new one.")
        })?;
        match how {
            Some("here") if session.live.is_some() => Err(refused(
                "The session is live in a terminal, and two must not hold it at once",
                "Continue it as a copy, or end it there first.",
            )),
            Some("here") => Ok(GoesOn::Itself { of: of.into(), session: session.id }),
            _ => Ok(GoesOn::Copy(of.into())),
        }
    }
}
