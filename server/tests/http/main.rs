//! The server over real HTTP: who gets in, what comes out, and what happens at the limits.
//!
//! Requests are written byte by byte here, since most of what is tested is what no well-behaved client sends.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod assets;
mod calls;
mod client;
mod commands;
mod events;
mod files;
mod limits;
mod notifications;
mod pairing;
mod proxy;
mod push_service;
mod security;
mod server;
mod starting;
mod tls;
