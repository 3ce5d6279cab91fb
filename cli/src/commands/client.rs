//! Claude Code itself: where it is, what it must not inherit, and how this process becomes it.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use orchestra_core::sessions::{ResumeCommand, is_scrubbed_variable};

use crate::{commands::Context, error::Failure, places::Surroundings};

/// The program's name.
pub(super) const NAME: &str = "claude";

/// The program, found as a shell would find it.
pub(super) fn find(surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    surroundings.program(NAME).ok_or_else(|| {
        Failure::new("Claude Code is not installed: there is no `claude` on the PATH").hint(
            "npm install -g @anthropic-ai/claude-code, or see https://code.claude.com; \
             everything but resume and spawn works without it",
        )
    })
}

/// Replaces this process. Comes back only with the reason why it could not.
pub(super) fn become_it(context: &Context, program: &Path, command: &ResumeCommand) -> Result<(), Failure> {
    let mut process = Command::new(program);
    process.arg0(NAME).args(&command.arguments).current_dir(&command.folder);
    // Most programs believe the variable rather than ask the system where they are.
    process.env("PWD", &command.folder);
    for name in not_inherited(&context.surroundings.variable_names) {
        process.env_remove(name);
    }
    if let Some(folder) = &command.config_dir {
        process.env("CLAUDE_CONFIG_DIR", folder);
    }
    if !command.in_own_folder {
        context.words.say(&format!(
            "The session's folder is gone; continuing in {}.",
            context.surroundings.with_tilde(&command.folder)
        ));
    }
    let error = process.exec();
    Err(Failure::new(format!("{} cannot be started: {error}", program.display()))
        .hint("does `claude --version` work in your shell?"))
}

/// The variables that the client must not inherit: those that another client has set for its own children.
///
/// `CLAUDECODE` tells that there is one. Without it, a person's own settings (`CLAUDE_CODE_USE_BEDROCK` in a shell's
/// profile) stay: only what names a single process goes all the same.
pub(super) fn not_inherited(names: &[OsString]) -> impl Iterator<Item = &OsString> {
    const ONE_PROCESS: [&str; 2] = ["CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID"];
    let inside_a_client = names.iter().any(|name| name == "CLAUDECODE");
    names.iter().filter(move |name| {
        name.to_str().is_some_and(|name| {
            is_scrubbed_variable(name) && (inside_a_client || ONE_PROCESS.contains(&name))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_clients_variables_go_and_a_persons_own_stay() {
        let gone = |names: &[&str]| {
            let names: Vec<OsString> = names.iter().map(OsString::from).collect();
            not_inherited(&names).map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        let own = ["PATH", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CONFIG_DIR"];
        assert!(gone(&own).is_empty());
        assert_eq!(gone(&["CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_USE_BEDROCK"]), ["CLAUDE_CODE_ENTRYPOINT"]);
        assert_eq!(
            gone(&["CLAUDECODE", "CLAUDE_CODE_SSE_PORT", "HOME"]),
            ["CLAUDECODE", "CLAUDE_CODE_SSE_PORT"]
        );
    }
}
