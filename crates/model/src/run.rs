//! A run: agents that were started together, in which order, what each made, and how its work lands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AgentId, AgentState, ChangedFile, Commit, DiffStat, TestRun, Usage};

/// A run with the results of its tasks: what `orchestra results --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The run's id.
    pub run: AgentId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The repository's folder; `null` when it works in a plain folder.
    pub repo: Option<String>,
    /// The branch that its work goes back to.
    pub target: Option<String>,
    /// Whether nothing of it is at work, and nothing more of it can start by itself.
    pub is_over: bool,
    /// How many may be at work at once.
    pub max_parallel: Option<u32>,
    /// What it may use.
    pub limit: Limit,
    /// What it used so far.
    pub spent: Spent,
    /// Whether it is being landed, or was when that was cut off; `null` otherwise.
    pub landing: Option<LandingState>,
    /// What came of the last landing that has ended; `null` when there was none.
    pub last_landing: Option<PastLanding>,
    /// Pairs of tasks that change the same files and that were not tried out for conflicts: there are too many.
    pub uncompared: usize,
    /// Why it does not go on by itself, when that was tried and failed.
    pub trouble: Option<String>,
    /// Its tasks, in the order of the plan.
    pub tasks: Vec<TaskResult>,
}

impl Results {
    /// What it is about, from the names of its tasks.
    pub fn title(&self) -> String {
        let groups = self.groups();
        if let [group @ [first, _, ..]] = groups.as_slice()
            && first.attempt.is_some()
        {
            return format!("{}: {} attempts", first.base_name(), group.len());
        }
        let names: Vec<&str> = groups
            .iter()
            .flat_map(|group| match group.first() {
                Some(first) if first.attempt.is_some() => vec![first.base_name()],
                _ => group.iter().map(|task| task.name.as_str()).collect(),
            })
            .collect();
        match names.as_slice() {
            [] => "A run of nothing".to_owned(),
            [one] => (*one).to_owned(),
            [first, second] => format!("{first} and {second}"),
            [first, second, third] => format!("{first}, {second} and {third}"),
            [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        }
    }

    /// Its tasks in the order of the plan: alone, or attempts at the same one together.
    pub fn groups(&self) -> Vec<&[TaskResult]> {
        let mut groups = Vec::new();
        let mut rest = self.tasks.as_slice();
        while let Some(first) = rest.first() {
            let is_same = |task: &TaskResult| task.attempt.is_some_and(|number| number > 1);
            let length = match first.attempt {
                Some(_) => 1 + rest[1..].iter().take_while(|task| is_same(task)).count(),
                None => rest.iter().take_while(|task| task.attempt.is_none()).count(),
            };
            let (group, others) = rest.split_at(length);
            groups.push(group);
            rest = others;
        }
        groups
    }
}

/// Runs, as a list shows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunList {
    /// Those of several agents, the newest first, without what only git knows.
    pub runs: Vec<Results>,
    /// How many more there are.
    pub more: usize,
    /// How many agents were started alone.
    pub alone: usize,
}

/// One task of a run, and what its agent made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskResult {
    /// The task's name in the plan.
    pub name: String,
    /// Its agent's id.
    pub agent: AgentId,
    /// Its agent's name.
    pub agent_name: String,
    /// What was asked.
    pub prompt: String,
    /// The tasks that it comes after, by name.
    pub after: Vec<String>,
    /// The task on whose branch it started.
    pub from: Option<String>,
    /// Which attempt at the same task it is, from 1; `null` when there is only one.
    pub attempt: Option<u32>,
    /// How far it is.
    pub state: TaskState,
    /// How its agent is.
    pub agent_state: AgentState,
    /// Why it has not started, or what it waits for, one sentence.
    pub waits: Option<String>,
    /// Why it failed, or that its check was stopped, one sentence.
    pub failure: Option<String>,
    /// What the agent said last.
    pub result: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// How much it changed; `null` while it has no work of its own.
    pub diffstat: Option<DiffStat>,
    /// Why its work cannot be looked at; `null` when it can.
    pub unreadable: Option<String>,
    /// The files that it changed.
    pub files: Vec<ChangedFile>,
    /// Its commits, newest first.
    pub commits: Vec<Commit>,
    /// Files that are in no commit yet.
    pub uncommitted: Vec<String>,
    /// The last check of its work.
    pub check: Option<Check>,
    /// The last command its agent ran that looks like a test.
    pub tested: Option<TestRun>,
    /// How long it was at work, in seconds, without what it waited for people, others and limits; `null` before it started.
    pub seconds: Option<u64>,
    /// Turns ended.
    pub turns: u32,
    /// Tokens used.
    pub tokens: Usage,
    /// What it cost, in USD.
    pub cost_usd: Option<f64>,
    /// How often it was sent back by itself.
    pub retries: u32,
    /// What its work does not go together with: the target, or others of the run.
    pub conflicts: Vec<Conflict>,
    /// The commit at which its work landed; `null` also when there is more of it since.
    pub landed: Option<String>,
    /// Whether it is in the trash.
    pub is_cleaned: bool,
}

