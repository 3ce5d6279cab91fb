//! From what a person typed to the session they mean.

use std::{io::ErrorKind, path::Path};

use orchestra_core::sessions::{Catalog, FileError, FindError, session_of_file};
use orchestra_model::Session;

use super::Context;
use crate::{
    error::Failure,
    output::{session_table, text},
};

/// Whether it is written as a path rather than as an id or as words: `feature/login` may be a branch.
pub(super) fn looks_like_a_path(asked: &str) -> bool {
    asked.starts_with(['/', '.'])
        || asked.ends_with(".jsonl")
        || (asked.contains('/') && Path::new(asked).exists())
}

/// The session with this id, the one whose id begins so, or the one in this file.
pub(super) fn session(context: &Context, catalog: &Catalog, asked: &str) -> Result<Session, Failure> {
    let now = context.now.timestamp();
    if looks_like_a_path(asked) {
        return in_file(context, catalog, Path::new(asked));
    }
    catalog.find(asked, now).map_err(|error| match error {
        FindError::Unknown { asked } => {
            Failure::new(format!("there is no session whose id begins with {asked:?}"))
                .hint("orchestra sessions --all --kind any lists every one")
        }
        FindError::Ambiguous { asked, candidates } => ambiguous(context, &asked, &candidates),
    })
}

/// Several ids begin alike.
fn ambiguous(context: &Context, asked: &str, candidates: &[Session]) -> Failure {
    let number = text::count(candidates.len(), "session has an id", "sessions have ids");
    let list = session_table::candidates(candidates, &context.now, context.words.width);
    Failure::new(format!("{number} beginning with {asked:?}:{list}"))
        .hint("give a few more characters of the id")
}

/// The session in a file; as the catalog knows it when the file lies in one of its folders.
fn in_file(context: &Context, catalog: &Catalog, path: &Path) -> Result<Session, Failure> {
    let now = context.now.timestamp();
    let session = session_of_file(path, now).map_err(|error| {
        let hint = match &error {
            FileError::Unreadable { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
                "see that you may read it: ls -l says who may"
            }
            FileError::Unreadable { .. } | FileError::NotATranscript { .. } => {
                "give a session's id, or the path of a transcript: ~/.claude/projects/FOLDER/ID.jsonl"
            }
        };
        Failure::new(error.to_string()).hint(hint)
    })?;
    Ok(catalog.get(&session.id, now).filter(|known| known.path == session.path).unwrap_or(session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_an_id() {
        assert!(looks_like_a_path("./x"));
        assert!(looks_like_a_path("x.jsonl"));
        assert!(!looks_like_a_path("4f2a"));
        assert!(!looks_like_a_path("feature/login"));
    }
}
