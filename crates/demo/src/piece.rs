//! Pieces: what is said and done in a conversation, written down as text and read at run time.
//!
//! One form serves both the made-up history, which is written out at once, and the scripted client, which plays it. A
//! line that begins with `::` is a step; the lines up to the next one are its body.
//!
//! | step | is |
//! | --- | --- |
//! | `::ask` | what a person asks |
//! | `::say`, `::think` | what the model says, in Markdown, or thinks |
//! | `::read PATH` | a file read |
//! | `::run COMMAND`, `::run! COMMAND` | a command, with what it prints; the second fails |
//! | `::edit PATH [LINE]` | a change: lines that begin with a space, `-` or `+` |
//! | `::write PATH` | a file written |
//! | `::question HEADER \| QUESTION` | a question; the body has a choice a line: `label: description` |
//! | `::plan` | a plan to be approved |
//! | `::denied` | what is said instead when the step before was denied |
//! | `::task TYPE \| DESCRIPTION \| PROMPT` | a subagent, with its answer |
//! | `::call TOOL` | one of Orchestra's tools; the body is its input as JSON |
//! | `::pause SECONDS` | nothing |
//! | `::compact` | the conversation summarised |
//! | `::interrupt` | a person interrupts |
//! | `::then` | the end of a turn |
//! | `::error` | the turn ends with an error |
//!
//! In texts that are played, `{prompt}`, `{answer}` and `{reason}` stand for what a person said; after a call `{answer}` is
//! what another agent reported.

/// What ends a body.
const MARK: &str = "::";

/// A step and its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// What kind of step.
    pub(crate) kind: Kind,
    /// What stands behind its name.
    pub(crate) about: &'a str,
    /// The lines below it, without those that are empty at the end.
    pub(crate) body: &'a str,
}

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ask,
    Say,
    Think,
    Read,
    Run,
    RunFails,
    Edit,
    Write,
    Question,
    Plan,
    Denied,
    Task,
    Call,
    Pause,
    Compact,
    Interrupt,
    Then,
    Error,
    /// Not a step: what the file that it stands in makes of it, by the name of the line.
    Heading,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "ask" => Self::Ask,
            "say" => Self::Say,
            "think" => Self::Think,
            "read" => Self::Read,
            "run" => Self::Run,
            "run!" => Self::RunFails,
            "edit" => Self::Edit,
            "write" => Self::Write,
            "question" => Self::Question,
            "plan" => Self::Plan,
            "denied" => Self::Denied,
            "task" => Self::Task,
            "call" => Self::Call,
            "pause" => Self::Pause,
            "compact" => Self::Compact,
            "interrupt" => Self::Interrupt,
            "then" => Self::Then,
            "error" => Self::Error,
            _ => Self::Heading,
        }
    }
}

/// A heading and the steps below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// What stands behind the heading's name, parted by bars.
    pub(crate) heading: Vec<&'a str>,
    /// The steps.
    pub(crate) steps: Vec<Step<'a>>,
}

/// The pieces of a text: each begins with a line that is no step.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for step in steps(text) {
        if step.kind == Kind::Heading {
            pieces.push(Piece { heading: parts(step.about), steps: Vec::new() });
        } else if let Some(piece) = pieces.last_mut() {
            piece.steps.push(step);
        }
    }
    pieces
}

/// What bars part.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    text.split('|').map(str::trim).collect()
}

fn steps(text: &str) -> impl Iterator<Item = Step<'_>> {
    let begins = |at: &usize| text[*at..].starts_with(MARK) && (*at == 0 || text[..*at].ends_with('\n'));
    let mut starts: Vec<usize> = text.match_indices(MARK).map(|(at, _)| at).filter(begins).collect();
    starts.push(text.len());
    let ranges: Vec<(usize, usize)> = starts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    ranges.into_iter().map(|(from, to)| {
        let whole = &text[from + MARK.len()..to];
        let (line, body) = whole.split_once('\n').unwrap_or((whole, ""));
        let (name, about) = line.split_once(' ').unwrap_or((line, ""));
        Step { kind: Kind::of(name), about: about.trim(), body: body.trim_end() }
    })
}

/// A change of a file, as a body of an edit has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What stands there before.
    pub(crate) old: String,
    /// What stands there afterwards.
    pub(crate) new: String,
    /// The lines with their marks.
    pub(crate) lines: Vec<String>,
}

impl Change {
    /// Reads the lines of an edit. One that is empty is a line that stays.
    pub(crate) fn of(body: &str) -> Self {
        let (mut old, mut new, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for line in body.lines() {
            let (mark, text) = match line.chars().next() {
                Some(mark @ ('+' | '-' | ' ')) => (mark, &line[1..]),
                _ => (' ', line),
            };
            if mark != '+' {
                old.push(text);
            }
            if mark != '-' {
                new.push(text);
            }
            lines.push(format!("{mark}{text}"));
        }
        Self { old: old.join("\n"), new: new.join("\n"), lines }
    }

    /// The hunk as the client notes it, from the line on which it stands.
    pub(crate) fn patch(&self, line: usize) -> serde_json::Value {
        let count = |text: &str| if text.is_empty() { 0 } else { text.lines().count() };
        serde_json::json!([{
            "oldStart": line,
            "oldLines": count(&self.old),
            "newStart": line,
            "newLines": count(&self.new),
            "lines": self.lines,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_what_stands_behind_their_names_and_below_them() {
        let text =
            "::session shop | A title\n::ask\nOne\n\ntwo ::three\n\n::edit src/a.ts 3\n a\n-b\n+c\n::then\n";
        let pieces = pieces(text);
        let [piece] = pieces.as_slice() else { panic!("{pieces:?}") };
        assert_eq!(piece.heading, ["shop", "A title"]);
        assert_eq!(
            piece.steps,
            [
                Step { kind: Kind::Ask, about: "", body: "One\n\ntwo ::three" },
                Step { kind: Kind::Edit, about: "src/a.ts 3", body: " a\n-b\n+c" },
                Step { kind: Kind::Then, about: "", body: "" },
            ]
        );
    }

    #[test]
    fn a_change_is_what_was_and_what_is() {
        let change = Change::of(" a\n\n-b\n+c\n+d");
        assert_eq!((change.old.as_str(), change.new.as_str()), ("a\n\nb", "a\n\nc\nd"));
        assert_eq!(change.patch(7)[0]["newLines"], 4);
        assert_eq!(change.patch(7)[0]["lines"][1], " ");
    }
}
