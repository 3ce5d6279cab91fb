//! The prompt history: what a person typed, kept by the client longer than the transcripts.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Seek, SeekFrom},
    path::Path,
};

use orchestra_model::SessionId;
use serde::{Deserialize, Serialize};

use super::scan::Stamp;
use crate::{
    jsonl::{
        Limits, LineReader,
        lenient::{Number, Text},
        read_around,
    },
    prompt::{one_line, real_prompt},
};

/// What the history knows of one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) project: Option<String>,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    pub(super) first_prompt: Option<String>,
    pub(super) last_prompt: Option<String>,
}

/// A history file as far as it was read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct History {
    stamp: Option<Stamp>,
    parsed: u64,
    pub(super) sessions: HashMap<String, Remembered>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow)]
    display: Text<'a>,
    timestamp: Number,
    #[serde(borrow)]
    project: Text<'a>,
    #[serde(borrow)]
    session_id: Text<'a>,
}

impl History {
    /// Takes in what was written since, and says whether that was anything. The file is only ever appended to;
    /// when it is another file or a shorter one, it is read from its beginning.
    ///
    /// # Errors
    /// What reading the file fails with; a file that is not there is an empty history.
    pub(super) fn refresh(&mut self, root: &Path) -> io::Result<bool> {
        let mut file = match File::open(root.join("history.jsonl")) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let stamp = Stamp::of(&file.metadata()?);
        if self.stamp == Some(stamp) {
            return Ok(false);
        }
        let same_file =
            self.stamp.is_some_and(|known| known.file() == stamp.file() && self.parsed <= stamp.size);
        if !same_file {
            *self = Self::default();
        }
        file.seek(SeekFrom::Start(self.parsed))?;
        let limits = Limits { whole_line: 64 << 10, string: 4 << 10, line: 64 << 10 };
        let mut lines = LineReader::with_limits(file, self.parsed, limits);
        while let Some(line) = lines.next_line()? {
            read_around(line.bytes, |text| {
                let entry: Entry<'_> = serde_json::from_slice(text)?;
                self.remember(&entry);
                Ok(())
            });
        }
        self.parsed = lines.position();
        self.stamp = Some(stamp);
        Ok(true)
    }

    fn remember(&mut self, entry: &Entry<'_>) {
        let Some(id) = entry.session_id.as_str().filter(|id| id.parse::<SessionId>().is_ok()) else { return };
        let Some(time) = entry.timestamp.0.and_then(|time| i64::try_from(time).ok()) else { return };
        let prompt = entry.display.as_str().and_then(real_prompt).and_then(|text| one_line(&text, 200));
        match self.sessions.get_mut(id) {
            Some(known) => {
                known.first_ms = known.first_ms.min(time);
                if time >= known.last_ms {
                    known.last_ms = time;
                    known.last_prompt = prompt.or(known.last_prompt.take());
                }
            }
            None => {
                let remembered = Remembered {
                    project: entry.project.non_empty(),
                    first_ms: time,
                    last_ms: time,
                    first_prompt: prompt.clone(),
                    last_prompt: prompt,
                };
                self.sessions.insert(id.to_owned(), remembered);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write};

    use super::*;

    #[test]
    fn sessions_are_remembered_and_only_news_is_read() {
        let root = tempfile::tempdir().unwrap();
        let mut history = History::default();
        assert!(!history.refresh(root.path()).unwrap());
        let append = |text: &str| {
            let mut options = OpenOptions::new();
            let mut file = options.create(true).append(true).open(root.path().join("history.jsonl")).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append(
            "{\"display\":\"First\",\"timestamp\":1000,\"project\":\"/a\",\"sessionId\":\"s1\"}\nnonsense\n{\"dis",
        );
        assert!(history.refresh(root.path()).unwrap());
        assert!(!history.refresh(root.path()).unwrap());
        append("play\":\"Second\",\"timestamp\":2000,\"project\":\"/a\",\"sessionId\":\"s1\"}\n");
        assert!(history.refresh(root.path()).unwrap());
        let known = &history.sessions["s1"];
        assert_eq!((known.first_ms, known.last_ms), (1000, 2000));
        assert_eq!(known.first_prompt.as_deref(), Some("First"));
        assert_eq!(known.last_prompt.as_deref(), Some("Second"));
        assert_eq!(known.project.as_deref(), Some("/a"));
    }
}
