use proptest::prelude::*;

use super::*;
use crate::render::{is_hidden, sanitize::TAGS};

#[test]
fn a_reply_of_every_kind_of_block() {
    let text = "\
# Plan

Some *emphasis*, **strength**, ~~regret~~ and `code`.
A second line[^1].

- [x] done
- [ ] to do
  1. nested
  2. list

> quoted

| name | size |
| :--- | ---: |
| a<br>b | 12 |

```rust,ignore
fn main() {}
```

    indented

---

See [the docs](https://example.com/?a=1&b=2 \"title\"), <ada@example.com> and [src/a.rs](src/a.rs:12).

[^1]: A note.
";
    insta::assert_snapshot!(markdown(text));
}

#[test]
fn raw_html_is_shown_as_text() {
    assert_eq!(
        markdown("a <b onclick=\"x\">bold</b> <!-- c -->"),
        "<p>a &lt;b onclick=\"x\"&gt;bold&lt;/b&gt; &lt;!-- c --&gt;</p>\n"
    );
    assert_eq!(
        markdown("<script>\nalert(1)\n</script>\n"),
        "<p class=\"md-raw\">&lt;script&gt;\nalert(1)\n&lt;/script&gt;\n</p>\n"
    );
}

#[test]
fn only_web_and_mail_links_are_links() {
    let rel = "rel=\"noopener noreferrer nofollow\"";
    for (text, html) in [
        ("[x](https://e.com)", format!("<a href=\"https://e.com\" {rel}>x</a>")),
        ("[x](HTTP://e.com)", format!("<a href=\"HTTP://e.com\" {rel}>x</a>")),
        ("<mailto:a@e.com>", format!("<a href=\"mailto:a@e.com\" {rel}>mailto:a@e.com</a>")),
        ("[](https://e.com)", format!("<a href=\"https://e.com\" {rel}>https://e.com</a>")),
        ("[x](javascript:alert(1))", "x (<code>javascript:alert(1)</code>)".to_owned()),
        ("[x](java\tscript:alert(1))", "[x](java\tscript:alert(1))".to_owned()),
        ("[x](<java&#x09;script:a>)", "x (<code>java\tscript:a</code>)".to_owned()),
        ("[x](data:text/html,y)", "x (<code>data:text/html,y</code>)".to_owned()),
        ("[x](//e.com)", "x (<code>//e.com</code>)".to_owned()),
        ("[x](https:e.com)", "x (<code>https:e.com</code>)".to_owned()),
        ("[x](#top)", "x (<code>#top</code>)".to_owned()),
        ("[a.rs](a.rs)", "a.rs".to_owned()),
        ("[x](file:///etc/passwd)", "x (<code>file:///etc/passwd</code>)".to_owned()),
    ] {
        assert_eq!(markdown(text), format!("<p>{html}</p>\n"), "{text}");
    }
}

#[test]
fn images_are_named_and_not_loaded() {
    let rel = "rel=\"noopener noreferrer nofollow\"";
    for (text, html) in [
        (
            "![a cat](https://e.com/c.png)",
            format!(
                "<span class=\"md-image\">image: a cat (<a href=\"https://e.com/c.png\" {rel}>https://e.com/c.png</a>)</span>"
            ),
        ),
        ("![a cat](c.png)", "<span class=\"md-image\">image: a cat (<code>c.png</code>)</span>".to_owned()),
        (
            "[![badge](https://e.com/b.svg)](https://e.com)",
            format!(
                "<a href=\"https://e.com\" {rel}><span class=\"md-image\">image: badge (<code>https://e.com/b.svg</code>)</span></a>"
            ),
        ),
    ] {
        assert_eq!(markdown(text), format!("<p>{html}</p>\n"), "{text}");
    }
    let html = markdown(&format!("![x](data:image/png;base64,{})", "A".repeat(5000)));
    assert!(html.len() < 400 && html.contains("AAA…"), "{html}");
}

#[test]
fn headings_keep_the_outline_of_the_page() {
    let levels =
        |text: &str| markdown(text).split("<h").skip(1).map(|rest| rest[..1].to_owned()).collect::<String>();
    assert_eq!(levels("# a\n## b\n### c\n#### d\n##### e\n## f\n# g"), "3456643");
    assert_eq!(levels("#### a\n# b\n### c\n## d"), "3344");
    assert_eq!(levels("#\n\n## b\n\n# \n"), "3");
}

#[test]
fn a_header_cell_without_words_is_no_header() {
    let html = markdown("|  | b |\n|--|--:|\n| 1 | 2 |");
    assert!(html.contains("<tr><td></td><th scope=\"col\" class=\"md-right\">b</th></tr>"), "{html}");
}

#[test]
fn a_code_block_says_its_language_and_takes_the_focus() {
    let html = markdown("```rust title=\"x\"\nlet a = \"<b>\";\n```");
    assert_eq!(
        html,
        "<pre class=\"code\" tabindex=\"0\" role=\"group\" aria-label=\"Code, rust\"><code>\
         <span class=\"k\">let</span> a <span class=\"o\">=</span> <span class=\"s\">\"&lt;b&gt;\"</span>;\n\
         </code></pre>\n"
    );
}

#[test]
fn hidden_characters_are_shown_also_where_entities_make_them() {
    assert_eq!(markdown("a\u{202e}b\x1b[31mc"), "<p>a⟨U+202E⟩bc</p>\n");
    assert_eq!(markdown("a&#x202e;b&#27;[31m"), "<p>a⟨U+202E⟩b␛[31m</p>\n");
    assert_eq!(markdown("[x](https://e.com/&#x202e;)").matches('\u{202e}').count(), 0);
}

#[test]
fn colour_is_bounded_for_the_whole_text() {
    let block = format!("```rs\n{}```\n\n", "let a = 1;\n".repeat(2000));
    let html = markdown(&block.repeat(4));
    let coloured = html.matches("<span class=\"k\">").count();
    assert_eq!(coloured, 2000 * 2, "two blocks of 22,000 bytes fit into 64 KB");
}

#[test]
fn too_large_or_too_deep_is_shown_plain() {
    let large = "*a* <b>\n".repeat(40_000);
    let html = markdown(&large);
    assert!(html.starts_with("<pre class=\"md-plain\""));
    assert!(html.contains("*a* &lt;b&gt;\n"));
    assert!(markdown(&">".repeat(10_000)).starts_with("<pre class=\"md-plain\""));
    assert!(markdown(&"- ".repeat(10_000)).starts_with("<pre class=\"md-plain\""));
    assert_eq!(markdown(&"-".repeat(10_000)), "<hr>\n");
}

/// Inputs that have brought down Markdown renderers: each must give an answer, without a deep stack.
#[test]
fn deep_and_hostile_nesting_gives_an_answer() {
    let n = 10_000;
    let staircase: String = (0..400).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect();
    let quotes: String = (1..60).map(|depth| format!("{} a\n", ">".repeat(depth))).collect();
    for text in [
        "[".repeat(n),
        "![".repeat(n),
        "[a](".repeat(n),
        format!("{}a{}", "[".repeat(n), "](b)".repeat(n)),
        format!("{}a{}", "![".repeat(n), "](b)".repeat(n)),
        format!("{}a{}", "*".repeat(n), "*".repeat(n)),
        "*a **b ".repeat(n),
        "**a *b_ ~~".repeat(n),
        "`a``".repeat(n),
        "<a ".repeat(n),
        "<!--".repeat(n),
        "&#x1;".repeat(n),
        "[^1]: ".repeat(n),
        format!("{}\n[^1]: b", "[^1]".repeat(n)),
        "|".repeat(n),
        format!("|a|b|\n|-|-|\n{}", "|\n".repeat(n)),
        format!("{}\n{}\n{}", "|a".repeat(500), "|-".repeat(500), "|\n".repeat(n)),
        format!("{}\n{}", "> ".repeat(60), "> a\n".repeat(n)),
        format!("{}a\n{}", "- ".repeat(60), "\n".repeat(n)),
        staircase,
        quotes,
        "\u{0}".repeat(n),
        "&lt;".repeat(n),
        "~~~\n".repeat(n),
        "# ".repeat(n),
        "1. \n".repeat(n),
        format!("[a]: {}\n\n{}", "b".repeat(n), "[a] ".repeat(n)),
    ] {
        let html = markdown(&text);
        let depth = html.split('<').skip(1).fold((0_i64, 0_i64), |(now, most), tag| {
            let now = match tag.as_bytes().first() {
                Some(b'/') => now - 1,
                _ if tag.starts_with("br>") || tag.starts_with("hr>") => now,
                _ => now + 1,
            };
            (now, most.max(now))
        });
        assert_eq!(depth.0, 0);
        assert!(depth.1 <= 2 * MOST_DEPTH as i64, "{} deep", depth.1);
        assert!(html.len() < 40 * text.len() + 1000, "{} bytes from {}", html.len(), text.len());
    }
}

/// Every tag in a piece of HTML as its name and its attributes.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    html.split('<')
        .skip(1)
        .map(|rest| {
            let inside = rest.split('>').next().unwrap_or("").trim_start_matches('/');
            let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
            let mut attributes = Vec::new();
            while let Some((attribute, value)) = rest.split_once("=\"") {
                let (value, after) = value.split_once('"').expect("a quoted value ends");
                attributes.push((attribute.trim().to_owned(), value.to_owned()));
                rest = after;
            }
            assert_eq!(rest.trim(), "", "<{inside}>");
            (name.to_owned(), attributes)
        })
        .collect()
}

