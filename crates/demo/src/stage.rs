//! The demo's folder: everything that it makes lies there, and goes with it.
//!
//! It is known by a file that names it, and by a lock that whoever holds the demo keeps for as long as it lives. A demo
//! that was killed leaves a folder whose lock is free; the next one takes it away, and nothing else.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, symlink},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use jiff::ZonedDateTime;
use serde::{Deserialize, Serialize};
use tempfile::Builder;

use crate::{
    DemoError,
    history::History,
    repository::{self, Git},
};

/// What the names of folders begin with that are made for a demo and go with it.
const PREFIX: &str = "orchestra-demo-";
const MARKER: &str = "demo.json";
const LOCK: &str = "demo.lock";
/// The name under which clients are looked for.
const CLIENT: &str = "claude";
/// How often a lock is tried: a client that looks whether its demo lives holds it for a moment.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// What a demo is made with; kept in its folder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What everything made up comes from.
    pub seed: u64,
    /// How much faster than life its agents are.
    pub speed: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 7, speed: 1.0 }
    }
}

/// What stands in the folder's marker.
#[derive(Serialize, Deserialize)]
struct Marker {
    /// The folder, so that a copy of it is not taken for it.
    folder: PathBuf,
    /// Whether it stays when the demo ends.
    is_kept: bool,
    /// Whether everything in it is there.
    is_made: bool,
    settings: Settings,
}

/// A demo's folder.
#[derive(Clone, Debug)]
pub struct Stage {
    folder: PathBuf,
    settings: Settings,
    is_kept: bool,
    is_made: bool,
}

/// A demo's folder that is held: no other demo takes it away.
#[derive(Debug)]
pub struct Held {
    stage: Stage,
    _lock: File,
    is_new: bool,
}

/// What a demo is made of that the edges know.
#[derive(Clone, Debug)]
pub struct Making {
    /// The git program.
    pub git: Git,
    /// This very program: what plays the client.
    pub program: PathBuf,
    /// Now, on the reader's clock.
    pub now: ZonedDateTime,
    /// What it is made with.
    pub settings: Settings,
}

impl Stage {
    /// The demo whose folder this is.
    pub fn open(folder: &Path) -> Option<Self> {
        let marker: Marker = serde_json::from_slice(&fs::read(folder.join(MARKER)).ok()?).ok()?;
        let is_its_own = marker.folder == folder;
        let Marker { folder, is_kept, is_made, settings } = marker;
        is_its_own.then_some(Self { folder, settings, is_kept, is_made })
    }

    fn mark(&self) -> Result<(), DemoError> {
        let Self { folder, settings, is_kept, is_made } = self.clone();
        let marker = serde_json::to_vec(&Marker { folder, is_kept, is_made, settings });
        let written =
            marker.map_err(io::Error::from).and_then(|marker| fs::write(self.folder.join(MARKER), marker));
        written.map_err(|source| not_made(&self.folder, source))
    }

    /// The demo that a client belongs to, by the path of its program.
    pub fn of_client(program: &Path) -> Option<Self> {
        Self::open(program.parent()?.parent()?)
    }

    /// The folder; also the home of the made-up developer, in which the projects lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The client's configuration folder.
    pub fn config(&self) -> PathBuf {
        self.folder.join(CLIENT)
    }

