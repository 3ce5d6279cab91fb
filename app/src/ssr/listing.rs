//! Lists of sessions and projects as their pages show them.

use jiff::Timestamp;
use orchestra_model::{Listing, SessionFilter};

use super::AppContext;
use crate::{
    data::{ListQuery, SessionRow, SessionsView, Since},
    drawn,
    error::{AppError, AppErrorKind},
};

/// Without a choice the list goes back as far as it must to show so many.
const ENOUGH: usize = 12;

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
    let clock = context.clock.reading(now);
    let (since, Listing { mut sessions, mut left_out, problems }) = list(context, query, now);
    let strip = drawn::strip::draw(query, &sessions, since, clock);
    let above =
        query.dir.as_deref().map(|_| drawn::projects::branches(&sessions)).unwrap_or_default() + &strip;
    if let Some((from, until)) = query.stretch() {
        sessions.retain(|session| drawn::strip::is_active_between(session, from, until));
    }
    let total = sessions.len();
    sessions.truncate(query.rows());
    left_out.beyond_limit = total - sessions.len();
    let nothing = if total == 0 && left_out.total() == 0 {
        drawn::empty::nothing_anywhere(&looked_in(context))
    } else {
        drawn::empty::nothing_here(query, since, left_out.older)
    };
    Ok(SessionsView {
        rows: sessions
            .iter()
            .map(|session| SessionRow::of_session(session, |ms| context.clock.day_of(ms)))
            .collect(),
        beyond: left_out.beyond_limit,
        above,
        nothing,
        below: drawn::left_out::draw(query, since, left_out, &problems),
        clock,
    })
}

/// Every project on the machine that people's own sessions or agents were seen in, drawn.
pub fn all_projects(context: &AppContext) -> String {
    let now = context.clock.now();
    let listing = context.catalog.list(&SessionFilter::default(), now);
    if listing.sessions.is_empty() {
        return drawn::empty::nothing_anywhere(&looked_in(context));
    }
    drawn::projects::draw(&listing.sessions, context.clock.reading(now))
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
