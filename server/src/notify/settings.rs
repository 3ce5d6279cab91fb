//! What a person wants to be told of, and when not: one choice for the whole install.

use std::fmt;
use std::str::FromStr;

use orchestra_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::notice::Kind;

const MINUTES_A_DAY: i64 = 24 * 60;

/// What a person is told of. Everything, at any hour, until they say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// When nothing is told; what still stands then is told afterwards.
    pub(crate) quiet: Option<QuietHours>,
    /// Agents that ask something.
    pub(crate) needs: bool,
    /// Agents that failed, were lost, seem stuck, or cannot go on.
    pub(crate) failed: bool,
    /// Agents that have finished.
    pub(crate) finished: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { quiet: None, needs: true, failed: true, finished: true }
    }
}

impl Settings {
    /// Whether notices of a kind are wanted.
    pub(crate) const fn want(&self, kind: Kind) -> bool {
        match kind {
            Kind::Permission | Kind::Question | Kind::Plan => self.needs,
            Kind::Error | Kind::Stuck | Kind::RateLimit => self.failed,
            Kind::Done => self.finished,
            Kind::Test => true,
        }
    }
}

/// Hours of each day, by the machine's clock; they may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Hours", into = "Hours")]
pub(crate) struct QuietHours {
    from: TimeOfDay,
    to: TimeOfDay,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    from: TimeOfDay,
    to: TimeOfDay,
}

/// Hours that cannot be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("quiet hours that end when they begin are none; choose another time, or none")]
pub(crate) struct NoHours;

impl TryFrom<Hours> for QuietHours {
    type Error = NoHours;

    fn try_from(hours: Hours) -> Result<Self, NoHours> {
        if hours.from == hours.to { Err(NoHours) } else { Ok(Self { from: hours.from, to: hours.to }) }
    }
}

impl From<QuietHours> for Hours {
    fn from(quiet: QuietHours) -> Self {
        Self { from: quiet.from, to: quiet.to }
    }
}

impl QuietHours {
    /// How many minutes are left of them; `None` when it is not quiet. `offset` is the zone's from UTC, in seconds.
    pub(crate) fn left_at(self, now: Timestamp, offset: i32) -> Option<u32> {
        let local = now.as_second() + i64::from(offset);
        let minute = local.div_euclid(60).rem_euclid(MINUTES_A_DAY);
        let since = (minute - i64::from(self.from.0)).rem_euclid(MINUTES_A_DAY);
        let length = (i64::from(self.to.0) - i64::from(self.from.0)).rem_euclid(MINUTES_A_DAY);
        u32::try_from(length - since).ok().filter(|left| *left > 0)
    }
}

/// A minute of a day, written as `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct TimeOfDay(u16);

/// A text that is no time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written like 22:30")]
pub(crate) struct NoTime;

impl FromStr for TimeOfDay {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let number = |digits: &str, most: u16| {
            let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|number| is_number && *number <= most)
        };
        let (hour, minute) = text.split_once(':').ok_or(NoTime)?;
        match (number(hour, 23), number(minute, 59)) {
            (Some(hour), Some(minute)) => Ok(Self(hour * 60 + minute)),
            _ => Err(NoTime),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = NoTime;

    fn try_from(text: String) -> Result<Self, NoTime> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(from: &str, to: &str, now: &str, offset: i32) -> Option<u32> {
        let quiet: QuietHours =
            serde_json::from_value(serde_json::json!({ "from": from, "to": to })).unwrap();
        quiet.left_at(format!("2026-01-01T{now}Z").parse().unwrap(), offset)
    }

    #[test]
    fn quiet_hours_may_go_over_midnight_and_are_the_machines_own() {
        for (from, to, now, offset, wanted) in [
            ("22:00", "07:00", "21:59:59", 0, None),
            ("22:00", "07:00", "22:00:00", 0, Some(540)),
            ("22:00", "07:00", "06:59:30", 0, Some(1)),
            ("22:00", "07:00", "07:00:00", 0, None),
            ("12:00", "13:30", "12:15:00", 0, Some(75)),
            ("12:00", "13:30", "13:30:00", 0, None),
            ("22:00", "07:00", "20:30:00", 7_200, Some(510)),
            ("22:00", "07:00", "01:00:00", -18_000, None),
        ] {
            assert_eq!(left(from, to, now, offset), wanted, "{from} to {to} at {now} {offset:+}");
        }
    }

    #[test]
    fn settings_are_checked() {
        for bad in [
            r#"{"quiet":{"from":"22:00","to":"22:00"}}"#,
            r#"{"quiet":{"from":"24:00","to":"07:00"}}"#,
            r#"{"quiet":{"from":"7:00","to":"08:00"}}"#,
            r#"{"quiet":{"from":"+7:00","to":"08:00"}}"#,
            r#"{"quiet":{"from":"22:60","to":"07:00"}}"#,
            r#"{"quiet":{"from":"22:00"}}"#,
            r#"{"needs":1}"#,
            r#"{"everything":true}"#,
        ] {
            assert!(serde_json::from_str::<Settings>(bad).is_err(), "{bad}");
        }
        let text = r#"{"quiet":{"from":"22:00","to":"07:05"},"needs":true,"failed":false,"finished":true}"#;
        let settings: Settings = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&settings).unwrap(), text);
        assert!(!settings.want(Kind::RateLimit) && settings.want(Kind::Plan));
    }
}
