//! Lists of sessions and projects as their pages show them.

use jiff::Timestamp;
use orchestra_model::{Listing, LiveStatus, SessionFilter};

use super::AppContext;
use crate::{
    data::{
        ListQuery, SessionRow, SessionsView, Since, Strip,
        listing::{ProjectsView, projects},
        strip::{self, Voice},
    },
    error::{AppError, AppErrorKind},
    text,
};

/// Without a choice the list goes back as far as it must to show so many.
const ENOUGH: usize = 12;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The sessions page, or a project's page when the query names a folder.
///
/// # Errors
/// When the query's folder is not an absolute path.
pub fn sessions(context: &AppContext, query: &ListQuery) -> Result<SessionsView, AppError> {
    if query.dir.as_deref().is_some_and(|dir| !dir.starts_with('/') && !dir.contains(":\\")) {
        return Err(AppError::new(
            AppErrorKind::BadRequest,
            "A project is named by its whole path.",
            "Choose it in the list of projects.",
        ));
    }
    let now = context.clock.now();
    let (since, listing) = list(context, query, now);
    let rows: Vec<SessionRow> = listing
        .sessions
        .iter()
        .map(|session| SessionRow::of_session(session, |ms| context.clock.day_of(ms)))
        .collect();
    let clock = context.clock.reading(now);
    let strip = draw_strip(&rows, since, clock.now_ms, clock.offset_seconds);
    let (mut rows, problems, mut left_out) = (rows, listing.problems, listing.left_out);
    if let Some((from, until)) = query.stretch() {
        rows.retain(|row| row.is_active_between(from, until));
    }
    let total = rows.len();
    rows.truncate(query.rows());
    left_out.beyond_limit = total - rows.len();
    let nothing_at_all = total == 0 && left_out.total() == 0;
    let looked_in = if nothing_at_all { looked_in(context) } else { Vec::new() };
    Ok(SessionsView { rows, total, since, strip, left_out, problems, clock, looked_in })
}

/// Every project on the machine that people's own sessions or agents were seen in.
pub fn all_projects(context: &AppContext) -> ProjectsView {
    let now = context.clock.now();
    let listing = context.catalog.list(&SessionFilter::default(), now);
    let rows: Vec<SessionRow> = listing
        .sessions
        .iter()
        .map(|session| SessionRow::of_session(session, |ms| context.clock.day_of(ms)))
        .collect();
    let looked_in = if rows.is_empty() { looked_in(context) } else { Vec::new() };
    ProjectsView { projects: projects(&rows), clock: context.clock.reading(now), looked_in }
}

fn looked_in(context: &AppContext) -> Vec<String> {
    context.catalog.roots().iter().map(|root| root.path.display().to_string()).collect()
}

fn list(context: &AppContext, query: &ListQuery, now: Timestamp) -> (Since, Listing) {
    let ask = |since: Since| {
        let back = since.hours().and_then(jiff::SignedDuration::try_from_hours);
        let filter = SessionFilter {
            since: back.and_then(|back| now.checked_sub(back).ok()),
            kinds: query.kinds(),
            project_dir: query.dir.clone(),
            query: query.q.clone(),
            limit: None,
        };
        (since, context.catalog.list(&filter, now))
    };
    if let Some(since) = query.since {
        return ask(since);
    }
    let mut answer = ask(if query.dir.is_some() { Since::All } else { Since::Day });
    while answer.1.sessions.len() < ENOUGH && answer.1.left_out.older > 0 {
        let Some(longer) = answer.0.longer() else { break };
        answer = ask(longer);
    }
    answer
}

/// Counts sessions into the stretches that suit how far back the list goes, on the marks of the local clock.
fn draw_strip(rows: &[SessionRow], since: Since, now_ms: i64, offset_seconds: i32) -> Strip {
    let offset = i64::from(offset_seconds) * 1000;
    let oldest = rows.iter().map(|row| row.active_ms).filter(|at| *at > 0).min().unwrap_or(now_ms);
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
    let voices = rows.iter().map(|row| Voice {
        started_ms: row.started_ms,
        active_ms: row.active_ms,
        running: row.status == Some(LiveStatus::Busy),
        waiting: row.status == Some(LiveStatus::Waiting),
    });
    let mut strip = strip::count(voices, end - step * count, step, usize::try_from(count).unwrap_or(24));
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
