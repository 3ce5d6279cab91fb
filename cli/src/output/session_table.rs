//! Sessions for a person, as a table by day, and for a pipe, as lines with tabs.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use anstyle::Style;
use jiff::ZonedDateTime;
use orchestra_core::sessions::shortest_prefixes;
use orchestra_model::Session;

use super::{
    Paint, families,
    layout::{self, Column, Widths},
    row::write_row,
    style, text, time,
};

/// One session's cells.
struct Row {
    cells: [String; Column::ALL.len()],
    state: Style,
}

/// Writes sessions under the headings of their days, newest first, each fork below its parent. Of each id it writes as
/// much as `prefixes` says.
pub(crate) fn write_table(
    sessions: &[Session],
    prefixes: &[usize],
    now: &ZonedDateTime,
    width: usize,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let days = by_day(sessions, prefixes, now);
    let rows = || days.iter().flat_map(|(_, rows)| rows);
    let mut natural: Widths = [0; Column::ALL.len()];
    for row in rows() {
        for (widest, cell) in natural.iter_mut().zip(&row.cells) {
            *widest = (*widest).max(text::width(cell));
        }
    }
    for column in Column::ALL {
        let widest = &mut natural[column as usize];
        if *widest > 0 {
            *widest = (*widest).max(text::width(column.name()));
        }
    }
    let widths = layout::fit(natural, width);
    let names = Column::ALL.map(|column| (Cow::Borrowed(column.name()), style::SOFT));
    write_row(&names, &widths, paint, out)?;
    for (index, (heading, rows)) in days.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", paint.on(style::STRONG, heading))?;
        for row in rows {
            let cells = Column::ALL.map(|column| {
                let cell = row.cells[column as usize].as_str();
                let columns = widths[column as usize];
                match column {
                    Column::Id => (Cow::Borrowed(cell), style::ACCENT),
                    Column::When | Column::Model => (text::cut_middle(cell, columns), style::SOFT),
                    Column::State => (Cow::Borrowed(cell), row.state),
                    Column::Project | Column::Title | Column::Branch => {
                        (text::cut_middle(cell, columns), Style::new())
                    }
                }
            });
            write_row(&cells, &widths, paint, out)?;
        }
    }
    Ok(())
}

fn by_day(sessions: &[Session], prefixes: &[usize], now: &ZonedDateTime) -> Vec<(String, Vec<Row>)> {
    let mut days = Vec::new();
    let mut rest = 0;
    for run in sessions
        .chunk_by(|one, next| time::day_of(one.last_active_at, now) == time::day_of(next.last_active_at, now))
    {
        let day = run.first().and_then(|session| time::day_of(session.last_active_at, now));
        let borrowed: Vec<&Session> = run.iter().collect();
        let rows = families::with_forks_below(&borrowed)
            .into_iter()
            .map(|place| {
                let prefix = prefixes.get(rest + place.index).copied().unwrap_or(usize::MAX);
                row(&run[place.index], place.depth, prefix, now)
            })
            .collect();
        days.push((time::heading(day, now), rows));
        rest += run.len();
    }
    days
}

fn row(session: &Session, depth: usize, prefix: usize, now: &ZonedDateTime) -> Row {
    let id = session.id.as_str();
    let title = text::one_line(&session.title);
    let (state, style) = style::state_of(session);
    Row {
        cells: [
            id.get(..prefix).unwrap_or(id).to_owned(),
            time::within_day(session.last_active_at, now),
            text::one_line(&session.project),
            match depth {
                0 => title,
                _ => format!("{}↳ {title}", "  ".repeat(depth - 1)),
            },
            session.branch.as_deref().map(text::one_line).unwrap_or_default(),
            session.model.as_deref().map(short_model).unwrap_or_default(),
            state,
        ],
        state: style,
    }
}

/// A model's name as people say it: without the maker's name and the date.
fn short_model(model: &str) -> String {
    let model = text::one_line(model);
    let name = model.strip_prefix("claude-").unwrap_or(&model);
    match name.rsplit_once('-') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) => {
            name.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// Writes a line for each session: its fields parted by tabs, nothing cut, empty where nothing is known.
pub(crate) fn write_lines(sessions: &[Session], out: &mut dyn Write) -> io::Result<()> {
    for session in sessions {
        let active = session.last_active_at.map(|at| at.to_string()).unwrap_or_default();
        writeln!(
            out,
            "{}\t{active}\t{}\t{}\t{}\t{}\t{}\t{}",
            session.id,
            session.status.map(orchestra_model::LiveStatus::name).unwrap_or_default(),
            session.kind.name(),
            text::one_line(&session.project),
            session.branch.as_deref().map(text::one_line).unwrap_or_default(),
            session.model.as_deref().map(text::one_line).unwrap_or_default(),
            text::one_line(&session.title),
        )?;
    }
    Ok(())
}

/// Sessions to choose from inside a message: at most ten, one a line, with ids as long as needed.
pub(crate) fn candidates(sessions: &[Session], now: &ZonedDateTime, width: usize) -> String {
    const SHOWN: usize = 10;
    let prefixes = shortest_prefixes(sessions);
    let mut lines = String::new();
    for (session, prefix) in sessions.iter().zip(prefixes).take(SHOWN) {
        let id = session.id.as_str();
        let id = id.get(..prefix.max(8)).unwrap_or(id);
        let when = time::standing_alone(session.last_active_at, now);
        let project = text::one_line(&session.project);
        let project = text::cut_middle(&project, 16);
        let title = text::one_line(&session.title);
        let room = width.saturating_sub(2 + id.len() + 2 + 10 + 2 + text::width(&project) + 2).max(16);
        let gap = text::padding(&when, 10);
        lines.push_str(&format!("\n  {id}  {when}{gap}  {project}  {}", text::cut_middle(&title, room)));
    }
    if sessions.len() > SHOWN {
        lines.push_str(&format!("\n  … and {} more", sessions.len() - SHOWN));
    }
    lines
}

#[cfg(test)]
pub(crate) mod made_up {
    //! Sessions that never were, for tests of how lists look.

    use orchestra_model::{Forked, Provider, Session, SessionId, SessionKind, TitleSource};

    /// A session with an id made of a name.
    pub(crate) fn session(id: &str, title: &str) -> Session {
        Session {
            id: id.parse().unwrap(),
            provider: Provider::Claude,
            title: title.to_owned(),
            title_source: TitleSource::Ai,
            cwd: Some("/home/ada/shop".to_owned()),
            project: "shop".to_owned(),
            project_dir: Some("/home/ada/shop".to_owned()),
            branch: Some("main".to_owned()),
            model: Some("claude-opus-5-20260801".to_owned()),
            kind: SessionKind::Human,
            status: None,
            live: None,
            started_at: None,
            last_active_at: Some("2026-11-23T10:00:00Z".parse().unwrap()),
            path: Some(format!("/home/ada/.claude/projects/-home-ada-shop/{id}.jsonl")),
            size_bytes: 1000,
            resume_command: format!("cd /home/ada/shop && claude --resume {id}"),
            root: "/home/ada/.claude".to_owned(),
            lineage: None,
            forked_from: None,
            subagents: 0,
            expires_in_days: Some(30),
            last_prompt: None,
            agent: None,
            damaged_lines: 0,
        }
    }

    /// Says that a session was forked from another.
    pub(crate) fn forked_from(parent: &str) -> Forked {
        let session_id: SessionId = parent.parse().unwrap();
        Forked { session_id, message_uuid: None }
    }
}

#[cfg(test)]
mod tests;
