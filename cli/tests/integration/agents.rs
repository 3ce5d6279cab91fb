//! Agents, run by the built program with a client that does what its prompts say.
//!
//! What only the real client can show stands in [`real`].

mod answers;
mod ends;
mod input;
mod keys;
mod landing;
mod limits;
mod machine;
mod queue;
mod real;
mod runs;
mod starts;
mod stuck;
mod together;
mod work;
mod world;
