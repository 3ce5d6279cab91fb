//! The projects that sessions were seen in.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{data::listing::ProjectsView, error::AppError};

/// Lists projects, the one active last first.
#[server(prefix = "/api", endpoint = "list_projects", input = GetUrl)]
pub async fn list_projects() -> Result<ProjectsView, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || Ok(crate::ssr::listing::all_projects(&context))).await
}
