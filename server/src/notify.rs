//! Telling their owner when an agent needs them, fails or finishes: by Web Push to paired browsers, by a command of
//! theirs, and through ntfy.
//!
//! Whoever watches agents hands each change to [`Notifier::agent_changed`], which only leaves a note. One task takes
//! the notes: [`needs`] says what arose and went, [`outbox`] when that is told, and a [`line`] for each receiver brings
//! it there. Nothing here reads agents or decides for them; what a notification's buttons do goes to the agent's runner
//! like any other answer (`routes`).
//!
//! Kept in `server/push/`: the install's keys, a file for each subscribed device, the settings, and which needs were
//! told. A need is noted as told when it is on its way; a server that is killed in that moment tells it no second time.

mod command;
mod endpoint;
mod kept;
mod keys;
mod line;
mod mailbox;
mod needs;
mod notice;
mod ntfy;
mod outbox;
mod poster;
mod push;
pub(crate) mod routes;
mod settings;
mod subscriptions;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use orchestra_app::ssr::Clock;
use orchestra_core::agents::Agents;
use orchestra_model::Agent;
use tokio::sync::{Mutex, watch};

use crate::devices::{DeviceId, Devices};
use crate::shutdown::Shutdown;
use command::{CommandWay, TIME_LIMIT};
use endpoint::Reach;
use keys::Keys;
use line::Line;
use mailbox::Mailbox;
use needs::{Needs, Wanted};
use notice::Notice;
use ntfy::NtfyWay;
use outbox::{Delivery, Outbox, Told};
use poster::{Answer, Poster};
use push::{Push, PushError, PushWay};
use settings::Settings;
use subscriptions::{Subscription, Subscriptions};

pub use ntfy::{BadNtfy, Ntfy};

/// Whom a push service may write to when nobody said otherwise. Some refuse a push without an address that looks real.
const CONTACT: &str = "mailto:orchestra@example.com";

/// How long agents that end together are waited for.
const GATHER: Duration = Duration::from_secs(3);

/// How long before something is tried the second time.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// How notices are told besides to paired browsers, as the owner's configuration says.
#[derive(Clone, Debug)]
pub struct NotifyConfig {
    /// A program and its arguments, started for each notice; empty for none.
    pub command: Vec<String>,
    /// A topic to send each notice to.
    pub ntfy: Option<Ntfy>,
    /// Whom push services may write to about this install, as a `mailto:` or `https:` address; `None` for nobody.
    pub contact: Option<String>,
    gather: Duration,
    first_wait: Duration,
    push_reach: Reach,
}

impl Default for NotifyConfig {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            ntfy: None,
            contact: None,
            gather: GATHER,
            first_wait: FIRST_WAIT,
            push_reach: Reach::Public,
        }
    }
}

impl NotifyConfig {
    /// For tests: push services may be on this machine and without TLS, and nothing waits long.
    #[doc(hidden)]
    pub fn for_tests() -> Self {
        let (gather, first_wait) = (Duration::from_millis(300), Duration::from_millis(20));
        Self { gather, first_wait, push_reach: Reach::Anywhere, ..Self::default() }
    }
}

/// Tells people of what agents need. Clones are the same one.
#[derive(Clone)]
pub struct Notifier {
    desk: Arc<Desk>,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Notifier").finish_non_exhaustive()
    }
}

/// What the task and the routes share.
struct Desk {
    folder: PathBuf,
    /// Where the dashboard is, for those who are told outside a browser.
    base: String,
    config: NotifyConfig,
    clock: Clock,
    agents: Agents,
    devices: Devices,
    /// What was told before this server started, if there was a record.
    told: Option<Told>,
    mailbox: Mailbox,
    push: Push,
    subscriptions: Subscriptions,
    settings: watch::Sender<Settings>,
    /// Held while settings are written.
    writing: Mutex<()>,
}

impl Desk {
    fn settings_file(&self) -> PathBuf {
        self.folder.join("settings.json")
    }

    fn told_file(&self) -> PathBuf {
        self.folder.join("told.json")
    }
}

impl Notifier {
    /// Opens what is kept below the state folder, and makes what is not there. Writes files.
    pub(crate) fn open(
        state_dir: &Path,
        devices: Devices,
        clock: Clock,
        base: String,
        config: NotifyConfig,
    ) -> io::Result<Self> {
        let folder = state_dir.join("server/push");
        kept::private_folder(&folder)?;
        let push = Push {
            keys: Keys::open(&folder.join("vapid.json"))?,
            contact: config.contact.clone().unwrap_or_else(|| CONTACT.to_owned()),
            poster: Poster::new(config.push_reach),
        };
        let subscriptions = Subscriptions::open(folder.join("devices"))?;
        let settings = kept::read(&folder.join("settings.json"))?.unwrap_or_default();
        let told = kept::read::<Told>(&folder.join("told.json"))?;
        if told.is_none() {
            // From now on there is a record: what arises while no server runs is told by the next one.
            kept::write(&folder.join("told.json"), &Told::default())?;
        }
        let desk = Desk {
            folder,
            base,
            config,
            clock,
            agents: Agents::new(state_dir),
            devices,
            told,
            mailbox: Mailbox::default(),
            push,
            subscriptions,
            settings: watch::Sender::new(settings),
            writing: Mutex::default(),
        };
        Ok(Self { desk: Arc::new(desk) })
    }

