//! The signals that stop the server.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Something that is over when SIGINT or SIGTERM came. From the call on, neither ends the process by itself.
pub(crate) fn stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
