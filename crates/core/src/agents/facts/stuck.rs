//! Whether an agent seems stuck: the same failure again and again, much used and no file changed, or no word of it.
//!
//! Read from the log, record by record, while it goes on. What follows is a suggestion to a person; nothing is ended for
//! it. The moment at which a trouble began stays the same until it is over, so it is told once. Silence grows while
//! nothing is written: for that, whoever asks says what time it is.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::one_line;
use crate::{agents::client::Deed, prompt};

/// How often a call fails in the same way before the agent counts as stuck.
const MOST_FAILURES: u32 = 4;
/// A failure counts with the ones before it unless so many calls lie in between.
const APART: u32 = 10;
/// So many calls without a change of a file, and so many tokens that no cache served, are too many.
const MOST_CALLS: u32 = 80;
const MOST_TOKENS: u64 = 150_000;
/// A turn without a word for so long is silent, unless a tool is under way.
const SILENCE: SignedDuration = SignedDuration::from_mins(10);
/// How many calls under way, and how many different failures, are remembered: the last ones.
const MOST_PENDING: usize = 64;
const MOST_STREAKS: usize = 8;
/// How much of a failure's words is compared, in bytes, at their beginning and at their end.
const COMPARED: usize = 200;

/// Words of a command that changes files.
const CHANGES: [&str; 16] = [
    "tee", "mv", "cp", "rm", "mkdir", "touch", "patch", "commit", "apply", "merge", "rebase", "fmt",
    "prettier", "install", "init", "inplace",
];

/// What is remembered of an agent's way so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// When something last came from the client, or was given to it.
    moved_at: Option<Timestamp>,
    /// Calls under way.
    pending: VecDeque<Call>,
    /// Failures that may be repeated.
    streaks: VecDeque<Streak>,
    /// Calls since the agent was last told something, and the edits among them that went well.
    calls: u32,
    edits: u32,
    /// Calls and tokens since a file was changed.
    unchanged: (u32, u64),
    /// Since when those are too many.
    burns_since: Option<Timestamp>,
    /// The answer of the model whose tokens were counted last, and how many.
    counted: (String, u64),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Call {
    id: String,
    /// The tool; of commands, the command.
    what: String,
    tool: String,
    changes: bool,
    #[serde(default)]
    edits: bool,
}

/// One call that fails in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Streak {
    what: String,
    tool: String,
    /// What is compared.
    error: String,
    /// The same for people.
    words: String,
    times: u32,
    /// How many calls there were when it was last seen.
    last: u32,
    /// How many changes of files.
    #[serde(default)]
    edits: u32,
    /// When it had been seen too often.
    since: Option<Timestamp>,
}

/// That an agent seems stuck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    /// Since when.
    pub(super) since: Timestamp,
    /// How that shows, one line.
    pub(super) summary: String,
    /// What could be said to it.
    pub(super) nudge: String,
}

impl Trail {
    /// Something came from the client, or was given to it.
    pub(super) const fn moved(&mut self, at: Timestamp) {
        self.moved_at = Some(at);
    }

    /// The agent is told something, or its turn is over: all begins anew.
    pub(super) fn begin(&mut self, at: Timestamp) {
        *self = Self { moved_at: Some(at), ..Self::default() };
    }

    /// A tool is called.
    pub(super) fn call(&mut self, id: &str, tool: &str, summary: &str, deed: &Deed) {
        self.calls = self.calls.saturating_add(1);
        let changes = match deed {
            Deed::Edits => true,
            Deed::Runs { command } => may_change_files(command),
            Deed::Other => false,
        };
        let what = if let Deed::Runs { .. } = deed { one_line(summary) } else { tool.to_owned() };
        let edits = *deed == Deed::Edits;
        self.pending.push_back(Call { id: id.to_owned(), what, tool: tool.to_owned(), changes, edits });
        self.pending.drain(..self.pending.len().saturating_sub(MOST_PENDING));
    }

