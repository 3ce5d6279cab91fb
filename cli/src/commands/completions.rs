//! `orchestra completions`: a script that teaches a shell our words.

use std::io::Write;

use clap::CommandFactory;

use super::Context;
use crate::{
    cli::{CommandLine, CompletionsArguments},
    error::Failure,
    output::Out,
};

/// Prints the script.
pub(super) fn run(context: &Context, arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut CommandLine::command(), "orchestra", &mut script);
    let mut out = Out::standard(&context.surroundings);
    out.write_all(&script)?;
    out.finish()
}
