//! Agents, run by the built program with a client that does what its prompts say.
//!
//! What the real client does stands in `agents_with_the_real_client`.

mod answers;
mod ends;
mod input;
mod queue;
mod starts;
mod work;
mod world;
