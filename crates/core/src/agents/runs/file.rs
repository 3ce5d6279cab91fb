//! The file that a run is read from: TOML, or Markdown with a heading a task. What is wrong in it is told with its line.
//!
//! Nothing is started here, and nothing of the repository is looked at.

use std::ops::Range;

use orchestra_model::{AtLimit, Limit, PERMISSION_MODES};
use serde::Deserialize;
use toml::Spanned;

use super::order::{self, Cycle};
use crate::agents::{
    plan::{Settings, Talks},
    slug,
};

/// How often a task may be sent back by itself.
const MOST_RETRIES: u32 = 20;

/// What stands in the file of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFile {
    /// Its tasks, in their order.
    pub tasks: Vec<NewTask>,
    /// What the branches start from.
    pub base: Option<String>,
    /// How many may be at work at once.
    pub max_parallel: Option<u32>,
    /// What the run may use.
    pub limit: Limit,
}

/// A task to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTask {
    /// What it is called in its run.
    pub name: String,
    /// What its agent is asked.
    pub prompt: String,
    /// The tasks that it comes after, by their places.
    pub after: Vec<u32>,
    /// The task on whose branch it starts, by its place; it comes after that too.
    pub from: Option<u32>,
    /// How its client is set.
    pub settings: Settings,
    /// The command that its work is checked with.
    pub check: Option<String>,
    /// How often it is sent back by itself when it fails, or its check does.
    pub retries: u32,
    /// Who gives way first when not all can have the model: those with the smaller number.
    pub priority: i32,
    /// Which attempt at the same task it is: the place of the first of them, and its number from 1.
    pub attempt: Option<(u32, u32)>,
}

/// What is wrong in the file of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct RunFileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Whole {
    #[serde(default, rename = "task")]
    tasks: Vec<Spanned<Task>>,
    base: Option<String>,
    max_parallel: Option<Spanned<u32>>,
    budget_usd: Option<Spanned<f64>>,
    budget_tokens: Option<Spanned<u64>>,
    budget_minutes: Option<Spanned<u64>>,
    at_budget: Option<AtLimit>,
    model: Option<String>,
    permission_mode: Option<Spanned<String>>,
    max_budget_usd: Option<Spanned<f64>>,
    check: Option<String>,
    retries: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Task {
    name: Option<Spanned<String>>,
    prompt: Option<Spanned<String>>,
    #[serde(default)]
    after: Vec<Spanned<String>>,
    from: Option<Spanned<String>>,
    model: Option<String>,
    permission_mode: Option<Spanned<String>>,
    max_budget_usd: Option<Spanned<f64>>,
    check: Option<String>,
    retries: Option<Spanned<u32>>,
    #[serde(default)]
    priority: i32,
}

/// A piece of TOML, and the line that it begins in.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    first_line: usize,
}

impl<'a> Piece<'a> {
    fn line(self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        self.first_line + before.bytes().filter(|byte| *byte == b'\n').count()
    }

    fn read<T: Deserialize<'a>>(self) -> Result<T, RunFileError> {
        toml::from_str(self.text).map_err(|error| RunFileError {
            line: error.span().map_or(self.first_line, |span| self.line(&span)),
            what: in_words(error.message()),
        })
    }
}

/// What the reader of TOML says, where it speaks of the program's types.
fn in_words(message: &str) -> String {
    let meant = [
        ("invalid type: map, expected a sequence", "a task begins with [[task]], two brackets on each side"),
        ("invalid type: sequence, expected a string", "write one name in quotes, like \"schema\""),
        ("expected a sequence", "write a list, like [\"schema\"]"),
        ("expected u32", "write a whole number, 0 or more"),
        ("expected u64", "write a whole number, 0 or more"),
        ("expected i32", "write a whole number"),
        ("expected f64", "write a number, like 2.50"),
        ("expected a string", "write words in quotes"),
    ];
    let found = meant.iter().find(|(words, _)| message.contains(words));
    found.map_or(message, |(_, meant)| meant).to_owned()
}

/// A task whose words stand, with their lines, and whose references are still names.
struct Draft {
    name: (usize, String),
    prompt: (usize, String),
    after: Vec<(usize, String)>,
    from: Option<(usize, String)>,
    settings: Settings,
    check: Option<String>,
    retries: u32,
    priority: i32,
}

