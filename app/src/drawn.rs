//! What the server draws as HTML: the browser puts it in place and never builds it itself.
//!
//! What does not react needs no code in the browser: a conversation's turns, the strip above a list, the details of a
//! session. So a phone loads less, a page costs it few assignments, and all of it reads the same with JavaScript off.
//! Links and buttons in these drawings work by delegation, see `components/drawn.rs`.
//!
//! Nothing here uses signals: drawings are made on threads that own none.

pub(crate) mod agents;
pub(crate) mod details;
pub(crate) mod empty;
pub(crate) mod lane;
pub(crate) mod left_out;
pub(crate) mod notifications;
pub(crate) mod palette;
mod parts;
pub(crate) mod projects;
pub(crate) mod row;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod silence;
pub(crate) mod strip;
pub(crate) mod turns;
