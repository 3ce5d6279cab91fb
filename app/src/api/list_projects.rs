//! The projects that sessions were seen in.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{api::codec::Text, data::listing::ProjectsView, error::AppError};

/// Lists projects, the one active last first.
#[server(prefix = "/api", endpoint = "list_projects", input = GetUrl, output = Text)]
pub async fn list_projects() -> Result<ProjectsView, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || Ok(crate::ssr::listing::all_projects(&context))).await
}
