//! Code in colour: spans of a few one-letter classes around escaped text; the colours stand in `style/code.css`.
//!
//! Classes rather than colours, so that one HTML serves the light and the dark theme and the content security policy
//! can forbid inline styles. Each line is complete in itself: no span crosses a line's end.

use std::{collections::HashMap, sync::LazyLock};

use orchestra_model::PatchLine;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::{push_escaped, visible};

/// Code beyond this many bytes is shown plain: colour is worth about this much of a server's time.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// Lines beyond this many bytes are shown plain: minified code has no structure a reader could use, and patterns
/// that backtrack take their time by the line.
const MOST_LINE_BYTES: usize = 2_000;

/// The class of each kind of scope; the longest prefix that fits wins, and an empty class means "plain, look no
/// further out".
const CLASS_OF_SCOPE: &[(&str, &str)] = &[
    ("comment", "c"),
    ("string", "s"),
    ("constant.character", "s"),
    ("constant", "n"),
    ("support.constant", "n"),
    ("keyword", "k"),
    ("keyword.operator", "o"),
    ("keyword.operator.word", "k"),
    ("keyword.operator.logical.python", "k"),
    ("storage", "k"),
    ("storage.type.numeric", "n"),
    ("variable.language", "k"),
    ("variable.annotation", "m"),
    ("entity.name.function", "f"),
    ("support.function", "f"),
    ("support.macro", "f"),
    ("variable.function", "f"),
    ("entity.name", "t"),
    ("entity.other.inherited-class", "t"),
    ("support.type", "t"),
    ("support.class", "t"),
    ("entity.name.tag", "k"),
    ("entity.name.label", "m"),
    ("entity.other.attribute-name", "m"),
    ("meta.annotation", "m"),
    ("meta.attribute", "m"),
    ("meta.preprocessor", "m"),
    ("support.type.property-name", "f"),
    ("variable.other.readwrite.assignment", "v"),
    ("variable.parameter", "v"),
    ("entity.name.section", "h"),
    ("markup.heading", "h"),
    ("meta.diff.header", "h"),
    ("meta.diff.range", "m"),
    ("markup.inserted", "i"),
    ("markup.deleted", "d"),
    ("markup.raw", "s"),
    ("markup.underline.link", "f"),
    // Code inside a string is code again.
    ("meta.interpolation", ""),
    ("meta.template.expression", ""),
    ("source.shell.embedded", ""),
];

/// Every class that [`highlight`] writes.
pub(super) const CLASSES: &[&str] = &["c", "d", "f", "h", "i", "k", "m", "n", "o", "s", "t", "v"];

/// Names that people write after a fence and that the syntaxes do not know by themselves.
const ALIASES: &[(&str, &str)] = &[
    ("bat", "batch file"),
    ("cjs", "js"),
    ("console", "sh"),
    ("cts", "ts"),
    ("golang", "go"),
    ("jsonc", "json"),
    ("json5", "json"),
    ("jsonl", "json"),
    ("jsx", "js"),
    ("mjs", "js"),
    ("mts", "ts"),
    ("ndjson", "json"),
    ("patch", "diff"),
    ("shell-session", "sh"),
    ("shellscript", "sh"),
    ("terminal", "sh"),
    ("zsh", "sh"),
];

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

static RULES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    let mut rules: Vec<(Scope, &'static str)> =
        CLASS_OF_SCOPE.iter().filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, *class))).collect();
    rules.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.len()));
    rules
});

/// Code as safe HTML: escaped text with `<span class="k">`-like spans around what has a colour.
///
/// The language is a name (`rust`), an extension (`rs`) or a path (`src/main.rs`, `Dockerfile`). When it is unknown,
/// or the code is larger than 64 KB, the text comes escaped and without spans; so do lines over 2,000 bytes. What the
/// text hides is made [`visible`] first.
pub fn highlight(code: &str, language_or_path: &str) -> String {
    let code = visible(code);
    let mut out = String::with_capacity(code.len() * 2);
    highlight_into(&mut out, &code, language_or_path);
    out
}

/// [`highlight`] for text that is visible already, appended. Says whether it was coloured.
pub(super) fn highlight_into(out: &mut String, code: &str, language_or_path: &str) -> bool {
    let syntax = if code.len() <= MOST_BYTES { find_syntax(language_or_path) } else { None };
    let Some(syntax) = syntax else {
        push_escaped(out, code);
        return false;
    };
    let mut painter = Painter::new(syntax);
    for line in code.split_inclusive('\n') {
        painter.paint_line(out, line);
    }
    true
}

