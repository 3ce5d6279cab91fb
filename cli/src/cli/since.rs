//! `--since WHEN`: what a person may write for a moment in the past, and the moment it means.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, ToSpan, ZonedDateTime, civil};

/// A moment as it was written; what it means depends on now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Since {
    written: String,
    meaning: Meaning,
}

#[derive(Clone, Debug, PartialEq)]
enum Meaning {
    /// So long ago: `2h`, `3d`.
    Ago(SignedDuration),
    /// The beginning of this day.
    Today,
    /// The beginning of the day before.
    Yesterday,
    /// A day or a time of day, on the reader's clock: `2026-11-01`, `2026-11-01T09:30`.
    Local(civil::DateTime),
    /// A moment anywhere: `2026-11-01T09:30:00Z`.
    Moment(Timestamp),
}

impl Since {
    /// So many hours before now.
    pub(crate) fn hours_ago(hours: u32) -> Self {
        let meaning = Meaning::Ago(SignedDuration::from_hours(i64::from(hours)));
        Self { written: format!("{hours}h"), meaning }
    }

    /// What was written, inside a sentence.
    pub(crate) fn in_words(&self) -> String {
        match self.meaning {
            Meaning::Ago(_) => format!("in the last {}", self.written),
            _ => format!("since {}", self.written),
        }
    }

    /// The moment meant, seen from now.
    pub(crate) fn resolve(&self, now: &ZonedDateTime) -> Timestamp {
        let midnight =
            |day: &ZonedDateTime| day.start_of_day().map_or(day.timestamp(), |start| start.timestamp());
        match &self.meaning {
            Meaning::Ago(duration) => now.timestamp().saturating_sub(*duration).unwrap_or(Timestamp::MIN),
            Meaning::Today => midnight(now),
            Meaning::Yesterday => midnight(&now.saturating_sub(1.day())),
            Meaning::Local(local) => local
                .to_zoned_datetime(now.time_zone().clone())
                .map_or(Timestamp::MIN, |zoned| zoned.timestamp()),
            Meaning::Moment(moment) => *moment,
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written = text.trim();
        let meaning = match written.to_ascii_lowercase().as_str() {
            "today" => Some(Meaning::Today),
            "yesterday" => Some(Meaning::Yesterday),
            _ => parse_ago(written)
                .map(Meaning::Ago)
                .or_else(|| written.parse().ok().map(Meaning::Moment))
                .or_else(|| written.parse().ok().map(Meaning::Local)),
        };
        match meaning {
            Some(meaning) => Ok(Self { written: written.to_owned(), meaning }),
            None => {
                Err("write 90m, 2h, 3d or 1w; today or yesterday; or a date such as 2026-11-01".to_owned())
            }
        }
    }
}

/// A whole number and a unit. Days are 24 hours here: "3d" asks how old, not which calendar day.
fn parse_ago(text: &str) -> Option<SignedDuration> {
    let split = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let hours_each = match unit.trim() {
        "m" | "min" | "minutes" => {
            return Some(SignedDuration::from_mins(number.parse::<u32>().ok()?.into()));
        }
        "h" | "hour" | "hours" => 1,
        "d" | "day" | "days" => 24,
        "w" | "week" | "weeks" => 24 * 7,
        _ => return None,
    };
    Some(SignedDuration::from_hours(i64::from(number.parse::<u32>().ok()?) * hours_each))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text means at noon of 23 November 2026 in Berlin, an hour ahead of UTC.
    fn at_noon(text: &str) -> String {
        let now: ZonedDateTime = "2026-11-23T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        match text.parse::<Since>() {
            Ok(since) => since.resolve(&now).to_string(),
            Err(problem) => problem,
        }
    }

    #[test]
    fn what_a_person_may_write() {
        for (text, moment) in [
            ("90m", "2026-11-23T09:30:00Z"),
            ("2h", "2026-11-23T09:00:00Z"),
            ("3d", "2026-11-20T11:00:00Z"),
            ("1 week", "2026-11-16T11:00:00Z"),
            ("2w", "2026-11-09T11:00:00Z"),
            ("today", "2026-11-22T23:00:00Z"),
            ("Yesterday", "2026-11-21T23:00:00Z"),
            ("2026-11-01", "2026-10-31T23:00:00Z"),
            ("2026-11-01T09:30", "2026-11-01T08:30:00Z"),
            ("2026-11-01 09:30", "2026-11-01T08:30:00Z"),
            ("2026-11-01T09:30:00Z", "2026-11-01T09:30:00Z"),
            ("4000000000w", "-009999-01-02T01:59:59Z"),
        ] {
            assert_eq!(at_noon(text), moment, "{text}");
        }
    }

    #[test]
    fn what_means_nothing_is_answered_with_what_does() {
        for text in ["", "soon", "2", "-2h", "2x", "99999999999999999999h", "2026-13-01", "é2h"] {
            assert!(at_noon(text).starts_with("write "), "{text}");
        }
    }
}
