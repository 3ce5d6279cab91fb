//! The server functions, each at its own address under `/api`: reads of the engine, and the one that changes anything.

pub mod client;
pub mod codec;
pub mod get_block;
pub mod get_form;
pub mod get_session;
pub mod get_settings;
pub mod get_work;
pub mod list_agents;
pub mod list_projects;
pub mod list_sessions;
pub mod open_agent;
pub mod open_transcript;
pub mod send_command;

pub use get_block::get_block;
pub use get_form::get_form;
pub use get_session::get_session;
pub use get_settings::get_settings;
pub use get_work::get_work;
pub use list_agents::list_agents;
pub use list_projects::list_projects;
pub use list_sessions::list_sessions;
pub use open_agent::open_agent;
pub use open_transcript::open_transcript;
pub use send_command::send_command;