    /// A tool has answered; says whether it has edited a file.
    pub(super) fn come_back(&mut self, id: &str, is_error: bool, text: &str, at: Timestamp) -> bool {
        let Some(place) = self.pending.iter().position(|call| call.id == id) else { return false };
        let Some(call) = self.pending.remove(place) else { return false };
        let has_edited = call.edits && !is_error;
        if is_error {
            self.failed(call, text, at);
        } else {
            self.streaks.retain(|streak| streak.what != call.what);
            if call.changes {
                self.unchanged = (0, 0);
                self.burns_since = None;
                self.edits = self.edits.saturating_add(u32::from(has_edited));
                return has_edited;
            }
        }
        self.unchanged.0 = self.unchanged.0.saturating_add(1);
        self.look_at_what_burns(at);
        has_edited
    }

    fn failed(&mut self, call: Call, text: &str, at: Timestamp) {
        let text = text.trim();
        let text =
            text.strip_prefix("<tool_use_error>").unwrap_or(text).trim_end_matches("</tool_use_error>");
        let error = comparable(&call, text);
        let known = self.streaks.iter_mut().find(|streak| streak.tool == call.tool && streak.error == error);
        let words = one_line(text);
        if let Some(streak) = known {
            // With other numbers after a change, like fewer tests that fail, it comes forward.
            let gets_on = self.edits > streak.edits && words != streak.words;
            let is_far = self.calls.saturating_sub(streak.last) > APART || gets_on;
            streak.edits = self.edits;
            if gets_on {
                streak.words = words;
            }
            streak.times = if is_far { 1 } else { streak.times.saturating_add(1) };
            streak.last = self.calls;
            streak.what = call.what;
            streak.since = streak.since.filter(|_| !is_far).or((streak.times >= MOST_FAILURES).then_some(at));
            return;
        }
        let Call { what, tool, .. } = call;
        let (last, edits) = (self.calls, self.edits);
        self.streaks.push_back(Streak { what, tool, error, words, times: 1, last, edits, since: None });
        self.streaks.drain(..self.streaks.len().saturating_sub(MOST_STREAKS));
    }

    /// The model has used tokens for an answer: so many of that answer so far.
    pub(super) fn used(&mut self, answer: &str, tokens: u64, at: Timestamp) {
        // One answer comes in several lines, each with the sum so far.
        let before = if self.counted.0 == answer { self.counted.1 } else { 0 };
        self.unchanged.1 = self.unchanged.1.saturating_add(tokens.saturating_sub(before));
        self.counted = (answer.to_owned(), tokens.max(before));
        self.look_at_what_burns(at);
    }

    fn look_at_what_burns(&mut self, at: Timestamp) {
        let (calls, tokens) = self.unchanged;
        if calls >= MOST_CALLS && tokens >= MOST_TOKENS {
            self.burns_since = self.burns_since.or(Some(at));
        }
    }

    /// How the agent seems stuck in the turn that runs, if it does.
    pub(super) fn stuck(&self, now: Timestamp, plans: bool) -> Option<Stuck> {
        let repeats = self
            .streaks
            .iter()
            .rev()
            .find(|streak| streak.since.is_some() && self.calls.saturating_sub(streak.last) <= APART);
        if let Some(Streak { tool, words, times, since: Some(since), .. }) = repeats {
            return Some(Stuck {
                since: *since,
                summary: one_line(&format!("{tool} failed {times} times in the same way: {words}")),
                nudge: format!(
                    "{tool} has failed {times} times in the same way. Stop, say in a sentence why it fails, then \
                     try something else. If you need something from me, ask."
                ),
            });
        }
        // Who only plans is not to change anything.
        if let Some(since) = self.burns_since.filter(|_| !plans) {
            let (calls, tokens) = (self.unchanged.0, self.unchanged.1 / 1000);
            return Some(Stuck {
                since,
                // Both grow with every call: what is shown would never be at rest.
                summary: format!("more than {} tool calls and {}k tokens, and no file changed", calls / 20 * 20, tokens / 50 * 50),
                nudge: "You have used a lot of tools and tokens and changed no file. Say in a few sentences what you \
                        know and what is missing, then do the next step, or ask me what you need."
                    .to_owned(),
            });
        }
        let silent_at = self.moved_at?.checked_add(SILENCE).ok()?;
        (self.pending.is_empty() && silent_at <= now).then(|| Stuck {
            since: silent_at,
            summary: format!("no word of it for more than {} minutes", SILENCE.as_mins()),
            nudge: "I have not heard of you for a while. Say where you are, then go on.".to_owned(),
        })
    }
}

