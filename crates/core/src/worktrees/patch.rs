//! Unified diffs, as git prints them, read into files and hunks. Nothing here fails: what is no diff is passed over.

use orchestra_model::{ChangeKind, FileChange, PatchHunk, PatchLine};

/// One file of a diff.
#[derive(Clone, Debug, PartialEq)]
pub struct FilePatch {
    /// What it was called before, when it has another name now.
    pub old_path: Option<String>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Whether its content is no text.
    pub is_binary: bool,
    /// Its path and its hunks.
    pub change: FileChange,
}

/// Reads a diff, at most so many lines of each file; how many more there are is counted.
pub fn read_patch(patch: &[u8], most_lines: u32) -> Vec<FilePatch> {
    let mut files: Vec<FilePatch> = Vec::new();
    let mut hunk: Option<Hunk> = None;
    for line in patch.split_inclusive(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line));
        let line = line.strip_suffix('\r').unwrap_or(&line);
        if let (Some(file), Some(open)) = (files.last_mut(), hunk.as_mut())
            && open.take(line, file, most_lines)
        {
            continue;
        }
        hunk = None;
        if let Some(names) = line.strip_prefix("diff --git ") {
            files.push(begin(names));
        } else if let Some(file) = files.last_mut() {
            match Hunk::begin(line) {
                Some((begun, shape)) => {
                    file.change.hunks.push(shape);
                    hunk = Some(begun);
                }
                None => head_line(line, file),
            }
        }
    }
    files
}

/// A hunk that is being read: how many lines of the old and the new file are still to come.
struct Hunk {
    old: u32,
    new: u32,
}

