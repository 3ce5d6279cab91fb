//! One block of turns, as the reader comes near it.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    data::Blocks,
    error::AppError,
};

/// The block of an index, and how many turns there are now.
#[server(prefix = "/api", endpoint = "get_block", input = GetUrl, output = Text, client = OurClient)]
pub async fn get_block(
    /// The session.
    id: String,
    /// Its subagent, when it is a subagent's conversation.
    agent: Option<String>,
    /// Which block.
    index: u32,
) -> Result<Blocks, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || {
        crate::ssr::transcripts::blocks(&context, &id, agent.as_deref(), |_| (index, 1))
    })
    .await
}
