//! Orchestra's nouns, shared by the engine, the server, the browser and the command line.
//!
//! Plain data with serde on it: no I/O, no clock, no async, nothing that could not run in a browser. Field names are
//! the ones that `--json` prints, so other programs may rely on them. Times are [`jiff::Timestamp`]s, written as
//! RFC 3339 in UTC.

pub mod agent;
pub mod change;
pub mod id;
pub mod listing;
pub mod message;
pub mod run;
pub mod score;
pub mod session;
pub mod transcript;

pub use agent::{
    Agent, AgentState, Attention, AttentionKind, Choice, Decided, Decision, DiffStat, Exit, PERMISSION_MODES,
    Question, QueuedPrompt, Request, RequestKind, Suggestion, TestRun,
};
pub use change::{ChangeKind, ChangedFile, Changes, Commit};
pub use id::{AgentId, InvalidId, SessionId};
pub use jiff::Timestamp;
pub use listing::{KindFilter, LeftOut, Listing, Problem, ProblemKind, SessionFilter};
pub use message::{
    AgentMessage, MessageKind, MessageState, Messages, Report, ReportOutcome, Sender, Talker, Thread,
    ThreadKind,
};
pub use run::{
    AtLimit, Check, Conflict, Landing, LandingOutcome, LandingState, LandingStep, Limit, PastLanding,
    Results, RunList, Spent, TaskResult, TaskState,
};
pub use score::{EndMark, Score, Span, SpanKind, Tick};
pub use session::{Forked, LiveProcess, LiveStatus, Provider, Session, SessionKind, TitleSource};
pub use transcript::{
    Excerpt, FileChange, ImageRef, Page, PatchHunk, PatchLine, Subagent, ToolCall, ToolInput, ToolResult,
    TranscriptInfo, Turn, TurnBody, Usage,
};
