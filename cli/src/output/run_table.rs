//! Runs for a person, a line each, and for a pipe, as lines with tabs.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use anstyle::Style;
use jiff::Timestamp;
use orchestra_model::{Results, TaskState};

use super::{
    Paint,
    agent_table::{ago, cost},
    row::{GAP, write_row},
    style, text,
};

/// The place among the columns of what a run is about, and the least room for it.
const WHAT: usize = 2;
const LEAST: usize = 16;

/// How many of its tasks are how far, the most pressing first: "1 waiting, 3 done".
fn tally(run: &Results) -> String {
    use TaskState::{Blocked, Checking, Done, Failed, Queued, Running, Stopped};
    let waiting = run.tasks.iter().filter(|task| task.is_waiting()).count();
    let count = |state| run.tasks.iter().filter(|task| task.state == state && !task.is_waiting()).count();
    let kinds = [Failed, Running, Checking, Blocked, Queued, Stopped, Done];
    let counts = kinds.into_iter().map(|state| (count(state), state.name()));
    let some = [(waiting, "waiting")].into_iter().chain(counts).filter(|(count, _)| *count > 0);
    let words: Vec<String> = some.map(|(count, word)| format!("{count} {word}")).collect();
    words.join(", ")
}

fn style_of(run: &Results) -> Style {
    let is_any = |state| run.tasks.iter().any(|task| task.state == state);
    match () {
        () if run.tasks.iter().any(|task| task.is_waiting()) => style::WAITING,
        () if is_any(TaskState::Failed) => style::FAILED,
        () if !run.is_over => style::RUNNING,
        () => style::DONE,
    }
}

/// Writes a line a run: its id, how far it is, what it is about, how long ago it was asked for, what it cost.
pub(crate) fn write_table(
    runs: &[Results],
    now: Timestamp,
    width: usize,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = runs.iter().map(|run| {
        let usd = (run.spent.usd > 0.0).then_some(run.spent.usd);
        let about = text::one_line(&run.title());
        [run.run.to_string(), tally(run), about, ago(run.created_at, now), cost(usd)]
    });
    let rows: Vec<[String; 5]> = rows.collect();
    let names = ["RUN", "STATE", "WHAT", "SINCE", "COST"];
    let widest = |column: usize| rows.iter().map(|row| text::width(&row[column])).max().unwrap_or_default();
    let mut widths: [usize; 5] = std::array::from_fn(|column| match widest(column) {
        0 => 0,
        widest => widest.max(text::width(names[column])),
    });
    let shown = widths.iter().filter(|width| **width > 0).count();
    let others = widths.iter().sum::<usize>() - widths[WHAT] + GAP * shown.saturating_sub(1);
    widths[WHAT] = width.saturating_sub(others).max(LEAST).min(widths[WHAT]);
    if !rows.is_empty() {
        write_row(&names.map(|name| (Cow::Borrowed(name), style::SOFT)), &widths, paint, out)?;
    }
    for (run, cells) in runs.iter().zip(&rows) {
        let styles = [style::ACCENT, style_of(run), Style::new(), style::SOFT, style::SOFT];
        let row: [_; 5] =
            std::array::from_fn(|column| (text::cut_end(&cells[column], widths[column]), styles[column]));
        write_row(&row, &widths, paint, out)?;
    }
    Ok(())
}

/// Writes a line a run, its fields parted by tabs.
pub(crate) fn write_lines(runs: &[Results], out: &mut dyn Write) -> io::Result<()> {
    for run in runs {
        let (id, at, usd) = (&run.run, run.created_at, run.spent.usd);
        let about = text::one_line(&run.title());
        writeln!(out, "{id}\t{at}\t{}\t{usd:.2}\t{about}", tally(run))?;
    }
    Ok(())
}
