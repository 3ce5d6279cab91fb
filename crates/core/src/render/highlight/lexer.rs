//! Reads code line by line and says what each piece of it is.
//!
//! One pass with bounded looking ahead, within a line only; what it remembers between lines is one small value. It
//! never fails and never loses a character: the pieces of a line put together are the line.

use super::languages::{Family, Habit, Language, has_word};

/// As many operator characters are looked at together.
const LONGEST_OPERATOR: usize = 8;

/// Where a line begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Plain,
    /// In a comment over lines, this deep.
    Comment(u8),
    /// In a string of the language's quotes.
    String(usize),
    /// In a raw string that ends with `"` and this many `#`.
    RawString(usize),
    /// In a tag of markup.
    Tag,
    /// In a fenced block of prose.
    Fence,
}

/// Reads one text of one language.
#[derive(Clone, Debug)]
pub(super) struct Lexer {
    language: &'static Language,
    state: State,
}

/// A line on its way: what is left of it, and where its pieces go.
struct Line<'a, F> {
    text: &'a str,
    at: usize,
    emit: F,
    /// The last byte that was not white space, for telling a division from a regular expression.
    before: u8,
    /// Whether the next word is what a command line runs.
    starts_command: bool,
    /// The last keyword of the line while nothing but white space followed it.
    after_keyword: &'a str,
}

impl<'a, F: FnMut(&'a str, &'static str)> Line<'a, F> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over this many bytes, which are of this class.
    fn take(&mut self, length: usize, class: &'static str) {
        let piece = &self.rest()[..length];
        if let Some(last) = piece.trim_end().bytes().next_back() {
            self.before = last;
            self.after_keyword = if class == "k" { piece } else { "" };
        }
        (self.emit)(piece, class);
        self.at += length;
    }
}

/// How many bytes at the beginning of a text are such bytes; those of characters beyond ASCII count as `other`.
fn run(text: &str, is_in: impl Fn(u8) -> bool, other: bool) -> usize {
    text.bytes().take_while(|byte| if byte.is_ascii() { is_in(*byte) } else { other }).count()
}

impl Lexer {
    pub(super) fn new(language: &'static Language) -> Self {
        Self { language, state: State::Plain }
    }

    fn has(&self, habit: Habit) -> bool {
        self.language.habits.contains(&habit)
    }

