//! Markdown as safe HTML for a page that has its own `h1` and `h2`.
//!
//! Our own writer over the parser's events rather than the parser's HTML: raw HTML is shown as the text it is, images
//! are named and not loaded, links that lead nowhere on the web become text, headings follow the page's order, and
//! nesting has a bound. It writes no ids, so that many texts can stand on one page.

use std::collections::HashMap;

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{escape_html, highlight, push_escaped, sanitize::sanitize, visible};

/// Markdown beyond this many bytes is shown as plain text.
const MOST_BYTES: usize = 256 * 1024;

/// Elements nested deeper than this are shown in the innermost one that is left.
const MOST_DEPTH: usize = 32;

/// Quotes and lists that one line may open; a line with more makes the text plain. Each further line of such a text
/// costs the parser a look at every one of them.
const MOST_CONTAINERS_A_LINE: usize = 64;

/// A link's or an image's address is shown up to this many characters.
const MOST_ADDRESS_SHOWN: usize = 200;

/// Markdown (with tables, strikethrough, task lists and footnotes) as safe HTML.
///
/// The HTML holds only a short list of tags, links to `http`, `https` and `mailto` addresses, and our own classes; no
/// image, no id, no style, no script, whatever the text says. Code blocks are coloured (64 KB of them a text) and can
/// be scrolled with the keyboard, as tables can. Text over 256 KB, or nested beyond sense, comes escaped in a `<pre>`.
pub fn markdown(text: &str) -> String {
    let text = visible(text);
    if !is_reasonable(&text) {
        return plain(&text);
    }
    let mut writer = Writer::default();
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES;
    for event in Parser::new_ext(&text, options) {
        writer.event(event);
    }
    sanitize(&writer.out)
}

/// Whether a text is small and flat enough to be worth the parser's time.
pub(crate) fn is_reasonable(text: &str) -> bool {
    text.len() <= MOST_BYTES && !opens_too_much(text)
}

/// Text as it is, in one block.
fn plain(text: &str) -> String {
    format!(
        "<pre class=\"md-plain\" tabindex=\"0\" role=\"group\" aria-label=\"Text\">{}</pre>",
        escape_html(text)
    )
}

/// Whether a line opens more quotes and lists than a person would.
fn opens_too_much(text: &str) -> bool {
    text.lines().any(|line| {
        let bytes = line.as_bytes();
        let marks = bytes
            .iter()
            .take_while(|byte| {
                matches!(byte, b' ' | b'\t' | b'>' | b'-' | b'+' | b'*' | b'.' | b')' | b'0'..=b'9')
            })
            .filter(|byte| matches!(byte, b'>' | b'-' | b'+' | b'*' | b'.' | b')'));
        // A long rule of dashes or stars opens nothing.
        marks.count() > MOST_CONTAINERS_A_LINE && !is_rule(line)
    })
}

/// Whether a line is one mark over and over: a thematic break, or the line under a heading.
fn is_rule(line: &str) -> bool {
    let trimmed = line.trim();
    let mut bytes = trimmed.bytes();
    matches!(bytes.next(), Some(first @ (b'-' | b'*')) if !trimmed.contains(' ') && bytes.all(|byte| byte == first))
}

/// Writes the HTML, one event after the other.
#[derive(Default)]
struct Writer<'a> {
    out: String,
    /// What closes each open element; `None` for one that was not written.
    open: Vec<Option<&'static str>>,
    /// The source levels of the headings that enclose this place.
    headings: Vec<HeadingLevel>,
    /// The links and images we are in, and how many of them are anchors.
    links: Vec<Link<'a>>,
    anchors: usize,
    /// The language of the code block we are in, and its text so far.
    code: Option<(String, String)>,
    /// How much code was coloured.
    coloured: usize,
    /// The numbers of footnotes, by first mention.
    footnotes: HashMap<CowStr<'a>, usize>,
    /// The alignments of the table's columns, whether we are in its head, which cell comes next and where it began.
    alignments: Vec<Alignment>,
    in_head: bool,
    cell: usize,
    /// Where the content of a heading or a cell began.
    content_from: usize,
}

/// A link or an image that is being written.
struct Link<'a> {
    address: CowStr<'a>,
    is_image: bool,
    /// Whether an `<a>` was opened.
    is_anchor: bool,
    /// Where its text began.
    text_from: usize,
}

