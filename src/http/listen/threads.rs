//! The threads that connections live on: one for each core, each with a runtime of its own, so that what a connection
//! does never moves from one core to another.
//!
//! An accept loop deals each connection to the thread that has the fewest. What must hold:
//! - all tasks of a connection run on its thread;
//! - the threads outlive what was begun on them: they end when [`Threads`] is dropped, not when the last connection does.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{error, info};

use super::seats::Seat;
use super::source::{Accepted, Stream};
use super::{Handler, Server, connection, note};
use crate::metrics::Hold;

/// A connection that was accepted and has a seat. The seats bound how many of them can wait for a thread.
pub(super) struct Arrival {
    pub(super) accepted: Accepted,
    pub(super) seat: Seat,
    /// Counted as open for as long as this is held.
    pub(super) open: Hold,
}

/// Where connections are handed over to the threads.
#[derive(Clone)]
pub(super) struct Dealer(Vec<Inbox>);

#[derive(Clone)]
struct Inbox {
    arrivals: mpsc::UnboundedSender<Arrival>,
    /// Connections that were dealt to the thread and have not ended.
    connections: Arc<AtomicUsize>,
}

impl Dealer {
    /// Hands a connection to the thread that has the fewest; to no one, which closes it, if no thread runs.
    pub(super) fn deal(&self, arrival: Arrival) {
        let inboxes = self.0.iter().filter(|inbox| !inbox.arrivals.is_closed());
        if let Some(inbox) = inboxes.min_by_key(|inbox| inbox.connections.load(Relaxed)) {
            inbox.connections.fetch_add(1, Relaxed);
            // A thread that has just ended drops it, as one that is ending would.
            let _ = inbox.arrivals.send(arrival);
        }
    }
}

/// The threads of a server. Tasks that requests began and that go on without them, such as a change on its way to the
/// disk, run until this is dropped.
pub struct Threads {
    drained: Vec<oneshot::Receiver<()>>,
    /// A thread runs for as long as its sender is here.
    running: Vec<oneshot::Sender<()>>,
}

impl Threads {
    /// Starts them. They serve what is dealt to them until `stopped` says so, or at once no more if its sender is gone.
    pub(super) fn start<H: Handler>(server: &Arc<Server<H>>, stopped: &watch::Receiver<bool>) -> (Threads, Dealer) {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let (mut threads, mut inboxes) = (Threads { drained: Vec::new(), running: Vec::new() }, Vec::new());
        for index in 0..count {
            let (arrivals, queue) = mpsc::unbounded_channel();
            let (drained_tells, drained) = oneshot::channel();
            let (running, released) = oneshot::channel();
            let connections = Arc::new(AtomicUsize::new(0));
            let inbox = Inbox { arrivals, connections: Arc::clone(&connections) };
            let work = serve(Arc::clone(server), queue, connections, stopped.clone());
            let life = async {
                work.await;
                drop(drained_tells);
                // Its sender sends nothing: it is dropped.
                let _ = released.await;
            };
            match thread::Builder::new().name(format!("connections-{index}")).spawn(move || run(life)) {
                Ok(_) => {
                    threads.drained.push(drained);
                    threads.running.push(running);
                    inboxes.push(inbox);
                }
                Err(error) => error!(%error, "a thread for connections could not be started"),
            }
        }
        (threads, Dealer(inboxes))
    }

    /// Waits until every thread has seen its connections off.
    pub(super) async fn drained(&mut self) {
        for drained in self.drained.drain(..) {
            // Nothing is sent: it ends when its sender does.
            let _ = drained.await;
        }
    }
}

fn run(life: impl Future<Output = ()>) {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(life),
        Err(error) => error!(%error, "a thread for connections has no runtime"),
    }
}

/// One thread's connections: they end with it.
async fn serve<H: Handler>(
    server: Arc<Server<H>>,
    mut queue: mpsc::UnboundedReceiver<Arrival>,
    count: Arc<AtomicUsize>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let seen = stopped.clone();
    loop {
        tokio::select! {
            biased;
            stop = async { stopped.wait_for(|stop| *stop).await.is_ok() } => match stop {
                true => break,
                // The server was dropped: nothing is drained.
                false => return,
            },
            Some(ended) = connections.join_next() => {
                count.fetch_sub(1, Relaxed);
                note(ended);
            }
            Some(arrival) = queue.recv() => {
                if let Err(error) = begin(arrival, &server, &mut connections, &seen) {
                    count.fetch_sub(1, Relaxed);
                    error!(%error, "a connection could not be watched");
                }
            }
        }
    }
    let drained = timeout(server.limits.drain, async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    });
    if drained.await.is_err() {
        info!(connections = connections.len(), "cut at the end of the drain");
    }
}

/// Begins a connection on the thread that this is called on.
fn begin<H: Handler>(
    Arrival { accepted, seat, open }: Arrival,
    server: &Arc<Server<H>>,
    connections: &mut JoinSet<()>,
    stopped: &watch::Receiver<bool>,
) -> io::Result<()> {
    let (server, peer, stopped) = (Arc::clone(server), accepted.peer(), stopped.clone());
    let stream: Box<dyn Stream> = match accepted {
        Accepted::Network(stream, _) => {
            let stream = TcpStream::from_std(stream)?;
            // Refused only by a socket that is already closed.
            let _ = stream.set_nodelay(true);
            connections.spawn(counted(open, connection::run(server, stream, peer, seat, stopped)));
            return Ok(());
        }
        Accepted::Control(stream) => Box::new(UnixStream::from_std(stream)?),
        Accepted::Inside(stream) => Box::new(stream),
    };
    connections.spawn(counted(open, connection::run(server, stream, peer, seat, stopped)));
    Ok(())
}

async fn counted(_open: Hold, connection: impl Future<Output = ()>) {
    connection.await;
}
