//! A scripted stand-in for the Anthropic Messages API, on loopback.
//!
//! [`ScriptedModel::start`] serves replies that a [`Script`] decides from each request, so that the real Claude
//! Code client writes real files, runs real commands and writes real transcripts, without a model, a key or a
//! network. By default the replies come from directives in the prompt itself, such as
//! `Add a cart. [[write cart.rs pub struct Cart;]] [[bash ls -1]]` (see [`Directive`]).
//!
//! [`client`] runs the two pinned versions of that client in a home folder of their own.
//!
//! This is neither a model nor a proxy: nothing here speaks to another machine, and nothing checks a key.

pub mod client;
mod directive;
mod events;
mod reply;
mod request;
mod script;
mod server;

pub use directive::Directive;
pub use reply::{Block, Failure, Message, Reply, Usage};
pub use request::Request;
pub use script::Script;
pub use server::{RunningModel, ScriptedModel, StartError};
