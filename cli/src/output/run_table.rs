//! Runs for a person, a line each, and for a pipe, as lines with tabs.

use std::io::{self, Write};

use jiff::Timestamp;
use orchestra_model::{Results, TaskState};

use super::{
    Paint,
    agent_table::{ago, cost},
    style, text,
};

/// What parts two columns.
const GAP: &str = "  ";
/// The least room for what a run is about.
const LEAST: usize = 16;

/// How many of its tasks are how far, the most pressing first: "1 failed, 3 done".
fn tally(run: &Results) -> String {
    use TaskState::{Blocked, Checking, Done, Failed, Queued, Running, Stopped};
    let count = |state| run.tasks.iter().filter(|task| task.state == state).count();
    let kinds = [Failed, Running, Checking, Blocked, Queued, Stopped, Done];
    let some = kinds.into_iter().map(|state| (count(state), state)).filter(|(count, _)| *count > 0);
    let words: Vec<String> = some.map(|(count, state)| format!("{count} {}", state.name())).collect();
    words.join(", ")
}

fn style_of(run: &Results) -> anstyle::Style {
    let is_any = |state| run.tasks.iter().any(|task| task.state == state);
    match () {
        () if is_any(TaskState::Failed) => style::FAILED,
        () if !run.is_over => style::RUNNING,
        () => style::DONE,
    }
}

/// Writes a line a run: its id, how far it is, what it is about, when it was asked for, what it cost.
pub(crate) fn write_table(
    runs: &[Results],
    now: Timestamp,
    width: usize,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows: Vec<[String; 5]> = runs
        .iter()
        .map(|run| {
            let usd = (run.spent.usd > 0.0).then_some(run.spent.usd);
            let about = text::one_line(&run.title());
            [run.run.to_string(), tally(run), about, ago(run.created_at, now), cost(usd)]
        })
        .collect();
    let widest = |column: usize| rows.iter().map(|row| text::width(&row[column])).max().unwrap_or_default();
    let widths = [0, 1, 2, 3, 4].map(widest);
    let others = widths[0] + widths[1] + widths[3] + widths[4] + 4 * GAP.len();
    let room = width.saturating_sub(others).max(LEAST).min(widths[2]);
    for (run, [id, tally, about, since, cost]) in runs.iter().zip(&rows) {
        let about = text::cut_end(about, room);
        writeln!(
            out,
            "{}{GAP}{}{}{GAP}{about}{}{GAP}{}{}{GAP}{}",
            paint.on(style::ACCENT, id),
            paint.on(style_of(run), tally),
            text::padding(tally, widths[1]),
            text::padding(&about, room),
            paint.on(style::SOFT, since),
            text::padding(since, widths[3]),
            paint.on(style::SOFT, cost),
        )?;
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
