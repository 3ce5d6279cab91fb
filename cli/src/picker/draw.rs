//! How the picker looks.

use jiff::ZonedDateTime;
use orchestra_model::{LiveStatus, Session};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::Paragraph as Words,
};

use super::{
    preview::{Paragraph, Voice},
    state::State,
};
use crate::output::{style::state_of, text, time, wrap};

/// From this width on the preview stands beside the list, else below it.
const SIDE_BY_SIDE: u16 = 100;
/// From this height on there is room for a preview below the list.
const TALL_ENOUGH: u16 = 14;
const KEYS: &str = "Enter continue · Ctrl-F in a copy · ↑↓ move · Esc leave";

const SOFT: Style = Style::new().add_modifier(Modifier::DIM);
const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);

/// Draws the filter, the list, the preview and the keys.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    state: &State,
    preview: Option<&[Paragraph]>,
    now: &ZonedDateTime,
    colour: bool,
) {
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)])
            .areas(frame.area());
    draw_filter(frame, top, state);
    let (list, beside) = split(middle, state.counts().0);
    draw_list(frame, list, state, now, colour);
    if let Some(beside) = beside {
        draw_preview(frame, beside, state, preview);
    }
    let last = match state.notice() {
        Some(notice) => Span::styled(notice.to_owned(), STRONG),
        None => Span::styled(KEYS, SOFT),
    };
    frame.render_widget(Words::new(last), bottom);
}

/// Where the list is, and where the preview, if there is room for one.
fn split(area: Rect, matches: usize) -> (Rect, Option<Rect>) {
    if area.width >= SIDE_BY_SIDE {
        let [list, _, preview] =
            Layout::horizontal([Constraint::Percentage(52), Constraint::Length(2), Constraint::Fill(1)])
                .areas(area);
        (list, Some(preview))
    } else if area.height >= TALL_ENOUGH {
        let rows = u16::try_from(matches).unwrap_or(u16::MAX).clamp(3, area.height / 2);
        let [list, _, preview] =
            Layout::vertical([Constraint::Length(rows), Constraint::Length(1), Constraint::Fill(1)])
                .areas(area);
        (list, Some(preview))
    } else {
        (area, None)
    }
}

fn draw_filter(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (matches, all) = state.counts();
    let count = match (state.is_complete(), all) {
        (true, 0) => "no session found ".to_owned(),
        (true, _) => format!("{matches} of {all}"),
        (false, _) => format!("{matches} of {all} so far"),
    };
    let room = usize::from(area.width).saturating_sub(text::width(&count) + 4);
    let shown = text::cut_front(state.query(), room).into_owned();
    let query_width = text::width(&shown);
    let mut spans = vec![Span::styled("› ", STRONG)];
    if shown.is_empty() {
        spans.push(Span::styled(text::cut_middle("type to filter", room).into_owned(), SOFT));
    } else {
        spans.push(Span::raw(shown));
    }
    frame.render_widget(Words::new(Line::from(spans)), area);
    frame.render_widget(Words::new(Span::styled(count, SOFT)).right_aligned(), area);
    let column = area.x.saturating_add(2).saturating_add(u16::try_from(query_width).unwrap_or(u16::MAX));
    frame.set_cursor_position(Position::new(column.min(area.right().saturating_sub(1)), area.y));
}

fn draw_list(frame: &mut Frame<'_>, area: Rect, state: &State, now: &ZonedDateTime, colour: bool) {
    let (rows, selected) = state.window(usize::from(area.height));
    let columns = usize::from(area.width);
    let project_width =
        rows.iter().map(|session| text::width(&session.project)).max().unwrap_or(0).min(columns / 5);
    let lines: Vec<Line<'_>> = rows
        .into_iter()
        .enumerate()
        .map(|(at, session)| row(session, at == selected, columns, project_width, now, colour))
        .collect();
    frame.render_widget(Words::new(lines), area);
}

