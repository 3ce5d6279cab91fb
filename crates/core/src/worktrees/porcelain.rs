//! What git prints for programs, read: pure functions of its bytes.
//!
//! All of it is asked for with `-z`, so names are as they are. Nothing here fails: what is not understood is passed on
//! as a name, so that whoever asks whether something could be lost hears of it, or it is left out where nothing hangs
//! on it.

use std::path::PathBuf;

use orchestra_model::{ChangeKind, ChangedFile};

/// What `git status` says of a checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Files that are not committed, those that git does not track among them.
    pub changed: Vec<Vec<u8>>,
    /// Files and folders that git ignores; folders end with a slash.
    pub ignored: Vec<Vec<u8>>,
}

/// The output of `git status --porcelain=v2 -z --no-renames`. A line that is of no known kind counts as a change.
pub fn status(output: &[u8]) -> Status {
    let mut status = Status::default();
    for line in fields(output) {
        match line.split_at_checked(2) {
            Some((b"! ", path)) => status.ignored.push(path.to_vec()),
            Some((b"? ", path)) => status.changed.push(path.to_vec()),
            Some((b"# ", _)) => {}
            // The path is the last of the fields, whose number the first letter gives.
            Some((kind, _)) => {
                let fields = if kind[0] == b'u' { 11 } else { 9 };
                let path = line.splitn(fields, |byte| *byte == b' ').last().unwrap_or(line);
                status.changed.push(path.to_vec());
            }
            None => status.changed.push(line.to_vec()),
        }
    }
    status
}

/// The output of `git status --porcelain=v1 -z --no-renames`: the files that are not committed.
pub fn short_status(output: &[u8]) -> Vec<Vec<u8>> {
    fields(output).filter_map(|line| line.get(3..)).map(<[u8]>::to_vec).collect()
}

/// The output of `git diff --raw --numstat -z`: first what happened to each file, then how many lines, in one order.
pub fn changes(output: &[u8]) -> Vec<ChangedFile> {
    let mut files: Vec<ChangedFile> = Vec::new();
    let mut counted = 0;
    let mut fields = output.split(|byte| *byte == 0);
    let text = |field: Option<&[u8]>| String::from_utf8_lossy(field.unwrap_or_default()).into_owned();
    while let Some(field) = fields.next() {
        if let Some(raw) = field.strip_prefix(b":") {
            let status = raw.rsplit(|byte| *byte == b' ').next().and_then(|status| status.first());
            let kind = match status {
                Some(b'A') => ChangeKind::Added,
                Some(b'D') => ChangeKind::Deleted,
                Some(b'R') => ChangeKind::Renamed,
                Some(b'C') => ChangeKind::Copied,
                Some(b'T') => ChangeKind::TypeChanged,
                _ => ChangeKind::Modified,
            };
            let first = text(fields.next());
            let (path, old_path) = match kind {
                ChangeKind::Renamed | ChangeKind::Copied => (text(fields.next()), Some(first)),
                _ => (first, None),
            };
            files.push(ChangedFile { path, old_path, kind, is_binary: false, insertions: 0, deletions: 0 });
        } else if !field.is_empty() {
            let mut numbers = field.splitn(3, |byte| *byte == b'\t');
            let mut number = || text(numbers.next()).parse::<u32>().ok();
            let (insertions, deletions) = (number(), number());
            if numbers.next().is_none_or(<[u8]>::is_empty) {
                // Renamed: both names follow.
                fields.next();
                fields.next();
            }
            if let Some(file) = files.get_mut(counted) {
                // git writes dashes where there are no lines.
                file.is_binary = insertions.is_none();
                file.insertions = insertions.unwrap_or_default();
                file.deletions = deletions.unwrap_or_default();
            }
            counted += 1;
        }
    }
    files
}

/// The output of `git ls-files -v -z`: the letter of each file, which tells how git looks at it, and its name.
pub fn flags(output: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    fields(output).filter_map(|line| Some((*line.first()?, line.get(2..)?)))
}

/// The output of `git ls-files --stage -z`: where submodules are.
pub fn submodules(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    fields(output)
        .filter(|line| line.starts_with(b"160000 "))
        .filter_map(|line| line.splitn(2, |byte| *byte == b'\t').nth(1))
}

/// The output of `git ls-files --unmerged -z`: the files, each once.
pub fn unmerged(output: &[u8]) -> Vec<String> {
    let paths = fields(output).filter_map(|line| line.splitn(2, |byte| *byte == b'\t').nth(1));
    let mut files: Vec<String> = paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect();
    files.dedup();
    files
}

/// The output of `git ls-files --others -z`: folders, which git names where it goes no further, since each is a repository.
pub fn repositories(output: &[u8]) -> Vec<Vec<u8>> {
    fields(output).filter_map(|path| path.strip_suffix(b"/")).map(<[u8]>::to_vec).collect()
}

/// The output of `git config -z --get-regexp`: the values.
pub fn values(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    fields(output).filter_map(|line| line.splitn(2, |byte| *byte == b'\n').nth(1))
}

/// The output of `git worktree list --porcelain -z`: where a branch, by its full name, is checked out.
pub fn checkout_of(output: &[u8], branch: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let mut folder = None;
    for line in fields(output) {
        if let Some(path) = line.strip_prefix(b"worktree ") {
            folder = Some(PathBuf::from(std::ffi::OsStr::from_bytes(path)));
        } else if line.strip_prefix(b"branch ") == Some(branch.as_bytes()) {
            return folder;
        }
    }
    None
}

