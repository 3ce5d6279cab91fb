//! The one question before the first agent in a repository.

use std::io::{self, BufRead, IsTerminal, Write};

use orchestra_core::agents::{FoundPlace, Tools};

use super::Context;
use crate::error::Failure;

/// Sees that a person trusts what a place brings along; asks them if they can be asked.
pub(super) fn see_to_it(
    context: &Context,
    tools: &Tools,
    found: &FoundPlace,
    is_said: bool,
) -> Result<(), Failure> {
    if found.is_trusted {
        return Ok(());
    }
    let name = context.surroundings.with_tilde(found.place.origin());
    let can_be_asked = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !is_said && !can_be_asked {
        return Err(Failure::new(format!(
            "{name} is not trusted yet: its Claude Code settings, hooks and setup command would run unasked"
        ))
        .hint("say so once with --trust"));
    }
    if !is_said && !ask(context, &name) {
        return Err(Failure::new(format!("{name} is not trusted; nothing was started")));
    }
    tools.trust(found, context.now.timestamp()).map_err(|error| {
        Failure::new(format!("Orchestra's own folder cannot be written: {error}"))
            .hint("ORCHESTRA_HOME names another")
    })
}

fn ask(context: &Context, name: &str) -> bool {
    context.words.say(&format!(
        "Agents that work in {name} run what it brings along, unasked: Claude Code's settings and hooks (.claude), and \
         the setup command (.orchestra.toml)."
    ));
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "Trust it? [y/N] ").and_then(|()| stderr.flush()));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
