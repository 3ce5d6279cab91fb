//! Reads directives such as `[[bash ls -1]]` out of a prompt.
//!
//! It only parses: what a directive does to a reply is decided in the script module. Parsing never fails; text that
//! is no known directive is ordinary text.

use serde_json::Value;

/// One instruction to the scripted model, written in a prompt between `[[` and `]]`.
///
/// A prompt for a subagent sits inside a directive, so `{{` and `}}` do the same one level further in:
/// `[[agent List the files {{bash ls}}]]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Directive {
    /// `[[say TEXT]]`: a text block.
    Say(String),
    /// `[[think TEXT]]`: a thinking block.
    Think(String),
    /// `[[slow N]]` or `[[slow N MILLISECONDS]]`: a text that arrives in N pieces, with a pause (50 ms) before each.
    Slow {
        /// How many pieces.
        pieces: u32,
        /// The pause before each piece.
        pause_milliseconds: u64,
    },
    /// `[[hold NAME]]`: the reply waits here until [`RunningModel::release`](crate::RunningModel::release) is called
    /// with the name.
    Hold(String),
    /// `[[write PATH CONTENT]]`: the Write tool. A path with spaces stands in double quotes.
    Write {
        /// The file.
        path: String,
        /// What it will hold.
        content: String,
    },
    /// `[[edit PATH OLD => NEW]]`: the Edit tool, first occurrence.
    Edit {
        /// The file.
        path: String,
        /// The text to replace.
        old: String,
        /// The text to put there.
        new: String,
    },
    /// `[[read PATH]]`: the Read tool. The client wants a file read before it is edited.
    Read(String),
    /// `[[bash COMMAND]]`: the Bash tool.
    Bash(String),
    /// `[[ask QUESTION | OPTION | OPTION]]`: the AskUserQuestion tool; without options, Yes and No.
    Ask {
        /// The question.
        question: String,
        /// Two options or more.
        options: Vec<String>,
    },
    /// `[[plan TEXT]]`: the ExitPlanMode tool.
    Plan(String),
    /// `[[agent PROMPT]]`: a subagent, by whichever name the client offers that tool (Agent or Task).
    Agent(String),
    /// `[[tool NAME JSON]]`: any tool with any input.
    Tool {
        /// The tool's name.
        name: String,
        /// Its input.
        input: Value,
    },
    /// `[[fail STATUS]]`, `[[fail STATUS N]]` or `[[fail STATUS always]]`: the request is refused with that HTTP
    /// status, once, N times, or every time; the client's next try then goes on.
    Fail {
        /// The HTTP status.
        status: u16,
        /// How often; `u32::MAX` stands for always.
        times: u32,
    },
}

impl Directive {
    /// All directives of a prompt, in order.
    ///
    /// ```
    /// use orchestra_scripted_model::Directive;
    ///
    /// let found = Directive::all_in("Look around [[bash ls -1]] and [[wave]]");
    /// assert_eq!(found, [Directive::Bash("ls -1".to_owned())]);
    /// ```
    #[must_use]
    pub fn all_in(prompt: &str) -> Vec<Self> {
        let mut found = Vec::new();
        let mut rest = prompt;
        while let Some((start, closing)) = next_opening(rest) {
            let after = &rest[start + 2..];
            match Self::parse_until(after, closing) {
                Some((directive, consumed)) => {
                    found.push(directive);
                    rest = &after[consumed..];
                }
                None => rest = after,
            }
        }
        found
    }

    /// The directive at the start of `text`, and how many bytes it takes with its closing mark.
    ///
    /// JSON and code hold `]]` too, so a closing mark at which the directive makes no sense is passed over.
    fn parse_until(text: &str, closing: &str) -> Option<(Self, usize)> {
        let mut from = 0;
        while let Some(position) = text.get(from..)?.find(closing) {
            let mut end = from + position;
            // In `{"a":[[1]]]]` the directive ends at the last of the brackets.
            while text[end + 1..].starts_with(closing) {
                end += 1;
            }
            if let Some(directive) = Self::parse(&text[..end]) {
                return Some((directive, end + closing.len()));
            }
            from = end + closing.len();
        }
        None
    }

