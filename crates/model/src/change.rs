//! What an agent changed: files, and how much of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::DiffStat;

/// What an agent's worktree, or its branch, holds that its base does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The commit that it is compared with: where the work left its base.
    pub base: String,
    /// How much in all. Binary files count as files without lines.
    pub stat: DiffStat,
    /// The files, by path.
    pub files: Vec<ChangedFile>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id, in full.
    pub id: String,
    /// When it was made.
    pub at: Timestamp,
    /// The first line of its message.
    pub subject: String,
}

/// A file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Its path in the repository; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What it was called before, when it was renamed or copied.
    pub old_path: Option<String>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Whether its content is no text.
    pub is_binary: bool,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or mode is another.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
    /// It is like another.
    Copied,
    /// It became another type of thing: a link, a submodule.
    TypeChanged,
}

impl ChangeKind {
    /// The letter that git writes for it.
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Deleted => 'D',
            Self::Renamed => 'R',
            Self::Copied => 'C',
            Self::TypeChanged => 'T',
        }
    }
}