impl<'a> Writer<'a> {
    fn event(&mut self, event: Event<'a>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.text(&text),
            },
            Event::Code(text) => {
                self.out.push_str("<code>");
                self.text(&text);
                self.out.push_str("</code>");
            }
            // The one tag that models write on purpose, for want of a line break in table cells.
            Event::InlineHtml(html) if matches!(html.as_ref(), "<br>" | "<br/>" | "<br />") => {
                self.out.push_str("<br>");
            }
            Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => {
                self.text(&text);
            }
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>\n"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(done) => self.out.push_str(if done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(name) => {
                let number = self.footnote_number(name);
                self.out.push_str(&format!("<sup>[{number}]</sup>"));
            }
        }
    }

    /// Text, which the parser may have decoded hidden characters from (`&#x202E;`).
    fn text(&mut self, text: &str) {
        push_escaped(&mut self.out, &visible(text));
    }

    fn footnote_number(&mut self, name: CowStr<'a>) -> usize {
        let next = self.footnotes.len() + 1;
        *self.footnotes.entry(name).or_insert(next)
    }

    /// Opens an element unless it would nest too deep, and remembers how to close it.
    fn open(&mut self, tag: &str, close: &'static str) -> bool {
        let fits = self.open.len() < MOST_DEPTH;
        if fits {
            self.out.push_str(tag);
        }
        self.open.push(fits.then_some(close));
        fits
    }

    fn close(&mut self) {
        match self.open.pop().flatten() {
            Some(close) => self.out.push_str(close),
            // Words of what was not written as an element of its own still stand apart.
            None => self.out.push('\n'),
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::Paragraph => _ = self.open("<p>", "</p>\n"),
            Tag::HtmlBlock => _ = self.open("<p class=\"md-raw\">", "</p>\n"),
            Tag::Heading { level, .. } => self.start_heading(level),
            Tag::BlockQuote(_) => _ = self.open("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language_of(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(Some(1)) => _ = self.open("<ol>\n", "</ol>\n"),
            Tag::List(Some(start)) => _ = self.open(&format!("<ol start=\"{start}\">\n"), "</ol>\n"),
            Tag::List(None) => _ = self.open("<ul>\n", "</ul>\n"),
            Tag::Item => _ = self.open("<li>", "</li>\n"),
            Tag::FootnoteDefinition(name) => {
                let number = self.footnote_number(name);
                if self.open("<div class=\"md-footnote\">", "</div>\n") {
                    self.out.push_str(&format!("<sup>[{number}]</sup> "));
                }
            }
            Tag::Table(alignments) => {
                self.alignments = alignments;
                let wrapper =
                    "<div class=\"md-table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>";
                self.open(wrapper, "</tbody></table></div>\n");
            }
            Tag::TableHead => {
                self.in_head = true;
                self.cell = 0;
                self.open("<thead><tr>", "</tr></thead><tbody>\n");
            }
            Tag::TableRow => {
                self.in_head = false;
                self.cell = 0;
                self.open("<tr>", "</tr>\n");
            }
            Tag::TableCell => self.start_cell(),
            Tag::Emphasis => _ = self.open("<em>", "</em>"),
            Tag::Strong => _ = self.open("<strong>", "</strong>"),
            Tag::Strikethrough => _ = self.open("<del>", "</del>"),
            Tag::Link { dest_url, link_type, .. } => {
                let address = match link_type {
                    pulldown_cmark::LinkType::Email => CowStr::from(format!("mailto:{dest_url}")),
                    _ => dest_url,
                };
                self.start_link(address, false);
            }
            Tag::Image { dest_url, .. } => self.start_link(dest_url, true),
            // Not asked of the parser: their text stands for itself.
            Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => self.open.push(None),
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::TableCell => self.end_cell(),
            _ => self.close(),
        }
    }

    /// Headings begin at `h3` and grow by one at most, whatever levels the text uses: the page's outline stays whole.
    fn start_heading(&mut self, level: HeadingLevel) {
        while self.headings.last().is_some_and(|enclosing| *enclosing >= level) {
            self.headings.pop();
        }
        self.headings.push(level);
        let (tag, close) = match self.headings.len() {
            1 => ("<h3>", "</h3>\n"),
            2 => ("<h4>", "</h4>\n"),
            3 => ("<h5>", "</h5>\n"),
            _ => ("<h6>", "</h6>\n"),
        };
        self.open(tag, close);
        self.content_from = self.out.len();
    }

    /// A heading without words is no heading: a screen reader would announce nothing.
    fn end_heading(&mut self) {
        if self.out[self.content_from.min(self.out.len())..].trim().is_empty() {
            self.out.truncate(self.content_from);
            if self.open.pop().flatten().is_some() {
                self.out.truncate(self.out.len() - "<h3>".len());
            }
            self.headings.pop();
        } else {
            self.close();
        }
    }

    fn start_cell(&mut self) {
        let class = match self.alignments.get(self.cell) {
            Some(Alignment::Center) => " class=\"md-center\"",
            Some(Alignment::Right) => " class=\"md-right\"",
            _ => "",
        };
        self.cell += 1;
        if self.in_head {
            self.open(&format!("<th scope=\"col\"{class}>"), "</th>");
        } else {
            self.open(&format!("<td{class}>"), "</td>");
        }
        self.content_from = self.out.len();
    }

    /// A header cell without words heads nothing: it becomes an ordinary one.
    fn end_cell(&mut self) {
        if self.in_head && self.content_from == self.out.len() && self.open.pop().flatten().is_some() {
            let tag_from = self.out.rfind('<').unwrap_or(self.out.len());
            self.out.truncate(tag_from);
            self.out.push_str("<td></td>");
        } else {
            self.close();
        }
    }

    fn start_link(&mut self, address: CowStr<'a>, is_image: bool) {
        let is_anchor =
            !is_image && self.anchors == 0 && leads_to_the_web(&address) && self.open.len() < MOST_DEPTH;
        if is_image {
            self.open("<span class=\"md-image\">", "</span>");
            self.out.push_str("image: ");
        } else if is_anchor {
            let tag = format!("<a href=\"{}\">", escape_html(&visible(&address)));
            self.open(&tag, "</a>");
        } else {
            self.open.push(None);
        }
        self.anchors += usize::from(is_anchor);
        self.links.push(Link { address, is_image, is_anchor, text_from: self.out.len() });
    }

    /// Ends a link or an image; where the address would be lost, or there is nothing else to show, it is shown.
    fn end_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        let shown = shortened(&visible(&link.address));
        let address = escape_html(&shown);
        let text = self.out.get(link.text_from..).unwrap_or("").trim();
        let (is_empty, is_address) = (text.is_empty(), text == address);
        if link.is_anchor {
            self.anchors -= 1;
            if is_empty {
                self.out.push_str(&address);
            }
        } else if link.is_image && leads_to_the_web(&link.address) && self.anchors == 0 {
            let target = escape_html(&link.address).into_owned();
            let before = if is_empty { "" } else { " " };
            self.out.push_str(&format!("{before}(<a href=\"{target}\">{address}</a>)"));
        } else if !address.is_empty() && !is_address {
            let before = if is_empty { "" } else { " " };
            self.out.push_str(&format!("{before}(<code>{address}</code>)"));
        }
        if let Some(close) = self.open.pop().flatten() {
            self.out.push_str(close);
        }
    }

    fn end_code(&mut self) {
        let Some((language, code)) = self.code.take() else { return };
        let code = visible(&code);
        let label = if language.is_empty() { "Code".to_owned() } else { format!("Code, {language}") };
        let label = escape_html(&label);
        self.out.push_str(&format!(
            "<pre class=\"code\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\"><code>"
        ));
        let is_affordable = self.coloured + code.len() <= highlight::MOST_BYTES;
        if is_affordable && highlight::highlight_into(&mut self.out, &code, &language) {
            // A block costs something by itself too.
            self.coloured += code.len().max(64);
        } else if !is_affordable {
            push_escaped(&mut self.out, &code);
        }
        self.out.push_str("</code></pre>\n");
    }
}

/// The language a fence names: its first word, without the attributes that some writers add.
fn language_of(info: &str) -> String {
    let word = info.split([' ', '\t', ',', '{', ':']).next().unwrap_or("");
    word.chars()
        .filter(|character| character.is_alphanumeric() || "+#.-_/".contains(*character))
        .take(40)
        .collect()
}

/// Whether a link may be followed: the web and mail, nothing that acts on this page or this machine.
fn leads_to_the_web(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once(':') else { return false };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.starts_with("//"),
        "mailto" => true,
        _ => false,
    }
}

/// An address as it is shown: long ones (`data:`) keep their beginning.
fn shortened(address: &str) -> String {
    match address.char_indices().nth(MOST_ADDRESS_SHOWN) {
        Some((end, _)) => format!("{}…", &address[..end]),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests;
