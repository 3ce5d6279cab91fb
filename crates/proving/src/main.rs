//! What Orchestra says of its agents, proved and measured: `harden` runs faults, seeded and counted; `bench` prints
//! figures, each beside a reference of the same run.
//!
//! It drives the built program from outside, as a person does, with the fake client; only the log and the trash are used
//! as libraries.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it prints is what it is for")]

mod bench;
mod harden;
mod measure;
mod random;
mod web;

use std::{env, path::PathBuf, process::ExitCode};

use orchestra_fake_claude::home::{Failure, Home};

/// The programs that are tried.
#[derive(Clone, Debug)]
struct Programs {
    orchestra: PathBuf,
    fake_claude: PathBuf,
}

impl Programs {
    /// A new home for agents of theirs, which work in a folder of it.
    fn home(&self, work: &str) -> Result<Home, Failure> {
        Home::new(&self.orchestra, &self.fake_claude, work)
    }
}

const HELP: &str = "\
orchestra-proving harden ORCHESTRA FAKE-CLAUDE [--seed S] [--servers N] [--runners N] [--races N] [--log BYTES] [--clean N] [--disk N] [--runs N] [--soak MINUTES]
orchestra-proving bench ORCHESTRA FAKE-CLAUDE [--quick]
orchestra-proving together ORCHESTRA FAKE-CLAUDE [--quick]
orchestra-proving web ORCHESTRA FAKE-CLAUDE --history FOLDER [--browser FOLDER] [--quick] [--phone]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [what, orchestra, fake_claude, rest @ ..] => {
            let programs = Programs { orchestra: orchestra.into(), fake_claude: fake_claude.into() };
            match what.as_str() {
                "harden" => harden::run(&programs, rest),
                "bench" => bench::run(&programs, rest),
                "together" => bench::together::run(&programs, rest),
                "web" => web::run(&programs, rest),
                _ => Err(HELP.to_owned()),
            }
        }
        _ => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
