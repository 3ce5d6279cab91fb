//! `orchestra show`: one session, to read or to keep.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use orchestra_core::{
    export::{ExportFormat, export},
    transcript::{Transcript, TranscriptError},
};
use orchestra_model::Session;

use super::{Context, lookup};
use crate::{
    cli::{Format, ShowArguments},
    error::{Failure, Kind},
    output::{Out, wrap::Wrapping},
};

/// Writes the session that was asked for.
pub(super) fn run(context: &Context, arguments: &ShowArguments) -> Result<(), Failure> {
    let format = format(arguments)?;
    let session = lookup::session(context, &context.catalog(), &arguments.session)?;
    let Some(path) = &session.path else { return Err(cleaned_up(&session)) };
    let transcript = Transcript::open(Path::new(path)).map_err(unreadable)?;
    match &arguments.output {
        Some(file) if file.as_os_str() != "-" => {
            write_new_file(&session, &transcript, format, file)?;
            context.words.say(&format!("Wrote {}.", file.display()));
        }
        _ => {
            let mut out = Out::standard(&context.surroundings);
            if out.terminal && format == ExportFormat::Text {
                let columns = out.width;
                let mut wrapping = Wrapping::new(&mut out, columns);
                write(&session, &transcript, format, &mut wrapping)?;
                wrapping.finish()?;
            } else {
                write(&session, &transcript, format, &mut out)?;
            }
            out.finish()?;
        }
    }
    let damaged = transcript.info().damaged_lines;
    if damaged > 0 {
        context.words.warn(&format!(
            "{damaged} damaged {} in the transcript could not be read",
            if damaged == 1 { "line" } else { "lines" }
        ));
    }
    Ok(())
}

/// The format that was asked for, or else the one that the file's name says.
fn format(arguments: &ShowArguments) -> Result<ExportFormat, Failure> {
    let ending = arguments.output.as_deref().and_then(Path::extension).and_then(OsStr::to_str);
    let format = match (arguments.json, arguments.format, ending) {
        (true, ..) => Format::Json,
        (false, Some(format), _) => format,
        (false, None, None) => Format::Text,
        (false, None, Some(ending)) => <Format as clap::ValueEnum>::from_str(ending, true).map_err(|_| {
            Failure::usage(format!("there is no format for a file named .{ending}"))
                .hint("name it .txt, .md, .json or .html, or say which with --format")
        })?,
    };
    Ok(match format {
        Format::Text => ExportFormat::Text,
        Format::Markdown => ExportFormat::Markdown,
        Format::Json => ExportFormat::Json,
        Format::Html => ExportFormat::Html,
    })
}

/// The document; what could be read of it is written before a failure to read on is told.
fn write(
    session: &Session,
    transcript: &Transcript,
    format: ExportFormat,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut stopped = None;
    let turns = transcript.turns().map_while(|turn| turn.map_err(|error| stopped = Some(error)).ok());
    export(session, turns, format, out)?;
    match stopped {
        Some(error) => Err(unreadable(error)),
        None => Ok(()),
    }
}

/// Writes a file that was not there: what is there may be somebody's only copy, or the transcript itself.
fn write_new_file(
    session: &Session,
    transcript: &Transcript,
    format: ExportFormat,
    file: &Path,
) -> Result<(), Failure> {
    let failed = |error: &io::Error| {
        Failure::new(format!("{} cannot be written: {error}", file.display()))
            .hint("choose a folder that is there, has room, and that you may write in")
    };
    let mut writer = match File::create_new(file) {
        Ok(created) => BufWriter::new(created),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Failure::new(format!("{} is already there", file.display()))
                .hint("choose another name, or remove it first: nothing is overwritten"));
        }
        Err(error) => return Err(failed(&error)),
    };
    let written = write(session, transcript, format, &mut writer)
        .and_then(|()| writer.flush().map_err(|error| failed(&error)));
    if let Err(failure) = written {
        // Half a document would pass for a whole one.
        let removed = fs::remove_file(file);
        drop(removed);
        return Err(match failure.kind {
            Kind::ReaderLeft => failed(&io::ErrorKind::BrokenPipe.into()),
            _ => failure,
        });
    }
    Ok(())
}

fn cleaned_up(session: &Session) -> Failure {
    Failure::new(format!(
        "Claude Code has deleted the transcript of {}: only its prompts are remembered",
        session.id
    ))
    .hint("a larger \"cleanupPeriodDays\" in Claude Code's settings.json keeps the next ones longer")
}

fn unreadable(error: TranscriptError) -> Failure {
    let source = std::error::Error::source(&error).map(|source| format!(" ({source})")).unwrap_or_default();
    Failure::new(format!("{error}{source}"))
}
