//! A session whose transcript lies anywhere: copied from another machine, or kept in a folder of its own.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use orchestra_model::{Session, SessionId};

use super::{
    build::Builder,
    live::Live,
    read,
    scan::{Bucket, Found, Stamp},
};

/// Why a file is not a session.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It can be read, and is something else.
    #[error("{} holds nothing that reads as a transcript", path.display())]
    NotATranscript {
        /// The file.
        path: PathBuf,
    },
}

/// The session that a file holds, wherever it lies and whatever its name. Which process is live is not asked.
///
/// # Errors
/// When the file cannot be read, or holds no transcript.
pub fn session_of_file(path: &Path, now: Timestamp) -> Result<Session, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let path_given = path;
    let path = path.canonicalize().map_err(unreadable)?;
    let not_one = || FileError::NotATranscript { path: path_given.to_owned() };
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        // Before it is opened: a pipe without a writer would be waited for.
        return Err(not_one());
    }
    let file = File::open(&path).map_err(unreadable)?;
    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    let bucket = Bucket {
        root: folder.ancestors().nth(2).unwrap_or(&folder).to_owned(),
        name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        path: folder,
    };
    let reading =
        read::read(&file, metadata.len(), &bucket.name, None, &mut Vec::new()).map_err(unreadable)?;
    if reading.facts.says_nothing() || reading.facts.active_ms.is_none() {
        return Err(not_one());
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let found = Found {
        id: id_of(&stem).ok_or_else(not_one)?,
        bucket: Arc::new(bucket),
        stamp: Stamp::of(&metadata),
        has_folder: path.with_extension("").is_dir(),
    };
    let live = Live::new();
    let mut session = Builder::new(&[], &live, now).session(&found, &reading.facts);
    session.path = Some(path.to_string_lossy().into_owned());
    Ok(session)
}

/// A file's name as an id; characters that no id may hold become `_`.
fn id_of(stem: &str) -> Option<SessionId> {
    let plain: String = stem
        .chars()
        .take(128)
        .map(|character| if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' })
        .collect();
    plain.trim_start_matches('-').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"type":"user","uuid":"u1","parentUuid":null,"timestamp":"2026-11-01T10:00:00.000Z","cwd":"/home/ada/shop","sessionId":"x","message":{"role":"user","content":"Fix login"}}"#;

    #[test]
    fn a_transcript_may_lie_anywhere_and_have_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("-my copy (2).jsonl");
        std::fs::write(&file, format!("{LINE}\n")).unwrap();
        let session = session_of_file(&file, "2026-11-02T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(session.title, "Fix login");
        assert_eq!(session.id.as_str(), "my_copy__2_");
        assert_eq!(session.cwd.as_deref(), Some("/home/ada/shop"));
        assert!(session.path.unwrap().ends_with("/-my copy (2).jsonl"));
    }

    #[test]
    fn other_files_and_folders_are_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let file = folder.path().join("notes.txt");
        std::fs::write(&file, "nothing\n").unwrap();
        assert!(matches!(session_of_file(&file, now), Err(FileError::NotATranscript { .. })));
        assert!(matches!(session_of_file(folder.path(), now), Err(FileError::NotATranscript { .. })));
        let missing = folder.path().join("missing.jsonl");
        assert!(matches!(session_of_file(&missing, now), Err(FileError::Unreadable { .. })));
    }
}
