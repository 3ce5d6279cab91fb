//! What pages are drawn from: small, serialisable shapes made on the server from the engine's nouns.
//!
//! Times are milliseconds since 1970, days are numbers in the server's time zone, so that both sides of hydration
//! draw the same without a clock, a locale or a time zone of their own.

pub mod agent;
pub mod carried;
pub mod groups;
pub mod lane;
pub mod listing;
pub mod merge;
pub mod news;
pub mod query;
pub mod session_row;
pub mod transcript;

pub use agent::{AgentRow, AgentView, AgentsView, Outcome};
pub use carried::{Carried, Drawings};
pub use groups::{DayGroup, Placed, ProjectGroup};
pub use lane::LaneView;
pub use listing::{ServerClock, SessionsView};
pub use news::{News, Written};
pub use query::{ListQuery, Since};
pub use session_row::SessionRow;
pub use transcript::{Block, Blocks, Item, Opened, TranscriptHead};
