//! Changes of files, as hunks: what a tool was asked to change, and what the client noted as really changed.

use orchestra_model::{FileChange, PatchHunk, PatchLine};
use similar::{ChangeTag, TextDiff};

use super::{
    WORDS,
    raw::{Fields, Raw},
    text::RawText,
};

/// At most this many lines of a change are carried.
const MOST_LINES: usize = 1500;
/// A line is cut here, in bytes.
const LONGEST_LINE: usize = 2000;
/// A text of more lines is not compared but shown as taken out and put in whole: comparing takes their product.
const MOST_COMPARED: usize = 4000;

/// A change that grows a line at a time and keeps within what is carried.
struct Builder {
    change: FileChange,
    lines: usize,
    bytes: usize,
}

impl Builder {
    fn new(path: Option<RawText<'_>>) -> Self {
        let path = path.map(RawText::to_text).unwrap_or_default();
        Self {
            change: FileChange { path, added: 0, removed: 0, hunks: vec![], omitted_lines: 0 },
            lines: 0,
            bytes: 0,
        }
    }

    fn hunk(&mut self, old_start: u32, new_start: u32) {
        self.change.hunks.push(PatchHunk { old_start, new_start, lines: vec![] });
    }

    fn line(&mut self, tag: ChangeTag, text: &str) {
        match tag {
            ChangeTag::Insert => self.change.added += 1,
            ChangeTag::Delete => self.change.removed += 1,
            ChangeTag::Equal => {}
        }
        let text = cut(text.trim_end_matches(['\n', '\r']));
        let fits = self.lines < MOST_LINES && self.bytes + text.len() <= WORDS;
        let Some(hunk) = self.change.hunks.last_mut().filter(|_| fits) else {
            self.change.omitted_lines += 1;
            return;
        };
        self.lines += 1;
        self.bytes += text.len();
        hunk.lines.push(match tag {
            ChangeTag::Insert => PatchLine::Added(text),
            ChangeTag::Delete => PatchLine::Removed(text),
            ChangeTag::Equal => PatchLine::Context(text),
        });
    }

    fn replacement(&mut self, old: &str, new: &str) {
        if old.lines().count() + new.lines().count() > MOST_COMPARED {
            self.hunk(0, 0);
            old.lines().for_each(|line| self.line(ChangeTag::Delete, line));
            new.lines().for_each(|line| self.line(ChangeTag::Insert, line));
            return;
        }
        let diff = TextDiff::from_lines(old, new);
        for group in diff.grouped_ops(3) {
            self.hunk(0, 0);
            for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
                self.line(change.tag(), change.value());
            }
        }
    }

    fn finish(mut self) -> FileChange {
        self.change.hunks.retain(|hunk| !hunk.lines.is_empty());
        self.change
    }
}

fn cut(text: &str) -> String {
    if text.len() <= LONGEST_LINE {
        return text.to_owned();
    }
    let end = (0..=LONGEST_LINE).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", &text[..end])
}

/// The text of a field, as far as a change can carry it twice over.
fn whole(input: &Fields<'_>, field: &[u8]) -> Option<(String, u64)> {
    let excerpt = input.text(field)?.excerpt(4 * WORDS);
    Some((excerpt.text, excerpt.omitted))
}

/// What a tool was asked to change; `None` when its input is not what the tool takes.
pub(super) fn asked_for(name: &str, input: &Fields<'_>) -> Option<FileChange> {
    let path = input.text(b"file_path").or_else(|| input.text(b"notebook_path"));
    let mut builder = Builder::new(path);
    match name {
        "Edit" => {
            let (old, _) = whole(input, b"old_string")?;
            let (new, _) = whole(input, b"new_string")?;
            builder.replacement(&old, &new);
        }
        "MultiEdit" => input.field(b"edits")?.items(|edit| {
            let edit = &Fields::of(edit);
            if let (Some((old, _)), Some((new, _))) = (whole(edit, b"old_string"), whole(edit, b"new_string"))
            {
                builder.replacement(&old, &new);
            }
        }),
        _ => {
            let (new, omitted) = whole(input, b"content").or_else(|| whole(input, b"new_source"))?;
            builder.hunk(0, 1);
            new.lines().for_each(|line| builder.line(ChangeTag::Insert, line));
            if omitted > 0 {
                // How many lines are in what was not read is not known: at least one.
                builder.change.omitted_lines += 1;
            }
        }
    }
    Some(builder.finish())
}

/// The change that the client noted as made, when it noted one.
pub(super) fn made(noted: &Fields<'_>) -> Option<FileChange> {
    let patch = noted.field(b"structuredPatch")?;
    let mut builder = Builder::new(noted.text(b"filePath"));
    patch.items(|hunk| {
        let start = |field: &[u8]| {
            hunk.field(field)
                .and_then(Raw::number)
                .and_then(|line| u32::try_from(line).ok())
                .unwrap_or_default()
        };
        builder.hunk(start(b"oldStart"), start(b"newStart"));
        let Some(lines) = hunk.field(b"lines") else { return };
        lines.items(|line| {
            let Some(text) = line.text().map(|text| text.excerpt(LONGEST_LINE + 8).text) else { return };
            let mut rest = text.chars();
            match rest.next() {
                Some('+') => builder.line(ChangeTag::Insert, rest.as_str()),
                Some('-') => builder.line(ChangeTag::Delete, rest.as_str()),
                // "\ No newline at end of file".
                Some('\\') => {}
                Some(' ') | None => builder.line(ChangeTag::Equal, rest.as_str()),
                Some(_) => builder.line(ChangeTag::Equal, &text),
            }
        });
    });
    let change = builder.finish();
    (!change.hunks.is_empty()).then_some(change)
}
