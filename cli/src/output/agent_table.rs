//! Agents for a person, as a table with who needs them first, and for a pipe, as lines with tabs.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use anstyle::Style;
use jiff::{Timestamp, ZonedDateTime};
use orchestra_model::{Agent, AgentState, AttentionKind};

use super::{
    Paint,
    row::{GAP, write_row},
    style, text,
};

/// What agents are grouped by, in the order a person looks for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    NeedsYou,
    AtWork,
    InLine,
    Finished,
}

impl Group {
    const ALL: [Self; 4] = [Self::NeedsYou, Self::AtWork, Self::InLine, Self::Finished];

    const fn name(self) -> &'static str {
        match self {
            Self::NeedsYou => "Needs you",
            Self::AtWork => "At work",
            Self::InLine => "In line",
            Self::Finished => "Finished",
        }
    }

    fn of(agent: &Agent) -> Self {
        match (&agent.attention, agent.state) {
            (_, AgentState::Parked) => Self::InLine,
            (Some(attention), _) if attention.kind != AttentionKind::Done => Self::NeedsYou,
            (_, AgentState::Queued) => Self::InLine,
            (_, AgentState::Starting | AgentState::Running | AgentState::Waiting) => Self::AtWork,
            _ => Self::Finished,
        }
    }
}

/// An agent's state as every list shows it: a shape and a word.
pub(crate) fn state_of(agent: &Agent) -> (String, Style) {
    if agent.is_cleaned {
        return ("– in the trash".to_owned(), style::SOFT);
    }
    if agent.did_not_pass() {
        // The word that its run has for it.
        return ("✗ failed".to_owned(), style::FAILED);
    }
    let (shape, style) = match agent.state {
        AgentState::Queued => ("·", style::SOFT),
        AgentState::Starting | AgentState::Running => ("●", style::RUNNING),
        AgentState::Waiting => ("◆", style::WAITING),
        AgentState::Parked => ("‖", style::SOFT),
        AgentState::Idle => ("○", style::SOFT),
        AgentState::Done => ("✓", style::DONE),
        AgentState::Failed | AgentState::Lost => ("✗", style::FAILED),
        AgentState::Stopped => ("■", style::SOFT),
    };
    (format!("{shape} {}", agent.state.name()), style)
}

/// One line on what an agent does, wants or has to say.
pub(crate) fn words_of(agent: &Agent, now: Timestamp) -> String {
    let limited = |attention: &orchestra_model::Attention| match attention.until {
        Some(until) => {
            let clock = until.strftime("%H:%M UTC");
            format!("{}, until {clock} (in {})", attention.summary, ago(now, until))
        }
        None => attention.summary.clone(),
    };
    let words = match (&agent.attention, &agent.doing, &agent.failure) {
        (Some(attention), _, _) => limited(attention),
        (None, _, Some(failure)) => failure.clone(),
        (None, Some(doing), None) => doing.clone(),
        (None, None, None) => agent.waits.clone().unwrap_or_else(|| agent.task.clone()),
    };
    text::one_line(&words)
}

/// When that began.
fn since(agent: &Agent) -> Timestamp {
    match (&agent.attention, agent.state) {
        (Some(attention), _) => attention.since,
        (None, AgentState::Starting | AgentState::Running | AgentState::Queued) => agent.created_at,
        _ => agent.updated_at,
    }
}

/// How long ago something was, in the shortest form.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.as_second().saturating_sub(at.as_second()) {
        seconds @ ..60 => format!("{} s", seconds.max(0)),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

/// An amount as people write it; empty when it is not known.
pub(crate) fn cost(usd: Option<f64>) -> String {
    usd.map(|usd| format!("${usd:.2}")).unwrap_or_default()
}

/// The place of the name among the columns.
const NAME: usize = 0;

/// The agents in the order of their groups; those who wait longest first, then the newest first.
fn in_order(agents: &[Agent]) -> Vec<(Group, &Agent)> {
    let mut rows: Vec<(Group, &Agent)> = agents.iter().map(|agent| (Group::of(agent), agent)).collect();
    rows.sort_by(|(group, one), (other_group, other)| {
        let by_time = match group {
            Group::NeedsYou | Group::InLine => since(one).cmp(&since(other)),
            Group::AtWork | Group::Finished => since(other).cmp(&since(one)),
        };
        group.cmp(other_group).then(by_time)
    });
    rows
}

