//! `cargo xtask build` and `cargo xtask start`: from a fresh clone to the open dashboard.
//!
//! Builds the site, then the one binary that carries it, and becomes that binary. Each part is left alone when
//! nothing changed since the last time.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::process::{self, Step};
use crate::project::Project;
use crate::{artifact, site};

/// Builds the site and the release binary; returns where the binary lies.
pub(crate) fn build(project: &Project) -> Result<PathBuf, Failure> {
    site::build(project)?;
    binary(project)
}

/// The release binary alone, with whatever site is in its folder.
pub(crate) fn binary(project: &Project) -> Result<PathBuf, Failure> {
    let settings = &project.settings;
    let step = Step::begin("the release binary (some minutes the first time)");
    let mut command = process::cargo();
    command
        .current_dir(&project.root)
        .args(["build", "--release", "--package", &settings.bin_package, "--bin", &settings.bin_target])
        .args(Project::feature_arguments(&settings.bin_features, settings.bin_default_features));
    let program =
        artifact::build(&mut command, &settings.bin_target, |artifact| artifact.executable.clone())?;
    step.done("built");
    Ok(program)
}

/// Builds everything and becomes `orchestra web --open`.
pub(crate) fn start(project: &Project, arguments: &[String]) -> Result<(), Failure> {
    let program = build(project)?;
    eprintln!("▸ orchestra web --open {}", arguments.join(" "));
    let mut command = Command::new(program);
    command.args(["web", "--open"]).args(arguments);
    become_program(&mut command)
}

/// On Unix the binary takes this process' place, so that signals and the exit code are its own.
#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt;
    let source = command.stdin(Stdio::inherit()).exec();
    Err(process::not_started(command, source))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<(), Failure> {
    let status =
        command.stdin(Stdio::inherit()).status().map_err(|source| process::not_started(command, source))?;
    if status.success() { Ok(()) } else { Err(Failure::Exit { what: "orchestra web".to_owned(), status }) }
}
