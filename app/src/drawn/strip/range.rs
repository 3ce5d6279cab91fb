//! Which stretches of time a strip shows, and which of them are labelled. Pure.

use orchestra_model::{LiveStatus, Session};

use super::count::{self, Strip, Voice, stretches};
use crate::{data::Since, text};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Whether a session was active at some moment of a stretch of time.
pub(crate) fn is_active_between(session: &Session, from_ms: i64, until_ms: i64) -> bool {
    stretches(started_ms(session), active_ms(session))
        .into_iter()
        .flatten()
        .any(|(start, end)| start < until_ms && end >= from_ms)
}

fn started_ms(session: &Session) -> Option<i64> {
    session.started_at.map(|at| at.as_millisecond())
}

/// The last moment, or the first, or 0.
fn active_ms(session: &Session) -> i64 {
    session.last_active_at.or(session.started_at).map_or(0, |at| at.as_millisecond())
}

/// Counts sessions into the stretches that suit how far back the list goes, on the marks of the local clock.
pub(super) fn strip(sessions: &[Session], since: Since, now_ms: i64, offset_seconds: i32) -> Strip {
    let offset = i64::from(offset_seconds) * 1000;
    let oldest = sessions.iter().map(active_ms).filter(|at| *at > 0).min().unwrap_or(now_ms);
    let days_back = ((now_ms - oldest) / DAY + 1).max(1);
    let (step, count) = match since {
        Since::Day => (HOUR, 24),
        Since::Week => (6 * HOUR, 28),
        Since::Month => (DAY, 30),
        Since::All if days_back <= 7 => (6 * HOUR, 28),
        Since::All if days_back <= 42 => (DAY, days_back.max(14)),
        Since::All if days_back <= 42 * 7 => (7 * DAY, days_back / 7 + 1),
        Since::All => (28 * DAY, (days_back / 28 + 1).min(48)),
    };
    // The last stretch ends with the hour or the day that is now.
    let mark = if step == HOUR { HOUR } else { DAY };
    let end = (now_ms + offset).div_euclid(mark) * mark + mark - offset;
    let voices = sessions.iter().map(|session| Voice {
        started_ms: started_ms(session),
        active_ms: active_ms(session),
        running: session.status == Some(LiveStatus::Busy),
        waiting: session.status == Some(LiveStatus::Waiting),
    });
    let mut strip = count::count(voices, end - step * count, step, usize::try_from(count).unwrap_or(24));
    label(&mut strip, offset_seconds);
    strip
}

fn label(strip: &mut Strip, offset_seconds: i32) {
    let every = if strip.step_ms >= DAY { strip.bins.len().div_ceil(5).max(1) } else { 1 };
    let step_ms = strip.step_ms;
    let last = strip.bins.len();
    for (index, bin) in strip.bins.iter_mut().enumerate() {
        let hour = (bin.from_ms + i64::from(offset_seconds) * 1000).rem_euclid(DAY) / HOUR;
        let day = text::day_of(bin.from_ms, offset_seconds);
        bin.label = match step_ms {
            HOUR if hour % 6 == 0 => text::clock(bin.from_ms, offset_seconds),
            HOUR => String::new(),
            step if step < DAY && hour == 0 => text::day_name(day, day + 2).chars().take(3).collect(),
            step if step >= DAY && (last - 1 - index) % every == every / 2 => {
                text::stamp(bin.from_ms, offset_seconds).split(' ').take(2).collect::<Vec<_>>().join(" ")
            }
            _ => String::new(),
        };
    }
}
