//! Taking connections, within limits, and letting go of them.
//!
//! `axum::serve` sets no time-out for headers and no limit; this does both. What a request says is not looked at here.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::shutdown::ShutdownSignal;

/// How long a request's head may take; a connection without a request is closed after as long.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// The largest head of a request.
const HEADER_LIMIT: usize = 32 * 1024;

/// How long connections get to finish at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long to wait when the system gives no more connections.
const BREATH: Duration = Duration::from_millis(100);

/// The most connections at once: half of the files that the process may open, the rest being for transcripts.
pub(crate) fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files / 2).unwrap_or(usize::MAX).clamp(16, 4096)
}

/// Serves until `stop` is over, then ends the event streams and waits a little for everything else.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    signal: &ShutdownSignal,
) {
    let places = Arc::new(Semaphore::new(most_connections()));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            // Without a place the next connection waits in the system's queue.
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, _) = listener.accept().await?;
            Ok::<_, io::Error>((stream, place))
        };
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = accepted => match accepted {
                Ok((stream, place)) => {
                    let connection = connection(stream, router.clone(), &graceful);
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(problem) => {
                    tracing::warn!(%problem, "cannot take a connection");
                    tokio::time::sleep(BREATH).await;
                }
            },
        }
    }
    drop(listener);
    signal.send();
    if tokio::time::timeout(FAREWELL, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
    connections.shutdown().await;
}

/// One connection: HTTP/1.1, which is what browsers speak without TLS.
fn connection(
    stream: TcpStream,
    router: Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    // Events are small and must not wait for more.
    if let Err(problem) = stream.set_nodelay(true) {
        tracing::debug!(%problem, "cannot switch off waiting on a connection");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let watched = graceful.watch(connection);
    async move {
        if let Err(problem) = watched.await {
            tracing::debug!(%problem, "a connection ended badly");
        }
    }
}
