//! The dashboard: Leptos views, the server functions that feed them, and the shapes they are drawn from.
//!
//! Compiled twice: with `ssr` for the host, which renders pages and answers server functions, and with `hydrate` for
//! the browser, which takes a rendered page over. What only the host needs stands in [`ssr`], [`shell`](mod@shell)
//! and `drawn`; nothing of it, nor of the engine, reaches the browser.

pub mod api;
pub mod app;
pub mod components;
pub mod data;
#[cfg(feature = "ssr")]
mod drawn;
pub mod error;
pub mod live;
pub mod pages;
pub mod reactive;
pub mod reads;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod ssr;
pub mod text;
pub mod window;

pub use app::{APP_ELEMENT, App};
pub use orchestra_model as model;
#[cfg(feature = "ssr")]
pub use shell::{AssetNames, PlainPage, plain_document, shell};
