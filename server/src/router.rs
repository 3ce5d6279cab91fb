//! Every route in one table, from which the router, the list of public paths and the tests are made.

use axum::Router;
use axum::extract::{FromRef, Path, State};
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Version};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use orchestra_app::ssr::AppContext;
use orchestra_core::export::ExportFormat;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use tower_http::compression::{CompressionLayer, CompressionLevel};

use crate::assets::{self, AsStored};
use crate::devices::Devices;
use crate::events::{self, Events};
use crate::files;
use crate::notice::Notices;
use crate::notify::{Notifier, routes as push};
use crate::pages::Pages;
use crate::pair_page;
use crate::pairing::Pairing;
use crate::palette;
use crate::plain;
use crate::runs;
use crate::security::PublicPaths;
use crate::shutdown::Shutdown;

/// What the handlers work on.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) context: AppContext,
    pub(crate) devices: Devices,
    pub(crate) events: Events,
    pub(crate) notifier: Notifier,
    pub(crate) notices: Notices,
    pub(crate) pages: Pages,
    pub(crate) pairing: Pairing,
    pub(crate) shutdown: Shutdown,
}

/// Lets a handler take one part of the state.
macro_rules! part_of_the_state {
    ($($field:ident: $part:ty),*) => {
        $(impl FromRef<AppState> for $part {
            fn from_ref(state: &AppState) -> Self {
                state.$field.clone()
            }
        })*
    };
}
part_of_the_state!(
    context: AppContext,
    devices: Devices,
    events: Events,
    notifier: Notifier,
    notices: Notices,
    pages: Pages,
    pairing: Pairing,
    shutdown: Shutdown
);

/// Who may ask for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone on this machine: the same for everyone, and without data.
    Public,
    /// Paired browsers only.
    Paired,
}

/// A route of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method; `GET` includes `HEAD`.
    pub method: Method,
    /// The path, with `{…}` where anything may stand.
    pub path: String,
    /// Who may ask for it.
    pub access: Access,
}

/// The routes with their handlers.
pub(crate) struct Table {
    pub(crate) router: Router,
    pub(crate) routes: Vec<Route>,
    pub(crate) public: PublicPaths,
}

/// Makes the table.
pub(crate) fn table(state: AppState) -> Table {
    let mut making = Making { router: Router::new(), routes: Vec::new() };
    making.get(Access::Public, pair_page::PATH, get(pair_page::show).post(pair_page::exchange));
    making.list(Access::Public, Method::POST, pair_page::PATH);
    making.get(Access::Public, plain::OFFLINE_PATH, get(plain::offline));
    making.get(Access::Public, plain::STYLE_PATH, get(plain::style));
    making.get(Access::Public, assets::SERVICE_WORKER_PATH, get(assets::service_worker));
    making.get(Access::Public, &format!("{}{{*name}}", assets::PACKAGE_PREFIX), get(assets::package_file));
    for path in assets::plain_paths() {
        making.get(Access::Public, &path, get(assets::plain_file));
    }

    making.route(Method::POST, "/logout", post(pair_page::log_out));
    making.get(Access::Paired, "/events", get(events::stream));
    making.get(Access::Paired, "/palette", get(palette::show));
    for (path, handler) in [
        ("/runs", get(runs::list)),
        ("/runs/{id}", get(runs::show)),
        ("/runs/{id}/report.md", get(runs::report)),
    ] {
        let watched = from_fn_with_state(state.events.clone(), events::watch_first);
        making.get(Access::Paired, path, handler.layer(watched));
    }
    making.get(Access::Paired, "/sessions/{id}/images/{line_offset}/{index}", get(files::image));
    for format in ExportFormat::ALL {
        let export = move |State(context), Path(id)| files::export_as(context, id, format);
        making.get(Access::Paired, &format!("/sessions/{{id}}/export.{}", format.extension()), get(export));
    }

    making.get(Access::Paired, "/push/key", get(push::key));
    making.route(Method::POST, "/push/subscribe", post(push::subscribe));
    making.route(Method::POST, "/push/unsubscribe", post(push::unsubscribe));
    making.route(Method::POST, "/push/test", post(push::test));
    making.route(Method::POST, "/push/answer", post(push::answer));
    making.get(Access::Paired, "/push/settings", get(push::settings).post(push::change_settings));
    making.list(Access::Paired, Method::POST, "/push/settings");

    let pages = state.pages.list();
    for page in &pages {
        making.list(Access::Paired, Method::GET, page.path());
    }
    for (path, method) in Pages::list_functions() {
        making.list(Access::Paired, method, path);
    }
    let Making { router, routes } = making;
    let watched = from_fn_with_state(state.events.clone(), events::watch_first);
    let pages = state.pages.router(&state, pages).layer(watched);
    let router = router.merge(pages).with_state(state).layer(compression());
    let public = public_paths(&routes);
    Table { router, routes, public }
}

struct Making {
    router: Router<AppState>,
    routes: Vec<Route>,
}

impl Making {
    fn get(&mut self, access: Access, path: &str, handler: MethodRouter<AppState>) {
        self.list(access, Method::GET, path);
        self.router = std::mem::take(&mut self.router).route(path, handler);
    }

    /// A route that changes something, which only paired browsers may.
    fn route(&mut self, method: Method, path: &str, handler: MethodRouter<AppState>) {
        self.list(Access::Paired, method, path);
        self.router = std::mem::take(&mut self.router).route(path, handler);
    }

    fn list(&mut self, access: Access, method: Method, path: &str) {
        self.routes.push(Route { method, path: path.to_owned(), access });
    }
}

fn public_paths(routes: &[Route]) -> PublicPaths {
    let mut public = PublicPaths::default();
    for route in routes.iter().filter(|route| route.access == Access::Public) {
        match route.path.split_once('{') {
            Some((beginning, _)) => public.below.push(beginning.to_owned()),
            None => {
                public.exact.insert(route.path.clone());
            }
        }
    }
    public
}

/// Compresses what is made for each request, quickly, with gzip, which every browser reads; not the event stream, whose
/// events must not wait for more.
fn compression() -> CompressionLayer<impl Predicate> {
    let not_stored = |_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions| {
        extensions.get::<AsStored>().is_none()
    };
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(DefaultPredicate::new().and(not_stored))
}