    /// Reads one line, without its end, and gives out its pieces with their classes; an empty class is plain.
    pub(super) fn read_line<'a>(&mut self, text: &'a str, emit: impl FnMut(&'a str, &'static str)) {
        let mut line = Line { text, at: 0, emit, before: 0, starts_command: true, after_keyword: "" };
        match self.language.family {
            Family::Diff => return read_diff(&mut line),
            Family::Prose => self.begin_prose(&mut line),
            Family::Settings if self.state == State::Plain => self.begin_settings(&mut line),
            _ => {}
        }
        while line.at < text.len() {
            match self.state {
                State::Comment(depth) => self.read_comment(&mut line, depth),
                State::String(index) => self.read_string(&mut line, index),
                State::RawString(hashes) => self.read_raw_string(&mut line, hashes),
                State::Fence => line.take(line.rest().len(), "s"),
                State::Tag => self.read_tag(&mut line),
                State::Plain => self.read_plain(&mut line),
            }
        }
        if let State::String(index) = self.state
            && !self.language.quotes[index].spans_lines
        {
            self.state = if self.language.family == Family::Markup { State::Tag } else { State::Plain };
        }
    }

    fn read_comment<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>, depth: u8) {
        let Some((open, close)) = self.language.block_comment else {
            self.state = State::Plain;
            return;
        };
        let rest = line.rest();
        let nests = self.has(Habit::NestedComments);
        let mut depth = depth;
        let mut at = 0;
        while at < rest.len() {
            if rest.as_bytes()[at..].starts_with(close.as_bytes()) {
                at += close.len();
                depth -= 1;
                if depth == 0 {
                    line.take(at, "c");
                    self.state = State::Plain;
                    return;
                }
            } else if nests && rest.as_bytes()[at..].starts_with(open.as_bytes()) {
                at += open.len();
                depth = depth.saturating_add(1);
            } else {
                at += 1;
            }
        }
        self.state = State::Comment(depth);
        line.take(rest.len(), "c");
    }

    /// Reads on in a string, up to its end or the line's.
    fn read_string<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>, index: usize) {
        let quote = &self.language.quotes[index];
        let end = end_of_string(line.rest(), quote.close, quote.escapes);
        let after = end.map_or("", |end| &line.rest()[end..]);
        let is_key = self.has(Habit::Keys) && after.trim_start().starts_with(':');
        line.take(end.unwrap_or(line.rest().len()), if is_key { "f" } else { "s" });
        if end.is_some() {
            self.state = if self.language.family == Family::Markup { State::Tag } else { State::Plain };
        }
    }

    fn read_raw_string<'a, F: FnMut(&'a str, &'static str)>(
        &mut self,
        line: &mut Line<'a, F>,
        hashes: usize,
    ) {
        let close = format!("\"{}", "#".repeat(hashes));
        let end = line.rest().find(&close).map(|at| at + close.len());
        line.take(end.unwrap_or(line.rest().len()), "s");
        if end.is_some() {
            self.state = State::Plain;
        }
    }

    /// Begins a string whose opening stands here, and reads it.
    fn begin_string<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) -> bool {
        let rest = line.rest();
        // `it's` in a setting's value is a word.
        let is_within_word = line.text[..line.at].ends_with(char::is_alphanumeric);
        if is_within_word && self.language.family == Family::Settings {
            return false;
        }
        let Some(index) = self.language.quotes.iter().position(|quote| rest.starts_with(quote.open)) else {
            return false;
        };
        let quote = &self.language.quotes[index];
        let body = &rest[quote.open.len()..];
        let end = end_of_string(body, quote.close, quote.escapes).map(|end| end + quote.open.len());
        let is_key =
            self.has(Habit::Keys) && end.is_some_and(|end| rest[end..].trim_start().starts_with(':'));
        line.take(end.unwrap_or(rest.len()), if is_key { "f" } else { "s" });
        if end.is_none() {
            self.state = State::String(index);
        }
        true
    }

    fn read_plain<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) {
        let rest = line.rest();
        let space = run(rest, |byte| byte == b' ' || byte == b'\t', false);
        if space > 0 {
            return line.take(space, "");
        }
        if self.begin_comment(line) {
            return;
        }
        if self.language.family == Family::Markup {
            return self.read_markup_text(line);
        }
        if self.language.family == Family::Prose {
            return read_prose(line);
        }
        if self.read_special(line) || self.begin_string(line) {
            line.starts_command = false;
            return;
        }
        let first = rest.as_bytes()[0];
        if first.is_ascii_digit() {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%');
            line.starts_command = false;
            return line.take(run(rest, is_part, false), "n");
        }
        if first.is_ascii_alphabetic() || first == b'_' || !first.is_ascii() {
            return self.read_word(line);
        }
        if self.language.family == Family::Settings {
            return line.take(1, "");
        }
        let is_operator = |byte: &u8| b"=<>!+-*/%&|^~?".contains(byte);
        let operators = rest.bytes().take(LONGEST_OPERATOR).take_while(is_operator).count();
        if operators > 0 {
            line.starts_command = matches!(rest.as_bytes()[operators - 1], b'|' | b'&');
            // A comment or a regular expression may begin within the run.
            return line.take(if rest[1..operators].contains('/') { 1 } else { operators }, "o");
        }
        line.starts_command |= matches!(first, b';' | b'(' | b'{');
        line.take(1, "");
    }

    fn begin_comment<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) -> bool {
        let rest = line.rest();
        if let Some((open, _)) = self.language.block_comment
            && rest.starts_with(open)
        {
            line.take(open.len(), "c");
            self.state = State::Comment(1);
            return true;
        }
        let begins = self.language.line_comments.split_ascii_whitespace().any(|mark| rest.starts_with(mark));
        // `#` within a word begins no comment, nor does the `//` of an address.
        let stands_apart =
            line.at == 0 || line.text[..line.at].ends_with([' ', '\t', ';', '(', '{', '}', ',', ')']);
        if begins && (stands_apart || (rest.starts_with("//") && line.before != b':')) {
            line.take(rest.len(), "c");
            return true;
        }
        false
    }

    /// What only some languages have.
    fn read_special<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) -> bool {
        let rest = line.rest();
        let bytes = rest.as_bytes();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        match bytes[0] {
            b'\'' if self.has(Habit::Characters) => {
                let mut characters = rest[1..].char_indices();
                let first = characters.next();
                let end = match first {
                    Some((_, '\\')) => end_of_string(&rest[1..], "'", true).filter(|end| *end <= 12),
                    Some((_, character)) => {
                        rest[1 + character.len_utf8()..].starts_with('\'').then(|| character.len_utf8() + 1)
                    }
                    None => None,
                };
                match end {
                    Some(end) => line.take(1 + end, "s"),
                    None => line.take(
                        1 + run(&rest[1..], |byte| byte.is_ascii_alphanumeric() || byte == b'_', true),
                        "m",
                    ),
                }
                true
            }
            b'r' | b'b' if self.has(Habit::RawStrings) => {
                let prefix = run(rest, |byte| matches!(byte, b'r' | b'b'), false);
                let hashes = run(&rest[prefix..], |byte| byte == b'#', false);
                let is_raw = rest[..prefix].ends_with('r') && prefix <= 2;
                if is_raw && rest[prefix + hashes..].starts_with('"') {
                    line.take(prefix + hashes + 1, "s");
                    self.state = State::RawString(hashes);
                    return true;
                }
                false
            }
            b'/' if self.has(Habit::RegexLiterals) && b"\0(,=:[!&|?{};+".contains(&line.before) => {
                let Some(end) = end_of_string(&rest[1..], "/", true).filter(|end| *end > 1) else {
                    return false;
                };
                let flags = run(&rest[1 + end..], |byte| byte.is_ascii_lowercase(), false);
                line.take(1 + end + flags, "s");
                true
            }
            b'$' if self.has(Habit::Dollars) => {
                let braced = rest.starts_with("${").then(|| rest.find('}')).flatten();
                let length = braced.map_or_else(
                    || 1 + run(&rest[1..], |byte| is_name(byte) && byte != b'-', true),
                    |end| end + 1,
                );
                // `$ ls` is a prompt in what was copied from a terminal.
                let is_prompt = length == 1 && line.before == 0;
                line.take(length, if is_prompt { "o" } else { "v" });
                if is_prompt && self.has(Habit::Commands) {
                    read_command(line);
                }
                true
            }
            b'#' if self.has(Habit::Hashes) => {
                let length = if rest.starts_with("#[") || rest.starts_with("#![") {
                    rest.find(']').map_or(rest.len(), |end| end + 1)
                } else {
                    1 + run(&rest[1..], is_name, false)
                };
                line.take(length, "m");
                true
            }
            b'@' => {
                line.take(1 + run(&rest[1..], |byte| is_name(byte) || byte == b'.', true), "m");
                true
            }
            b'-' if self.has(Habit::Commands) && bytes.get(1).is_some_and(|byte| is_name(*byte)) => {
                line.take(run(rest, is_name, true), "v");
                true
            }
            b':' if self.has(Habit::Symbols) && bytes.get(1).is_some_and(u8::is_ascii_alphabetic) => {
                line.take(1 + run(&rest[1..], is_name, true), "n");
                true
            }
            _ => false,
        }
    }

    fn read_word<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) {
        let rest = line.rest();
        let dashes = self.has(Habit::DashedNames);
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (dashes && byte == b'-');
        let length = run(rest, is_part, true);
        let (word, after) = rest.split_at(length);
        let is_command = self.has(Habit::Commands) && std::mem::take(&mut line.starts_command);
        let is_keyword = if self.has(Habit::AnyCase) {
            has_word(self.language.keywords, &word.to_ascii_lowercase())
        } else {
            has_word(self.language.keywords, word)
        };
        let class = if is_keyword {
            line.starts_command = has_word("begin do elif else if then time until while", word);
            match word {
                "true" | "false" | "null" | "nil" | "None" | "True" | "False" | "undefined" | "NULL" => "n",
                _ => "k",
            }
        } else if is_command {
            if after.starts_with('=') { "v" } else { "f" }
        } else if has_word("def fn fun func function macro proc sub", line.after_keyword) {
            "f"
        } else if has_word("class enum interface module struct trait type union", line.after_keyword) {
            "t"
        } else if after.starts_with('(')
            || (after.starts_with("!(") && self.has(Habit::Hashes))
            || (after.trim_start().starts_with(':') && self.has(Habit::Keys))
        {
            "f"
        } else if word.len() > 1
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
        {
            "n"
        } else if self.has(Habit::CapitalTypes) && word.starts_with(|first: char| first.is_ascii_uppercase())
        {
            "t"
        } else {
            ""
        };
        line.take(length, class);
    }

    /// Keys, sections and list marks at the beginning of a line of settings.
    fn begin_settings<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) {
        let indent = run(line.rest(), |byte| matches!(byte, b' ' | b'\t' | b'-'), false);
        line.take(indent, "");
        let rest = line.rest();
        if rest.starts_with('[') && rest.trim_end().ends_with(']') {
            return line.take(rest.trim_end().len(), "h");
        }
        if rest.starts_with(['#', ';', '{', '&', '*']) {
            return;
        }
        let mark = rest.find(['=', ':', '#']).filter(|at| {
            let after = &rest[*at + 1..];
            rest.as_bytes()[*at] == b'='
                || (rest.as_bytes()[*at] == b':' && (after.is_empty() || after.starts_with(' ')))
        });
        if let Some(mark) = mark {
            line.take(rest[..mark].trim_end().len(), "f");
        }
    }

    /// Text between tags.
    fn read_markup_text<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) {
        let rest = line.rest();
        if rest.starts_with('<') {
            let mark = run(rest, |byte| matches!(byte, b'<' | b'/' | b'!' | b'?'), false);
            let name =
                run(&rest[mark..], |byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte), false);
            line.take(mark + name, if name > 0 { "k" } else { "" });
            if name > 0 {
                self.state = State::Tag;
            }
        } else if rest.starts_with('&') {
            let end = rest.find(';').filter(|end| *end < 12);
            line.take(end.map_or(1, |end| end + 1), if end.is_some() { "n" } else { "" });
        } else {
            line.take(run(rest, |byte| byte != b'<' && byte != b'&', true), "");
        }
    }

    /// Within a tag: attributes and their values.
    fn read_tag<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) {
        let rest = line.rest();
        let end = run(rest, |byte| matches!(byte, b'>' | b'/' | b'?'), false);
        if end > 0 {
            let is_over = rest[..end].contains('>');
            let length = rest.find('>').filter(|_| is_over).map_or(end, |at| at + 1);
            line.take(length, "k");
            if is_over {
                self.state = State::Plain;
            }
            return;
        }
        if self.begin_string(line) {
            return;
        }
        let name = run(rest, |byte| byte.is_ascii_alphanumeric() || b"-_:.@#*".contains(&byte), true);
        if name > 0 { line.take(name, "m") } else { line.take(1, "") }
    }

    /// The marks at the beginning of a line of prose.
    fn begin_prose<'a, F: FnMut(&'a str, &'static str)>(&mut self, line: &mut Line<'a, F>) {
        let trimmed = line.rest().trim_start();
        let is_fence = trimmed.starts_with("```") || trimmed.starts_with("~~~");
        match self.state {
            State::Fence if is_fence => {
                line.take(line.rest().len(), "m");
                self.state = State::Plain;
            }
            State::Plain if is_fence => {
                line.take(line.rest().len(), "m");
                self.state = State::Fence;
            }
            State::Plain if trimmed.starts_with('#') => line.take(line.rest().len(), "h"),
            State::Plain => {
                let indent = line.rest().len() - trimmed.len();
                let mark = run(trimmed, |byte| b">-+*".contains(&byte), false);
                if mark > 0 && trimmed[mark..].starts_with(' ') {
                    line.take(indent + mark, "o");
                }
            }
            _ => {}
        }
    }
}

