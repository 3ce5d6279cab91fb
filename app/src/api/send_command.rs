//! The one way in which a page changes anything.

use leptos::prelude::*;

use crate::{
    api::{client::OurClient, codec::Text},
    data::agent::Outcome,
    error::AppError,
};

/// Carries out a command that a page holds; under one key it happens once.
#[server(prefix = "/api", endpoint = "send_command", output = Text, client = OurClient)]
pub async fn send_command(
    /// The name of this one wish.
    key: String,
    /// The command, as the server drew it into the page.
    command: String,
) -> Result<Outcome, AppError> {
    let context = crate::ssr::context();
    let done = crate::ssr::blocking(move || crate::ssr::commands::run(&context, &key, &command)).await;
    done.inspect_err(|error| crate::ssr::set_status(error.status()))
}
