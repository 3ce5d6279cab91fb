//! The results of a run as Markdown, for a pull request.

use std::fmt::Write;

use orchestra_model::{Results, TaskResult, TaskState};

/// How much of a final text stands in a report, in lines.
const LINES: usize = 30;
/// How many files a report names for each.
const FILES: usize = 30;

/// A report to paste into a pull request. Whoever reads it need not know Orchestra.
pub fn markdown(results: &Results) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_markdown(results, &mut out);
    out
}

fn write_markdown(results: &Results, out: &mut String) -> std::fmt::Result {
    let done = results.tasks.iter().filter(|task| task.state == TaskState::Done).count();
    writeln!(out, "## {done} of {} tasks done\n", results.tasks.len())?;
    writeln!(out, "| task | state | changes | check | time | turns | tokens | cost |")?;
    writeln!(out, "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: |")?;
    for task in &results.tasks {
        let state = if task.is_landed() { "landed" } else { task.state.name() };
        let changes = task.diffstat.map_or(String::new(), |stat| {
            let files = if stat.files == 1 { "file" } else { "files" };
            format!("{} {files}, +{} −{}", stat.files, stat.insertions, stat.deletions)
        });
        let time = task.seconds.map_or(String::new(), duration);
        let tokens = task.tokens.uncached();
        let cost = task.cost_usd.map_or(String::new(), |usd| format!("${usd:.2}"));
        writeln!(
            out,
            "| {} | {state} | {changes} | {} | {time} | {} | {tokens} | {cost} |",
            cell(&task.name),
            cell(&check_in_words(task)),
            task.turns
        )?;
    }
    for task in &results.tasks {
        writeln!(out, "\n### {}\n", task.name)?;
        writeln!(out, "{}\n", quoted(&task.prompt))?;
        for words in [&task.failure, &task.waits].into_iter().flatten() {
            writeln!(out, "**{}:** {}\n", capital(task.state.name()), line(words))?;
        }
        if let Some(result) = &task.result {
            let lines: Vec<&str> = result.trim().lines().collect();
            writeln!(out, "{}", lines.iter().take(LINES).copied().collect::<Vec<_>>().join("\n"))?;
            if lines.len() > LINES {
                writeln!(out, "…")?;
            }
            writeln!(out)?;
        }
        for file in task.files.iter().take(FILES) {
            let letter = file.kind.letter();
            writeln!(out, "- {letter} {} +{} −{}", code(&file.path), file.insertions, file.deletions)?;
        }
        if task.files.len() > FILES {
            writeln!(out, "- and {} more", task.files.len() - FILES)?;
        }
        for commit in &task.commits {
            let short = commit.id.get(..8).unwrap_or_default();
            writeln!(out, "- commit {short} {}", line(&commit.subject))?;
        }
        if !task.uncommitted.is_empty() {
            writeln!(out, "- not committed yet: {}", names(&task.uncommitted))?;
        }
        for conflict in &task.conflicts {
            writeln!(out, "- conflicts with {} in {}", line(&conflict.with), names(&conflict.files))?;
        }
    }
    Ok(())
}

fn names(files: &[String]) -> String {
    let shown: Vec<String> = files.iter().take(5).map(|file| code(file)).collect();
    let more = files.len().saturating_sub(5);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// How a task's work was checked, in a few words.
fn check_in_words(task: &TaskResult) -> String {
    let (command, passed, code_of, is_outdated) = match (&task.check, &task.tested) {
        (Some(check), _) => (&check.command, check.passed, check.exit_code, check.is_outdated),
        (None, Some(tested)) => (&tested.command, tested.passed, tested.exit_code, tested.is_outdated),
        (None, None) => return String::new(),
    };
    let how = match (passed, code_of) {
        (true, _) => "✓".to_owned(),
        (false, Some(exit)) => format!("✗ exit code {exit}"),
        (false, None) => "✗".to_owned(),
    };
    let old = if is_outdated { " (changed since)" } else { "" };
    format!("{how} {}{old}", code(&line(command)))
}

/// A text of others as code: nothing in it is markup.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(['\n', '\r'], " "))
}

/// A text on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

fn quoted(text: &str) -> String {
    text.trim().lines().map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A time in its shortest form.
fn duration(seconds: u64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
