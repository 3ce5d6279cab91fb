//! Everything around one conversation.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    data::TranscriptHead,
    error::AppError,
};

/// One session, or one of its subagents, without the turns.
#[server(prefix = "/api", endpoint = "get_session", input = GetUrl, output = Text, client = OurClient)]
pub async fn get_session(
    /// The session.
    id: String,
    /// Its subagent, when it is a subagent's conversation.
    agent: Option<String>,
) -> Result<TranscriptHead, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || crate::ssr::transcripts::head(&context, &id, agent.as_deref())).await
}