impl RunFile {
    /// Reads a file: Markdown when its name says so, TOML otherwise.
    ///
    /// # Errors
    /// When something in it is wrong.
    pub fn read(text: &str, is_markdown: bool) -> Result<Self, RunFileError> {
        if is_markdown { markdown(text) } else { toml(text) }
    }

    /// The tasks by their places, each after those that it comes after.
    pub fn order(&self) -> Vec<u32> {
        order::sorted(&comes_after(&self.tasks)).unwrap_or_default()
    }
}

/// For each task those that it comes after.
pub(super) fn comes_after(tasks: &[NewTask]) -> Vec<Vec<u32>> {
    tasks.iter().map(|task| task.after.iter().copied().chain(task.from).collect()).collect()
}

fn toml(text: &str) -> Result<RunFile, RunFileError> {
    let piece = Piece { text, first_line: 1 };
    let whole: Whole = piece.read()?;
    let drafts = whole
        .tasks
        .iter()
        .map(|task| {
            let line = piece.line(&task.span());
            let task = task.get_ref();
            let name = task.name.as_ref().ok_or_else(|| wrong(line, "a task needs a name"))?;
            let prompt = task.prompt.as_ref().ok_or_else(|| wrong(line, "a task needs a prompt"))?;
            let name = (piece.line(&name.span()), name.get_ref().clone());
            let prompt = (piece.line(&prompt.span()), prompt.get_ref().clone());
            draft(piece, task, name, prompt, (&whole, piece))
        })
        .collect::<Result<_, _>>()?;
    settle(&whole, piece, drafts)
}

/// Markdown: between two lines of `+++` what holds for all, then a heading `## name` a task, whose own settings may
/// stand in a block of TOML right below it.
fn markdown(text: &str) -> Result<RunFile, RunFileError> {
    let mut front = Piece { text: "", first_line: 1 };
    let mut rest = Piece { text, first_line: 1 };
    if text.starts_with("---\n") {
        return Err(wrong(1, "what holds for all is TOML here: write it between two lines of +++"));
    }
    if let Some(after) = text.strip_prefix("+++\n") {
        let end = after.find("\n+++").ok_or_else(|| wrong(1, "the +++ of the first line is never closed"))?;
        front = Piece { text: &after[..=end], first_line: 2 };
        let begin = 4 + end + 4;
        rest = Piece { text: &text[begin..], first_line: piece_line(text, begin) };
    }
    let whole: Whole = front.read()?;
    if let Some(task) = whole.tasks.first() {
        return Err(wrong(front.line(&task.span()), "in Markdown a task is a heading: ## name"));
    }
    let mut drafts = Vec::new();
    for (name, body) in sections(rest) {
        let (settings, prompt) = settings_of(body)?;
        let task: Task = settings.read()?;
        if let Some(given) = task.name.as_ref().or(task.prompt.as_ref()) {
            let line = settings.line(&given.span());
            return Err(wrong(line, "in Markdown the heading is the name, and what follows is the prompt"));
        }
        let words = prompt.text.trim().to_owned();
        let prompt = (if words.is_empty() { name.0 } else { prompt.first_line }, words);
        drafts.push(draft(settings, &task, name, prompt, (&whole, front))?);
    }
    settle(&whole, front, drafts)
}

fn piece_line(text: &str, at: usize) -> usize {
    1 + text[..at].bytes().filter(|byte| *byte == b'\n').count()
}

/// The headings of the second rank with what stands below them; one within a block of code is none.
fn sections(rest: Piece<'_>) -> Vec<((usize, String), Piece<'_>)> {
    let mut found: Vec<((usize, String), usize, usize)> = Vec::new();
    let (mut at, mut line, mut fence) = (0, rest.first_line, None::<&str>);
    for whole in rest.text.split_inclusive('\n') {
        let words = whole.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| words.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                if let Some(name) = whole.strip_prefix("## ") {
                    found.push(((line, name.trim().to_owned()), at, at + whole.len()));
                }
            }
            _ => {}
        }
        at += whole.len();
        line += 1;
    }
    let ends: Vec<usize> =
        found.iter().skip(1).map(|(_, begin, _)| *begin).chain([rest.text.len()]).collect();
    let sections = found.into_iter().zip(ends);
    sections
        .map(|((name, _, begin), end)| {
            let first_line = name.0 + 1;
            (name, Piece { text: &rest.text[begin..end], first_line })
        })
        .collect()
}

