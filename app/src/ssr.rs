//! What the host hands to server functions, and how they use it. Not part of the browser's build.

pub mod agents;
pub mod clock;
pub mod commands;
pub mod household;
pub mod listing;
pub mod policy;
pub mod runs;
pub mod transcripts;

use std::sync::Arc;

use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;
use orchestra_core::{
    agents::{Agents, Tools, doctor},
    sessions::Catalog,
    worktrees::Git,
};
use tokio::sync::watch;

pub use agents::{DiffStats, Members};
pub use clock::Clock;
pub use household::{Household, PairedDevice};
pub use policy::content_security_policy;
pub use runs::Landings;
pub use transcripts::Transcripts;

use crate::error::{AppError, AppErrorKind};

/// What every server function works with; the server provides it as a Leptos context. Cheap to clone.
#[derive(Clone)]
pub struct AppContext {
    /// Every session on the machine.
    pub catalog: Catalog,
    /// The transcripts that are open.
    pub transcripts: Transcripts,
    /// The server's clock and time zone.
    pub clock: Clock,
    /// What agents are worked with.
    pub tools: Tools,
    /// How much agents changed.
    pub stats: DiffStats,
    /// How many agents each run has.
    pub members: Members,
    /// The runs that are being landed.
    pub landings: Landings,
    /// The paired browsers.
    pub household: Arc<dyn Household>,
    events: watch::Receiver<u64>,
}

impl AppContext {
    /// A context over a catalogue and agents, with a clock, and the number of the event stream's last event as it grows.
    pub fn new(
        catalog: Catalog,
        tools: Tools,
        household: Arc<dyn Household>,
        clock: Clock,
        events: watch::Receiver<u64>,
    ) -> Self {
        let (transcripts, stats, members, landings) = Default::default();
        Self { catalog, transcripts, clock, tools, stats, members, landings, household, events }
    }

    /// The agents.
    pub fn agents(&self) -> Agents {
        self.tools.agents()
    }

    /// The number of the event stream's last event.
    pub fn last_event(&self) -> u64 {
        *self.events.borrow()
    }
}

/// The context of the request at hand.
pub fn context() -> AppContext {
    expect_context()
}

/// The page of settings, drawn.
pub fn settings(context: &AppContext, request: Option<&http::request::Parts>) -> String {
    let git = context.tools.git.clone().unwrap_or_else(|| Git::new("git"));
    crate::drawn::settings::draw(&crate::drawn::settings::Known {
        devices: context.household.devices(request),
        version: env!("CARGO_PKG_VERSION"),
        findings: doctor::examine(&context.tools.state, &git, context.tools.client.as_deref()),
        offset_seconds: context.clock.offset_at(context.clock.now()),
    })
}

/// Runs the engine's synchronous work on a thread that may block.
///
/// # Errors
/// The work's own, or an internal one when its thread was lost.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|lost| {
        Err(AppError::new(
            AppErrorKind::Internal,
            format!("The work was lost: {lost}."),
            "Load the page again; if it stays, please report it.",
        ))
    })
}

/// Gives the response a status, when there is a response to give it to.
pub fn set_status(status: u16) {
    if let (Some(response), Ok(status)) =
        (use_context::<ResponseOptions>(), http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
}
