//! What an agent made: its changes, and what it came to.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    error::AppError,
};

/// What an agent changed, or what it came to: drawn.
#[server(prefix = "/api", endpoint = "get_work", input = GetUrl, output = Text, client = OurClient)]
pub async fn get_work(
    /// The agent.
    id: String,
    /// Whether what it came to is asked for, rather than its changes.
    result: bool,
) -> Result<String, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || match result {
        true => crate::ssr::agents::result(&context, &id),
        false => crate::ssr::agents::changes(&context, &id),
    })
    .await
}