/// The lines of one hunk of a diff as safe HTML, each by itself and without its line's end.
///
/// Removed lines are read as a continuation of the old file, added ones of the new file, so that a string that is
/// opened on a removed line does not colour the added ones.
pub fn highlight_hunk(lines: &[PatchLine], path: &str) -> Vec<String> {
    let text_of = |line: &PatchLine| match line {
        PatchLine::Context(text) | PatchLine::Added(text) | PatchLine::Removed(text) => {
            visible(text).replace('\n', " ")
        }
    };
    let size: usize = lines.iter().map(|line| text_of(line).len()).sum();
    let syntax = if size <= MOST_BYTES { find_syntax(path) } else { None };
    let Some(syntax) = syntax else {
        return lines.iter().map(|line| super::escape_html(&text_of(line)).into_owned()).collect();
    };
    let mut old = Painter::new(syntax);
    let mut new = Painter::new(syntax);
    let paint = |line: &PatchLine| {
        let text = text_of(line) + "\n";
        let mut out = String::with_capacity(text.len() * 2);
        match line {
            PatchLine::Removed(_) => old.paint_line(&mut out, &text),
            PatchLine::Added(_) => new.paint_line(&mut out, &text),
            PatchLine::Context(_) => {
                new.paint_line(&mut out, &text);
                old.clone_from(&new);
            }
        }
        out.truncate(out.trim_end_matches('\n').len());
        out
    };
    lines.iter().map(paint).collect()
}

/// The syntax for a language's name, an extension or a path; `None` for plain text and for what is unknown.
fn find_syntax(language_or_path: &str) -> Option<&'static SyntaxReference> {
    let name = language_or_path.trim();
    if name.is_empty() || name.len() > 4096 {
        return None;
    }
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let lower = file_name.to_lowercase();
    let candidates = [Some(lower.as_str()), lower.rsplit_once('.').map(|(_, extension)| extension)];
    let found = candidates.into_iter().flatten().find_map(|token| {
        let token = ALIASES.iter().find(|(alias, _)| *alias == token).map_or(token, |(_, name)| name);
        SYNTAXES.find_syntax_by_token(token)
    })?;
    (found.name != "Plain Text").then_some(found)
}

/// Colours a text line by line.
#[derive(Clone)]
struct Painter {
    /// `None` once the syntax gave up: the rest is plain.
    state: Option<ParseState>,
    scopes: ScopeStack,
    classes: HashMap<Scope, Option<&'static str>>,
}

impl Painter {
    fn new(syntax: &SyntaxReference) -> Self {
        Self { state: Some(ParseState::new(syntax)), scopes: ScopeStack::new(), classes: HashMap::new() }
    }

    /// Appends a line, which may end in a newline, as HTML.
    fn paint_line(&mut self, out: &mut String, line: &str) {
        let Some(state) = self.state.as_mut().filter(|_| line.len() <= MOST_LINE_BYTES) else {
            push_escaped(out, line);
            return;
        };
        let Ok(changes) = state.parse_line(line, &SYNTAXES) else {
            self.state = None;
            push_escaped(out, line);
            return;
        };
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        let mut open = "";
        let mut from = 0;
        for (at, change) in &changes {
            let at = (*at).min(text.len());
            if at > from {
                self.paint(out, &text[from..at], &mut open);
                from = at;
            }
            if self.scopes.apply(change).is_err() {
                self.state = None;
                break;
            }
        }
        if from < text.len() {
            self.paint(out, &text[from..], &mut open);
        }
        switch(out, &mut open, "");
        out.push_str(end);
    }

    /// Appends a piece of text that has the current scopes; neighbours of one class share a span.
    fn paint(&mut self, out: &mut String, piece: &str, open: &mut &'static str) {
        let class = if piece.trim().is_empty() { *open } else { self.current_class() };
        switch(out, open, class);
        push_escaped(out, piece);
    }

    /// The class of the innermost scope that has one; empty for plain text.
    fn current_class(&mut self) -> &'static str {
        let classes = &mut self.classes;
        let class_of = |scope: &Scope| *classes.entry(*scope).or_insert_with(|| class_of_scope(*scope));
        self.scopes.as_slice().iter().rev().find_map(class_of).unwrap_or("")
    }
}

fn class_of_scope(scope: Scope) -> Option<&'static str> {
    RULES.iter().find(|(prefix, _)| prefix.is_prefix_of(scope)).map(|(_, class)| *class)
}

