//! Bodies that are made while they are sent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::mpsc;

/// Pieces that may wait for a slow client.
const WAITING_MAX: usize = 2;

/// A body of pieces that come from a task of its own. `None` ends it; a task that ends without it, for whatever
/// reason, leaves the body cut, so that the client does not take a part for the whole.
pub struct Pieces {
    queue: mpsc::Receiver<Option<Bytes>>,
    ended: bool,
}

impl Pieces {
    /// Starts the task that sends the pieces. It fails to send once the client is gone.
    pub fn of<F>(send: impl FnOnce(mpsc::Sender<Option<Bytes>>) -> F) -> Pieces
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (pieces, queue) = mpsc::channel(WAITING_MAX);
        tokio::spawn(send(pieces));
        Pieces { queue, ended: false }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.queue.poll_recv(context).map(|received| match received {
            Some(Some(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(None) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(io::Error::other("what should be sent could not be read to its end")))
            }
        })
    }
}
