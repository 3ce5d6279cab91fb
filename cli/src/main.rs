//! The `orchestra` program: nothing but the door to [`commands`].

mod cli;
mod commands;
mod configuration;
mod error;
mod heap;
mod output;
mod picker;
mod places;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run()
}
