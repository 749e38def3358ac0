//! The accept loop: connections are taken, counted, watched and, at the end, seen off.
//!
//! A connection costs its client next to nothing, so everything that one can hold is bounded here: how many there are,
//! how long one may wait for what, how large a head may be. What must hold:
//! - a connection is always waiting for us, or has a deadline (`pulse`);
//! - a seat is given back however its connection ends (`seats`);
//! - nothing that a client or a handler does reaches the loop or another connection.

mod connection;
mod pulse;
mod seats;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{debug, error, info, warn};

use self::seats::Seats;
use super::body::Body;
use crate::metrics::{Counter, Held};

/// How long accepting rests when there are no more file descriptors: long enough not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// hyper's smallest read buffer; it panics below.
const HEADER_BYTES_MIN: usize = 8 * 1024;

/// What a full house says without having heard the question.
const FULL_HOUSE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 5\r\n\
    Connection: close\r\nContent-Length: 22\r\n\r\nToo many connections.\n";

/// What was and is connected.
#[derive(Debug, Default)]
pub struct Connections {
    pub open: Arc<Held>,
    /// All that got a seat.
    pub accepted: Counter,
    /// All that there was no seat for.
    pub turned_away: Counter,
}

/// What a connection may take of time and room.
#[derive(Clone)]
pub struct Limits {
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From a head's first byte to its last.
    pub headers: Duration,
    /// How long a connection may wait for its client between requests, or for it to take an answer.
    pub idle: Duration,
    /// For [`super::body::read`]: the longest pause in a request's body.
    pub body_idle: Duration,
    /// For [`super::body::read`]: from asking for a body to its end.
    pub body_total: Duration,
    /// How long open requests may take after the shutdown began.
    pub drain: Duration,
    pub connections_max: usize,
    /// Of one IPv4 address or one IPv6 /64 network.
    pub connections_per_address_max: usize,
    pub headers_max: usize,
    /// At least 8 KiB.
    pub header_bytes_max: usize,
    pub h2_streams_max: u32,
    /// Counts the connections, for whoever watches over the server.
    pub counts: Arc<Connections>,
    /// Addresses that speak for many clients and may have more connections than one.
    pub is_proxy: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(5),
            headers: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            body_idle: Duration::from_secs(10),
            body_total: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            connections_max: 1024,
            connections_per_address_max: 128,
            headers_max: 64,
            header_bytes_max: 64 * 1024,
            h2_streams_max: 100,
            counts: Arc::default(),
            is_proxy: Arc::new(|_| false),
        }
    }
}

/// What all connections share.
struct Server<H> {
    limits: Limits,
    protocol: auto::Builder<TokioExecutor>,
    seats: Arc<Seats>,
    handler: H,
}

/// Serves HTTP/1 and HTTP/2 (by prior knowledge) on all `listeners` until `shutdown` is ready; then takes no more
/// connections, lets what was begun end within `limits.drain`, and returns. Dropped, it stops at once.
///
/// The handler is given the peer's address as the socket has it, IPv4 always as IPv4. If it panics, its request is
/// answered 500. It is dropped unfinished when its client goes away.
pub async fn serve<H, F>(listeners: Vec<TcpListener>, limits: Limits, handler: H, shutdown: impl Future<Output = ()>)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let server = Arc::new(Server {
        protocol: protocol(&limits),
        seats: Arc::new(Seats::new(limits.connections_max, limits.connections_per_address_max)),
        limits,
        handler,
    });
    let (stop, stopped) = watch::channel(false);
    let mut loops = JoinSet::new();
    for listener in listeners {
        loops.spawn(accept(listener, Arc::clone(&server), stopped.clone()));
    }
    shutdown.await;
    stop.send_replace(true);
    while loops.join_next().await.is_some() {}
}

fn protocol(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // A client may say that it has sent everything and still wait for the answer.
        .half_close(true)
        .timer(TokioTimer::new())
        // It also runs between requests, where it would be the keep-alive time; `pulse` tells the two apart.
        .header_read_timeout(None)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_MIN));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams_max)
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX));
    builder
}

/// One listener's loop. It owns its connections: they end with it.
async fn accept<H, F>(listener: TcpListener, server: Arc<Server<H>>, mut stopped: watch::Receiver<bool>)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut failing = false;
    let seen = stopped.clone();
    loop {
        tokio::select! {
            biased;
            () = async { drop(stopped.wait_for(|stop| *stop).await) } => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    failing = false;
                    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                    let Some(seat) = server.seats.take(peer.ip(), (server.limits.is_proxy)(peer.ip())) else {
                        server.limits.counts.turned_away.add(1);
                        debug!(%peer, "no seat for this connection");
                        turn_away(stream);
                        continue;
                    };
                    let (open, served) = (server.limits.counts.open.hold(), Arc::clone(&server));
                    server.limits.counts.accepted.add(1);
                    let run = connection::run(served, stream, peer, seat, seen.clone());
                    connections.spawn(async move {
                        let _open = open;
                        run.await;
                    });
                }
                Err(failure) => pause(&failure, &mut failing).await,
            },
        }
    }
    drop(listener);
    let drained = timeout(server.limits.drain, async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    });
    if drained.await.is_err() {
        info!(connections = connections.len(), "cut at the end of the drain");
    }
}

/// What the client did to the connection before it was accepted is no failure; all else is a shortage, said once.
async fn pause(failure: &std::io::Error, failing: &mut bool) {
    let by_client = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    if by_client.contains(&failure.kind()) {
        return;
    }
    if !*failing {
        warn!(error = %failure, "cannot accept connections");
        *failing = true;
    }
    sleep(ACCEPT_PAUSE).await;
}

/// Says 503 if the socket takes it, and closes. Neither reads nor waits.
fn turn_away(stream: TcpStream) {
    // tokio's own `try_write` waits for the first event on a fresh socket.
    if let Ok(stream) = stream.into_std() {
        let _ = (&stream).write(FULL_HOUSE);
        let _ = stream.shutdown(Shutdown::Write);
    }
}

/// A connection's task panics only if an answer's body did, or a library: handlers are caught before.
fn note(ended: Result<(), JoinError>) {
    if let Err(failure) = ended
        && failure.is_panic()
    {
        error!(error = %failure, "a connection panicked");
    }
}
