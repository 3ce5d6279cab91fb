//! `cargo xtask`: the chores around Orchestra, one file a command.
//!
//! This file only picks the command. Each command's module holds what it does and the words of its help.
//! Nothing here is part of the shipped binary.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who runs it")]

mod artifact;
mod bench;
mod browser;
mod failure;
mod process;
mod project;
mod proving;
mod site;
mod start;
mod test;
mod tools;

use std::process::ExitCode;

use failure::Failure;
use project::Project;

const HELP: &str = "\
cargo xtask COMMAND

  start [ARGS…]   build everything and open the dashboard; ARGS go to `orchestra web`
  build           build the site and the release binary
  site            build the dashboard's site into target/site
  bench …         measure the figures that Orchestra states (`cargo xtask bench` says which)
  harden [ARGS…]  run faults against agents: kills, races, cut logs, random repositories
  test            run every check there is (--list, --only STEP,…, --skip STEP,…)
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match dispatch(&command, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(words)) => {
            eprintln!("{words}\n\n{HELP}");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("cargo xtask {command}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, arguments: &[String]) -> Result<(), Failure> {
    let nothing_more = || match arguments.first() {
        None => Ok(()),
        Some(argument) => {
            Err(Failure::Usage(format!("`{command}` takes no argument, not even `{argument}`")))
        }
    };
    match command {
        "start" => start::start(&Project::find()?, arguments),
        "build" => nothing_more().and_then(|()| start::build(&Project::find()?).map(drop)),
        "site" => nothing_more().and_then(|()| site::check(&Project::find()?).map(drop)),
        "bench" => bench::bench(&Project::find()?, arguments),
        "harden" => proving::harden(&Project::find()?, arguments),
        bench::MEASURE => bench::print_run(arguments),
        "test" => test::test(&Project::find()?, arguments),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        "" => Err(Failure::Usage("which command?".to_owned())),
        other => Err(Failure::Usage(format!("there is no command `{other}`"))),
    }
}
