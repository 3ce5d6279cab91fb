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
}