impl TaskResult {
    /// Whether all of its work has landed, and its agent is not at work on more.
    pub const fn is_landed(&self) -> bool {
        let is_at_work = matches!(
            self.agent_state,
            AgentState::Starting | AgentState::Running | AgentState::Waiting | AgentState::Parked
        );
        self.landed.is_some() && !is_at_work
    }

    /// Whether it is done and has work that has not landed. What it changed may not be known.
    pub fn can_land(&self) -> bool {
        let has_work = self.branch.is_some() && self.diffstat.is_none_or(|stat| stat.files > 0);
        self.state == TaskState::Done && has_work && self.landed.is_none() && !self.is_cleaned
    }

    /// Whether its agent waits until the rate limit lifts.
    pub fn is_parked(&self) -> bool {
        self.state == TaskState::Running && self.agent_state == AgentState::Parked
    }

    /// Whether its agent waits for a person.
    pub fn is_waiting(&self) -> bool {
        self.state == TaskState::Running && self.agent_state == AgentState::Waiting
    }

    /// How far it is, in a word for a person.
    pub fn word(&self) -> &'static str {
        match self.state {
            _ if self.is_landed() => "landed",
            _ if self.is_cleaned => "in the trash",
            _ if self.is_waiting() => "waiting",
            _ if self.is_parked() => "parked",
            state => state.name(),
        }
    }

    /// Its name without the number of the attempt.
    pub fn base_name(&self) -> &str {
        let is_number = |tail: &str| !tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit());
        self.name.rsplit_once('-').filter(|(_, tail)| is_number(tail)).map_or(&self.name, |(head, _)| head)
    }
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It waits for its turn, or for others to be done.
    Queued,
    /// It cannot start: one that it comes after failed or was stopped.
    Blocked,
    /// Its agent is at work.
    Running,
    /// Its agent has a result, which is being checked.
    Checking,
    /// It is done; its check, if it has one, went well.
    Done,
    /// Its agent failed, or its check did.
    Failed,
    /// A person stopped it.
    Stopped,
}

impl TaskState {
    /// The state's name as `--json` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Blocked => "blocked",
            Self::Running => "running",
            Self::Checking => "checking",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// A check of an agent's work: a command, run in its worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The command.
    pub command: String,
    /// Whether it went well.
    pub passed: bool,
    /// Its exit code; `null` when a signal ended it, or its time was over.
    pub exit_code: Option<i32>,
    /// The end of what it printed.
    pub output: String,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Whether the agent has worked on since.
    pub is_outdated: bool,
}

/// Work that another's does not go together with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The other: an agent's name, or the target.
    pub with: String,
    /// The files.
    pub files: Vec<String>,
}

/// What a run may use. What is absent has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limit {
    /// In USD, as the client says.
    pub usd: Option<f64>,
    /// Tokens that no cache served, in and out.
    pub tokens: Option<u64>,
    /// Minutes from when it was asked for.
    pub minutes: Option<u64>,
    /// What happens at it.
    pub at_limit: AtLimit,
}

/// What happens when a run has used what it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtLimit {
    /// Nothing more starts, and a person is asked; who is at work goes on.
    #[default]
    Ask,
    /// Nothing more starts, and who is at work is stopped.
    Stop,
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// In USD, as the client says.
    pub usd: f64,
    /// Tokens that no cache served, in and out.
    pub tokens: u64,
    /// Seconds since it was asked for, until it was over.
    pub seconds: u64,
}

impl Limit {
    /// Whether there is any.
    pub const fn is_set(&self) -> bool {
        self.usd.is_some() || self.tokens.is_some() || self.minutes.is_some()
    }

    /// What is used up, in words that follow "has used"; `None` while there is something left.
    pub fn reached(&self, spent: &Spent) -> Option<String> {
        if let Some(most) = self.usd.filter(|most| spent.usd >= *most) {
            return Some(format!("{} of {}", dollars(spent.usd), dollars(most)));
        }
        if let Some(most) = self.tokens.filter(|most| spent.tokens >= *most) {
            return Some(format!("{} of {most} tokens", spent.tokens));
        }
        let most = self.minutes.filter(|most| spent.seconds >= most.saturating_mul(60))?;
        Some(if most == 1 { "its 1 minute".to_owned() } else { format!("its {most} minutes") })
    }

    /// The limit with as much again, from now on, of whatever is used up.
    #[must_use]
    pub fn with_as_much_again(&self, spent: &Spent) -> Self {
        let minutes_spent = spent.seconds.div_ceil(60);
        let is_used_up = |limit: Self| limit.reached(spent).is_some();
        let one = |limit: Self| if is_used_up(limit) { limit } else { Self::default() };
        let usd = one(Self { usd: self.usd, ..Self::default() }).usd;
        let tokens = one(Self { tokens: self.tokens, ..Self::default() }).tokens;
        let minutes = one(Self { minutes: self.minutes, ..Self::default() }).minutes;
        Self {
            usd: usd.map(|most| ((spent.usd + most) * 100.0).ceil() / 100.0).or(self.usd),
            tokens: tokens.map(|most| spent.tokens.saturating_add(most)).or(self.tokens),
            minutes: minutes.map(|most| minutes_spent.saturating_add(most)).or(self.minutes),
            at_limit: self.at_limit,
        }
    }

