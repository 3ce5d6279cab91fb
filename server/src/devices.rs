//! Devices: the browsers that were paired, each with a name, listed and revoked.
//!
//! A device is a session of tower-sessions that says so; there is no second record to fall out of step with it.
//! Nothing here decides who may pair.

use std::io;

use axum::http::request::Parts;
use orchestra_app::ssr::{Household, PairedDevice};
use orchestra_model::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tower_sessions::Session;

use crate::session_store::{FileSessionStore, is_key};

/// The key of the device in its session.
const KEY: &str = "device";

/// How old the record of a device's last visit may become; each renewal also moves its expiry.
const RENEW_AFTER_SECONDS: i64 = 60 * 60;

/// What names a device; it gives no access.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(String);

impl DeviceId {
    /// Reads an id back; `None` when the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        is_key(text).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A paired browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// What to call it, from what the browser said of itself when it was paired.
    pub name: String,
    /// When it was paired.
    pub created_at: Timestamp,
    /// When it was last here, to the hour.
    pub last_seen_at: Timestamp,
}

/// What a session holds of its device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DeviceRecord {
    name: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
}

/// The devices of one state folder. Clones share it.
#[derive(Clone, Debug)]
pub struct Devices {
    store: FileSessionStore,
    /// Moves whenever a device is revoked; open event streams look whether it was theirs.
    revocations: watch::Sender<u64>,
}

impl Devices {
    pub(crate) fn new(store: FileSessionStore) -> Self {
        Self { store, revocations: watch::Sender::new(0) }
    }

    /// All devices, those seen last first. Reads files: call it where that may block.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<Device>> {
        let mut devices: Vec<Device> = self
            .store
            .list()?
            .into_iter()
            .filter_map(|listed| {
                let record: DeviceRecord = serde_json::from_value(listed.data.get(KEY)?.clone()).ok()?;
                let DeviceRecord { name, created_at, last_seen_at } = record;
                Some(Device { id: DeviceId(listed.key), name, created_at, last_seen_at })
            })
            .collect();
        devices.sort_by_key(|device| std::cmp::Reverse(device.last_seen_at));
        Ok(devices)
    }

    /// Takes a device's access away and closes its event streams; says whether there was such a device. Changes
    /// files: call it where that may block.
    ///
    /// # Errors
    /// When the device's file cannot be removed.
    pub fn revoke(&self, id: &DeviceId) -> io::Result<bool> {
        let removed = self.store.remove(id.as_str())?;
        self.revocations.send_modify(|count| *count += 1);
        Ok(removed)
    }

    /// Whether a device still has access.
    pub(crate) fn is_paired(&self, id: &DeviceId) -> io::Result<bool> {
        self.store.contains(id.as_str())
    }

    /// Something that changes whenever a device is revoked.
    pub(crate) fn revocations(&self) -> watch::Receiver<u64> {
        self.revocations.subscribe()
    }
}

impl Household for Devices {
    fn devices(&self, request: Option<&Parts>) -> Result<Vec<PairedDevice>, String> {
        let this = request.and_then(|request| request.extensions.get::<DeviceId>());
        let devices =
            self.list().map_err(|problem| format!("the paired browsers cannot be read: {problem}"))?;
        let shown = devices.into_iter().map(|device| PairedDevice {
            is_this: Some(&device.id) == this,
            id: device.id.0,
            name: device.name,
            paired_ms: device.created_at.as_millisecond(),
            seen_ms: device.last_seen_at.as_millisecond(),
        });
        Ok(shown.collect())
    }

    fn revoke(&self, id: &str) -> Result<bool, String> {
        let id = DeviceId::parse(id).ok_or("no browser is called so")?;
        self.revoke(&id).map_err(|problem| format!("its access cannot be taken away: {problem}"))
    }
}

/// Makes a session the session of a newly paired device, under a new id.
pub(crate) async fn pair(
    session: &Session,
    user_agent: Option<&str>,
    now: Timestamp,
) -> Result<(), tower_sessions::session::Error> {
    let name = name_from(user_agent.unwrap_or_default());
    session.cycle_id().await?;
    session.insert(KEY, DeviceRecord { name, created_at: now, last_seen_at: now }).await
}

/// The device that a session belongs to, if it was paired. Notes the visit, at most once an hour: a note is a write,
/// and moves the expiry of the session and of its cookie.
pub(crate) async fn device_of(
    session: &Session,
    now: Timestamp,
) -> Result<Option<DeviceId>, tower_sessions::session::Error> {
    let record = match session.get::<DeviceRecord>(KEY).await {
        Ok(record) => record,
        // A record that cannot be understood is no device; its browser pairs again.
        Err(tower_sessions::session::Error::SerdeJson(_)) => None,
        Err(failing_store) => return Err(failing_store),
    };
    // The session forgets its id when the store did not know it.
    let (Some(mut record), Some(id)) = (record, session.id()) else { return Ok(None) };
    if (now.as_second() - record.last_seen_at.as_second()).abs() >= RENEW_AFTER_SECONDS {
        record.last_seen_at = now;
        session.insert(KEY, record).await?;
    }
    Ok(Some(DeviceId(FileSessionStore::key(&id))))
}

/// "Chrome on Android" from a User-Agent; the words are ours, so nothing of the header is kept.
fn name_from(user_agent: &str) -> String {
    // Browsers claim to be each other: the one that claims least comes last.
    let browser = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ];
    let system = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "Mac"),
        ("Windows", "Windows"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&browser), find(&system)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "a browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_device_has_a_name_that_its_owner_recognises() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"),
            ("curl/8.5.0", "a browser"),
            ("<script>", "a browser"),
        ] {
            assert_eq!(name_from(user_agent), name);
        }
    }

    #[tokio::test]
    async fn devices_are_listed_and_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSessionStore::open(folder.path().to_owned()).unwrap();
        let devices = Devices::new(store.clone());
        let early: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let mut sessions = Vec::new();
        for (user_agent, at) in [("Firefox Linux", early), ("Chrome Android", late)] {
            let session = Session::new(None, Arc::new(store.clone()), None);
            pair(&session, Some(user_agent), at).await.unwrap();
            session.save().await.unwrap();
            sessions.push(session);
        }
        let listed = devices.list().unwrap();
        let names: Vec<_> = listed.iter().map(|device| device.name.as_str()).collect();
        assert_eq!(names, ["Chrome on Android", "Firefox on Linux"]);

        let first = device_of(&sessions[0], early).await.unwrap().unwrap();
        assert_eq!(listed[1].id, first);
        let mut revocations = devices.revocations();
        assert!(devices.revoke(&first).unwrap());
        assert!(revocations.has_changed().unwrap());
        revocations.mark_unchanged();
        assert!(!devices.is_paired(&first).unwrap());
        assert!(!devices.revoke(&first).unwrap());
        assert_eq!(devices.list().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_visit_is_noted_once_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSessionStore::open(folder.path().to_owned()).unwrap();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let session = Session::new(None, Arc::new(store.clone()), None);
        pair(&session, None, start).await.unwrap();
        session.save().await.unwrap();

        for (at, noted) in [("2026-01-01T00:59:59Z", false), ("2026-01-01T01:00:00Z", true)] {
            let visit = Session::new(session.id(), Arc::new(store.clone()), None);
            assert!(device_of(&visit, at.parse().unwrap()).await.unwrap().is_some());
            assert_eq!(visit.is_modified(), noted, "{at}");
        }
    }
}
