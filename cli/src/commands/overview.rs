//! `orchestra` alone: what was worked on lately and what can be done with it, on one small screen.

use std::{borrow::Cow, io::Write};

use orchestra_core::sessions::Catalog;
use orchestra_model::{Listing, SessionFilter};

use super::{Context, sessions};
use crate::{
    cli::{EXAMPLE_ID, FIRST_STEPS, READ_ONLY, Since},
    error::Failure,
    output::{Out, session_table, style},
};

/// How many sessions are shown: with the way in below them, a terminal of 24 lines is not full.
const SHOWN: usize = 5;

/// Prints the overview.
pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let catalog = context.catalog();
    let since = Since::hours_ago(sessions::DEFAULT_HOURS).resolve(&context.now);
    let filter = SessionFilter { since: Some(since), limit: Some(SHOWN), ..SessionFilter::default() };
    let listing = context.list(&catalog, &filter);
    let mut out = Out::standard(&context.surroundings);
    let paint = out.paint;
    writeln!(out, "{}\n", paint.on(style::STRONG, "Finds every Claude Code session on this machine."))?;
    let latest = write_latest(context, &catalog, &listing, &mut out)?;
    for (command, does) in FIRST_STEPS {
        let command = match &latest {
            Some(id) => Cow::Owned(command.replace(EXAMPLE_ID, id)),
            None => Cow::Borrowed(command),
        };
        writeln!(out, "  {}  {does}", paint.on(style::ACCENT, format_args!("{command:<31}")))?;
    }
    writeln!(out, "\n{}", paint.on(style::SOFT, READ_ONLY))?;
    out.finish()?;
    if let Some(problems) = sessions::problems_in_words(&listing.problems) {
        context.words.warn(&problems);
    } else if listing.sessions.is_empty() && listing.left_out.total() == 0 {
        super::say_there_is_none(context);
    }
    Ok(())
}

/// The newest sessions, and the short id of the newest, to try things with.
fn write_latest(
    context: &Context,
    catalog: &Catalog,
    listing: &Listing,
    out: &mut Out,
) -> Result<Option<String>, Failure> {
    let (width, paint) = (out.width, out.paint);
    let Some(newest) = listing.sessions.first() else {
        if listing.left_out.total() > 0 {
            writeln!(
                out,
                "None in the last {} hours; orchestra sessions --all --kind any has the others.\n",
                sessions::DEFAULT_HOURS
            )?;
        }
        return Ok(None);
    };
    let prefixes = catalog.shortest_prefixes(&listing.sessions);
    session_table::write_table(&listing.sessions, &prefixes, &context.now, width, paint, out)?;
    let more = listing.left_out.beyond_limit;
    if more > 0 {
        let more = format!("and {more} more in the last {} hours", sessions::DEFAULT_HOURS);
        writeln!(out, "{}", paint.on(style::SOFT, more))?;
    }
    writeln!(out)?;
    let id = newest.id.as_str();
    Ok(prefixes.first().map(|prefix| id.get(..*prefix).unwrap_or(id).to_owned()))
}
