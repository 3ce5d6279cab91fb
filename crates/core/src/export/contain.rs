//! Keeps Markdown that someone else wrote inside its place in a Markdown document: whatever it holds, what follows it
//! is read as if it had not been there.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::render::{is_reasonable_markdown, visible};

/// Stands for what follows when a text is tried.
const NEXT: &str = "\n\nnext\n";

/// The text as Markdown that ends where it ends.
///
/// Raw HTML is written so that it is shown and not obeyed, and an open fence is closed. A text that cannot be kept in
/// this way, by being hostile or huge, comes as a block of plain text. With `keep_lines`, lines that Markdown would
/// join stay apart.
pub(super) fn contain(text: &str, keep_lines: bool) -> String {
    let text = visible(text);
    let text = text.trim_matches('\n').trim_end();
    if is_reasonable_markdown(text) {
        let mut kept = without_html(text, keep_lines);
        if let Some(fence) = open_fence(&kept) {
            kept.push('\n');
            kept.push_str(&fence);
        }
        if is_contained(&kept) {
            return kept;
        }
    }
    fenced(text, "text")
}

/// A text in a fence longer than any run of backticks in it. The language is a name or a file's extension.
pub(super) fn fenced(text: &str, language: &str) -> String {
    let text = visible(text);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let is_name = |character: &char| character.is_ascii_alphanumeric() || "+#-_".contains(*character);
    let language: String = language.chars().filter(is_name).take(20).collect();
    format!("{fence}{language}\n{text}\n{fence}")
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
}

/// The text with the raw HTML in it written as text.
fn without_html(text: &str, keep_lines: bool) -> String {
    let mut kept = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        // Events of links and images come in order of their beginnings, but definitions may reach back.
        if range.start < from {
            continue;
        }
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                kept.push_str(&text[from..range.start]);
                kept.push_str(&text[range.clone()].replace('<', "&lt;"));
                from = range.end;
            }
            Event::SoftBreak if keep_lines => {
                kept.push_str(&text[from..range.start]);
                kept.push('\\');
                from = range.start;
            }
            _ => {}
        }
    }
    kept.push_str(&text[from..]);
    kept
}

/// The fence that a text leaves open at its end, if it does.
fn open_fence(text: &str) -> Option<String> {
    let trial = format!("{text}{NEXT}");
    let mut depth = 0_usize;
    let mut last = None;
    for (event, range) in Parser::new_ext(&trial, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) if depth == 0 => {
                last = Some(range);
                depth += 1;
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    let range = last.filter(|range| range.end > text.len() + 2)?;
    let opening = trial[range].trim_start();
    let mark = opening.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    Some(opening.chars().take_while(|character| *character == mark).collect())
}

/// Whether a text is over where it ends, and holds no raw HTML.
fn is_contained(text: &str) -> bool {
    let trial = format!("{text}{NEXT}");
    let next_from = text.len() + 2;
    let mut depth = 0_usize;
    let mut follows = false;
    for (event, range) in Parser::new_ext(&trial, options()).into_offset_iter() {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => return false,
            Event::Start(Tag::Paragraph) if depth == 0 && range.start == next_from => {
                follows = true;
                depth += 1;
            }
            Event::End(TagEnd::Paragraph) if depth == 1 && range.start == next_from => depth -= 1,
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    follows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_markdown_stays_as_it_is() {
        for text in
            ["a *b*\n\n- c\n- d", "```rust\nlet a = \"<b>\";\n```", "a\nb `<c>` 1 < 2", "| a |\n|-|\n| b |"]
        {
            assert_eq!(contain(text, false), text);
        }
        assert_eq!(contain("\na\nb\n\nc\n", true), "a\\\nb\n\nc");
    }

    #[test]
    fn what_would_reach_out_is_held() {
        for (text, held) in [
            ("```sh\nls", "```sh\nls\n```"),
            ("~~~~\n```\nls", "~~~~\n```\nls\n~~~~"),
            ("a <b>x</b>", "a &lt;b>x&lt;/b>"),
            ("<!--", "&lt;!--"),
            ("<details>\n<summary>x", "&lt;details>\n&lt;summary>x"),
            ("<script>\n\n```", "&lt;script>\n\n```\n```"),
            ("- a\n  ```\n  b", "- a\n  ```\n  b"),
        ] {
            assert_eq!(contain(text, false), held, "{text:?}");
        }
        assert!(contain(&">".repeat(1000), false).starts_with("```text\n"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]
        #[test]
        fn nothing_breaks_out(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "`", "``", "```", "````", "~~~", "\n", "\n\n", "    ", "  ", "- ", "1. ", "> ", "# ", "| ", "|-|-|\n", "*",
                    "[", "]", "(", ")", "![", "](", "<", ">", "<!--", "-->", "<details>", "</details>", "<script>", "<b>",
                    "[^1]: ", "[a]: ", "\\", "\t", "x", "é", "---\n", "===\n", "<![CDATA[", "<?", "&lt;", "\u{c}", "\r",
                ]),
                0..30,
            ),
            keep_lines in any::<bool>(),
        ) {
            let text = parts.concat();
            let kept = contain(&text, keep_lines);
            prop_assert!(is_contained(&kept), "{:?} from {:?}", kept, text);

            let document = format!("a\n\n{}\n\nb\n", fenced(&text, "x`\ny"));
            let mut code = String::new();
            let mut blocks = 0;
            let mut in_code = false;
            for event in Parser::new_ext(&document, options()) {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => { in_code = true; blocks += 1; }
                    Event::End(TagEnd::CodeBlock) => in_code = false,
                    Event::Text(part) if in_code => code.push_str(&part),
                    _ => {}
                }
            }
            prop_assert_eq!(blocks, 1);
            let shown = visible(&text).into_owned();
            prop_assert_eq!(code, shown.strip_suffix('\n').unwrap_or(&shown).to_owned() + "\n");
        }
    }
}
