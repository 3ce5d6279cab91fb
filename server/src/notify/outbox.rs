//! When a need is told: not in quiet hours, several that belong together as one, and never twice over a restart.
//!
//! Pure: acts and the time go in, what is to be shown or withdrawn now comes out. Nothing is sent here and no file is
//! touched; [`Told`] is what the caller keeps on disk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orchestra_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::needs::Act;
use super::notice::{Kind, Notice};
use super::settings::Settings;

/// How long a notice is worth withdrawing. A withdrawal wakes the device and shows nothing, which browsers allow a page
/// only now and then; what was shown long ago has been seen.
const WITHDRAWN_WITHIN_SECONDS: i64 = 6 * 60 * 60;

/// What ended so long before the server first saw it is no news.
const NEWS_FOR_SECONDS: i64 = 24 * 60 * 60;

/// The most tags that are remembered; the oldest are forgotten first, and are no news by then.
const MOST_TOLD: usize = 2_000;

/// The longest that quiet hours are slept through at once: clocks and time zones change.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Show this.
    Show(Arc<Notice>),
    /// Take away what was shown under this tag.
    Withdraw {
        /// The tag.
        tag: String,
    },
}

impl Delivery {
    /// The tag that it is about.
    pub(crate) fn tag(&self) -> &str {
        match self {
            Self::Show(notice) => &notice.tag,
            Self::Withdraw { tag } => tag,
        }
    }
}

/// The needs that stand and were told, by their tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Told(BTreeMap<String, Telling>);

/// How a need was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Telling {
    /// When.
    at: Timestamp,
    /// Under which tag it was shown; `None` when it was noted and not shown.
    shown_as: Option<String>,
}

impl Told {
    /// The tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn insert(&mut self, tag: String, at: Timestamp, shown_as: Option<String>) {
        self.0.insert(tag, Telling { at, shown_as });
        while self.0.len() > MOST_TOLD {
            let oldest = self.0.iter().min_by_key(|(_, telling)| telling.at).map(|(tag, _)| tag.clone());
            oldest.and_then(|tag| self.0.remove(&tag));
        }
    }
}

/// What waits to be told, and what was.
#[derive(Debug)]
pub(crate) struct Outbox {
    told: Told,
    /// When the server started, if there was no record of what was told: what is older was told by nobody, and is old.
    first_start: Option<Timestamp>,
    /// How long notices that belong together are waited for.
    gather: Duration,
    waiting: Vec<Waiting>,
    withdrawals: Vec<Delivery>,
    changed: bool,
}

#[derive(Debug)]
struct Waiting {
    notice: Notice,
    since: Timestamp,
}

impl Outbox {
    /// An outbox that starts now, with the record of what was told before, if there is one.
    pub(crate) fn new(told: Option<Told>, now: Timestamp, gather: Duration) -> Self {
        Self {
            first_start: told.is_none().then_some(now),
            told: told.unwrap_or_default(),
            gather,
            waiting: Vec::new(),
            withdrawals: Vec::new(),
            changed: false,
        }
    }

    /// Takes what is to be done about a change.
    pub(crate) fn take(&mut self, act: Act, now: Timestamp) {
        match act {
            Act::Tell(notice) if !self.is_news(&notice, now) => self.note(notice.tag, now, None),
            Act::Tell(notice) => self.waiting.push(Waiting { notice, since: now }),
            Act::Withdraw { tag } => self.withdraw(&tag, now),
        }
    }

    /// Whether anybody wants to hear of it. A request that stands is always news.
    fn is_news(&self, notice: &Notice, now: Timestamp) -> bool {
        let age = now.as_second() - notice.at.as_second();
        let was_there = self.first_start.is_some_and(|start| notice.at <= start);
        notice.kind.is_need() || (age < NEWS_FOR_SECONDS && !was_there)
    }

    fn note(&mut self, tag: String, now: Timestamp, shown_as: Option<String>) {
        self.told.insert(tag, now, shown_as);
        self.changed = true;
    }

    fn withdraw(&mut self, tag: &str, now: Timestamp) {
        self.waiting.retain(|waiting| waiting.notice.tag != tag);
        let Some(telling) = self.told.0.remove(tag) else { return };
        self.changed = true;
        let is_recent = now.as_second() - telling.at.as_second() < WITHDRAWN_WITHIN_SECONDS;
        // One that was told with others is withdrawn with the last of them.
        let is_last = self.told.0.values().all(|other| other.shown_as != telling.shown_as);
        if let Some(tag) = telling.shown_as.filter(|_| is_recent && is_last) {
            self.withdrawals.push(Delivery::Withdraw { tag });
        }
    }

    /// What goes out now. `offset` is the zone's from UTC, in seconds.
    pub(crate) fn due(&mut self, settings: &Settings, now: Timestamp, offset: i32) -> Vec<Delivery> {
        let mut deliveries = std::mem::take(&mut self.withdrawals);
        if settings.quiet.is_some_and(|quiet| quiet.left_at(now, offset).is_some()) {
            return deliveries;
        }
        let due: Vec<Kind> = self
            .waiting
            .iter()
            .filter(|one| self.left(one, now).is_zero())
            .map(|one| one.notice.kind)
            .collect();
        // Those that are gathered all go with the first that has waited long enough.
        let (mut due, waiting): (Vec<Waiting>, _) =
            std::mem::take(&mut self.waiting).into_iter().partition(|one| due.contains(&one.notice.kind));
        self.waiting = waiting;
        due.sort_by_key(|one| one.notice.at);
        let mut gathered: BTreeMap<&str, Vec<Notice>> = BTreeMap::new();
        for Waiting { notice, .. } in due {
            if !settings.want(notice.kind) {
                self.note(notice.tag, now, None);
            } else if notice.kind.is_gathered() {
                gathered.entry(notice.kind.name()).or_default().push(notice);
            } else {
                self.note(notice.tag.clone(), now, Some(notice.tag.clone()));
                deliveries.push(Delivery::Show(Arc::new(notice)));
            }
        }
        for notices in gathered.into_values() {
            let shown = match notices.as_slice() {
                [one] => Some(one.clone()),
                several => Notice::of_several(several),
            };
            let Some(shown) = shown else { continue };
            for notice in notices {
                self.note(notice.tag, now, Some(shown.tag.clone()));
            }
            deliveries.push(Delivery::Show(Arc::new(shown)));
        }
        deliveries
    }

    /// When to ask again if nothing else happens; `None` when nothing waits.
    pub(crate) fn next(&self, settings: &Settings, now: Timestamp, offset: i32) -> Option<Duration> {
        let left = self.waiting.iter().map(|one| self.left(one, now)).min()?;
        let quiet = settings.quiet.and_then(|quiet| quiet.left_at(now, offset));
        let quiet = quiet.map(|minutes| Duration::from_secs(u64::from(minutes) * 60).min(LONGEST_SLEEP));
        Some(quiet.unwrap_or_default().max(left))
    }

    /// How long a notice is still waited with.
    fn left(&self, waiting: &Waiting, now: Timestamp) -> Duration {
        if !waiting.notice.kind.is_gathered() {
            return Duration::ZERO;
        }
        let waited = now.as_millisecond().saturating_sub(waiting.since.as_millisecond());
        // A clock that was put back makes nobody wait longer.
        self.gather.saturating_sub(Duration::from_millis(waited.unsigned_abs()))
    }

    /// What was told, if it has changed since this was last asked.
    pub(crate) fn changed(&mut self) -> Option<Told> {
        std::mem::take(&mut self.changed).then(|| self.told.clone())
    }
}

#[cfg(test)]
mod tests;
