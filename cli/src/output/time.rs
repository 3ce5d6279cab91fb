//! When something was, as a list says it: the day as a heading, the time beside the row.

use jiff::{Timestamp, ZonedDateTime, civil::Date};

/// The day of a moment, on the reader's calendar.
pub(crate) fn day_of(at: Option<Timestamp>, now: &ZonedDateTime) -> Option<Date> {
    at.map(|at| at.to_zoned_datetime(now.time_zone().clone()).date())
}

/// A day as a heading.
pub(crate) fn heading(day: Option<Date>, now: &ZonedDateTime) -> String {
    let Some(day) = day else { return "No date".to_owned() };
    let today = now.date();
    if day == today {
        "Today".to_owned()
    } else if today.yesterday().is_ok_and(|yesterday| day == yesterday) {
        "Yesterday".to_owned()
    } else if day.year() == today.year() {
        day.strftime("%A %-d %B").to_string()
    } else {
        day.strftime("%A %-d %B %Y").to_string()
    }
}

/// A moment under the heading of its day: how long ago when that is today, else the time of day.
pub(crate) fn within_day(at: Option<Timestamp>, now: &ZonedDateTime) -> String {
    let Some(at) = at else { return "–".to_owned() };
    let zoned = at.to_zoned_datetime(now.time_zone().clone());
    if zoned.date() != now.date() {
        return zoned.strftime("%H:%M").to_string();
    }
    match now.timestamp().as_second().saturating_sub(at.as_second()) {
        ..60 => "now".to_owned(),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// A moment without a heading: how long ago today, else the date.
pub(crate) fn standing_alone(at: Option<Timestamp>, now: &ZonedDateTime) -> String {
    let Some(at) = at else { return "–".to_owned() };
    let date = at.to_zoned_datetime(now.time_zone().clone()).date();
    if date == now.date() {
        within_day(Some(at), now)
    } else if date.year() == now.year() {
        date.strftime("%-d %b").to_string()
    } else {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> ZonedDateTime {
        "2026-11-23T12:00:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    fn said(at: &str) -> [String; 3] {
        let at = Some(at.parse().unwrap());
        [heading(day_of(at, &now()), &now()), within_day(at, &now()), standing_alone(at, &now())]
    }

    #[test]
    fn moments_in_words() {
        assert_eq!(said("2026-11-23T10:59:30Z"), ["Today", "now", "now"]);
        assert_eq!(said("2026-11-23T10:18:00Z"), ["Today", "42 min", "42 min"]);
        assert_eq!(said("2026-11-23T07:00:00Z"), ["Today", "4 h", "4 h"]);
        assert_eq!(said("2026-11-22T23:30:00Z"), ["Today", "11 h", "11 h"], "midnight is the reader's");
        assert_eq!(said("2026-11-22T22:30:00Z"), ["Yesterday", "23:30", "22 Nov"]);
        assert_eq!(said("2026-11-20T10:00:00Z"), ["Friday 20 November", "11:00", "20 Nov"]);
        assert_eq!(said("2025-11-20T10:00:00Z"), ["Thursday 20 November 2025", "11:00", "2025-11-20"]);
    }

    #[test]
    fn a_clock_that_ran_ahead() {
        assert_eq!(said("2026-11-23T11:30:00Z"), ["Today", "now", "now"]);
        assert_eq!(said("2031-01-01T00:00:00Z"), ["Wednesday 1 January 2031", "01:00", "2031-01-01"]);
    }

    #[test]
    fn no_moment_at_all() {
        assert_eq!(heading(None, &now()), "No date");
        assert_eq!(within_day(None, &now()), "–");
    }
}
