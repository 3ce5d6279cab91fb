//! What a transcript's page opens with.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    data::Opened,
    error::AppError,
};

/// A conversation with the blocks around a turn, or the last ones.
#[server(prefix = "/api", endpoint = "open_transcript", input = GetUrl, output = Text, client = OurClient)]
pub async fn open_transcript(
    /// The session.
    id: String,
    /// Its subagent, when it is a subagent's conversation.
    agent: Option<String>,
    /// The turn asked for.
    at: Option<u32>,
) -> Result<Opened, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || {
        let head = crate::ssr::transcripts::head(&context, &id, agent.as_deref())?;
        let blocks = crate::ssr::transcripts::opening(&context, &id, agent.as_deref(), at)?;
        Ok(Opened { head, blocks })
    })
    .await
}
