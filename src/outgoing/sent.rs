//! A request's body that is sent while it is read.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

/// How many pieces may wait: whoever reads them is held up by whoever takes them.
const PIECES_WAITING_MAX: usize = 2;

/// A body of a length that is known, piece by piece from another thread.
pub(super) struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    left: u64,
}

/// Where the pieces go in; the body is cut off if this goes before all of them came.
pub struct Feed(mpsc::Sender<Bytes>);

impl Feed {
    /// Waits until the piece can be sent. `false`: nobody takes it any more.
    pub async fn send(&self, piece: Bytes) -> bool {
        self.0.send(piece).await.is_ok()
    }
}

pub(super) fn pieces(length: u64) -> (Feed, Pieces) {
    let (feed, pieces) = mpsc::channel(PIECES_WAITING_MAX);
    (Feed(feed), Pieces { pieces, left: length })
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.pieces.poll_recv(context).map(|piece| {
            let piece = piece?;
            self.left = self.left.saturating_sub(piece.len() as u64);
            Some(Ok(Frame::data(piece)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
