//! Where agents are started: the place that a person means and trusts, and what of it they do not see.

use std::{
    path::Path,
    thread::{self, JoinHandle},
};

use orchestra_core::{
    agents::{FoundPlace, PlaceError, Tools, plan::BRANCHES},
    worktrees::{BaseError, GitError, OpenError},
};

use super::{Context, trust};
use crate::error::Failure;

/// Where the agents work, once a person trusts it; whether in the folder as it is, where that can be chosen.
pub(super) fn find(
    context: &Context,
    tools: &Tools,
    repo: Option<&Path>,
    base: Option<&str>,
    (as_it_is, is_trusted): (Option<bool>, bool),
) -> Result<FoundPlace, Failure> {
    let folder = repo.unwrap_or_else(|| Path::new("."));
    let found = tools
        .find_place(folder, base, as_it_is == Some(true))
        .map_err(|error| no_place(&error, as_it_is.is_some()))?;
    trust::see_to_it(context, tools, &found, is_trusted)?;
    Ok(found)
}

/// Says why agents could not start from a base. Only that: a plan can be looked at where there is no repository.
pub(super) fn see_that_the_base_is_there(
    tools: &Tools,
    repo: Option<&Path>,
    base: Option<&str>,
) -> Result<(), Failure> {
    match tools.find_place(repo.unwrap_or_else(|| Path::new(".")), base, false) {
        Err(error @ PlaceError::Base(_)) => Err(no_place(&error, false)),
        _ => Ok(()),
    }
}

/// The search for what is not committed and so stays behind. It reads every file of the checkout, so the agents are
/// started meanwhile.
pub(super) struct Staying(JoinHandle<Result<Option<String>, GitError>>);

impl Staying {
    /// Begins to look, once nothing else is asked of the place.
    pub(super) fn look(found: FoundPlace) -> Self {
        Self(thread::spawn(move || found.leaves_behind()))
    }

    /// Says what was found.
    pub(super) fn say(self, context: &Context) {
        match self.0.join() {
            Ok(Ok(Some(from))) => context.words.say(&format!(
                "What is not committed here stays here: the agents start from {from} as it is committed."
            )),
            Ok(Err(error)) => {
                context.words.warn(&format!("it is not known what is not committed here: {error}"))
            }
            // Nothing stays behind, or the thread panicked, which says so itself.
            Ok(Ok(None)) | Err(_) => {}
        }
    }
}

fn no_place(error: &PlaceError, may_be_as_it_is: bool) -> Failure {
    let or =
        |words: &str, way: &str| if may_be_as_it_is { format!("{words}{way}") } else { words.to_owned() };
    let hint = match error {
        PlaceError::NoFolder { .. } => {
            return Failure::usage(error.to_string()).hint("--repo takes the folder of a repository");
        }
        PlaceError::NoGit => or("install git 2.38 or later", "; --no-worktree works without it"),
        PlaceError::Open(OpenError::NoRepository { .. }) => or(
            "go to a repository or name one with --repo",
            "; or let it work in the folder as it is: --no-worktree",
        ),
        PlaceError::Base(BaseError::Unborn { .. }) => {
            or("commit first: git commit --allow-empty -m start", "; or use --no-worktree")
        }
        PlaceError::Base(BaseError::Unknown { .. }) => {
            "git branch -a lists the branches; git fetch may bring it".to_owned()
        }
        PlaceError::Base(BaseError::Git(_)) => "does `git status` work there?".to_owned(),
        PlaceError::BranchInTheWay => {
            format!("give it another name: git branch -m {BRANCHES} {BRANCHES}-old")
        }
        PlaceError::Open(OpenError::Unreadable { .. }) | PlaceError::Git(_) => {
            return Failure::new(error.to_string());
        }
    };
    Failure::new(error.to_string()).hint(hint)
}