/// Writes agents below the headings of their groups.
pub(crate) fn write_table(
    agents: &[Agent],
    now: &ZonedDateTime,
    width: usize,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = in_order(agents);
    let cells = |agent: &Agent| {
        let (state, _) = state_of(agent);
        [
            agent.name.clone(),
            state,
            words_of(agent, now.timestamp()),
            ago(since(agent), now.timestamp()),
            cost(agent.cost_usd),
        ]
    };
    let names = ["NAME", "STATE", "WHAT", "SINCE", "COST"];
    let mut widths = names.map(text::width);
    for (_, agent) in &rows {
        for (widest, cell) in widths.iter_mut().zip(&cells(agent)) {
            *widest = (*widest).max(text::width(cell));
        }
    }
    if rows.iter().all(|(_, agent)| agent.cost_usd.is_none()) {
        widths[4] = 0;
    }
    fit(&mut widths, width);
    let head = names.map(|name| (Cow::Borrowed(name), style::SOFT));
    write_row(&head, &widths, paint, out)?;
    for group in Group::ALL {
        let mut members = rows.iter().filter(|(of, _)| *of == group).peekable();
        if members.peek().is_none() {
            continue;
        }
        if rows.first().is_some_and(|(first, _)| *first != group) {
            writeln!(out)?;
        }
        writeln!(out, "{}", paint.on(style::STRONG, group.name()))?;
        for (_, agent) in members {
            let cells = cells(agent);
            // Of a name the end tells it from others; of a sentence the beginning says most.
            let cut = |column: usize| match column {
                NAME => text::cut_middle(&cells[column], widths[column]),
                _ => text::cut_end(&cells[column], widths[column]),
            };
            let styles = [style::ACCENT, state_of(agent).1, Style::new(), style::SOFT, style::SOFT];
            let row: [_; 5] = std::array::from_fn(|column| (cut(column), styles[column]));
            write_row(&row, &widths, paint, out)?;
        }
    }
    Ok(())
}

/// Makes the columns fit a line: what an agent does gives way first, then its name, which is typed, then the cost.
fn fit(widths: &mut [usize; 5], line: usize) {
    let total = |widths: &[usize; 5]| {
        let shown = widths.iter().filter(|width| **width > 0).count();
        widths.iter().sum::<usize>() + GAP * shown.saturating_sub(1)
    };
    for (column, floor) in [(2, 24), (0, 24), (2, 12), (4, 0), (0, 8), (3, 0), (2, 4)] {
        let excess = total(widths).saturating_sub(line);
        if excess == 0 {
            return;
        }
        let shrunk = widths[column].saturating_sub(excess).max(floor).min(widths[column]);
        widths[column] = if floor == 0 { 0 } else { shrunk };
    }
}

/// Writes a line for each agent, its fields parted by tabs.
pub(crate) fn write_lines(agents: &[Agent], now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    for (_, agent) in in_order(agents) {
        let attention = agent.attention.as_ref().map(|attention| attention.kind.name()).unwrap_or_default();
        let (name, state) = (&agent.name, agent.state.name());
        let (branch, words) = (agent.branch.as_deref().unwrap_or_default(), words_of(agent, now));
        writeln!(
            out,
            "{}\t{name}\t{state}\t{attention}\t{}\t{}\t{words}",
            agent.id,
            agent.updated_at,
            text::one_line(branch)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_never_longer_than_the_terminal() {
        for line in 30..160 {
            let mut widths = [28, 10, 150, 6, 6];
            fit(&mut widths, line);
            let shown = widths.iter().filter(|width| **width > 0).count();
            assert!(widths.iter().sum::<usize>() + GAP * (shown - 1) <= line, "{widths:?} in {line}");
            assert!(widths[0] >= 8);
        }
    }

    #[test]
    fn what_is_in_the_trash_says_so() {
        let at = "2026-11-23T12:00:00Z";
        let agent: Agent = serde_json::from_value(serde_json::json!({
            "id": "abcd2345", "name": "work", "provider": "claude", "task": "t", "state": "done",
            "run": "abcd2345", "session_id": "s", "created_at": at, "updated_at": at,
            "tokens": orchestra_model::Usage::default(), "turns": 1, "queue": [], "requests": [],
            "is_cleaned": true, "notes": [], "sequence": 1,
        }))
        .unwrap();
        assert_eq!(state_of(&agent).0, "– in the trash");
        assert_eq!(state_of(&Agent { is_cleaned: false, ..agent }).0, "✓ done");
    }

    #[test]
    fn time_in_its_shortest_form() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (at, said) in [
            ("2026-11-23T12:00:05Z", "0 s"),
            ("2026-11-23T11:59:01Z", "59 s"),
            ("2026-11-23T11:00:01Z", "59 min"),
            ("2026-11-22T13:00:00Z", "23 h"),
            ("2026-11-20T12:00:00Z", "3 d"),
        ] {
            assert_eq!(ago(at.parse().unwrap(), now), said);
        }
    }
}
