//! `orchestra sessions`: what there is, newest first.

use std::{
    io::Write,
    path::{Component, Path, PathBuf},
};

use orchestra_model::{KindFilter, LeftOut, Listing, Problem, SessionFilter};

use super::Context;
use crate::{
    cli::{SessionsArguments, Since},
    error::Failure,
    output::{Out, session_table, text},
};

/// How far back the list goes when nobody says.
pub(super) const DEFAULT_HOURS: u32 = 24;

/// Lists the sessions that were asked for.
pub(super) fn run(context: &Context, arguments: &SessionsArguments) -> Result<(), Failure> {
    let filter = filter(context, arguments)?;
    let catalog = context.catalog();
    let listing = context.list(&catalog, &filter);
    let mut out = Out::standard(&context.surroundings);
    if arguments.json {
        write_json(&listing, &mut out)?;
    } else if !listing.sessions.is_empty() {
        if out.terminal {
            let prefixes = catalog.shortest_prefixes(&listing.sessions);
            let (width, paint) = (out.width, out.paint);
            session_table::write_table(&listing.sessions, &prefixes, &context.now, width, paint, &mut out)?;
            if !listing.problems.is_empty() || listing.left_out.total() > 0 {
                writeln!(out)?;
            }
        } else {
            session_table::write_lines(&listing.sessions, &mut out)?;
        }
    }
    out.finish()?;
    let problems = problems_in_words(&listing.problems);
    if let Some(problems) = &problems
        && listing.sessions.is_empty()
        && listing.left_out.total() == 0
    {
        return Err(Failure::new(format!("nothing could be listed: {problems}")));
    }
    if !arguments.json {
        if let Some(problems) = problems {
            context.words.warn(&problems);
        }
        say_the_rest(context, arguments, &listing);
    }
    Ok(())
}

/// One object; over several lines for a person.
fn write_json(listing: &Listing, out: &mut Out) -> Result<(), Failure> {
    if out.terminal {
        serde_json::to_writer_pretty(&mut *out, listing)?;
    } else {
        serde_json::to_writer(&mut *out, listing)?;
    }
    writeln!(out)?;
    Ok(())
}

fn filter(context: &Context, arguments: &SessionsArguments) -> Result<SessionFilter, Failure> {
    let now = context.now.timestamp();
    let since = match (&arguments.since, arguments.all) {
        (_, true) => None,
        (Some(since), false) => Some(since.resolve(&context.now)),
        (None, false) => {
            let hours = arguments.hours.unwrap_or(DEFAULT_HOURS);
            Some(Since::hours_ago(hours).resolve(&context.now))
        }
    };
    if since.is_some_and(|since| since > now) {
        return Err(
            Failure::usage("--since is a moment in the future").hint("write 2h, 3d or a date that was")
        );
    }
    let query = arguments.query.join(" ");
    Ok(SessionFilter {
        since,
        kinds: arguments.kind.unwrap_or_default(),
        project_dir: arguments.project.as_deref().map(project_folder).transpose()?,
        query: (!query.trim().is_empty()).then_some(query),
        limit: arguments.limit.map(|limit| limit as usize),
    })
}

/// The folder as transcripts name it: absolute, links resolved. One that is gone may still have sessions.
fn project_folder(folder: &Path) -> Result<String, Failure> {
    let absolute = match folder.canonicalize() {
        Ok(real) => real,
        Err(_) => lexically_absolute(folder)
            .map_err(|error| Failure::usage(format!("--project {}: {error}", folder.display())))?,
    };
    absolute.into_os_string().into_string().map_err(|name| {
        Failure::usage(format!("--project {}: the name is not UTF-8", Path::new(&name).display()))
    })
}

fn lexically_absolute(folder: &Path) -> std::io::Result<PathBuf> {
    let mut path = PathBuf::new();
    for component in std::path::absolute(folder)?.components() {
        if component == Component::ParentDir {
            path.pop();
        } else {
            path.push(component);
        }
    }
    Ok(path)
}

/// After the list: what is not shown, and how to see it.
fn say_the_rest(context: &Context, arguments: &SessionsArguments, listing: &Listing) {
    let left_out = left_out_sentence(&listing.left_out, arguments);
    if !listing.sessions.is_empty() {
        if let Some(sentence) = left_out {
            context.words.murmur(&sentence);
        }
        return;
    }
    let Some(left_out) = left_out else { return super::say_there_is_none(context) };
    let places = super::roots_in_words(context);
    context.words.say(&format!("No session{} (looked in {places}).", asked_in_words(arguments)));
    context.words.say(&left_out);
    if let Some(project) = arguments.project.as_deref().filter(|project| !project.exists()) {
        context.words.say(&format!(
            "There is no folder {} here: --project takes a path, such as . or ~/work/shop.",
            project.display()
        ));
    }
}

/// What could not be read; `None` when everything could.
pub(super) fn problems_in_words(problems: &[Problem]) -> Option<String> {
    let (first, more) = problems.split_first()?;
    let one = &first.message;
    Some(match more.len() {
        0 => one.clone(),
        more => format!(
            "{one} (and {}; --json lists them all)",
            text::count(more, "more problem", "more problems")
        ),
    })
}

/// What was asked for, to follow "No session".
fn asked_in_words(arguments: &SessionsArguments) -> String {
    let mut words = String::new();
    let mut add = |clause: String| {
        words.push(' ');
        words.push_str(&clause);
    };
    if let Some(KindFilter::Only(kind)) = arguments.kind {
        add(format!("of kind {}", kind.name()));
    }
    if !arguments.query.is_empty() {
        add(format!("with \"{}\" in it", arguments.query.join(" ")));
    }
    if let Some(project) = &arguments.project {
        add(format!("in {}", project.display()));
    }
    if let Some(since) = &arguments.since {
        add(since.in_words());
    } else if !arguments.all {
        let hours = arguments.hours.unwrap_or(DEFAULT_HOURS);
        add(format!("in the last {}", text::count(hours as usize, "hour", "hours")));
    }
    words
}

/// What the list leaves out, and how to see it; `None` when that is nothing.
fn left_out_sentence(left_out: &LeftOut, arguments: &SessionsArguments) -> Option<String> {
    let parts: Vec<String> = [
        (left_out.beyond_limit, "more".to_owned(), "without --limit"),
        (left_out.older, "older".to_owned(), "--all"),
        (left_out.other_kinds, "of other kinds".to_owned(), "--kind any"),
        (left_out.other_projects, "in other projects".to_owned(), ""),
        (left_out.no_match, format!("without \"{}\"", arguments.query.join(" ")), ""),
    ]
    .into_iter()
    .filter(|(number, _, _)| *number > 0)
    .map(
        |(number, what, how)| {
            if how.is_empty() { format!("{number} {what}") } else { format!("{number} {what} ({how})") }
        },
    )
    .collect();
    (!parts.is_empty()).then(|| format!("Not shown: {}.", parts.join(", ")))
}
