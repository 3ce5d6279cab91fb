//! What a person really asked: telling prompts from what the client writes in a person's name.

use std::borrow::Cow;

/// Wrappers that the client puts around things that no person typed.
pub(crate) const WRAPPERS: [&str; 20] = [
    "<command-message>",
    "<command-args>",
    "<command-contents>",
    "<local-command-",
    "<bash-stdout>",
    "<bash-stderr>",
    "<system-reminder>",
    "<task-notification>",
    "<teammate-message",
    "<ide_",
    "<session-start-hook>",
    "<user-prompt-submit-hook>",
    "<user-memory-input>",
    "<background-task-",
    "<channel-message",
    "<tick>",
    "<fork-boilerplate>",
    "<remote-",
    "<cross-session-message",
    "<mcp-",
];

/// The prompt in a user line's text: `/name args` for a slash command, `! command` for a shell command, the text
/// itself for words, `None` for what the client wrote.
///
/// The caller has ruled out sidechains, meta lines, compact summaries and tool results.
pub fn real_prompt(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("[Request interrupted by user") {
        return None;
    }
    if !text.starts_with('<') {
        return Some(Cow::Borrowed(text));
    }
    if text.starts_with("<command-name>") || text.starts_with("<command-message>") {
        let name = element(text, "command-name")?.trim();
        let arguments = element(text, "command-args").unwrap_or_default().trim();
        let slash = if name.starts_with('/') { "" } else { "/" };
        return Some(Cow::Owned(format!("{slash}{name} {arguments}").trim_end().to_owned()));
    }
    if let Some(command) = element(text, "bash-input").filter(|_| text.starts_with("<bash-input>")) {
        return Some(Cow::Owned(format!("! {}", command.trim())));
    }
    if WRAPPERS.iter().any(|wrapper| text.starts_with(wrapper)) { None } else { Some(Cow::Borrowed(text)) }
}

/// The text between `<name>` and `</name>`.
pub fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let after = text.split_once(&format!("<{name}>"))?.1;
    after.split_once(&format!("</{name}>")).map(|(inner, _)| inner)
}

/// The beginning of a text: at most so many bytes, and whole characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// A text as one line of at most `most` characters, white space folded; `None` when nothing is left.
pub fn one_line(text: &str, most: usize) -> Option<String> {
    let mut line = String::with_capacity(text.len().min(most * 4));
    let (mut characters, mut is_apart) = (0, false);
    // Character by character: the end of a word may be far away.
    for character in text.chars() {
        if character.is_whitespace() {
            is_apart = characters > 0;
            continue;
        }
        if characters + usize::from(is_apart) >= most {
            line.push('…');
            return Some(line);
        }
        if is_apart {
            line.push(' ');
            characters += 1;
            is_apart = false;
        }
        line.push(character);
        characters += 1;
    }
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_what_was_typed() {
        let init = "<command-message>init</command-message>\n<command-name>/init</command-name>";
        assert_eq!(real_prompt(init).as_deref(), Some("/init"));
        let rename = "<command-name>/rename</command-name> <command-args> Basket </command-args>";
        assert_eq!(real_prompt(rename).as_deref(), Some("/rename Basket"));
        assert_eq!(real_prompt("<bash-input>ls -1</bash-input>").as_deref(), Some("! ls -1"));
    }

    #[test]
    fn what_the_client_wrote_is_no_prompt() {
        for text in [
            "",
            "  \n",
            "<local-command-stdout>x</local-command-stdout>",
            "<system-reminder>x</system-reminder>",
            "<teammate-message from=\"a\">x</teammate-message>",
            "<ide_opened_file>x</ide_opened_file>",
            "[Request interrupted by user for tool use]",
        ] {
            assert_eq!(real_prompt(text), None, "{text}");
        }
        assert_eq!(real_prompt("<div> is not centred").as_deref(), Some("<div> is not centred"));
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(one_line("  a\n\n b\tc ", 80).as_deref(), Some("a b c"));
        assert_eq!(one_line("abcdef", 3).as_deref(), Some("abc…"));
        assert_eq!(one_line("abc def", 3).as_deref(), Some("abc…"));
        assert_eq!(one_line(" \n ", 3), None);
    }
}