/// A section's own settings, if it begins with a block of TOML, and the rest.
fn settings_of(body: Piece<'_>) -> Result<(Piece<'_>, Piece<'_>), RunFileError> {
    let blank = body.text.len() - body.text.trim_start().len();
    let begin = body.text[..blank].rfind('\n').map_or(0, |at| at + 1);
    let first_line = body.first_line + body.text[..begin].bytes().filter(|byte| *byte == b'\n').count();
    let text = &body.text[begin..];
    let Some(inner) = text.strip_prefix("```toml\n") else {
        return Ok((Piece { text: "", first_line }, Piece { text, first_line }));
    };
    let end = inner.find("```").ok_or_else(|| wrong(first_line, "the block of settings is never closed"))?;
    let settings = Piece { text: &inner[..end], first_line: first_line + 1 };
    let rest = inner[end..].split_once('\n').map_or("", |(_, rest)| rest);
    let lines = inner[..end].bytes().filter(|byte| *byte == b'\n').count();
    Ok((settings, Piece { text: rest, first_line: first_line + lines + 2 }))
}

fn wrong(line: usize, what: impl Into<String>) -> RunFileError {
    RunFileError { line, what: what.into() }
}

/// A task's words, with what holds for all where it says nothing of its own.
fn draft(
    piece: Piece<'_>,
    task: &Task,
    name: (usize, String),
    prompt: (usize, String),
    (whole, front): (&Whole, Piece<'_>),
) -> Result<Draft, RunFileError> {
    let named = |name: &Spanned<String>| (piece.line(&name.span()), name.get_ref().clone());
    let own_budget = task.max_budget_usd.as_ref().map(|budget| (piece, budget));
    let budget = own_budget.or_else(|| whole.max_budget_usd.as_ref().map(|budget| (front, budget)));
    let own_mode = task.permission_mode.as_ref().map(|mode| (piece, mode));
    let mode = own_mode.or_else(|| whole.permission_mode.as_ref().map(|mode| (front, mode)));
    let retries = task.retries.as_ref().map(|retries| (piece, retries));
    let retries = retries.or_else(|| whole.retries.as_ref().map(|retries| (front, retries)));
    if let Some((piece, retries)) = retries.filter(|(_, retries)| *retries.get_ref() > MOST_RETRIES) {
        return Err(wrong(piece.line(&retries.span()), format!("at most {MOST_RETRIES} retries are made")));
    }
    Ok(Draft {
        after: task.after.iter().map(named).collect(),
        from: task.from.as_ref().map(named),
        settings: Settings {
            model: task.model.clone().or_else(|| whole.model.clone()),
            permission_mode: mode.map(|(piece, mode)| known_mode(piece, mode)).transpose()?,
            max_budget_usd: budget.map(|(piece, budget)| usd(piece, budget)).transpose()?,
            arguments: Vec::new(),
            talks: Talks::default(),
        },
        check: task.check.clone().or_else(|| whole.check.clone()).filter(|check| !check.trim().is_empty()),
        retries: retries.map_or(0, |(_, retries)| *retries.get_ref()),
        priority: task.priority,
        name,
        prompt,
    })
}

fn known_mode(piece: Piece<'_>, mode: &Spanned<String>) -> Result<String, RunFileError> {
    if PERMISSION_MODES.contains(&mode.get_ref().as_str()) {
        return Ok(mode.get_ref().clone());
    }
    let what = format!("{:?} is no permission mode: one of {}", mode.get_ref(), PERMISSION_MODES.join(", "));
    Err(wrong(piece.line(&mode.span()), what))
}

fn usd(piece: Piece<'_>, budget: &Spanned<f64>) -> Result<f64, RunFileError> {
    let amount = *budget.get_ref();
    if amount.is_finite() && amount > 0.0 {
        Ok(amount)
    } else {
        Err(wrong(piece.line(&budget.span()), "a budget is an amount in USD, like 2.50"))
    }
}

fn above_nothing<T: Copy + PartialEq + From<u8>>(
    piece: Piece<'_>,
    number: Option<&Spanned<T>>,
) -> Result<Option<T>, RunFileError> {
    match number {
        Some(number) if *number.get_ref() == T::from(0) => {
            Err(wrong(piece.line(&number.span()), "write a whole number, 1 or more"))
        }
        number => Ok(number.map(|number| *number.get_ref())),
    }
}

/// Puts places for names, and sees that the tasks have an order.
fn settle(whole: &Whole, front: Piece<'_>, drafts: Vec<Draft>) -> Result<RunFile, RunFileError> {
    if drafts.is_empty() {
        return Err(wrong(1, "there is no task: [[task]] in TOML, ## name in Markdown"));
    }
    for (place, Draft { name: (line, name), prompt, .. }) in drafts.iter().enumerate() {
        if name.is_empty() || *name != slug(name) {
            let what = format!(
                "{name:?} is no name: small letters, digits and -, at most 24 of them, like {:?}",
                slug(name)
            );
            return Err(wrong(*line, what));
        }
        if let Some(first) = drafts[..place].iter().find(|other| other.name.1 == *name) {
            return Err(wrong(*line, format!("there is a task {name:?} in line {} already", first.name.0)));
        }
        if prompt.1.trim().is_empty() {
            return Err(wrong(prompt.0, format!("{name} has nothing to do: its prompt is empty")));
        }
    }
    let place_of = |(line, name): &(usize, String)| {
        let found = drafts.iter().zip(0..).find(|(draft, _)| draft.name.1 == *name);
        found.map(|(_, place)| place).ok_or_else(|| {
            let near = drafts.iter().map(|draft| draft.name.1.as_str()).find(|other| is_near(other, name));
            let guess = near.map(|near| format!("; is {near:?} meant?")).unwrap_or_default();
            wrong(*line, format!("there is no task {name:?}{guess}"))
        })
    };
    let mut tasks = Vec::new();
    for draft in &drafts {
        let mut after = Vec::new();
        for named in &draft.after {
            let place = place_of(named)?;
            if !after.contains(&place) {
                after.push(place);
            }
        }
        tasks.push(NewTask {
            name: draft.name.1.clone(),
            prompt: draft.prompt.1.clone(),
            after,
            from: draft.from.as_ref().map(place_of).transpose()?,
            settings: draft.settings.clone(),
            check: draft.check.clone(),
            retries: draft.retries,
            priority: draft.priority,
            attempt: None,
        });
    }
    if let Err(Cycle(cycle)) = order::sorted(&comes_after(&tasks)) {
        let members = || cycle.iter().filter_map(|place| drafts.get(*place as usize));
        let names: Vec<&str> =
            members().chain(members().take(1)).map(|draft| draft.name.1.as_str()).collect();
        let line = members().next().map_or(1, |draft| {
            let mut references = draft.after.iter().chain(&draft.from);
            let next = names.get(1).copied().unwrap_or_default();
            references.find(|(_, name)| name == next).map_or(draft.name.0, |(line, _)| *line)
        });
        return Err(wrong(line, format!("the tasks go round in a circle: {}", names.join(" after "))));
    }
    let limit = Limit {
        usd: whole.budget_usd.as_ref().map(|budget| usd(front, budget)).transpose()?,
        tokens: above_nothing(front, whole.budget_tokens.as_ref())?,
        minutes: above_nothing(front, whole.budget_minutes.as_ref())?,
        at_limit: whole.at_budget.unwrap_or_default(),
    };
    let max_parallel = above_nothing(front, whole.max_parallel.as_ref())?;
    Ok(RunFile { tasks, base: whole.base.clone(), max_parallel, limit })
}

/// Whether one name may be a slip of the other: one letter more, less or other.
fn is_near(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let same_head = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let same_tail = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    let longer = one.len().max(other.len());
    one.len().abs_diff(other.len()) <= 1 && same_head + same_tail + 1 >= longer && longer > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"
max-parallel = 2
check = "cargo test"
budget-usd = 5
at-budget = "stop"

[[task]]
name = "schema"
prompt = "Write the schema"

[[task]]
name = "api"
prompt = "Write the API"
from = "schema"
model = "opus"
retries = 2
priority = 3

[[task]]
name = "docs"
prompt = "Write the docs"
after = ["api", "schema"]
check = ""
"#;

    #[test]
    fn a_plan_is_read() {
        let file = RunFile::read(PLAN, false).unwrap();
        assert_eq!(
            (file.max_parallel, file.limit.usd, file.limit.at_limit),
            (Some(2), Some(5.0), AtLimit::Stop)
        );
        let [schema, api, docs] = file.tasks.as_slice() else { panic!("three tasks") };
        assert_eq!((schema.check.as_deref(), schema.from), (Some("cargo test"), None));
        assert_eq!((api.from, api.retries, api.settings.model.as_deref()), (Some(0), 2, Some("opus")));
        assert_eq!((schema.priority, api.priority), (0, 3));
        assert_eq!((docs.after.as_slice(), &docs.check), ([1, 0].as_slice(), &None));
        assert_eq!(file.order(), [0, 1, 2]);
    }

    #[test]
    fn the_same_plan_in_markdown() {
        let text = "+++\nmax-parallel = 2\ncheck = \"cargo test\"\nbudget-usd = 5\nat-budget = \"stop\"\n+++\n\
            # Checkout\n\nFor people.\n\n## schema\nWrite the schema\n\n## api\n\n```toml\nfrom = \"schema\"\n\
            model = \"opus\"\nretries = 2\npriority = 3\n```\nWrite the API\n\n## docs\n```toml\nafter = [\"api\", \"schema\"]\n\
            check = \"\"\n```\nWrite the docs\n";
        assert_eq!(RunFile::read(text, true), RunFile::read(PLAN, false));
        let fenced = "## one\nSay:\n```md\n## two\n```\nand end\n";
        let file = RunFile::read(fenced, true).unwrap();
        assert_eq!((file.tasks.len(), file.tasks[0].prompt.contains("## two")), (1, true));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let task = |name: &str, more: &str| format!("[[task]]\nname = \"{name}\"\nprompt = \"x\"\n{more}\n");
        for (text, line, says) in [
            (String::new(), 1, "there is no task"),
            (task("a", "aftre = []"), 4, "unknown field `aftre`"),
            (format!("{}{}", task("a", ""), task("a", "")), 6, "in line 2 already"),
            (format!("{}{}", task("api", ""), task("b", "after = [\"apl\"]")), 8, "is \"api\" meant?"),
            (task("a", "from = \"zebra\""), 4, "there is no task \"zebra\""),
            (
                format!("{}{}", task("a", "after = [\"b\"]"), task("b", "from = \"a\"")),
                4,
                "a after b after a",
            ),
            (task("a", "after = [\"a\"]"), 4, "a after a"),
            (task("A b", ""), 2, "like \"a-b\""),
            ("[[task]]\nname = \"a\"\n".to_owned(), 1, "needs a prompt"),
            ("max-parallel = 0\n".to_owned() + &task("a", ""), 1, "1 or more"),
            (task("a", "retries = 99"), 4, "at most 20"),
            (task("a", "retries = -1"), 4, "whole number, 0 or more"),
            (task("a", "after = \"b\""), 4, "write a list"),
            (task("a", "from = [\"b\"]"), 4, "write one name"),
            ("[task]\nname = \"a\"\n".to_owned(), 1, "two brackets"),
            (
                task("a", "permission-mode = \"edits\""),
                4,
                "is no permission mode: one of default, acceptEdits",
            ),
            ("budget-usd = -1\n".to_owned() + &task("a", ""), 1, "amount in USD"),
            ("[[task]\n".to_owned(), 1, ""),
        ] {
            let error = RunFile::read(&text, false).unwrap_err();
            assert!(error.line == line && error.what.contains(says), "{text}: {error}");
        }
        for (text, line, says) in [
            ("+++\ncheck = 1\n+++\n## a\nx\n", 2, "words in quotes"),
            ("+++\n## a\nx\n", 1, "never closed"),
            ("---\ncheck: x\n---\n## a\nx\n", 1, "two lines of +++"),
            ("# Plan\n\n## a\n\n```toml\nafter = [\"b\"]\n```\nx\n", 6, "there is no task \"b\""),
            ("## a\nx\n## b\n", 3, "prompt is empty"),
            ("## a\n```toml\nprompt = \"y\"\n```\nx\n", 3, "the heading is the name"),
        ] {
            let error = RunFile::read(text, true).unwrap_err();
            assert!(error.line == line && error.what.contains(says), "{text}: {error}");
        }
    }
}
