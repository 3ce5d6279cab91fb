//! The agents.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    data::AgentsView,
    error::AppError,
};

/// Lists every agent, in no order.
#[server(prefix = "/api", endpoint = "list_agents", input = GetUrl, output = Text, client = OurClient)]
pub async fn list_agents() -> Result<AgentsView, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || Ok(crate::ssr::agents::list(&context))).await
}
