//! The projects that sessions were seen in.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    error::AppError,
};

/// Lists projects, the one active last first: drawn.
#[server(prefix = "/api", endpoint = "list_projects", input = GetUrl, output = Text, client = OurClient)]
pub async fn list_projects() -> Result<String, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || Ok(crate::ssr::listing::all_projects(&context))).await
}