    fn parse(inside: &str) -> Option<Self> {
        let inside = inside.trim();
        let (verb, rest) = split_word(inside);
        let text = || (!rest.is_empty()).then(|| rest.to_owned());
        match verb {
            "say" => text().map(Self::Say),
            "think" => text().map(Self::Think),
            "bash" => text().map(Self::Bash),
            "read" => text().map(|path| Self::Read(unquoted(&path))),
            "hold" => text().map(Self::Hold),
            "plan" => text().map(Self::Plan),
            "agent" => text().map(Self::Agent),
            "slow" => {
                let (pieces, pause) = split_word(rest);
                Some(Self::Slow {
                    pieces: pieces.parse().ok()?,
                    pause_milliseconds: if pause.is_empty() { 50 } else { pause.parse().ok()? },
                })
            }
            "write" => {
                let (path, content) = split_path(rest)?;
                Some(Self::Write { path, content: content.to_owned() })
            }
            "edit" => {
                let (path, change) = split_path(rest)?;
                let (old, new) = change.split_once("=>")?;
                Some(Self::Edit { path, old: old.trim().to_owned(), new: new.trim().to_owned() })
            }
            "ask" => {
                let mut parts =
                    rest.split('|').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
                let question = parts.next()?;
                let mut options: Vec<String> = parts.collect();
                if options.len() < 2 {
                    options = vec!["Yes".to_owned(), "No".to_owned()];
                }
                Some(Self::Ask { question, options })
            }
            "tool" => {
                let (name, json) = split_word(rest);
                Some(Self::Tool { name: name.to_owned(), input: serde_json::from_str(json).ok()? })
            }
            "fail" => {
                let (status, times) = split_word(rest);
                Some(Self::Fail {
                    status: status.parse().ok().filter(|s| (400..600).contains(s))?,
                    times: match times {
                        "" => 1,
                        "always" => u32::MAX,
                        number => number.parse().ok()?,
                    },
                })
            }
            _ => None,
        }
    }
}

/// Where the next directive may begin, and the mark that closes it.
fn next_opening(text: &str) -> Option<(usize, &'static str)> {
    let square = text.find("[[").map(|at| (at, "]]"));
    let curly = text.find("{{").map(|at| (at, "}}"));
    match (square, curly) {
        (Some(a), Some(b)) => Some(if a.0 < b.0 { a } else { b }),
        (one, other) => one.or(other),
    }
}

fn split_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

/// A path, in double quotes when it has spaces, and what follows it.
fn split_path(text: &str) -> Option<(String, &str)> {
    let (path, rest) = match text.strip_prefix('"') {
        Some(quoted) => {
            let (path, rest) = quoted.split_once('"')?;
            (path, rest.trim_start())
        }
        None => split_word(text),
    };
    (!path.is_empty()).then(|| (path.to_owned(), rest))
}

fn unquoted(path: &str) -> String {
    path.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_each_kind_in_order() {
        let prompt = "Do [[think hm]] [[say hello there]] [[write a.rs pub struct A;]] [[write \"b c.rs\" x]]\
            [[edit a.rs A => B]] [[read a.rs]] [[bash ls | wc -l]] [[slow 3]] [[slow 3 0]] [[hold gate]] [[plan go]]\
            [[ask Which? | Red | Blue]] [[ask Sure?]] [[fail 529]] [[fail 500 3]] [[fail 400 always]]";
        let expected = [
            Directive::Think("hm".into()),
            Directive::Say("hello there".into()),
            Directive::Write { path: "a.rs".into(), content: "pub struct A;".into() },
            Directive::Write { path: "b c.rs".into(), content: "x".into() },
            Directive::Edit { path: "a.rs".into(), old: "A".into(), new: "B".into() },
            Directive::Read("a.rs".into()),
            Directive::Bash("ls | wc -l".into()),
            Directive::Slow { pieces: 3, pause_milliseconds: 50 },
            Directive::Slow { pieces: 3, pause_milliseconds: 0 },
            Directive::Hold("gate".into()),
            Directive::Plan("go".into()),
            Directive::Ask { question: "Which?".into(), options: vec!["Red".into(), "Blue".into()] },
            Directive::Ask { question: "Sure?".into(), options: vec!["Yes".into(), "No".into()] },
            Directive::Fail { status: 529, times: 1 },
            Directive::Fail { status: 500, times: 3 },
            Directive::Fail { status: 400, times: u32::MAX },
        ];
        assert_eq!(Directive::all_in(prompt), expected);
    }

    #[test]
    fn a_subagents_directives_stay_inside_its_prompt() {
        let found = Directive::all_in("[[agent List {{bash ls}} please]] [[say ok]]");
        assert_eq!(found, [Directive::Agent("List {{bash ls}} please".into()), Directive::Say("ok".into())]);
        assert_eq!(Directive::all_in("List {{bash ls}} please"), [Directive::Bash("ls".into())]);
    }

    #[test]
    fn json_may_hold_the_closing_mark() {
        for (prompt, input) in [
            ("[[tool Grid {\"rows\":[[1],[2]]}]] then", json!({"rows": [[1], [2]]})),
            ("[[tool Grid [[1]]]]", json!([[1]])),
        ] {
            let expected = Directive::Tool { name: "Grid".into(), input };
            assert_eq!(Directive::all_in(prompt), [expected], "{prompt}");
        }
    }

    #[test]
    fn what_is_no_directive_is_text() {
        for prompt in [
            "",
            "[[",
            "]]",
            "[[]]",
            "[[wave]]",
            "[[write]]",
            "[[slow many]]",
            "[[fail 200]]",
            "[[tool X {]]",
            "{{ name }}",
            "[[edit a b]]",
            "é[[é",
            "[[bash ls",
        ] {
            assert_eq!(Directive::all_in(prompt), [], "{prompt:?}");
        }
    }

    #[test]
    fn text_keeps_its_lines() {
        let found = Directive::all_in("[[write a.txt one\n  two\n]]");
        let expected = Directive::Write { path: "a.txt".into(), content: "one\n  two".into() };
        assert_eq!(found, [expected]);
    }
}
