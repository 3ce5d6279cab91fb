//! Where tower-sessions keeps its sessions: one small file each, so that a browser stays paired over a restart.
//!
//! A file's name is the hash of the session's id and the id is not in it, so whoever reads the folder cannot take a
//! browser's place. Files are replaced whole. Nothing here knows what a session is for.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

/// The ending of a session's file, and of one that is being written.
const ENDING: &str = "json";
const DRAFT_ENDING: &str = "new";

/// Sessions in a folder. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct FileSessionStore {
    folder: Arc<Path>,
    /// Held while a file is written or removed: a save that raced a removal must not bring a session back.
    writing: Arc<Mutex<()>>,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct Stored {
    expires_at: i64,
    data: HashMap<String, serde_json::Value>,
}

/// A session as a list shows it: by the name of its file, which gives nobody access.
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) data: HashMap<String, serde_json::Value>,
}

impl FileSessionStore {
    /// Opens a folder, makes it when there is none, and clears it of what has expired.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let store = Self { folder: folder.into(), writing: Arc::default() };
        if let Err(problem) = store.sweep() {
            // What cannot be cleared away is in nobody's way.
            tracing::warn!(%problem, "cannot clear expired sessions away");
        }
        Ok(store)
    }

    /// The name that a session's file has, without its ending.
    pub(crate) fn key(id: &Id) -> String {
        Sha256::digest(id.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// All sessions that have not expired.
    pub(crate) fn list(&self) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let Some(key) = key_of(&path) else { continue };
            if let Some(Stored { data, .. }) = self.read(&key)? {
                listed.push(Listed { key, data });
            }
        }
        Ok(listed)
    }

    /// Whether a session is there and has not expired.
    pub(crate) fn contains(&self, key: &str) -> io::Result<bool> {
        self.read(key).map(|found| found.is_some())
    }

    /// Removes a session by the name of its file; says whether it was there.
    pub(crate) fn remove(&self, key: &str) -> io::Result<bool> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::remove_file(self.file(key)) {
            Ok(()) => Ok(true),
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// Removes what has expired, and drafts that a crash left.
    pub(crate) fn sweep(&self) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let left_over = path.extension().is_some_and(|ending| ending == DRAFT_ENDING);
            let expired = match key_of(&path) {
                Some(key) => self.read(&key)?.is_none(),
                None => false,
            };
            if left_over || expired {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// A session that has not expired. One whose file is damaged counts as gone: its browser pairs again.
    fn read(&self, key: &str) -> io::Result<Option<Stored>> {
        let bytes = match fs::read(self.file(key)) {
            Ok(bytes) => bytes,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(problem) => return Err(problem),
        };
        let stored: Option<Stored> = serde_json::from_slice(&bytes).ok();
        Ok(stored.filter(|stored| stored.expires_at > OffsetDateTime::now_utc().unix_timestamp()))
    }

    /// Writes a session; with `only_over`, only when it is there already. Says whether it was written.
    fn write(&self, record: &Record, only_over: bool) -> io::Result<bool> {
        let key = Self::key(&record.id);
        let stored = Stored { expires_at: record.expiry_date.unix_timestamp(), data: record.data.clone() };
        let bytes = serde_json::to_vec(&stored)?;

        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.file(&key).exists() != only_over {
            return Ok(false);
        }
        let draft = self.folder.join(format!("{key}.{DRAFT_ENDING}"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&draft, self.file(&key))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(true)
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.{ENDING}"))
    }

    /// Runs file work where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || work(&store))
            .await
            .map_err(|problem| Error::Backend(problem.to_string()))?
            .map_err(|problem| Error::Backend(problem.to_string()))
    }
}

/// The key that a file of the folder stands for, if it is a session's.
fn key_of(path: &Path) -> Option<String> {
    let is_session = path.extension().is_some_and(|ending| ending == ENDING);
    let stem = path.file_stem()?.to_str()?;
    (is_session && is_key(stem)).then(|| stem.to_owned())
}

/// Whether a text can be a key: 64 hexadecimal digits, so never a path.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[async_trait]
impl SessionStore for FileSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let attempt = record.clone();
            if self.blocking(move |store| store.write(&attempt, false)).await? {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    /// A session that was removed since it was loaded stays removed. When there is no room to write, the one before
    /// stays: a full disk locks nobody out.
    async fn save(&self, record: &Record) -> Result<()> {
        let record = record.clone();
        if let Err(problem) = self.blocking(move |store| store.write(&record, true)).await {
            tracing::warn!(%problem, "cannot renew the session of a paired browser");
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let id = *id;
        self.blocking(move |store| {
            let found = store.read(&Self::key(&id))?;
            Ok(found.and_then(|stored| {
                let expiry_date = OffsetDateTime::from_unix_timestamp(stored.expires_at).ok()?;
                Some(Record { id, data: stored.data, expiry_date })
            }))
        })
        .await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let key = Self::key(id);
        self.blocking(move |store| store.remove(&key)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn record(lifetime: Duration) -> Record {
        let data = HashMap::from([("name".to_owned(), serde_json::json!("phone"))]);
        Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() + lifetime }
    }

    #[tokio::test]
    async fn a_session_survives_and_its_id_is_nowhere_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions");
        let mut kept = record(Duration::DAY);
        FileSessionStore::open(path.clone()).unwrap().create(&mut kept).await.unwrap();

        let again = FileSessionStore::open(path.clone()).unwrap();
        assert_eq!(again.load(&kept.id).await.unwrap().unwrap().data, kept.data);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        for entry in fs::read_dir(&path).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            let id = kept.id.to_string();
            assert!(!entry.file_name().to_string_lossy().contains(&id));
            assert!(!fs::read_to_string(entry.path()).unwrap().contains(&id));
        }
    }

    #[tokio::test]
    async fn what_was_removed_is_not_saved_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSessionStore::open(folder.path().to_owned()).unwrap();
        let mut removed = record(Duration::DAY);
        store.create(&mut removed).await.unwrap();
        store.delete(&removed.id).await.unwrap();
        store.save(&removed).await.unwrap();
        assert!(store.load(&removed.id).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_session_that_cannot_be_written_again_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSessionStore::open(folder.path().to_owned()).unwrap();
        let mut kept = record(Duration::DAY);
        store.create(&mut kept).await.unwrap();
        let in_the_way = folder.path().join(format!("{}.{DRAFT_ENDING}", FileSessionStore::key(&kept.id)));
        fs::create_dir(in_the_way).unwrap();
        let newer = Record { data: HashMap::new(), ..kept.clone() };
        store.save(&newer).await.unwrap();
        assert_eq!(store.load(&kept.id).await.unwrap().unwrap().data, kept.data);
        FileSessionStore::open(folder.path().to_owned()).unwrap();
    }

    #[tokio::test]
    async fn the_expired_the_damaged_and_the_half_written_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSessionStore::open(folder.path().to_owned()).unwrap();
        let mut expired = record(-Duration::DAY);
        store.create(&mut expired).await.unwrap();
        assert!(store.load(&expired.id).await.unwrap().is_none());
        fs::write(folder.path().join(format!("{}.{ENDING}", "0".repeat(64))), b"{").unwrap();
        fs::write(folder.path().join(format!("{}.{DRAFT_ENDING}", "1".repeat(64))), b"{").unwrap();
        assert!(store.list().unwrap().is_empty());
        store.sweep().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