    /// The same with each part of it as high as another's, where that is higher.
    #[must_use]
    pub fn raised_to(&self, other: &Self) -> Self {
        Self {
            usd: self.usd.map(|most| other.usd.map_or(most, |other| most.max(other))),
            tokens: self.tokens.map(|most| other.tokens.map_or(most, |other| most.max(other))),
            minutes: self.minutes.map(|most| other.minutes.map_or(most, |other| most.max(other))),
            at_limit: self.at_limit,
        }
    }
}

/// Of a landing that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandingState {
    /// Somebody lands it right now.
    UnderWay,
    /// Whoever landed it was ended before it was over. What landed until then has landed; landing again goes on.
    CutOff,
}

/// A landing that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastLanding {
    /// When.
    pub at: Timestamp,
    /// How far it came.
    pub landing: Landing,
    /// Why it did not come to its end; `null` when it did.
    pub failure: Option<String>,
}

/// How the landing of a run went: what `orchestra land --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landing {
    /// The run's id.
    pub run: AgentId,
    /// The branch that took the work.
    pub target: String,
    /// Where the target stands now.
    pub commit: String,
    /// Each task, in the order in which it was tried.
    pub steps: Vec<LandingStep>,
}

/// One task's way onto the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandingStep {
    /// The agent's name.
    pub agent: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: LandingOutcome,
}

impl LandingOutcome {
    /// Whether its agent is sent back.
    pub const fn is_sent_back(&self) -> bool {
        matches!(self, Self::Conflict { told: true, .. } | Self::Red { told: true, .. })
    }

    /// Whether it does not land though its agent knows why: a person is needed.
    pub const fn is_left_so(&self) -> bool {
        matches!(self, Self::Conflict { told: false, .. } | Self::Red { told: false, .. })
    }
}

/// What became of a task's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum LandingOutcome {
    /// The target has it now.
    Landed {
        /// The target's commit with it.
        commit: String,
        /// How the check went, when there was one.
        check: Option<Check>,
    },
    /// The target had all of it already.
    Nothing,
    /// It conflicts.
    Conflict {
        /// The files.
        files: Vec<String>,
        /// Whether the agent is sent back with that; `false` when it was before, and changed nothing.
        #[serde(default)]
        told: bool,
    },
    /// With it the check fails.
    Red {
        /// The check.
        check: Check,
        /// Whether the agent is sent back with that; `false` when it was before, and changed nothing.
        #[serde(default)]
        told: bool,
    },
    /// Where the target is checked out, changes of somebody's own are in the way.
    InTheWay {
        /// The checkout.
        folder: String,
        /// The files.
        files: Vec<String>,
    },
    /// It waits: another is before it, or it is not done.
    Waits {
        /// For what, one sentence.
        why: String,
    },
}

/// An amount in cents; one below a dollar in thousandths where cents would say another.
fn dollars(amount: f64) -> String {
    let is_in_cents = (amount * 1000.0).round() % 10.0 == 0.0;
    if amount >= 1.0 || is_in_cents { format!("${amount:.2}") } else { format!("${amount:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_reached_by_the_first_of_its_parts() {
        let limit = Limit { usd: Some(1.0), tokens: Some(100), minutes: Some(2), at_limit: AtLimit::Ask };
        let spent = |usd, tokens, seconds| limit.reached(&Spent { usd, tokens, seconds });
        assert_eq!(spent(0.99, 99, 119), None);
        assert_eq!(spent(1.0, 0, 0).as_deref(), Some("$1.00 of $1.00"));
        let small = Limit { usd: Some(0.01), ..Limit::default() };
        let used = Spent { usd: 0.015, ..Spent::default() };
        assert_eq!(small.reached(&used).as_deref(), Some("$0.015 of $0.01"));
        assert_eq!(spent(0.0, 100, 0).as_deref(), Some("100 of 100 tokens"));
        assert_eq!(spent(0.0, 0, 120).as_deref(), Some("its 2 minutes"));
        let spent = Spent { usd: 1.004, tokens: 99, seconds: 130 };
        let more = limit.with_as_much_again(&spent);
        assert_eq!((more.usd, more.tokens, more.minutes), (Some(2.01), Some(100), Some(5)));
        assert_eq!(more.reached(&spent), None);
        assert_eq!((more.raised_to(&limit), limit.raised_to(&more)), (more, more));
        assert_eq!(Limit::default().reached(&Spent { usd: 1e9, tokens: u64::MAX, seconds: u64::MAX }), None);
    }
}
