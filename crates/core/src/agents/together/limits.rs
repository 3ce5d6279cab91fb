//! What agents may do to each other, and how often: rules without a disk or a clock.

use orchestra_model::AgentId;

use crate::agents::plan::{Plan, Talks};

/// How many agents may stand between one and a person.
pub const DEEPEST: u32 = 3;
/// How many agents one may start.
pub const MOST_STARTED: usize = 8;
/// How many agents of a run may have been started by agents.
pub const MOST_IN_RUN: usize = 32;
/// How many messages an agent may send within a minute.
pub const MOST_SENT: usize = 30;
/// How many messages of agents one may get within a minute.
pub const MOST_ARRIVED: usize = 60;
/// How many messages of agents may wait for one.
pub const MOST_WAITING: usize = 100;
/// The longest message, in bytes.
pub const LONGEST_MESSAGE: usize = 16 << 10;
/// The longest task that an agent starts another with, in bytes.
pub const LONGEST_TASK: usize = 64 << 10;
/// The longest word that an agent calls a wish by, and the longest name of a model, in bytes.
pub const LONGEST_WORD: usize = 200;
/// How many files a report may name.
pub const MOST_FILES: usize = 500;
/// The longest path among them, in bytes.
pub const LONGEST_PATH: usize = 1000;
/// How much of what an agent was called by somebody is said back, in characters.
pub const LONGEST_ECHO: usize = 100;

/// What keeps an agent from something, and what it can do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// It belongs to another run.
    #[error("{name} is not in your run; list_agents shows those you can talk to")]
    OtherRun {
        /// Who.
        name: String,
    },
    /// Nobody talks to itself.
    #[error("that is you; list_agents shows the others")]
    Itself,
    /// It has no tools to talk with.
    #[error("{name} was started without tools to talk to others; do its part yourself, or tell the person")]
    Mute {
        /// Who.
        name: String,
    },
    /// There is nothing in it.
    #[error("{what} is empty; say in it what the other shall know or do")]
    Empty {
        /// What.
        what: &'static str,
    },
    /// It is too long.
    #[error(
        "{what} has {bytes} bytes, at most {most} are taken; put it into a file, commit it, and name that"
    )]
    Long {
        /// What.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest.
        most: usize,
    },
    /// A word that is only to name something is too long.
    #[error("{what} has {bytes} bytes, at most {most} are taken; choose a shorter one")]
    LongWord {
        /// What.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest.
        most: usize,
    },
    /// It cannot be the name of a model.
    #[error("model has a control character in it; write the model's name alone, or leave it out")]
    NoModel,
    /// It names too many files.
    #[error("{number} files are named, at most {MOST_FILES} are taken; name the folders that they are in")]
    ManyFiles {
        /// How many.
        number: usize,
    },
    /// The word stands for something else already.
    #[error("{key:?} was the key of another {what}; choose another key for this one, or leave it out")]
    KeyUsed {
        /// The word.
        key: String,
        /// What it stands for.
        what: &'static str,
    },
    /// It sends too fast.
    #[error("you sent {MOST_SENT} messages within a minute; wait a minute, and say more in one message")]
    TooFast,
    /// It gets too many.
    #[error("it got {MOST_ARRIVED} messages within a minute; wait a minute, then try again")]
    TooMany,
    /// Too many wait.
    #[error("{MOST_WAITING} messages wait for it; wait until it has read them, with wait_for")]
    Full,
    /// Too many stand between it and a person.
    #[error(
        "you may not start agents: {depth} agents stand between you and a person, at most {DEEPEST} may; do it yourself"
    )]
    TooDeep {
        /// How many.
        depth: u32,
    },
    /// It has started too many.
    #[error(
        "you have started {MOST_STARTED} agents, more are not allowed; send one of them a message instead"
    )]
    TooManyStarted,
    /// Agents of the run have started too many.
    #[error("agents of this run have started {MOST_IN_RUN} agents, more are not allowed; do it yourself")]
    TooManyInRun,
}

/// Whether one agent may talk to another.
///
/// # Errors
/// When it may not.
pub fn may_talk(from: &Plan, to: &Plan) -> Result<(), Limit> {
    match () {
        () if from.id == to.id => Err(Limit::Itself),
        () if to.settings.talks == Talks::Nobody => Err(Limit::Mute { name: to.name.clone() }),
        () if from.run.id != to.run.id && from.settings.talks != Talks::Any => {
            Err(Limit::OtherRun { name: to.name.clone() })
        }
        () => Ok(()),
    }
}

/// Whether a text can be a message, or a task.
///
/// # Errors
/// When it is empty or too long.
pub fn may_be_said(what: &'static str, text: &str, most: usize) -> Result<(), Limit> {
    match text.len() {
        _ if text.trim().is_empty() => Err(Limit::Empty { what }),
        bytes if bytes > most => Err(Limit::Long { what, bytes, most }),
        _ => Ok(()),
    }
}

/// The word that an agent calls a wish by; one of nothing but blanks is none.
///
/// # Errors
/// When it is too long.
pub fn may_be_key(key: Option<&str>) -> Result<Option<&str>, Limit> {
    let key = key.filter(|key| !key.trim().is_empty());
    key.map(|key| word("key", key, LONGEST_WORD)).transpose()
}

