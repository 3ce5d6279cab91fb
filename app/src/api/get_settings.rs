//! The page of settings.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    error::AppError,
};

/// The settings, drawn.
#[server(prefix = "/api", endpoint = "get_settings", input = GetUrl, output = Text, client = OurClient)]
pub async fn get_settings() -> Result<String, AppError> {
    let context = crate::ssr::context();
    let request = use_context::<http::request::Parts>();
    crate::ssr::blocking(move || Ok(crate::ssr::settings(&context, request.as_ref()))).await
}
