//! Markdown as one line of plain words, for lists.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::is_reasonable_markdown;
use crate::prompt;

/// How much of a text is looked at for one character of its line, in bytes.
const BYTES_A_CHARACTER: usize = 16;

/// The beginning of a Markdown text as one line of at most `most` characters, without the marks: what follows a
/// heading is parted from it by a colon, items of a list begin with a dash, the fences of code and the addresses of links are gone.
pub fn brief(text: &str, most: usize) -> String {
    let text = prompt::cut(text.trim_start(), most.saturating_mul(BYTES_A_CHARACTER));
    if !is_reasonable_markdown(text) {
        return one_line(text, most);
    }
    let mut line = String::with_capacity(text.len());
    let mut is_titled = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        if is_titled && line.ends_with(char::is_alphanumeric) {
            line.push(':');
        }
        if is_titled {
            line.push(' ');
        }
        is_titled = matches!(event, Event::End(TagEnd::Heading(_)));
        match event {
            Event::Text(words)
            | Event::Code(words)
            | Event::Html(words)
            | Event::InlineHtml(words)
            | Event::InlineMath(words)
            | Event::DisplayMath(words) => line.push_str(&words),
            Event::Start(Tag::Item) => line.push_str("- "),
            Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::End(
                TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::TableCell,
            ) => line.push(' '),
            _ => {}
        }
    }
    let line = one_line(&line, most);
    // Marks and nothing else: better than no word at all.
    if line.is_empty() { one_line(text, most) } else { line }
}

fn one_line(text: &str, most: usize) -> String {
    prompt::one_line(text, most).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_are_gone_and_the_words_stay() {
        let text = "## Done\n\nThe **cart** has `total()`, see [the issue](https://example.org/1).\n\n- tests pass\n- 2 * 3 is 6\n\n```rust\nfn total() {}\n```";
        assert_eq!(
            brief(text, 200),
            "Done: The cart has total(), see the issue. - tests pass - 2 * 3 is 6 fn total() {}"
        );
        assert_eq!(brief("# All green!\nNothing left.", 200), "All green! Nothing left.");
        assert_eq!(brief("### Plan", 200), "Plan");
        assert_eq!(brief("| a | b |\n|---|---|\n| 1 | 2 |", 200), "a b 1 2");
    }

    #[test]
    fn what_is_no_markdown_stays_as_it_is() {
        for text in ["snake_case and a*b", "<div> is not centred", "1 < 2 && 3 > 2", "***", "---"] {
            assert_eq!(brief(text, 200), text);
        }
        assert_eq!(brief("", 200), "");
    }

    #[test]
    fn it_is_short_however_long_the_text_is() {
        assert_eq!(brief(&"ä".repeat(100_000), 3), "äää…");
        assert_eq!(brief(&format!("{} deep", "> ".repeat(1_000)), 5).chars().count(), 6);
    }
}