fn row(
    session: &Session,
    selected: bool,
    columns: usize,
    project_width: usize,
    now: &ZonedDateTime,
    colour: bool,
) -> Line<'static> {
    const WHEN: usize = 10;
    let when = time::standing_alone(session.last_active_at, now);
    let project = text::one_line(&session.project);
    let project = text::cut_middle(&project, project_width).into_owned();
    let (state, _) = state_of(session);
    let state_width = if state.is_empty() { 0 } else { text::width(&state) + 2 };
    let room = columns.saturating_sub(2 + WHEN + 1 + project_width + 2 + state_width);
    let title = text::one_line(&session.title);
    let title = text::cut_middle(&title, room).into_owned();
    let gap = " ".repeat(room.saturating_sub(text::width(&title)) + 2);
    let spans = vec![
        Span::raw(if selected { "▸ " } else { "  " }),
        Span::styled(format!("{when}{} ", text::padding(&when, WHEN)), SOFT),
        Span::styled(format!("{project}{}  ", text::padding(&project, project_width)), Style::new()),
        Span::styled(title, if selected { STRONG } else { Style::new() }),
        Span::raw(if state.is_empty() { String::new() } else { gap }),
        Span::styled(state, state_style(session, colour)),
    ];
    let line = Line::from(spans);
    if selected { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
}

fn state_style(session: &Session, colour: bool) -> Style {
    match session.status {
        Some(LiveStatus::Busy) if colour => Style::new().fg(Color::Cyan),
        Some(LiveStatus::Waiting) if colour => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
        Some(LiveStatus::Busy | LiveStatus::Waiting) => STRONG,
        Some(LiveStatus::Idle | LiveStatus::Live) | None => SOFT,
    }
}

fn draw_preview(frame: &mut Frame<'_>, area: Rect, state: &State, preview: Option<&[Paragraph]>) {
    let Some(session) = state.selected() else { return };
    let columns = usize::from(area.width);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for paragraph in preview.unwrap_or_default() {
        let style = match paragraph.voice {
            Voice::Person => STRONG,
            Voice::Model => Style::new(),
            Voice::Machine => SOFT,
        };
        let one_line;
        let words = if paragraph.voice == Voice::Machine {
            one_line = text::one_line(&paragraph.text);
            vec![text::cut_middle(&one_line, columns).into_owned()]
        } else {
            wrap::wrapped(&paragraph.text, columns.saturating_sub(2))
        };
        for (at, line) in words.into_iter().enumerate() {
            let mark = match (paragraph.voice, at) {
                (Voice::Person, 0) => "› ",
                (Voice::Person | Voice::Model, _) => "  ",
                (Voice::Machine, _) => "",
            };
            lines.push(Line::styled(format!("{mark}{line}"), style));
        }
    }
    let head = session.cwd.as_deref().map(text::one_line).unwrap_or_default();
    let branch = session.branch.as_deref().map(text::one_line).unwrap_or_default();
    let head = if branch.is_empty() { head } else { format!("{head} · {branch}") };
    let head = Line::styled(text::cut_front(&head, columns).into_owned(), SOFT);
    let room = usize::from(area.height).saturating_sub(1);
    let last = lines.split_off(lines.len().saturating_sub(room));
    frame.render_widget(Words::new(std::iter::once(head).chain(last).collect::<Vec<_>>()), area);
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;
    use crate::output::session_table::made_up;

    fn picture(width: u16, height: u16, query: &str) -> String {
        let mut sessions: Vec<Session> =
            ["Rename Cart to Basket everywhere", "Fix login", "修复登录页面的错误"]
                .iter()
                .zip(["1111", "2222", "3333"])
                .map(|(title, id)| made_up::session(id, title))
                .collect();
        sessions[1].status = Some(LiveStatus::Waiting);
        sessions[2].project = "a-project-with-a-long-name".to_owned();
        let mut state = State::new(query);
        state.set_sessions(sessions, true);
        let preview = [
            Paragraph {
                voice: Voice::Person,
                text: "Rename Cart to Basket, tests included, please".to_owned(),
            },
            Paragraph { voice: Voice::Machine, text: "▸ Bash: cargo test --workspace".to_owned() },
            Paragraph { voice: Voice::Model, text: "Done. All 42 tests pass.\n\nShall I commit?".to_owned() },
        ];
        let now = "2026-11-23T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, &state, Some(&preview), &now, true)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn on_an_ordinary_terminal() {
        insta::assert_snapshot!(picture(80, 23, ""));
    }

    #[test]
    fn on_a_wide_terminal() {
        insta::assert_snapshot!(picture(140, 12, "rename"));
    }

    #[test]
    fn no_size_makes_it_fail() {
        for width in (1..60).chain([79, 99, 100, 101, 300]) {
            for height in [1, 2, 3, 5, 16, 17, 60] {
                picture(width, height, "e");
            }
        }
    }
}
