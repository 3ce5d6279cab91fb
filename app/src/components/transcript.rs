//! The parts of a transcript's page.

pub mod block;
pub mod conversation;
pub mod copying;
pub mod head;
pub mod lane;
pub mod list_column;
pub mod reel;
pub mod scroll;
