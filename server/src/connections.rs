//! Taking connections, encrypted or not, within limits, and letting go of them.
//!
//! `axum::serve` sets no time-out for headers and no limit; this does both. What a request says is not looked at here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceBuilder;

use crate::security::names::Wire;
use crate::shutdown::ShutdownSignal;

/// How long a request's head may take; a connection without a request is closed after as long.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// How long it may take until a connection is encrypted.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How long the other side may take nothing of what it asked for. A page that sleeps catches up when it is back.
const STALL_TIME: Duration = Duration::from_secs(60);

/// The largest head of a request.
const HEADER_LIMIT: usize = 32 * 1024;

/// How long connections get to finish at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long to wait when the system gives no more connections.
const BREATH: Duration = Duration::from_millis(100);

/// What every TLS connection begins with: the type of a record with a handshake.
const HANDSHAKE_RECORD: u8 = 0x16;

/// What a browser is told that speaks plain HTTP to an encrypted port. It repeats nothing, and leads nowhere by itself.
const SPEAKS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: 86\r\n\r\n\
    Orchestra speaks only HTTPS here. Open the same address with https:// in front of it.\n";

/// The most connections at once: half of the files that the process may open, the rest being for transcripts.
pub(crate) fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files / 2).unwrap_or(usize::MAX).clamp(16, 4096)
}

/// Serves until `stop` is over, then ends the event streams and waits a little for everything else. With `tls`, nothing
/// is served but what is encrypted.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
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
                    let connection = connection(stream, tls.clone(), router.clone(), graceful.watcher());
                    connections.spawn(async move {
                        if let Err(problem) = connection.await {
                            tracing::debug!(%problem, "a connection ended badly");
                        }
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
    if timeout(FAREWELL, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
    connections.shutdown().await;
}

/// One connection, from its first byte to its last.
async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    watcher: Watcher,
) -> io::Result<()> {
    // Events are small and must not wait for more.
    stream.set_nodelay(true)?;
    let wire = Wire {
        peer: stream.peer_addr()?.ip().to_canonical(),
        local: stream.local_addr()?.ip().to_canonical(),
    };
    let Some(tls) = tls else { return speak(patient(stream), wire, router, watcher).await };
    let encrypted = timeout(HANDSHAKE_TIME, shake_hands(stream, tls)).await?;
    match encrypted? {
        Some(stream) => speak(stream, wire, router, watcher).await,
        None => Ok(()),
    }
}

/// Encrypts a connection; one that begins otherwise is told what is spoken here, and is over.
async fn shake_hands(
    mut stream: TcpStream,
    tls: TlsAcceptor,
) -> io::Result<Option<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first != [HANDSHAKE_RECORD] {
        // What is not read when a connection is closed takes the answer with it.
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).await?;
        stream.write_all(SPEAKS_TLS).await?;
        stream.shutdown().await?;
        return Ok(None);
    }
    tls.accept(patient(stream)).await.map(Some)
}

/// A connection that is given up when nothing can be written to it for too long.
fn patient(stream: TcpStream) -> Pin<Box<TimeoutStream<TcpStream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL_TIME));
    Box::pin(stream)
}

/// HTTP/1.1, which every browser speaks.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    wire: Wire,
    router: Router,
    watcher: Watcher,
) -> io::Result<()> {
    let service = ServiceBuilder::new()
        .map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(wire);
            request
        })
        .service(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    watcher.watch(connection).await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_plain_http_says_its_own_length() {
        let text = String::from_utf8(SPEAKS_TLS.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{}", body.len());
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_reads_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut stream = patient(listener.accept().await.unwrap().0);
        // The clock stands still while anything is written, and goes on when all waits.
        let problem = loop {
            if let Err(problem) = stream.write_all(&[0; 64 * 1024]).await {
                break problem;
            }
        };
        assert_eq!(problem.kind(), io::ErrorKind::TimedOut);
        drop(reader);
    }
}
