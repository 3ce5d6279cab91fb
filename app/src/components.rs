//! The parts that pages are made of.

pub mod agent;
pub mod agent_card;
pub mod beside;
pub mod commands;
pub mod drafts;
pub mod drawn;
pub mod error_view;
pub mod filter_bar;
pub mod frame;
pub mod icon;
pub mod list;
pub mod live_mark;
pub mod name;
pub mod outbox;
pub mod scroll_memory;
pub mod session_groups;
pub mod session_row;
pub mod sessions_list;
pub mod since_you_looked;
pub mod skeleton;
pub mod time;
pub mod transcript;
