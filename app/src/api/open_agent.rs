//! One agent with its conversation.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    data::AgentView,
    error::AppError,
};

/// An agent, with the end of its conversation or the turn asked for.
#[server(prefix = "/api", endpoint = "open_agent", input = GetUrl, output = Text, client = OurClient)]
pub async fn open_agent(
    /// The agent.
    id: String,
    /// The turn asked for.
    at: Option<u32>,
) -> Result<AgentView, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || crate::ssr::agents::view(&context, &id, at)).await
}
