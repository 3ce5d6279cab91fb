//! Whether an agent tried what it made: the last command that looks like a test, and how it went.

use jiff::Timestamp;
use orchestra_model::TestRun;
use serde::{Deserialize, Serialize};

use crate::agents::client::Deed;

/// How much of a command is remembered, in characters.
const LONGEST_COMMAND: usize = 400;
/// How many commands may be under way at once.
const MOST_PENDING: usize = 16;
/// How the client's answer begins when a command failed.
const EXIT_CODE: &str = "Exit code ";

/// Words of a command that runs tests, as they stand between blanks and signs.
const TESTS: [&str; 16] = [
    "test",
    "tests",
    "nextest",
    "pytest",
    "unittest",
    "jest",
    "vitest",
    "mocha",
    "rspec",
    "phpunit",
    "ctest",
    "tox",
    "spec",
    "playwright",
    "xcodebuild",
    "gotestsum",
];

/// Programs that look at files or move them: what they are told may well be called test.
const LOOKS: [&str; 30] = [
    "awk", "bat", "cat", "cd", "chmod", "code", "cp", "diff", "echo", "fd", "find", "git", "grep", "head",
    "less", "ln", "ls", "mkdir", "mv", "open", "printf", "rg", "rm", "sed", "stat", "tail", "touch", "tree",
    "vim", "wc",
];

/// What is known of an agent's tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Proof {
    /// The last run that ended.
    pub last: Option<TestRun>,
    /// Runs under way: the call's id and the command.
    pending: Vec<(String, String)>,
}

impl Proof {
    /// A tool is called.
    pub(super) fn call(&mut self, id: &str, deed: &Deed) {
        match deed {
            Deed::Edits => {
                if let Some(last) = &mut self.last {
                    last.is_outdated = true;
                }
            }
            Deed::Runs { command } if looks_like_a_test(command) => {
                let command = command.chars().take(LONGEST_COMMAND).collect();
                self.pending.push((id.to_owned(), command));
                self.pending.drain(..self.pending.len().saturating_sub(MOST_PENDING));
            }
            Deed::Runs { .. } | Deed::Other => {}
        }
    }

    /// A tool has answered.
    pub(super) fn come_back(&mut self, id: &str, is_error: bool, text: &str, at: Timestamp) {
        let Some(place) = self.pending.iter().position(|(pending, _)| pending == id) else { return };
        let (_, command) = self.pending.remove(place);
        let told = text.trim_start().strip_prefix(EXIT_CODE).and_then(|rest| {
            rest.split(|sign: char| !sign.is_ascii_digit()).next().and_then(|code| code.parse().ok())
        });
        let exit_code = if is_error { told } else { Some(0) };
        if exit_code.is_none() {
            // It was refused or called off, so nothing was tried.
            return;
        }
        self.last = Some(TestRun { command, passed: !is_error, exit_code, at, is_outdated: false });
    }
}

/// Whether a command looks as if it ran tests.
fn looks_like_a_test(command: &str) -> bool {
    let is_test = |word: &str| TESTS.iter().any(|test| word.eq_ignore_ascii_case(test));
    simple_commands(command).iter().any(|command| {
        let is_variable = |word: &&str| word.contains('=');
        let program = command.split_whitespace().find(|word| !is_variable(word)).unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default();
        !LOOKS.contains(&program) && command.split(|sign: char| !sign.is_alphanumeric()).any(is_test)
    })
}

/// The commands of a line, apart: cut at the shell's signs between them, where these are not quoted.
fn simple_commands(line: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    let mut quote = None;
    for sign in line.chars() {
        match quote {
            Some(open) if sign == open => quote = None,
            None if matches!(sign, '"' | '\'') => quote = Some(sign),
            None if matches!(sign, ';' | '&' | '|' | '(' | '\n') => {
                commands.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(command) = commands.last_mut() {
            command.push(sign);
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(proof: &mut Proof, command: &str, is_error: bool, text: &str) {
        proof.call("c", &Deed::Runs { command: command.to_owned() });
        proof.come_back("c", is_error, text, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn the_last_test_counts_with_its_exit_code_until_something_is_changed() {
        let mut proof = Proof::default();
        run(&mut proof, "ls -la contest", false, "");
        assert_eq!(proof.last, None);
        run(&mut proof, "cargo test --all", true, "Exit code 101\nerror: test failed");
        let last = proof.last.clone().unwrap();
        assert_eq!((last.passed, last.exit_code, last.is_outdated), (false, Some(101), false));
        run(&mut proof, "npm run test:unit", false, "ok");
        assert_eq!(proof.last.as_ref().unwrap().exit_code, Some(0));
        run(&mut proof, "./test.sh", true, "The user doesn't want to proceed with this tool use.");
        assert_eq!(proof.last.as_ref().unwrap().exit_code, Some(0), "what was refused was not tried");
        proof.call("e", &Deed::Edits);
        assert!(proof.last.unwrap().is_outdated);
    }

    #[test]
    fn commands_that_run_tests_are_known_by_their_words() {
        for command in [
            "cargo nextest run",
            "python -m pytest -q",
            "cd app && CI=1 ./test.sh",
            "npx playwright test",
            "go test ./...",
        ] {
            assert!(looks_like_a_test(command), "{command}");
        }
        let others = [
            "cargo build",
            "git log --grep=attestation",
            "cat latest.txt",
            r#"grep -rn "toDateString\|new Date" src test"#,
            "cd app && /bin/ls test; git commit -m 'more tests; and a fix'",
        ];
        for command in others {
            assert!(!looks_like_a_test(command), "{command}");
        }
    }
}
