//! What is done to files, and the commands that are run: by the scripted client in its worktree, and for the repository.
//!
//! Paths and commands come from the pieces, never from what somebody typed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::piece::Change;

/// What runs commands.
const SHELL: &str = "/bin/sh";

/// A file that a step is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The line that is named behind it, else the first.
    pub(crate) line: usize,
}

impl Place {
    /// `PATH`, or `PATH LINE`, in a folder.
    pub(crate) fn new(folder: &Path, about: &str) -> Self {
        let named = about.rsplit_once(' ').and_then(|(path, line)| Some((path, line.parse().ok()?)));
        let (path, line) = named.unwrap_or((about, 1));
        Self { path: folder.join(path), line }
    }

    /// As a tool names it.
    pub(crate) fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

/// Writes a file, and the folders above it.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, format!("{text}\n"))
}

/// Changes a file; answers the line on which the change stands, or `None` when what it is to replace is not there.
pub(crate) fn edit(path: &Path, change: &Change) -> io::Result<Option<usize>> {
    let text = fs::read_to_string(path)?;
    let Some(at) = text.find(&change.old) else { return Ok(None) };
    let line = text[..at].lines().count() + 1;
    fs::write(path, text.replacen(&change.old, &change.new, 1))?;
    Ok(Some(line))
}

/// Runs a command in a folder; answers what it printed, and how it ended.
pub(crate) fn run(folder: &Path, command: &str) -> (String, i32) {
    let mut shell = Command::new(SHELL);
    shell.args(["-c", command]).current_dir(folder).stdin(Stdio::null());
    match shell.output() {
        Ok(output) => {
            let printed = [output.stdout, output.stderr].concat();
            (String::from_utf8_lossy(&printed).trim_end().to_owned(), output.status.code().unwrap_or(1))
        }
        Err(error) => (format!("{SHELL} cannot be started: {error}"), 127),
    }
}

/// The branch that is checked out in a folder; empty when none is.
pub(crate) fn branch(folder: &Path) -> String {
    let git = folder.join(".git");
    let head = match fs::read_to_string(&git) {
        // A worktree's: it says where its own folder is.
        Ok(link) => PathBuf::from(link.trim().trim_start_matches("gitdir: ")).join("HEAD"),
        Err(_) => git.join("HEAD"),
    };
    let head = fs::read_to_string(head).unwrap_or_default();
    head.trim().strip_prefix("ref: refs/heads/").unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_where_its_lines_stand_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.txt");
        write(&file, "one\ntwo\nthree").unwrap();
        let change = Change::of(" two\n-three\n+four");
        assert_eq!(edit(&file, &change).unwrap(), Some(2));
        assert_eq!(fs::read_to_string(&file).unwrap(), "one\ntwo\nfour\n");
        assert_eq!(edit(&file, &change).unwrap(), None);
        assert!(edit(&folder.path().join("none"), &change).is_err());
    }

    #[test]
    fn a_command_says_what_it_printed_and_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(run(folder.path(), "echo a; echo b >&2; exit 3"), ("a\nb".to_owned(), 3));
    }

    #[test]
    fn a_place_may_name_a_line() {
        let place = |about| Place::new(Path::new("/x"), about);
        assert_eq!(place("a.ts 7"), Place { path: "/x/a.ts".into(), line: 7 });
        assert_eq!(place("a b.ts"), Place { path: "/x/a b.ts".into(), line: 1 });
    }
}