fn check_is_safe(text: &str) {
    let html = markdown(text);
    for (name, attributes) in tags(&html) {
        assert!(TAGS.contains(&name.as_str()), "<{name}> from {text:?}");
        for (attribute, value) in attributes {
            match attribute.as_str() {
                "href" => assert!(leads_to_the_web(&value), "{value} from {text:?}"),
                "rel" | "class" | "tabindex" | "role" | "aria-label" | "start" | "scope" => {}
                _ => panic!("{attribute} from {text:?}"),
            }
        }
    }
    for character in html.chars() {
        assert!(
            !is_hidden(character) || matches!(character, '\u{200c}' | '\u{200d}'),
            "{character:?} from {text:?}"
        );
    }
}

#[test]
fn known_attacks_are_text() {
    for text in [
        "<img src=x onerror=alert(1)>",
        "[x](javascript&colon;alert(1))",
        "[x](\u{1}javascript:alert(1))",
        "![x](javascript:alert(1))",
        "[x](https://e.com\"onclick=\"alert(1))",
        "[x](<https://e.com/\"><script>alert(1)</script>>)",
        "<https://e.com/\"onmouseover=alert(1)>",
        "[a]: javascript:alert(1)\n[a]",
        "```\"><script>alert(1)</script>\nx\n```",
        "```rust\"onfocus=\"alert(1)\nx\n```",
        "<svg/onload=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "[x](vbscript:x) [y](DATA:text/html;base64,AAAA)",
        "<textarea><img src=x onerror=alert(1)></textarea>",
        "[^<script>]: x\n[^<script>]",
        "| <td onclick=x> |\n|-|\n| <script> |",
    ] {
        check_is_safe(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_the_text_says_the_html_is_safe(text in "\\PC{0,80}|(.|\n){0,120}") {
        check_is_safe(&text);
    }

    #[test]
    fn markup_in_any_order_is_safe(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "<", ">", "\"", "'", "`", "```", "\n", "\n\n", "    ", "- ", "1. ", "> ", "# ", "| ", "|-|-|\n", "*", "**",
                "_", "~~", "[", "]", "(", ")", "![", "](", "javascript:", "https://e.com", "data:", "mailto:", "&#x3c;",
                "&lt;", "&colon;", "&#x202e;", "<script>", "</script>", "<img src=x onerror=y>", "<!--", "-->",
                "<a href=\"javascript:x\">", "<br>", "onclick=\"x\"", "[^1]", "[^1]: ", "[ ] ", "[x] ", "\\", "\t", "é",
                "\u{202e}", "\u{1b}[31m", "word", "<![CDATA[", "<?", "&quot;", "=\"",
            ]),
            0..40,
        )
    ) {
        check_is_safe(&parts.concat());
    }
}