    /// Orchestra's state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The base of cache folders.
    pub fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// The base of configuration folders: nothing of a person's own is read.
    pub fn settings_folder(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// The folder with the client in it.
    pub fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// The repository.
    pub fn repository(&self) -> PathBuf {
        self.folder.join("shop")
    }

    /// Where rules are kept that a person made for good.
    pub(crate) fn rules(&self) -> PathBuf {
        self.folder.join("rules")
    }

    /// What it was made with.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// Whether somebody holds it.
    pub(crate) fn is_alive(&self) -> bool {
        let lock = OpenOptions::new().read(true).open(self.folder.join(LOCK));
        lock.is_ok_and(|lock| lock.try_lock_shared().is_err())
    }

    fn make(&self, making: &Making) -> Result<(), DemoError> {
        let unmade = |source: io::Error| DemoError::NotMade { path: self.folder.clone(), source };
        let history = History {
            config: &self.config(),
            home: &self.folder,
            now: &making.now,
            seed: self.settings.seed,
        };
        history.write().map_err(unmade)?;
        repository::write(&making.git, &self.repository(), &self.folder, &making.now)?;
        fs::create_dir_all(self.programs()).map_err(unmade)?;
        // Under the client's name this program is the scripted client; under its own it is there for a second terminal.
        for name in [CLIENT, "orchestra"] {
            symlink(&making.program, self.programs().join(name)).map_err(unmade)?;
        }
        Ok(())
    }
}

impl Held {
    /// Makes a demo in a new folder below another, which goes with it.
    ///
    /// # Errors
    /// When it cannot be made; then nothing of it is left.
    pub fn create(below: &Path, making: &Making) -> Result<Self, DemoError> {
        let below = fs::canonicalize(below).map_err(|source| not_made(below, source))?;
        let folder = Builder::new().prefix(PREFIX).rand_bytes(6).tempdir_in(&below);
        let folder = folder.map_err(|source| not_made(&below, source))?;
        let held = Self::take(folder.path(), making, false)?;
        // From here on it is taken away when the demo ends, by name.
        let _ = folder.keep();
        Ok(held)
    }

    /// Makes a demo in a folder that stays, or goes on with the one that is there.
    ///
    /// # Errors
    /// When something else is there, or the demo cannot be made.
    pub fn keep(folder: &Path, making: &Making) -> Result<Self, DemoError> {
        fs::create_dir_all(folder).map_err(|source| not_made(folder, source))?;
        let folder = fs::canonicalize(folder).map_err(|source| not_made(folder, source))?;
        let is_empty = fs::read_dir(&folder).map_err(|source| not_made(&folder, source))?.next().is_none();
        if is_empty || Stage::open(&folder).is_some() {
            Self::take(&folder, making, true)
        } else {
            Err(DemoError::NotEmpty { folder })
        }
    }

    fn take(folder: &Path, making: &Making, is_kept: bool) -> Result<Self, DemoError> {
        let unmade = |source: io::Error| not_made(folder, source);
        let lock = lock(folder).map_err(unmade)?;
        let lock = lock.ok_or_else(|| DemoError::Taken { folder: folder.to_owned() })?;
        let known = Stage::open(folder);
        let is_new = known.is_none();
        if known.is_some_and(|known| !known.is_made) {
            // Whoever made it was killed in the midst of it.
            return Err(DemoError::NotEmpty { folder: folder.to_owned() });
        }
        let mut stage =
            Stage { folder: folder.to_owned(), settings: making.settings, is_kept, is_made: !is_new };
        stage.mark()?;
        if is_new {
            stage.make(making)?;
            stage.is_made = true;
            stage.mark()?;
        }
        Ok(Self { stage, _lock: lock, is_new })
    }

