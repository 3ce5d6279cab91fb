//! Orchestra's server: the dashboard over HTTP on this machine, for the browsers that were paired with it.
//!
//! It holds no state that is not on disk but the pairing code and the last events. It starts no program but runners, which
//! then need it no more, and the one that its owner names for notifications. It prints nothing, and reads neither the
//! environment nor the home folder: [`ServerConfig`] brings everything.

// The views' types are nested deeper than the compiler's default allows when it lays out their futures.
#![recursion_limit = "512"]

mod assets;
mod config;
mod connections;
mod devices;
mod encrypted;
mod events;
mod files;
mod lock;
mod machine;
mod notice;
mod notify;
mod pages;
mod pair_page;
mod pairing;
mod palette;
mod plain;
mod reach;
mod router;
mod runs;
mod security;
mod session_store;
mod shutdown;
mod signals;
mod tls;

use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use orchestra_app::ssr::{AppContext, Clock};
use orchestra_core::agents::Tools;
use orchestra_core::sessions::Catalog;
use tokio::net::TcpListener;

use assets::Manifest;
use config::PORTS_TRIED;
use encrypted::Encrypted;
use lock::{Claim, ServerLock};
use machine::Machine;
use notice::Notices;
use pages::Pages;
use pairing::Pairing;
use reach::Scheme;
use router::AppState;
use security::names::Ours;
use session_store::FileSessionStore;
use shutdown::{Shutdown, ShutdownSignal};
use tokio_rustls::TlsAcceptor;

pub use config::{DEFAULT_PORT, PairingLinks, Ready, ServeError, ServerConfig};
pub use devices::{Device, DeviceId, Devices};
pub use notice::Notice;
pub use notify::{BadNtfy, Notifier, NotifyConfig, Ntfy};
pub use pairing::NoRandomness;
pub use reach::{Encryption, HostName, Listen, NoHostName, Reach};
pub use router::{Access, Route};
pub use tls::{Fingerprint, TlsError};

/// How often sessions that have expired are cleared away.
const SWEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves the dashboard until SIGINT or SIGTERM.
///
/// # Errors
/// When the server cannot start; see [`ServeError`].
pub async fn serve(config: ServerConfig) -> Result<(), ServeError> {
    let stop = signals::stop().map_err(ServeError::Signals)?;
    let ServerConfig { reach, catalog, tools, notify, on_ready, on_notice } = config;
    let server = Server::bind(reach, catalog, tools, notify).await?;
    server.on_notice(on_notice);
    on_ready(server.ready()?);
    server.run(stop).await;
    Ok(())
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    moved_from: Option<u16>,
    router: Router,
    routes: Vec<Route>,
    devices: Devices,
    events: events::Events,
    notifier: Notifier,
    links: PairingLinks,
    notices: Notices,
    /// What is spoken there, when it is TLS.
    tls: Option<(TlsAcceptor, Encrypted)>,
    store: FileSessionStore,
    signal: ShutdownSignal,
    shutdown: Shutdown,
    /// Held for as long as the server lives.
    _lock: ServerLock,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Takes the state folder, an address, and the certificate when it needs one; see [`ServerConfig`] for what they mean.
    ///
    /// # Errors
    /// When one of them is not to be had, or what is asked for cannot be meant; see [`ServeError`].
    pub async fn bind(
        reach: Reach,
        catalog: Catalog,
        tools: Tools,
        notify: NotifyConfig,
    ) -> Result<Self, ServeError> {
        reach.check()?;
        let state_dir = tools.state.clone();
        let (mut lock, store) = open_state(&state_dir)?;
        let (listener, moved_from) = listen(reach.listen).await?;
        let address = listener.local_addr().map_err(|source| listening_failed(reach.listen, source))?;
        let unusable = |source| ServeError::StateFolder { path: state_dir.clone(), source };
        let machine = Machine::this();
        let tls = match reach.scheme() {
            Scheme::Http => None,
            Scheme::Https => {
                let folder = server_folder(&state_dir);
                let encrypted = Encrypted::open(&reach, address.ip(), &folder, &machine)?;
                Some((encrypted.acceptor()?, encrypted))
            }
        };

        let pairing = Pairing::default();
        let base_url = reach.base_url(address, machine.addresses.first().copied());
        let links = PairingLinks::new(&base_url, pairing.clone());
        let url = links.url();
        lock.announce(&url).map_err(unusable)?;
        let notices = Notices::default();
        let devices = Devices::new(store.clone());
        let (signal, shutdown) = shutdown::channel();
        let clock = Clock::system();
        let notifier =
            Notifier::open(&state_dir, devices.clone(), clock.clone(), base_url, notify).map_err(unusable)?;
        let most_streams = connections::most_connections() / 2;
        let numbers = events::numbers();
        let household = Arc::new(devices.clone());
        let context = AppContext::new(catalog, tools, household, clock, numbers.subscribe());
        let events = events::Events::new(context.clone(), notifier.clone(), numbers, most_streams);
        let state = AppState {
            context: context.clone(),
            devices: devices.clone(),
            events: events.clone(),
            notifier: notifier.clone(),
            notices: notices.clone(),
            pages: Pages::new(context, asset_names()),
            pairing,
            shutdown: shutdown.clone(),
        };
        let table = router::table(state);
        let ours = Ours::new(address, &reach, &machine);
        let router = security::protect(table.router, ours, table.public, store.clone());
        Ok(Self {
            listener,
            address,
            moved_from,
            router,
            routes: table.routes,
            devices,
            events,
            links,
            notices,
            notifier,
            tls,
            store,
            signal,
            shutdown,
            _lock: lock,
        })
    }

    /// Where it is and how a browser is paired with it.
    ///
    /// # Errors
    /// When no pairing code can be made.
    pub fn ready(&self) -> Result<Ready, ServeError> {
        Ok(Ready {
            address: self.address,
            url: self.links.url(),
            self_made: self.tls.as_ref().and_then(|(_, encrypted)| encrypted.self_made()),
            moved_from: self.moved_from,
            pairing_url: self.links.new_link()?,
            links: self.links.clone(),
        })
    }

    /// Says who hears what the owner should know; must not block. Only the first is heard of.
    pub fn on_notice(&self, listener: Box<dyn Fn(Notice) + Send + Sync>) {
        self.notices.listen(listener);
    }

    /// Every route it has.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The browsers that are paired with it.
    pub fn devices(&self) -> Devices {
        self.devices.clone()
    }

    /// Tells people of what agents need; whoever watches agents hands their changes to it.
    pub fn notifier(&self) -> Notifier {
        self.notifier.clone()
    }

    /// Answers requests until `stop` is over; then event streams end, and other answers get five seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        tracing::info!(address = %self.address, "listening");
        self.events.watch_agents().await;
        let notifying = tokio::spawn(self.notifier.run(self.shutdown.clone()));
        let sweeping = tokio::spawn(sweep(self.store, self.shutdown));
        let (tls, looking_after) = match self.tls {
            Some((acceptor, encrypted)) => {
                (Some(acceptor), Some(tokio::spawn(encrypted.look_after(self.notices))))
            }
            None => (None, None),
        };
        connections::serve(self.listener, tls, self.router, stop, &self.signal).await;
        notifying.abort();
        sweeping.abort();
        if let Some(looking_after) = looking_after {
            looking_after.abort();
        }
        tracing::info!("stopped");
    }
}

