//! Which paired browsers want pushes, and where each of them is reached.
//!
//! One subscription a device, in a file named after it, gone with the device. Whether a device is still paired is not
//! known here.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use web_push_native::Auth;
use web_push_native::p256::PublicKey;

use super::endpoint::{self, BadEndpoint, Reach};
use super::kept;
use crate::devices::DeviceId;

/// Keys as browsers write them, with or without padding.
const KEYS: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The length of a subscription's secret, in bytes.
const AUTH_LENGTH: usize = 16;

/// Where a browser is reached, and what is needed so that nobody on the way can read a push.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    /// The push service's address for it.
    pub(crate) endpoint: String,
    /// The browser's public key.
    p256dh: String,
    /// The browser's secret.
    auth: String,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever has the address can reach the browser.
        formatter.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// Why a subscription is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadSubscription {
    /// Its address is not one that is spoken to.
    #[error("the push service's address is not taken: {0}")]
    Endpoint(#[from] BadEndpoint),
    /// Its keys are none.
    #[error("the subscription's keys are not those of a browser")]
    Keys,
}

impl Subscription {
    /// A subscription, checked.
    pub(crate) fn new(
        endpoint: String,
        p256dh: String,
        auth: String,
        reach: Reach,
    ) -> Result<Self, BadSubscription> {
        endpoint::check(&endpoint, reach)?;
        let subscription = Self { endpoint, p256dh, auth };
        subscription.keys().ok_or(BadSubscription::Keys)?;
        Ok(subscription)
    }

    /// The browser's public key and its secret.
    pub(crate) fn keys(&self) -> Option<(PublicKey, Auth)> {
        let public = PublicKey::from_sec1_bytes(&KEYS.decode(&self.p256dh).ok()?).ok()?;
        let auth = KEYS.decode(&self.auth).ok().filter(|auth| auth.len() == AUTH_LENGTH)?;
        Some((public, Auth::clone_from_slice(&auth)))
    }
}

/// The subscriptions of one folder. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Subscriptions {
    folder: Arc<Path>,
    known: Arc<Mutex<HashMap<DeviceId, Subscription>>>,
}

impl Subscriptions {
    /// Opens a folder, and makes it when there is none.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        kept::private_folder(&folder)?;
        let mut known = HashMap::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json"));
            let Some(device) = name.and_then(DeviceId::parse) else { continue };
            if let Some(subscription) = kept::read(&path)? {
                known.insert(device, subscription);
            }
        }
        Ok(Self { folder: folder.into(), known: Arc::new(Mutex::new(known)) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Subscription>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, device: &DeviceId) -> PathBuf {
        self.folder.join(format!("{}.json", device.as_str()))
    }

    /// The devices that have one.
    pub(crate) fn devices(&self) -> Vec<DeviceId> {
        self.lock().keys().cloned().collect()
    }

    /// A device's.
    pub(crate) fn of(&self, device: &DeviceId) -> Option<Subscription> {
        self.lock().get(device).cloned()
    }

    /// Keeps a device's, in place of the one it had. A browser that was paired anew comes with the address it had
    /// before: that is the same browser, so the device that it was is forgotten. Writes files.
    pub(crate) fn keep(&self, device: &DeviceId, subscription: Subscription) -> io::Result<()> {
        let mut known = self.lock();
        kept::write(&self.file(device), &subscription)?;
        let before: Vec<DeviceId> = known
            .iter()
            .filter(|(other, held)| *other != device && held.endpoint == subscription.endpoint)
            .map(|(other, _)| other.clone())
            .collect();
        known.insert(device.clone(), subscription);
        for other in before {
            kept::remove(&self.file(&other))?;
            known.remove(&other);
        }
        Ok(())
    }

    /// Forgets a device's; says whether it had one. Removes a file.
    pub(crate) fn forget(&self, device: &DeviceId) -> io::Result<bool> {
        let mut known = self.lock();
        kept::remove(&self.file(device))?;
        Ok(known.remove(device).is_some())
    }

    /// Forgets a device's if it still is this one. Removes a file.
    pub(crate) fn forget_if(&self, device: &DeviceId, subscription: &Subscription) -> io::Result<()> {
        let mut known = self.lock();
        if known.get(device) == Some(subscription) {
            kept::remove(&self.file(device))?;
            known.remove(device);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const P256DH: &str =
        "BLn9b-VR0ca83knDNZ32dCHGyjJp-1riX9ZTN40MqV8K_LpQmLqxC_DoHvqvFXO_nGdAB4W9dogZb_sM-uV4JbY";
    const AUTH: &str = "_ordMnz7uTCmrpBTeUV4Bw";

    fn subscription(endpoint: &str) -> Subscription {
        Subscription::new(endpoint.to_owned(), P256DH.to_owned(), AUTH.to_owned(), Reach::Public).unwrap()
    }

    fn device(digit: char) -> DeviceId {
        DeviceId::parse(&digit.to_string().repeat(64)).unwrap()
    }

    #[test]
    fn only_what_a_browser_would_send_is_taken() {
        let take = |p256dh: &str, auth: &str| {
            Subscription::new("https://push.example.com/a".into(), p256dh.into(), auth.into(), Reach::Public)
        };
        assert!(take(P256DH, &format!("{AUTH}==")).is_ok());
        for (p256dh, auth) in [
            (P256DH, "AAAA"),
            (P256DH, ""),
            ("", AUTH),
            ("not base64!", AUTH),
            (&P256DH[4..], AUTH),
            // A point that is not on the curve.
            (&format!("B{}", "A".repeat(86)), AUTH),
        ] {
            assert_eq!(take(p256dh, auth), Err(BadSubscription::Keys), "{p256dh} {auth}");
        }
        let private =
            Subscription::new("https://127.0.0.1/".into(), P256DH.into(), AUTH.into(), Reach::Public);
        assert_eq!(private, Err(BadSubscription::Endpoint(BadEndpoint::Private)));
    }

    #[test]
    fn subscriptions_are_kept_privately_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Subscriptions::open(folder.path().join("devices")).unwrap();
        let (one, other) =
            (subscription("https://push.example.com/1"), subscription("https://push.example.com/2"));
        let kept = open();
        kept.keep(&device('a'), one.clone()).unwrap();
        kept.keep(&device('b'), other.clone()).unwrap();
        assert_eq!(fs::metadata(kept.file(&device('a'))).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open().of(&device('a')), Some(one.clone()));

        // The browser of `a` was paired anew.
        kept.keep(&device('c'), one.clone()).unwrap();
        assert_eq!((open().of(&device('a')), open().of(&device('c'))), (None, Some(one.clone())));
        kept.forget_if(&device('b'), &one).unwrap();
        assert!(kept.forget(&device('b')).unwrap() && !kept.forget(&device('b')).unwrap());
        assert_eq!(open().devices(), [device('c')]);
        assert!(!format!("{one:?}").contains("push.example"));
    }
}
