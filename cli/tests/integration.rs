//! The built program, run as a person runs it, in homes made for the purpose.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows only the test functions themselves as tests, not their helpers"
)]

mod integration {
    mod agents;
    mod demo;
    mod help;
    mod picker;
    mod real_client;
    mod resume;
    mod sessions;
    mod show;
    mod web;
    mod world;
}