fn server_folder(state_dir: &Path) -> PathBuf {
    state_dir.join("server")
}

/// Makes the server's folder, takes its lock and opens what is in it.
fn open_state(state_dir: &Path) -> Result<(ServerLock, FileSessionStore), ServeError> {
    let unusable = |source: io::Error| ServeError::StateFolder { path: state_dir.to_owned(), source };
    let folder = server_folder(state_dir);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(unusable)?;
    match ServerLock::claim(&folder).map_err(unusable)? {
        Claim::Taken(url) => Err(ServeError::AlreadyRunning(url)),
        Claim::Ours(lock) => Ok((lock, FileSessionStore::open(folder.join("sessions")).map_err(unusable)?)),
    }
}

/// Listens where it was asked to, or else on the first free port from the default one; says which was left for it.
async fn listen(wanted: Listen) -> Result<(TcpListener, Option<u16>), ServeError> {
    let (address, port) = match wanted {
        Listen::At(address) => (address.ip(), Some(address.port())),
        Listen::Everywhere(port) => (IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
        Listen::Here => (IpAddr::V4(Ipv4Addr::LOCALHOST), None),
    };
    if let Some(port) = port {
        let listener = TcpListener::bind((address, port)).await;
        return listener.map(|listener| (listener, None)).map_err(|source| listening_failed(wanted, source));
    }
    for port in DEFAULT_PORT..=DEFAULT_PORT + PORTS_TRIED {
        match TcpListener::bind((address, port)).await {
            Ok(listener) => return Ok((listener, (port != DEFAULT_PORT).then_some(DEFAULT_PORT))),
            Err(problem) if problem.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => return Err(listening_failed(wanted, source)),
        }
    }
    Err(ServeError::NoFreePort)
}

fn listening_failed(wanted: Listen, source: io::Error) -> ServeError {
    let address = match wanted {
        Listen::At(address) => address,
        Listen::Everywhere(port) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, port.unwrap_or(DEFAULT_PORT))),
        Listen::Here => SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
    };
    ServeError::Listen { address, source }
}

/// What pages load, if the site was built.
fn asset_names() -> Option<orchestra_app::AssetNames> {
    let names = Manifest::of_site().and_then(|manifest| manifest.asset_names());
    if names.is_none() {
        tracing::warn!(
            "the site was not built: pages come without style and scripts; run `cargo xtask site`"
        );
    }
    names
}

async fn sweep(store: FileSessionStore, mut shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
        let store = store.clone();
        let swept = tokio::task::spawn_blocking(move || store.sweep()).await;
        if !matches!(swept, Ok(Ok(()))) {
            tracing::warn!(?swept, "cannot clear expired sessions away");
        }
    }
}