/// The output of `git merge-tree -z --name-only`: the tree, and the files that conflict.
pub fn merge_tree(output: &[u8]) -> (String, Vec<String>) {
    let mut names = output.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let tree = names.next().unwrap_or_default();
    let mut files: Vec<String> = names.filter(|file| !file.is_empty()).collect();
    files.dedup();
    (tree, files)
}

/// The output of `git merge-tree -z --name-only --stdin`: the files that each of the merges conflicts in. One that was not
/// told to its end is not among them.
pub fn merge_trees(output: &[u8]) -> Vec<Vec<String>> {
    // A zero ends each field: what follows the last one is none.
    let Some(output) = output.strip_suffix(&[0]) else { return Vec::new() };
    let mut fields = output.split(|byte| *byte == 0);
    let mut merges = Vec::new();
    // How it went and the tree, then the files, then nothing.
    while let (Some(b"0" | b"1"), Some(_tree)) = (fields.next(), fields.next()) {
        let mut files: Vec<String> = Vec::new();
        loop {
            match fields.next() {
                Some([]) => break,
                Some(file) => files.push(String::from_utf8_lossy(file).into_owned()),
                None => return merges,
            }
        }
        files.dedup();
        merges.push(files);
    }
    merges
}

/// What stands between the zeros, without what is empty.
fn fields(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split(|byte| *byte == 0).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn merges_that_were_told_whole_are_told_in_their_order() {
        let output = b"1\0tree\0\x000\0tree\0a\0a\0b c\0\x001\0tree\0";
        let both = vec![vec![], vec!["a".to_owned(), "b c".to_owned()]];
        assert_eq!(merge_trees(&output[..output.len() - 7]), both);
        assert_eq!(merge_trees(output), both, "the third has no end");
        assert!(merge_trees(b"").is_empty() && merge_trees(b"fatal: what").is_empty());
    }

    /// A name as git may print one: anything but a zero.
    fn name() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(1_u8.., 1..12)
    }

    proptest! {
        /// Whatever a file is called, every entry is told, once, and nothing that could be lost is taken for less.
        #[test]
        fn every_entry_of_a_status_is_told(entries in prop::collection::vec((0_u8..4, name()), 0..12)) {
            let mut output = Vec::new();
            let mut meant = Status::default();
            for (kind, name) in entries {
                let head = match kind {
                    0 => "! ",
                    1 => "? ",
                    2 => "1 .M N... 100644 100644 100644 1234 1234 ",
                    _ => "u UU N... 100644 100644 100644 100644 1 2 3 ",
                };
                output.extend([head.as_bytes(), &name, b"\0"].concat());
                if kind == 0 { meant.ignored.push(name) } else { meant.changed.push(name) }
            }
            prop_assert_eq!(status(&output), meant);
        }

        /// Whatever files are called, each has its own kind and its own numbers.
        #[test]
        fn every_change_has_its_own_numbers(
            files in prop::collection::vec((0_usize..4, name(), name(), 0_u32..), 0..12),
        ) {
            let (mut raw, mut numbers) = (Vec::new(), Vec::new());
            for (kind, old, new, lines) in &files {
                let letter = ["A", "M", "R100", "C75"][*kind];
                raw.extend(format!(":100644 100644 1234 5678 {letter}\0").into_bytes());
                let lines = if lines % 5 == 0 { "-\t-\t".to_owned() } else { format!("{lines}\t7\t") };
                numbers.extend(lines.into_bytes());
                if *kind > 1 {
                    raw.extend([old, &b"\0"[..]].concat());
                    numbers.extend([b"\0", &old[..], b"\0"].concat());
                }
                raw.extend([new, &b"\0"[..]].concat());
                numbers.extend([new, &b"\0"[..]].concat());
            }
            let read = changes(&[raw, numbers].concat());
            prop_assert_eq!(read.len(), files.len());
            for (file, (kind, old, new, lines)) in read.iter().zip(&files) {
                prop_assert_eq!(&file.path, &String::from_utf8_lossy(new));
                let old = (*kind > 1).then(|| String::from_utf8_lossy(old).into_owned());
                prop_assert_eq!(&file.old_path, &old);
                let meant = if lines % 5 == 0 { (true, 0, 0) } else { (false, *lines, 7) };
                prop_assert_eq!((file.is_binary, file.insertions, file.deletions), meant);
            }
        }
    }

    #[test]
    fn what_is_of_no_known_kind_counts_as_a_change() {
        assert_eq!(status(b"x\0\0? a\0").changed, [b"x".to_vec(), b"a".to_vec()]);
        assert_eq!(status(b"3 new kind\0").changed.len(), 1);
        assert_eq!(status(b"# branch.head main\0"), Status::default());
    }

    #[test]
    fn a_branch_is_found_where_it_is_checked_out() {
        let output = b"worktree /a\0HEAD 1\0branch refs/heads/main\0\0worktree /b\nc\0HEAD 2\0detached\0\0";
        assert_eq!(checkout_of(output, "refs/heads/main"), Some("/a".into()));
        assert_eq!(checkout_of(output, "refs/heads/mai"), None);
    }
}
