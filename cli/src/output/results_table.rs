//! The results of a run for a person, a few lines a task, and for a pipe, as lines with tabs.

use std::io::{self, Write};

use anstyle::Style;
use orchestra_core::render::brief;
use orchestra_model::{DiffStat, Results, TaskResult, TaskState};

use super::{Paint, agent_table::cost, style, text};

/// How much of what an agent said last is looked at, in characters; the room cuts it.
const WORDS: usize = 200;

/// A task's state: a shape, a word and a colour.
fn state_of(task: &TaskResult) -> (String, Style) {
    let (shape, style) = match task.state {
        _ if task.is_landed() => ("✓", style::DONE),
        _ if task.is_cleaned => ("–", style::SOFT),
        _ if task.is_waiting() => ("◆", style::WAITING),
        _ if task.is_parked() => ("·", style::SOFT),
        TaskState::Queued => ("·", style::SOFT),
        TaskState::Blocked => ("–", style::WAITING),
        TaskState::Running | TaskState::Checking => ("●", style::RUNNING),
        TaskState::Done => ("✓", style::DONE),
        TaskState::Failed => ("✗", style::FAILED),
        TaskState::Stopped => ("■", style::SOFT),
    };
    (format!("{shape} {}", task.word()), style)
}

/// What there is to say of how far it is: why it waits or failed, else what it said last.
fn words_of(task: &TaskResult) -> String {
    match (&task.waits, &task.failure, &task.result) {
        (Some(words), _, _) | (None, Some(words), _) => text::one_line(words),
        (None, None, Some(result)) => brief(result, WORDS),
        (None, None, None) => text::one_line(&task.prompt),
    }
}

/// The figures of a task, as far as there are any.
fn figures_of(task: &TaskResult) -> Vec<String> {
    let mut figures = Vec::new();
    if let Some(stat) = task.diffstat.filter(|stat| stat.files > 0) {
        let files = text::count(stat.files as usize, "file", "files");
        figures.push(format!("{files} +{} -{}", stat.insertions, stat.deletions));
    }
    if !task.commits.is_empty() {
        figures.push(text::count(task.commits.len(), "commit", "commits"));
    }
    if !task.uncommitted.is_empty() {
        figures.push(format!("{} not committed", text::count(task.uncommitted.len(), "file", "files")));
    }
    if let Some(seconds) = task.seconds {
        figures.push(match seconds {
            ..60 => format!("{seconds} s"),
            60..3600 => format!("{} min", seconds / 60),
            _ => format!("{} h", seconds / 3600),
        });
    }
    // What stands last is cut first.
    figures.extend(task.cost_usd.map(|usd| cost(Some(usd))));
    if task.turns > 0 {
        figures.push(text::count(task.turns as usize, "turn", "turns"));
        figures.push(format!("{} tokens", task.tokens.uncached()));
    }
    if task.retries > 0 {
        figures.push(format!("sent back {}", text::count(task.retries as usize, "time", "times")));
    }
    figures
}

/// How its work was checked.
fn check_of(task: &TaskResult) -> Option<(String, Style)> {
    let check = task.check.as_ref()?;
    let how = match (check.passed, check.exit_code) {
        (true, _) => "✓".to_owned(),
        (false, Some(code)) => format!("✗ exit code {code}:"),
        (false, None) => "✗".to_owned(),
    };
    let old = if check.is_outdated { " (it was changed since)" } else { "" };
    let style = if check.passed { style::DONE } else { style::FAILED };
    Some((format!("{how} {}{old}", text::one_line(&check.command)), style))
}

/// Writes a few lines a task.
pub(crate) fn write_table(
    results: &Results,
    width: usize,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let widest = results.tasks.iter().map(|task| text::width(&task.agent_name)).max().unwrap_or_default();
    let states = results.tasks.iter().map(|task| text::width(&state_of(task).0)).max().unwrap_or_default();
    let indent = " ".repeat(widest + 2);
    for task in &results.tasks {
        let (state, style) = state_of(task);
        let name = format!("{}{}", task.agent_name, text::padding(&task.agent_name, widest));
        let room = width.saturating_sub(widest + states + 4);
        writeln!(
            out,
            "{}  {}{}  {}",
            paint.on(style::ACCENT, name),
            paint.on(style, &state),
            text::padding(&state, states),
            text::cut_end(&words_of(task), room)
        )?;
        let room = width.saturating_sub(indent.len());
        let figures = figures_of(task).join(", ");
        if !figures.is_empty() {
            writeln!(out, "{indent}{}", paint.on(style::SOFT, text::cut_end(&figures, room)))?;
        }
        if let Some(why) = &task.unreadable {
            writeln!(out, "{indent}{}", paint.on(style::FAILED, text::cut_end(&text::one_line(why), room)))?;
        }
        if let Some((check, style)) = check_of(task) {
            writeln!(out, "{indent}{}", paint.on(style, text::cut_end(&check, room)))?;
        }
        for conflict in &task.conflicts {
            let words = format!("conflicts with {} in {}", conflict.with, conflict.files.join(", "));
            writeln!(
                out,
                "{indent}{}",
                paint.on(style::FAILED, text::cut_end(&text::one_line(&words), room))
            )?;
        }
    }
    let done = results.tasks.iter().filter(|task| task.state == TaskState::Done).count();
    let spent = format!(
        "run {}: {done} of {} done, ${:.2}, {} tokens",
        results.run,
        results.tasks.len(),
        results.spent.usd,
        results.spent.tokens
    );
    writeln!(out, "{}", paint.on(style::SOFT, spent))?;
    if results.uncompared > 0 {
        let words = format!("{} more pairs change the same files and were not compared", results.uncompared);
        writeln!(out, "{}", paint.on(style::SOFT, words))?;
    }
    if let Some(trouble) = results.trouble.as_ref().filter(|_| !results.is_over) {
        let words =
            format!("it does not go on: {trouble}; orchestra run --continue {} tries again", results.run);
        writeln!(out, "{}", paint.on(style::FAILED, text::one_line(&words)))?;
    }
    Ok(())
}

/// Writes a line for each task, its fields parted by tabs.
pub(crate) fn write_lines(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    for task in &results.tasks {
        // What is not known is no zero.
        let stat = |number: fn(DiffStat) -> u32| task.diffstat.map(number).map(|number| number.to_string());
        let stat = |number| stat(number).unwrap_or_default();
        let code = match &task.check {
            Some(check) if check.is_outdated => String::new(),
            Some(check) => check.exit_code.map_or_else(|| "killed".to_owned(), |code| code.to_string()),
            None => String::new(),
        };
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{code}\t{}\t{}",
            task.agent,
            task.agent_name,
            match () {
                () if task.is_landed() => "landed",
                () if task.is_cleaned => "cleaned",
                () => task.state.name(),
            },
            stat(|stat| stat.files),
            stat(|stat| stat.insertions),
            stat(|stat| stat.deletions),
            task.cost_usd.map(|usd| format!("{usd:.4}")).unwrap_or_default(),
            words_of(task)
        )?;
    }
    Ok(())
}
