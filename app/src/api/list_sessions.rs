//! The sessions that a query asks for.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    data::{ListQuery, SessionsView},
    error::AppError,
};

/// Lists sessions, newest first, with their score and what is left out.
#[server(prefix = "/api", endpoint = "list_sessions", input = GetUrl, output = Text, client = OurClient)]
pub async fn list_sessions(
    /// What is asked; no parameter at all asks for what is shown by default.
    #[server(default)]
    query: ListQuery,
) -> Result<SessionsView, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || crate::ssr::listing::sessions(&context, &query)).await
}
