//! The last fence before a page: an allow-list of tags, attributes and classes over finished HTML.
//!
//! The Markdown writer makes nothing else in the first place; this is what holds when it, or the parser below it, is
//! wrong one day. It adds `rel` to every link.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};

use super::highlight::CLASSES;

/// Every tag that may stand in rendered Markdown.
pub const TAGS: &[&str] = &[
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

static FENCE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let set = |names: &[&'static str]| names.iter().copied().collect::<HashSet<_>>();
    let mut fence = Builder::empty();
    fence
        .tags(set(TAGS))
        .tag_attributes(HashMap::from([
            ("a", set(&["href"])),
            ("ol", set(&["start"])),
            ("pre", set(&["aria-label"])),
            ("div", set(&["aria-label"])),
        ]))
        .tag_attribute_values(HashMap::from([
            ("pre", HashMap::from([("tabindex", set(&["0"])), ("role", set(&["group"]))])),
            ("div", HashMap::from([("tabindex", set(&["0"])), ("role", set(&["group"]))])),
            ("th", HashMap::from([("scope", set(&["col"]))])),
        ]))
        .allowed_classes(HashMap::from([
            ("span", CLASSES.iter().copied().chain(["md-image"]).collect()),
            ("pre", set(&["code", "md-plain"])),
            ("div", set(&["md-table", "md-footnote"])),
            ("p", set(&["md-raw"])),
            ("td", set(&["md-center", "md-right"])),
            ("th", set(&["md-center", "md-right"])),
        ]))
        .url_schemes(set(&["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    fence
});

/// The same HTML with nothing in it that is not on the list.
pub(super) fn sanitize(html: &str) -> String {
    FENCE.clean(html).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_gets_through() {
        for (html, left) in [
            ("<script>alert(1)</script>x", "x"),
            ("<img src=x onerror=alert(1)>", ""),
            (
                "<p onclick=\"x\" style=\"a\" id=\"b\" class=\"md-raw evil\">y</p>",
                "<p class=\"md-raw\">y</p>",
            ),
            ("<a href=\"javascript:alert(1)\">x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
            ("<a href=\"/relative\">x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
            ("<pre tabindex=\"5\" role=\"button\">x</pre>", "<pre>x</pre>"),
            ("<!-- x --><svg><style>y</style></svg>", ""),
        ] {
            assert_eq!(sanitize(html), left, "{html}");
        }
    }
}