impl Hunk {
    /// A hunk that begins with this line: `@@ -1,3 +1,4 @@`.
    fn begin(line: &str) -> Option<(Self, PatchHunk)> {
        let ranges = line.strip_prefix("@@ -")?.split(" @@").next()?;
        let (old, new) = ranges.split_once(" +")?;
        let range = |range: &str| -> Option<(u32, u32)> {
            let (start, count) = range.split_once(',').unwrap_or((range, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        let ((old_start, old), (new_start, new)) = (range(old)?, range(new)?);
        Some((Self { old, new }, PatchHunk { old_start, new_start, lines: Vec::new() }))
    }

    /// Takes a line of the hunk in; `false` when the hunk is over.
    fn take(&mut self, line: &str, file: &mut FilePatch, most: u32) -> bool {
        let (sign, text) = (line.chars().next(), line.get(1..).unwrap_or_default().to_owned());
        let line = match sign {
            Some('+') if self.new > 0 => {
                self.new -= 1;
                file.change.added += 1;
                PatchLine::Added(text)
            }
            Some('-') if self.old > 0 => {
                self.old -= 1;
                file.change.removed += 1;
                PatchLine::Removed(text)
            }
            Some(' ') | None if self.old > 0 && self.new > 0 => {
                self.old -= 1;
                self.new -= 1;
                PatchLine::Context(text)
            }
            // "No newline at end of file."
            Some('\\') => return true,
            _ => return false,
        };
        let held: usize = file.change.hunks.iter().map(|hunk| hunk.lines.len()).sum();
        match file.change.hunks.last_mut() {
            Some(hunk) if held < most as usize => hunk.lines.push(line),
            _ => file.change.omitted_lines += 1,
        }
        true
    }
}

/// A file of which only `a/name b/name` is known yet. Names with blanks are made sure of by the lines that follow.
fn begin(names: &str) -> FilePatch {
    let half = names.len() / 2;
    let same =
        names.get(..half).zip(names.get(half + 1..)).filter(|(one, other)| one.get(2..) == other.get(2..));
    let path = match same {
        Some((one, _)) => unquoted(one),
        None => names.rsplit(" b/").next().unwrap_or(names).to_owned(),
    };
    let path = path.strip_prefix("a/").unwrap_or(&path).to_owned();
    let change = FileChange { path, added: 0, removed: 0, hunks: Vec::new(), omitted_lines: 0 };
    FilePatch { old_path: None, kind: ChangeKind::Modified, is_binary: false, change }
}

fn head_line(line: &str, file: &mut FilePatch) {
    let path = |name: &str, side: &str| {
        // A name with a blank at its end has a tab behind it.
        let name = unquoted(name.trim_end_matches('\t'));
        name.strip_prefix(side).map(str::to_owned).filter(|_| name != "/dev/null")
    };
    if line.starts_with("new file") {
        file.kind = ChangeKind::Added;
    } else if line.starts_with("deleted file") {
        file.kind = ChangeKind::Deleted;
    } else if let Some(old) = line.strip_prefix("rename from ") {
        file.kind = ChangeKind::Renamed;
        file.old_path = Some(unquoted(old));
    } else if let Some(new) = line.strip_prefix("rename to ") {
        file.change.path = unquoted(new);
    } else if line.starts_with("Binary files ") {
        file.is_binary = true;
    } else if let Some(name) = line.strip_prefix("+++ ") {
        file.change.path = path(name, "b/").unwrap_or_else(|| file.change.path.clone());
    } else if let Some(name) = line.strip_prefix("--- ") {
        file.change.path = path(name, "a/").unwrap_or_else(|| file.change.path.clone());
    }
}

/// A name as git quotes it where it holds quotes, lines or tabs.
fn unquoted(name: &str) -> String {
    let Some(quoted) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else {
        return name.to_owned();
    };
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(first @ b'0'..=b'3') => {
                let digits = [first, rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                bytes.push(
                    digits
                        .iter()
                        .fold(0_u8, |sum, digit| sum.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0'))),
                );
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "\
diff --git a/src/a.rs b/src/a.rs
index 1..2 100644
--- a/src/a.rs
+++ b/src/a.rs
@@ -1,3 +1,4 @@ fn a()
 one
-two
+zwei
+--- not a head
 three
\\ No newline at end of file
diff --git a/old name.txt b/new name.txt
similarity index 90%
rename from old name.txt
rename to new name.txt
diff --git \"a/a\\n\\303\\274\" \"b/a\\n\\303\\274\"
new file mode 100644
index 0..1
Binary files /dev/null and \"b/a\\n\\303\\274\" differ
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-last
";

    #[test]
    fn a_diff_is_read_file_by_file() {
        let files = read_patch(PATCH.as_bytes(), 100);
        let seen: Vec<_> = files
            .iter()
            .map(|file| (file.change.path.as_str(), file.kind, file.change.added, file.change.removed))
            .collect();
        assert_eq!(
            seen,
            [
                ("src/a.rs", ChangeKind::Modified, 2, 1),
                ("new name.txt", ChangeKind::Renamed, 0, 0),
                ("a\nü", ChangeKind::Added, 0, 0),
                ("gone", ChangeKind::Deleted, 0, 1),
            ]
        );
        assert_eq!(files[1].old_path.as_deref(), Some("old name.txt"));
        assert!(files[2].is_binary);
        assert_eq!(files[0].change.hunks[0].lines.len(), 5);
        assert_eq!(files[0].change.hunks[0].lines[3], PatchLine::Added("--- not a head".into()));
    }

    #[test]
    fn a_long_file_is_cut_and_the_rest_counted() {
        let file = &read_patch(PATCH.as_bytes(), 2)[0];
        assert_eq!((file.change.hunks[0].lines.len(), file.change.omitted_lines), (2, 3));
        assert_eq!((file.change.added, file.change.removed), (2, 1));
    }

    #[test]
    fn what_is_no_diff_is_passed_over() {
        for text in
            ["", "@@ -1 +1 @@\n+x", "diff --git", "diff --git a\n@@ -9999999999999 +1 @@\n", "\u{0}\n\\"]
        {
            drop(read_patch(text.as_bytes(), 10));
        }
    }
}
