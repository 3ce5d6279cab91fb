//! What the palette offers, as HTML that its script puts in place.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use orchestra_app::ssr::{AppContext, agents};
use serde::Deserialize;

/// What the page is about that the palette opens on.
#[derive(Debug, Deserialize)]
pub(crate) struct InFront {
    agent: Option<String>,
}

/// `GET /palette[?agent=…]`.
pub(crate) async fn show(State(context): State<AppContext>, Query(in_front): Query<InFront>) -> Response {
    let drawn = move || Html(agents::palette(&context, in_front.agent.as_deref()));
    tokio::task::spawn_blocking(drawn).await.map_or_else(
        |problem| {
            tracing::error!(%problem, "cannot draw the palette");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        },
        IntoResponse::into_response,
    )
}
