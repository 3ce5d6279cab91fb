//! `orchestra __client`: what this program is when it is called `claude`, in a demo's folder.

use std::{
    env,
    io::{self, BufReader},
};

use orchestra_demo::{Call, Stage, play};

use super::Context;
use crate::{cli::ClientArguments, error::Failure};

/// Plays the client that an agent of the demo runs.
pub(super) fn run(context: &Context, arguments: &ClientArguments) -> Result<(), Failure> {
    // A shell that found it on its path calls it by its name alone.
    let found = || context.surroundings.program("claude").and_then(|program| Stage::of_client(&program));
    let stage = Stage::of_client(&arguments.program).or_else(found);
    let folder = env::current_dir()
        .map_err(|error| Failure::new(format!("the folder that it was started in is gone: {error}")))?;
    let told: Vec<String> =
        arguments.arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let call = Call { stage: stage.as_ref(), arguments: &told, folder: &folder };
    play(&call, BufReader::new(io::stdin()), io::stdout()).map_err(Failure::new)
}