/// What two failures are the same by: their words without numbers, which differ with every run; without words, the call.
fn comparable(call: &Call, text: &str) -> String {
    let mut from = text.len().saturating_sub(COMPARED).max(prompt::cut(text, COMPARED).len());
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let both = [prompt::cut(text, COMPARED), text.get(from..).unwrap_or_default()].concat();
    let mut error = String::with_capacity(both.len());
    for sign in both.chars() {
        let sign = if sign.is_ascii_digit() { '#' } else { sign };
        if sign != '#' || !error.ends_with('#') {
            error.push(sign);
        }
    }
    if error.is_empty() || error == "Exit code #" { format!("{error} {}", call.what) } else { error }
}

/// Whether a command may change files, by its words: too often said is better than an agent that is wrongly called idle.
fn may_change_files(command: &str) -> bool {
    let without = ["2>&1", ">/dev/null", "> /dev/null"]
        .iter()
        .fold(command.to_owned(), |command, quiet| command.replace(quiet, ""));
    without.contains('>')
        || without.contains("sed -i")
        || without
            .split(|sign: char| !sign.is_alphanumeric())
            .any(|word| CHANGES.iter().any(|change| word.eq_ignore_ascii_case(change)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn runs(command: &str) -> Deed {
        Deed::Runs { command: command.to_owned() }
    }

    /// One call and its answer.
    fn tool(trail: &mut Trail, tool: &str, command: &str, failure: Option<&str>, second: i64) {
        let deed = match tool {
            "Bash" => runs(command),
            "Edit" => Deed::Edits,
            _ => Deed::Other,
        };
        trail.call("c", tool, command, &deed);
        trail.come_back("c", failure.is_some(), failure.unwrap_or("fine"), at(second));
        trail.moved(at(second));
    }

    fn summary(trail: &Trail, second: i64) -> Option<String> {
        trail.stuck(at(second), false).map(|stuck| stuck.summary)
    }

    #[test]
    fn the_same_failure_four_times_is_told_from_the_fourth_and_over_with_a_success() {
        let mut trail = Trail::default();
        for second in 1..=3 {
            tool(&mut trail, "Edit", "a.rs", Some("String to replace not found in line 12"), second);
            tool(&mut trail, "Read", "a.rs", None, second);
        }
        assert_eq!(trail.stuck(at(3), false), None);
        tool(&mut trail, "Edit", "a.rs", Some("String to replace not found in line 3456"), 4);
        let stuck = trail.stuck(at(5), false).unwrap();
        assert_eq!(
            (stuck.since, stuck.summary.as_str()),
            (at(4), "Edit failed 4 times in the same way: String to replace not found in line 12",)
        );
        assert!(stuck.nudge.starts_with("Edit has failed 4 times"));
        tool(&mut trail, "Edit", "a.rs", Some("String to replace not found in line 1"), 6);
        assert_eq!(trail.stuck(at(6), false).unwrap().since, at(4), "it is the same trouble");
        tool(&mut trail, "Edit", "a.rs", None, 7);
        assert_eq!(trail.stuck(at(7), false), None);
    }

    #[test]
    fn failures_that_differ_or_lie_far_apart_are_no_trouble() {
        let mut trail = Trail::default();
        for second in 0..8 {
            let words = format!("Exit code 1\nerror in {}", ["a", "b", "c", "d"][second as usize % 4]);
            tool(&mut trail, "Bash", "cargo test", Some(&words), second);
        }
        assert_eq!(summary(&trail, 8), None);
        // Fewer tests fail after each change.
        for failing in [30, 20, 10, 3, 1] {
            tool(&mut trail, "Bash", "cargo test", Some(&format!("Exit code 1\n{failing} tests failed")), 8);
            tool(&mut trail, "Edit", "a.rs", None, 8);
        }
        assert_eq!(summary(&trail, 8), None);
        // A search that finds nothing says nothing more: it is another one each time.
        for word in ["one", "two", "three", "four", "five"] {
            tool(&mut trail, "Bash", &format!("grep {word} src"), Some("Exit code 1"), 9);
        }
        assert_eq!(summary(&trail, 9), None);
        for second in 10..14 {
            tool(&mut trail, "Fetch", "", Some("no such host"), second);
            (0..=APART).for_each(|_| tool(&mut trail, "Read", "", None, second));
        }
        assert_eq!(summary(&trail, 14), None);
        (0..4).for_each(|second| tool(&mut trail, "Fetch", "", Some("no such host"), 20 + second));
        assert!(summary(&trail, 24).is_some());
        // It left it and does other things.
        (0..=APART).for_each(|_| tool(&mut trail, "Read", "", None, 25));
        assert_eq!(summary(&trail, 25), None);
    }

    #[test]
    fn a_command_that_fails_the_same_again_is_seen_through_others_that_go_well() {
        let mut trail = Trail::default();
        for second in 0..4 {
            tool(
                &mut trail,
                "Bash",
                "make",
                Some(&format!("Exit code 2\nno rule after {second} ms")),
                second,
            );
            tool(&mut trail, "Bash", "ls", None, second);
        }
        assert!(summary(&trail, 4).is_some_and(|words| words.starts_with("Bash failed 4 times")));
        tool(&mut trail, "Bash", "make", None, 5);
        assert_eq!(summary(&trail, 5), None);
    }

    #[test]
    fn many_calls_and_tokens_without_a_change_are_too_many_until_a_file_is_changed() {
        let mut trail = Trail::default();
        for number in 0..MOST_CALLS {
            // Two lines of one answer: the second has the sum of both.
            trail.used(&format!("m{number}"), 1000, at(number.into()));
            trail.used(&format!("m{number}"), 2000, at(number.into()));
            assert_eq!(trail.stuck(at(number.into()), false), None);
            tool(&mut trail, "Read", "x", None, number.into());
        }
        let last = i64::from(MOST_CALLS) - 1;
        let stuck = trail.stuck(at(last), false).unwrap();
        assert_eq!(
            (stuck.since, stuck.summary.as_str()),
            (at(last), "more than 80 tool calls and 150k tokens, and no file changed",)
        );
        assert_eq!(trail.stuck(at(last), true), None, "who plans changes nothing");
        let mut edited = trail.clone();
        tool(&mut edited, "Edit", "a.rs", None, 90);
        assert_eq!(summary(&edited, 90), None);
        tool(&mut trail, "Bash", "cat > a.rs <<EOF", None, 90);
        assert_eq!(summary(&trail, 90), None);
        // Calls that cost next to nothing are none of it.
        let mut cheap = Trail::default();
        (0..300).for_each(|second| tool(&mut cheap, "Read", "x", None, second));
        assert_eq!(summary(&cheap, 300), None);
    }

    #[test]
    fn silence_is_ten_minutes_without_a_word_and_without_a_tool() {
        let mut trail = Trail::default();
        trail.begin(at(0));
        assert_eq!(summary(&trail, 599), None);
        let stuck = trail.stuck(at(600), false).unwrap();
        assert_eq!((stuck.since, trail.stuck(at(9000), false)), (at(600), Some(stuck)));
        trail.moved(at(700));
        assert_eq!(summary(&trail, 1299), None);
        trail.call("c", "Bash", "cargo build", &runs("cargo build"));
        assert_eq!(summary(&trail, 9000), None, "a tool is under way");
        trail.come_back("c", false, "", at(9000));
        trail.moved(at(9000));
        assert_eq!(summary(&trail, 9599), None);
        assert!(summary(&trail, 9600).is_some());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_words_of_any_kind_are_compared() {
        let mut trail = Trail::default();
        for number in 0..1000 {
            trail.call(&number.to_string(), "Bash", "x", &runs("x"));
            let words = "ä€𝄞".repeat(number);
            tool(&mut trail, "Bash", &words, Some(&format!("{}{words}", number % 7)), 1);
        }
        assert!(trail.pending.len() <= MOST_PENDING && trail.streaks.len() <= MOST_STREAKS);
        assert!(trail.streaks.iter().all(|streak| streak.error.len() <= 2 * COMPARED + 8));
    }

    #[test]
    fn commands_that_change_files_are_known_by_their_words() {
        for command in ["echo a > b", "sed -i s/a/b/ c", "git commit -m x", "cargo fmt", "npm install"] {
            assert!(may_change_files(command), "{command}");
        }
        for command in ["cargo test 2>&1", "ls >/dev/null", "git log --oneline", "grep -rn performance ."] {
            assert!(!may_change_files(command), "{command}");
        }
    }
}
