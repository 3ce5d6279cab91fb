//! What a server is started with, what it says when it is ready, and why it may not start.
//!
//! Nothing is read from the environment here: the edges of the program hand everything in.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use orchestra_core::agents::Tools;
use orchestra_core::sessions::Catalog;

use crate::notify::NotifyConfig;
use crate::pairing::{NoRandomness, Pairing};

/// Where the dashboard is when nobody said otherwise.
pub const DEFAULT_PORT: u16 = 4600;

/// How many ports are tried after the default one.
pub(crate) const PORTS_TRIED: u16 = 50;

/// What a server is started with.
pub struct ServerConfig {
    /// Where to listen, when somebody said so: only there, and only on a loopback address; port 0 is any free one.
    /// `None` is [`DEFAULT_PORT`] of 127.0.0.1, or the next free port when something else has it.
    pub address: Option<SocketAddr>,
    /// The sessions to show.
    pub catalog: Catalog,
    /// What agents are worked with; the server keeps its own things in `server/` below their state folder.
    pub tools: Tools,
    /// How people are told of what agents need, besides in browsers.
    pub notify: NotifyConfig,
    /// Called once, when the server listens.
    pub on_ready: Box<dyn FnOnce(Ready) + Send>,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServerConfig")
            .field("address", &self.address)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

/// What a server says when it listens.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where.
    pub address: SocketAddr,
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
    address: SocketAddr,
    pairing: Pairing,
}

impl PairingLinks {
    pub(crate) fn new(address: SocketAddr, pairing: Pairing) -> Self {
        Self { address, pairing }
    }

    /// A new link, good for one browser and ten minutes; the one before it stops working.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new_link(&self) -> Result<String, NoRandomness> {
        let code = self.pairing.issue(Instant::now())?;
        Ok(format!("http://{}{}?code={code}", self.address, crate::pair_page::PATH))
    }
}

/// Why a server did not start, or stopped by itself. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Not an address of this machine alone.
    #[error(
        "{0} can be reached from other machines; use an address of this one, such as 127.0.0.1:{DEFAULT_PORT}"
    )]
    NotLoopback(SocketAddr),
    /// The state folder cannot be used.
    #[error("cannot use the state folder {path}: {source}; see that it can be written, or set ORCHESTRA_HOME to another", path = path.display())]
    StateFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another server has the state folder.
    #[error("Orchestra runs already{}; use that one, or stop it first", .0.map(|address| format!(" at http://{address}")).unwrap_or_default())]
    AlreadyRunning(Option<SocketAddr>),
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
