//! How the scripted client opens a conversation: a new one, one that it goes on with, or a copy of another.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use fastrand::Rng;
use serde_json::Value;

use super::{Call, MODEL, text_in};
use crate::{
    hands,
    transcript::{Setting, Transcript, bucket, copied},
};

/// Which conversation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Opening<'a> {
    New(&'a str),
    Resume(&'a str),
    Fork { of: &'a Path, session: &'a str },
}

/// A conversation that is open.
pub(super) struct Opened {
    pub(super) transcript: Transcript<File>,
    pub(super) session: String,
    /// What it began with.
    pub(super) first: Option<String>,
    /// How many prompts it has had.
    pub(super) prompts: usize,
    /// What everything made up comes from.
    pub(super) random: Rng,
}

/// What stands in a transcript that is gone on with.
#[derive(Default)]
struct Before {
    last: Option<String>,
    first: Option<String>,
    prompts: usize,
}

impl<'a> Opening<'a> {
    pub(super) fn of(call: &'a Call<'a>) -> Self {
        let session = call.value("--session-id").unwrap_or_default();
        match call.value("--resume") {
            Some(of) if call.has("--fork-session") => Self::Fork { of: Path::new(of), session },
            Some(session) => Self::Resume(session),
            None => Self::New(session),
        }
    }

    /// Opens it; says why not.
    pub(super) fn open(self, config: &Path, folder: &Path, seed: u64) -> Result<Opened, String> {
        let failed = |error: std::io::Error| format!("the transcript cannot be written: {error}");
        let folder = fs::canonicalize(folder).map_err(failed)?;
        let projects = config.join("projects");
        let of = |session: &str| -> PathBuf {
            projects.join(bucket(&folder.to_string_lossy())).join(format!("{session}.jsonl"))
        };
        let (session, path, before) = match self {
            Self::New(session) => (session, of(session), Before::default()),
            Self::Resume(of) => {
                let unknown = || format!("No conversation found with session ID: {of}");
                // Named by its id, or by its file.
                let file = Path::new(of);
                let found = if file.is_file() { Some(file.to_owned()) } else { find(&projects, of) };
                let path = found.ok_or_else(unknown)?;
                let session = file.file_stem().and_then(|name| name.to_str()).unwrap_or(of);
                let before = before(&path);
                (session, path, before)
            }
            Self::Fork { of: original, session } => {
                let path = of(session);
                let last = copy(original, &path, session).map_err(failed)?;
                (session, path, Before { last, ..Before::default() })
            }
        };
        if let Some(bucket) = path.parent() {
            fs::create_dir_all(bucket).map_err(failed)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        // Another each time that it is gone on with: no id is given out twice.
        let mix = |seed: u64, text: &str| {
            text.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
        };
        let mut random = Rng::with_seed(mix(mix(seed, session), before.last.as_deref().unwrap_or_default()));
        let setting = Setting {
            session: session.to_owned(),
            folder: folder.to_string_lossy().into_owned(),
            branch: hands::branch(&folder),
            entrypoint: "sdk-cli",
            agent: None,
        };
        let transcript = Transcript::new(file, setting, MODEL, random.fork(), before.last);
        let Before { first, prompts, .. } = before;
        Ok(Opened { transcript, session: session.to_owned(), first, prompts, random })
    }
}

/// The transcript of a session, in whichever bucket.
fn find(projects: &Path, session: &str) -> Option<PathBuf> {
    let is_name = session.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let buckets = fs::read_dir(projects).ok().filter(|_| is_name)?;
    let files = buckets.flatten().map(|bucket| bucket.path().join(format!("{session}.jsonl")));
    files.into_iter().find(|file| file.is_file())
}

fn lines(path: &Path) -> impl Iterator<Item = String> {
    File::open(path).into_iter().flat_map(|file| BufReader::new(file).lines().map_while(Result::ok))
}

fn before(path: &Path) -> Before {
    let mut before = Before::default();
    for line in lines(path) {
        let Ok(value) = serde_json::from_str::<Value>(&line) else { continue };
        if let Some(uuid) = value["uuid"].as_str() {
            before.last = Some(uuid.to_owned());
        }
        if value["type"] == "user" && value["message"]["content"].is_string() {
            before.prompts += 1;
            before.first.get_or_insert_with(|| text_in(&value["message"]["content"]));
        }
    }
    before
}

/// Copies the lines of a conversation; answers the last one's uuid.
fn copy(original: &Path, path: &Path, session: &str) -> std::io::Result<Option<String>> {
    if let Some(bucket) = path.parent() {
        fs::create_dir_all(bucket)?;
    }
    let mut file = File::create(path)?;
    let mut last = None;
    for (line, uuid) in lines(original).filter_map(|line| copied(&line, session)) {
        file.write_all(line.as_bytes())?;
        last = Some(uuid);
    }
    Ok(last)
}
