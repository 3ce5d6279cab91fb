//! Where the server meets the app: its pages and its server functions, with what they work on handed in.

use axum::Router;
use axum::extract::{FromRef, Request};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;
use leptos::context::{provide_context, use_context};
use leptos::nonce::use_nonce;
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list_with_exclusions_and_ssg_and_context,
    render_app_to_stream_with_context,
};
use orchestra_app::ssr::AppContext;
use orchestra_app::{App, AssetNames, shell};

use crate::assets::OUTPUT_NAME;

/// The app with what it works on.
#[derive(Clone)]
pub(crate) struct Pages {
    context: AppContext,
    options: LeptosOptions,
    assets: Option<AssetNames>,
}

impl Pages {
    pub(crate) fn new(context: AppContext, assets: Option<AssetNames>) -> Self {
        // Names and folders are ours to know: the app gets the names of its files, and nothing is served from a folder.
        let options = LeptosOptions::builder().output_name(OUTPUT_NAME).build();
        Self { context, options, assets }
    }

    /// The names of the site's files.
    pub(crate) const fn assets(&self) -> Option<&AssetNames> {
        self.assets.as_ref()
    }

    /// The addresses of the app's pages.
    pub(crate) fn list(&self) -> Vec<AxumRouteListing> {
        let context = self.context.clone();
        generate_route_list_with_exclusions_and_ssg_and_context(App, None, move || {
            provide_context(context.clone());
        })
        .0
    }

    /// The addresses of the app's server functions.
    pub(crate) fn list_functions() -> impl Iterator<Item = (&'static str, Method)> {
        server_fn::axum::server_fn_paths()
    }

    /// The router of the pages and the server functions; what is nowhere gets the app's page for that.
    pub(crate) fn router<S>(&self, state: &S, pages: Vec<AxumRouteListing>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
        LeptosOptions: FromRef<S>,
    {
        let context = self.context.clone();
        let provide = move || {
            provide_context(context.clone());
            answer_as_a_page();
        };
        let (options, assets) = (self.options.clone(), self.assets.clone());
        let view = move || shell(options.clone(), assets.clone());
        let nowhere = render_app_to_stream_with_context(provide.clone(), view.clone());
        Router::new().leptos_routes_with_context(state, pages, provide, view).fallback(
            move |request: Request| async move { not_found(&request.method().clone(), nowhere(request)).await },
        )
    }
}

impl FromRef<crate::router::AppState> for LeptosOptions {
    fn from_ref(state: &crate::router::AppState) -> Self {
        state.pages.options.clone()
    }
}

/// Lets the browser keep a page for going back. The page's policy comes from the app's shell, which knows where its
/// nonce stands; a page without one gets the policy under which no script runs.
fn answer_as_a_page() {
    // Server functions have no nonce; what they answer is kept nowhere.
    if let (Some(response), Some(_)) = (use_context::<ResponseOptions>(), use_nonce()) {
        response.insert_header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
}

async fn not_found(method: &Method, page: impl Future<Output = Response>) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut response = page.await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