/// The word after a prompt: what runs.
fn read_command<'a, F: FnMut(&'a str, &'static str)>(line: &mut Line<'a, F>) {
    line.take(run(line.rest(), |byte| byte == b' ', false), "");
    line.take(run(line.rest(), |byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte), true), "f");
}

/// A stretch of prose: code, emphasis, links, words.
fn read_prose<'a, F: FnMut(&'a str, &'static str)>(line: &mut Line<'a, F>) {
    let rest = line.rest();
    let mark = rest.as_bytes()[0];
    let end = match mark {
        b'`' => rest[1..].find('`').map(|at| (at + 2, "s")),
        b'(' if line.before == b']' => rest.find(')').map(|at| (at + 1, "f")),
        b'*' | b'_' => Some((run(rest, |byte| byte == mark, false), "o")),
        _ => None,
    };
    let (length, class) = end.unwrap_or_else(|| {
        let first = rest.chars().next().map_or(0, char::len_utf8);
        (first + run(&rest[first..], |byte| !b"`(*_<".contains(&byte), true), "")
    });
    line.take(length, class);
}

fn read_diff<'a, F: FnMut(&'a str, &'static str)>(line: &mut Line<'a, F>) {
    let text = line.text;
    let begins = |marks: &[&str]| marks.iter().any(|mark| text.starts_with(mark));
    let class =
        if begins(&["+++ ", "--- ", "diff ", "index ", "Index: ", "rename ", "new file", "deleted file"]) {
            "h"
        } else if begins(&["@@"]) {
            "m"
        } else if begins(&["+", ">"]) {
            "i"
        } else if begins(&["-", "<"]) {
            "d"
        } else {
            ""
        };
    line.take(text.len(), class);
}

/// Where a string ends that goes on here: behind its closing mark.
fn end_of_string(text: &str, close: &str, escapes: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at..].starts_with(close.as_bytes()) {
            return Some(at + close.len());
        } else {
            at += 1;
        }
    }
    None
}
