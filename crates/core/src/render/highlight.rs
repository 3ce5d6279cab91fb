//! Code in colour: spans of a few one-letter classes around escaped text; the colours stand in `style/code.css`.
//!
//! Classes rather than colours, so that one HTML serves the light and the dark theme and the content security policy
//! can forbid inline styles. Each line is complete in itself: no span crosses a line's end.
//!
//! Our own lexer over a table of languages rather than grammars of regular expressions: those were measured at 100 KB
//! a second with 0.1 to 0.7 s for a language's first use, and at many seconds for hostile lines; this one is linear.

mod languages;
mod lexer;

use orchestra_model::PatchLine;

use self::lexer::Lexer;
use super::{escape_html, push_escaped, visible};

/// Code beyond this many bytes is shown plain: a page pays for each span.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// Lines beyond this many bytes are shown plain: minified code has no structure that a reader could use.
const MOST_LINE_BYTES: usize = 2_000;

/// Every class that [`highlight`] writes: comment, removed, function or key, heading, added, keyword, meta, number or
/// constant, operator, string, type, variable.
pub(super) const CLASSES: &[&str] = &["c", "d", "f", "h", "i", "k", "m", "n", "o", "s", "t", "v"];

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
    let Some(mut lexer) = lexer_for(language_or_path, code.len()) else {
        push_escaped(out, code);
        return false;
    };
    for line in code.split_inclusive('\n') {
        let text = line.strip_suffix('\n').unwrap_or(line);
        push_line(out, &mut lexer, text);
        out.push_str(&line[text.len()..]);
    }
    true
}

/// The lines of one hunk of a diff as safe HTML, each by itself and without its line's end.
///
/// Removed lines are read as a continuation of the old file, added ones of the new file, so that a string that is
/// opened on a removed line does not colour the added ones.
pub fn highlight_hunk(lines: &[PatchLine], path: &str) -> Vec<String> {
    let texts = lines.iter().map(|line| match line {
        PatchLine::Context(text) | PatchLine::Added(text) | PatchLine::Removed(text) => {
            visible(text).replace('\n', " ")
        }
    });
    let texts: Vec<String> = texts.collect();
    let Some(mut new) = lexer_for(path, texts.iter().map(String::len).sum()) else {
        return texts.iter().map(|text| escape_html(text).into_owned()).collect();
    };
    let mut old = new.clone();
    let paint = |(line, text): (&PatchLine, &String)| {
        let mut out = String::with_capacity(text.len() * 2);
        match line {
            PatchLine::Removed(_) => push_line(&mut out, &mut old, text),
            PatchLine::Added(_) => push_line(&mut out, &mut new, text),
            PatchLine::Context(_) => {
                push_line(&mut out, &mut new, text);
                old.clone_from(&new);
            }
        }
        out
    };
    lines.iter().zip(&texts).map(paint).collect()
}

fn lexer_for(language_or_path: &str, size: usize) -> Option<Lexer> {
    if size > MOST_BYTES {
        return None;
    }
    languages::find(language_or_path).map(Lexer::new)
}

