//! `config.toml`, which nobody needs: what cannot be found out and is wanted by few.
//!
//! ```toml
//! [notify]
//! command = ["notify-send", "Orchestra"]   # started for each notice, without a shell; the notice is on its standard
//!                                          # input as JSON, and in ORCHESTRA_NOTICE_TITLE, _BODY, _KIND, _AGENT, _URL
//! ntfy = "https://ntfy.example/my-topic"   # each notice is posted there
//! ntfy_token = "tk_…"                      # if that server wants one
//! contact = "mailto:ada@example.com"       # whom push services may write to about this install
//!
//! [pace]
//! between_starts_ms = 50                   # between two agents of a run that start
//! after_limit_ms = 2000                    # the same for ten minutes after a rate limit, and between two that go on
//! unknown_limit_s = 60                     # how long agents are parked when nobody says until when
//! ```
//!
//! What it does not know is an error, so that a word mistyped does not go unnoticed.

use std::{fs, io, ops::Range, path::Path, time::Duration};

use orchestra_core::agents::Pace;
use orchestra_server::{BadNtfy, NotifyConfig, Ntfy};
use serde::Deserialize;
use toml::Spanned;

use crate::error::Failure;

/// What stands in the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configuration {
    /// How people are told of what agents need.
    pub(crate) notify: NotifyConfig,
    /// How fast agents follow each other.
    pub(crate) pace: Pace,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tables {
    notify: NotifyTable,
    pace: PaceTable,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PaceTable {
    between_starts_ms: Option<u32>,
    after_limit_ms: Option<u32>,
    unknown_limit_s: Option<Spanned<u32>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NotifyTable {
    command: Option<Spanned<Vec<String>>>,
    ntfy: Option<Spanned<String>>,
    ntfy_token: Option<Spanned<String>>,
    contact: Option<Spanned<String>>,
}

/// What is wrong with a text, and where in it.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    line: Option<usize>,
    what: String,
    to_do: &'static str,
}

impl Configuration {
    /// Reads the file; nothing is configured when there is none.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|error| {
                Failure::new(format!("{} cannot be read: {error}", path.display()))
                    .hint("see that it is a text file of yours, or move it away")
            })?,
        };
        Self::parse(&text).map_err(|Wrong { line, what, to_do }| {
            let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
            Failure::new(format!("{}{line}: {what}", path.display())).hint(to_do)
        })
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = |place: Option<Range<usize>>, what: String, to_do: &'static str| {
            let line = place
                .and_then(|place| text.get(..place.start))
                .map(|before| before.matches('\n').count() + 1);
            Wrong { line, what, to_do }
        };
        let Tables { notify, pace } = toml::from_str(text).map_err(|error| {
            let to_do = "change that line; the file may have a table [notify] with command, ntfy, ntfy_token and contact, and a table [pace] \
                         with between_starts_ms, after_limit_ms and unknown_limit_s";
            wrong(error.span(), error.message().trim().to_owned(), to_do)
        })?;
        let mut config = NotifyConfig::default();
        if let Some(command) = notify.command {
            if command.get_ref().first().is_none_or(|program| program.is_empty()) {
                let to_do = "write it like command = [\"notify-send\", \"Orchestra\"], or leave the line out";
                return Err(wrong(Some(command.span()), "command names no program".to_owned(), to_do));
            }
            config.command = command.into_inner();
        }
        if let Some(contact) = notify.contact {
            let is_one = ["mailto:", "https://"].iter().any(|scheme| contact.get_ref().starts_with(scheme));
            if !is_one || !contact.get_ref().bytes().all(|byte| byte.is_ascii_graphic()) {
                let to_do = "write it like contact = \"mailto:you@example.com\", or leave the line out";
                return Err(wrong(Some(contact.span()), "contact is no address".to_owned(), to_do));
            }
            config.contact = Some(contact.into_inner());
        }
        let (place, token_place) =
            (notify.ntfy.as_ref().map(Spanned::span), notify.ntfy_token.as_ref().map(Spanned::span));
        let token = notify.ntfy_token.map(Spanned::into_inner);
        match notify.ntfy {
            Some(topic) => {
                let ntfy = Ntfy::new(topic.get_ref(), token.as_deref()).map_err(|error| match error {
                    BadNtfy::Topic => wrong(place, error.to_string(), "change that line, or leave it out"),
                    BadNtfy::Token => {
                        wrong(token_place, error.to_string(), "change that line, or leave it out")
                    }
                });
                config.ntfy = Some(ntfy?);
            }
            None if token.is_some() => {
                let what = "ntfy_token is there without ntfy".to_owned();
                return Err(wrong(
                    token_place,
                    what,
                    "say which topic with ntfy = \"https://…\", or leave the line out",
                ));
            }
            None => {}
        }
        let unknown_limit = match pace.unknown_limit_s {
            Some(seconds) if *seconds.get_ref() == 0 => {
                let to_do = "write a whole number of seconds, 1 or more, or leave the line out";
                return Err(wrong(Some(seconds.span()), "unknown_limit_s is nothing".to_owned(), to_do));
            }
            seconds => seconds.map(|seconds| Duration::from_secs(seconds.into_inner().into())),
        };
        let milliseconds = |number: Option<u32>| number.map(|number| Duration::from_millis(number.into()));
        let usual = Pace::default();
        let pace = Pace {
            between_starts: milliseconds(pace.between_starts_ms).unwrap_or(usual.between_starts),
            after_limit: milliseconds(pace.after_limit_ms).unwrap_or(usual.after_limit),
            unknown_limit: unknown_limit.unwrap_or(usual.unknown_limit),
        };
        Ok(Self { notify: config, pace })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_it_may_say() {
        let text = "[notify]\ncommand = [\"notify-send\", \"Orchestra\"]\nntfy = \"https://ntfy.example/topic\"\n\
                    ntfy_token = \"tk_abc\"\ncontact = \"mailto:ada@example.com\"\n";
        let NotifyConfig { command, ntfy, contact, .. } = Configuration::parse(text).unwrap().notify;
        assert_eq!(command, ["notify-send", "Orchestra"]);
        assert!(ntfy.is_some());
        assert_eq!(contact.as_deref(), Some("mailto:ada@example.com"));
        assert!(Configuration::parse("").unwrap().notify.ntfy.is_none());
        let pace = Configuration::parse("[pace]\nafter_limit_ms = 10\nunknown_limit_s = 3\n").unwrap().pace;
        assert_eq!((pace.after_limit.as_millis(), pace.unknown_limit.as_secs()), (10, 3));
        assert_eq!(pace.between_starts, Pace::default().between_starts);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, says) in [
            ("[notify]\n\ncomand = []\n", 3, "comand"),
            ("[notfy]\n", 1, "notfy"),
            ("[notify]\ncommand = \"notify-send\"\n", 2, "expected a sequence"),
            ("[notify]\ncommand = []\n", 2, "names no program"),
            ("[notify]\nntfy = \"ntfy.example/topic\"\n", 2, "an ntfy topic is"),
            ("[notify]\nntfy = \"https://ntfy.example/t\"\nntfy_token = \"a b\"\n", 3, "an ntfy token is"),
            ("[notify]\nntfy_token = \"tk_abc\"\n", 2, "without ntfy"),
            ("[notify]\ncontact = \"ada@example.com\"\n", 2, "no address"),
            ("[pace]\nunknown_limit_s = 0\n", 2, "is nothing"),
            ("[pace]\nfast = true\n", 2, "fast"),
            ("[notify\n", 1, ""),
        ] {
            let wrong = Configuration::parse(text).map(drop).unwrap_err();
            assert_eq!(wrong.line, Some(line), "{text}: {wrong:?}");
            assert!(wrong.what.contains(says), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn a_failure_names_the_file_and_no_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert!(Configuration::read(Some(&path)).is_ok() && Configuration::read(None).is_ok());
        fs::write(&path, "[notify]\nntfi = 1\n").unwrap();
        let failure = Configuration::read(Some(&path)).unwrap_err();
        assert!(failure.message.starts_with(&format!("{}, line 2: ", path.display())), "{}", failure.message);
        assert!(failure.hint.unwrap().contains("ntfy_token"));
    }
}
