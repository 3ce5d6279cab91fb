//! The form that starts agents.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    api::{client::OurClient, codec::Text},
    error::AppError,
};

/// The form, drawn: for a folder, with a text that was shared, or going on with a session.
#[server(prefix = "/api", endpoint = "get_form", input = GetUrl, output = Text, client = OurClient)]
pub async fn get_form(
    /// The folder that is meant.
    folder: Option<String>,
    /// What was shared.
    text: Option<String>,
    /// The session to go on with.
    session: Option<String>,
) -> Result<String, AppError> {
    let context = crate::ssr::context();
    crate::ssr::blocking(move || {
        crate::ssr::agents::new(&context, folder.as_deref(), text.as_deref(), session.as_deref())
    })
    .await
}
