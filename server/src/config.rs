//! What a server is started with, what it says when it is ready, and why it may not start.
//!
//! Nothing is read from the environment here: the edges of the program hand everything in.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use orchestra_core::agents::Tools;
use orchestra_core::sessions::Catalog;

use crate::notice::Notice;
use crate::notify::NotifyConfig;
use crate::pairing::{NoRandomness, Pairing};
use crate::reach::Reach;
use crate::tls::{Fingerprint, TlsError};

/// Where the dashboard is when nobody said otherwise.
pub const DEFAULT_PORT: u16 = 4600;

/// How many ports are tried after the default one.
pub(crate) const PORTS_TRIED: u16 = 50;

/// What a server is started with.
pub struct ServerConfig {
    /// Where to listen, and how it is called there.
    pub reach: Reach,
    /// The sessions to show.
    pub catalog: Catalog,
    /// What agents are worked with; the server keeps its own things in `server/` below their state folder.
    pub tools: Tools,
    /// How people are told of what agents need, besides in browsers.
    pub notify: NotifyConfig,
    /// Called once, when the server listens.
    pub on_ready: Box<dyn FnOnce(Ready) + Send>,
    /// Called for whatever the owner should know while it runs; must not block.
    pub on_notice: Box<dyn Fn(Notice) + Send + Sync>,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServerConfig")
            .field("reach", &self.reach)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

/// What a server says when it listens.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where.
    pub address: SocketAddr,
    /// The address to open, with a slash at its end: one that a phone can open when the server can be reached by one.
    pub url: String,
    /// What a browser shows of the certificate, when the server made it itself.
    pub self_made: Option<Fingerprint>,
    /// The port that was taken by something else, when the server moved to another.
    pub moved_from: Option<u16>,
    /// A link that pairs one browser, for ten minutes.
    pub pairing_url: String,
    /// Makes more of them.
    pub links: PairingLinks,
}

/// Makes pairing links, for as long as the server runs. Clones make links to the same server.
#[derive(Clone, Debug)]
pub struct PairingLinks {
    /// Without a slash at its end.
    base_url: Arc<str>,
    pairing: Pairing,
}

impl PairingLinks {
    pub(crate) fn new(base_url: &str, pairing: Pairing) -> Self {
        Self { base_url: base_url.into(), pairing }
    }

    /// The address to open, with a slash at its end.
    pub fn url(&self) -> String {
        format!("{}/", self.base_url)
    }

    /// A new link, good for one browser and ten minutes; the one before it stops working.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new_link(&self) -> Result<String, NoRandomness> {
        let code = self.pairing.issue(Instant::now())?;
        Ok(format!("{}{}?code={code}", self.base_url, crate::pair_page::PATH))
    }
}

/// Why a server did not start, or stopped by itself. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Others could listen in, and nobody said that the network keeps them out.
    #[error(
        "without TLS everyone in the network could read along; leave out --no-tls, or say with --host by which name an \
         encrypted network (a VPN, a proxy) leads here"
    )]
    OpenWithoutTls,
    /// A proxy is trusted for no name.
    #[error("--trust-proxy needs the name that the proxy answers to; add --host NAME")]
    ProxyWithoutHost,
    /// There is no certificate to show.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The state folder cannot be used.
    #[error("cannot use the state folder {path}: {source}; see that it can be written, or set ORCHESTRA_HOME to another", path = path.display())]
    StateFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another server has the state folder; where it is, if it says so.
    #[error("Orchestra runs already{}; use that one, or stop it first", .0.as_ref().map(|url| format!(" at {url}")).unwrap_or_default())]
    AlreadyRunning(Option<String>),
    /// The address that was asked for is not to be had.
    #[error("cannot listen on {address}: {source}; choose another with --addr")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Neither the default port nor those after it are free.
    #[error("ports {DEFAULT_PORT} to {} are all taken; choose one with --addr 127.0.0.1:PORT", DEFAULT_PORT + PORTS_TRIED)]
    NoFreePort,
    /// No pairing link can be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The signals that stop the server cannot be listened for.
    #[error("cannot listen for the signals that stop the server: {0}")]
    Signals(io::Error),
}