/// Appends a line without its end; neighbours of one class share a span.
fn push_line(out: &mut String, lexer: &mut Lexer, text: &str) {
    if text.len() > MOST_LINE_BYTES {
        return push_escaped(out, text);
    }
    let mut open = "";
    lexer.read_line(text, |piece, class| {
        if class != open {
            if !open.is_empty() {
                out.push_str("</span>");
            }
            if !class.is_empty() {
                out.push_str("<span class=\"");
                out.push_str(class);
                out.push_str("\">");
            }
            open = class;
        }
        push_escaped(out, piece);
    });
    if !open.is_empty() {
        out.push_str("</span>");
    }
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
        let first_name = |language: &str| {
            languages::find(language).map(|found| found.names.split(' ').next().expect("it has a name"))
        };
        for (language, name) in [
            ("rust", "rust"),
            ("RS", "rust"),
            ("src/main.rs", "rust"),
            ("/a b/Dockerfile", "dockerfile"),
            ("Dockerfile.dev", "dockerfile"),
            ("Makefile", "makefile"),
            ("Cargo.lock", "toml"),
            ("tsx", "javascript"),
            ("app.mjs", "javascript"),
            ("console", "shell"),
            ("C:\\x\\y.cs", "c#"),
            ("c++", "c"),
            ("yaml", "yaml"),
            ("diff", "diff"),
        ] {
            assert_eq!(first_name(language), Some(name), "{language}");
        }
        for unknown in ["", " ", "text", "txt", "notes.txt", "c.txt", "no-such-language", "../..", "\0"] {
            assert_eq!(first_name(unknown), None, "{unknown}");
        }
    }

    /// Each language's look at one glance: what is coloured stands in `[class text]`.
    #[test]
    fn languages_look_as_they_should() {
        let samples = [
            (
                "rs",
                "#[derive(Debug)]\npub fn go<'a>(x: &'a str) -> Vec<u8> { let c = '\\n'; r#\"a \"b\" c\"#; 1.5e3 }\n/* a /* b */\n c */ const MAX: u8 = 0xFF; // end",
            ),
            (
                "ts",
                "import { a } from \"x\"; // c\nconst re = /[\"']/g.test(s) ? `a\n${b}` : null;\nclass A extends B<string> {}",
            ),
            (
                "py",
                "@cache\ndef f(x: int = 1) -> None:\n    \"\"\"Doc\n    it's\"\"\"\n    return f\"{x}\"  # done",
            ),
            (
                "sh",
                "$ cargo test --all | grep -c \"$HOME\" && FOO=1 ls\nfor i in 1 2; do echo ${i}; done # x#y",
            ),
            ("sql", "SELECT count(*) FROM t WHERE a = 'it''s' -- all"),
            ("json", "{\"a\": [1, -2.5, true, null], \"b\": \"c: d\"}"),
            ("yaml", "# c\na_key: it's # c\n- name: \"x\"\n  url: https://e.com/#a\n  on: true"),
            ("toml", "[package]\nname = \"x\" # c\nn = 1"),
            ("html", "<!-- a\nb --><a href=\"x\" hidden>T &amp; U</a><br/>"),
            (
                "css",
                "@media (width >= 1px) { a:hover { color: #fff; background: url(https://e.com/x); } } /* c */",
            ),
            ("md", "# Title\n- a `code` *b* [c](d) é\n```rs\nfn\n```"),
            ("diff", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z"),
            ("dockerfile", "FROM rust:1 AS build # x\nRUN cargo build --release"),
            ("c", "#include <a.h>\nint main(void) { return 'a'; }"),
        ];
        let mut shown = String::new();
        for (language, code) in samples {
            let html = highlight(code, language);
            let marked = html.replace("<span class=\"", "[").replace("</span>", "]").replace("\">", " ");
            shown.push_str(&format!("{language}\n{marked}\n\n"));
        }
        insta::assert_snapshot!(shown);
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
    fn every_class_has_a_colour() {
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
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn colours_change_no_character(
            code in "([a-z0-9 \n\"'`/*#(){}<>&;=+$@:_r!-]|\\PC){0,200}",
            language in prop::sample::select(vec![
                "rs", "js", "py", "sh", "html", "md", "yaml", "toml", "diff", "c", "css", "json", "sql", "hs", "rb", "clj", "?",
            ])
        ) {
            let shown = visible(&code).into_owned();
            let html = highlight(&code, language);
            prop_assert_eq!(text_of(&html), shown);
            for class in html.split("class=\"").skip(1) {
                prop_assert!(CLASSES.contains(&&class[..1]));
            }
            for line in html.lines() {
                prop_assert_eq!(line.matches("<span ").count(), line.matches("</span>").count());
            }
        }
    }
}
