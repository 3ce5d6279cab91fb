//! `cargo xtask harden`, `cargo xtask bench agents` and `web`: builds the program, the fake client and what tries them, and runs
//! that. What is tried stands in `crates/proving`.

use std::path::PathBuf;
use std::process::Command;

use crate::artifact;
use crate::failure::Failure;
use crate::process;
use crate::project::Project;
use crate::start;

/// A small part of what `harden` runs by itself, for every change.
pub(crate) const SMALL: [&str; 12] = [
    "--servers",
    "200",
    "--runners",
    "50",
    "--races",
    "2000",
    "--log",
    "65536",
    "--clean",
    "500",
    "--runs",
    "1",
];

/// Runs faults against agents.
pub(crate) fn harden(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    run(program(project, "harden")?.args(arguments))
}

/// Measures agents.
pub(crate) fn bench(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    run(program(project, "bench")?.args(arguments))
}

/// Measures runs: agents that work together.
pub(crate) fn together(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    run(program(project, "together")?.args(arguments))
}

/// The program that tries or measures the built one, ready for more arguments.
pub(crate) fn program(project: &Project, what: &str) -> Result<Command, Failure> {
    let orchestra = start::build(project)?;
    let fake = build(project, "orchestra-fake-claude", "fake-claude")?;
    let mut command = Command::new(build(project, "orchestra-proving", "orchestra-proving")?);
    command.arg(what).arg(orchestra).arg(fake);
    Ok(command)
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    process::run("orchestra-proving", command)
}

/// The home folder of the real client with a scripted model: journeys in the browser start it.
pub(crate) fn sandbox(project: &Project) -> Result<PathBuf, Failure> {
    let mut command = process::cargo();
    command.current_dir(&project.root).args(["build", "--release", "--package", "orchestra-scripted-model"]);
    artifact::build(command.args(["--example", "sandbox"]), "sandbox", |artifact| artifact.executable.clone())
}

fn build(project: &Project, package: &str, binary: &str) -> Result<PathBuf, Failure> {
    let mut command = process::cargo();
    command.current_dir(&project.root).args(["build", "--release", "--package", package]);
    artifact::build(&mut command, binary, |artifact| artifact.executable.clone())
}