    /// The folder.
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Whether it was made just now.
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Takes the folder away, unless it is to be kept. Nothing of it may run any more.
    ///
    /// # Errors
    /// When something of it is left.
    pub fn end(self) -> Result<(), DemoError> {
        if self.stage.is_kept {
            return Ok(());
        }
        remove(&self.stage.folder)
    }
}

fn not_made(path: &Path, source: io::Error) -> DemoError {
    DemoError::NotMade { path: path.to_owned(), source }
}

/// Takes the lock of a folder; `None` while somebody else has it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK))?;
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

fn remove(folder: &Path) -> Result<(), DemoError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DemoError::NotRemoved { folder: folder.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// The folders below another that demos left behind which were killed: made for a demo by this user, and held by nobody.
/// Each is held now.
pub fn left_behind(below: &Path) -> Vec<Held> {
    let me = rustix::process::geteuid().as_raw();
    let Ok(below) = fs::canonicalize(below) else { return Vec::new() };
    let entries = fs::read_dir(&below).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter_map(|entry| {
            // Not a link, and nobody else's.
            let about = fs::symlink_metadata(entry.path()).ok()?;
            let stage =
                (about.is_dir() && about.uid() == me).then(|| Stage::open(&entry.path())).flatten()?;
            if stage.is_kept {
                return None;
            }
            let lock = lock(&stage.folder).ok().flatten()?;
            Some(Held { stage, _lock: lock, is_new: false })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn making() -> Making {
        let path: OsString = "/usr/local/bin:/usr/bin:/bin".into();
        Making {
            git: Git { program: "git".into(), path },
            program: "/bin/true".into(),
            now: "2026-11-24T18:30:00[Europe/Berlin]".parse().unwrap(),
            settings: Settings::default(),
        }
    }

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn what_is_made_goes_with_its_demo() {
        let below = tempfile::tempdir().unwrap();
        let held = Held::create(below.path(), &making()).unwrap();
        let stage = held.stage().clone();
        assert!(held.is_new() && stage.is_alive());
        assert!(left_behind(below.path()).is_empty(), "it is held");
        assert_eq!(Stage::of_client(&stage.programs().join("claude")).unwrap().folder(), stage.folder());
        held.end().unwrap();
        assert!(names(below.path()).is_empty() && !stage.is_alive());
    }

    #[test]
    fn only_a_dead_demos_own_folder_is_taken_for_left_behind() {
        let below = tempfile::tempdir().unwrap();
        let folder = Held::create(below.path(), &making()).unwrap().stage().folder().to_owned();
        let other = |name: &str| fs::canonicalize(below.path()).unwrap().join(format!("{PREFIX}{name}"));
        fs::create_dir(other("empty")).unwrap();
        // A copy of a marker, and a link to a folder that is one's own.
        fs::create_dir(other("copy")).unwrap();
        fs::copy(folder.join(MARKER), other("copy").join(MARKER)).unwrap();
        symlink(&folder, other("link")).unwrap();
        let kept = other("kept");
        drop(Held::keep(&kept, &making()).unwrap());
        let left = left_behind(below.path());
        assert_eq!(left.iter().map(|held| held.stage().folder()).collect::<Vec<_>>(), [folder.as_path()]);
        for held in left {
            held.end().unwrap();
        }
        assert!(!folder.exists() && other("empty").exists() && other("copy").exists() && kept.exists());
    }

    #[test]
    fn a_folder_that_is_kept_is_gone_on_with_and_no_other_is_taken() {
        let below = tempfile::tempdir().unwrap();
        let folder = below.path().join("demo");
        let held = Held::keep(&folder, &making()).unwrap();
        assert!(matches!(Held::keep(&folder, &making()), Err(DemoError::Taken { .. })));
        held.end().unwrap();
        assert!(folder.join("shop/README.md").exists());
        assert!(!Held::keep(&folder, &making()).unwrap().is_new());

        fs::create_dir(below.path().join("other")).unwrap();
        fs::write(below.path().join("other/thesis.txt"), "mine").unwrap();
        assert!(matches!(
            Held::keep(&below.path().join("other"), &making()),
            Err(DemoError::NotEmpty { .. })
        ));
        assert_eq!(names(&below.path().join("other")), ["thesis.txt"]);
    }

    #[test]
    fn the_repository_passes_its_own_checks() {
        let below = tempfile::tempdir().unwrap();
        let held = Held::create(below.path(), &making()).unwrap();
        let (output, code) = crate::hands::run(&held.stage().repository(), "./test.sh && git status --short");
        assert_eq!(code, 0, "{output}");
        assert!(output.ends_with("6 checks, 0 failed, 4 tests in 2 files for npm test"), "{output}");
        let (log, _) = crate::hands::run(&held.stage().repository(), "git log --oneline | wc -l");
        assert_eq!(log.trim(), "6");
        held.end().unwrap();
    }
}
