//! A made-up repository: a small shop with a few weeks of commits, and checks that run anywhere with plain `sh`.
//!
//! What is in it stands in `texts/shop.txt`.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use jiff::{Span, ZonedDateTime, civil::Time};

use crate::{
    DemoError,
    hands::{self, Place},
    piece::{Change, Kind, pieces},
};

/// What is in it.
const TEXT: &str = include_str!("texts/shop.txt");
/// Who made it.
const NAME: &str = "Mira Holm";
const MAIL: &str = "mira@leafandkettle.example";

/// The git program, and where it finds others.
#[derive(Clone, Debug)]
pub struct Git {
    /// The program.
    pub program: PathBuf,
    /// The folders that programs are looked for in.
    pub path: OsString,
}

/// Makes the repository in a folder that is not there yet.
pub(crate) fn write(git: &Git, folder: &Path, home: &Path, now: &ZonedDateTime) -> Result<(), DemoError> {
    let unmade = |source: io::Error| DemoError::NotMade { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(unmade)?;
    let git = |arguments: &[&str], date: &str| run(git, folder, home, arguments, date);
    git(&["init", "-q", "-b", "main", "--template="], "")?;
    for (name, value) in [
        ("user.name", NAME),
        ("user.email", MAIL),
        // What a person's own settings say of commits is not meant for these.
        ("commit.gpgSign", "false"),
        ("core.autocrlf", "false"),
    ] {
        git(&["config", name, value], "")?;
    }
    for piece in pieces(TEXT) {
        let [when, message] = piece.heading.as_slice() else { continue };
        for step in &piece.steps {
            let place = Place::new(folder, step.about);
            match step.kind {
                Kind::Write => write_file(&place.path, step.body).map_err(unmade)?,
                Kind::Edit => drop(hands::edit(&place.path, &Change::of(step.body)).map_err(unmade)?),
                _ => {}
            }
        }
        git(&["add", "-A"], "")?;
        git(&["commit", "-q", "-m", message], &date(when, now))?;
    }
    // What git does not track, and a worktree is to have all the same.
    fs::copy(folder.join(".env.example"), folder.join(".env")).map_err(unmade)?;
    Ok(())
}

fn write_file(path: &PathBuf, text: &str) -> io::Result<()> {
    hands::write(path, text)?;
    if text.starts_with("#!") {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// So many days ago at a time of the day, as git takes it.
fn date(when: &str, now: &ZonedDateTime) -> String {
    let (days, time) = when.split_once(' ').unwrap_or((when, ""));
    let days = Span::new().days(days.parse().unwrap_or(1));
    let time = time.parse::<Time>().unwrap_or_default();
    let day = now.checked_sub(days).and_then(|day| day.with().time(time).build());
    let at = day.as_ref().unwrap_or(now);
    format!("{} {}", at.timestamp().as_second(), at.strftime("%z"))
}

fn run(git: &Git, folder: &Path, home: &Path, arguments: &[&str], date: &str) -> Result<(), DemoError> {
    let mut command = Command::new(&git.program);
    // Nothing of a person's own settings, hooks and variables.
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", &git.path)
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null());
    if !date.is_empty() {
        command.env("GIT_AUTHOR_DATE", date).env("GIT_COMMITTER_DATE", date);
    }
    let output = command.output().map_err(|source| DemoError::Git(source.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(DemoError::Git(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