/// Ends the open span and begins the next, unless they are the same.
fn switch(out: &mut String, open: &mut &'static str, class: &'static str) {
    if *open == class {
        return;
    }
    if !open.is_empty() {
        out.push_str("</span>");
    }
    if !class.is_empty() {
        out.push_str("<span class=\"");
        out.push_str(class);
        out.push_str("\">");
    }
    *open = class;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_parts_of_a_program_have_classes() {
        let html = highlight("// greet\nfn main() {\n    let n: u8 = 1;\n    print(\"<hi>\");\n}\n", "rust");
        insta::assert_snapshot!(html);
    }

    #[test]
    fn a_language_is_found_by_name_extension_or_path() {
        for (language, name) in [
            ("rust", "Rust"),
            ("RS", "Rust"),
            ("src/main.rs", "Rust"),
            ("/a b/Dockerfile", "Dockerfile"),
            ("Makefile", "Makefile"),
            ("Cargo.lock", "TOML"),
            ("tsx", "TypeScriptReact"),
            ("app.mjs", "JavaScript"),
            ("console", "Bourne Again Shell (bash)"),
            ("python", "Python"),
            ("C:\\x\\y.cs", "C#"),
            ("yaml", "YAML"),
            ("diff", "Diff"),
        ] {
            assert_eq!(find_syntax(language).map(|syntax| syntax.name.as_str()), Some(name), "{language}");
        }
        for unknown in ["", " ", "text", "txt", "notes.txt", "no-such-language", "../..", "\0"] {
            assert!(find_syntax(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn what_is_large_or_unknown_is_escaped_and_plain() {
        assert_eq!(highlight("let <a> = \"b\"", "nonsense"), "let &lt;a&gt; = &quot;b&quot;");
        let large = "let a = 1;\n".repeat(MOST_BYTES / 11 + 1);
        assert_eq!(highlight(&large, "rs"), large);
        let long_line = format!("let a = \"{}\";\nlet b = 1;\n", "x".repeat(MOST_LINE_BYTES));
        let html = highlight(&long_line, "rs");
        assert!(html.starts_with("let a = &quot;xx"));
        assert!(html.contains("<span class=\"k\">let</span> b"));
    }

    #[test]
    fn a_hunk_keeps_the_old_and_the_new_file_apart() {
        let lines = [
            PatchLine::Context("fn f() {".to_owned()),
            PatchLine::Removed("    /* opened".to_owned()),
            PatchLine::Removed("    let a = 1;".to_owned()),
            PatchLine::Added("    let a = \"<2>\";".to_owned()),
            PatchLine::Context("}".to_owned()),
        ];
        let html = highlight_hunk(&lines, "src/a.rs");
        assert_eq!(html.len(), lines.len());
        assert_eq!(html[2], "<span class=\"c\">    let a = 1;</span>");
        assert!(html[3].contains("<span class=\"s\">&quot;&lt;2&gt;&quot;</span>"), "{}", html[3]);
        assert_eq!(highlight_hunk(&lines, "unknown")[3], "    let a = &quot;&lt;2&gt;&quot;;");
    }

    #[test]
    fn every_class_written_is_a_known_one() {
        for (scope, class) in CLASS_OF_SCOPE {
            assert!(class.is_empty() || CLASSES.contains(class), "{scope}");
            assert!(Scope::new(scope).is_ok());
        }
        let style = include_str!("../../../../style/code.css");
        for class in CLASSES {
            assert!(style.contains(&format!(".{class} {{")), "style/code.css has no colour for {class}");
        }
    }

    /// The text of HTML made of spans and escapes.
    fn text_of(html: &str) -> String {
        let mut text = String::new();
        for (index, part) in html.split('<').enumerate() {
            text.push_str(if index == 0 {
                part
            } else {
                part.split_once('>').map_or("", |(_, after)| after)
            });
        }
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn colours_change_no_character(
            code in "([a-z0-9 \n\"'`/*#(){}<>&;=+-]|\\PC){0,200}",
            language in prop::sample::select(vec!["rs", "js", "py", "sh", "html", "md", "yaml", "diff", "c", "?"])
        ) {
            let shown = visible(&code).into_owned();
            let html = highlight(&code, language);
            prop_assert_eq!(text_of(&html), shown);
            for line in html.lines() {
                prop_assert_eq!(line.matches("<span ").count(), line.matches("</span>").count());
            }
        }
    }
}
