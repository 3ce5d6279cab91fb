//! The server functions: reads of the engine, each at its own address under `/api`.

pub mod codec;
pub mod get_block;
pub mod get_session;
pub mod list_projects;
pub mod list_sessions;
pub mod open_transcript;

pub use get_block::get_block;
pub use get_session::get_session;
pub use list_projects::list_projects;
pub use list_sessions::list_sessions;
pub use open_transcript::open_transcript;