    /// Takes note of an agent as it is now: once for each there is, then whenever one changes. Never waits and never
    /// fails; what it is about is told by `run`.
    pub fn agent_changed(&self, agent: &Agent) {
        self.desk.mailbox.leave(Wanted::of(agent));
    }

    fn settings(&self) -> Settings {
        self.desk.settings.borrow().clone()
    }

    async fn keep_settings(&self, settings: Settings) -> io::Result<()> {
        let _writing = self.desk.writing.lock().await;
        let (file, kept) = (self.desk.settings_file(), settings.clone());
        tokio::task::spawn_blocking(move || kept::write(&file, &kept)).await.map_err(io::Error::other)??;
        self.desk.settings.send_replace(settings);
        Ok(())
    }

    async fn send_a_test(&self, subscription: &Subscription) -> Result<Answer, PushError> {
        let notice = Notice::of_a_test(self.desk.clock.now());
        self.desk.push.send(subscription, &Delivery::Show(Arc::new(notice))).await
    }

    /// Tells, until the server stops.
    pub(crate) async fn run(self, mut shutdown: Shutdown) {
        let desk = self.desk;
        let mut teller = Teller {
            needs: Needs::told_before(desk.told.iter().flat_map(Told::tags)),
            outbox: Outbox::new(desk.told.clone(), desk.clock.now(), desk.config.gather),
            lines: HashMap::new(),
            others: others(&desk),
            desk: Arc::clone(&desk),
        };
        teller.forget_unpaired().await;
        let mut settings = desk.settings.subscribe();
        let mut revocations = desk.devices.revocations();
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                notes = desk.mailbox.notes() => teller.take(notes),
                Ok(()) = settings.changed() => {}
                Ok(()) = revocations.changed() => teller.forget_unpaired().await,
                () = teller.rest() => {}
            }
            teller.tell().await;
        }
    }
}

/// Those who are told besides browsers.
fn others(desk: &Desk) -> Vec<Line> {
    let NotifyConfig { command, ntfy, first_wait, .. } = desk.config.clone();
    let base = &desk.base;
    let command = (!command.is_empty())
        .then(|| Line::new(CommandWay { command, base: base.clone(), time_limit: TIME_LIMIT }, first_wait));
    let poster = Poster::new(Reach::Anywhere);
    let ntfy = ntfy.map(|ntfy| Line::new(NtfyWay { ntfy, base: base.clone(), poster }, first_wait));
    command.into_iter().chain(ntfy).collect()
}

/// The task's own things.
struct Teller {
    desk: Arc<Desk>,
    needs: Needs,
    outbox: Outbox,
    lines: HashMap<DeviceId, Line>,
    others: Vec<Line>,
}

impl Teller {
    fn take(&mut self, notes: Vec<Wanted>) {
        let now = self.desk.clock.now();
        for wanted in notes {
            for act in self.needs.take_wanted(wanted) {
                self.outbox.take(act, now);
            }
        }
    }

    /// Sends what is due, and notes that it was.
    async fn tell(&mut self) {
        let settings = self.desk.settings.borrow().clone();
        let now = self.desk.clock.now();
        let due = self.outbox.due(&settings, now, self.desk.clock.offset_at(now));
        if let Some(told) = self.outbox.changed() {
            let file = self.desk.told_file();
            let written = tokio::task::spawn_blocking(move || kept::write(&file, &told)).await;
            if !matches!(written, Ok(Ok(()))) {
                tracing::warn!(?written, "cannot note which notifications were sent");
            }
        }
        for delivery in due {
            self.deliver(&delivery);
        }
    }

    fn deliver(&mut self, delivery: &Delivery) {
        for line in &self.others {
            line.push(delivery.clone());
        }
        let devices = self.desk.subscriptions.devices();
        self.lines.retain(|device, line| devices.contains(device) && !line.is_over());
        for device in devices {
            let desk = &self.desk;
            let line = self.lines.entry(device.clone()).or_insert_with(|| {
                let way = PushWay {
                    push: desk.push.clone(),
                    device,
                    devices: desk.devices.clone(),
                    subscriptions: desk.subscriptions.clone(),
                };
                Line::new(way, desk.config.first_wait)
            });
            line.push(delivery.clone());
        }
    }

    /// Waits until something that waits may be due.
    async fn rest(&self) {
        let settings = self.desk.settings.borrow().clone();
        let now = self.desk.clock.now();
        match self.outbox.next(&settings, now, self.desk.clock.offset_at(now)) {
            // A moment more: a timer may be early by the clock.
            Some(rest) => tokio::time::sleep(rest + Duration::from_millis(5)).await,
            None => std::future::pending().await,
        }
    }

    /// Forgets where browsers are reached that are paired no longer.
    async fn forget_unpaired(&mut self) {
        let desk = Arc::clone(&self.desk);
        let forgotten = tokio::task::spawn_blocking(move || {
            for device in desk.subscriptions.devices() {
                if !desk.devices.is_paired(&device)? {
                    desk.subscriptions.forget(&device)?;
                }
            }
            Ok::<(), io::Error>(())
        })
        .await;
        if !matches!(forgotten, Ok(Ok(()))) {
            tracing::warn!(?forgotten, "cannot forget where browsers were reached that are paired no longer");
        }
    }
}
