//! The server's clock and time zone: where "today" comes from.

use jiff::{Timestamp, tz::TimeZone};

use crate::{data::ServerClock, text};

/// A clock in a time zone.
#[derive(Clone)]
pub struct Clock {
    zone: TimeZone,
    now: fn() -> Timestamp,
}

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self { zone: TimeZone::system(), now: Timestamp::now }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// How far the zone is from UTC at a moment, in seconds.
    pub fn offset_at(&self, at: Timestamp) -> i32 {
        self.zone.to_offset(at).seconds()
    }

    /// The day a moment is in.
    pub fn day_of(&self, at_ms: i64) -> i32 {
        let offset = Timestamp::from_millisecond(at_ms).map_or(0, |at| self.offset_at(at));
        text::day_of(at_ms, offset)
    }

    /// What a page is told of it.
    pub fn reading(&self, now: Timestamp) -> ServerClock {
        let now_ms = now.as_millisecond();
        let offset_seconds = self.offset_at(now);
        ServerClock { now_ms, today: text::day_of(now_ms, offset_seconds), offset_seconds }
    }
}
