//! The accept loop: connections are taken, counted, dealt to threads, watched and, at the end, seen off.
//!
//! A connection costs its client next to nothing, so everything that one can hold is bounded here: how many there are,
//! how long one may wait for what, how large a head may be. What must hold:
//! - a connection is always waiting for us, or has a deadline (`pulse`);
//! - a seat is given back however its connection ends (`seats`);
//! - nothing that a client or a handler does reaches the loop or another connection.

mod connection;
mod framing;
mod pulse;
mod seats;
mod shortcut;
mod source;
#[cfg(test)]
mod tests;
mod threads;

use std::future::Future;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tracing::{debug, error, warn};

pub(super) use self::framing::AmbiguousLength;
pub(super) use self::pulse::UntilClientLeaves;
use self::seats::Seats;
pub use self::source::{Listener, Peer};
use self::threads::{Arrival, Dealer};
use super::body::Body;
use crate::metrics::{Counter, Held};

pub use self::threads::Threads;

/// How long accepting rests when there are no more file descriptors: long enough not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Fields of an HTTP/1 head that hyper takes if it is not told otherwise.
const HEADERS_MAX_OF_HYPER: usize = 100;

/// hyper's smallest read buffer; it panics below.
const HEADER_BYTES_MIN: usize = 8 * 1024;

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

/// What answers requests.
pub trait Handler: Send + Sync + 'static {
    type Answering: Future<Output = Response<Body>> + Send + Unpin + 'static;

    fn answer(self: &Arc<Self>, request: Request<Incoming>, peer: Peer) -> Self::Answering;

    /// The answer to a request of HTTP/1 that is at hand: its head is put behind what is in `head`, its body is returned.
    /// `request` is all that came, and came at once; most often that is a whole request, but it may be anything.
    ///
    /// With `None` the request is asked again by [`Handler::answer`]; so it must not have done anything yet. What is
    /// answered here has to be what would be answered there, and must leave the connection as it is.
    fn answer_at_once(&self, request: &[u8], peer: Peer, head: &mut Vec<u8>) -> Option<Bytes>;
}

/// A function has no answer at hand.
impl<H, F> Handler for H
where
    H: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + Unpin + 'static,
{
    type Answering = F;

    fn answer(self: &Arc<Self>, request: Request<Incoming>, peer: Peer) -> F {
        self(request, peer)
    }

    fn answer_at_once(&self, _request: &[u8], _peer: Peer, _head: &mut Vec<u8>) -> Option<Bytes> {
        None
    }
}

/// What all connections share.
struct Server<H> {
    limits: Limits,
    protocol: auto::Builder<TokioExecutor>,
    seats: Arc<Seats>,
    handler: Arc<H>,
}

/// Serves HTTP/1 and HTTP/2 (by prior knowledge) on all `listeners` until `shutdown` is ready; then takes no more
/// connections, lets what was begun end within `limits.drain`, and returns. Dropped, it stops at once.
///
/// If the handler panics, its request is answered 500. It is dropped unfinished when its client goes away. What it
/// spawned runs on until what this returns is dropped.
pub async fn serve<H: Handler>(
    listeners: Vec<Listener>,
    limits: Limits,
    handler: Arc<H>,
    shutdown: impl Future<Output = ()>,
) -> Threads {
    let server = Arc::new(Server {
        protocol: protocol(&limits),
        seats: Arc::new(Seats::new(limits.connections_max, limits.connections_per_address_max)),
        limits,
        handler,
    });
    let (stop, stopped) = watch::channel(false);
    let (close, closed) = watch::channel(false);
    let (mut threads, dealer) = Threads::start(&server, &stopped);
    let mut loops = JoinSet::new();
    for listener in listeners {
        loops.spawn(accept(listener, Arc::clone(&server), dealer.clone(), closed.clone()));
    }
    drop((server, dealer, stopped, closed));
    shutdown.await;
    // The doors first: whoever is seen off and comes back at once finds them shut.
    close.send_replace(true);
    while loops.join_next().await.is_some() {}
    stop.send_replace(true);
    threads.drained().await;
    threads
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
        .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_MIN));
    // A number of our own makes hyper fill a list of that length for each request. Its own bound costs nothing, and
    // what lies between is refused where HTTP/2's fields are counted.
    if limits.headers_max > HEADERS_MAX_OF_HYPER {
        builder.http1().max_headers(limits.headers_max);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams_max)
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX));
    builder
}

/// One listener's loop.
async fn accept<H>(mut listener: Listener, server: Arc<Server<H>>, dealer: Dealer, mut stopped: watch::Receiver<bool>)
where
    H: Send + Sync + 'static,
{
    let mut failing = false;
    loop {
        tokio::select! {
            biased;
            () = async { drop(stopped.wait_for(|stop| *stop).await) } => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => {
                    failing = false;
                    let peer = accepted.peer();
                    let is_proxy = peer.ip().is_some_and(|address| (server.limits.is_proxy)(address));
                    let counts = &server.limits.counts;
                    match server.seats.take(peer.ip(), is_proxy) {
                        Some(seat) => {
                            counts.accepted.add(1);
                            dealer.deal(Arrival { accepted, seat, open: counts.open.hold() });
                        }
                        None => {
                            counts.turned_away.add(1);
                            debug!(%peer, "no seat for this connection");
                            accepted.turn_away();
                        }
                    }
                }
                Err(failure) => pause(&failure, &mut failing).await,
            },
        }
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

/// A connection's task panics only if an answer's body did, or a library: handlers are caught before.
fn note(ended: Result<(), JoinError>) {
    if let Err(failure) = ended
        && failure.is_panic()
    {
        error!(error = %failure, "a connection panicked");
    }
}