/// The name of a model; one of nothing but blanks is none.
///
/// # Errors
/// When none is called so.
pub fn may_be_model(model: Option<&str>) -> Result<Option<&str>, Limit> {
    let Some(model) = model.map(str::trim).filter(|model| !model.is_empty()) else { return Ok(None) };
    if model.chars().any(char::is_control) {
        return Err(Limit::NoModel);
    }
    word("model", model, LONGEST_WORD).map(Some)
}

/// Whether a report may name these files.
///
/// # Errors
/// When they are too many, or one's path is too long.
pub fn may_be_named(files: &[String]) -> Result<(), Limit> {
    if files.len() > MOST_FILES {
        return Err(Limit::ManyFiles { number: files.len() });
    }
    files.iter().try_for_each(|path| word("a file's path", path, LONGEST_PATH).map(drop))
}

const fn word<'a>(what: &'static str, word: &'a str, most: usize) -> Result<&'a str, Limit> {
    match word.len() {
        bytes if bytes > most => Err(Limit::LongWord { what, bytes, most }),
        _ => Ok(word),
    }
}

/// What somebody was called, short enough to be said back.
pub fn echo(name: &str) -> String {
    match name.char_indices().nth(LONGEST_ECHO) {
        Some((cut, _)) => format!("{}…", &name[..cut]),
        None => name.to_owned(),
    }
}

/// Whether an agent may send one more, after so many within a minute.
///
/// # Errors
/// When it may not.
pub const fn may_send(sent: usize) -> Result<(), Limit> {
    if sent >= MOST_SENT { Err(Limit::TooFast) } else { Ok(()) }
}

/// Whether one more message may come to an agent for which so many wait, and so many came within a minute.
///
/// # Errors
/// When it may not.
pub const fn may_arrive(waiting: usize, arrived: usize) -> Result<(), Limit> {
    match () {
        () if waiting >= MOST_WAITING => Err(Limit::Full),
        () if arrived >= MOST_ARRIVED => Err(Limit::TooMany),
        () => Ok(()),
    }
}

/// Whether an agent may start one more, given all that were started in its run; answers the new one's depth.
///
/// # Errors
/// When it may not.
pub fn may_start<'a>(me: &Plan, starters: impl Iterator<Item = &'a AgentId>) -> Result<u32, Limit> {
    let depth = me.started_by.as_ref().map_or(0, |starter| starter.depth);
    if depth >= DEEPEST {
        return Err(Limit::TooDeep { depth });
    }
    let (mut mine, mut all) = (0, 0);
    for starter in starters {
        all += 1;
        mine += usize::from(*starter == me.id);
    }
    match () {
        () if mine >= MOST_STARTED => Err(Limit::TooManyStarted),
        () if all >= MOST_IN_RUN => Err(Limit::TooManyInRun),
        () => Ok(depth + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_lets_the_last_one_through_and_stops_the_next() {
        assert_eq!((may_send(MOST_SENT - 1), may_send(MOST_SENT)), (Ok(()), Err(Limit::TooFast)));
        assert_eq!(may_arrive(MOST_WAITING - 1, MOST_ARRIVED - 1), Ok(()));
        assert_eq!(may_arrive(MOST_WAITING, 0), Err(Limit::Full));
        assert_eq!(may_arrive(0, MOST_ARRIVED), Err(Limit::TooMany));
        let said = |length: usize| may_be_said("it", &"x".repeat(length), 10);
        assert_eq!(said(10), Ok(()));
        assert_eq!(said(11), Err(Limit::Long { what: "it", bytes: 11, most: 10 }));
        assert_eq!(may_be_said("it", " \n", 10), Err(Limit::Empty { what: "it" }));
    }

    #[test]
    fn words_and_files_have_limits_and_blanks_are_none() {
        let long = |length| "x".repeat(length);
        let too_long = |what, most| Limit::LongWord { what, bytes: most + 1, most };
        assert_eq!((may_be_key(None), may_be_key(Some(" \t"))), (Ok(None), Ok(None)));
        assert_eq!(may_be_key(Some(&long(LONGEST_WORD))).map(|key| key.is_some()), Ok(true));
        assert_eq!(may_be_key(Some(&long(LONGEST_WORD + 1))), Err(too_long("key", LONGEST_WORD)));
        assert_eq!((may_be_model(Some("")), may_be_model(Some(" opus "))), (Ok(None), Ok(Some("opus"))));
        assert_eq!(may_be_model(Some("opus\n--dangerous")), Err(Limit::NoModel));
        assert_eq!(may_be_model(Some(&long(LONGEST_WORD + 1))), Err(too_long("model", LONGEST_WORD)));
        let files = |number, length| vec![long(length); number];
        assert_eq!(may_be_named(&files(MOST_FILES, LONGEST_PATH)), Ok(()));
        assert_eq!(may_be_named(&files(MOST_FILES + 1, 1)), Err(Limit::ManyFiles { number: MOST_FILES + 1 }));
        let path = LONGEST_PATH + 1;
        assert_eq!(may_be_named(&files(1, path)), Err(too_long("a file's path", LONGEST_PATH)));
        assert_eq!(echo(&"é".repeat(101)), format!("{}…", "é".repeat(100)));
        assert_eq!(echo("é"), "é");
    }
}
