//! `orchestra unpark`: agents that wait for the rate limit go on before its time.

use std::io::Write;

use serde::Serialize;

use super::{Context, agent};
use crate::{
    cli::UnparkArguments,
    error::Failure,
    output::{Out, text},
};

#[derive(Serialize)]
struct Unparked {
    agents: Vec<String>,
}

/// Calls the limit off, and says who goes on.
pub(super) fn run(context: &Context, arguments: &UnparkArguments) -> Result<(), Failure> {
    let agents = agent::agents(context)?;
    let called_off = agents.call_limit_off(context.now.timestamp());
    let gone_on = called_off.map_err(|error| {
        Failure::new(format!("that the limit has lifted could not be written down: {error}"))
            .hint("free some space, then try again")
    })?;
    if arguments.json {
        let agents = gone_on.iter().map(ToString::to_string).collect();
        let mut out = Out::standard(&context.surroundings);
        writeln!(out, "{}", serde_json::to_string(&Unparked { agents })?)?;
        return out.finish();
    }
    let sentence = match gone_on.len() {
        0 => "No agent waits for a rate limit.".to_owned(),
        number => {
            let go = if number == 1 { "goes" } else { "go" };
            let who = text::count(number, "agent", "agents");
            format!("The limit is called off: {who} {go} on. orchestra status --watch shows them.")
        }
    };
    context.words.say(&sentence);
    Ok(())
}
