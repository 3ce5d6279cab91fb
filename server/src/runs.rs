//! The pages of runs, drawn whole: no WebAssembly takes them over.

use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use leptos::nonce::Nonce;
use orchestra_app::ssr::{AppContext, runs};
use orchestra_app::{PlainPage, plain_document};
use serde::Deserialize;

use crate::pages::Pages;
use crate::security::headers::page_policy;

/// Their own style and script, in the site's folder.
const OWN: [&str; 2] = ["/runs.css", "/runs.js"];

/// Which part of a run's page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Part {
    show: String,
}

/// `GET /runs`.
pub(crate) async fn list(State(pages): State<Pages>, State(context): State<AppContext>) -> Response {
    drawn(pages, move || (runs::list(&context), 200)).await
}

/// `GET /runs/{id}[?show=diffs|threads|graph]`.
pub(crate) async fn show(
    State(pages): State<Pages>,
    State(context): State<AppContext>,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    drawn(pages, move || runs::page(&context, &id, runs::Show::named(&part.show))).await
}

/// `GET /runs/{id}/report.md`: to paste into a pull request.
pub(crate) async fn report(State(context): State<AppContext>, Path(id): Path<String>) -> Response {
    let report = tokio::task::spawn_blocking(move || runs::report(&context, &id)).await;
    match report {
        Ok(Ok(report)) => ([(CONTENT_TYPE, "text/plain; charset=utf-8")], report).into_response(),
        Ok(Err(error)) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, format!("{} {}\n", error.message, error.next_step)).into_response()
        }
        Err(problem) => lost(&problem),
    }
}

/// Draws a page on a thread that may block.
async fn drawn(pages: Pages, page: impl FnOnce() -> (PlainPage, u16) + Send + 'static) -> Response {
    let nonce = Nonce::new().to_string();
    let policy = page_policy(&nonce);
    let document = move || {
        let (page, status) = page();
        (plain_document(page, pages.assets(), &nonce, OWN), status)
    };
    let (html, status) = match tokio::task::spawn_blocking(document).await {
        Ok(drawn) => drawn,
        Err(problem) => return lost(&problem),
    };
    let mut response = Html(html).into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(policy) = policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn lost(problem: &tokio::task::JoinError) -> Response {
    tracing::error!(%problem, "cannot draw a run");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
